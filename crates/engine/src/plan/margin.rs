//! What one more point in a window would do.

use rayon::prelude::*;
use trimtab_model::plan::{Margin, Slot};

use super::board::Board;
use super::ground::{Ground, POINT, UNIT};
use super::parts::part_of;
use super::placing::Placing;
use super::search;
use super::solve::{Part, settle};
use super::view::View;

/// For every window in which one more point does something, what; found by changing the plan.
pub(super) fn margins(view: &View) -> Vec<Margin> {
    let mut all: Vec<Margin> =
        view.parts.par_iter().flat_map_iter(|part| of_part(view, part)).collect();
    let place = |team: usize| view.ground.teams.iter().position(|t| *t == team);
    all.sort_by_cached_key(|m| {
        (
            place(m.team),
            view.ground.slots[m.team].iter().position(|s| s.slot == Slot::Window(m.window)),
        )
    });
    all
}

fn of_part(view: &View, part: &Part) -> Vec<Margin> {
    let before = part.on(&part.board);
    let mut board = part.board.clone();
    let mut margins = Vec::new();
    for slot in 0..part.board.slots.len() {
        let Slot::Window(window) = part.board.slots[slot].span.slot else { continue };
        // Where everything fits, one more changes nothing.
        let items = 0..part.board.items.len();
        let here = items.filter(|item| part.board.items[*item].allowed.contains(&slot));
        let most = here.map(|item| part.board.cost(slot, item)).max();
        if most.is_none_or(|cost| before.has_room(slot, cost)) {
            continue;
        }
        board.slots[slot].whole += POINT as i64;
        board.slots[slot].room += POINT as i64;
        let mut after = part.on(&board);
        search::use_room(&mut after, slot);
        let is = (part.board.slots[slot].team, window);
        margins.extend(margin(view.ground, is, &before, &after));
        board.slots[slot].whole -= POINT as i64;
        board.slots[slot].room -= POINT as i64;
    }
    margins
}

/// The difference of two placings of one board.
fn margin(
    ground: &Ground,
    (team, window): (usize, usize),
    before: &Placing,
    after: &Placing,
) -> Option<Margin> {
    let saves = after.saves() - before.saves();
    if saves <= 0 {
        return None;
    }
    let problem = ground.problem;
    let removed = |placing: &Placing| -> std::collections::BTreeSet<usize> {
        let placed = (0..placing.board.items.len()).filter(|i| placing.at(*i).is_some());
        let placed =
            placed.map(|i| placing.board.items[i].candidate).chain(ground.stays.iter().copied());
        placed.flat_map(|c| problem.candidates[c].removes.iter().copied()).collect()
    };
    let had = removed(before);
    let mut removes: Vec<usize> = removed(after).difference(&had).copied().collect();
    removes.sort_unstable_by_key(|f| &problem.findings[*f].id);
    let new = |i: &usize| after.at(*i).is_some() && before.at(*i).is_none();
    let mut adds: Vec<usize> =
        (0..after.board.items.len()).filter(new).map(|i| after.board.items[i].candidate).collect();
    adds.sort_unstable_by_key(|c| ground.rank[*c].1);
    let load = ground.load(removes.iter().copied());
    Some(Margin { team, window, saves: saves as f64 / UNIT, adds, removes, load })
}

/// The same by planning the team anew.
pub(super) fn anew(ground: &Ground, team: usize, window: usize) -> Option<Margin> {
    let part = Part::new(ground, &part_of(ground.problem, team));
    let before = part.on(&part.board);
    let mut board: Board = part.board.clone();
    let here = |s: &super::board::Square| s.team == team && s.span.slot == Slot::Window(window);
    let slot = board.slots.iter().position(here)?;
    board.slots[slot].whole += POINT as i64;
    board.slots[slot].room += POINT as i64;
    let mut changed = part.on(&board);
    search::use_room(&mut changed, slot);
    let (mut after, _) = settle(&board, part.most.max(1));
    if changed.merit() > after.merit() {
        after = changed;
    }
    margin(ground, (team, window), &before, &after)
}
