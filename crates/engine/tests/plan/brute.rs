//! Planning by trying everything, in other words than the planner's: what a placement must hold,
//! what it counts, and the least that any of them counts.

use jiff::Timestamp;
use trimtab_model::plan::{Placement, Problem, Slot};

fn span(problem: &Problem, placement: Placement) -> (Timestamp, Timestamp) {
    match placement.slot {
        Slot::Now => (problem.now, problem.at_once),
        Slot::Window(w) => {
            let window = &problem.teams[problem.candidates[placement.candidate].team].windows[w];
            (window.start.max(problem.now), window.end)
        }
    }
}

fn points(problem: &Problem, candidate: usize) -> f64 {
    let of = &problem.candidates[candidate];
    let points = (of.least + of.most) / 2.0 / of.confidence.max(0.1);
    (points * 100.0).round() / 100.0
}

/// All candidates that need one, itself included.
fn served(problem: &Problem, candidate: usize) -> Vec<usize> {
    let mut all = vec![candidate];
    let mut next = 0;
    while next < all.len() {
        for (other, of) in problem.candidates.iter().enumerate() {
            if of.needs.contains(&all[next]) && !all.contains(&other) {
                all.push(other);
            }
        }
        next += 1;
    }
    all
}

/// Whether one candidate may be where it is put, whatever else is done.
fn may(problem: &Problem, placement: Placement) -> bool {
    let of = &problem.candidates[placement.candidate];
    let served = served(problem, placement.candidate);
    let findings: Vec<_> = served
        .iter()
        .flat_map(|c| &problem.candidates[*c].removes)
        .map(|f| &problem.findings[*f])
        .collect();
    let (start, end) = span(problem, placement);
    let slot_takes_it = match placement.slot {
        Slot::Now => findings.iter().any(|f| f.now),
        Slot::Window(w) => {
            let window = &problem.teams[of.team].windows[w];
            end > problem.now && findings.iter().any(|f| f.level >= window.least)
        }
    };
    // A window that ends after the quarantine may have it; what is done at once may not wait.
    let waits = placement.slot != Slot::Now;
    let old_enough = of.quarantine.is_none_or(|until| until <= start || (waits && until < end));
    let frozen = problem.freezes.iter().any(|freeze| {
        (freeze.from <= end && end < freeze.to)
            && !findings.iter().any(|f| freeze.except.contains(&f.level))
    });
    slot_takes_it && (old_enough || findings.iter().any(|f| f.exploited)) && !frozen
}

/// Whether placements, the accepted ones among them, hold every rule. What was accepted is not asked.
pub(crate) fn holds(problem: &Problem, placed: &[Placement]) -> bool {
    let accepted = |p: &Placement| problem.accepted.contains(p);
    if !problem.accepted.iter().all(|a| placed.contains(a)) {
        return false;
    }
    let at = |candidate: usize| placed.iter().find(|p| p.candidate == candidate).copied();
    for new in placed.iter().filter(|p| !accepted(p)) {
        let of = &problem.candidates[new.candidate];
        let alone = placed.iter().filter(|p| p.candidate == new.candidate).count() == 1;
        let chosen = of.choice.is_none()
            || placed
                .iter()
                .all(|p| p == new || problem.candidates[p.candidate].choice != of.choice);
        let (start, end) = span(problem, *new);
        let needs = of.needs.iter().all(|need| {
            at(*need).is_some_and(|n| {
                let same = problem.candidates[*need].team == of.team;
                span(problem, n).1 <= if same { end } else { start }
            })
        });
        if !alone || !chosen || !needs || !may(problem, *new) {
            return false;
        }
    }
    (0..problem.teams.len()).all(|team| team_holds(problem, team, placed))
}

fn team_holds(problem: &Problem, team: usize, placed: &[Placement]) -> bool {
    let of = &problem.teams[team];
    let here = |slot: Slot| {
        let own = placed
            .iter()
            .filter(move |p| p.slot == slot && problem.candidates[p.candidate].team == team);
        let (old, new): (Vec<&Placement>, Vec<&Placement>) =
            own.partition(|p| problem.accepted.contains(p));
        (old, new)
    };
    let sum =
        |list: &[&Placement]| -> f64 { list.iter().map(|p| points(problem, p.candidate)).sum() };
    let mut windows: Vec<usize> = (0..of.windows.len()).collect();
    windows.sort_by_key(|w| (of.windows[*w].end, of.windows[*w].start, &of.windows[*w].name));
    for (order, w) in windows.iter().enumerate() {
        let (old, new) = here(Slot::Window(*w));
        let mut used = sum(&old) + sum(&new);
        if order == 0 {
            let (old, new) = here(Slot::Now);
            used += sum(&old) + sum(&new);
        }
        // What is dearer than a window has it to itself, if the least of it fits.
        let cap = of.windows[*w].points;
        let heavy: Vec<_> = new.iter().filter(|p| points(problem, p.candidate) > 0.0).collect();
        let alone = match &heavy[..] {
            [one] => {
                let least = problem.candidates[one.candidate].least;
                cap > 0.0 && used <= points(problem, one.candidate) + 1e-9 && least <= cap + 1e-6
            }
            _ => false,
        };
        if sum(&new) > 0.0 && used > cap + 1e-6 && !alone {
            return false;
        }
        let places = |list: &[&Placement]| {
            let names = list.iter().map(|p| &*problem.candidates[p.candidate].place);
            names.collect::<std::collections::BTreeSet<&str>>()
        };
        let (had, adds) = (places(&old), places(&new));
        let fresh = adds.difference(&had).count();
        let open = if order == 0 { of.open as usize } else { 0 };
        if let Some(limit) = of.open_limit
            && fresh > 0
            && had.len() + fresh + open > limit as usize
        {
            return false;
        }
    }
    true
}

/// What placements count.
pub(crate) fn objective(problem: &Problem, placed: &[Placement]) -> f64 {
    let mut sum = 0.0;
    for (index, finding) in problem.findings.iter().enumerate() {
        let by = placed.iter().filter(|p| problem.candidates[p.candidate].removes.contains(&index));
        let until = by.map(|p| span(problem, *p).1).min().unwrap_or(problem.horizon);
        let until = until.min(problem.horizon);
        let days = |from: Timestamp| {
            (until.as_second() - from.max(problem.now).as_second()).max(0) as f64 / 86_400.0
        };
        let late = finding.deadline.map_or(0.0, days) * problem.late;
        sum += finding.weight * (days(problem.now) + late);
    }
    sum
}

/// Whether what is done at once removes the weightiest of what is *now* that can be removed at once,
/// for the least points.
pub(crate) fn now_is_least(problem: &Problem, placed: &[Placement]) -> bool {
    let mut free: Vec<usize> = (0..problem.candidates.len()).collect();
    free.retain(|c| !problem.accepted.iter().any(|a| a.candidate == *c));
    let merit = |placed: &[Placement]| {
        let (mut stays, mut cost) = (0.0, 0.0);
        for (index, finding) in problem.findings.iter().enumerate().filter(|(_, f)| f.now) {
            let gone = placed.iter().any(|p| {
                problem.candidates[p.candidate].removes.contains(&index)
                    && span(problem, *p).1 <= problem.at_once
            });
            stays += if gone { 0.0 } else { 1.0 + finding.weight };
        }
        for new in placed.iter().filter(|p| !problem.accepted.contains(p)) {
            cost += points(problem, new.candidate);
        }
        (stays, cost)
    };
    let at_once: Vec<Placement> = placed
        .iter()
        .filter(|p| p.slot == Slot::Now || problem.accepted.contains(p))
        .copied()
        .collect();
    let is = merit(&at_once);
    let mut least = (f64::INFINITY, f64::INFINITY);
    for chosen in 0..1_u32 << free.len() {
        let taken = free.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1);
        let new = taken.map(|(_, c)| Placement { candidate: *c, slot: Slot::Now });
        let all: Vec<Placement> = problem.accepted.iter().copied().chain(new).collect();
        let other = merit(&all);
        if other < least && holds(problem, &all) {
            least = other;
        }
    }
    (is.0 - least.0).abs() < 1e-9 && (is.1 - least.1).abs() < 1e-6
}

/// The least that any placement counts, with what `placed` does at once.
pub(crate) fn least(problem: &Problem, placed: &[Placement]) -> f64 {
    let now = placed.iter().filter(|p| p.slot == Slot::Now && !problem.accepted.contains(p));
    let mut start: Vec<Placement> = problem.accepted.iter().chain(now).copied().collect();
    let mut free: Vec<usize> = (0..problem.candidates.len()).collect();
    free.retain(|c| !start.iter().any(|a| a.candidate == *c));
    let mut best = f64::INFINITY;
    go(problem, &free, &mut start, &mut best);
    best
}

fn go(problem: &Problem, free: &[usize], placed: &mut Vec<Placement>, best: &mut f64) {
    let Some((candidate, rest)) = free.split_first() else {
        if holds(problem, placed) {
            *best = best.min(objective(problem, placed));
        }
        return;
    };
    go(problem, rest, placed, best);
    for window in 0..problem.teams[problem.candidates[*candidate].team].windows.len() {
        let placement = Placement { candidate: *candidate, slot: Slot::Window(window) };
        // What cannot be there at all need not be tried with everything else.
        if may(problem, placement) {
            placed.push(placement);
            go(problem, rest, placed, best);
            placed.pop();
        }
    }
}
