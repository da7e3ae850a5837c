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

/// Whether a refusal is for want of a wheel of a package itself: it may move to a version that has one.
pub(super) fn is_its_own(refusal: &Refusal, package: &Purl) -> bool {
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
