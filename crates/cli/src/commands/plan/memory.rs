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
use trimtab_model::plan::{Placement, Plan, Problem, Slot, Window};
use trimtab_report::one_line;
use trimtab_report::plan::json::{Asked, Batch, Document};

use super::candidate::Candidate;
use super::closed::Closed;
use super::last;
use super::place::Place;
use crate::commands::rhythm::Rhythm;
use crate::io::Io;
use crate::{agreement, say};

/// What was planned stays in its window unless that costs a larger share of the load-days that the best plan saves.
const STAYS: f64 = 0.05;
/// Fewer points than this are none.
const LEAST: f64 = 0.005;
/// The word of the window of what is done at once.
const NOW: &str = "now";

/// What is remembered.
#[derive(Default)]
pub(super) struct Memory {
    last: Option<Document>,
    open: Vec<Unmerged>,
    closed: Closed,
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
    /// Which requests are closed.
    closed: Closed,
}

impl Memory {
    /// What is known of a repository, without asking anybody. Where git cannot tell, that is said, and the plan is
    /// made without.
    pub(super) fn of(folder: &Path, io: &mut Io) -> Memory {
        let mut open = unmerged(&agreement::repository(folder)).unwrap_or_else(|unknown| {
            say::diagnostics(io, std::iter::once(&unknown), false);
            Vec::new()
        });
        let closed = Closed::of(folder, io);
        // What a closed request left is no change that waits.
        open.retain(|open| !closed.has(&open.tips));
        Memory { last: last::read(folder, io), open, closed }
    }

    /// What the candidates of today were before.
    pub(super) fn before(
        &self,
        candidates: &[Candidate],
        places: &[Place],
        rhythm: &Rhythm,
    ) -> Before {
        let mut before = Before { closed: self.closed.clone(), ..Before::default() };
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
        let urgent = self.urgent(problem);
        for (candidate, (name, slot)) in &self.open {
            let slot = if urgent.contains(name.as_str()) { Slot::Now } else { *slot };
            if let Some(of) = problem.candidates.get_mut(*candidate) {
                of.place = place(&of.place, name);
            }
            problem.accepted.push(Placement { candidate: *candidate, slot });
        }
        for team in &mut problem.teams {
            team.open = self.others;
        }
        let best = plan(problem)?;
        let is_there = |kept: &Placement| {
            let mut there = best.batches.iter().filter(|batch| batch.slot == kept.slot);
            there.any(|batch| batch.candidates.contains(&kept.candidate))
        };
        if self.kept.iter().all(is_there) {
            return Ok(best);
        }
        let made = again(problem, &self.kept, STAYS)?.plan;
        // What was only planned takes no more than a window has now, though it runs; and it does not stay where another one
        // has left it nothing to remove.
        let (full, vain) = (full(problem, &made), vain(&made));
        let fits = |kept: &Placement| !full.contains(&kept.slot) && !vain.contains(&kept.candidate);
        let within: Vec<Placement> = self.kept.iter().copied().filter(fits).collect();
        match within.len() == self.kept.len() {
            true => Ok(made),
            false => Ok(again(problem, &within, STAYS)?.plan),
        }
    }

    /// Open batches that wait for no window: the charter says *now* of something that they remove.
    fn urgent(&self, problem: &Problem) -> BTreeSet<&str> {
        let is_now = |finding: &usize| problem.findings.get(*finding).is_some_and(|f| f.now);
        let is_urgent = |candidate: &usize| {
            let of = problem.candidates.get(*candidate);
            of.is_some_and(|of| of.removes.iter().any(is_now))
        };
        let open = self.open.iter().filter(|(candidate, _)| is_urgent(candidate));
        open.map(|(_, (name, _))| name.as_str()).collect()
    }

    /// The name of the open batch that some candidates are.
    pub(super) fn name(&self, candidates: &[usize]) -> Option<&str> {
        let first = self.open.get(candidates.first()?)?;
        Some(&first.0)
    }

    /// Why people do not want a batch of these actions. `None`: nothing is known of that.
    pub(super) fn refused(&self, actions: &[String]) -> Option<&str> {
        self.closed.why(actions)
    }
}

/// Windows that run and of which a plan takes more points than a whole window has: elsewhere it does not. Of those that run
/// a part of the days is gone, and what was planned for them stays. What is dear has one to itself.
fn full(problem: &Problem, made: &Plan) -> Vec<Slot> {
    let windows = || problem.teams.first().into_iter().flat_map(|team| &team.windows);
    let whole = windows().map(|window| window.points).fold(0.0, f64::max);
    let is_full = |(at, window): (usize, &Window)| {
        let slot = Slot::Window(at);
        let of = || made.batches.iter().filter(|batch| batch.slot == slot);
        let points: f64 = of().map(|batch| batch.points).sum();
        let several = of().map(|batch| batch.candidates.len()).sum::<usize>() > 1;
        let runs = window.start <= problem.now;
        (runs && several && points > whole + LEAST).then_some(slot)
    };
    windows().enumerate().filter_map(is_full).collect()
}

/// The candidates of batches that remove nothing: what comes before them has removed all of it.
fn vain(made: &Plan) -> BTreeSet<usize> {
    let batches = made.batches.iter().filter(|batch| batch.removes.is_empty());
    batches.flat_map(|batch| batch.candidates.iter().copied()).collect()
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

#[cfg(test)]
mod tests {
    use trimtab_model::Level;
    use trimtab_model::plan::{Finding, Team};

    use super::*;

    fn at(day: &str) -> Timestamp {
        format!("2026-06-{day}T09:00:00Z").parse().unwrap()
    }

    /// Two changes of one file and two windows, of which the first runs.
    fn problem(points: f64, first_is_now: bool) -> Problem {
        let finding = |id: &str, now: bool| Finding {
            id: id.into(),
            team: 0,
            level: Level::Critical,
            weight: 1.0,
            deadline: None,
            now,
            exploited: now,
            blocker: None,
        };
        let candidate = |id: &str, removes: usize| trimtab_model::plan::Candidate {
            id: id.into(),
            team: 0,
            place: "a.lock".into(),
            least: 1.0,
            most: 1.0,
            confidence: 1.0,
            removes: vec![removes],
            needs: Vec::new(),
            choice: None,
            quarantine: None,
        };
        let window = |name: &str, start: &str, end: &str| Window {
            name: name.into(),
            start: at(start),
            end: at(end),
            points,
            least: Level::Low,
        };
        Problem {
            now: at("01"),
            at_once: at("02"),
            horizon: at("30"),
            late: 1.0,
            zone: jiff::tz::TimeZone::UTC,
            teams: vec![Team {
                id: "web".into(),
                windows: vec![window("first", "01", "10"), window("second", "11", "20")],
                open_limit: None,
                open: 0,
            }],
            findings: vec![finding("a", first_is_now), finding("b", false)],
            candidates: vec![candidate("up-a", 0), candidate("up-b", 1)],
            accepted: Vec::new(),
            freezes: Vec::new(),
        }
    }

    #[test]
    fn what_is_to_be_done_now_does_not_wait_in_its_window() {
        let mut problem = problem(9.0, true);
        let open = |name: &str| (name.to_owned(), Slot::Window(1));
        let before = Before {
            open: BTreeMap::from([(0, open("second-a")), (1, open("second-b"))]),
            ..Before::default()
        };
        before.plan(&mut problem).unwrap();
        let slots: Vec<Slot> = problem.accepted.iter().map(|placed| placed.slot).collect();
        assert_eq!(slots, [Slot::Now, Slot::Window(1)]);
    }

    #[test]
    fn what_another_leaves_nothing_to_does_not_stay() {
        let mut problem = problem(9.0, false);
        // It came into the plan, and removes what was planned for the second window as well.
        problem.candidates[1].removes = vec![0, 1];
        let kept = vec![Placement { candidate: 0, slot: Slot::Window(1) }];
        let before = Before { kept, ..Before::default() };
        let plan = before.plan(&mut problem).unwrap();
        let candidates: Vec<&[usize]> =
            plan.batches.iter().map(|batch| batch.candidates.as_slice()).collect();
        assert_eq!(candidates, [&[1][..]]);
    }

    #[test]
    fn what_was_only_planned_does_not_take_more_than_a_running_window_has() {
        let placed = |candidate: usize| Placement { candidate, slot: Slot::Window(0) };
        let first = |points: f64| -> usize {
            let mut problem = problem(points, false);
            let before = Before { kept: vec![placed(0), placed(1)], ..Before::default() };
            let plan = before.plan(&mut problem).unwrap();
            let of = plan.batches.iter().filter(|batch| batch.slot == Slot::Window(0));
            of.map(|batch| batch.candidates.len()).sum()
        };
        assert_eq!((first(2.0), first(1.0)), (2, 1));
    }
}
