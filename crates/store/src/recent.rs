//! What was read last: a document's list is kept by this process until its snapshot is added, and need not be
//! unpacked and read again for that. Named by the digest of the document, so that it never differs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::Org;
use crate::components::Contents;

/// How many lists are kept.
const MOST: usize = 16;
/// Longer ones are not.
const LONGEST: usize = 5_000;

type Named = ((Org, String), Arc<Contents>);

/// The newest lists.
#[derive(Default)]
pub(crate) struct Recent(Mutex<VecDeque<Named>>);

impl Recent {
    /// Keeps a list.
    pub(crate) fn put(&self, org: Org, digest: &str, contents: &Contents) {
        if contents.listed.len() > LONGEST {
            return;
        }
        let named = ((org, digest.to_owned()), Arc::new(contents.clone()));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push_back(named);
        if all.len() > MOST {
            all.pop_front();
        }
    }

    /// A list, if it is kept.
    pub(crate) fn get(&self, org: Org, digest: &str) -> Option<Arc<Contents>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().rev().find(|((of, name), _)| *of == org && name == digest);
        found.map(|(_, contents)| Arc::clone(contents))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_each_for_its_organisation() {
        let recent = Recent::default();
        for n in 0..MOST + 1 {
            recent.put(Org(1), &n.to_string(), &Contents { unknowns: 7, ..Contents::default() });
        }
        assert_eq!(recent.get(Org(1), "0"), None);
        assert_eq!(recent.get(Org(1), "1").map(|c| c.unknowns), Some(7));
        assert_eq!(recent.get(Org(2), "1"), None);
    }
}
