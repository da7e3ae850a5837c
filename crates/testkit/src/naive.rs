//! A naive evaluation of OSV records: linear, straight from the JSON, obviously right, slow.
//!
//! The index and the engine must agree with it. It shares nothing with them but the order of
//! versions and the normal form of names. It follows "Evaluation" in the OSV schema, with three
//! additions that the schema leaves open, and that are part of Trimtab's promise:
//!
//! - `introduced` and `fixed` at one version: an empty range if it was off, two stretches that
//!   meet if it was on.
//! - A bound that cannot be compared makes the answer unknown where it could change it.
//! - GIT ranges cannot be compared; they matter only where an entry has nothing else.

pub mod matching;

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;
use trimtab_model::version::{Scheme, Version};
use trimtab_model::{Ecosystem, Family};

/// Whether a version is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the three answers")]
pub enum Affected {
    Yes,
    No,
    Unknown,
}

/// What one `affected` item of a record says about a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// List or ranges.
    pub affected: Affected,
    /// It is listed.
    pub by_list: bool,
    /// What the ranges alone say.
    pub by_ranges: Affected,
}

/// The package that an `affected` item speaks of. `None` if it names none that we know.
pub fn package(affected: &Value) -> Option<(Ecosystem, String)> {
    let ecosystem = Ecosystem::parse(affected["package"]["ecosystem"].as_str()?)?;
    let name = affected["package"]["name"].as_str().filter(|name| !name.is_empty())?;
    let name = ecosystem.family.normalise(name.trim()).into_owned();
    Some((ecosystem, name))
}

/// What an `affected` item says about a version of its package, in the family's order.
pub fn evaluate(affected: &Value, family: Family, version: &str) -> Answer {
    let by_list = list(affected, family, version);
    let by_ranges = ranges(affected, family, version);
    let affected = if by_list || by_ranges == Affected::Yes { Affected::Yes } else { by_ranges };
    Answer { affected, by_list, by_ranges }
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).filter(|s| !s.is_empty())
}

/// Listed: the same text, or a version of the same rank.
fn list(affected: &Value, family: Family, version: &str) -> bool {
    let parsed = Version::parse(family.scheme(), version).ok();
    strings(&affected["versions"]).any(|listed| {
        let other = Version::parse(family.scheme(), listed).ok();
        match (&parsed, &other) {
            (Some(a), Some(b)) => a.compare(b) == Some(Ordering::Equal),
            _ => listed == version.trim(),
        }
    })
}

fn ranges(affected: &Value, family: Family, version: &str) -> Affected {
    let all: Vec<&Value> = affected["ranges"].as_array().into_iter().flatten().collect();
    let comparable: Vec<&&Value> = all.iter().filter(|r| r["type"] != "GIT").collect();
    if comparable.is_empty() {
        // Nothing but commits, or nothing at all, and no list either: nobody can say.
        let has_list = strings(&affected["versions"]).next().is_some();
        return if has_list { Affected::No } else { Affected::Unknown };
    }
    let answers: Vec<Affected> = comparable.iter().map(|r| range(r, family, version)).collect();
    if answers.contains(&Affected::Yes) {
        Affected::Yes
    } else if answers.contains(&Affected::Unknown) {
        Affected::Unknown
    } else {
        Affected::No
    }
}

/// Where an event stands: at the beginning, at a version, or nobody knows.
enum Place {
    Beginning,
    At(Version),
    Unknown,
}

fn range(range: &Value, family: Family, version: &str) -> Affected {
    let is_semver = range["type"] == "SEMVER" && family.scheme() != Scheme::Go;
    let scheme = if is_semver { Scheme::SemVer } else { family.scheme() };
    // A version outside of the ecosystem's own order is unknown, whatever the range's order.
    if Version::parse(family.scheme(), version).is_err() {
        return Affected::Unknown;
    }
    let mut events: Vec<(&str, Place)> = Vec::new();
    for event in range["events"].as_array().into_iter().flatten() {
        for kind in ["introduced", "fixed", "last_affected", "limit"] {
            let Some(text) = event[kind].as_str().filter(|text| !text.is_empty()) else { continue };
            let place = match (kind, text) {
                ("introduced", "0") => Place::Beginning,
                ("limit", "*") => continue,
                _ => match Version::parse(scheme, text) {
                    Ok(version) if version.can_bound() => Place::At(version),
                    _ => Place::Unknown,
                },
            };
            events.push((kind, place));
        }
    }
    let unlimited = range["events"]
        .as_array()
        .is_some_and(|events| events.iter().any(|event| event["limit"] == "*"));
    let lost = |wanted: &[&str]| {
        events.iter().any(|(kind, place)| matches!(place, Place::Unknown) && wanted.contains(kind))
    };
    let lost_start = lost(&["introduced"]);
    let lost_end = lost(&["fixed", "last_affected", "limit"]);
    let Ok(version) = Version::parse(scheme, version) else {
        // Cannot be placed in this range: harmless only if the range is empty.
        let can_hold = holds_anything(&events, unlimited) || lost_start;
        return if can_hold { Affected::Unknown } else { Affected::No };
    };
    let inside = inside(&events, unlimited, &version);
    match inside {
        true if lost_end => Affected::Unknown,
        true => Affected::Yes,
        false if lost_start => Affected::Unknown,
        false => Affected::No,
    }
}

/// Walks the places up to the version, in order.
fn state(events: &[(&str, Place)], version: &Version) -> bool {
    let mut on = false;
    let at_beginning = |kind: &str| {
        events.iter().any(|(k, place)| *k == kind && matches!(place, Place::Beginning))
    };
    if at_beginning("introduced") {
        on = true;
    }
    let mut points: Vec<&Version> = events
        .iter()
        .filter_map(|(kind, place)| match place {
            Place::At(at) if *kind != "limit" => Some(at),
            _ => None,
        })
        .filter(|at| at.compare(version) != Some(Ordering::Greater))
        .collect();
    points.sort_by(|a, b| a.compare(b).unwrap_or(Ordering::Equal));
    points.dedup_by(|later, first| later.compare(first) == Some(Ordering::Equal));
    for point in points {
        let here = |kind: &str| {
            events.iter().any(|(k, place)| {
                *k == kind
                    && matches!(place, Place::At(at) if at.compare(point) == Some(Ordering::Equal))
            })
        };
        let was = on;
        if here("introduced") && here("fixed") {
            on = was;
        } else if here("introduced") {
            on = true;
        } else if here("fixed") {
            on = false;
        }
        let past = version.compare(point) == Some(Ordering::Greater);
        let reopened = was && here("introduced");
        if here("last_affected") && past && !reopened {
            on = false;
        }
    }
    on
}

/// Whether the range holds a version: on there, and before some limit.
fn inside(events: &[(&str, Place)], unlimited: bool, version: &Version) -> bool {
    let mut limits = events.iter().filter_map(|(kind, place)| match place {
        Place::At(at) if *kind == "limit" => Some(at),
        _ => None,
    });
    let is_limited = !unlimited && limits.clone().next().is_some();
    let before = limits.any(|limit| version.compare(limit) == Some(Ordering::Less));
    state(events, version) && (before || !is_limited)
}

/// Whether the range holds any version at all: then it holds the place where it begins.
fn holds_anything(events: &[(&str, Place)], unlimited: bool) -> bool {
    events.iter().any(|(_, place)| match place {
        Place::Beginning => true,
        Place::At(at) => inside(events, unlimited, at),
        Place::Unknown => false,
    })
}

/// The versions that an `affected` item names anywhere: worth asking about.
pub fn versions_named(affected: &Value) -> Vec<String> {
    let mut all: Vec<String> = strings(&affected["versions"]).map(str::to_owned).collect();
    for range in affected["ranges"].as_array().into_iter().flatten() {
        for event in range["events"].as_array().into_iter().flatten() {
            if let Some(event) = event.as_object() {
                all.extend(event.values().filter_map(Value::as_str).map(str::to_owned));
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Hands over every record under a folder in OSV's bulk layout, zips and loose files, in order.
///
/// # Errors
/// Something cannot be read, or is not JSON.
pub fn for_each_record(folder: &Path, mut each: impl FnMut(Value)) -> io::Result<()> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                files.push(entry?.path());
            }
        } else {
            files.push(path);
        }
    }
    files.sort();
    for file in files {
        match file.extension().and_then(|e| e.to_str()) {
            Some("zip") => {
                let mut archive = zip::ZipArchive::new(File::open(&file)?)?;
                for i in 0..archive.len() {
                    let mut text = Vec::new();
                    archive.by_index(i)?.read_to_end(&mut text)?;
                    each(serde_json::from_slice(&text)?);
                }
            }
            Some("json") => each(serde_json::from_slice(&fs::read(&file)?)?),
            _ => {}
        }
    }
    Ok(())
}
