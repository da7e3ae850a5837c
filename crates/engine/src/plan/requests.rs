//! One request per advisory, as bots open them: at once, for every advisory that has an action.

use jiff::Timestamp;
use trimtab_model::plan::Problem;

use super::ground::POINT;
use super::simulate::{Done, Past, by_start};
use super::ways::{State, frozen, levels, ready};

/// A request that is open.
struct Request {
    asked: Timestamp,
    candidate: usize,
    now: bool,
}

/// Every advisory's cheapest action as soon as it is possible. What is *now* is done at once, out of the
/// points that come next; the rest the oldest first, as fast as the points of the windows allow. A
/// request whose findings something else has removed by its turn, or whose package was given up, costs no points, but
/// was opened.
pub(super) fn per_advisory(past: &Past) -> Vec<Done> {
    let mut state = State::new(past);
    for team in past.ground.teams.iter().copied() {
        of_team(past, &mut state, team);
    }
    state.done
}

fn of_team(past: &Past, state: &mut State, team: usize) {
    let problem = &past.line.problem;
    let windows = by_start(past, team);
    let lasts = problem.at_once.duration_since(problem.now);
    let mut open = requests(past, team);
    // Per finding: when it was gone from production.
    let mut gone: Vec<Option<Timestamp>> = vec![None; problem.findings.len()];
    // Per candidate: until when its request was open, without end once it is worked on. Others share it till then.
    let mut stood: Vec<Option<Timestamp>> = vec![None; problem.candidates.len()];
    // Points flow evenly through each window.
    let mut clock = problem.now;
    while let Some(next) = open.first() {
        let begin = clock.max(next.asked);
        // What is *now* and asked for by then comes first.
        let asked = open.iter().take_while(|r| r.asked <= begin);
        let first = asked.enumerate().find(|(_, r)| r.now).map_or(0, |(at, _)| at);
        let Request { asked, candidate, now } = open.remove(first);
        let begin = if now { asked } else { begin };
        let of = &problem.candidates[candidate];
        // What is gone by then is not told of, and nothing is opened for it.
        let before = |f: &usize| gone[*f].is_some_and(|at| at <= asked) || !past.lasts(*f, asked);
        if stood[candidate] >= Some(asked) || of.removes.iter().all(before) {
            continue;
        }
        let number = state.done.len() + 1;
        let mut work = Done { candidate, asked, by: None, now, request: number };
        let there = |f: &usize| past.lasts(*f, begin) && past.line.appears[*f] <= begin;
        let open = |f: &usize| !state.handled[*f] && there(f);
        let serves =
            of.removes.iter().any(open) || (!of.needs.is_empty() && of.removes.iter().any(there));
        if state.spent[candidate] || !serves || !ready(past, state, candidate) {
            stood[candidate] = Some(begin);
            state.done.push(work);
            continue;
        }
        stood[candidate] = Some(Timestamp::MAX);
        let cost = past.ground.candidates[candidate].cost as f64 / POINT;
        let worked = worked(problem, team, &windows, clock.max(asked), cost);
        work.by = match (now, worked) {
            (true, _) => asked.checked_add(lasts).ok(),
            (false, Some(by)) => {
                let levels = levels(past, state, candidate, begin);
                let freeze = problem.freezes.iter().filter(|f| (f.from..f.to).contains(&by));
                let last = freeze.map(|f| f.to).max();
                Some(last.filter(|_| frozen(past, &levels, by)).unwrap_or(by))
            }
            // Nobody comes to it within the time.
            (false, None) => None,
        };
        match work.by {
            Some(by) => {
                for finding in &of.removes {
                    let first = gone[*finding].get_or_insert(by);
                    *first = by.min(*first);
                }
                state.take(past, work);
            }
            None => state.done.push(work),
        }
        clock = worked.unwrap_or(if now { problem.horizon } else { clock });
    }
}

/// The requests of a team, one for each advisory, the first one first.
fn requests(past: &Past, team: usize) -> Vec<Request> {
    let problem = &past.line.problem;
    let mut all: Vec<(&str, Request)> = Vec::new();
    for finding in past.ground.findings.iter().copied() {
        let of = &problem.findings[finding];
        if of.team != team {
            continue;
        }
        let appears = past.line.appears[finding].max(problem.now);
        // The first that is possible; of several at once, the cheapest.
        let possible = past.by_cost[finding].iter().map(|c| (past.possible(*c).max(appears), *c));
        let Some((asked, candidate)) = possible.min_by_key(|(at, _)| *at) else { continue };
        if asked < problem.horizon && past.lasts(finding, asked) {
            all.push((&of.id, Request { asked, candidate, now: of.now }));
        }
    }
    all.sort_by_key(|(id, r)| (r.asked, !r.now, *id));
    all.into_iter().map(|(_, request)| request).collect()
}

/// When so many points are worked that are begun at a moment.
fn worked(
    problem: &Problem,
    team: usize,
    windows: &[(usize, Timestamp, Timestamp)],
    begin: Timestamp,
    mut cost: f64,
) -> Option<Timestamp> {
    for (w, start, end) in windows.iter().filter(|(_, _, end)| *end > begin) {
        let length = (end.as_second() - start.as_second()).max(1) as f64;
        let from = begin.max(*start).as_second();
        let points = problem.teams[team].windows[*w].points;
        let here = points * (end.as_second() - from).max(0) as f64 / length;
        if cost <= here && points > 0.0 {
            let seconds = cost / points * length;
            return Timestamp::from_second(from + seconds.ceil() as i64).ok();
        }
        cost -= here;
    }
    None
}
