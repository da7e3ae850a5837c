//! The load over time under the plan, and what happens if nothing is done.

use trimtab_model::plan::{Course, Nothing, Slot};

use super::ground::{Ground, POINT, UNIT};
use super::view::View;

/// The load from now on: a point for each moment at which it falls, the first one now.
pub(super) fn course(view: &View) -> Vec<Course> {
    let (ground, problem) = (view.ground, view.ground.problem);
    let mut times: Vec<_> = view.gone.iter().filter_map(|gone| gone.map(|(at, _)| at)).collect();
    times.push(problem.now);
    times.sort_unstable();
    times.dedup();
    let nothing = ground.load(0..problem.findings.len());
    let mut gone: Vec<(jiff::Timestamp, usize)> = Vec::new();
    for (finding, by) in view.gone.iter().enumerate() {
        gone.extend(by.map(|(at, _)| (at, finding)));
    }
    gone.sort_unstable();
    let mut left = gone.len();
    let mut load = ground.load(gone.iter().map(|(_, f)| *f));
    let stays = nothing - load;
    let mut course = Vec::with_capacity(times.len());
    for at in times {
        let from = gone.len() - left;
        let falls: Vec<usize> =
            gone.iter().skip(from).take_while(|(t, _)| *t <= at).map(|(_, f)| *f).collect();
        left -= falls.len();
        load -= ground.load(falls);
        // Thousandths are what is summed.
        let load = ((load + stays) * UNIT).round() / UNIT;
        course.push(Course { at, load, nothing });
    }
    course
}

/// What happens if nothing is done.
pub(super) fn nothing(ground: &Ground) -> Nothing {
    let problem = ground.problem;
    let all = 0..problem.findings.len();
    let load: i64 = all.map(|f| ground.counts(f, problem.horizon).0).sum();
    let mut missed: Vec<usize> = ground.findings.clone();
    missed.retain(|f| problem.findings[*f].deadline.is_some_and(|due| due < problem.horizon));
    missed.sort_by_key(|f| problem.findings[*f].deadline);
    Nothing { load_days: load as f64 / UNIT, missed }
}

/// Slots whose accepted actions are more than the team gives.
pub(super) fn overfull(ground: &Ground) -> Vec<(usize, Slot, f64)> {
    let problem = ground.problem;
    let mut over = Vec::new();
    for team in &ground.teams {
        for (at, span) in ground.slots[*team].iter().enumerate() {
            let Slot::Window(window) = span.slot else { continue };
            let here = |c: &usize| {
                let slot = ground.accepted[*c];
                problem.candidates[*c].team == *team
                    && (slot == Some(span.slot) || at == 1 && slot == Some(Slot::Now))
            };
            let used: i64 =
                ground.stays.iter().copied().filter(here).map(|c| ground.candidates[c].cost).sum();
            let points = problem.teams[*team].windows[window].points;
            let more = used as f64 / POINT - points;
            if more > 1e-6 {
                over.push((*team, span.slot, (more * POINT).round() / POINT));
            }
        }
    }
    over
}
