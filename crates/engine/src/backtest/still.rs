//! Which findings packages have at the versions to which they could be raised, by the same matching
//! as for what was listed.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_model::finding::Finding;
use trimtab_model::{Component, FileInventory, Inventory, Purl};

use super::Episode;
use crate::repository::ids;

/// Every package of some episodes at every version that some source names as a fix, as an inventory
/// to be matched. `inventory` is the one that has their findings.
pub fn raised(inventory: &Inventory, episodes: &[Episode]) -> Inventory {
    let mut fixes: BTreeMap<&Purl, BTreeSet<&str>> = BTreeMap::new();
    for episode in episodes {
        fixes
            .entry(&episode.package)
            .or_default()
            .extend(episode.named.iter().map(|named| &**named).chain(episode.fix.as_deref()));
    }
    let mut file = FileInventory::default();
    let mut seen = BTreeSet::new();
    for episode in episodes {
        let Some(place) = episode.finding.occurrences.first() else { continue };
        let listed = inventory.files.get(place.file as usize);
        let component = listed.and_then(|file| file.components.get(place.component as usize));
        let Some(component) = component else { continue };
        for fix in fixes.get(&episode.package).into_iter().flatten() {
            let raised =
                Component { purl: component.purl.clone().with_version(fix), ..component.clone() };
            if seen.insert(raised.purl.clone()) {
                file.add(raised);
            }
        }
    }
    Inventory { files: vec![file], ..Inventory::default() }
}

/// What packages still have at versions that they could be raised to.
#[derive(Debug, Default)]
pub struct Still(BTreeSet<(Purl, Box<str>)>);

impl Still {
    /// Out of the findings of what [`raised`] gives.
    pub fn of(findings: &[Finding]) -> Still {
        let one = |finding: &Finding| {
            Some((at(&finding.purl, finding.purl.version()?), ids(finding).into_iter().min()?))
        };
        Still(findings.iter().filter_map(one).collect())
    }

    /// Whether an episode's package has its vulnerability at a version, too.
    pub(super) fn has(&self, episode: &Episode, version: &str) -> bool {
        self.0.contains(&(at(&episode.package, version), episode.vulnerability.clone()))
    }
}

/// A package at a version, without what else its purl says.
fn at(purl: &Purl, version: &str) -> Purl {
    purl.package().with_version(version)
}
