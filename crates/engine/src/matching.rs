//! Matching: which vulnerabilities the components of an inventory have, by the index.
//!
//! Each distinct component is looked up once, however often it is listed. The entries about its
//! package are evaluated by the OSV schema's rules and grouped by alias. A group of which some
//! entry says *affected* is a finding, with every entry of the group kept as an attribution, so
//! that disagreement is visible. What cannot be compared is an [`Unknown`], never left out.

mod attribution;
mod said;
mod stated;
mod subject;

use std::collections::{BTreeMap, HashMap};

use trimtab_advisories::index::{Affected, Index, IndexError};
use trimtab_model::advisory::Kind;
use trimtab_model::finding::{Finding, Occurrence, Unknown, UnknownReason};
use trimtab_model::{Component, Family, Inventory, Origin, Purl, Relation};

use self::attribution::attribution;
use self::said::{Installed, Said, Word, confidence, doubts, nearest_fix};
use self::stated::Stated;
use self::subject::Subject;
use crate::order;
use crate::vulnerability::Vulnerabilities;

/// What matching an inventory gives.
#[derive(Debug, Default)]
pub struct Matching {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Sorted by purl.
    pub unknowns: Vec<Unknown>,
    /// Distinct components that were examined, without the project's own.
    pub components: usize,
}

/// Matches every component of an inventory, its own packages aside.
///
/// # Errors
/// The index is damaged. Nothing is concluded then.
pub fn match_inventory(inventory: &Inventory, index: &Index) -> Result<Matching, IndexError> {
    let distinct = distinct(inventory);
    let mut matcher = Matcher::new(index)?;
    for (key, places) in &distinct {
        matcher.component(key, places)?;
    }
    let Matcher { mut findings, mut unknowns, .. } = matcher;
    findings.sort_by(order::worst_first);
    unknowns.sort_by(|a, b| (&a.purl, a.reason).cmp(&(&b.purl, b.reason)));
    Ok(Matching { findings, unknowns, components: distinct.len() })
}

/// The package that advisories about a component speak of: family and normalised name. `None`: it is
/// of no ecosystem with advisories.
pub fn package_of(purl: &Purl) -> Option<(Family, Box<str>)> {
    let subject = Subject::of(purl)?;
    let family = subject.ecosystem.family;
    Some((family, family.normalise(&subject.name).as_ref().into()))
}

/// What makes two listed components the same for matching.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key<'a> {
    purl: &'a Purl,
    /// Whether it comes from where the advisories of its ecosystem look.
    from_registry: bool,
}

/// Every place that lists a component. Most are listed once, and then nothing is allocated.
#[derive(Debug)]
struct Places {
    first: Occurrence,
    more: Vec<Occurrence>,
    /// By the place that states the version most firmly.
    stated: Stated,
}

impl Places {
    fn to_vec(&self) -> Vec<Occurrence> {
        let mut all = Vec::with_capacity(1 + self.more.len());
        all.push(self.first);
        all.extend_from_slice(&self.more);
        all
    }
}

type Distinct<'a> = HashMap<Key<'a>, Places, foldhash::fast::FixedState>;

fn distinct(inventory: &Inventory) -> Distinct<'_> {
    let listed = inventory.files.iter().map(|f| f.components.len()).sum();
    let mut distinct = Distinct::with_capacity_and_hasher(listed, Default::default());
    for (file_at, file) in (0u32..).zip(&inventory.files) {
        for (component_at, component) in (0u32..).zip(&file.components) {
            if component.relation == Relation::Own {
                continue;
            }
            let key = Key { purl: &component.purl, from_registry: from_registry(component) };
            let place = Occurrence { file: file_at, component: component_at };
            let stated = Stated::of(component);
            distinct
                .entry(key)
                .and_modify(|places| {
                    places.more.push(place);
                    places.stated = places.stated.max(stated);
                })
                .or_insert(Places { first: place, more: Vec::new(), stated });
        }
    }
    distinct
}

/// Whether name and version say what the component is (TRAPS 11). In ecosystems whose packages are
/// named by their repository, a repository is the registry.
fn from_registry(component: &Component) -> bool {
    let by_repository = matches!(component.purl.purl_type(), "golang" | "swift" | "github");
    component.origin.is_registry()
        || (by_repository && matches!(component.origin, Origin::Git { .. } | Origin::Url(_)))
}

struct Matcher<'i> {
    index: &'i Index,
    covered: Vec<Family>,
    vulnerabilities: Vulnerabilities<'i>,
    findings: Vec<Finding>,
    unknowns: Vec<Unknown>,
}

/// What is known of a component when a finding is made of it.
struct Asked<'a> {
    purl: &'a Purl,
    subject: Subject<'a>,
    places: &'a Places,
}

impl<'i> Matcher<'i> {
    fn new(index: &'i Index) -> Result<Matcher<'i>, IndexError> {
        Ok(Matcher {
            index,
            covered: index.families()?.iter().filter(|f| f.entries > 0).map(|f| f.family).collect(),
            vulnerabilities: Vulnerabilities::new(index),
            findings: Vec::new(),
            unknowns: Vec::new(),
        })
    }

    fn component(&mut self, key: &Key<'_>, places: &Places) -> Result<(), IndexError> {
        let covered = |subject: &Subject<'_>| self.covered.contains(&subject.ecosystem.family);
        let Some(subject) = Subject::of(key.purl).filter(covered) else {
            self.unknown(key.purl, UnknownReason::NoEcosystem, Vec::new(), places);
            return Ok(());
        };
        let family = subject.ecosystem.family;
        let Some(package) = self.index.package(family, &family.normalise(&subject.name))? else {
            if !key.from_registry {
                self.unknown(key.purl, UnknownReason::NotFromRegistry, Vec::new(), places);
            }
            return Ok(());
        };
        let version = subject.version.clone();
        let installed = Installed::parse(subject.ecosystem.scheme(), version.as_deref());
        let asked = Asked { purl: key.purl, subject, places };
        let mut groups: BTreeMap<u32, Vec<Said<'i>>> = BTreeMap::new();
        for entry in package.entries() {
            let release = asked.subject.is_of_release(entry.release());
            if release == Some(false) {
                continue;
            }
            let (verdict, release_known) = (installed.verdict(&entry), release.is_some());
            let word = Word { entry, verdict, release_known };
            Said::add(groups.entry(entry.group()).or_default(), word);
        }
        let mut might: Vec<Box<str>> = Vec::new();
        for (group, said) in groups {
            if key.from_registry && said.iter().any(|s| s.affected() == Affected::Yes) {
                self.finding(&asked, &installed, group, &said)?;
                continue;
            }
            for one in said.iter().filter(|s| s.affected() != Affected::No) {
                might.push(self.index.advisory_at(one.advisory)?.id().into());
            }
        }
        might.sort();
        might.dedup();
        if !key.from_registry {
            self.unknown(key.purl, UnknownReason::NotFromRegistry, might, places);
        } else if !might.is_empty() {
            self.unknown(key.purl, installed.reason(), might, places);
        }
        Ok(())
    }

    fn unknown(
        &mut self,
        purl: &Purl,
        reason: UnknownReason,
        advisories: Vec<Box<str>>,
        places: &Places,
    ) {
        let occurrences = places.to_vec();
        self.unknowns.push(Unknown { purl: purl.clone(), reason, advisories, occurrences });
    }

    fn finding(
        &mut self,
        asked: &Asked<'_>,
        installed: &Installed<'_>,
        group: u32,
        said: &[Said<'i>],
    ) -> Result<(), IndexError> {
        let yes: Vec<&Said<'i>> = said.iter().filter(|s| s.affected() == Affected::Yes).collect();
        let kind = yes.iter().map(|s| s.kind).min().unwrap_or(Kind::Vulnerability);
        let matched: Vec<u32> = yes.iter().map(|s| s.advisory).collect();
        let vulnerability = self.vulnerabilities.describe(group, kind, &matched)?;
        let mut attributions = Vec::with_capacity(said.len());
        for one in said {
            attributions.push(attribution(self.index, one)?);
        }
        attributions.sort_by(|a, b| a.advisory.id.cmp(&b.advisory.id));
        let doubts = doubts(said, asked.places.stated);
        self.findings.push(Finding {
            ecosystem: asked.subject.ecosystem.clone(),
            package: asked.subject.name.as_ref().into(),
            purl: asked.purl.clone(),
            vulnerability,
            attributions,
            confidence: confidence(&doubts),
            doubts,
            nearest_fix: nearest_fix(installed, said),
            occurrences: asked.places.to_vec(),
        });
        Ok(())
    }
}
