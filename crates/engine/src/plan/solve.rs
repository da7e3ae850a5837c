//! From a problem to placements: boards that share nothing, each solved separately.

use rayon::prelude::*;
use trimtab_model::plan::Placement;

use super::board::Board;
use super::ground::Ground;
use super::parts::parts;
use super::placing::Placing;
use super::price::Market;
use super::program::Program;
use super::search::{by_list, by_worth, exactly, improve, tidy};

/// Boards with at most so many items in slots are solved to the end, as far as `STEPS` go.
const SMALL: usize = 500;
/// Steps of the solver's search.
const STEPS: u64 = 20_000;
/// Changes of the prices for points, and of all prices in one round.
const BEGIN: usize = 100;
const CHANGES: usize = 50;
/// Rounds of prices and placing; fewer for boards with more items in slots than `LARGE` in all.
const ROUNDS: usize = 8;
const LARGE: usize = 60_000;
/// A gap that is small enough, as a share of what stays.
const ENOUGH: f64 = 0.002;

/// A board with what was placed on it.
pub(super) struct Part {
    pub(super) board: Board,
    /// Per item: its slot.
    at: Vec<Option<usize>>,
    /// Nothing saves more, beside what accepted actions save; thousandths of a load-day.
    pub(super) most: i64,
    /// What is saved.
    pub(super) saves: i64,
}

impl Part {
    /// Plans some teams.
    pub(super) fn new(ground: &Ground, teams: &[usize]) -> Part {
        let board = Board::new(ground, teams);
        let (placing, most) = settle(&board, open(ground, teams));
        let at = (0..board.items.len()).map(|item| placing.at(item)).collect();
        let saves = placing.saves();
        Part { board, at, most, saves }
    }

    /// What was placed, on a board like this one.
    pub(super) fn on<'b>(&self, board: &'b Board) -> Placing<'b> {
        let mut placing = Placing::empty(board);
        for (item, slot) in self.at.iter().enumerate() {
            let put = slot.is_none_or(|slot| placing.put(item, slot));
            debug_assert!(put, "what was placed fits");
        }
        placing
    }

    /// Candidates with their slots.
    pub(super) fn placements(&self) -> impl Iterator<Item = Placement> {
        self.board.items.iter().zip(&self.at).filter_map(|(item, at)| {
            let slot = self.board.slots[(*at)?].span.slot;
            Some(Placement { candidate: item.candidate, slot })
        })
    }
}

/// Plans all teams.
pub(super) fn solve(ground: &Ground) -> Vec<Part> {
    parts(ground.problem).par_iter().map(|teams| Part::new(ground, teams)).collect()
}

/// What the findings of some teams count if nothing is done.
fn open(ground: &Ground, teams: &[usize]) -> i64 {
    let problem = ground.problem;
    let findings =
        (0..problem.findings.len()).filter(|f| teams.contains(&problem.findings[*f].team));
    findings.map(|f| ground.saves(f, problem.now)).sum()
}

/// The best placing that is found, and what no placing exceeds; `open` is what counts if nothing is done.
pub(super) fn settle<'b>(board: &'b Board, open: i64) -> (Placing<'b>, i64) {
    let mut best = by_worth(board);
    let market = Market::new(board);
    if market.size() == 0 {
        return (best, 0);
    }
    let enough =
        |best: &Placing| best.saves() + (ENOUGH * (open - best.saves()).max(1) as f64) as i64;
    let mut walk = market.begin(BEGIN, best.saves());
    for _ in 0..(LARGE / market.size()).clamp(1, ROUNDS) {
        market.walk(&mut walk, CHANGES, best.saves(), enough(&best));
        // What windows take most often is nearly a placing.
        let mut other = by_list(board, &market.often(&walk));
        improve(&mut other);
        keep(&mut best, other);
        if walk.least <= enough(&best) {
            break;
        }
    }
    let mut most = walk.least.min(board.everything());
    if most - best.saves() > slack(most)
        && market.size() <= SMALL
        && let Some(answer) = Program::new(board).solve(&best, STEPS)
    {
        keep(&mut best, exactly(board, &answer.placed));
        improve(&mut best);
        most = most.min(answer.most);
    }
    tidy(&mut best);
    if most - best.saves() <= slack(most) {
        most = best.saves();
    }
    (best, most)
}

/// What lies within the solver's tolerance, a few parts in a million, is not called a gap.
fn slack(most: i64) -> i64 {
    3 + most / 500_000
}

fn keep<'b>(best: &mut Placing<'b>, other: Placing<'b>) {
    if other.merit() > best.merit() {
        *best = other;
    }
}
