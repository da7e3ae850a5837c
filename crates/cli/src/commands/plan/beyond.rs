//! Versions beyond all that is called affected, where no source names a fix: some advisories tell the last affected version
//! alone.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use trimtab_advisories::index::Index;
use trimtab_connect::registry;
use trimtab_connect::registry::versions::{Offered, versions};
use trimtab_engine::action::Idea;
use trimtab_model::finding::Finding;
use trimtab_model::{Diagnostic, Purl, Relation};

use super::image;
use super::offered::later;
use super::one::ids;

/// A version that is above all others: what it is affected by has no end.
const HIGHEST: &str = "999999.0.0";

/// Gives ideas without a fix the lowest version from which no source calls the package affected by what they are about, if
/// that is offered and has no other finding. Until `limit` is over. Returns what registries offer of these packages.
///
/// # Errors
/// The index is damaged.
pub(super) fn beyond(
    ideas: &mut [Idea],
    findings: &[Finding],
    paths: &dyn Fn(u32) -> Option<Box<str>>,
    (index, options): (&Index, &registry::Options),
    limit: Duration,
) -> Result<Vec<(Purl, Vec<Offered>)>, Diagnostic> {
    let begun = Instant::now();
    let mut known: Vec<(Purl, Vec<Offered>)> = Vec::new();
    for idea in ideas.iter_mut().filter(|i| i.to.is_none() && i.relation != Relation::Own) {
        if begun.elapsed() >= limit {
            break;
        }
        // What an image holds is moved by its build.
        if paths(idea.file).is_none_or(|path| image::is_held(&path)) {
            continue;
        }
        let about: BTreeSet<&str> = idea
            .findings
            .iter()
            .filter_map(|at| findings.get(*at))
            .map(|finding| &*finding.vulnerability.id)
            .collect();
        let package = idea.package.package();
        let has = |version: &str| ids(&package.clone().with_version(version), index);
        if has(HIGHEST)?.iter().any(|id| about.contains(&**id)) {
            continue;
        }
        let offered = match known.iter().find(|(of, _)| *of == package) {
            Some((_, offered)) => offered.clone(),
            None => {
                let Ok(offered) = versions(&package, options) else { continue };
                known.push((package.clone(), offered.clone()));
                offered
            }
        };
        let there = ids(&idea.package, index)?;
        for version in later(&idea.package, offered) {
            let found = has(&version)?;
            let is_clear = found.iter().all(|id| there.contains(id) && !about.contains(&**id));
            if is_clear {
                idea.beyond(version);
                break;
            }
        }
    }
    Ok(known)
}
