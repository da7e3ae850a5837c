//! Matching, naively: every component against every record of its ecosystem, one after the other.
//!
//! It shares with the engine the order of versions, the normal form of names and the reading of a
//! purl's ecosystem; everything else is said a second time, in the plainest way.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;
use trimtab_model::finding::UnknownReason;
use trimtab_model::{Component, Ecosystem, Family, Inventory, Origin, Purl, Relation, Version};

use super::{Affected, evaluate, package, strings};

/// A vulnerability of a component, by the advisories that say so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The component.
    pub purl: String,
    /// The ids of the records of one alias group that say *affected*.
    pub affected: BTreeSet<String>,
}

/// A component about which nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unknown {
    /// The component.
    pub purl: String,
    /// Why.
    pub reason: UnknownReason,
    /// The ids of the records that might apply.
    pub advisories: BTreeSet<String>,
}

/// What matching gives.
pub type Answer = (BTreeSet<Finding>, BTreeSet<Unknown>);

/// The components of an inventory that are matched: each once, and whether it is from a registry.
pub fn components(inventory: &Inventory) -> BTreeSet<(Purl, bool)> {
    let others = inventory.components().filter(|(_, c)| c.relation != Relation::Own);
    others.map(|(_, c)| (c.purl.clone(), is_from_registry(c))).collect()
}

fn is_from_registry(component: &Component) -> bool {
    match component.origin {
        Origin::Unstated | Origin::Registry(_) => true,
        Origin::Path(_) => false,
        Origin::Git { .. } | Origin::Url(_) => {
            matches!(component.purl.purl_type(), "golang" | "swift" | "github")
        }
    }
}

/// Records, bucketed by ecosystem and nothing else.
#[derive(Debug, Default)]
pub struct World {
    /// By id: newer copies replace older ones.
    records: HashMap<String, Value>,
    /// Packages that are asked about; `None`: all are kept.
    wanted: Option<HashSet<(Family, String)>>,
    covered: HashSet<Family>,
    /// id → ids that it is asserted to equal, both ways.
    equal: HashMap<String, Vec<String>>,
}

impl World {
    /// Keeps every record.
    pub fn everything() -> World {
        World::default()
    }

    /// Keeps of the records only those about the packages of some components, to save memory. Who
    /// is an alias of whom is taken from all.
    pub fn about<'a>(components: impl IntoIterator<Item = &'a Purl>) -> World {
        let wanted = components.into_iter().filter_map(|purl| {
            let (ecosystem, name, _) = asked(purl)?;
            Some((ecosystem.family, name))
        });
        World { wanted: Some(wanted.collect()), ..World::default() }
    }

    /// Takes a record in.
    pub fn add(&mut self, record: Value) {
        if record["withdrawn"].is_string() {
            return;
        }
        let id = record["id"].as_str().expect("a record has an id").to_owned();
        for alias in strings(&record["aliases"]) {
            let (a, b) = (id.to_ascii_uppercase(), alias.to_ascii_uppercase());
            self.equal.entry(a.clone()).or_default().push(b.clone());
            self.equal.entry(b).or_default().push(a);
        }
        let mut keep = self.wanted.is_none();
        for affected in record["affected"].as_array().into_iter().flatten() {
            let Some((ecosystem, name)) = package(affected) else { continue };
            self.covered.insert(ecosystem.family);
            keep |= self.wanted.as_ref().is_some_and(|w| w.contains(&(ecosystem.family, name)));
        }
        let is_newer = |old: &Value| old["modified"].as_str() < record["modified"].as_str();
        if keep && self.records.get(&id).is_none_or(is_newer) {
            self.records.insert(id, record);
        }
    }

    /// The least id of everything that is asserted, directly or not, to equal this one.
    fn group(&self, id: &str) -> String {
        let mut seen = BTreeSet::new();
        let mut todo = vec![id.to_ascii_uppercase()];
        while let Some(id) = todo.pop() {
            if seen.insert(id.clone()) {
                todo.extend(self.equal.get(&id).into_iter().flatten().cloned());
            }
        }
        seen.first().cloned().unwrap_or_default()
    }

    /// Matches components, each given with whether it is from a registry.
    pub fn matching<'a>(&self, components: impl IntoIterator<Item = &'a (Purl, bool)>) -> Answer {
        let mut buckets: HashMap<Family, Vec<Item<'_>>> = HashMap::new();
        for (id, record) in &self.records {
            let group = self.group(id);
            for affected in record["affected"].as_array().into_iter().flatten() {
                let Some((ecosystem, name)) = package(affected) else { continue };
                let item =
                    Item { id, group: group.clone(), release: ecosystem.release, name, affected };
                buckets.entry(ecosystem.family).or_default().push(item);
            }
        }
        let mut answer = Answer::default();
        for (purl, from_registry) in components {
            self.one(purl, *from_registry, &buckets, &mut answer);
        }
        answer
    }

    fn one(
        &self,
        purl: &Purl,
        from_registry: bool,
        buckets: &HashMap<Family, Vec<Item<'_>>>,
        (findings, unknowns): &mut Answer,
    ) {
        let mut unknown = |reason, advisories| {
            unknowns.insert(Unknown { purl: purl.to_string(), reason, advisories });
        };
        let asked = asked(purl).filter(|(e, _, _)| self.covered.contains(&e.family));
        let Some((ecosystem, name, version)) = asked else {
            unknown(UnknownReason::NoEcosystem, BTreeSet::new());
            return;
        };
        // group → id → what its items say
        let mut said: BTreeMap<&str, BTreeMap<&str, Vec<Affected>>> = BTreeMap::new();
        for item in buckets.get(&ecosystem.family).into_iter().flatten() {
            if item.name == name && item.is_of_release(&ecosystem) {
                let answer = says(item.affected, ecosystem.family, version.as_deref());
                said.entry(&item.group).or_default().entry(item.id).or_default().push(answer);
            }
        }
        let mut might: BTreeSet<String> = BTreeSet::new();
        for ids in said.values() {
            let saying = |wanted: &[Affected]| -> BTreeSet<String> {
                let has = |says: &Vec<Affected>| says.iter().any(|a| wanted.contains(a));
                ids.iter().filter(|(_, s)| has(s)).map(|(id, _)| (*id).to_owned()).collect()
            };
            let affected = saying(&[Affected::Yes]);
            if from_registry && !affected.is_empty() {
                findings.insert(Finding { purl: purl.to_string(), affected });
            } else {
                might.extend(saying(&[Affected::Yes, Affected::Unknown]));
            }
        }
        let scheme = ecosystem.scheme();
        match version {
            _ if !from_registry => unknown(UnknownReason::NotFromRegistry, might),
            _ if might.is_empty() => {}
            None => unknown(UnknownReason::NoVersion, might),
            Some(text) if Version::parse(scheme, &text).is_err() => {
                unknown(UnknownReason::UnparsableVersion, might);
            }
            Some(_) => unknown(UnknownReason::IncomparableRange, might),
        }
    }
}

/// An `affected` item of a record.
struct Item<'r> {
    id: &'r str,
    group: String,
    release: Option<Box<str>>,
    name: String,
    affected: &'r Value,
}

impl Item<'_> {
    /// Unknown releases are not told apart.
    fn is_of_release(&self, of: &Ecosystem) -> bool {
        let distribution = matches!(of.family.purl_type(), "deb" | "apk" | "rpm");
        match (&self.release, &of.release) {
            (Some(mine), Some(other)) if distribution => {
                mine == other || mine.starts_with(&format!("{other}:"))
            }
            _ => true,
        }
    }
}

/// Ecosystem, normal name and version of what a purl is looked up as.
fn asked(purl: &Purl) -> Option<(Ecosystem, String, Option<String>)> {
    let ecosystem = Ecosystem::of(purl)?;
    let family = ecosystem.family;
    let mut name = family.package_name(purl).into_owned();
    let mut version = purl.version().map(str::to_owned);
    if let (Some(epoch), Some(text)) = (purl.qualifier("epoch"), &version)
        && matches!(purl.purl_type(), "deb" | "rpm")
        && epoch != "0"
        && !text.contains(':')
    {
        version = Some(format!("{epoch}:{text}"));
    }
    if let Some(upstream) = purl.qualifier("upstream")
        && matches!(purl.purl_type(), "deb" | "apk")
    {
        match upstream.split_once('@') {
            Some((source, of)) => (name, version) = (source.to_owned(), Some(of.to_owned())),
            None => name = upstream.to_owned(),
        }
    }
    Some((ecosystem.clone(), family.normalise(&name).into_owned(), version))
}

/// What an item says about a version, or about a component without one.
fn says(affected: &Value, family: Family, version: Option<&str>) -> Affected {
    let parsed = version.is_some_and(|text| Version::parse(family.scheme(), text).is_ok());
    let answer = match version {
        Some(text) => evaluate(affected, family, text).affected,
        None => Affected::Unknown,
    };
    if parsed || answer == Affected::Yes {
        return answer;
    }
    if holds_all_versions(affected) {
        return Affected::Yes;
    }
    let is_commit = version.is_some_and(|text| {
        (7..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit())
    });
    if is_commit { Affected::Unknown } else { answer }
}

/// Whether some range has no bounds at all, not even a hint of one.
fn holds_all_versions(affected: &Value) -> bool {
    let hint = &affected["database_specific"]["last_known_affected_version_range"];
    let ranges = affected["ranges"].as_array().into_iter().flatten();
    hint.is_null()
        && ranges.filter(|range| range["type"] != "GIT").any(|range| {
            let events = range["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            let bounds = |event: &Value| {
                event.as_object().is_some_and(|e| e.keys().any(|kind| kind != "introduced"))
            };
            let start = |event: &Value| event["introduced"] == "0";
            events.iter().any(start) && events.iter().all(|event| !bounds(event))
        })
}
