//! By severity, for a simulation: what a team does that works by scores. Points that are left over
//! are saved as in planning (see [`super::ways`]).

use jiff::Timestamp;
use trimtab_model::Level;

use super::ground::{POINT, takes};
use super::simulate::{Done, Past, by_start};
use super::ways::{State, frozen, levels, ready};

/// Some windows that are filled together.
struct Room {
    start: Timestamp,
    end: Timestamp,
    points: i64,
    /// The least level that goes into it.
    least: Level,
}

/// At the start of every window the open findings by severity, then the oldest, each by the cheapest
/// action that fits. `monthly`: all windows that begin in thirty days are one, released at its end.
pub(super) fn by_severity(past: &Past, monthly: bool) -> Vec<Done> {
    let problem = &past.line.problem;
    let mut state = State::new(past);
    let mut order: Vec<usize> = past.ground.findings.clone();
    order.sort_by(|a, b| {
        let age = |f: &usize| past.line.appears[*f];
        past.line.severity[*b].total_cmp(&past.line.severity[*a]).then(age(a).cmp(&age(b)))
    });
    for team in past.ground.teams.iter().copied() {
        let own: Vec<usize> =
            order.iter().copied().filter(|f| problem.findings[*f].team == team).collect();
        let rooms = rooms(past, team, monthly);
        let most = rooms.iter().map(|room| room.points).max().unwrap_or(0);
        let mut saved = 0;
        for room in rooms {
            // What took more than its window had is paid back first.
            let left = room.points - at_once(past, &mut state, &own, room.start) + saved.min(0);
            saved = fill(past, &mut state, &own, &room, (left, saved.max(0), most));
        }
        at_once(past, &mut state, &own, problem.horizon);
    }
    state.done
}

/// The windows of a team in the order of their starts.
fn rooms(past: &Past, team: usize, monthly: bool) -> Vec<Room> {
    let mut rooms: Vec<Room> = Vec::new();
    for (w, start, end) in by_start(past, team) {
        let window = &past.line.problem.teams[team].windows[w];
        let (points, least) = ((window.points * POINT) as i64, window.least);
        match rooms.last_mut().filter(|room| monthly && within_month(room.start, start)) {
            Some(room) => {
                room.end = room.end.max(end);
                room.points += points;
                room.least = room.least.min(least);
            }
            None => rooms.push(Room { start, end, points, least }),
        }
    }
    rooms
}

/// Fills a window with its points that are left, then adds what costs more than any window (`most`)
/// from what is left over and what was saved. What costs more than the window, though not at its
/// minimum, has it to itself, as in a plan. Returns what is then saved; less than nothing is owed.
fn fill(
    past: &Past,
    state: &mut State,
    own: &[usize],
    room: &Room,
    (mut left, saved, most): (i64, i64, i64),
) -> i64 {
    let at = room.start;
    let cost = |c: usize| past.ground.candidates[c].cost;
    let work =
        |candidate| Done { candidate, asked: at, by: Some(room.end), now: false, request: 0 };
    let may = |state: &State, c: usize| {
        let levels = levels(past, state, c, at);
        !state.spent[c]
            && past.fits(c, at, room.end)
            && ready(past, state, c)
            && levels.iter().max().is_some_and(|gravest| *gravest >= room.least)
            && !frozen(past, &levels, room.end)
    };
    let open = |state: &State, finding: usize| {
        past.line.appears[finding] <= at && past.lasts(finding, at) && !state.handled[finding]
    };
    let whole = left;
    let mut dear = Vec::new();
    for finding in own.iter().copied() {
        if !open(state, finding) {
            continue;
        }
        let possible = || past.by_cost[finding].iter().copied().filter(|c| may(state, *c));
        // They come cheapest first.
        let Some(cheapest) = possible().next() else { continue };
        let least = past.ground.candidates[cheapest].least;
        if takes(cost(cheapest), least, whole) <= left {
            left -= cost(cheapest);
            state.take(past, work(cheapest));
        } else if cost(cheapest) > most {
            dear.push((finding, cheapest));
        }
    }
    let mut left = saved + left;
    let mut waits = false;
    for (finding, candidate) in dear {
        if !open(state, finding) || !may(state, candidate) {
            continue;
        }
        if cost(candidate) > left {
            waits = true;
            continue;
        }
        left -= cost(candidate);
        state.take(past, work(candidate));
    }
    if waits { left } else { left.min(0) }
}

/// What is *now* is done at once in every way, out of the points of the next window that begins: those points.
fn at_once(past: &Past, state: &mut State, own: &[usize], until: Timestamp) -> i64 {
    let problem = &past.line.problem;
    let mut points = 0;
    for finding in own.iter().copied().filter(|f| problem.findings[*f].now) {
        let appears = past.line.appears[finding].max(problem.now);
        let possible =
            |c: &usize| !state.spent[*c] && past.possible(*c) <= until && ready(past, state, *c);
        let first = past.by_cost[finding].iter().copied().find(possible);
        let open = appears <= until && !state.handled[finding];
        let asked = first.map(|candidate| appears.max(past.possible(candidate)));
        if let (Some(candidate), Some(asked)) = (first, asked)
            && open
            && past.lasts(finding, asked)
        {
            let lasts = problem.at_once.duration_since(problem.now);
            let by = asked.checked_add(lasts).unwrap_or(asked);
            points += past.ground.candidates[candidate].cost;
            state.take(past, Done { candidate, asked, by: Some(by), now: true, request: 0 });
        }
    }
    points
}

fn within_month(start: Timestamp, then: Timestamp) -> bool {
    then.as_second() - start.as_second() < 30 * 86_400
}
