//! Components that are known and matched: a component stays what it is, so that its id is remembered in this
//! process, and a document of known components asks for none of them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::Org;

/// How many are remembered in each of two halves, at some 40 bytes each.
const MOST: usize = 100_000;

/// Ids by organisation and purl. Two halves: when the newer is full, the older is forgotten.
pub(crate) struct Known {
    hashers: (RandomState, RandomState),
    halves: Mutex<(HashMap<u128, i64>, HashMap<u128, i64>)>,
}

impl Default for Known {
    fn default() -> Known {
        let hashers = (RandomState::new(), RandomState::new());
        Known { hashers, halves: Mutex::default() }
    }
}

impl Known {
    /// A name of 128 bits, keyed: nobody can choose two purls that have the same.
    fn key(&self, org: Org, purl: &str) -> u128 {
        let of = |hasher: &RandomState| u128::from(hasher.hash_one((org, purl)));
        of(&self.hashers.0) << 64 | of(&self.hashers.1)
    }

    /// The ids of purls, where they are remembered.
    pub(crate) fn get<'p>(
        &self,
        org: Org,
        purls: impl Iterator<Item = &'p str>,
    ) -> Vec<Option<i64>> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let (new, old) = &mut *halves;
        let mut used = Vec::new();
        let found = purls
            .map(|purl| {
                let key = self.key(org, purl);
                new.get(&key).copied().or_else(|| {
                    let id = old.get(&key).copied();
                    used.extend(id.map(|id| (key, id)));
                    id
                })
            })
            .collect();
        // What is used stays.
        new.extend(used);
        found
    }

    /// Remembers a component that was matched.
    pub(crate) fn put(&self, org: Org, purl: &str, id: i64) {
        let key = self.key(org, purl);
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let (new, old) = &mut *halves;
        if new.len() >= MOST {
            *old = std::mem::take(new);
        }
        new.insert(key, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_remembered_longer() {
        let known = Known::default();
        let org = Org(1);
        known.put(org, "used", 7);
        for n in 0..MOST * 2 + 10 {
            known.put(org, &format!("p{n}"), 1);
            if n % 1000 == 0 {
                assert_eq!(known.get(org, ["used"].into_iter()), [Some(7)]);
            }
        }
        assert_eq!(known.get(org, ["p0"].into_iter()), [None], "and the rest is bounded");
        assert_eq!(known.get(Org(2), ["used"].into_iter()), [None], "another's is another");
    }
}
