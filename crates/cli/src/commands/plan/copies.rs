//! What the project names and others bring too, in a copy that no raise of those replaces: the project's own is raised, and
//! the others' is forced, as one action.

use std::collections::BTreeSet;

use trimtab_engine::assess::{Distance, distance};
use trimtab_model::{Diagnostic, Proposal, Relation, Way};

use super::attempt::Made;
use super::place::Key;
use super::search::{Answer, Search, Searched};

impl Search<'_> {
    /// Whether others bring what an idea is about while the project names it, and their copy can be forced by its version.
    pub(super) fn has_copies(&self, at: usize) -> bool {
        let case = &self.cases[at];
        let tool = case.place.and_then(|place| self.places.get(place)).map(|place| place.tool.id());
        case.idea.relation == Relation::Direct
            && case.idea.ways.contains(&Way::RaiseParent)
            && matches!(tool, Some("npm" | "pnpm" | "yarn" | "yarn-berry"))
    }

    /// Ideas with such copies of which nothing removes something; then those of which major steps of what brings them alone do.
    pub(super) fn dear_copies(&self, order: &[usize], searched: &Searched) -> Vec<usize> {
        let is_dear = |made: &Made, at: usize| {
            let own = self.cases[at].idea.package.package();
            made.proposal.parts().any(|part| {
                let (package, to) = (part.package(), part.to());
                package.package() != own && is_major(package.version(), to)
            })
        };
        let mut found = Vec::new();
        for at in order.iter().copied().filter(|at| self.has_copies(*at)) {
            let place = self.cases[at].place;
            let cheap =
                searched.made.iter().filter(|(of, made)| Some(*of) == place && !is_dear(made, at));
            let removed: BTreeSet<&Key> = cheap.flat_map(|(_, made)| &made.removed).collect();
            let whole = searched.wholes.iter().flat_map(|whole| &whole.made.removed);
            let removed: BTreeSet<&Key> = removed.into_iter().chain(whole).collect();
            if self.cases[at].wanted.iter().any(|key| !removed.contains(key)) {
                found.push(at);
            }
        }
        open_first(found, &self.open(order, searched))
    }

    /// Raises what the project names, and forces what others bring in the version that is there now.
    pub(super) fn force_copies(&self, at: usize, answer: &mut Answer) -> Result<(), Diagnostic> {
        let case = &self.cases[at];
        let Some((number, place, ground)) = self.ground_of(&[at], answer) else { return Ok(()) };
        let Some((to, _)) = self.aim(at, Way::Raise)? else { return Ok(()) };
        let package = case.idea.package.clone();
        let force = Proposal::Override { package, to: to.clone() };
        let raise = case.idea.proposal(Way::Raise, &to);
        let Some(both) = Proposal::together(raise.into_iter().chain([force])) else {
            return Ok(());
        };
        match self.along(place, ground, &both, &case.wanted)? {
            Ok(made) => answer.made.push((number, made)),
            Err(refused) => answer.tried.push((at, both.to_string(), refused)),
        }
        Ok(())
    }
}

/// What nothing removes before what is only dear, each in its order: the time may not suffice for all.
fn open_first(mut all: Vec<usize>, open: &[usize]) -> Vec<usize> {
    all.sort_by_key(|at| !open.contains(at));
    all
}

/// Whether a step goes to another major version.
pub(super) fn is_major(from: Option<&str>, to: Option<&str>) -> bool {
    from.zip(to).and_then(|(from, to)| distance(from, to)) == Some(Distance::Major)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nothing_removes_comes_first() {
        assert_eq!(open_first(vec![4, 0, 3, 1], &[3, 4, 2, 1]), [4, 3, 1, 0]);
    }
}
