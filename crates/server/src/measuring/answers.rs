//! The answers that were given last: reckoning one goes through all that ever happened, and a page is opened by many.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use trimtab_store::{Org, System, Team};

use super::question::{Measured, Period};

/// So many are kept.
const MOST: usize = 8;

/// What was asked, and what it came to.
type Answer<T> = (Key, Arc<T>);

/// The answers, the oldest first.
pub(crate) struct Answers<T = Measured>(Arc<Mutex<VecDeque<Answer<T>>>>);

/// What an answer depends on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) org: Org,
    /// Up to which entry of the ledger, and in which minute.
    pub(crate) known: (i64, i64),
    pub(crate) periods: (Period, Period),
    /// A team, a system, and the systems that they may see; `None`: all.
    pub(crate) chosen: (Option<i64>, Option<i64>, Option<Vec<i64>>),
    pub(crate) systems: Vec<System>,
    pub(crate) teams: Vec<Team>,
    /// Whether what was delivered is in it.
    pub(crate) delivered: bool,
}

impl<T> Answers<T> {
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<T>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().find(|(of, _)| of == key).map(|(_, answer)| Arc::clone(answer))
    }

    pub(crate) fn put(&self, key: Key, answer: &Arc<T>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(of, _)| *of != key);
        all.push_back((key, Arc::clone(answer)));
        if all.len() > MOST {
            all.pop_front();
        }
    }
}

impl<T> Clone for Answers<T> {
    fn clone(&self) -> Answers<T> {
        Answers(Arc::clone(&self.0))
    }
}

impl<T> Default for Answers<T> {
    fn default() -> Answers<T> {
        Answers(Arc::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(org: i64) -> Key {
        let period = Period { first: 1, last: 84 };
        Key {
            org: Org(org),
            known: (7, 3),
            periods: (period, period),
            chosen: (None, None, None),
            systems: Vec::new(),
            teams: Vec::new(),
            delivered: false,
        }
    }

    #[test]
    fn nobody_gets_an_answer_to_another_question() {
        let answers = Answers::default();
        answers.put(key(1), &Arc::new(42));
        assert_eq!(answers.get(&key(1)).as_deref(), Some(&42));
        let other = Period { first: 2, last: 84 };
        let others = [
            key(2),
            Key { known: (8, 3), ..key(1) },
            Key { known: (7, 4), ..key(1) },
            Key { periods: (other, key(1).periods.1), ..key(1) },
            Key { periods: (key(1).periods.0, other), ..key(1) },
            Key { chosen: (Some(1), None, None), ..key(1) },
            Key { chosen: (None, Some(1), None), ..key(1) },
            // Who may see some systems, and who may see none.
            Key { chosen: (None, None, Some(vec![1])), ..key(1) },
            Key { chosen: (None, None, Some(Vec::new())), ..key(1) },
            Key { systems: vec![System::default()], ..key(1) },
            Key { delivered: true, ..key(1) },
        ];
        for other in others {
            assert_eq!(answers.get(&other), None, "{other:?}");
        }
    }

    #[test]
    fn the_oldest_goes_first() {
        let answers = Answers::default();
        let last = i64::try_from(MOST).unwrap();
        (0..=last).for_each(|org| answers.put(key(org), &Arc::new(org)));
        assert_eq!(answers.get(&key(0)), None);
        assert!((1..=last).all(|org| answers.get(&key(org)).as_deref() == Some(&org)));
        answers.put(key(1), &Arc::new(-1));
        assert_eq!(answers.get(&key(1)).as_deref(), Some(&-1), "the newer one");
    }
}
