//! When the world was told of what an incident is about, by the index: of a name, or of a package and the versions that are
//! named with it. What fits no advisory, or several of other days, is unknown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_advisories::index::{Affected, Entry, Index, IndexError, Interval};
use trimtab_engine::matching::package_of;
use trimtab_model::Purl;
use trimtab_model::advisory::Kind;
use trimtab_model::vers::{Comparator, Vers};
use trimtab_model::version::Version;

use crate::state::App;

/// When the world was told of a vulnerability: by the first of the sources that say it is the same. `None`: no source says
/// so.
pub(crate) fn of_name(app: &App, name: &str) -> Option<Timestamp> {
    let index = app.index()?;
    let id = index.id(name).ok().flatten()?;
    let numbers: Vec<u32> = match id.group {
        Some(group) => index.group(group).ok()?.advisories().collect(),
        None => id.advisory.into_iter().collect(),
    };
    let told = |number: u32| index.advisory_at(number).ok()?.published();
    numbers.into_iter().filter_map(told).min()
}

/// When the world was told of just these versions of a package. `None`: no advisory is about them and no others, or
/// several of other days are.
pub(crate) fn of_package(app: &App, package: &str, versions: &str) -> Option<Timestamp> {
    let purl: Purl = package.parse().ok()?;
    let range = range(purl.purl_type(), versions)?;
    let index = app.index()?;
    told(&index, &purl, range.as_ref()).ok().flatten()
}

/// Whether an advisory names a package.
pub(super) fn is_advised(app: &App, purl: &Purl) -> bool {
    let (Some(index), Some((family, name))) = (app.index(), package_of(purl)) else { return false };
    matches!(index.package(family, &name), Ok(Some(_)))
}

/// What was asked for, as a range. `Some(None)`: every version; `None`: it cannot be read.
fn range(kind: &str, versions: &str) -> Option<Option<Vers>> {
    let versions = versions.trim();
    if versions.is_empty() {
        return Some(None);
    }
    let signs = |c: char| c.is_whitespace() || "<>=!~^*,|[]()".contains(c);
    let read = match () {
        () if versions.starts_with("vers:") => Vers::parse(versions),
        () if versions.contains(signs) => Vers::from_native(kind, versions),
        () => Vers::parse(&format!("vers:{kind}/{versions}")),
    };
    read.ok().map(Some)
}

fn told(index: &Index, purl: &Purl, range: Option<&Vers>) -> Result<Option<Timestamp>, IndexError> {
    let Some((family, name)) = package_of(purl) else { return Ok(None) };
    let Some(package) = index.package(family, &name)? else { return Ok(None) };
    // The first day of each vulnerability that is about these versions.
    let mut days: BTreeMap<u32, Timestamp> = BTreeMap::new();
    for entry in package.entries() {
        if entry.release().is_some() || !is_about(&entry, range) {
            continue;
        }
        let Some(at) = index.advisory_at(entry.advisory())?.published() else { continue };
        let first = days.entry(entry.group()).or_insert(at);
        *first = at.min(*first);
    }
    let day = |at: &Timestamp| at.strftime("%Y-%m-%d").to_string();
    let first = days.values().min().copied();
    let same = days.values().all(|at| Some(day(at)) == first.as_ref().map(day));
    Ok(first.filter(|_| same))
}

/// Versions below and above all that anybody publishes: what has no end there has none.
const LEAST: &str = "0.0.0";
const MOST: &str = "999999999.0.0";

/// Whether an advisory is about the versions of a range and no others: it begins and ends where the range does.
fn is_about(entry: &Entry<'_>, range: Option<&Vers>) -> bool {
    let Some(range) = range else {
        // Of every version a package is malicious; of a flaw somebody names them.
        return entry.kind() == Kind::Malicious && entry.fixed().next().is_none();
    };
    let named = range.constraints();
    if named.is_empty() {
        return entry.kind() == Kind::Malicious && entry.fixed().next().is_none();
    }
    let scheme = entry.family().scheme();
    let verdict = |text: &str| Some(entry.verdict(&Version::parse(scheme, text).ok()?));
    // Single versions are an advisory's own only where it names them, too: many others affect them as well.
    let single = named.iter().all(|one| one.comparator == Comparator::Equal);
    let names = |text: &str| {
        verdict(text).is_some_and(|is| match is.interval {
            Interval::Listed => true,
            Interval::Range { from, to, .. } => from == Some(text) && to == Some(text),
            Interval::None => false,
        })
    };
    if single && !named.iter().all(|one| names(&one.version)) {
        return false;
    }
    let agrees = |text: &str| {
        let is = verdict(text).map(|verdict| verdict.affected);
        match range.contains(text) {
            Some(true) => is == Some(Affected::Yes),
            Some(false) => is == Some(Affected::No),
            None => false,
        }
    };
    let bound = |comparator: Comparator, version: &str| {
        named.iter().any(|one| one.comparator == comparator && *one.version == *version)
    };
    let ends = |text: &str| match verdict(text).map(|is| is.interval) {
        Some(Interval::Range { from, to, through, .. }) => {
            let end = if through { Comparator::LessOrEqual } else { Comparator::Less };
            from.is_none_or(|from| bound(Comparator::GreaterOrEqual, from))
                && to.is_none_or(|to| bound(end, to))
        }
        Some(Interval::None) => true,
        Some(Interval::Listed) | None => false,
    };
    let all = || named.iter().map(|one| &*one.version);
    all().all(agrees)
        && entry.fixed().all(agrees)
        && (single || all().chain([LEAST, MOST]).all(|text| agrees(text) && ends(text)))
}
