//! A bound by prices (Lagrange): each item, choice and class has a price, and every window
//! separately takes what is worth most after paying. No placement saves more than all prices
//! together with what the windows gain. Prices are moved against what is taken too often
//! (subgradient, with Polyak's step length and Camerini's direction). All prices are whole numbers
//! when a bound is computed, so that it holds exactly.

use super::board::Board;
use super::sack::{Sack, Thing};

/// Times without a better bound after which steps are halved.
const PATIENCE: usize = 8;
/// Steps are not halved more often than this.
const SMALLEST: f64 = 1e-3;

/// An item in a slot that it may be in.
struct Pair {
    item: usize,
    slot: usize,
    /// The row of its choice, or its own.
    group: usize,
    cost: i64,
    place: u64,
    /// What it saves that no other choice could.
    own: i64,
    /// What several could save: from, to in `shared`.
    shared: (usize, usize),
    /// Rows of what is needed: from, to in `needs`.
    needs: (usize, usize),
}

/// A board with prices.
pub(super) struct Market<'b> {
    board: &'b Board,
    /// By slot.
    pairs: Vec<Pair>,
    /// Per slot: from, to in `pairs`.
    slots: Vec<(usize, usize)>,
    /// Rows of classes and what they save in the pair's slot.
    shared: Vec<(usize, i64)>,
    /// Rows of needs: who needs pays, who is needed is paid.
    needs: Vec<(usize, i64)>,
    /// Rows of choices and items, and then of classes: how many there are. Rows of needs follow.
    groups: usize,
    classes: usize,
    rows: usize,
}

/// What the windows take at some prices.
struct Taken {
    most: i64,
    /// Pairs.
    pairs: Vec<usize>,
    /// Per row: by how much it is taken less than it could be.
    slope: Vec<f64>,
}

/// Where a search for prices is.
pub(super) struct Walk {
    at: Vec<f64>,
    direction: Vec<f64>,
    /// The prices of the least bound.
    best: Vec<f64>,
    /// The least bound.
    pub(super) least: i64,
    scale: f64,
    since: usize,
    /// How often each pair is taken, the last times more.
    often: Vec<f64>,
}

impl<'b> Market<'b> {
    pub(super) fn new(board: &'b Board) -> Market<'b> {
        let mut market = Market {
            board,
            pairs: Vec::new(),
            slots: Vec::new(),
            shared: Vec::new(),
            needs: Vec::new(),
            groups: 0,
            classes: 0,
            rows: 0,
        };
        // A choice is a row, and so is an item without one.
        let mut groups = board.choices.len();
        let mut group = Vec::with_capacity(board.items.len());
        for item in &board.items {
            group.push(item.choice.unwrap_or(groups));
            groups += usize::from(item.choice.is_none());
        }
        // A class whose items exclude each other needs none.
        let mut rows = groups;
        let mut class_row = Vec::with_capacity(board.classes.len());
        for class in 0..board.classes.len() {
            let single = board.is_single(class);
            class_row.push((!single).then_some(rows));
            rows += usize::from(!single);
        }
        (market.groups, market.classes) = (groups, rows - groups);
        // An item in a slot or before only if what it needs is in time: (slot, item, row, sign).
        let mut signs: Vec<(usize, usize, usize, i64)> = Vec::new();
        for (item, of) in board.items.iter().enumerate() {
            for need in &of.needs {
                for slot in &of.allowed {
                    let pays = board.no_later(item, *need, *slot);
                    signs.extend(pays.into_iter().map(|s| (s, item, rows, -1)));
                    let done = board.items[*need].allowed.iter();
                    let done = done.filter(|s| board.in_time(**s, *slot));
                    signs.extend(done.map(|s| (*s, *need, rows, 1)));
                    rows += 1;
                }
            }
        }
        market.rows = rows;
        signs.sort_unstable();
        for (slot, square) in board.slots.iter().enumerate() {
            let from = market.pairs.len();
            let mut bits: Vec<usize> = Vec::new();
            for (item, of) in board.items.iter().enumerate() {
                if !of.allowed.contains(&slot) || !board.holds(slot, item) {
                    continue;
                }
                let shared = market.shared.len();
                let mut own = 0;
                for class in &of.classes {
                    let saves = board.classes[*class].saves[slot];
                    match class_row[*class] {
                        Some(row) if saves > 0 => market.shared.push((row, saves)),
                        Some(_) => {}
                        None => own += saves,
                    }
                }
                let needs = market.needs.len();
                let first = signs.partition_point(|s| (s.0, s.1) < (slot, item));
                let here = signs.iter().skip(first).take_while(|s| (s.0, s.1) == (slot, item));
                market.needs.extend(here.map(|s| (s.2, s.3)));
                let place = match square.open.contains(&of.place) {
                    true => 0,
                    false => {
                        let bit = bits.iter().position(|p| *p == of.place).unwrap_or(bits.len());
                        if bit == bits.len() {
                            bits.push(of.place);
                        }
                        // More places than bits are not counted, and the bound is no less true.
                        1_u64.checked_shl(bit as u32).unwrap_or(0)
                    }
                };
                market.pairs.push(Pair {
                    item,
                    slot,
                    group: group[item],
                    cost: board.cost(slot, item),
                    place,
                    own,
                    shared: (shared, market.shared.len()),
                    needs: (needs, market.needs.len()),
                });
            }
            market.slots.push((from, market.pairs.len()));
        }
        market
    }

    /// How many pairs of items and slots there are.
    pub(super) fn size(&self) -> usize {
        self.pairs.len()
    }

    /// Begins with prices for points alone: what an item wins after paying for its points is its price.
    pub(super) fn begin(&self, steps: usize, target: i64) -> Walk {
        let (board, points) = (self.board, self.board.slots.len());
        let rows = points + self.groups + self.classes;
        let mut walk = Walk::new(vec![0.0; rows], 0);
        let mut best = vec![(0.0, None); self.groups];
        for _ in 0..steps {
            self.win(&walk.at, &mut best);
            let mut slope = vec![0.0; rows];
            let mut bound = 0.0;
            for (slot, square) in board.slots.iter().enumerate() {
                slope[slot] = square.room.max(0) as f64;
                bound += walk.at[slot] * slope[slot];
            }
            for (of, price) in slope.iter_mut().zip(&walk.at).skip(points + self.groups) {
                *of = 1.0;
                bound += price;
            }
            for (won, pair) in &best {
                bound += won;
                let Some(pair) = pair.map(|at: usize| &self.pairs[at]) else { continue };
                slope[pair.slot] -= pair.cost as f64;
                for (row, saves) in &self.shared[pair.shared.0..pair.shared.1] {
                    slope[points + row] -=
                        f64::from(u8::from(*saves as f64 > walk.at[points + row]));
                }
            }
            // A point and a class are not of one size: counted in hundredths, a price is small.
            walk.go(bound.ceil() as i64 + 1, &slope, target, points);
        }
        let at = walk.best;
        self.win(&at, &mut best);
        let mut prices: Vec<f64> = best.iter().map(|(won, _)| *won).collect();
        prices.extend(&at[points + self.groups..]);
        prices.resize(self.rows, 0.0);
        Walk::new(prices, self.pairs.len())
    }

    /// Per choice what it wins at best, after paying for points and classes, and where.
    fn win(&self, at: &[f64], best: &mut [(f64, Option<usize>)]) {
        let points = self.board.slots.len();
        best.fill((0.0, None));
        for (index, pair) in self.pairs.iter().enumerate() {
            let shared = &self.shared[pair.shared.0..pair.shared.1];
            let classes: f64 =
                shared.iter().map(|(row, saves)| (*saves as f64 - at[points + row]).max(0.0)).sum();
            let won = pair.own as f64 + classes - at[pair.slot] * pair.cost as f64;
            if won > best[pair.group].0 {
                best[pair.group] = (won, Some(index));
            }
        }
    }

    /// Moves the prices so many times, or until no better bound is wanted than one.
    pub(super) fn walk(&self, walk: &mut Walk, steps: usize, target: i64, enough: i64) {
        let mut sack = Sack::default();
        for _ in 0..steps {
            let taken = self.take(&walk.at, &mut sack);
            walk.often.iter_mut().for_each(|often| *often *= 0.9);
            for pair in &taken.pairs {
                walk.often[*pair] += 0.1;
            }
            walk.go(taken.most, &taken.slope, target, 0);
            if walk.least <= enough || walk.scale < SMALLEST {
                break;
            }
        }
    }

    /// What each window takes.
    fn take(&self, prices: &[f64], sack: &mut Sack) -> Taken {
        let prices: Vec<i64> = prices.iter().map(|p| p.round() as i64).collect();
        let paid = self.groups + self.classes;
        let mut taken = Taken {
            most: prices.iter().take(paid).sum(),
            pairs: Vec::new(),
            slope: vec![1.0; paid],
        };
        taken.slope.resize(self.rows, 0.0);
        for (square, (from, to)) in self.board.slots.iter().zip(&self.slots) {
            sack.clear();
            for (pair, of) in self.pairs.iter().enumerate().take(*to).skip(*from) {
                let shared = &self.shared[of.shared.0..of.shared.1];
                let needs = &self.needs[of.needs.0..of.needs.1];
                let worth = of.own - prices[of.group]
                    + shared.iter().map(|(row, saves)| (saves - prices[*row]).max(0)).sum::<i64>()
                    + needs.iter().map(|(row, sign)| sign * prices[*row]).sum::<i64>();
                if worth > 0 {
                    sack.offer(Thing { key: pair, worth, cost: of.cost, place: of.place });
                }
            }
            taken.most += sack.fill(square.room, square.batches);
            for pair in sack.chosen() {
                let of = &self.pairs[pair];
                taken.pairs.push(pair);
                taken.slope[of.group] -= 1.0;
                for (row, saves) in &self.shared[of.shared.0..of.shared.1] {
                    taken.slope[*row] -= f64::from(u8::from(*saves > prices[*row]));
                }
                for (row, sign) in &self.needs[of.needs.0..of.needs.1] {
                    taken.slope[*row] += *sign as f64;
                }
            }
        }
        taken
    }

    /// Items and slots, the oftenest taken first.
    pub(super) fn often(&self, walk: &Walk) -> Vec<(usize, usize)> {
        let mut pairs: Vec<usize> =
            (0..self.pairs.len()).filter(|p| walk.often[*p] > 0.01).collect();
        pairs.sort_by(|a, b| walk.often[*b].total_cmp(&walk.often[*a]).then(a.cmp(b)));
        pairs.into_iter().map(|p| (self.pairs[p].item, self.pairs[p].slot)).collect()
    }
}

impl Walk {
    fn new(at: Vec<f64>, pairs: usize) -> Walk {
        Walk {
            direction: vec![0.0; at.len()],
            best: at.clone(),
            at,
            least: i64::MAX,
            scale: 1.0,
            since: 0,
            often: vec![0.0; pairs],
        }
    }

    /// One step. The first `small` prices are for hundredths of points.
    fn go(&mut self, bound: i64, slope: &[f64], target: i64, small: usize) {
        if bound < self.least {
            self.least = bound;
            self.best.clone_from(&self.at);
            self.since = 0;
        } else {
            self.since += 1;
            if self.since >= PATIENCE {
                (self.scale, self.since) = (self.scale / 2.0, 0);
            }
        }
        // What is free and not wanted stays free.
        let free = |at: f64, slope: f64| if at <= 0.0 && slope > 0.0 { 0.0 } else { slope };
        let weight = |row: usize| if row < small { 1e-4 } else { 1.0 };
        let (mut along, mut length) = (0.0, 0.0);
        for (row, slope) in slope.iter().enumerate() {
            along += weight(row) * free(self.at[row], *slope) * self.direction[row];
            length += weight(row) * self.direction[row] * self.direction[row];
        }
        let turn = if along < 0.0 { -1.5 * along / length } else { 0.0 };
        let mut length = 0.0;
        for (row, slope) in slope.iter().enumerate() {
            self.direction[row] = free(self.at[row], *slope) + turn * self.direction[row];
            length += weight(row) * self.direction[row] * self.direction[row];
        }
        if length <= 0.0 {
            return;
        }
        let step = self.scale * (bound - target).max(0) as f64 / length;
        for (row, at) in self.at.iter_mut().enumerate() {
            *at = (*at - step * weight(row) * self.direction[row]).max(0.0);
        }
    }
}
