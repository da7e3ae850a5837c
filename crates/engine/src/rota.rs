//! Who is on duty: people in an order, each for a turn of some days that is handed over at a time
//! of the team's clock, and others who take over days of a turn. Pure: at each moment there is one
//! turn, and somebody has it.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

/// The most turns that are listed at once.
pub const MOST: usize = 400;

/// Who is on duty, and how it goes round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rota {
    /// Where its clock is read.
    pub zone: TimeZone,
    /// People in their order. None: nobody is on duty.
    pub people: Vec<i64>,
    /// The day on which the first of them takes over; before it it goes round backwards.
    pub first: Date,
    /// How many days a turn has, at least 1.
    pub days: u16,
    /// The time of the hand-over. Where the clock skips it, it is when that has passed; where it comes twice, the first.
    pub at: Time,
    /// Who takes days of others. Where several do, the one that is named last has it.
    pub covers: Vec<Cover>,
}

/// Somebody takes days of others: from the hand-over of one day to that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cover {
    /// From this day's hand-over on.
    pub from: Date,
    /// Until this day's.
    pub until: Date,
    /// Who takes it.
    pub person: i64,
}

/// Somebody is on duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// Who.
    pub person: i64,
    /// Whose turn it is by the order, where another took it.
    pub instead_of: Option<i64>,
    /// Since when.
    pub starts: Timestamp,
    /// Until when: then it is another turn.
    pub ends: Timestamp,
}

impl Rota {
    /// The hand-over of a day.
    fn moment(&self, day: Date) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(day.to_datetime(self.at)).compatible().ok()
    }

    /// The day of the hand-over that was last at a moment.
    fn day(&self, at: Timestamp) -> Option<Date> {
        let here = at.to_zoned(self.zone.clone()).date();
        // A day later and earlier: where the clock changes, a hand-over may lie on another side of midnight.
        let days = [1i64, 0, -1, -2].into_iter();
        let mut days = days.filter_map(|by| here.checked_add(by.days()).ok());
        days.find(|day| self.moment(*day).is_some_and(|is| is <= at))
    }

    /// Which turn a day is of, counted from the first.
    fn nth(&self, day: Date) -> i64 {
        let since = (day - self.first).get_days();
        i64::from(since).div_euclid(i64::from(self.days.max(1)))
    }

    /// The first day of a turn.
    fn first_of(&self, nth: i64) -> Option<Date> {
        let days = nth.checked_mul(i64::from(self.days.max(1)))?;
        self.first.checked_add(Span::new().try_days(days).ok()?).ok()
    }

    /// Who has a turn by the order.
    fn by_order(&self, nth: i64) -> Option<i64> {
        let count = i64::try_from(self.people.len()).ok().filter(|count| *count > 0)?;
        let place = usize::try_from(nth.rem_euclid(count)).ok()?;
        self.people.get(place).copied()
    }

    /// Who takes a day of another, and whose it is by the order.
    fn of_day(&self, day: Date) -> Option<(i64, Option<i64>)> {
        let order = self.by_order(self.nth(day))?;
        let cover = self.covers.iter().rev().find(|is| is.from <= day && day < is.until);
        Some(match cover {
            Some(cover) if cover.person != order => (cover.person, Some(order)),
            _ => (order, None),
        })
    }

    /// The first day after one on which it is handed over to a next turn, or a cover begins or ends.
    fn next(&self, day: Date) -> Option<Date> {
        let turn = self.first_of(self.nth(day).checked_add(1)?)?;
        let edges = self.covers.iter().flat_map(|is| [is.from, is.until]);
        Some(edges.filter(|edge| *edge > day).fold(turn, Date::min))
    }

    /// The day on which what is at a day began: that of its turn, or the last edge of a cover before it.
    fn begun(&self, day: Date) -> Option<Date> {
        let turn = self.first_of(self.nth(day))?;
        let edges = self.covers.iter().flat_map(|is| [is.from, is.until]);
        Some(edges.filter(|edge| *edge <= day).fold(turn, Date::max))
    }

    /// The turn at a moment. `None`: the rota has nobody.
    pub fn turn(&self, at: Timestamp) -> Option<Turn> {
        let day = self.day(at)?;
        let (person, instead_of) = self.of_day(day)?;
        let (from, until) = (self.begun(day)?, self.next(day)?);
        Some(Turn { person, instead_of, starts: self.moment(from)?, ends: self.moment(until)? })
    }

    /// The turns from the one at a moment until another moment, each beginning where the one before ends: at most [`MOST`].
    /// What one person has in a row by one turn is one.
    pub fn turns(&self, from: Timestamp, until: Timestamp) -> Vec<Turn> {
        let mut all: Vec<Turn> = Vec::new();
        let mut at = from;
        while at < until && all.len() < MOST {
            let Some(turn) = self.turn(at).filter(|turn| turn.ends > at) else { break };
            at = turn.ends;
            match all.last_mut() {
                // Two covers beside each other by the same person within a turn, or one's own within it.
                Some(last) if self.is_same(last, &turn) => last.ends = turn.ends,
                _ => all.push(turn),
            }
        }
        all
    }

    /// Everybody of the rota in the order in which they are asked at a moment: who is on duty, then those whose turns come
    /// next, each once. Whose turn another took is asked last.
    pub fn order(&self, at: Timestamp) -> Vec<i64> {
        let Some(now) = self.turn(at) else { return Vec::new() };
        let nth = self.day(at).map_or(0, |day| self.nth(day));
        let count = i64::try_from(self.people.len()).unwrap_or(0);
        let mut all = vec![now.person];
        let others = (1..count).filter_map(|by| self.by_order(nth.checked_add(by)?));
        for person in others.chain(now.instead_of) {
            let last = now.instead_of == Some(person);
            if !all.contains(&person) && !last {
                all.push(person);
            }
        }
        all.extend(now.instead_of.filter(|person| !all.contains(person)));
        all
    }

    /// Whether two turns are one by the order, of which the other only goes on.
    fn is_same(&self, last: &Turn, next: &Turn) -> bool {
        let nth = |is: &Turn| self.day(is.starts).map(|day| self.nth(day));
        let is = (last.person, last.instead_of, last.ends);
        is == (next.person, next.instead_of, next.starts) && nth(last) == nth(next)
    }
}
