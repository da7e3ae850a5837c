//! Items in slots: what fits, what it saves, and how placings compare.

use super::board::Board;

/// Some items of a board in slots. Everything that is placed holds every rule.
#[derive(Clone)]
pub(super) struct Placing<'b> {
    pub(super) board: &'b Board,
    /// Per item.
    at: Vec<Option<usize>>,
    /// Items per slot, sorted.
    members: Vec<Vec<usize>>,
    /// Hundredths of points per slot.
    used: Vec<i64>,
    /// Items per slot and place.
    counts: Vec<Vec<u32>>,
    /// Batches per slot that were not open before.
    batches: Vec<usize>,
    /// Items placed per choice.
    chosen: Vec<usize>,
    /// What is saved, in thousandths of a load-day.
    saves: i64,
    cost: i64,
}

/// What makes one placing better than another: saves more, then fewer batches, then less cost.
pub(super) type Merit = (i64, std::cmp::Reverse<usize>, std::cmp::Reverse<i64>);

impl<'b> Placing<'b> {
    /// Nothing is placed.
    pub(super) fn empty(board: &'b Board) -> Placing<'b> {
        let slots = board.slots.len();
        Placing {
            board,
            at: vec![None; board.items.len()],
            members: vec![Vec::new(); slots],
            used: vec![0; slots],
            counts: vec![vec![0; board.places]; slots],
            batches: vec![0; slots],
            chosen: vec![0; board.choices.len()],
            saves: 0,
            cost: 0,
        }
    }

    /// Where an item is.
    pub(super) fn at(&self, item: usize) -> Option<usize> {
        self.at[item]
    }

    /// What is in a slot, in order.
    pub(super) fn members(&self, slot: usize) -> &[usize] {
        &self.members[slot]
    }

    /// What is saved.
    pub(super) fn saves(&self) -> i64 {
        self.saves
    }

    /// How good it is; greater is better.
    pub(super) fn merit(&self) -> Merit {
        let batches = self.batches.iter().sum();
        (self.saves, std::cmp::Reverse(batches), std::cmp::Reverse(self.cost))
    }

    /// What placing an item in a slot, and nowhere else, would save beside all others.
    pub(super) fn gain(&self, item: usize, slot: usize) -> i64 {
        let of = &self.board.items[item];
        let shared = of.shared.iter().map(|class| self.class_gain(*class, item, slot));
        of.own[slot] + shared.sum::<i64>()
    }

    fn class_gain(&self, class: usize, item: usize, slot: usize) -> i64 {
        let class = &self.board.classes[class];
        let others = class.items.iter().filter(|i| **i != item).filter_map(|i| self.at[*i]);
        let already = others.map(|s| class.saves[s]).max().unwrap_or(0);
        (class.saves[slot] - already).max(0)
    }

    /// Whether the points of a slot hold `cost` more.
    pub(super) fn has_room(&self, slot: usize, cost: i64) -> bool {
        let of = &self.board.slots[slot];
        self.used[slot] + cost <= of.room || cost == 0
    }

    /// The points that are left of a slot, in hundredths.
    pub(super) fn left(&self, slot: usize) -> i64 {
        (self.board.slots[slot].room - self.used[slot]).max(0)
    }

    /// Whether another batch of a place can be open in a slot.
    pub(super) fn has_batch(&self, slot: usize, place: usize) -> bool {
        let of = &self.board.slots[slot];
        self.counts[slot][place] > 0
            || of.open.contains(&place)
            || of.batches.is_none_or(|most| self.batches[slot] < most)
    }

    /// Whether an item that is not placed fits, all it needs being placed in time.
    fn fits(&self, item: usize, slot: usize) -> bool {
        let of = &self.board.items[item];
        of.choice.is_none_or(|c| self.chosen[c] == 0)
            && of.allowed.contains(&slot)
            && self.has_room(slot, self.board.cost(slot, item))
            && self.has_batch(slot, of.place)
            && self.needs_hold(item, slot)
    }

    fn needs_hold(&self, item: usize, slot: usize) -> bool {
        let of = &self.board.items[item];
        let in_time = |need: &usize| self.at[*need].is_some_and(|n| self.board.in_time(n, slot));
        of.needs.iter().all(in_time)
    }

    /// Whether those who need an item can still be where they are with it in a slot, or gone.
    pub(super) fn dependants_hold(&self, item: usize) -> bool {
        self.board.items[item].needed_by.iter().all(|by| match (self.at[*by], self.at[item]) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(by), Some(slot)) => self.board.in_time(slot, by),
        })
    }

    /// Puts an item that is not placed into a slot if it fits there.
    pub(super) fn put(&mut self, item: usize, slot: usize) -> bool {
        if self.at[item].is_some() || !self.fits(item, slot) {
            return false;
        }
        self.saves += self.gain(item, slot);
        self.count(item, slot, true);
        self.at[item] = Some(slot);
        true
    }

    /// Takes an item away. Those who need it are the caller's to look at.
    pub(super) fn take(&mut self, item: usize) -> Option<usize> {
        let slot = self.at[item].take()?;
        self.count(item, slot, false);
        self.saves -= self.gain(item, slot);
        Some(slot)
    }

    fn count(&mut self, item: usize, slot: usize, more: bool) {
        let of = &self.board.items[item];
        match (self.members[slot].binary_search(&item), more) {
            (Err(at), true) => self.members[slot].insert(at, item),
            (Ok(at), false) => drop(self.members[slot].remove(at)),
            _ => {}
        }
        let sign = if more { 1 } else { -1 };
        self.used[slot] += sign * self.board.cost(slot, item);
        self.cost += sign * of.cost;
        let fresh = !self.board.slots[slot].open.contains(&of.place);
        let count = &mut self.counts[slot][of.place];
        if more {
            *count += 1;
            self.batches[slot] += usize::from(fresh && *count == 1);
        } else {
            *count -= 1;
            self.batches[slot] -= usize::from(fresh && *count == 0);
        }
        if let Some(choice) = of.choice {
            if more {
                self.chosen[choice] += 1;
            } else {
                self.chosen[choice] -= 1;
            }
        }
    }

    /// Puts an item into a slot and, before it, everything that it needs and that is not placed:
    /// with it if possible, otherwise as early as it can be. All or nothing; returns what was put.
    pub(super) fn put_with_needs(&mut self, item: usize, slot: usize) -> Option<Vec<usize>> {
        let board = self.board;
        let mut chain = vec![item];
        let mut next = 0;
        while let Some(of) = chain.get(next) {
            for need in &board.items[*of].needs {
                if self.at[*need].is_none() && !chain.contains(need) {
                    chain.push(*need);
                }
            }
            next += 1;
        }
        // Items stand after what they need.
        chain.sort_unstable();
        let mut put = Vec::with_capacity(chain.len());
        for of in chain {
            let done = if of == item {
                self.put(of, slot)
            } else {
                let mut before =
                    board.items[of].allowed.iter().filter(|s| board.in_time(**s, slot));
                self.put(of, slot) || before.any(|s| self.put(of, *s))
            };
            if !done {
                for of in put.into_iter().rev() {
                    self.take(of);
                }
                return None;
            }
            put.push(of);
        }
        Some(put)
    }
}
