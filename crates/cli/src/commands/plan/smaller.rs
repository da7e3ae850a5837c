//! Smaller steps: where all findings of a package take a major step, the version that mends what a smaller one can. It stays
//! beside the major step, or takes its place where that cannot be done.

use std::collections::BTreeSet;

use trimtab_engine::assess::{Distance, distance};
use trimtab_model::{Diagnostic, Way};

use super::attempt::{Made, Refused};
use super::place::Key;
use super::search::{Answer, Search, Searched, Task, Told};

/// How many packages are tried in a smaller step.
const MOST: usize = 16;

impl Search<'_> {
    /// Ideas that were refused as a whole, of which nothing removes anything yet, with a smaller step; the heaviest first.
    pub(super) fn smaller_first(&self, order: &[usize], searched: &Searched) -> Vec<Task> {
        let alone = searched.made.iter().map(|(_, made)| made);
        let whole = searched.wholes.iter().map(|whole| &whole.made);
        let removed: BTreeSet<&Key> = alone.chain(whole).flat_map(|made| &made.removed).collect();
        let is_refused = |at: &usize| {
            let case = &self.cases[*at];
            let mut tried = searched.tried[*at].iter();
            case.idea.within.is_some()
                && case.wanted.iter().all(|key| !removed.contains(key))
                && tried.any(|(_, why)| !matches!(why, Refused::Time))
        };
        order.iter().copied().filter(is_refused).take(MOST).map(Task::Smaller).collect()
    }

    /// Tries smaller steps, and remembers of which ideas.
    pub(super) fn steps(
        &self,
        phase: &str,
        tasks: &[Task],
        searched: &mut Searched,
        progress: &Told<'_>,
    ) -> Result<(), Diagnostic> {
        let late = self.round(phase, tasks, searched, progress)?;
        let ideas = tasks.iter().flat_map(|task| task.ideas().iter().copied());
        searched.stepped.extend(ideas.filter(|at| !late.contains(at)));
        Ok(())
    }

    /// Ideas with a smaller step of which a major one alone removes something, or nothing does; the heaviest first.
    pub(super) fn smaller_tasks(&self, order: &[usize], searched: &Searched) -> Vec<Task> {
        let is_wanting = |at: &usize| {
            let case = &self.cases[*at];
            let alone = searched.made.iter().map(|(place, made)| (*place, made));
            let whole = searched.wholes.iter().map(|whole| (whole.place, &whole.made));
            let small = alone
                .chain(whole)
                .filter(|(place, made)| Some(*place) == case.place && !self.is_major(*at, made));
            let removed: BTreeSet<&Key> = small.flat_map(|(_, made)| &made.removed).collect();
            case.idea.within.is_some()
                && !searched.stepped.contains(at)
                && case.wanted.iter().any(|key| !removed.contains(key))
        };
        order.iter().copied().filter(is_wanting).take(MOST).map(Task::Smaller).collect()
    }

    /// Whether a change takes the package of an idea a major step away.
    fn is_major(&self, at: usize, made: &Made) -> bool {
        let package = &self.cases[at].idea.package;
        let moved = made.moved.iter().filter(|moved| moved.package == package.package());
        let ends = moved.filter_map(|moved| package.version().zip(moved.to.last()));
        ends.into_iter().any(|(from, to)| is_major(from, to))
    }

    /// Tries it, in the way that changes the least. Who locks the newest that is allowed has had that tried.
    pub(super) fn smaller(&self, at: usize) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let case = &self.cases[at];
        let Some((number, place, ground)) = self.ground_of(&[at], &mut answer) else {
            return Ok(answer);
        };
        let Some(to) = self.smaller_version(at)? else { return Ok(answer) };
        let can = |way: &Way| match way {
            Way::Relock => self.relocks(at) && !place.tool.moves_all(),
            Way::Raise | Way::Override => true,
            _ => false,
        };
        for way in case.idea.ways.iter().copied().filter(can) {
            let Some(proposal) = case.idea.proposal(way, &to) else { continue };
            match self.along(place, ground, &proposal, &case.wanted)? {
                Ok(made) => {
                    answer.made.push((number, made));
                    break;
                }
                // Why the whole cannot be done is told, and not why a part of it cannot.
                Err(Refused::Time) => {
                    answer.tried.push((at, proposal.to_string(), Refused::Time));
                    break;
                }
                Err(_) => {}
            }
        }
        Ok(answer)
    }

    /// The version to ask for: the one that mends, or a later one of its line that brings no finding in.
    fn smaller_version(&self, at: usize) -> Result<Option<Box<str>>, Diagnostic> {
        let idea = self.cases[at].idea;
        let Some(named) = idea.within.clone() else { return Ok(None) };
        if !self.comes_with(&idea.package, &named)? {
            return Ok(Some(named));
        }
        let lifted = self.lift(&idea.package, &named)?;
        let from = idea.package.version().unwrap_or_default();
        Ok(lifted.filter(|to| !is_major(from, to)))
    }
}

fn is_major(from: &str, to: &str) -> bool {
    distance(from, to) == Some(Distance::Major)
}
