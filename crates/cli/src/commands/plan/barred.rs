//! Places in which nothing can be done: a few first tries tell.

use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::update::{Reason, Refusal};
use trimtab_model::Purl;

use super::attempt::Refused;
use super::search::{Search, Searched};

/// How many ideas tell whether anything can be done in a place.
const SCOUTS: usize = 2;

impl Search<'_> {
    /// The first ideas of each place: they tell whether anything can be done there, unless that is known.
    pub(super) fn scouts(
        &self,
        order: impl Iterator<Item = usize>,
        searched: &Searched,
    ) -> Vec<usize> {
        let known: BTreeSet<Option<usize>> =
            searched.wholes.iter().map(|whole| Some(whole.place)).collect();
        let order = order.filter(|at| !known.contains(&self.cases[*at].place));
        let mut of: BTreeMap<Option<usize>, usize> = BTreeMap::new();
        let few = |at: &usize| {
            let count = of.entry(self.cases[*at].place).or_default();
            *count += 1;
            *count <= SCOUTS
        };
        order.filter(few).collect()
    }

    /// Of each place whose package manager is not installed the first idea: what it is refused for is what all are.
    pub(super) fn absent(&self, order: &[usize]) -> Vec<usize> {
        let options = &self.trial.options;
        let absent: BTreeSet<usize> = (0..)
            .zip(self.places)
            .filter(|(_, place)| place.tool.missing(options).is_some())
            .map(|(at, _)| at)
            .collect();
        let mut seen = BTreeSet::new();
        let is_first = |at: &usize| {
            let case = &self.cases[*at];
            let place = case.place.filter(|place| absent.contains(place) && case.idea.to.is_some());
            place.is_some_and(|place| seen.insert(place))
        };
        order.iter().copied().filter(is_first).collect()
    }

    /// The places of such ideas, with why nothing can be run there.
    pub(super) fn unrun(&self, absent: &[usize], searched: &Searched) -> Vec<(usize, Refusal)> {
        let refused = |at: &usize| {
            let tried = searched.tried[*at].iter();
            let refusal = tried.filter_map(|(_, why)| whole(why)).find(|refusal| is_unrun(refusal));
            Some((self.cases[*at].place?, refusal?.clone()))
        };
        absent.iter().filter_map(refused).collect()
    }

    /// Takes places out of the order in which nothing can be done. What was not tried there is told why.
    pub(super) fn give_up(
        &self,
        order: &mut Vec<usize>,
        barred: Vec<(usize, Refusal)>,
        scouts: &[usize],
        searched: &mut Searched,
    ) {
        for (place, refusal) in barred {
            order.retain(|at| {
                let case = &self.cases[*at];
                let stays = case.place != Some(place) || is_its_own(&refusal, &case.idea.package);
                if !stays && !scouts.contains(at) {
                    // Its edit is that of another package.
                    let refusal = Refusal { edits: Vec::new(), ..refusal.clone() };
                    let why = Refused::Tool(Box::new(refusal));
                    searched.tried[*at].push(("any update".to_owned(), why));
                }
                stays
            });
        }
    }

    /// Places in which every scout was refused for one and the same reason, which is not of the package that was to move.
    pub(super) fn barred(&self, scouts: &[usize], searched: &Searched) -> Vec<(usize, Refusal)> {
        let made: BTreeSet<usize> = searched.made.iter().map(|(place, _)| *place).collect();
        let mut barred: BTreeMap<usize, (usize, Option<&Refusal>)> = BTreeMap::new();
        for at in scouts {
            let Some(place) = self.cases[*at].place.filter(|place| !made.contains(place)) else {
                continue;
            };
            let reason = searched.tried[*at].first().and_then(|(_, why)| whole(why));
            let alike = searched.tried[*at]
                .iter()
                .all(|(_, why)| whole(why).map(|r| &r.reason) == reason.map(|r| &r.reason));
            let reason = reason.filter(|_| alike);
            barred
                .entry(place)
                .and_modify(|(count, held)| {
                    *count += 1;
                    *held = held.filter(|h| reason.is_some_and(|r| r.reason == h.reason));
                })
                .or_insert((1, reason));
        }
        let all = barred.into_iter().filter(|(_, (count, _))| *count == SCOUTS);
        all.filter_map(|(place, (_, refusal))| Some((place, refusal?.clone()))).collect()
    }
}

/// A refusal that any other update of the place would meet as well, if two have met it alike.
fn whole(refused: &Refused) -> Option<&Refusal> {
    let Refused::Tool(refusal) = refused else { return None };
    let of_place = matches!(
        &refusal.reason,
        Reason::ToolMissing { .. }
            | Reason::Failed(_)
            | Reason::Registry(_)
            | Reason::ProjectCode(_)
            | Reason::NoWheel { asked: None, .. }
    );
    of_place.then_some(&**refusal)
}

/// Whether a package manager was not run at all.
fn is_unrun(refusal: &Refusal) -> bool {
    matches!(refusal.reason, Reason::ToolMissing { .. } | Reason::ProjectCode(_))
}

/// Whether a refusal is for want of a wheel of a package itself: it may move to a version that has one.
fn is_its_own(refusal: &Refusal, package: &Purl) -> bool {
    match &refusal.reason {
        Reason::NoWheel { package: name, .. } => Purl::new("pypi", None, name) == package.package(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_without_a_wheel_ends_a_place_for_all_others() {
        let (package, version) = ("Flask_Alembic".to_owned(), "2.0.1".to_owned());
        let reason = Reason::NoWheel { package, version, asked: None };
        let (edits, commands) = (Vec::new(), Vec::new());
        let refusal = Refusal { reason, edits, next: None, commands };
        assert!(whole(&Refused::Tool(Box::new(refusal.clone()))).is_some());
        let purl = |text: &str| text.parse::<Purl>().unwrap();
        assert!(is_its_own(&refusal, &purl("pkg:pypi/flask-alembic@2.0.1")));
        assert!(!is_its_own(&refusal, &purl("pkg:pypi/pillow@5.1.0")));
        assert!(whole(&Refused::Nothing).is_none());
    }
}
