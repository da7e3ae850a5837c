//! A board as an integer linear program for the solver (microlp): its search gives the best placing
//! of a small board, and the proof.
//!
//! Variables: x(item, slot), the item is in the slot; z(class, slot), what the class contains is
//! gone with the slot, where several items could remove it; b(place, slot), a batch of the place is
//! open.

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, Variable};

use super::board::Board;
use super::ground::UNIT;
use super::placing::Placing;

/// The solver keeps rules to about this; what it proves is believed to this share.
const TOLERANCE: f64 = 1e-6;

/// A board as the solver takes it.
pub(super) struct Program<'b> {
    board: &'b Board,
    problem: Problem,
    /// Per item, by its allowed slots.
    x: Vec<Vec<Variable>>,
    /// Per class with a choice of items: by slot.
    z: Vec<Vec<(usize, Variable)>>,
    /// By slot: place, variable.
    b: Vec<Vec<(usize, Variable)>>,
}

/// What the solver says.
pub(super) struct Answer {
    /// Nothing saves more than this, in thousandths of a load-day.
    pub(super) most: i64,
    /// Items and slots, each after what it needs.
    pub(super) placed: Vec<(usize, usize)>,
}

impl<'b> Program<'b> {
    /// The program of a board.
    pub(super) fn new(board: &'b Board) -> Program<'b> {
        let problem = Problem::new(OptimizationDirection::Maximize);
        let slots = board.slots.len();
        let mut program = Program {
            board,
            problem,
            x: Vec::with_capacity(board.items.len()),
            z: Vec::new(),
            b: vec![Vec::new(); slots],
        };
        program.add_items();
        program.add_classes();
        program.add_choices();
        program.add_needs();
        program.add_room();
        program.add_batches();
        program
    }

    fn at_most(&mut self, terms: Vec<(Variable, f64)>, most: f64) {
        if !terms.is_empty() {
            self.problem.add_constraint(terms, ComparisonOp::Le, most);
        }
    }

    fn add_items(&mut self) {
        let board = self.board;
        for (index, item) in board.items.iter().enumerate() {
            let mut variables = Vec::with_capacity(item.allowed.len());
            for slot in &item.allowed {
                let single = item.classes.iter().filter(|c| board.is_single(**c));
                let worth: i64 = single.map(|c| board.classes[*c].saves[*slot]).sum();
                // What no empty slot holds, half of it does not hold either.
                variables.push(match board.holds(*slot, index) {
                    true => self.problem.add_binary_var(worth as f64 / UNIT),
                    false => self.problem.add_var(0.0, (0.0, 0.0)),
                });
            }
            self.x.push(variables);
        }
    }

    /// A class with a choice of items is gone once, with a slot that one of them is in.
    fn add_classes(&mut self) {
        let board = self.board;
        for (index, class) in board.classes.iter().enumerate() {
            if board.is_single(index) {
                continue;
            }
            let mut gone = Vec::new();
            for slot in 0..board.slots.len() {
                let mut by: Vec<(Variable, f64)> = Vec::new();
                for item in &class.items {
                    if let Some(at) = board.items[*item].allowed.iter().position(|s| *s == slot) {
                        by.push((self.x[*item][at], -1.0));
                    }
                }
                if by.is_empty() || class.saves[slot] == 0 {
                    continue;
                }
                let z = self.problem.add_var(class.saves[slot] as f64 / UNIT, (0.0, 1.0));
                by.push((z, 1.0));
                self.at_most(by, 0.0);
                gone.push((slot, z));
            }
            self.at_most(gone.iter().map(|(_, z)| (*z, 1.0)).collect(), 1.0);
            self.z.push(gone);
        }
    }

    /// An item is in one slot, and one item of a choice is taken.
    fn add_choices(&mut self) {
        let board = self.board;
        let all = |items: &[usize], x: &[Vec<Variable>]| -> Vec<(Variable, f64)> {
            items.iter().flat_map(|i| &x[*i]).map(|v| (*v, 1.0)).collect()
        };
        for choice in &board.choices {
            self.at_most(all(choice, &self.x), 1.0);
        }
        for (item, of) in board.items.iter().enumerate() {
            if of.choice.is_none() && of.allowed.len() > 1 {
                self.at_most(all(&[item], &self.x), 1.0);
            }
        }
    }

    /// An item is in a slot or before only if what it needs is in time.
    fn add_needs(&mut self) {
        let board = self.board;
        for (item, of) in board.items.iter().enumerate() {
            for need in &of.needs {
                let done = &board.items[*need];
                for slot in &of.allowed {
                    let then = board.no_later(item, *need, *slot);
                    let all = of.allowed.iter().zip(&self.x[item]);
                    let mut terms: Vec<_> =
                        all.filter(|(s, _)| then.contains(s)).map(|(_, x)| (*x, 1.0)).collect();
                    for (x, before) in self.x[*need].iter().zip(&done.allowed) {
                        if board.in_time(*before, *slot) {
                            terms.push((*x, -1.0));
                        }
                    }
                    self.at_most(terms, 0.0);
                }
            }
        }
    }

    /// What lies in a slot: variables with the points, in hundredths.
    fn within(&self, slot: usize) -> Vec<(Variable, i64)> {
        let mut terms = Vec::new();
        for (item, of) in self.board.items.iter().enumerate() {
            let cost = self.board.cost(slot, item);
            if let Some(at) = of.allowed.iter().position(|s| *s == slot)
                && cost > 0
            {
                terms.push((self.x[item][at], cost));
            }
        }
        terms
    }

    /// The points of a slot. Beside them, as items are whole: counted in parts of a size, rounded down
    /// (Chvátal and Gomory's rounding), for the sizes of the items and for halves, thirds and quarters of the room.
    fn add_room(&mut self) {
        for (slot, of) in self.board.slots.iter().enumerate() {
            let (terms, room) = (self.within(slot), of.room.max(0));
            let mut sizes: Vec<i64> = terms.iter().map(|(_, cost)| *cost).collect();
            sizes.extend([room / 2 + 1, room / 3 + 1, room / 4 + 1]);
            sizes.sort_unstable();
            sizes.dedup();
            let mut rounded: Vec<(Vec<i64>, i64)> = Vec::new();
            for size in sizes.into_iter().filter(|size| *size > 1 && *size <= room) {
                let parts: Vec<i64> = terms.iter().map(|(_, cost)| cost / size).collect();
                // What is cut off of the room is what is won.
                if room % size > 0
                    && parts.iter().any(|p| *p > 0)
                    && !rounded.iter().any(|(r, _)| *r == parts)
                {
                    rounded.push((parts, room / size));
                }
            }
            for (parts, most) in rounded {
                let row = terms.iter().zip(parts).filter(|(_, part)| *part > 0);
                self.at_most(row.map(|((x, _), part)| (*x, part as f64)).collect(), most as f64);
            }
            let all = terms.iter().map(|(x, cost)| (*x, *cost as f64)).collect();
            self.at_most(all, room as f64);
        }
    }

    /// At most so many batches are open in a slot.
    fn add_batches(&mut self) {
        let board = self.board;
        for (slot, of) in board.slots.iter().enumerate() {
            let Some(most) = of.batches else { continue };
            let mut places: Vec<Vec<(Variable, f64)>> = vec![Vec::new(); board.places];
            for (item, piece) in board.items.iter().enumerate() {
                if let Some(at) = piece.allowed.iter().position(|s| *s == slot) {
                    let cost = board.cost(slot, item) as f64;
                    places[piece.place].push((self.x[item][at], cost));
                }
            }
            let fresh = |place: &usize| !places[*place].is_empty() && !of.open.contains(place);
            let fresh: Vec<usize> = (0..board.places).filter(fresh).collect();
            if fresh.len() <= most {
                continue;
            }
            for place in &fresh {
                let batch = self.problem.add_binary_var(0.0);
                self.b[slot].push((*place, batch));
                let terms = &places[*place];
                let (all, room) =
                    (terms.iter().map(|(_, c)| c).sum::<f64>(), of.room.max(0) as f64);
                let mut sum: Vec<_> = terms.iter().filter(|(_, c)| *c > 0.0).copied().collect();
                sum.push((batch, -all.min(room)));
                self.at_most(sum, 0.0);
                // A row for each item sharpens the bound, and holds those that cost nothing.
                for (x, _) in terms {
                    self.at_most(vec![(*x, 1.0), (batch, -1.0)], 0.0);
                }
            }
            self.at_most(self.b[slot].iter().map(|(_, b)| (*b, 1.0)).collect(), most as f64);
        }
    }

    /// What the solver finds within so many steps of its search, beginning with a placing. `None`: it
    /// failed, or found nothing.
    pub(super) fn solve(&self, from: &Placing, steps: u64) -> Option<Answer> {
        let mut options = SolveOptions::default();
        options.node_limit = Some(steps);
        options.mip_gap = 0.0;
        options.warm_start = Some(self.hint(from));
        let outcome = self.problem.solve_with(options).ok()?;
        let solution = outcome.solution()?;
        let proven = outcome.stats().best_bound.unwrap_or(f64::INFINITY).max(solution.objective());
        let mut placed = Vec::new();
        for (item, of) in self.board.items.iter().enumerate() {
            let taken = of.allowed.iter().zip(&self.x[item]);
            let taken = taken.filter(|(_, x)| solution.var_value(**x) > 0.5);
            placed.extend(taken.map(|(slot, _)| (item, *slot)));
        }
        let most = (proven * UNIT * (1.0 + TOLERANCE)).ceil() as i64 + 1;
        Some(Answer { most, placed })
    }

    /// A placing as values of all variables.
    fn hint(&self, placing: &Placing) -> Vec<(Variable, f64)> {
        let (board, mut hint) = (self.board, Vec::new());
        for (item, of) in board.items.iter().enumerate() {
            for (slot, x) in of.allowed.iter().zip(&self.x[item]) {
                hint.push((*x, f64::from(u8::from(placing.at(item) == Some(*slot)))));
            }
        }
        let several = (0..board.classes.len()).filter(|c| !board.is_single(*c));
        for (class, variables) in several.zip(&self.z) {
            let class = &board.classes[class];
            let placed = class.items.iter().filter_map(|i| placing.at(*i));
            let best = placed.max_by_key(|s| (class.saves[*s], std::cmp::Reverse(*s)));
            for (slot, z) in variables {
                hint.push((*z, f64::from(u8::from(best == Some(*slot)))));
            }
        }
        for (slot, batches) in self.b.iter().enumerate() {
            let holds =
                |place: usize| placing.members(slot).iter().any(|i| board.items[*i].place == place);
            hint.extend(batches.iter().map(|(p, b)| (*b, f64::from(u8::from(holds(*p))))));
        }
        hint
    }
}
