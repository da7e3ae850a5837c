//! The planner in a simulation: what it would do when, with what was known then; and what was done,
//! in any way of working.
//!
//! What a window leaves over is saved for the next one while an action waits that costs more than
//! any window of its team has, and is the only way to remove something. As soon as the saved points
//! and what the window leaves over suffice, the action is done in that window. So the points that
//! were spent by the end of a window are never more than those of all windows up to it. The planner
//! itself knows nothing of saved points: a plan has none.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_model::Level;
use trimtab_model::plan::{Placement, Problem, Slot, Team};

use super::check::{Wrong, check};
use super::ground::{Ground, POINT, Span};
use super::simulate::{Done, Past};
use super::solve::{Part, solve};

/// How many windows of a team are planned at a time: as many as `trimtab plan` and the server look
/// ahead by default. What is later is planned anew before it begins.
const AHEAD: usize = 6;

/// The planner, anew at the start of every window and when something is *now*. What is put into the
/// window that begins is done in it; the rest is planned again.
pub(super) fn planned(past: &Past) -> Result<Vec<Done>, Wrong> {
    let problem = &past.line.problem;
    let mut times: BTreeSet<Timestamp> = BTreeSet::from([problem.now]);
    for windows in &past.ground.slots {
        times.extend(windows.iter().map(|s| s.start));
    }
    for (finding, of) in problem.findings.iter().enumerate() {
        if of.now {
            times.insert(past.line.appears[finding].max(problem.now));
        }
    }
    times.retain(|at| *at < problem.horizon);
    let mut state = State::new(past);
    for at in times {
        state.step(past, at)?;
    }
    Ok(state.done)
}

/// What is open, and what was done.
pub(super) struct State {
    pub(super) done: Vec<Done>,
    /// Per finding: something was asked for that removes it.
    pub(super) handled: Vec<bool>,
    /// Per candidate: it was asked for, or one of its choice that leaves it nothing to remove.
    pub(super) spent: Vec<bool>,
    /// Per team and window: points that *now* took from it before it began.
    taken: Vec<Vec<i64>>,
    /// Per team: points that windows left over, for what costs more than any of them has.
    saved: Vec<i64>,
}

impl State {
    pub(super) fn new(past: &Past) -> State {
        let problem = &past.line.problem;
        State {
            done: Vec::new(),
            handled: vec![false; problem.findings.len()],
            spent: vec![false; problem.candidates.len()],
            taken: problem.teams.iter().map(|t| vec![0; t.windows.len()]).collect(),
            saved: vec![0; problem.teams.len()],
        }
    }

    /// What was worked on.
    pub(super) fn take(&mut self, past: &Past, done: Done) {
        let of = &past.line.problem.candidates[done.candidate];
        for finding in &of.removes {
            self.handled[*finding] = true;
        }
        self.spent[done.candidate] = true;
        if let Some(choice) = &of.choice {
            for (other, is) in past.line.problem.candidates.iter().enumerate() {
                // What one way has left, another may remove later.
                let nothing = || is.removes.iter().all(|f| self.handled[*f]);
                self.spent[other] |= is.choice.as_ref() == Some(choice) && nothing();
            }
        }
        self.done.push(done);
    }

    fn step(&mut self, past: &Past, at: Timestamp) -> Result<(), Wrong> {
        let known = Known::new(past, self, at);
        let order = check(&known.problem)?;
        let ground = Ground::new(&known.problem, &order);
        // Between the starts of windows only what is now is decided.
        let begins = known.problem.teams.iter().flat_map(|t| &t.windows).any(|w| w.start <= at);
        let parts = if begins { solve(&ground) } else { Vec::new() };
        let now = ground.stays.iter().map(|c| Placement { candidate: *c, slot: Slot::Now });
        let all: Vec<Placement> = now.chain(parts.iter().flat_map(Part::placements)).collect();
        for placement in &all {
            let candidate = known.candidates[placement.candidate];
            let team = past.line.problem.candidates[candidate].team;
            match placement.slot {
                Slot::Now => {
                    let lasts = past.line.problem.at_once.duration_since(past.line.problem.now);
                    let by = at.checked_add(lasts).unwrap_or(at);
                    self.take(
                        past,
                        Done { candidate, asked: at, by: Some(by), now: true, request: 0 },
                    );
                    // From the first window that is left.
                    if let Some(first) = known.windows[team].first() {
                        self.taken[team][*first] += past.ground.candidates[candidate].cost;
                    }
                }
                Slot::Window(w) => {
                    let window = &known.problem.teams[team].windows[w];
                    if window.start <= at {
                        let by = window.end;
                        // What is more than the window has goes on into the next.
                        let over = past.ground.candidates[candidate].cost
                            - (window.points * POINT).round() as i64;
                        if let (true, Some(next)) = (over > 0, known.windows[team].get(w + 1)) {
                            self.taken[team][*next] += over;
                        }
                        self.take(
                            past,
                            Done { candidate, asked: at, by: Some(by), now: false, request: 0 },
                        );
                    }
                }
            }
        }
        for (team, of) in known.problem.teams.iter().enumerate() {
            for (w, _) in of.windows.iter().enumerate().filter(|(_, window)| window.start <= at) {
                self.save(past, &known, &ground, (team, w), &all);
            }
        }
        Ok(())
    }

    /// What a window that was filled leaves over goes to what costs more than any window, or is saved for it.
    fn save(
        &mut self,
        past: &Past,
        known: &Known,
        ground: &Ground,
        (team, w): (usize, usize),
        placed: &[Placement],
    ) {
        let (problem, slot) = (&known.problem, Slot::Window(w));
        let Some(span) = ground.span(team, slot) else { return };
        let window = &problem.teams[team].windows[w];
        let of_team = |p: &&Placement| problem.candidates[p.candidate].team == team;
        let here = || placed.iter().filter(of_team).filter(|p| p.slot == slot);
        // What is done at once takes from the first window.
        let now = placed.iter().filter(of_team).filter(|p| w == 0 && p.slot == Slot::Now);
        let spent: i64 = here().chain(now).map(|p| ground.candidates[p.candidate].cost).sum();
        let mut places: BTreeSet<&str> =
            here().map(|p| &*problem.candidates[p.candidate].place).collect();
        let choice = |c: usize| problem.candidates[c].choice.as_deref();
        let mut chosen: BTreeSet<&str> =
            placed.iter().filter_map(|p| choice(p.candidate)).collect();
        let mut left = self.saved[team] + (window.points * POINT) as i64 - spent;
        let mut waits = false;
        for candidate in known.dear(past, self, ground, (team, span)) {
            let of = &problem.candidates[candidate];
            let open = |f: &usize| !self.handled[known.findings[*f]];
            if !of.removes.iter().any(open) {
                continue;
            }
            let again = of.choice.as_deref().is_some_and(|choice| chosen.contains(choice));
            let limit = problem.teams[team].open_limit.map_or(usize::MAX, |n| n as usize);
            let one_more = !places.contains(&*of.place) && places.len() >= limit;
            let cost = ground.candidates[candidate].cost;
            if again || one_more || cost > left {
                waits = true;
                continue;
            }
            left -= cost;
            places.insert(&of.place);
            chosen.extend(of.choice.as_deref());
            let (candidate, by) = (known.candidates[candidate], Some(span.end));
            self.take(past, Done { candidate, asked: problem.now, by, now: false, request: 0 });
        }
        self.saved[team] = if waits { left.max(0) } else { 0 };
    }
}

/// What is known at a moment, as a problem of its own.
struct Known {
    problem: Problem,
    /// Its findings' indexes in the timeline.
    findings: Vec<usize>,
    /// Its candidates' indexes in the timeline.
    candidates: Vec<usize>,
    /// Per team: its windows' indexes in the timeline, by end.
    windows: Vec<Vec<usize>>,
}

impl Known {
    fn new(past: &Past, state: &State, at: Timestamp) -> Known {
        let whole = &past.line.problem;
        let mut windows = Vec::with_capacity(whole.teams.len());
        let mut teams = Vec::with_capacity(whole.teams.len());
        // The end of the window after the last one that is planned, as what is done in that one counts, too.
        let mut horizon = None;
        for (team, of) in whole.teams.iter().enumerate() {
            // A window that runs was decided on when it began.
            let mut left: Vec<usize> = (0..of.windows.len())
                .filter(|w| of.windows[*w].start.max(whole.now) >= at)
                .collect();
            left.sort_by_key(|w| (of.windows[*w].end, of.windows[*w].start));
            let after = left.get(AHEAD).map_or(whole.horizon, |w| of.windows[*w].end);
            horizon = horizon.max(Some(after));
            left.truncate(AHEAD);
            let open = left.iter().map(|w| {
                let mut window = of.windows[*w].clone();
                let taken = state.taken[team][*w] as f64 / POINT;
                window.points = (window.points - taken).max(0.0);
                window
            });
            teams.push(Team { windows: open.collect(), ..of.clone() });
            windows.push(left);
        }
        let mut place = vec![None; whole.findings.len()];
        let mut findings = Vec::new();
        let mut indexes = Vec::new();
        for (finding, of) in whole.findings.iter().enumerate() {
            if past.line.appears[finding] <= at
                && past.lasts(finding, at)
                && !state.handled[finding]
            {
                place[finding] = Some(findings.len());
                findings.push(of.clone());
                indexes.push(finding);
            }
        }
        let mut candidates: Vec<usize> = Vec::new();
        let mut index = vec![None; whole.candidates.len()];
        let mut list = Vec::new();
        for (candidate, of) in whole.candidates.iter().enumerate() {
            let removes: Vec<usize> = of.removes.iter().filter_map(|f| place[*f]).collect();
            let known = past.line.available[candidate] <= at && !state.spent[candidate];
            if known
                && (!removes.is_empty()
                    || past.ground.candidates[candidate].levels.len() > of.removes.len())
            {
                index[candidate] = Some(list.len());
                candidates.push(candidate);
                list.push(trimtab_model::plan::Candidate { removes, ..of.clone() });
            }
        }
        // What was done already is needed no longer; what is not possible yet blocks.
        let blocked = |need: &usize| index[*need].is_none() && !state.spent[*need];
        for (candidate, is) in candidates.iter().zip(&mut list) {
            let needs = &whole.candidates[*candidate].needs;
            if needs.iter().any(blocked) {
                is.removes.clear();
            }
            is.needs = needs.iter().filter_map(|n| index[*n]).collect();
        }
        let lasts = whole.at_once.duration_since(whole.now);
        let problem = Problem {
            now: at,
            at_once: at.checked_add(lasts).unwrap_or(at),
            horizon: horizon.unwrap_or(whole.horizon),
            teams,
            findings,
            candidates: list,
            accepted: Vec::new(),
            late: whole.late,
            zone: whole.zone.clone(),
            freezes: whole.freezes.clone(),
        };
        Known { problem, findings: indexes, candidates, windows }
    }

    /// The actions that cost more than any window of a team has, may be done in a window, and are the only ones to
    /// remove something; what removes most for a point first.
    fn dear(
        &self,
        past: &Past,
        state: &State,
        ground: &Ground,
        (team, span): (usize, Span),
    ) -> Vec<usize> {
        let is_dear = |c: usize| past.dear[self.candidates[c]];
        let all = &self.problem.candidates;
        let mut other = vec![false; self.problem.findings.len()];
        // What needs something dear waits as that does.
        let mut waits: Vec<bool> = (0..all.len()).map(is_dear).collect();
        let mut by_chain: Vec<usize> = (0..all.len()).collect();
        by_chain.sort_by_key(|c| ground.rank[*c].0);
        for candidate in by_chain {
            let of = &all[candidate];
            waits[candidate] |= of.needs.iter().any(|need| waits[*need]);
            if !waits[candidate] {
                of.removes.iter().for_each(|finding| other[*finding] = true);
            }
        }
        let may = |c: &usize| {
            let of = &all[*c];
            of.team == team
                && is_dear(*c)
                && of.removes.iter().any(|finding| !other[*finding])
                && ready(past, state, self.candidates[*c])
                && ground.barrier(*c, span).is_none()
        };
        let mut dear: Vec<usize> = (0..all.len()).filter(may).collect();
        let worth = |c: usize| {
            ground.load(all[c].removes.iter().copied()) / ground.candidates[c].cost.max(1) as f64
        };
        dear.sort_by(|a, b| {
            worth(*b).total_cmp(&worth(*a)).then_with(|| ground.rank[*a].cmp(&ground.rank[*b]))
        });
        dear
    }
}

/// Whether all that a candidate needs was asked for.
pub(super) fn ready(past: &Past, state: &State, candidate: usize) -> bool {
    past.line.problem.candidates[candidate].needs.iter().all(|n| state.spent[*n])
}

/// The levels of what a candidate would remove of what is known and there.
pub(super) fn levels(past: &Past, state: &State, candidate: usize, at: Timestamp) -> Vec<Level> {
    let removes = past.line.problem.candidates[candidate].removes.iter();
    let open = removes.filter(|f| !state.handled[**f] && past.line.appears[**f] <= at);
    open.filter(|f| past.lasts(**f, at)).map(|f| past.line.problem.findings[*f].level).collect()
}

/// Whether nothing of these levels is released at a moment.
pub(super) fn frozen(past: &Past, levels: &[Level], end: Timestamp) -> bool {
    past.line.problem.freezes.iter().any(|freeze| {
        (freeze.from..freeze.to).contains(&end)
            && !levels.iter().any(|level| freeze.except.contains(level))
    })
}
