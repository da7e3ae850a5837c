//! One window separately, as a knapsack: which things fit into it and are worth most together, by
//! branch and bound. Things are considered in the order of their worth per point; the bound lets
//! the last one be cut (Dantzig).

/// Looks at a thing before the search of one window is given up.
const LOOKS: usize = 4_000;

/// Something that could go into a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Thing {
    /// Who asks: given back.
    pub(super) key: usize,
    /// More than nothing.
    pub(super) worth: i64,
    /// Hundredths of points.
    pub(super) cost: i64,
    /// The bit of its place, if a batch of it would be one more. 0: it is not counted.
    pub(super) place: u64,
}

/// A window that is filled again and again.
#[derive(Default)]
pub(super) struct Sack {
    things: Vec<Thing>,
    taken: Vec<usize>,
    best: Vec<usize>,
    worth: i64,
    /// What was not considered is worth no more than this.
    loose: i64,
    looks: usize,
}

impl Sack {
    /// Empties it.
    pub(super) fn clear(&mut self) {
        self.things.clear();
    }

    /// One more thing to choose from.
    pub(super) fn offer(&mut self, thing: Thing) {
        debug_assert!(thing.worth > 0, "what is worth nothing is not offered");
        self.things.push(thing);
    }

    /// Chooses for so many points and at most so many places; no filling is worth more than what is given
    /// back. Ties are for what was offered first.
    pub(super) fn fill(&mut self, room: i64, places: Option<usize>) -> i64 {
        self.things.retain(|t| t.cost <= room || t.cost == 0);
        // Worth for a point, without dividing.
        self.things.sort_by(|a, b| {
            let (a, b) = (a.worth as f64 * b.cost as f64, b.worth as f64 * a.cost as f64);
            b.total_cmp(&a)
        });
        self.taken.clear();
        self.best.clear();
        (self.worth, self.loose, self.looks) = (0, 0, LOOKS);
        self.go(0, room.max(0), 0, 0, places.map_or(u32::MAX, |p| p as u32));
        self.worth.max(self.loose)
    }

    /// The keys of what was chosen.
    pub(super) fn chosen(&self) -> impl Iterator<Item = usize> + '_ {
        self.best.iter().map(|at| self.things[*at].key)
    }

    fn go(&mut self, from: usize, room: i64, worth: i64, used: u64, places: u32) {
        if worth > self.worth {
            self.worth = worth;
            self.best.clone_from(&self.taken);
        }
        for at in from..self.things.len() {
            let most = worth + self.cut(at, room);
            if most <= self.worth {
                return;
            }
            let Some(looks) = self.looks.checked_sub(1) else {
                self.loose = self.loose.max(most);
                return;
            };
            self.looks = looks;
            let thing = self.things[at];
            let then = used | thing.place;
            if thing.cost > room || then.count_ones() > places {
                continue;
            }
            self.taken.push(at);
            self.go(at + 1, room - thing.cost, worth + thing.worth, then, places);
            self.taken.pop();
        }
    }

    /// What the rest is worth at most, if the last one may be cut.
    fn cut(&self, from: usize, room: i64) -> i64 {
        let (mut left, mut sum) = (room, 0);
        for thing in self.things.iter().skip(from).filter(|t| t.cost <= room) {
            if thing.cost > left {
                // Up, and one more for the rounding of the division.
                return sum + (thing.worth as f64 * left as f64 / thing.cost as f64) as i64 + 1;
            }
            left -= thing.cost;
            sum += thing.worth;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The best of all subsets.
    fn tried(things: &[Thing], room: i64, places: Option<usize>) -> i64 {
        let mut best = 0;
        for set in 0..1_u32 << things.len() {
            let of = || things.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1);
            let cost: i64 = of().map(|(_, t)| t.cost).sum();
            let open = of().fold(0, |bits, (_, t)| bits | t.place).count_ones() as usize;
            // What costs nothing fits where nothing is left.
            if cost <= room.max(0) && places.is_none_or(|most| open <= most) {
                best = best.max(of().map(|(_, t)| t.worth).sum());
            }
        }
        best
    }

    #[test]
    fn no_filling_is_worth_more() {
        let (mut state, mut sack) = (7_u64, Sack::default());
        let mut below = |end: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((state >> 33) % end) as i64
        };
        for round in 0..3_000 {
            let things: Vec<Thing> = (0..below(11) as usize)
                .map(|key| Thing {
                    key,
                    worth: 1 + below(if round % 2 == 0 { 9 } else { 1_000_000 }),
                    cost: below(7) * 25,
                    place: [0, 1, 2, 4][below(4) as usize],
                })
                .collect();
            let (room, places) =
                (below(600) - 50, [None, Some(0), Some(1), Some(2)][below(4) as usize]);
            sack.clear();
            things.iter().for_each(|t| sack.offer(*t));
            let most = sack.fill(room, places);
            let chosen: Vec<Thing> = sack.chosen().map(|key| things[key]).collect();
            assert_eq!(most, tried(&things, room, places), "{things:?} {room} {places:?}");
            assert_eq!(chosen.iter().map(|t| t.worth).sum::<i64>(), most);
            assert_eq!(tried(&chosen, room, places), most);
        }
    }

    #[test]
    fn what_is_given_up_is_bounded_all_the_same() {
        // All worth the same for a point and never filling the room: nothing can be pruned.
        let mut sack = Sack::default();
        (0..40).for_each(|key| sack.offer(Thing { key, worth: 20, cost: 20, place: 0 }));
        let most = sack.fill(399, None);
        let chosen = sack.chosen().count();
        assert_eq!(chosen, 19);
        assert!((380..=400).contains(&most), "{most}");
    }
}
