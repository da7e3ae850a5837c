//! What a package carries in its own archive: nothing but another version of that moves it.

use std::collections::BTreeSet;

use trimtab_connect::update::Bundled;
use trimtab_model::{Purl, Way};
use trimtab_report::group;

use super::attempt::Refused;
use super::search::{Search, Searched};

impl Search<'_> {
    /// Who bundles the package of an idea, where it is there in bundles alone. Nobody: a copy can be moved.
    pub(super) fn bundled_by(&self, at: usize) -> &[String] {
        let case = &self.cases[at];
        let Some(place) = case.place else { return &[] };
        // Of the others no copy is made before something is tried.
        if self.places.get(place).is_none_or(|place| place.tool.id() != "npm") {
            return &[];
        }
        if !self.may_bundle(place) {
            return &[];
        }
        let Some(Ok((_, ground))) = self.ground(place) else { return &[] };
        let found = ground.bundled.iter().find(|bundled| is_it(bundled, &case.idea.package));
        found.map_or(&[], |bundled| &bundled.by)
    }

    /// Whether a lockfile of a place speaks of bundles at all: no copy is made to see that.
    fn may_bundle(&self, place: usize) -> bool {
        let (Some(of), Some(known)) = (self.places.get(place), self.bundles.get(place)) else {
            return false;
        };
        *known.get_or_init(|| {
            let folder = self.top.root.join(&*of.folder);
            of.tool.lockfiles().iter().any(|name| {
                match std::fs::read_to_string(folder.join(name)) {
                    Ok(text) => ["\"inBundle\"", "\"bundled\""].iter().any(|w| text.contains(w)),
                    // What cannot be read here is looked at in the copy.
                    Err(error) => error.kind() != std::io::ErrorKind::NotFound,
                }
            })
        })
    }

    /// Tells of what is bundled why it is neither relocked nor forced.
    pub(super) fn tell_bundled(&self, order: &[usize], searched: &mut Searched) {
        for at in order {
            let by = self.bundled_by(*at);
            if by.is_empty() {
                continue;
            }
            let ways = [Way::Relock, Way::Override].into_iter();
            searched.idle.extend(ways.map(|way| (*at, way)));
            let what = format!("relock or force {}", group::name(&self.cases[*at].idea.package));
            searched.tried[*at].push((what, Refused::Bundled(by.to_vec())));
        }
    }

    /// Those of some ideas that a way other than their parents can move.
    pub(super) fn movable(&self, ideas: &[usize]) -> Vec<usize> {
        let all: BTreeSet<usize> = ideas.iter().copied().collect();
        let bundled: BTreeSet<usize> =
            all.into_iter().filter(|at| !self.bundled_by(*at).is_empty()).collect();
        ideas.iter().copied().filter(|at| !bundled.contains(at)).collect()
    }
}

fn is_it(bundled: &Bundled, package: &Purl) -> bool {
    package.version() == Some(&bundled.version) && group::name(package) == bundled.name
}
