//! Ways beside each other: to force a version beside a dear raise of what brings it. Both stay, as one choice; and so do the
//! tags on which one build could start.

use std::collections::BTreeSet;

use trimtab_connect::update;
use trimtab_engine::assess::{Distance, distance};
use trimtab_model::{Purl, Way};

use super::attempt::Made;
use super::candidate::Candidate;
use super::place::Key;
use super::search::{Search, Searched, Task};

/// How many versions are forced beside something else.
const MOST: usize = 8;

impl Search<'_> {
    /// What only a dear raise of a parent removes and can be forced, the heaviest first. What was tried is not tried again.
    pub(super) fn beside_tasks(&self, order: &[usize], searched: &Searched) -> Vec<Task> {
        let can = |at: &usize| {
            let case = &self.cases[*at];
            let forced =
                |made: &Made| made.proposal.parts().any(|part| part.way() == Way::Override);
            let removes = |made: &Made, key: &Key| made.removed.contains(key);
            let of_place = || {
                searched.made.iter().filter(|(place, _)| case.place == Some(*place)).map(|m| &m.1)
            };
            // Each of its findings is removed, and by nothing but dear raises.
            let dear = case.wanted.iter().all(|key| {
                let mut by = of_place().filter(|made| removes(made, key)).peekable();
                by.peek().is_some() && by.all(is_dear)
            });
            let was =
                of_place().any(|made| forced(made) && case.wanted.iter().any(|k| removes(made, k)));
            let refused = searched.tried[*at].iter().any(|(what, _)| what.starts_with("force "));
            case.idea.ways.contains(&Way::Override) && dear && !was && !refused
        };
        order.iter().copied().filter(can).take(MOST).map(Task::Force).collect()
    }
}

impl Search<'_> {
    /// Of some ideas those whose package others bring in a version that the project forces.
    pub(super) fn forced(&self, ideas: &[usize]) -> Vec<Task> {
        let is_forced = |at: &usize| {
            let case = &self.cases[*at];
            if case.idea.to.is_none() || !case.idea.ways.contains(&Way::Override) {
                return false;
            }
            let ground = case.place.and_then(|place| self.ground(place)).and_then(Result::ok);
            ground.is_some_and(|(place, ground)| {
                update::is_forced(place.tool, &ground.base, &case.idea.package)
            })
        };
        ideas.iter().copied().filter(is_forced).map(Task::Force).collect()
    }
}

/// Whether a change raises a parent by a major step, or several.
fn is_dear(made: &Made) -> bool {
    let parents: BTreeSet<Purl> = made
        .proposal
        .parts()
        .filter(|part| part.way() == Way::RaiseParent)
        .map(|part| part.package().package())
        .collect();
    let far = made.moved.iter().filter(|moved| parents.contains(&moved.package)).any(|moved| {
        let ends = moved.from.first().zip(moved.to.last());
        ends.and_then(|(from, to)| distance(from, to)) == Some(Distance::Major)
    });
    !parents.is_empty() && (parents.len() > 1 || far)
}

/// Whether a change removes something of a package only along with a large step of others: what the package itself needs may
/// cost far less.
pub(super) fn is_aside(made: &Made, package: &Purl) -> bool {
    let named: BTreeSet<Purl> =
        made.proposal.parts().map(|part| part.package().package()).collect();
    if named.contains(&package.package()) {
        return false;
    }
    let far = made.moved.iter().filter(|moved| named.contains(&moved.package)).any(|moved| {
        let ends = moved.from.first().zip(moved.to.last());
        ends.and_then(|(from, to)| distance(from, to)) == Some(Distance::Major)
    });
    far || is_dear(made)
}

/// Says which candidates are ways of the same. Of a parent that does more than what is forced there is no choice: the rest
/// of what it removes would be lost, and what each removes is counted once anyway.
pub(super) fn choices(all: &mut [Candidate]) {
    let mut chosen: Vec<(usize, usize)> = Vec::new();
    for (at, forced) in all.iter().enumerate() {
        if forced.made.proposal.way() != Way::Override {
            continue;
        }
        let same = |other: &Candidate| {
            let raises = other.made.proposal.parts().all(|part| part.way() == Way::RaiseParent);
            raises && other.place == forced.place && other.removes == forced.removes
        };
        let mut others = all.iter().enumerate().filter(|(_, other)| same(other));
        if let (Some((other, _)), None) = (others.next(), others.next()) {
            chosen.push((other, at));
        }
    }
    for (raise, forced) in chosen {
        if let Some(name) = all.get(raise).map(|candidate| candidate.name.clone()) {
            for at in [raise, forced] {
                if let Some(candidate) = all.get_mut(at) {
                    candidate.choice = Some(name.as_str().into());
                }
            }
        }
    }
    for candidate in all.iter_mut().filter(|c| c.made.proposal.way() == Way::BaseImage) {
        let image = candidate.made.proposal.package();
        candidate.choice = Some(format!("{image} {}", candidate.place).into());
    }
}
