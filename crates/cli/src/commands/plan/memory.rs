//! What was planned before: the last plan of the repository, and which of its batches are carried out and wait on a
//! branch. What is open stays one batch under its name for as long as its actions are the same; what was planned stays in
//! its window unless that costs too much. So planning again does not take away what people look at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use trimtab_connect::apply::{Unmerged, unmerged};
use trimtab_engine::plan::kept::again;
use trimtab_engine::plan::{Wrong, plan};
use trimtab_model::Proposal;
use trimtab_model::plan::{Placement, Plan, Problem, Slot};
use trimtab_report::one_line;
use trimtab_report::plan::json::{Asked, Batch, Document};

use super::candidate::Candidate;
use super::last;
use super::place::Place;
use crate::commands::rhythm::Rhythm;
use crate::io::Io;
use crate::{agreement, say};

/// What was planned stays in its window unless that costs a larger share of the load-days that the best plan saves.
const STAYS: f64 = 0.05;
/// The word of the window of what is done at once.
const NOW: &str = "now";

/// What is remembered.
#[derive(Default)]
pub(super) struct Memory {
    last: Option<Document>,
    open: Vec<Unmerged>,
}

/// What candidates were before, by position.
#[derive(Default)]
pub(super) struct Before {
    /// Of what waits on a branch: the name of its batch, and its slot.
    pub(super) open: BTreeMap<usize, (String, Slot)>,
    /// What was planned for a window that is still there.
    kept: Vec<Placement>,
    /// Branches that were sent and are not in the last plan: they count to what is open.
    pub(super) others: u32,
}

impl Memory {
    /// What is known of a repository, without asking anybody. Where git cannot tell, that is said, and the plan is
    /// made without.
    pub(super) fn of(folder: &Path, io: &mut Io) -> Memory {
        let open = unmerged(&agreement::repository(folder)).unwrap_or_else(|unknown| {
            say::diagnostics(io, std::iter::once(&unknown), false);
            Vec::new()
        });
        Memory { last: last::read(folder, io), open }
    }

    /// What the candidates of today were before.
    pub(super) fn before(
        &self,
        candidates: &[Candidate],
        places: &[Place],
        rhythm: &Rhythm,
    ) -> Before {
        let mut before = Before::default();
        // Without it, it is not known which of the open ones the plan takes over.
        let Some(last) = &self.last else { return before };
        let is_known = |open: &&Unmerged| last.batches.iter().any(|b| b.name == open.batch);
        before.others = count(self.open.iter().filter(|open| !is_known(open)));
        let mut by: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let place = places.get(candidate.place).map(|place| place.name.to_string());
            let key = (place.unwrap_or_default(), asked(&candidate.made.proposal));
            by.entry(key).or_insert(at);
        }
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        for batch in &last.batches {
            let was = slot(last, batch, rhythm);
            let open = self.open.iter().find(|open| open.batch == batch.name);
            // What was left out when it was carried out is on no branch.
            let (missed, done): (Vec<&String>, Vec<&String>) = batch
                .actions
                .iter()
                .partition(|name| open.is_some_and(|open| open.left.contains(&one_line(name))));
            let known =
                |name: &String| action(last, name).and_then(|action| by.get(&action).copied());
            let of: Vec<Option<usize>> = done.into_iter().map(known).collect();
            let same: Option<Vec<usize>> = of.iter().copied().collect();
            let missed: Vec<usize> = missed.into_iter().filter_map(known).collect();
            let window = was.filter(|slot| *slot != Slot::Now);
            let placed = |candidate: usize| Some(Placement { candidate, slot: window? });
            match same.filter(|same| {
                open.is_some() && !same.is_empty() && same.iter().all(|c| !taken.contains(c))
            }) {
                Some(same) => {
                    // Its window is over, and it still waits: it is for the one that runs.
                    let slot = was.unwrap_or(Slot::Window(0));
                    taken.extend(&same);
                    before.open.extend(same.into_iter().map(|c| (c, (batch.name.clone(), slot))));
                }
                None => before.kept.extend(of.into_iter().flatten().filter_map(placed)),
            }
            before.kept.extend(missed.into_iter().filter_map(placed));
        }
        before.kept.retain(|p| !taken.contains(&p.candidate));
        before
    }
}

impl Before {
    /// Plans, with what was before in mind. What waits on a branch stays one batch by itself.
    ///
    /// # Errors
    /// The problem cannot be planned.
    pub(super) fn plan(&self, problem: &mut Problem) -> Result<Plan, Wrong> {
        for (candidate, (name, slot)) in &self.open {
            if let Some(of) = problem.candidates.get_mut(*candidate) {
                of.place = place(&of.place, name);
            }
            problem.accepted.push(Placement { candidate: *candidate, slot: *slot });
        }
        for team in &mut problem.teams {
            team.open = self.others;
        }
        let best = plan(problem)?;
        let is_there = |kept: &Placement| {
            let mut there = best.batches.iter().filter(|batch| batch.slot == kept.slot);
            there.any(|batch| batch.candidates.contains(&kept.candidate))
        };
        match self.kept.iter().all(is_there) {
            true => Ok(best),
            false => Ok(again(problem, &self.kept, STAYS)?.plan),
        }
    }

    /// The name of the open batch that some candidates are.
    pub(super) fn name(&self, candidates: &[usize]) -> Option<&str> {
        let first = self.open.get(candidates.first()?)?;
        Some(&first.0)
    }
}

/// What is open is carried out already, and is a batch beside what is new in its place; before it, in the order of names.
fn place(place: &str, batch: &str) -> Box<str> {
    format!(" {place} ({batch})").into()
}

/// How many of them were sent.
fn count<'u>(all: impl Iterator<Item = &'u Unmerged>) -> u32 {
    u32::try_from(all.filter(|open| open.sent).count()).unwrap_or(u32::MAX)
}

/// Where a batch was, in the windows of today. `None`: its window is over, or is none any longer.
fn slot(last: &Document, batch: &Batch, rhythm: &Rhythm) -> Option<Slot> {
    if batch.window == NOW {
        return Some(Slot::Now);
    }
    let window = last.rhythm.windows.iter().find(|window| window.name == batch.window)?;
    let start = window.start.parse::<Timestamp>().ok()?;
    let mut windows = rhythm.windows.iter();
    windows.position(|window| window.start == start).map(Slot::Window)
}

/// What an action of a name asks in a place. `None`: it is not in the plan.
fn action(last: &Document, name: &str) -> Option<(String, String)> {
    let action = last.actions.iter().find(|action| action.name == name)?;
    Some((action.place.clone(), asked(&action.proposal.read()?)))
}

/// A proposal as it is asked, to be compared.
fn asked(proposal: &Proposal) -> String {
    serde_json::to_string(&Asked::of(proposal)).unwrap_or_default()
}
