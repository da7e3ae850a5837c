//! From one OSV record to the runs that the index will hold of it. This is the expensive part of
//! a build (versions are parsed here) and needs nothing but the record, so threads share it out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_model::advisory::Kind;
use trimtab_model::version::{MAX_VERSION_LEN, Scheme, Version};
use trimtab_model::{Ecosystem, Family};
use xxhash_rust::xxh3::xxh3_64;
use zerocopy::IntoBytes;

use super::format::{
    AdvisoryHead, Bound, EntryHead, IntervalItem, NO_TIME, SeverityItem, Span, SymbolItem,
    entry_flag, interval_flag,
};
use super::intervals::{Point, Settled, settle};
use super::run::{Heap, RunWriter};
use crate::osv::{AffectedPackage, Record, Text};

/// What a record becomes.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The id, as published.
    pub(crate) id: Box<str>,
    /// The id in upper case: its identity.
    pub(crate) key: Box<str>,
    /// Seconds; `NO_TIME` if unknown.
    pub(crate) modified: i64,
    /// A hash of the record's bytes: decides between equals, tells whether it changed.
    pub(crate) content: u64,
    /// Whether the database took it back.
    pub(crate) withdrawn: bool,
    /// Other ids of the same flaw, without its own.
    pub(crate) aliases: Vec<Box<str>>,
    /// The advisory's run.
    pub(crate) details: Box<[u8]>,
    /// What it says about packages.
    pub(crate) entries: Vec<DraftEntry>,
    /// Ecosystems that this build does not know.
    pub(crate) unknown_ecosystems: Vec<Box<str>>,
    /// Affected packages without a name (repositories only), or with one that is no name.
    pub(crate) nameless: u32,
}

/// What a record says about one package.
#[derive(Debug)]
pub(crate) struct DraftEntry {
    pub(crate) family: Family,
    /// Normalised.
    pub(crate) name: Box<str>,
    /// The entry's run.
    pub(crate) run: Box<[u8]>,
}

/// The longest name of a package, in bytes.
const MAX_NAME: usize = 1024;
/// Caps on texts for display, in bytes.
const MAX_SUMMARY: usize = 1000;
const MAX_TEXT: usize = 2000;
/// Caps on lists for display.
const MAX_REFERENCES: usize = 5;
const MAX_LIST: usize = 1000;

/// Prepares a record. `bytes` are what it was read from.
pub(crate) fn draft(record: &Record<'_>, bytes: &[u8]) -> Draft {
    let id = record.id.get().unwrap_or_default();
    let mut draft = Draft {
        id: id.into(),
        key: id.to_ascii_uppercase().into(),
        modified: seconds(&record.modified),
        content: xxh3_64(bytes),
        withdrawn: record.withdrawn.get().is_some(),
        aliases: Vec::new(),
        details: Box::default(),
        entries: Vec::new(),
        unknown_ecosystems: Vec::new(),
        nameless: 0,
    };
    if draft.withdrawn {
        return draft;
    }
    draft.aliases = ids(&record.aliases, id);
    let mut gravest = None;
    for affected in &*record.affected {
        let kind = kind(id, affected);
        gravest = Some(gravest.map_or(kind, |before: Kind| before.min(kind)));
        let (Some(ecosystem), Some(name)) =
            (affected.package.ecosystem.get(), affected.package.name.get())
        else {
            draft.nameless += 1;
            continue;
        };
        if name.len() > MAX_NAME || name.chars().any(char::is_control) {
            draft.nameless += 1;
            continue;
        }
        match Ecosystem::parse(ecosystem) {
            None => draft.unknown_ecosystems.push(clip(ecosystem, 100).into()),
            Some(ecosystem) => draft.entries.push(DraftEntry {
                family: ecosystem.family,
                name: ecosystem.family.normalise(name.trim()).into(),
                run: entry(&ecosystem, kind, affected),
            }),
        }
    }
    let kind =
        gravest.unwrap_or(if is_malicious(id) { Kind::Malicious } else { Kind::Vulnerability });
    draft.details = details(record, kind, draft.modified);
    draft
}

fn is_malicious(id: &str) -> bool {
    id.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("MAL-"))
}

fn kind(id: &str, affected: &AffectedPackage<'_>) -> Kind {
    if is_malicious(id) {
        return Kind::Malicious;
    }
    match affected.database_specific.informational.get() {
        None => Kind::Vulnerability,
        Some("unsound") => Kind::Unsound,
        Some("unmaintained") => Kind::Unmaintained,
        Some(_) => Kind::Notice,
    }
}

/// Seconds of a date; `NO_TIME` if there is none. The year 1 is what databases write that fill
/// dates in later, so it is none.
fn seconds(text: &Text<'_>) -> i64 {
    let parsed = text.get().and_then(|text| text.parse::<Timestamp>().ok());
    parsed.map(Timestamp::as_second).filter(|s| *s > YEAR_2).unwrap_or(NO_TIME)
}

/// 0002-01-01.
const YEAR_2: i64 = -62_104_060_800;

/// Distinct ids of a list, without `own`, as published, in order.
fn ids(list: &[Text<'_>], own: &str) -> Vec<Box<str>> {
    let all: BTreeSet<&str> = list
        .iter()
        .take(MAX_LIST)
        .filter_map(Text::get)
        .map(str::trim)
        .filter(|id| !id.is_empty() && id.len() <= 256 && !id.chars().any(char::is_control))
        .filter(|id| !id.eq_ignore_ascii_case(own))
        .collect();
    all.into_iter().map(Into::into).collect()
}

/// The longest beginning of at most `max` bytes.
fn clip(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn details(record: &Record<'_>, kind: Kind, modified: i64) -> Box<[u8]> {
    let id = record.id.get().unwrap_or_default();
    let mut heap = Heap::default();
    let id_span = heap.text(id);
    let summary = heap.text(&summary(record));
    let label = heap.text(label(record).unwrap_or_default());
    let mut scores: Vec<(&str, &str)> = record
        .severity
        .iter()
        .chain(record.affected.iter().flat_map(|a| a.severity.iter()))
        .filter_map(|s| Some((s.system.get()?, s.score.get()?)))
        .filter(|(system, score)| system.len() <= 100 && score.len() <= MAX_TEXT)
        .take(MAX_LIST)
        .collect();
    scores.sort_unstable();
    scores.dedup();
    let severities: Vec<SeverityItem> = scores
        .iter()
        .map(|(system, score)| SeverityItem { system: heap.text(system), score: heap.text(score) })
        .collect();
    let cwes: BTreeSet<&str> = record
        .database_specific
        .cwe_ids
        .iter()
        .take(MAX_LIST)
        .filter_map(Text::get)
        .filter(|cwe| cwe.starts_with("CWE-") && cwe.len() <= 20)
        .collect();
    let mut texts: Vec<Span> = cwes.iter().map(|cwe| heap.text(cwe)).collect();
    let references = references(record);
    texts.extend(references.iter().map(|url| heap.text(url)));
    let aliases = ids(&record.aliases, id);
    texts.extend(aliases.iter().map(|alias| heap.text(alias)));
    let upstream = ids(&record.upstream, id);
    texts.extend(upstream.iter().map(|other| heap.text(other)));
    let head = AdvisoryHead {
        published: seconds(&record.published).into(),
        modified: modified.into(),
        kind: kind as u8,
        spare: 0,
        severities: short(severities.len()),
        cwes: short(cwes.len()),
        references: short(references.len()),
        aliases: short(aliases.len()),
        upstream: short(upstream.len()),
        id: id_span,
        summary,
        label,
    };
    RunWriter::new(&head).array(&severities).array(&texts).finish(&heap)
}

/// The counts that are stored this way are capped at `MAX_LIST`.
fn short(count: usize) -> zerocopy::little_endian::U16 {
    u16::try_from(count).unwrap_or(u16::MAX).into()
}

/// The summary; without one, the first line of the details.
fn summary(record: &Record<'_>) -> String {
    let line = match record.summary.get() {
        Some(summary) => summary,
        None => record
            .details
            .get()
            .and_then(|d| d.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')))
            .unwrap_or_default(),
    };
    let clipped = clip(line.trim(), MAX_SUMMARY);
    clipped.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The database's word of severity. AlmaLinux and Rocky Linux have it only as the first word of
/// the summary.
fn label<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    let stated = record.database_specific.severity.get().or_else(|| {
        record.affected.iter().find_map(|a| {
            a.ecosystem_specific.severity.get().or_else(|| a.ecosystem_specific.urgency.get())
        })
    });
    let id = record.id.get().unwrap_or_default();
    let label = stated.or_else(|| {
        (id.starts_with("ALSA-") || id.starts_with("RLSA-") || id.starts_with("RHSA-"))
            .then(|| record.summary.get()?.split_once(": "))?
            .map(|(word, _)| word)
    })?;
    (label.len() <= 40).then_some(label)
}

/// The most useful links, each once.
fn references<'r>(record: &'r Record<'_>) -> Vec<&'r str> {
    let mut ranked: Vec<(u8, usize, &str)> = record
        .references
        .iter()
        .take(MAX_LIST)
        .enumerate()
        .filter_map(|(i, reference)| Some((i, reference, reference.url.get()?)))
        .filter(|(_, _, url)| url.len() <= MAX_TEXT && !url.chars().any(char::is_control))
        .map(|(i, reference, url)| {
            let rank = match reference.purpose.get() {
                Some("ADVISORY") => 0,
                Some("FIX") => 1,
                Some("REPORT" | "ARTICLE") => 2,
                _ => 3,
            };
            (rank, i, url)
        })
        .collect();
    ranked.sort_unstable();
    let mut urls: Vec<&str> = Vec::new();
    for (_, _, url) in ranked {
        if urls.len() < MAX_REFERENCES && !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// The order in which a range's bounds stand; `None` for GIT, whose commits have none.
fn range_scheme(family: Family, range_type: Option<&str>) -> Option<Scheme> {
    match range_type {
        Some("GIT") => None,
        // The Go order extends SemVer's to pseudo-versions and equals it elsewhere.
        Some("SEMVER") if family.scheme() != Scheme::Go => Some(Scheme::SemVer),
        _ => Some(family.scheme()),
    }
}

fn entry(ecosystem: &Ecosystem, kind: Kind, affected: &AffectedPackage<'_>) -> Box<[u8]> {
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
fn count(len: usize) -> zerocopy::little_endian::U32 {
    u32::try_from(len).unwrap_or(u32::MAX).into()
}

const NOTHING: Bound = Bound {
    key: Span {
        offset: zerocopy::little_endian::U32::ZERO,
        len: zerocopy::little_endian::U32::ZERO,
    },
    text: Span {
        offset: zerocopy::little_endian::U32::ZERO,
        len: zerocopy::little_endian::U32::ZERO,
    },
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

/// A fingerprint of everything that the index says of a record.
pub(crate) fn content(draft: &Draft) -> u64 {
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    hash.update(&draft.details);
    for entry in &draft.entries {
        hash.update([entry.family as u8].as_bytes());
        hash.update(entry.name.as_bytes());
        hash.update(&entry.run);
    }
    hash.digest()
}
