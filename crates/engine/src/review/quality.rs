//! How good the meetings were: what they decided, what of it was done in time, what came up again.

use std::collections::HashSet;

use jiff::Timestamp;

use super::follow::Decided;

/// A review that was held.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The keys of its topics, without those that only follow earlier decisions.
    pub keys: Vec<String>,
    /// What it decided.
    pub decisions: Vec<Decided>,
    /// How long it was to be, and how long it took, in minutes. `None`: it is not over.
    pub planned: u32,
    /// See there.
    pub took: Option<u32>,
}

/// Reviews, counted. Each share has its two numbers, so that the list behind it can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quality {
    /// Reviews.
    pub reviews: usize,
    /// What they decided.
    pub decisions: usize,
    /// Decisions for which it can be decided whether they were carried out in time.
    pub judged: usize,
    /// Those that were.
    pub in_time: usize,
    /// Topics of reviews that had one before them.
    pub topics: usize,
    /// Those that were in the previous review as well.
    pub repeats: usize,
    /// Reviews that are over.
    pub over: usize,
    /// Those that took longer than planned.
    pub overran: usize,
}

impl Quality {
    /// Decisions in a review. `None`: none was held.
    pub fn per_review(&self) -> Option<f64> {
        share(self.decisions, self.reviews)
    }

    /// The share of what is due that was carried out in time. `None`: nothing is due.
    pub fn in_time_share(&self) -> Option<f64> {
        share(self.in_time, self.judged)
    }

    /// The share of topics that came again. `None`: there was no review before.
    pub fn repeat_share(&self) -> Option<f64> {
        share(self.repeats, self.topics)
    }
}

fn share(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// How good reviews were, the oldest first, as known at a moment.
pub fn quality(all: &[Held], now: Timestamp) -> Quality {
    let mut told = Quality { reviews: all.len(), ..Quality::default() };
    let mut before: Option<HashSet<&str>> = None;
    for held in all {
        let keys: HashSet<&str> = held.keys.iter().map(String::as_str).collect();
        if let Some(before) = &before {
            told.topics += keys.len();
            told.repeats += keys.iter().filter(|key| before.contains(*key)).count();
        }
        before = Some(keys);
        told.decisions += held.decisions.len();
        for in_time in held.decisions.iter().filter_map(|decided| decided.in_time(now)) {
            told.judged += 1;
            told.in_time += usize::from(in_time);
        }
        if let Some(took) = held.took {
            told.over += 1;
            told.overran += usize::from(took > held.planned);
        }
    }
    told
}

/// In how many reviews in a row a topic occurred, up to the last one before this; the newest first.
pub fn repeats<'k>(key: &str, before: impl Iterator<Item = &'k [String]>) -> usize {
    before.take_while(|keys| keys.iter().any(|other| other == key)).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::follow::Closed;
    use super::*;

    fn held(keys: &[&str], decisions: Vec<Decided>, took: Option<u32>) -> Held {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Held { keys, decisions, planned: 30, took }
    }

    #[test]
    fn nothing_held_is_unknown_and_not_zero() {
        let none = quality(&[], Timestamp::UNIX_EPOCH);
        assert_eq!(
            (none.per_review(), none.in_time_share(), none.repeat_share()),
            (None, None, None)
        );
    }

    #[test]
    fn what_came_again_is_counted_from_the_second_on() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let done = Decided { made: at(0), due: Some(at(10)), closed: Some((at(5), Closed::Done)) };
        let late = Decided { closed: None, ..done };
        let all = [
            held(&["a", "b"], vec![done, late], Some(30)),
            held(&["b", "c"], vec![], Some(31)),
            held(&["b", "c"], vec![late], None),
        ];
        let told = quality(&all, at(20));
        assert_eq!((told.topics, told.repeats), (4, 3));
        assert_eq!((told.decisions, told.judged, told.in_time), (3, 3, 1));
        assert_eq!((told.over, told.overran), (2, 1));
        assert_eq!(told.per_review(), Some(1.0));
        let newest = all.iter().rev().map(|held| held.keys.as_slice());
        assert_eq!(repeats("b", newest.clone()), 3);
        assert_eq!(repeats("a", newest.clone()), 0, "not in a row");
        assert_eq!(repeats("c", newest), 2);
    }

    proptest! {
        /// No share is more than the whole, and a part is never more than what it is of.
        #[test]
        fn shares_are_shares(
            all in prop::collection::vec(
                (prop::collection::vec(0u8..5, 0..6), prop::collection::vec((0i64..9, prop::option::of(0i64..9)), 0..4), prop::option::of(1u32..60)),
                0..6,
            ),
            now in 0i64..12,
        ) {
            let at = |second| Timestamp::from_second(second).unwrap();
            let all: Vec<Held> = all
                .into_iter()
                .map(|(keys, decisions, took)| Held {
                    keys: keys.into_iter().map(|key| key.to_string()).collect(),
                    decisions: decisions
                        .into_iter()
                        .map(|(due, closed)| Decided {
                            made: at(0),
                            due: Some(at(due)),
                            closed: closed.map(|second| (at(second), Closed::Done)),
                        })
                        .collect(),
                    planned: 30,
                    took,
                })
                .collect();
            let told = quality(&all, at(now));
            prop_assert!(told.in_time <= told.judged && told.judged <= told.decisions);
            prop_assert!(told.repeats <= told.topics && told.overran <= told.over);
            for share in [told.in_time_share(), told.repeat_share()].into_iter().flatten() {
                prop_assert!((0.0..=1.0).contains(&share));
            }
        }
    }
}
