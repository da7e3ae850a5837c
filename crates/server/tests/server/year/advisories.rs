//! What the world finds over the year: advisories with the days on which they were really published, and the versions
//! that a team goes through. Where the shared data is not there, made ones stand in for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_advisories::{Sources, index};

use super::BEGINS;

/// How many packages the organisation uses.
const PACKAGES: usize = 44;
/// How many records of a package are known before the year at most: the newest.
const BEFORE: usize = 2;

/// A record and when it was published.
pub(super) struct Record {
    pub(super) at: Timestamp,
    id: String,
    pub(super) package: String,
    is: Value,
}

/// A package with the versions that a team may have of it, the lowest first; the last has no finding when the year ends.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) versions: Vec<String>,
    /// The version that is current when the year begins.
    pub(super) first: usize,
}

/// What is found, in the order of its publication, and in what.
pub(super) struct World {
    pub(super) records: Vec<Record>,
    pub(super) packages: Vec<Package>,
    /// Records that say something else now.
    anew: BTreeSet<String>,
    /// Records as they stood until a moment, and then were taken back or said something else.
    earlier: Vec<(Timestamp, Value)>,
}

/// Numbers of a version that has three, and no word behind them.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    let all = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(all)
}

/// Versions in which a record's flaw is gone.
fn fixes(is: &Value) -> Vec<String> {
    let affected = is["affected"].as_array().into_iter().flatten();
    let ranges = affected.filter_map(|one| one["ranges"].as_array()).flatten();
    let events = ranges.filter_map(|range| range["events"].as_array()).flatten();
    let fixed = events.filter_map(|event| event["fixed"].as_str());
    fixed.filter(|version| numbers(version).is_some()).map(ToOwned::to_owned).collect()
}

/// Up to what numbers a version is in order; what stands behind them comes before.
fn order(version: &str) -> [u64; 3] {
    numbers(version.split(['-', '+']).next().unwrap_or_default()).unwrap_or_default()
}

impl Record {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Whether it goes by one of some names.
    pub(super) fn is_called(&self, names: &BTreeSet<&str>) -> bool {
        let aliases = self.is["aliases"].as_array().into_iter().flatten();
        let mut all = aliases.filter_map(Value::as_str).chain([self.id.as_str()]);
        all.any(|name| names.contains(name))
    }

    pub(super) fn is_withdrawn(&self) -> bool {
        !self.is["withdrawn"].is_null()
    }

    /// Whether a version has what it says, withdrawn or not.
    pub(super) fn has(&self, version: &str) -> bool {
        let at = order(version);
        let affected = self.is["affected"].as_array().into_iter().flatten();
        let ranges = affected.filter_map(|one| one["ranges"].as_array()).flatten();
        let within = |range: &Value| {
            let events = range["events"].as_array().into_iter().flatten();
            events.fold(false, |is, event| {
                match (event["introduced"].as_str(), event["fixed"].as_str()) {
                    (Some(from), _) => is || order(from) <= at,
                    (_, Some(to)) => is && at < order(to),
                    _ => is && event["last_affected"].as_str().is_none_or(|last| at <= order(last)),
                }
            })
        };
        ranges.into_iter().any(within)
    }
}

fn record(is: Value) -> Option<Record> {
    let at: Timestamp = is["published"].as_str()?.parse().ok()?;
    let package = is["affected"][0]["package"]["name"].as_str()?.to_owned();
    let id = is["id"].as_str()?.to_owned();
    let usable = is["withdrawn"].is_null() && !fixes(&is).is_empty();
    usable.then_some(Record { at, id, package, is })
}

/// RustSec's records of the shared data.
fn real() -> Option<Vec<Record>> {
    let path = trimtab_testkit::shared()?.join("data/osv/crates.io/all.zip");
    let mut archive = zip::ZipArchive::new(std::fs::File::open(path).ok()?).unwrap();
    let length = archive.len();
    let read = |at| record(serde_json::from_reader(archive.by_index(at).unwrap()).unwrap());
    Some((0..length).filter_map(read).collect())
}

/// Some that are made, one every eight days.
fn made() -> Vec<Record> {
    eprintln!("THE SHARED DATA IS NOT THERE: the year is made of records that nobody published");
    let begins: Timestamp = BEGINS.parse().unwrap();
    let one = |n: i64| {
        let at = begins + jiff::SignedDuration::from_hours(24 * (8 * n - 30));
        let package = format!("made-{}", n % 7);
        record(json!({ "schema_version": "1.6.0", "id": format!("CVE-2025-{n}"),
            "published": at.to_string(), "modified": at.to_string(), "summary": "Wrong",
            "affected": [{ "package": { "ecosystem": "crates.io", "name": package },
                "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0.0.0-0" },
                    { "fixed": format!("1.{n}.0") }] }] }] }))
    };
    (0..48).filter_map(one).collect()
}

/// What is found in a year from a moment on, and before it in the same packages.
pub(super) fn world(begins: Timestamp, ends: Timestamp) -> World {
    let all: Vec<Record> =
        real().unwrap_or_else(made).into_iter().filter(|one| one.at < ends).collect();
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for one in all.iter().filter(|one| one.at >= begins) {
        *found.entry(&one.package).or_default() += 1;
    }
    // Those with most to do first; of as many by name, so that the year is the same each time.
    let mut names: Vec<(usize, String)> =
        found.into_iter().map(|(name, number)| (number, name.to_owned())).collect();
    names.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    names.truncate(PACKAGES);
    let names: BTreeSet<String> = names.into_iter().map(|(_, name)| name).collect();
    let mut records: Vec<Record> =
        all.into_iter().filter(|one| names.contains(&one.package)).collect();
    records.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    let mut packages = Vec::new();
    for name in names {
        let own = || records.iter().filter(|one| one.package == name);
        let late = own().filter(|one| one.at < begins).count().saturating_sub(BEFORE);
        let known: Vec<&Record> = own().skip(late).collect();
        let mut versions: Vec<([u64; 3], String)> = known
            .iter()
            .flat_map(|one| fixes(&one.is))
            .chain(["0.0.1".to_owned()])
            .filter_map(|version| Some((numbers(&version)?, version)))
            .collect();
        versions.sort();
        versions.dedup();
        let before = known.iter().filter(|one| one.at < begins).flat_map(|one| fixes(&one.is));
        let best = before.filter_map(|version| numbers(&version)).max().unwrap_or_default();
        let first = versions.iter().rposition(|(is, _)| *is <= best).unwrap_or_default();
        let versions = versions.into_iter().map(|(_, version)| version).collect();
        packages.push(Package { name, versions, first });
    }
    World { records, packages, anew: BTreeSet::new(), earlier: Vec::new() }
}

impl World {
    /// Puts the index at its place as it was at a moment, without what was taken back.
    pub(super) fn put(&self, folder: &Path, at: Timestamp, taken_back: Option<&str>) -> PathBuf {
        let osv = folder.join("osv");
        std::fs::create_dir_all(&osv).unwrap();
        for one in self.records.iter().filter(|one| one.at <= at) {
            let path = osv.join(format!("{}.json", one.id));
            if taken_back == Some(one.id.as_str()) {
                let _ = std::fs::remove_file(path);
            } else if !path.exists() || self.anew.contains(&one.id) {
                std::fs::write(path, one.is.to_string()).unwrap();
            }
        }
        let target = folder.join("index.db");
        let sources = Sources { osv: vec![osv], ..Sources::default() };
        index::build(&sources, &target, &mut ()).unwrap();
        target
    }

    /// A record says something else from now on.
    pub(super) fn say(&mut self, id: &str, member: &str, value: Value) {
        let one = self.records.iter_mut().find(|one| one.id == id).unwrap();
        self.earlier.push((super::now(), one.is.clone()));
        one.is[member] = value;
        one.is["modified"] = json!(super::now().to_string());
        self.anew.insert(id.to_owned());
    }

    /// A record is taken back now.
    pub(super) fn retract(&mut self, id: &str) {
        let is = self.said(id).clone();
        self.earlier.push((super::now(), is));
    }

    /// Writes what records said before, each with until when in its name: microseconds since 1970.
    pub(super) fn keep_earlier(&self, to: &Path) {
        std::fs::create_dir_all(to).unwrap();
        for (until, is) in &self.earlier {
            let name = format!("{}-{}.json", until.as_microsecond(), is["id"].as_str().unwrap());
            std::fs::write(to.join(name), is.to_string()).unwrap();
        }
    }

    /// What a record says.
    pub(super) fn said(&self, id: &str) -> &Value {
        &self.records.iter().find(|one| one.id == id).unwrap().is
    }

    /// A record that goes by one of some names.
    pub(super) fn called(&self, names: &BTreeSet<&str>) -> Option<&str> {
        self.records.iter().find(|one| one.is_called(names)).map(|one| one.id.as_str())
    }
}
