//! Planning: which actions, in which windows, so that risk falls fastest with the work that teams
//! give.
//!
//! **What is minimised**, over all findings *f*: weight(f) × (days until f is gone + late × days
//! past its deadline until it is gone). A finding is gone at the end of the slot of the earliest
//! action that removes it, or counts to the horizon. Of plans that are equal in this, fewer batches
//! are better, then less cost, then what need not wait for its age, then the order of names.
//!
//! **Subject to:**
//!
//! - An action is in one slot or none. Of a choice, one action is taken.
//! - An action comes after or with what it needs.
//! - It does not come before its version leaves quarantine, unless it removes a known exploited
//!   finding. The window in which the quarantine ends may have it, from then on.
//! - It is not in a freeze that does not except its level.
//! - It is at or above the window's least level.
//! - The planned points of a window stay within the team's points, and the number of open batches
//!   within its limit.
//!
//! What people accepted stays where it is, whatever rule it breaks. What the charter calls *now* is
//! decided before: the least points that remove all of it, at once. They are taken from the first
//! window and never refused.
//!
//! **How:** teams that share nothing are planned separately. Prices for items and for what they
//! remove give the bound; what the windows take most often at these prices, and local search, give
//! the plan. Small problems are solved exactly, as integer programs (crate `microlp`). The reported
//! gap is the difference between plan and bound. There is no clock in it, and the order of the
//! input does not matter: see `docs/decisions/0022-planning.md`.

mod batches;
mod board;
mod check;
mod course;
mod ground;
pub mod kept;
pub mod learn;
mod left;
mod margin;
mod now;
mod parts;
mod placing;
mod price;
mod program;
mod requests;
mod sack;
mod search;
mod severity;
pub mod simulate;
mod solve;
pub mod tell;
mod view;
mod ways;
mod windows;

use jiff::SignedDuration;
use trimtab_model::plan::{Margin, Plan, Problem, Worth};

pub use check::{MOST, Wrong};
pub use ground::reckoned;
pub use windows::{freezes, windows};

use ground::{Ground, UNIT};
use view::View;

/// What is begun at once is taken to be through after this time.
pub const AT_ONCE: SignedDuration = SignedDuration::from_hours(24);
/// A day after its deadline counts twice.
pub const LATE: f64 = 1.0;

/// Plans. The same problem gives the same plan, in whatever order its members come.
pub fn plan(problem: &Problem) -> Result<Plan, Wrong> {
    let order = check::check(problem)?;
    let ground = Ground::new(problem, &order);
    let parts = solve::solve(&ground);
    let view = View::new(&ground, &parts);
    let worth = view.worth(parts.iter().map(|part| part.most - part.saves).sum());
    Ok(Plan {
        batches: batches::batches(&view),
        left: left::left(&view),
        margins: margin::margins(&view),
        worth,
        course: course::course(&view),
        nothing: course::nothing(&ground),
        overfull: course::overfull(&ground),
    })
}

/// What one more point in a window of a team would do, by planning again with it. The margins of a
/// plan are found by changing the plan, and may be less; this one is as exact as the plan.
pub fn one_more(problem: &Problem, team: usize, window: usize) -> Result<Option<Margin>, Wrong> {
    let order = check::check(problem)?;
    let missing = || Wrong::Missing("the question", "one more point".into(), "window");
    let windows = &problem.teams.get(team).ok_or_else(missing)?.windows;
    if window >= windows.len() {
        return Err(missing());
    }
    let ground = Ground::new(problem, &order);
    Ok(margin::anew(&ground, team, window))
}

impl View<'_> {
    /// How good the plan is; `missing` is what a better one might save, in thousandths of a load-day.
    fn worth(&self, missing: i64) -> Worth {
        let (mut load, mut late, mut missed) = (0, 0, 0);
        for (finding, of) in self.ground.problem.findings.iter().enumerate() {
            let until = self.gone[finding].map_or(self.ground.problem.horizon, |(at, _)| at);
            let (days, more) = self.ground.counts(finding, until);
            load += days;
            late += more;
            let due = of.deadline.filter(|due| *due < self.ground.problem.horizon);
            missed += usize::from(due.is_some_and(|due| until > due));
        }
        let objective = load + late;
        let bound = (objective - missing.max(0)).max(0);
        Worth {
            objective: objective as f64 / UNIT,
            bound: bound as f64 / UNIT,
            gap: (objective - bound) as f64 / objective.max(1) as f64,
            load_days: load as f64 / UNIT,
            missed,
        }
    }
}
