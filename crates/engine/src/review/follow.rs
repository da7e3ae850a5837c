//! What became of what a review decided.

use jiff::Timestamp;

/// How something that was decided is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// It was carried out.
    Done,
    /// People said that it will not be done any more.
    Dropped,
}

/// Something that a review decided, with the person who does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    /// When it was decided.
    pub made: Timestamp,
    /// When it must be done. `None`: not given.
    pub due: Option<Timestamp>,
    /// When and how it was over.
    pub closed: Option<(Timestamp, Closed)>,
}

/// Its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Follow {
    /// Carried out, in time or without a date.
    Done,
    /// Carried out after its date.
    DoneLate,
    /// Dropped.
    Dropped,
    /// Still to be done.
    Open,
    /// Still to be done, and past its date.
    Late,
}

impl Follow {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Follow::Done => "carried out",
            Follow::DoneLate => "carried out late",
            Follow::Dropped => "dropped",
            Follow::Open => "open",
            Follow::Late => "late",
        }
    }

    /// Whether it is still to be done.
    pub const fn is_open(self) -> bool {
        matches!(self, Follow::Open | Follow::Late)
    }
}

impl Decided {
    /// Its state at a moment.
    pub fn at(&self, now: Timestamp) -> Follow {
        match (self.closed.filter(|(at, _)| *at <= now), self.due) {
            (Some((_, Closed::Dropped)), _) => Follow::Dropped,
            (Some((at, Closed::Done)), Some(due)) if at >= due => Follow::DoneLate,
            (Some((_, Closed::Done)), _) => Follow::Done,
            (None, Some(due)) if now >= due => Follow::Late,
            (None, _) => Follow::Open,
        }
    }

    /// Whether it was done in time, once this can be decided: at its date, or before if it was
    /// carried out. What has no date and what was dropped is not judged.
    pub fn in_time(&self, now: Timestamp) -> Option<bool> {
        self.due?;
        match self.at(now) {
            Follow::Done => Some(true),
            Follow::DoneLate | Follow::Late => Some(false),
            Follow::Dropped | Follow::Open => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stands_as_it_was_at_that_moment() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let is = |due: Option<i64>, closed: Option<(i64, Closed)>| Decided {
            made: at(0),
            due: due.map(at),
            closed: closed.map(|(second, how)| (at(second), how)),
        };
        for (decided, now, follow, in_time) in [
            (is(None, None), 99, Follow::Open, None),
            (is(Some(10), None), 9, Follow::Open, None),
            (is(Some(10), None), 10, Follow::Late, Some(false)),
            (is(Some(10), Some((9, Closed::Done))), 9, Follow::Done, Some(true)),
            (is(Some(10), Some((9, Closed::Done))), 8, Follow::Open, None),
            (is(Some(10), Some((10, Closed::Done))), 20, Follow::DoneLate, Some(false)),
            (is(Some(10), Some((20, Closed::Done))), 15, Follow::Late, Some(false)),
            (is(None, Some((20, Closed::Done))), 25, Follow::Done, None),
            (is(Some(10), Some((20, Closed::Dropped))), 25, Follow::Dropped, None),
        ] {
            assert_eq!(decided.at(at(now)), follow, "{decided:?} at {now}");
            assert_eq!(decided.in_time(at(now)), in_time, "{decided:?} at {now}");
        }
    }
}
