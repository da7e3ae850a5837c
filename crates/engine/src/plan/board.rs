//! One part of a problem that can be planned separately: the teams that share candidates' findings,
//! choices or needs, with all names replaced by numbers. The order of everything follows names, so
//! that the same problem in another order gives the same board.

use std::collections::BTreeMap;

use trimtab_model::plan::Slot;

use super::ground::{Ground, POINT, Span, in_time, takes};

/// A part of a problem.
#[derive(Clone)]
pub(super) struct Board {
    pub(super) slots: Vec<Square>,
    pub(super) items: Vec<Piece>,
    pub(super) classes: Vec<Class>,
    /// Items by choice.
    pub(super) choices: Vec<Vec<usize>>,
    /// How many places there are.
    pub(super) places: usize,
}

/// A slot of one team.
#[derive(Clone)]
pub(super) struct Square {
    pub(super) team: usize,
    pub(super) span: Span,
    /// Hundredths of points that it has.
    pub(super) whole: i64,
    /// Hundredths of points that are left beside what stays and, in the first window, what is *now*.
    pub(super) room: i64,
    /// Batches that may be added. `None`: any number.
    pub(super) batches: Option<usize>,
    /// Places of which an accepted batch is open: joining it adds none.
    pub(super) open: Vec<usize>,
}

/// A candidate that can be placed.
#[derive(Clone)]
pub(super) struct Piece {
    /// Its index in the problem.
    pub(super) candidate: usize,
    /// The planned points, in hundredths: [`Board::cost`] says what it takes of a slot.
    pub(super) cost: i64,
    /// The least that it may take.
    pub(super) least: i64,
    pub(super) place: usize,
    pub(super) choice: Option<usize>,
    /// Slots that are open to it, in the order of time.
    pub(super) allowed: Vec<usize>,
    /// What it needs, as items.
    pub(super) needs: Vec<usize>,
    /// Who needs it.
    pub(super) needed_by: Vec<usize>,
    /// What it removes.
    pub(super) classes: Vec<usize>,
    /// Those that another item removes too.
    pub(super) shared: Vec<usize>,
    /// Per slot: what it saves there that no other item could.
    pub(super) own: Vec<i64>,
}

/// Findings that the same items remove: they go together.
#[derive(Clone)]
pub(super) struct Class {
    pub(super) items: Vec<usize>,
    /// What is saved if it is gone with each slot, beside what accepted actions save.
    pub(super) saves: Vec<i64>,
}

impl Board {
    /// The board of some teams, which come in the order of their names.
    pub(super) fn new(ground: &Ground, teams: &[usize]) -> Board {
        let mut board = Board {
            slots: Vec::new(),
            items: Vec::new(),
            classes: Vec::new(),
            choices: Vec::new(),
            places: 0,
        };
        let mut places = BTreeMap::new();
        for team in teams {
            board.add_slots(ground, *team, &mut places);
        }
        board.add_items(ground, teams, &mut places);
        board.places = places.len();
        board.add_classes(ground);
        board
    }

    fn add_slots<'p>(
        &mut self,
        ground: &Ground<'p>,
        team: usize,
        places: &mut BTreeMap<(usize, &'p str), usize>,
    ) {
        let of = &ground.problem.teams[team];
        for (at, span) in ground.slots[team].iter().enumerate() {
            let Slot::Window(w) = span.slot else { continue };
            let points = of.windows[w].points;
            let whole = (points * POINT + 1e-6).floor() as i64;
            let mut square =
                Square { team, span: *span, whole, room: whole, batches: None, open: Vec::new() };
            for candidate in &ground.stays {
                let (is, slot) =
                    (&ground.problem.candidates[*candidate], ground.accepted[*candidate]);
                let here = slot == Some(span.slot) || at == 1 && slot == Some(Slot::Now);
                if is.team != team || !here {
                    continue;
                }
                square.room -= ground.candidates[*candidate].cost;
                if slot == Some(span.slot) {
                    let next = places.len();
                    let place = *places.entry((team, &*is.place)).or_insert(next);
                    if !square.open.contains(&place) {
                        square.open.push(place);
                    }
                }
            }
            if let Some(limit) = of.open_limit {
                let open = if at == 1 { of.open as usize } else { 0 };
                square.batches = Some((limit as usize).saturating_sub(open + square.open.len()));
            }
            self.slots.push(square);
        }
    }

    fn add_items<'p>(
        &mut self,
        ground: &Ground<'p>,
        teams: &[usize],
        places: &mut BTreeMap<(usize, &'p str), usize>,
    ) {
        let candidates = &ground.problem.candidates;
        let taken = ground.taken();
        let mut sorted: Vec<usize> =
            teams.iter().flat_map(|t| &ground.of_team[*t]).copied().collect();
        // Of what is equal the first is placed: what is old enough by now, and then by name.
        let waits = |c: usize| ground.young(c).is_some_and(|until| until > ground.problem.now);
        sorted.sort_unstable_by_key(|c| (ground.rank[*c].0, waits(*c), ground.rank[*c].1));
        let mut choices: BTreeMap<&str, usize> = BTreeMap::new();
        let mut item_of: BTreeMap<usize, usize> = BTreeMap::new();
        for candidate in &sorted {
            let of = &candidates[*candidate];
            let choice = of.choice.as_deref();
            if ground.accepted[*candidate].is_some() || choice.is_some_and(|c| taken.contains(c)) {
                continue;
            }
            // What is needed and accepted bounds the slots; what can never be placed closes them all.
            let mut needs = Vec::new();
            let mut bounds = Vec::new();
            let mut possible = true;
            for need in &of.needs {
                let team = candidates[*need].team;
                match (ground.accepted[*need].and_then(|s| ground.span(team, s)), item_of.get(need))
                {
                    (Some(span), _) => bounds.push((team, span)),
                    (None, Some(item)) => needs.push(*item),
                    (None, None) => possible = false,
                }
            }
            let open = |square: &Square| {
                square.team == of.team
                    && ground.barrier(*candidate, square.span).is_none()
                    && bounds.iter().all(|b| in_time(*b, (of.team, square.span)))
            };
            let allowed: Vec<usize> =
                (0..self.slots.len()).filter(|s| open(&self.slots[*s])).collect();
            if !possible || allowed.is_empty() {
                continue;
            }
            let item = self.items.len();
            let next = places.len();
            let place = *places.entry((of.team, &*of.place)).or_insert(next);
            let choice = choice.map(|name| {
                let next = choices.len();
                let choice = *choices.entry(name).or_insert(next);
                if choice == self.choices.len() {
                    self.choices.push(Vec::new());
                }
                self.choices[choice].push(item);
                choice
            });
            for need in &needs {
                self.items[*need].needed_by.push(item);
            }
            item_of.insert(*candidate, item);
            self.items.push(Piece {
                candidate: *candidate,
                cost: ground.candidates[*candidate].cost,
                least: ground.candidates[*candidate].least,
                place,
                choice,
                allowed,
                needs,
                needed_by: Vec::new(),
                classes: Vec::new(),
                shared: Vec::new(),
                own: vec![0; self.slots.len()],
            });
        }
    }

    fn add_classes(&mut self, ground: &Ground) {
        let problem = ground.problem;
        // The earliest that an accepted action removes each finding.
        let mut gone = BTreeMap::new();
        for candidate in &ground.stays {
            let of = &problem.candidates[*candidate];
            let slot = ground.accepted[*candidate];
            let Some(span) = slot.and_then(|s| ground.span(of.team, s)) else { continue };
            for finding in &of.removes {
                let end = gone.entry(*finding).or_insert(span.end);
                *end = span.end.min(*end);
            }
        }
        let mut removed_by: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (item, piece) in self.items.iter().enumerate() {
            for finding in &problem.candidates[piece.candidate].removes {
                let list = removed_by.entry(*finding).or_default();
                if list.last() != Some(&item) {
                    list.push(item);
                }
            }
        }
        let mut classes: BTreeMap<Vec<usize>, Vec<i64>> = BTreeMap::new();
        for (finding, items) in removed_by {
            let already = gone.get(&finding).map_or(0, |at| ground.saves(finding, *at));
            let saves = classes.entry(items).or_insert_with(|| vec![0; self.slots.len()]);
            for (sum, square) in saves.iter_mut().zip(&self.slots) {
                *sum += (ground.saves(finding, square.span.end) - already).max(0);
            }
        }
        for (items, saves) in classes {
            if saves.iter().all(|s| *s == 0) {
                continue;
            }
            for item in &items {
                let piece = &mut self.items[*item];
                piece.classes.push(self.classes.len());
                match items.len() {
                    1 => piece.own.iter_mut().zip(&saves).for_each(|(own, saves)| *own += saves),
                    _ => piece.shared.push(self.classes.len()),
                }
            }
            self.classes.push(Class { items, saves });
        }
    }

    /// Whether the items of a class exclude each other, so that each counts it by itself.
    pub(super) fn is_single(&self, class: usize) -> bool {
        let items = &self.classes[class].items;
        let choice = items.first().and_then(|i| self.items[*i].choice);
        items.len() == 1
            || choice.is_some() && items.iter().all(|i| self.items[*i].choice == choice)
    }

    /// What would be saved if every class went with its best slot.
    pub(super) fn everything(&self) -> i64 {
        self.classes.iter().map(|c| c.saves.iter().max().copied().unwrap_or(0)).sum()
    }

    /// What an item takes of a slot, in hundredths of points.
    pub(super) fn cost(&self, slot: usize, item: usize) -> i64 {
        let of = &self.items[item];
        takes(of.cost, of.least, self.slots[slot].whole)
    }

    /// Whether an item would fit into a slot of which nothing is used.
    pub(super) fn holds(&self, slot: usize, item: usize) -> bool {
        let cost = self.cost(slot, item);
        cost <= self.slots[slot].room || cost == 0
    }

    /// The slots of an item that what it needs is in time for only if it is in time for `slot`. Windows that
    /// overlap may end in another order than they begin.
    pub(super) fn no_later(&self, item: usize, need: usize, slot: usize) -> Vec<usize> {
        let done = &self.items[need].allowed;
        let implied =
            |s: &usize| done.iter().all(|d| !self.in_time(*d, *s) || self.in_time(*d, slot));
        self.items[item].allowed.iter().copied().filter(implied).collect()
    }

    /// Whether an item in a slot is in time for another in another.
    pub(super) fn in_time(&self, need: usize, then: usize) -> bool {
        let (need, then) = (&self.slots[need], &self.slots[then]);
        in_time((need.team, need.span), (then.team, then.span))
    }
}
