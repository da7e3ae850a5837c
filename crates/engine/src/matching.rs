//! Matching: which vulnerabilities the components of an inventory have, by the index.
//!
//! Each distinct component is looked up once, however often it is listed. The entries about its
//! package are evaluated by the OSV schema's rules and grouped by alias; a group of which some
//! entry says *affected* is a finding, with every entry of the group kept as an attribution, so
//! that disagreement is seen. What cannot be compared is an [`Unknown`], never left out.

use std::collections::{BTreeMap, HashMap};

use trimtab_advisories::index::{Affected, Entry, Index, IndexError, Interval, Verdict};
use trimtab_model::advisory::{Advisory, Kind};
use trimtab_model::finding::{
    Attribution, Confidence, Doubt, Finding, Occurrence, Unknown, UnknownReason,
};
use trimtab_model::{Component, Ecosystem, Family, Inventory, Origin, Purl, Relation, Version};

use crate::order;
use crate::vulnerability::Vulnerabilities;

/// What matching an inventory gives.
#[derive(Debug, Default)]
pub struct Matching {
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Sorted by purl.
    pub unknowns: Vec<Unknown>,
    /// Distinct components that were looked at, the project's own left out.
    pub components: usize,
}

/// Matches every component of an inventory, its own packages aside.
///
/// # Errors
/// The index is damaged. Nothing is concluded then.
pub fn match_inventory(inventory: &Inventory, index: &Index) -> Result<Matching, IndexError> {
    let distinct = distinct(inventory);
    let mut matcher = Matcher::new(index)?;
    for (key, occurrences) in &distinct {
        matcher.component(key, occurrences)?;
    }
    let Matcher { mut findings, mut unknowns, .. } = matcher;
    findings.sort_by(order::worst_first);
    unknowns.sort_by(|a, b| (&a.purl, a.reason).cmp(&(&b.purl, b.reason)));
    Ok(Matching { findings, unknowns, components: distinct.len() })
}

/// What makes two listed components the same for matching.
#[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key<'a> {
    purl: &'a Purl,
    /// Whether it comes from where the advisories of its ecosystem look.
    from_registry: bool,
}

type Distinct<'a> = HashMap<Key<'a>, Vec<Occurrence>, foldhash::fast::FixedState>;

fn distinct(inventory: &Inventory) -> Distinct<'_> {
    let mut distinct = Distinct::default();
    for (file_at, file) in (0u32..).zip(&inventory.files) {
        for (component_at, component) in (0u32..).zip(&file.components) {
            if component.relation == Relation::Own {
                continue;
            }
            let key = Key { purl: &component.purl, from_registry: from_registry(component) };
            distinct
                .entry(key)
                .or_default()
                .push(Occurrence { file: file_at, component: component_at });
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

/// What one advisory says about the component: the verdicts of all its entries on the package.
struct Said<'i> {
    advisory: u32,
    kind: Kind,
    entries: Vec<(Entry<'i>, Verdict<'i>)>,
}

impl Said<'_> {
    fn affected(&self) -> Affected {
        let any = |wanted| self.entries.iter().any(|(_, v)| v.affected == wanted);
        if any(Affected::Yes) {
            Affected::Yes
        } else if any(Affected::Unknown) {
            Affected::Unknown
        } else {
            Affected::No
        }
    }
}

/// The version of a component, as far as it can be compared.
enum Installed<'a> {
    Version(Version),
    Text(&'a str),
    None,
}

impl Installed<'_> {
    fn verdict<'i>(&self, entry: &Entry<'i>) -> Verdict<'i> {
        match self {
            Installed::Version(version) => entry.verdict(version),
            Installed::Text(text) => or_all_versions(entry, entry.verdict_of_text(text)),
            Installed::None => or_all_versions(entry, entry.verdict_of_text("")),
        }
    }

    /// Why nothing can be said, where nothing can.
    fn reason(&self) -> UnknownReason {
        match self {
            Installed::Version(_) => UnknownReason::IncomparableRange,
            Installed::Text(_) => UnknownReason::UnparsableVersion,
            Installed::None => UnknownReason::NoVersion,
        }
    }
}

/// A package of which every version is affected needs no version to be a finding.
fn or_all_versions<'i>(entry: &Entry<'i>, verdict: Verdict<'i>) -> Verdict<'i> {
    if verdict.affected != Affected::Unknown || entry.has_versions() || entry.is_open() {
        return verdict;
    }
    // Any version does: the interval that holds it must have no bounds at all.
    let any = Version::parse(entry.family().scheme(), "1").map(|version| entry.verdict(&version));
    match any {
        Ok(any)
            if matches!(any.interval, Interval::Range { from: None, to: None, hint: None, .. }) =>
        {
            any
        }
        _ => verdict,
    }
}

struct Matcher<'i> {
    index: &'i Index,
    covered: Vec<Family>,
    vulnerabilities: Vulnerabilities<'i>,
    findings: Vec<Finding>,
    unknowns: Vec<Unknown>,
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

    fn component(&mut self, key: &Key<'_>, occurrences: &[Occurrence]) -> Result<(), IndexError> {
        let ecosystem = Ecosystem::of(key.purl).filter(|e| self.covered.contains(&e.family));
        let Some(ecosystem) = ecosystem else {
            self.unknown(key.purl, UnknownReason::NoEcosystem, Vec::new(), occurrences);
            return Ok(());
        };
        let family = ecosystem.family;
        let (name, version) = source_package(family, key.purl);
        let normal = family.normalise(&name);
        let Some(package) = self.index.package(family, &normal)? else {
            if !key.from_registry {
                self.unknown(key.purl, UnknownReason::NotFromRegistry, Vec::new(), occurrences);
            }
            return Ok(());
        };
        let installed = match version.map(|text| Version::parse(family.scheme(), text)) {
            Some(Ok(version)) => Installed::Version(version),
            Some(Err(unknown)) => {
                Installed::Text(version.filter(|_| !unknown.text.is_empty()).unwrap_or(""))
            }
            None => Installed::None,
        };
        let mut groups: BTreeMap<u32, Vec<Said<'i>>> = BTreeMap::new();
        let mut release_unknown = false;
        for entry in package.entries() {
            match release_matches(&ecosystem, entry.release()) {
                Some(true) => {}
                Some(false) => continue,
                None => release_unknown = true,
            }
            let said = (entry, installed.verdict(&entry));
            let group = groups.entry(entry.group()).or_default();
            match group.iter_mut().find(|s| s.advisory == entry.advisory()) {
                Some(known) => {
                    known.kind = known.kind.min(entry.kind());
                    known.entries.push(said);
                }
                None => group.push(Said {
                    advisory: entry.advisory(),
                    kind: entry.kind(),
                    entries: vec![said],
                }),
            }
        }
        let mut might: Vec<Box<str>> = Vec::new();
        for (group, said) in groups {
            let some = |wanted| said.iter().any(|s| s.affected() == wanted);
            if some(Affected::Yes) && key.from_registry {
                self.finding(
                    key.purl,
                    &ecosystem,
                    &name,
                    &installed,
                    group,
                    &said,
                    release_unknown,
                    occurrences,
                )?;
            } else if some(Affected::Yes) || some(Affected::Unknown) {
                for one in &said {
                    might.push(self.index.advisory_at(one.advisory)?.id().into());
                }
            }
        }
        might.sort();
        might.dedup();
        if !key.from_registry {
            self.unknown(key.purl, UnknownReason::NotFromRegistry, might, occurrences);
        } else if !might.is_empty() {
            self.unknown(key.purl, installed.reason(), might, occurrences);
        }
        Ok(())
    }

    fn unknown(
        &mut self,
        purl: &Purl,
        reason: UnknownReason,
        advisories: Vec<Box<str>>,
        occurrences: &[Occurrence],
    ) {
        let occurrences = occurrences.to_vec();
        self.unknowns.push(Unknown { purl: purl.clone(), reason, advisories, occurrences });
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "all of one component, taken apart by the only caller"
    )]
    fn finding(
        &mut self,
        purl: &Purl,
        ecosystem: &Ecosystem,
        name: &str,
        installed: &Installed<'_>,
        group: u32,
        said: &[Said<'i>],
        release_unknown: bool,
        occurrences: &[Occurrence],
    ) -> Result<(), IndexError> {
        let yes: Vec<&Said<'i>> = said.iter().filter(|s| s.affected() == Affected::Yes).collect();
        let kind = yes.iter().map(|s| s.kind).min().unwrap_or(Kind::Vulnerability);
        let matched: Vec<u32> = yes.iter().map(|s| s.advisory).collect();
        let vulnerability = self.vulnerabilities.describe(group, kind, &matched)?;
        let mut attributions = Vec::with_capacity(said.len());
        for one in said {
            attributions.push(self.attribution(one)?);
        }
        attributions.sort_by(|a, b| a.advisory.id.cmp(&b.advisory.id));
        let doubts = doubts(said, ecosystem, release_unknown);
        self.findings.push(Finding {
            ecosystem: ecosystem.clone(),
            package: name.into(),
            purl: purl.clone(),
            vulnerability,
            attributions,
            confidence: confidence(&doubts),
            doubts,
            nearest_fix: nearest_fix(installed, said),
            occurrences: occurrences.to_vec(),
        });
        Ok(())
    }

    fn attribution(&self, said: &Said<'i>) -> Result<Attribution, IndexError> {
        let record = self.index.advisory_at(said.advisory)?;
        let affected = said.affected() == Affected::Yes;
        let wanted = |v: &Verdict<'_>| !affected || v.affected == Affected::Yes;
        let mut fixed: Vec<Box<str>> = Vec::new();
        let mut symbols: Vec<Box<str>> = Vec::new();
        let mut reason = None;
        for (entry, verdict) in said.entries.iter().filter(|(_, v)| wanted(v)) {
            for fix in entry.fixed() {
                if !fixed.iter().any(|f| **f == *fix) {
                    fixed.push(fix.into());
                }
            }
            for symbol in entry.symbols() {
                symbols.push(match (symbol.path, symbol.name) {
                    (Some(path), Some(name)) => format!("{path}.{name}").into(),
                    (path, name) => path.or(name).unwrap_or_default().into(),
                });
            }
            reason.get_or_insert_with(|| match verdict.affected {
                Affected::Yes => verdict.interval.to_string(),
                Affected::No => "not in its ranges or versions".to_owned(),
                Affected::Unknown => "its bounds cannot be compared".to_owned(),
            });
        }
        symbols.sort();
        symbols.dedup();
        Ok(Attribution {
            advisory: Advisory {
                id: record.id().into(),
                database: record.database().into(),
                kind: said.kind,
                published: record.published(),
                modified: record.modified(),
                summary: record.summary().map(Into::into),
                url: url(record.id()),
            },
            affected,
            fixed,
            reason: reason.unwrap_or_default().into(),
            symbols,
        })
    }
}

/// Name and version to look up. Distributions publish by source package (TRAPS 16): the purl's
/// `upstream` qualifier names it, with its version where that differs.
fn source_package(family: Family, purl: &Purl) -> (String, Option<&str>) {
    match purl.qualifier("upstream").filter(|_| matches!(purl.purl_type(), "deb" | "apk" | "rpm")) {
        Some(upstream) => match upstream.split_once('@') {
            Some((name, version)) => (name.to_owned(), Some(version)),
            None => (upstream.to_owned(), purl.version()),
        },
        None => (family.package_name(purl).into_owned(), purl.version()),
    }
}

/// Whether an entry about a release speaks of the component's. `None`: the component's release is
/// not known.
fn release_matches(ecosystem: &Ecosystem, entry: Option<&str>) -> Option<bool> {
    let Some(entry) = entry else { return Some(true) };
    let distribution = matches!(ecosystem.family.purl_type(), "deb" | "apk" | "rpm");
    if !distribution {
        // A repository of the same ecosystem (`Maven:https://…`): told as a doubt.
        return Some(true);
    }
    let release = ecosystem.release.as_deref()?;
    // `22.04:LTS` is 22.04; `Pro:22.04:LTS` is not.
    Some(entry == release || entry.split_once(':').is_some_and(|(first, _)| first == release))
}

fn doubts(said: &[Said<'_>], ecosystem: &Ecosystem, release_unknown: bool) -> Vec<Doubt> {
    let yes = || {
        said.iter()
            .flat_map(|s| &s.entries)
            .filter(|(_, verdict)| verdict.affected == Affected::Yes)
    };
    let distribution = matches!(ecosystem.family.purl_type(), "deb" | "apk" | "rpm");
    let mut doubts = Vec::new();
    let mut add = |holds: bool, doubt: Doubt| {
        if holds {
            doubts.push(doubt);
        }
    };
    add(yes().any(|(_, v)| v.contradiction), Doubt::VersionsAgainstRanges);
    add(said.iter().any(|s| s.affected() == Affected::No), Doubt::SourcesDisagree);
    // A sure range of another source of the group makes the hint unnecessary.
    add(yes().all(|(_, v)| v.hint), Doubt::BoundIsHint);
    add(yes().all(|(e, v)| e.is_open() && !v.by_list), Doubt::BoundUnknown);
    add(!distribution && yes().all(|(e, _)| e.release().is_some()), Doubt::OtherOrigin);
    add(release_unknown, Doubt::ReleaseUnknown);
    doubts
}

fn confidence(doubts: &[Doubt]) -> Confidence {
    let of = |doubt: &Doubt| match doubt {
        Doubt::BoundIsHint | Doubt::OtherOrigin | Doubt::ReleaseUnknown => Confidence::Low,
        Doubt::VersionsAgainstRanges | Doubt::SourcesDisagree | Doubt::BoundUnknown => {
            Confidence::Medium
        }
    };
    doubts.iter().map(of).min().unwrap_or(Confidence::High)
}

/// The least version above the installed one that some affected source names as fixed and no
/// source of the group calls affected.
fn nearest_fix(installed: &Installed<'_>, said: &[Said<'_>]) -> Option<Box<str>> {
    let Installed::Version(installed) = installed else { return None };
    let mut candidates: Vec<Version> = said
        .iter()
        .filter(|s| s.affected() == Affected::Yes)
        .flat_map(|s| &s.entries)
        .flat_map(|(entry, _)| entry.fixes_above(installed))
        .filter_map(|fix| Version::parse(installed.scheme(), fix).ok())
        .collect();
    candidates.sort_by(|a, b| installed.scheme().compare_keys(a.key(), b.key()));
    candidates
        .into_iter()
        .find(|candidate| {
            let affects = |(entry, _): &(Entry<'_>, Verdict<'_>)| {
                entry.verdict(candidate).affected == Affected::Yes
            };
            !said.iter().flat_map(|s| &s.entries).any(affects)
        })
        .map(|fix| fix.text().into())
}

/// Where people read more about a published advisory. Local ids (`x_…`) have no page.
fn url(id: &str) -> Option<Box<str>> {
    (!id.starts_with("x_")).then(|| format!("https://osv.dev/vulnerability/{id}").into())
}
