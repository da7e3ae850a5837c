//! What a plan leaves, and why.

use trimtab_model::plan::{Because, Item, Left, Slot};

use super::ground::{Barrier, POINT};
use super::view::View;

/// Findings that stay, by name, then actions that are not taken, by name.
pub(super) fn left(view: &View) -> Vec<Left> {
    let problem = view.ground.problem;
    let mut left = Vec::new();
    for finding in view.ground.findings.iter().copied().filter(|f| view.gone[*f].is_none()) {
        let because = finding_stays(view, finding);
        left.push(Left { what: Item::Finding(finding), because });
    }
    let mut rest: Vec<usize> = (0..problem.candidates.len()).collect();
    rest.retain(|c| view.placed[*c].is_none());
    rest.sort_unstable_by_key(|c| view.ground.rank[*c].1);
    for candidate in rest {
        let because = not_taken(view, candidate);
        left.push(Left { what: Item::Candidate(candidate), because });
    }
    left
}

/// Of the reasons of everything that could remove a finding, the one that is nearest to being
/// resolved.
fn finding_stays(view: &View, finding: usize) -> Because {
    let candidates = &view.removed_by[finding];
    let reasons = candidates.iter().filter(|c| view.placed[**c].is_none());
    // Of several that only lack points, the one that lacks the fewest.
    let far = |because: &Because| match because {
        Because::Capacity(points) | Because::TooDear(points, _) | Because::Few(points, ..) => {
            (0, (points * POINT) as i64)
        }
        Because::Limit => (1, 0),
        Because::Blocked(_) => (2, 0),
        Because::Superseded(_) => (3, 0),
        Because::Frozen(_) => (4, 0),
        Because::Quarantine(_) => (5, 0),
        Because::NoWindow => (6, 0),
        Because::NothingGained | Because::NoCandidate(_) => (7, 0),
    };
    let nearest = reasons.map(|c| not_taken(view, *c)).min_by_key(far);
    match nearest {
        Some(because) => because,
        // What is placed and has not removed it by the horizon comes too late to count.
        None if !candidates.is_empty() => Because::NothingGained,
        None => Because::NoCandidate(view.ground.problem.findings[finding].blocker.clone()),
    }
}

fn not_taken(view: &View, candidate: usize) -> Because {
    let (ground, problem) = (view.ground, view.ground.problem);
    let of = &problem.candidates[candidate];
    if let Some(choice) = &of.choice {
        let mut others = ground.of_team.iter().flatten().copied();
        if view.item[candidate].is_none_or(|(part, item)| taken(view, part, item))
            && let Some(other) = others.find(|c| {
                view.placed[*c].is_some() && problem.candidates[*c].choice.as_ref() == Some(choice)
            })
        {
            return Because::Superseded(other);
        }
    }
    let Some((part, item)) = view.item[candidate] else {
        let spans = ground.slots[of.team].iter();
        let windows = spans.filter(|s| s.slot != Slot::Now);
        let barriers: Vec<_> = windows.map(|s| ground.barrier(candidate, *s)).collect();
        let blocked = || of.needs.iter().copied().find(|n| view.placed[*n].is_none());
        if barriers.contains(&None) {
            let points = ground.candidates[candidate].cost as f64 / POINT;
            return blocked().map_or(dear(view, candidate, points), Because::Blocked);
        }
        let mut worst = Because::NoWindow;
        for barrier in barriers.into_iter().flatten() {
            match barrier {
                Barrier::Quarantine(until) => return Because::Quarantine(until),
                Barrier::Frozen(freeze) => worst = Because::Frozen(freeze),
                Barrier::NotNow | Barrier::Past | Barrier::Level => {}
            }
        }
        return worst;
    };
    let (board, placing) = (&view.parts[part].board, &view.placings[part]);
    let piece = &board.items[item];
    let worth: Vec<usize> =
        piece.allowed.iter().copied().filter(|s| placing.gain(item, *s) > 0).collect();
    if worth.is_empty() {
        let needed =
            piece.needed_by.iter().find(|by| view.placed[board.items[**by].candidate].is_none());
        if let Some(by) = needed.filter(|_| piece.classes.is_empty()) {
            // Whoever needs it is not taken, so that nothing needs it.
            return not_taken(view, board.items[*by].candidate);
        }
        let by = of.removes.iter().filter_map(|f| view.gone[*f]).map(|(_, by)| by).next();
        return by.map_or(Because::NothingGained, Because::Superseded);
    }
    let missing: Vec<usize> =
        piece.needs.iter().copied().filter(|n| placing.at(*n).is_none()).collect();
    let cost = piece.cost + missing.iter().map(|n| board.items[*n].cost).sum::<i64>();
    let has_room = |slot: usize| placing.has_room(slot, board.cost(slot, item));
    let room = worth.iter().filter(|s| has_room(**s));
    match room.into_iter().any(|s| placing.has_batch(*s, piece.place)) {
        // There is room for it alone: what it needs finds none.
        true if !missing.is_empty() => Because::Blocked(board.items[missing[0]].candidate),
        false if worth.iter().any(|s| has_room(*s)) => Because::Limit,
        _ => dear(view, candidate, cost as f64 / POINT),
    }
}

/// Why what costs so many points finds no room: all windows are full, or none could ever hold it.
fn dear(view: &View, candidate: usize, points: f64) -> Because {
    let (ground, problem) = (view.ground, view.ground.problem);
    let of = &problem.candidates[candidate];
    let windows = &problem.teams[of.team].windows;
    let most = windows.iter().map(|window| window.points).fold(0.0, f64::max);
    if points > most && of.least > most {
        return Because::TooDear(points, most);
    }
    // A window that takes other levels may have room.
    let open = ground.slots[of.team].iter().filter_map(|span| match span.slot {
        Slot::Window(window) => ground.barrier(candidate, *span).is_none().then_some(window),
        Slot::Now => None,
    });
    let open: Vec<usize> = open.collect();
    match open.is_empty() || open.len() == windows.len() {
        true => Because::Capacity(points),
        false => Because::Few(points, of.team, open),
    }
}

/// Whether another item of an item's choice is placed.
fn taken(view: &View, part: usize, item: usize) -> bool {
    let (board, placing) = (&view.parts[part].board, &view.placings[part]);
    board.items[item]
        .choice
        .is_some_and(|c| board.choices[c].iter().any(|i| placing.at(*i).is_some()))
}
