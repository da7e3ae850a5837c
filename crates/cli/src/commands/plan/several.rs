//! How far several parents are raised together: each to the smallest version that helps while the others are at theirs, as
//! far as there is time. What was not looked at is kept, for what the other rounds leave and for people.

use std::collections::BTreeSet;

use trimtab_connect::update::near_ends;
use trimtab_model::{Diagnostic, Proposal, Purl};

use super::attempt::{Made, Refused};
use super::narrow::is_of_moment;
use super::place::Key;

/// Parents that are raised together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Several {
    parents: Vec<Purl>,
    /// What they bring. It is one of them where the project names it too.
    child: Purl,
    /// Of each parent its later versions, ascending.
    offered: Vec<Vec<Box<str>>>,
    /// Of each parent the first choice that mends its own finding: it is raised to that anyway, by another action if not by
    /// this one.
    least: Vec<usize>,
    /// How far each is raised: 0 is not at all, n to the nth of its later versions.
    choice: Vec<usize>,
    /// From here on to the choice of each nothing was looked at.
    low: Vec<usize>,
}

/// Carries a proposal out.
pub(super) type Attempt<'a> =
    &'a mut dyn FnMut(&Proposal) -> Result<Result<Made, Refused>, Diagnostic>;

impl Several {
    /// Each at its newest version; `floors`: where the fix of each stands among its later versions.
    pub(super) fn new(
        parents: &[Purl],
        child: &Purl,
        offered: Vec<Vec<Box<str>>>,
        floors: &[usize],
    ) -> Several {
        let least: Vec<usize> = floors.iter().map(|floor| floor + 1).collect();
        // Of all but what has the finding itself it is asked whether it need be raised at all.
        let own = |parent: &Purl| parent.package() == child.package();
        let low = parents.iter().zip(&least).map(|(p, least)| if own(p) { *least } else { 0 });
        Several {
            low: low.collect(),
            choice: offered.iter().map(Vec::len).collect(),
            parents: parents.to_vec(),
            child: child.clone(),
            offered,
            least,
        }
    }

    /// How far each is raised.
    pub(super) fn choice(&self) -> &[usize] {
        &self.choice
    }

    /// Begins at other versions.
    pub(super) fn begin_at(&mut self, choice: Vec<usize>) {
        self.choice = choice;
    }

    /// What it is to raise them so far. `None`: none is raised.
    pub(super) fn proposal(&self) -> Option<Proposal> {
        self.at(&self.choice)
    }

    fn at(&self, choice: &[usize]) -> Option<Proposal> {
        let raised = self.parents.iter().zip(&self.offered).zip(choice);
        let raised = raised.filter_map(|((parent, of), at)| {
            let to = of.get(at.checked_sub(1)?)?.clone();
            let (parent, child) = (parent.clone(), self.child.clone());
            Some(match parent.package() == child.package() {
                true => Proposal::Raise { package: parent, to },
                false => Proposal::RaiseParent { parent, to, child },
            })
        });
        Proposal::together(raised)
    }

    /// Looks for smaller versions that remove all of `target` too, in so many tries at most: the last that does.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn descend(
        &mut self,
        tries: usize,
        target: &BTreeSet<Key>,
        attempt: Attempt<'_>,
    ) -> Result<Option<Made>, Diagnostic> {
        let (mut left, mut best) = (tries, None);
        for at in 0..self.choice.len() {
            let now = self.parents[at].version().unwrap_or_default();
            let ends: Vec<usize> =
                near_ends(now, &self.offered[at]).into_iter().map(|end| end + 1).collect();
            let mut ends = ends.into_iter();
            // None takes the tries of those after it.
            let mut share = left.div_ceil(self.choice.len() - at);
            while self.low[at] < self.choice[at] && share > 0 {
                (left, share) = (left - 1, share - 1);
                let next = self.next(at, &mut ends);
                let mut other = self.choice.clone();
                other[at] = next;
                let tried = match self.at(&other) {
                    Some(proposal) => attempt(&proposal)?,
                    None => Err(Refused::Nothing),
                };
                match tried {
                    Ok(made) if target.is_subset(&made.removed) => {
                        (self.choice, best) = (other, Some(made));
                    }
                    Err(refused) if is_of_moment(&refused) => return Ok(best),
                    _ => self.low[at] = (next + 1).max(self.least[at]),
                }
            }
        }
        Ok(best)
    }

    /// Which choice of a parent is looked at next: whether it need be raised at all, then its own fix, then how large a step
    /// it must be.
    fn next(&self, at: usize, ends: &mut impl Iterator<Item = usize>) -> usize {
        let (low, high, least) = (self.low[at], self.choice[at], self.least[at]);
        let is_own = self.parents[at].package() == self.child.package();
        if low == 0 || low == least && (is_own || least > 1) {
            return low;
        }
        ends.find(|end| (low..high).contains(end)).unwrap_or(low + (high - low) / 2)
    }

    /// What is left to look at. `None`: nothing.
    pub(super) fn left(self) -> Option<Box<Several>> {
        let is_left = self.low.iter().zip(&self.choice).any(|(low, choice)| low < choice);
        is_left.then(|| Box::new(self))
    }

    /// The smaller versions of each parent that were not looked at, ascending.
    pub(super) fn untried(&self) -> impl Iterator<Item = (&Purl, &[Box<str>])> {
        let ends = self.low.iter().zip(&self.choice);
        self.parents.iter().zip(&self.offered).zip(ends).filter_map(|((parent, of), (low, to))| {
            let versions = of.get(low.saturating_sub(1)..to.checked_sub(1)?)?;
            (!versions.is_empty()).then_some((parent, versions))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn purl(text: &str) -> Purl {
        text.parse().unwrap()
    }

    /// The project names `child` and `up`, which brings it; both are at their newest.
    fn several() -> Several {
        let versions = |all: &[&str]| all.iter().map(|version| Box::from(*version)).collect();
        let offered: Vec<Vec<Box<str>>> = vec![
            versions(&["1.2.6", "1.2.8"]),
            versions(&["0.5.2", "0.5.6", "1.0.0", "1.0.4", "2.1.6", "3.0.1"]),
        ];
        let parents = [purl("pkg:npm/child@0.0.8"), purl("pkg:npm/up@0.5.1")];
        Several::new(&parents, &parents[0], offered, &[0, 0])
    }

    /// Any later version helps, in so many tries.
    fn helps(
        mut tries: usize,
    ) -> impl FnMut(&Proposal) -> Result<Result<Made, Refused>, Diagnostic> {
        move |proposal| {
            if tries == 0 {
                return Ok(Err(Refused::Time));
            }
            tries -= 1;
            let both = proposal.parts().count() == 2;
            Ok(if both { Ok(Made::unmade(proposal.clone())) } else { Err(Refused::Nothing) })
        }
    }

    #[test]
    fn each_is_raised_no_further_than_it_must_be() {
        let mut several = several();
        assert_eq!(several.choice(), [2, 6]);
        let made = several.descend(20, &BTreeSet::new(), &mut helps(20)).unwrap().unwrap();
        assert_eq!(several.choice(), [1, 1]);
        assert_eq!(made.proposal, several.proposal().unwrap());
        assert_eq!(several.untried().count(), 0);
        assert!(several.left().is_none());
    }

    #[test]
    fn what_there_was_no_time_to_look_at_is_kept_and_looked_at_later() {
        let mut several = several();
        // The fix of the first, whether the second need be raised, and the newest of its line.
        several.descend(20, &BTreeSet::new(), &mut helps(3)).unwrap();
        assert_eq!(several.choice(), [1, 2]);
        let untried: Vec<String> =
            several.untried().map(|(parent, of)| format!("{parent} {}", of.join(" "))).collect();
        assert_eq!(untried, ["pkg:npm/up@0.5.1 0.5.2"]);
        let mut left = *several.left().unwrap();
        left.descend(20, &BTreeSet::new(), &mut helps(20)).unwrap();
        assert_eq!(left.choice(), [1, 1]);
        assert!(left.left().is_none());
    }

    #[test]
    fn without_time_all_is_left() {
        let mut several = several();
        assert!(several.descend(20, &BTreeSet::new(), &mut helps(0)).unwrap().is_none());
        let of: Vec<usize> = several.untried().map(|(_, versions)| versions.len()).collect();
        assert_eq!(of, [1, 5]);
        // So many tries are as good as no time.
        let mut few = self::several();
        assert!(few.descend(2, &BTreeSet::new(), &mut helps(9)).unwrap().is_some());
        assert!(few.left().is_some());
    }
}
