//! What trackers listed of Trimtab's tickets, for a while: a project of many is not listed by each round again. A listing
//! says where to look only; what it names is read as it is now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use trimtab_model::ticket::Seen;

/// So long a listing is good for.
const HOLDS: SignedDuration = SignedDuration::from_mins(30);
/// The listings of so many trackers are kept.
const MOST: usize = 16;

/// Of which tracker: its organisation, team, and when it was set.
type Of = (i64, i64, Timestamp);

/// Tickets as they were listed at a moment.
type Listed = (Timestamp, Arc<Vec<Seen>>);

/// The listings of this process.
#[derive(Clone, Default)]
pub(crate) struct Listings(Arc<Mutex<HashMap<Of, Listed>>>);

impl Listings {
    /// One that is not old.
    pub(super) fn get(&self, of: Of, now: Timestamp) -> Option<Arc<Vec<Seen>>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, listed) = all.get(&of)?;
        (now.duration_since(*at) < HOLDS).then(|| Arc::clone(listed))
    }

    /// Keeps one.
    pub(super) fn put(&self, of: Of, listed: Vec<Seen>, now: Timestamp) -> Arc<Vec<Seen>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, (at, _)| now.duration_since(*at) < HOLDS);
        if all.len() >= MOST {
            all.clear();
        }
        let listed = Arc::new(listed);
        all.insert(of, (now, Arc::clone(&listed)));
        listed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_asked_for_once_in_a_while_and_for_each_tracker() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let (listings, of) = (Listings::default(), (1, 2, at(0)));
        assert!(listings.get(of, at(1)).is_none());
        listings.put(of, Vec::new(), at(1));
        assert!(listings.get(of, at(30)).is_some() && listings.get(of, at(31)).is_none());
        assert!(listings.get((1, 3, at(0)), at(2)).is_none(), "of another team");
        assert!(listings.get((1, 2, at(9)), at(2)).is_none(), "it was set anew");
    }
}
