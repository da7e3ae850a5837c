//! How fast we were with what attackers used.

use jiff::Timestamp;

use crate::measure::{Spread, spread};

/// A finding of something that is exploited in the wild.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// When it was listed as exploited.
    pub listed: Timestamp,
    /// When it was detected here.
    pub detected: Timestamp,
    /// When it was gone. `None`: it is still here.
    pub gone: Option<Timestamp>,
}

/// How fast we were: days.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Speed {
    /// From listed to detected; what was known before is no day.
    pub know: Option<Spread>,
    /// From when it was both listed and detected to gone; what was gone before is no day.
    pub fix: Option<Spread>,
    /// What is still here.
    pub open: usize,
}

/// How fast we were, up to a moment.
pub fn speed(all: &[Met], now: Timestamp) -> Speed {
    let days =
        |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64().max(0.0) / 86_400.0;
    let gone = |one: &&Met| one.gone.is_some_and(|at| at <= now);
    let know = all.iter().map(|one| days(one.listed, one.detected)).collect();
    let fix = all.iter().filter(gone).filter_map(|one| {
        let begun = one.listed.max(one.detected);
        Some(days(begun, one.gone?))
    });
    Speed {
        know: spread(know),
        fix: spread(fix.collect()),
        open: all.iter().filter(|one| !gone(one)).count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_findings_by_hand() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let met = |listed, detected, gone: Option<i64>| Met {
            listed: at(listed),
            detected: at(detected),
            gone: gone.map(at),
        };
        // Known before it was listed, and gone before; known two days after, gone after three more; still here.
        let all = [met(10, 1, Some(9)), met(10, 12, Some(15)), met(10, 14, None)];
        let is = speed(&all, at(20));
        let (know, fix) = (is.know.unwrap(), is.fix.unwrap());
        assert_eq!((know.count, know.least, know.median, know.most), (3, 0.0, 2.0, 4.0));
        assert_eq!((fix.count, fix.least, fix.most, is.open), (2, 0.0, 3.0, 1));
        assert_eq!(speed(&all, at(14)).open, 2, "it was gone on the day after");
        assert_eq!(speed(&[], at(20)), Speed::default());
    }
}
