//! Versions beyond all that is called affected, where no source names a fix: some advisories tell the last affected version
//! alone.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use trimtab_advisories::index::Index;
use trimtab_connect::registry;
use trimtab_connect::registry::versions::{Offered, versions};
use trimtab_engine::action::Idea;
use trimtab_model::finding::Finding;
use trimtab_model::{Diagnostic, Purl, Relation};

use super::image;
use super::offered::later;
use super::one::ids;
use super::search::Told;
use crate::commands::gate::ask::together;

/// A version that is above all others: what it is affected by has no end.
const HIGHEST: &str = "999999.0.0";

/// Aims ideas without a fix at the lowest version that is offered, that no source calls affected by what ends, and that has no
/// other finding; what has no end stays. Until `limit` is over. Returns what registries offer of these packages.
///
/// # Errors
/// The index is damaged.
pub(super) fn beyond(
    ideas: &mut [Idea],
    findings: &[Finding],
    paths: &dyn Fn(u32) -> Option<Box<str>>,
    (index, options): (&Index, &registry::Options),
    (limit, told): (Duration, &Told<'_>),
) -> Result<Vec<(Purl, Vec<Offered>)>, Diagnostic> {
    let id = |at: &usize| findings.get(*at).map(|finding| finding.vulnerability.id.clone());
    let has = |package: &Purl, version: &str| ids(&package.clone().with_version(version), index);
    let mut open: Vec<(usize, Ids)> = Vec::new();
    let mut packages: Vec<Purl> = Vec::new();
    for (at, idea) in ideas.iter().enumerate() {
        // What an image holds is moved by its build.
        let is_held = || paths(idea.file).is_none_or(|path| image::is_held(&path));
        if idea.to.is_some() || idea.relation == Relation::Own || is_held() {
            continue;
        }
        let package = idea.package.package();
        let endless = has(&package, HIGHEST)?;
        let about = idea.findings.iter().filter_map(id);
        let ending: Ids = about.filter(|id| !endless.contains(id)).collect();
        if ending.is_empty() {
            continue;
        }
        open.push((at, ending));
        if !packages.contains(&package) {
            packages.push(package);
        }
    }
    let done = AtomicUsize::new(0);
    let answers = together(&packages, limit, &|package, _| {
        let offered = versions(package, options);
        told("Asking for later versions", done.fetch_add(1, Ordering::SeqCst) + 1, packages.len());
        offered.ok()
    });
    let known = answers.into_iter().filter_map(|(package, offered)| Some((package, offered?)));
    let known: Vec<(Purl, Vec<Offered>)> = known.collect();
    for (at, ending) in open {
        let Some(idea) = ideas.get_mut(at) else { continue };
        let package = idea.package.package();
        let Some((_, offered)) = known.iter().find(|(of, _)| *of == package) else { continue };
        let there = ids(&idea.package, index)?;
        let has = |version: &str| has(&package, version);
        if let Some(to) = clear(later(&idea.package, offered.clone()), &ending, &there, &has)? {
            let is_gone = |at: &&usize| id(at).is_some_and(|id| ending.contains(&id));
            let gone = idea.findings.iter().filter(is_gone).copied().collect();
            idea.aim_beyond(&to, &gone);
        }
    }
    Ok(known)
}

/// Ids of vulnerabilities.
type Ids = BTreeSet<Box<str>>;

/// How many versions of a package are looked at.
const MOST: usize = 300;

/// The lowest of some versions, in rising order, that has none of some ids, and none that is not there already.
fn clear(
    versions: Vec<Box<str>>,
    ending: &Ids,
    there: &Ids,
    has: &dyn Fn(&str) -> Result<Ids, Diagnostic>,
) -> Result<Option<Box<str>>, Diagnostic> {
    for version in versions.into_iter().take(MOST) {
        let found = has(&version)?;
        if found.is_disjoint(ending) && found.is_subset(there) {
            return Ok(Some(version));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_that_nobody_calls_affected_and_that_brings_nothing_is_taken() {
        let set =
            |all: &[&str]| -> BTreeSet<Box<str>> { all.iter().map(|id| Box::from(*id)).collect() };
        let versions = || ["1.1.0", "1.2.0", "1.3.0", "2.0.0"].map(Box::from).to_vec();
        // A is gone from 1.2.0 on, B never; 1.2.0 brings C.
        let has = |version: &str| {
            Ok(match version {
                "1.1.0" => set(&["A", "B"]),
                "1.2.0" => set(&["B", "C"]),
                _ => set(&["B"]),
            })
        };
        let of = |ending: &[&str]| {
            clear(versions(), &set(ending), &set(&["A", "B"]), &has).unwrap().map(String::from)
        };
        assert_eq!(of(&["A"]).as_deref(), Some("1.3.0"));
        assert_eq!(of(&["B"]), None);
        assert_eq!(clear(Vec::new(), &set(&["A"]), &set(&["A"]), &has).unwrap(), None);
    }
}
