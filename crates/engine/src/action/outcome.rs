//! Evaluates a change that a resolver made: what moved, which findings are gone, which came, and
//! whether anything is worse. A change that makes anything worse is refused (TRAPS 22).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use trimtab_model::finding::{Finding, Unknown};
use trimtab_model::{Inventory, Purl, Relation};

use super::down::{downs, sorted};

/// A project at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Side<'s> {
    /// What it lists.
    pub inventory: &'s Inventory,
    /// What is found in it.
    pub findings: &'s [Finding],
    /// Components that cannot be judged.
    pub unknown: &'s [Unknown],
}

/// A package whose versions are others now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The package, without version.
    pub package: Purl,
    /// The versions that are gone, in the order of the ecosystem.
    pub from: Vec<Box<str>>,
    /// The versions that came.
    pub to: Vec<Box<str>>,
}

/// A way in which a change is worse than none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worse {
    /// A version of a package gave way to a lower one in a file: package, before, after.
    Downgrade(Purl, Box<str>, Box<str>),
    /// It cannot be determined whether a package went down: package, before, after.
    Incomparable(Purl, Box<str>, Box<str>),
    /// A finding came in: the component that has it, the leading id.
    Finding(Purl, Box<str>),
    /// A component came in that cannot be judged.
    Unknown(Purl),
}

impl Worse {
    /// What it is about, with or without a version.
    pub fn package(&self) -> &Purl {
        match self {
            Worse::Downgrade(package, ..) | Worse::Incomparable(package, ..) => package,
            Worse::Finding(component, _) | Worse::Unknown(component) => component,
        }
    }
}

impl fmt::Display for Worse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Worse::Downgrade(package, from, to) => {
                write!(f, "{package} would go down from {from} to {to}")
            }
            Worse::Incomparable(package, from, to) => {
                write!(f, "{package}: it cannot be told whether {to} is above {from}")
            }
            Worse::Finding(component, id) => write!(f, "{component} would bring {id} in"),
            Worse::Unknown(component) => {
                write!(f, "{component} would come in, and nothing can be said about it")
            }
        }
    }
}

/// The result of a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Packages that came, went or moved, by name.
    pub moved: Vec<Moved>,
    /// Positions of the findings before that are gone.
    pub removed: Vec<usize>,
    /// Positions of the findings before whose version is gone, while another version that was there before
    /// still has them.
    pub lessened: Vec<usize>,
    /// Positions of the findings after the change that were not there before: at no version of
    /// their package, or at one that came beside all those that had them.
    pub brought: Vec<usize>,
    /// How it is worse. Empty: in no way that is known.
    pub worse: Vec<Worse>,
}

/// Compares a project before and after a change. A finding is the same if it is in the same package and shares any
/// id, whatever the versions are: one that gave way to another is no gain and no loss. One version more that has it
/// is a loss.
pub fn outcome(before: Side<'_>, after: Side<'_>) -> Outcome {
    let (was, is) = (versions(before.inventory), versions(after.inventory));
    let mut brought = without(after.findings, before.findings);
    // What is less on the way back is more on the way there.
    brought.extend(lessened(after.findings, before.findings));
    brought.sort_unstable();
    let mut outcome = Outcome {
        removed: without(before.findings, after.findings),
        brought,
        lessened: lessened(before.findings, after.findings),
        ..Outcome::default()
    };
    let none = BTreeSet::new();
    let packages: BTreeSet<&Purl> = was.keys().chain(is.keys()).collect();
    for package in packages {
        let (old, new) = (was.get(package).unwrap_or(&none), is.get(package).unwrap_or(&none));
        if old == new {
            continue;
        }
        let less = |all: &BTreeSet<Box<str>>, other: &BTreeSet<Box<str>>| {
            let gone = all.difference(other).map(|version| &**version);
            sorted(package, gone).into_iter().map(Into::into).collect()
        };
        let moved = Moved { package: package.clone(), from: less(old, new), to: less(new, old) };
        outcome.moved.push(moved);
    }
    outcome.worse = downs(before.inventory, after.inventory);
    for finding in outcome.brought.iter().filter_map(|at| after.findings.get(*at)) {
        let id = finding.vulnerability.id.clone();
        outcome.worse.push(Worse::Finding(finding.purl.clone(), id));
    }
    // What was unknown of a package before is no worse at another version.
    let known: BTreeSet<Purl> = before.unknown.iter().map(|u| u.purl.package()).collect();
    for unknown in after.unknown.iter().filter(|u| !known.contains(&u.purl.package())) {
        outcome.worse.push(Worse::Unknown(unknown.purl.clone()));
    }
    outcome
}

/// The versions of every package that is listed; a project's own packages are not.
fn versions(inventory: &Inventory) -> BTreeMap<Purl, BTreeSet<Box<str>>> {
    let mut all: BTreeMap<Purl, BTreeSet<Box<str>>> = BTreeMap::new();
    for component in inventory.files.iter().flat_map(|file| &file.components) {
        if component.relation == Relation::Own {
            continue;
        }
        let held = all.entry(component.purl.package()).or_default();
        held.extend(component.purl.version().map(Into::into));
    }
    all
}

/// Positions of the findings that are left at fewer versions of their package than before, and were at one that
/// is gone. A vulnerable version that gave way to another vulnerable one is no gain.
fn lessened(before: &[Finding], after: &[Finding]) -> Vec<usize> {
    let versions = |of: &Finding, all: &[Finding]| -> BTreeSet<Box<str>> {
        let (package, of) = (of.purl.package(), crate::repository::ids(of));
        all.iter()
            .filter(|f| f.purl.package() == package)
            .filter(|f| crate::repository::ids(f).iter().any(|id| of.contains(id)))
            .map(|f| f.version().into())
            .collect()
    };
    let is = |finding: &Finding| {
        let (was, is) = (versions(finding, before), versions(finding, after));
        !is.is_empty() && is.is_subset(&was) && !is.contains(finding.version())
    };
    before.iter().enumerate().filter(|(_, finding)| is(finding)).map(|(at, _)| at).collect()
}

/// Positions of the findings that have none of the others' like.
fn without(all: &[Finding], others: &[Finding]) -> Vec<usize> {
    let ids = |finding: &Finding| -> Vec<String> {
        let package = finding.purl.package().to_string();
        let ids = crate::repository::ids(finding);
        ids.iter().map(|id| format!("{package} {id}")).collect()
    };
    let known: BTreeSet<String> = others.iter().flat_map(ids).collect();
    let is_new = |finding: &Finding| !ids(finding).iter().any(|id| known.contains(id));
    all.iter().enumerate().filter(|(_, finding)| is_new(finding)).map(|(at, _)| at).collect()
}
