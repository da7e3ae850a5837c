//! What changed from one scan to another: components, licences, findings.
//!
//! Components are compared by package (the purl without its version). Where a package has one
//! version on each side, that is a change; otherwise versions appear and go on their own. Own
//! components take part like all others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use trimtab_model::scan::Scan;
use trimtab_model::{Purl, Version};

use crate::distinct::Distinct;

/// A package whose version changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The package.
    pub package: Purl,
    /// Its version before; `None`: not known.
    pub from: Option<Box<str>>,
    /// Its version now.
    pub to: Option<Box<str>>,
    /// Whether the version went down. `None` where the order is not known.
    pub is_downgrade: Option<bool>,
}

/// A component whose declared licence changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relicensed {
    /// The component as it is now.
    pub purl: Purl,
    /// The licence before; `None`: not stated.
    pub from: Option<Box<str>>,
    /// The licence now.
    pub to: Option<Box<str>>,
}

/// A vulnerability in a component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Affected {
    /// The vulnerability.
    pub id: Box<str>,
    /// The component.
    pub purl: Purl,
}

/// The difference of two scans.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// Components that are new, sorted.
    pub added: Vec<Purl>,
    /// Components that are gone, sorted.
    pub removed: Vec<Purl>,
    /// Packages with another version, sorted.
    pub changed: Vec<Changed>,
    /// Components with another licence, sorted.
    pub relicensed: Vec<Relicensed>,
    /// Vulnerabilities in packages that did not have them, sorted.
    pub appeared: Vec<Affected>,
    /// Vulnerabilities in packages that no longer have them, sorted.
    pub gone: Vec<Affected>,
    /// Whether both scans were matched with advisories; if not, nothing is said about findings.
    pub findings_known: bool,
}

/// Compares two scans.
pub fn diff(before: &Scan, after: &Scan) -> Diff {
    let (old, new) = (packages(before), packages(after));
    let mut diff = Diff::default();
    let keys: BTreeSet<&Purl> = old.keys().chain(new.keys()).collect();
    let none = BTreeMap::new();
    for package in keys {
        let (old, new) = (old.get(package).unwrap_or(&none), new.get(package).unwrap_or(&none));
        let only_old: Vec<_> = old.iter().filter(|(v, _)| !new.contains_key(*v)).collect();
        let only_new: Vec<_> = new.iter().filter(|(v, _)| !old.contains_key(*v)).collect();
        let at = |version: &Option<Box<str>>| match version {
            Some(version) => package.clone().with_version(version),
            None => package.clone(),
        };
        let mut same: Vec<_> =
            old.keys().filter_map(|v| Some((old.get(v)?, v, new.get(v)?))).collect();
        match (&*only_old, &*only_new) {
            ([(from, was)], [(to, is)]) => {
                diff.changed.push(Changed {
                    package: package.clone(),
                    from: (*from).clone(),
                    to: (*to).clone(),
                    is_downgrade: is_downgrade(package, from.as_deref(), to.as_deref()),
                });
                same.push((was, to, is));
            }
            _ => {
                diff.removed.extend(only_old.iter().map(|(v, _)| at(v)));
                diff.added.extend(only_new.iter().map(|(v, _)| at(v)));
            }
        }
        let relicensed = same.into_iter().filter(|(was, _, is)| was != is);
        diff.relicensed.extend(relicensed.map(|(was, version, is)| Relicensed {
            purl: at(version),
            from: was.clone(),
            to: is.clone(),
        }));
    }
    diff.findings_known = before.index.is_some() && after.index.is_some();
    if diff.findings_known {
        (diff.appeared, diff.gone) = (lacking(after, before), lacking(before, after));
    }
    diff
}

/// Versions of each package with their licences.
type Packages = BTreeMap<Purl, BTreeMap<Option<Box<str>>, Option<Box<str>>>>;

fn packages(scan: &Scan) -> Packages {
    let mut all = Packages::new();
    for item in Distinct::of(scan).items {
        let versions = all.entry(item.purl.package()).or_default();
        let licence = versions.entry(item.purl.version().map(Into::into)).or_default();
        if licence.is_none() {
            *licence = item.licence.map(Into::into);
        }
    }
    all
}

fn is_downgrade(package: &Purl, from: Option<&str>, to: Option<&str>) -> Option<bool> {
    let scheme = trimtab_model::Ecosystem::of(package)?.family.scheme();
    let (from, to) = (Version::parse(scheme, from?).ok()?, Version::parse(scheme, to?).ok()?);
    Some(from.compare(&to)?.is_gt())
}

/// Findings of one scan whose package and vulnerability the other does not have. Any shared id
/// counts: the preferred id of a group changes as aliases are published.
fn lacking(scan: &Scan, other: &Scan) -> Vec<Affected> {
    let mut known = BTreeSet::new();
    for finding in &other.findings {
        let package = finding.purl.package();
        let about = &finding.vulnerability;
        let ids = std::iter::once(&about.id).chain(&about.aliases);
        known.extend(ids.map(|id| (package.clone(), id.clone())));
    }
    let mut all: Vec<Affected> = scan
        .findings
        .iter()
        .filter(|finding| {
            let package = finding.purl.package();
            let about = &finding.vulnerability;
            let mut ids = std::iter::once(&about.id).chain(&about.aliases);
            !ids.any(|id| known.contains(&(package.clone(), id.clone())))
        })
        .map(|f| Affected { id: f.vulnerability.id.clone(), purl: f.purl.clone() })
        .collect();
    all.sort();
    all.dedup();
    all
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &Option<Box<str>>| text.as_deref().unwrap_or("unknown").to_owned();
        for purl in &self.added {
            writeln!(f, "+ {purl}")?;
        }
        for purl in &self.removed {
            writeln!(f, "- {purl}")?;
        }
        for changed in &self.changed {
            let note = if changed.is_downgrade == Some(true) { "  (downgrade)" } else { "" };
            writeln!(
                f,
                "~ {}  {} → {}{note}",
                changed.package,
                or(&changed.from),
                or(&changed.to)
            )?;
        }
        for changed in &self.relicensed {
            writeln!(f, "§ {}  {} → {}", changed.purl, or(&changed.from), or(&changed.to))?;
        }
        for affected in &self.appeared {
            writeln!(f, "! {}  {}", affected.id, affected.purl)?;
        }
        for affected in &self.gone {
            writeln!(f, "✓ {}  {}", affected.id, affected.purl)?;
        }
        write!(
            f,
            "{} added, {} removed, {} changed, {} with another licence",
            self.added.len(),
            self.removed.len(),
            self.changed.len(),
            self.relicensed.len()
        )?;
        match self.findings_known {
            true => {
                writeln!(f, "; {} findings appeared, {} gone", self.appeared.len(), self.gone.len())
            }
            false => writeln!(f, "; findings unknown: not both were matched with advisories"),
        }
    }
}
