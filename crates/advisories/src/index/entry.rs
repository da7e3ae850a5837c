//! What a record says about one package: its run, with versions parsed and in order.

use std::borrow::Cow;
use std::collections::BTreeSet;

use trimtab_model::advisory::Kind;
use trimtab_model::version::{MAX_VERSION_LEN, Scheme, Version};
use trimtab_model::{Ecosystem, Family};
use zerocopy::little_endian::U32;

use super::draft::{MAX_TEXT, clip};
use super::format::{Bound, EntryHead, IntervalItem, Span, SymbolItem, entry_flag, interval_flag};
use super::intervals::{Point, Settled, settle};
use super::run::{Heap, RunWriter};
use crate::osv::{AffectedPackage, Text};

/// The version order of a range's bounds; `None` for GIT, whose commits have none.
fn range_scheme(family: Family, range_type: Option<&str>) -> Option<Scheme> {
    match range_type {
        Some("GIT") => None,
        // The Go order extends SemVer's to pseudo-versions and equals it elsewhere.
        Some("SEMVER") if family.scheme() != Scheme::Go => Some(Scheme::SemVer),
        _ => Some(family.scheme()),
    }
}

/// The run of an affected package.
pub(super) fn entry(
    ecosystem: &Ecosystem,
    kind: Kind,
    affected: &AffectedPackage<'_>,
) -> Box<[u8]> {
    let family = ecosystem.family;
    let own = family.scheme();
    let mut heap = Heap::default();
    let mut flags = 0;
    let mut intervals = Vec::new();
    let mut fixes: Vec<(Scheme, Point)> = Vec::new();
    for range in &*affected.ranges {
        let Some(scheme) = range_scheme(family, range.order.get()) else {
            continue;
        };
        flags |= entry_flag::RANGES;
        let settled = settle(scheme, range.events.iter().map(|e| &e.0));
        if settled.open {
            flags |= entry_flag::OPEN;
        }
        write_intervals(&settled, scheme != own, &mut heap, &mut intervals);
        fixes.extend(settled.fixes.into_iter().map(|fix| (scheme, fix)));
    }
    let listed = listed(own, &affected.versions, &mut heap, &mut flags);
    // Only commits, or nothing at all: any version might be affected.
    if flags & (entry_flag::RANGES | entry_flag::LISTED) == 0 {
        flags |= entry_flag::OPEN;
    }
    let hint = hint(own, affected, &mut heap, &mut flags);
    let fixes = write_fixes(own, fixes, &mut heap);
    let symbols = symbols(affected, &mut heap);
    let platforms = platforms(affected, &mut heap);
    let head = EntryHead {
        flags: flags.into(),
        kind: kind as u8,
        spare: 0,
        release: heap.text(clip(ecosystem.release.as_deref().unwrap_or_default(), 200)),
        hint,
        intervals: count(intervals.len()),
        listed: count(listed.len()),
        fixes: count(fixes.len()),
        symbols: count(symbols.len()),
        platforms: count(platforms.len()),
    };
    RunWriter::new(&head)
        .array(&intervals)
        .array(&listed)
        .array(&fixes)
        .array(&symbols)
        .array(&platforms)
        .finish(&heap)
}

/// A record is capped at 16 MiB, so no count reaches 2³².
fn count(len: usize) -> U32 {
    u32::try_from(len).unwrap_or(u32::MAX).into()
}

const NOTHING: Bound = Bound {
    key: Span { offset: U32::ZERO, len: U32::ZERO },
    text: Span { offset: U32::ZERO, len: U32::ZERO },
};

fn write_intervals(settled: &Settled, semver: bool, heap: &mut Heap, out: &mut Vec<IntervalItem>) {
    for interval in &settled.intervals {
        let mut flags = 0;
        if settled.unsure {
            flags |= interval_flag::UNSURE;
        }
        if semver {
            flags |= interval_flag::SEMVER;
        }
        let low = match &interval.low.key {
            None => NOTHING,
            Some(key) => {
                flags |= interval_flag::LOW;
                heap.bound(key, &interval.low.text)
            }
        };
        let high = match &interval.high {
            None => NOTHING,
            Some((point, inclusive)) => {
                flags |= interval_flag::HIGH;
                if *inclusive {
                    flags |= interval_flag::THROUGH;
                }
                heap.bound(point.key.as_deref().unwrap_or_default(), &point.text)
            }
        };
        out.push(IntervalItem { low, high, flags: flags.into() });
    }
}

/// The listed versions: those with an order key sorted by it, then the others by text.
fn listed(scheme: Scheme, versions: &[Text<'_>], heap: &mut Heap, flags: &mut u16) -> Vec<Bound> {
    let mut all: Vec<(Option<Version>, &str)> = versions
        .iter()
        .filter_map(Text::get)
        .filter(|text| text.len() <= MAX_VERSION_LEN)
        .map(|text| (Version::parse(scheme, text).ok(), text))
        .collect();
    if versions.iter().any(|v| v.get().is_some()) {
        *flags |= entry_flag::LISTED;
    }
    if all.iter().any(|(version, _)| version.is_none()) {
        *flags |= entry_flag::LISTED_TEXTS;
    }
    all.sort_by(|(a, a_text), (b, b_text)| match (a, b) {
        (Some(a), Some(b)) => scheme.compare_keys(a.key(), b.key()).then(a_text.cmp(b_text)),
        (a, b) => a.is_none().cmp(&b.is_none()).then(a_text.cmp(b_text)),
    });
    all.dedup_by(|later, first| later.1 == first.1);
    let key = |version: &Option<Version>| -> Cow<'static, [u8]> {
        version.as_ref().map_or(Cow::Borrowed(&[]), |v| Cow::Owned(v.key().to_vec()))
    };
    all.iter().map(|(version, text)| heap.bound(&key(version), text)).collect()
}

/// Fixed versions in the ecosystem's order, each once; those without a place come last.
fn write_fixes(own: Scheme, fixes: Vec<(Scheme, Point)>, heap: &mut Heap) -> Vec<Bound> {
    let mut all: Vec<Point> = fixes
        .into_iter()
        .map(|(scheme, fix)| {
            if scheme == own {
                return fix;
            }
            let key = Version::parse(own, &fix.text).ok().map(|v| v.key().into());
            Point { key, text: fix.text }
        })
        .collect();
    all.sort_by(|a, b| match (&a.key, &b.key) {
        (Some(x), Some(y)) => own.compare_keys(x, y).then(a.text.cmp(&b.text)),
        (x, y) => x.is_none().cmp(&y.is_none()).then(a.text.cmp(&b.text)),
    });
    all.dedup_by(|later, first| later.text == first.text);
    all.iter().map(|fix| heap.bound(fix.key.as_deref().unwrap_or_default(), &fix.text)).collect()
}

/// GitHub's `<= 1.2.3` or `< 1.2.3`.
fn hint(own: Scheme, affected: &AffectedPackage<'_>, heap: &mut Heap, flags: &mut u16) -> Bound {
    let text = affected.database_specific.last_known_affected_version_range.get();
    let Some(text) = text.map(str::trim).filter(|t| t.len() <= MAX_VERSION_LEN) else {
        return NOTHING;
    };
    let (inclusive, version) = match text.strip_prefix("<=") {
        Some(version) => (true, version),
        None => match text.strip_prefix('<') {
            Some(version) => (false, version),
            None => return NOTHING,
        },
    };
    let Ok(version) = Version::parse(own, version) else { return NOTHING };
    *flags |= entry_flag::HINT;
    if inclusive {
        *flags |= entry_flag::HINT_INCLUSIVE;
    }
    heap.bound(version.key(), text)
}

fn symbols(affected: &AffectedPackage<'_>, heap: &mut Heap) -> Vec<SymbolItem> {
    let specific = &affected.ecosystem_specific;
    let mut all: BTreeSet<(&str, &str)> = BTreeSet::new();
    for import in &*specific.imports {
        let Some(path) = import.path.get() else { continue };
        if import.symbols.is_empty() {
            all.insert((path, ""));
        }
        all.extend(import.symbols.iter().filter_map(Text::get).map(|symbol| (path, symbol)));
    }
    let functions = specific.affected_functions.iter().chain(specific.affects.functions.iter());
    all.extend(functions.filter_map(Text::get).map(|function| ("", function)));
    all.iter()
        .filter(|(path, name)| path.len() <= MAX_TEXT && name.len() <= MAX_TEXT)
        .map(|(path, name)| SymbolItem { path: heap.text(path), name: heap.text(name) })
        .collect()
}

/// Platforms that the entry is limited to: `os:windows`, `arch:x86`.
fn platforms(affected: &AffectedPackage<'_>, heap: &mut Heap) -> Vec<Span> {
    let specific = &affected.ecosystem_specific;
    let mut all: BTreeSet<(&str, &str)> = BTreeSet::new();
    all.extend(specific.affects.os.iter().filter_map(Text::get).map(|os| ("os", os)));
    all.extend(specific.affects.arch.iter().filter_map(Text::get).map(|arch| ("arch", arch)));
    // Go states platforms for each package; they limit the entry only if every one has them.
    if specific.imports.iter().all(|import| !import.goos.is_empty()) {
        let systems = specific.imports.iter().flat_map(|import| import.goos.iter());
        all.extend(systems.filter_map(Text::get).map(|os| ("os", os)));
    }
    if specific.imports.iter().all(|import| !import.goarch.is_empty()) {
        let processors = specific.imports.iter().flat_map(|import| import.goarch.iter());
        all.extend(processors.filter_map(Text::get).map(|arch| ("arch", arch)));
    }
    all.iter()
        .filter(|(_, name)| name.len() <= 100)
        .map(|(what, name)| heap.text(&format!("{what}:{name}")))
        .collect()
}
