//! Good placings without a proof: building one in an order, and changing it while that makes it
//! better. Every step is tried in the order of names, so that the result is always the same.

use std::cmp::Reverse;

use super::board::Board;
use super::placing::Placing;

/// Rounds of changes; a round without one ends the search.
const ROUNDS: usize = 12;
/// Exchanges that are tried in a round, at the most.
const EXCHANGES: usize = 60_000;

/// Places what saves most for a point first, each as early as it fits.
pub(super) fn by_worth<'b>(board: &'b Board) -> Placing<'b> {
    let mut placing = Placing::empty(board);
    fill(&mut placing);
    placing
}

/// Places by a list, where it fits, and then what saves most.
pub(super) fn by_list<'b>(board: &'b Board, list: &[(usize, usize)]) -> Placing<'b> {
    let mut placing = Placing::empty(board);
    for (item, slot) in list {
        if placing.at(*item).is_none() && placing.gain(*item, *slot) > 0 {
            placing.put_with_needs(*item, *slot);
        }
    }
    fill(&mut placing);
    placing
}

/// Places exactly what a list says, in its order; items come after what they need. What saves
/// nothing is removed again unless something needs it, and then what saves most is added.
pub(super) fn exactly<'b>(board: &'b Board, list: &[(usize, usize)]) -> Placing<'b> {
    let mut placing = Placing::empty(board);
    for (item, slot) in list {
        placing.put(*item, *slot);
    }
    tidy(&mut placing);
    fill(&mut placing);
    placing
}

/// Takes away all that saves nothing and nobody needs, last what others needed.
pub(super) fn tidy(placing: &mut Placing) {
    for item in (0..placing.board.items.len()).rev() {
        drop_idle(placing, item);
    }
}

/// Adds what saves most for a point, until nothing fits that saves anything.
fn fill(placing: &mut Placing) {
    let board = placing.board;
    let mut open: Vec<usize> = (0..board.items.len()).collect();
    loop {
        let mut worths: Vec<(Reverse<i128>, usize)> = Vec::with_capacity(open.len());
        for item in &open {
            worths.extend(worth(placing, *item).map(|worth| (Reverse(worth), *item)));
        }
        worths.sort_unstable();
        let mut put = false;
        for (was, item) in worths {
            // What went in before may have taken its worth: it is looked at again in the next round.
            if placing.at(item).is_some() || worth(placing, item).map(Reverse) != Some(was) {
                continue;
            }
            let allowed = board.items[item].allowed.iter().copied();
            let mut slots: Vec<usize> = allowed.filter(|s| placing.gain(item, *s) > 0).collect();
            slots.sort_by_key(|s| Reverse(placing.gain(item, *s)));
            put |= slots.into_iter().any(|s| placing.put_with_needs(item, s).is_some());
        }
        if !put {
            break;
        }
        open.retain(|i| placing.at(*i).is_none());
    }
}

/// What an item saves at best, for all points that it brings with it.
fn worth(placing: &Placing, item: usize) -> Option<i128> {
    let board = placing.board;
    let mut gain = board.items[item].allowed.iter().map(|s| placing.gain(item, *s)).max()?;
    let (mut cost, mut chain, mut next) = (0, vec![item], 0);
    while let Some(of) = chain.get(next).copied() {
        cost += board.items[of].cost;
        if of != item {
            let first = board.items[of].allowed.first();
            gain += first.map_or(0, |s| placing.gain(of, *s));
        }
        for need in &board.items[of].needs {
            if placing.at(*need).is_none() && !chain.contains(need) {
                chain.push(*need);
            }
        }
        next += 1;
    }
    (gain > 0).then(|| i128::from(gain) * 1_000_000 / i128::from(cost.max(1)))
}

/// Changes a placing while that makes it better.
pub(super) fn improve(placing: &mut Placing) {
    for _ in 0..ROUNDS {
        let before = placing.merit();
        let mut left = EXCHANGES;
        for item in 0..placing.board.items.len() {
            drop_idle(placing, item);
            shift(placing, item);
            exchange(placing, item, &mut left);
        }
        if placing.merit() <= before {
            break;
        }
    }
}

/// Takes away what saves nothing and nobody needs.
fn drop_idle(placing: &mut Placing, item: usize) {
    let Some(slot) = placing.at(item) else { return };
    let (before, board) = (placing.merit(), placing.board);
    if board.items[item].needed_by.iter().any(|by| placing.at(*by).is_some()) {
        return;
    }
    placing.take(item);
    if placing.merit() < before {
        let restored = placing.put(item, slot);
        debug_assert!(restored, "what was there fits there");
    }
}

/// Moves an item to where it is worth more, or places it.
fn shift(placing: &mut Placing, item: usize) {
    let board = placing.board;
    for slot in &board.items[item].allowed {
        if placing.at(item) == Some(*slot) {
            continue;
        }
        let before = placing.merit();
        let from = placing.take(item);
        let put = placing.put_with_needs(item, *slot);
        let good = put.is_some() && placing.dependants_hold(item) && placing.merit() > before;
        if !good {
            for of in put.into_iter().flatten().rev() {
                placing.take(of);
            }
            if let Some(from) = from {
                placing.put(item, from);
            }
        }
    }
}

/// Puts an item where another one is, and that one where this one was, later, or nowhere.
fn exchange(placing: &mut Placing, item: usize, left: &mut usize) {
    let board = placing.board;
    for slot in &board.items[item].allowed {
        let here = placing.at(item);
        if here == Some(*slot) {
            continue;
        }
        // What it saves there, beside all that stay, bounds what an exchange can bring.
        let most = placing.gain(item, *slot) - here.map_or(0, |s| placing.gain(item, s));
        if most <= 0 {
            continue;
        }
        for other in placing.members(*slot).to_vec() {
            let Some(rest) = left.checked_sub(1) else { return };
            *left = rest;
            if trade(placing, item, other, *slot) {
                break;
            }
        }
    }
}

/// One exchange; undone unless it makes the placing better.
fn trade(placing: &mut Placing, item: usize, other: usize, slot: usize) -> bool {
    let before = placing.merit();
    let from = placing.take(item);
    placing.take(other);
    if let Some(put) = placing.put_with_needs(item, slot) {
        if !put.contains(&other) {
            let allowed = &placing.board.items[other].allowed;
            let mut later: Vec<usize> = allowed.iter().copied().filter(|s| *s != slot).collect();
            later.sort_by_key(|s| Reverse(placing.gain(other, *s)));
            later.retain(|s| placing.gain(other, *s) > 0);
            for to in later {
                if placing.put(other, to) {
                    break;
                }
            }
        }
        let hold = placing.dependants_hold(item) && placing.dependants_hold(other);
        if hold && placing.merit() > before {
            return true;
        }
        if placing.at(other).is_some() && !put.contains(&other) {
            placing.take(other);
        }
        for of in put.into_iter().rev() {
            placing.take(of);
        }
    }
    // The order matters: what needs the other comes back after it.
    let (first, second) = if item < other { (Some(item), other) } else { (None, other) };
    if let (Some(item), Some(from)) = (first, from) {
        placing.put(item, from);
    }
    placing.put(second, slot);
    if let (None, Some(from)) = (first, from) {
        placing.put(item, from);
    }
    false
}

/// Uses room that a slot has gained: the best change into it, then what that makes possible.
pub(super) fn use_room(placing: &mut Placing, slot: usize) {
    let board = placing.board;
    let mut best = (placing.merit(), None);
    for item in 0..board.items.len() {
        let here = placing.at(item);
        let gain = |s| placing.gain(item, s);
        if here == Some(slot) || gain(slot) <= here.map_or(0, gain) {
            continue;
        }
        placing.take(item);
        let put = placing.put_with_needs(item, slot);
        if put.is_some() && placing.dependants_hold(item) && placing.merit() > best.0 {
            best = (placing.merit(), Some(item));
        }
        for of in put.into_iter().flatten().rev() {
            placing.take(of);
        }
        if let Some(here) = here {
            placing.put(item, here);
        }
    }
    let Some(best) = best.1 else { return };
    placing.take(best);
    placing.put_with_needs(best, slot);
    for item in 0..board.items.len() {
        shift(placing, item);
    }
}
