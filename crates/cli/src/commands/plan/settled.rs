//! A plan that holds: what two actions share is paid once, batches are carried out as they would be, and what does not go
//! together is planned again without it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_engine::action::Open;
use trimtab_model::plan::{Freeze, Plan, Problem};
use trimtab_model::{Code, Diagnostic};

use super::answer;
use super::broke::Broke;
use super::candidate::{Candidate, Denied, Material};
use super::later_copy;
use super::memory::{Before, Memory};
use super::place::Place;
use super::problem;
use super::search::Search;
use super::shared::{self, Paid, Prices};
use super::stack::{Clash, Stacked, stack};
use super::words::Explained;
use crate::commands::rhythm::Rhythm;
use crate::io::Io;
use crate::progress::Progress;

/// How often is planned again when actions do not go together.
const ROUNDS: usize = 4;

/// What every plan of a run is made with.
pub(super) struct Planner<'p> {
    pub(super) rhythm: &'p Rhythm,
    pub(super) open: &'p [Open],
    pub(super) places: &'p [Place],
    pub(super) explained: &'p [Explained],
    pub(super) freezes: Vec<Freeze>,
    pub(super) material: &'p Material<'p>,
    pub(super) memory: &'p Memory,
    /// What broke tests before and is not planned again. `None`: all may be.
    pub(super) broke: Option<&'p Broke>,
    pub(super) now: Timestamp,
}

/// A plan with the problem that it solves, and what was planned before it.
struct Drawn {
    problem: Problem,
    plan: Plan,
    before: Before,
}

/// The plan that is told.
pub(super) struct Settled {
    /// What is left of the candidates, at the prices of the plan.
    pub(super) candidates: Vec<Candidate>,
    pub(super) problem: Problem,
    pub(super) plan: Plan,
    pub(super) before: Before,
    /// What was left out, since it does not go with something else.
    pub(super) clashed: Denied,
    /// The batches as they were carried out. `None`: nobody tried, or they did not go together to the end.
    pub(super) stacked: Option<Vec<Stacked>>,
}

impl Planner<'_> {
    /// Plans, and tries the batches where there is somebody to try them with.
    ///
    /// # Errors
    /// The index is damaged, or the problem cannot be planned.
    pub(super) fn settle(
        &self,
        mut candidates: Vec<Candidate>,
        search: Option<&Search<'_>>,
        io: &mut Io,
    ) -> Result<Settled, Diagnostic> {
        let mut prices = Prices::new();
        let mut drawn = self.draw_shared(&mut candidates, &mut prices)?;
        let (mut clashed, mut stacked) = (Denied::new(), None);
        if let Some(search) = search {
            let mut progress = Progress::new(io);
            for round in 1..=ROUNDS {
                let phase = match round {
                    1 => "Trying batches".to_owned(),
                    n => format!("Trying batches, round {n}"),
                };
                let mut tell = |done: usize, all: usize| {
                    progress.report(&phase, done as u64, all as u64, false);
                };
                let (tried, mut clashes) = stack(search, &candidates, &drawn.plan, &mut tell)?;
                if clashes.is_empty() {
                    stacked = Some(tried);
                    break;
                }
                let mut others = Vec::new();
                for clash in &mut clashes {
                    others.extend(later_copy::instead(search, self.material, &candidates, clash)?);
                }
                leave_out(&mut candidates, clashes, &mut clashed);
                candidates.extend(others.into_iter().filter(|other| !self.is_broken(other)));
                candidates.sort_by(|a, b| a.name.cmp(&b.name));
                drawn = self.draw_shared(&mut candidates, &mut prices)?;
            }
        }
        let Drawn { problem, plan, before } = drawn;
        Ok(Settled { candidates, problem, plan, before, clashed, stacked })
    }

    fn is_broken(&self, candidate: &Candidate) -> bool {
        self.broke.is_some_and(|broke| answer::broke(broke, candidate, self.places).is_some())
    }

    /// Plans with what two actions raise paid once; `prices` are those that were lowered by the plan before this one.
    fn draw_shared(
        &self,
        candidates: &mut [Candidate],
        prices: &mut Prices,
    ) -> Result<Drawn, Diagnostic> {
        shared::restore(candidates, prices);
        let first = self.draw(candidates, None)?;
        let paid = shared::paid(candidates, &shared::slots(&first.plan));
        *prices = shared::discount(candidates, &paid, self.material);
        if prices.is_empty() {
            return Ok(first);
        }
        let next = self.draw(candidates, Some((&paid, prices)))?;
        if shared::holds(&paid, &shared::slots(&next.plan)) {
            return Ok(next);
        }
        shared::restore(candidates, prices);
        Ok(first)
    }

    fn draw(
        &self,
        candidates: &[Candidate],
        shared: Option<(&Paid, &Prices)>,
    ) -> Result<Drawn, Diagnostic> {
        let mut problem = problem::problem(self, candidates);
        if let Some((paid, prices)) = shared {
            shared::bind(&mut problem, paid, prices);
        }
        let before = self.memory.before(candidates, self.places, self.rhythm);
        match before.plan(&mut problem) {
            Ok(plan) => Ok(Drawn { problem, plan, before }),
            Err(wrong) => {
                let message = format!("the plan cannot be made: {wrong}");
                let help = "this is a bug in Trimtab: please report it";
                Err(Diagnostic::new(Code::Usage, message).help(help))
            }
        }
    }
}

/// Takes out what does not go with something else, and notes why.
fn leave_out(candidates: &mut Vec<Candidate>, clashes: Vec<Clash>, clashed: &mut Denied) {
    let out: BTreeSet<usize> = clashes.iter().map(|clash| clash.candidate).collect();
    for clash in clashes {
        let candidate = &candidates[clash.candidate];
        clashed.push((candidate.name.clone(), clash.why, candidate.removes.clone()));
    }
    let mut at = 0;
    candidates.retain(|_| {
        at += 1;
        !out.contains(&(at - 1))
    });
}
