//! What people decided to do later: why, and until when at most.

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_store::{Org, PlacementState, PlannedChange, StoreError};

use crate::state::App;

/// So many disputes that hold something back are looked at, the first to end first.
const DISPUTES: usize = 1000;

/// That a change is held back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Held {
    /// Why, in words; may be empty.
    pub(crate) why: String,
    /// Until when at most, where a dispute says so.
    pub(crate) until: Option<Timestamp>,
}

impl Held {
    /// Until which day, with a space before it; empty where nothing ends it.
    fn end(&self) -> String {
        self.until.map_or_else(String::new, |at| format!(" until {}", at.strftime("%Y-%m-%d")))
    }

    /// That it is held back, until when and why, without an end of the sentence.
    pub(crate) fn words(&self) -> String {
        let why = if self.why.is_empty() { "nobody said why" } else { &self.why };
        format!("held back{}: {why}", self.end())
    }

    /// What stands in the way of its findings.
    pub(super) fn blocker(&self) -> String {
        let why = if self.why.is_empty() { String::new() } else { format!(": {}", self.why) };
        format!("a decision to hold it back{}{why}", self.end())
    }
}

/// What of a team is held back.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(
    app: &App,
    org: Org,
    team: i64,
) -> Result<HashMap<PlannedChange, Held>, StoreError> {
    let placed = app.store.placements(org, team).await?;
    let mut held: HashMap<PlannedChange, Held> = placed
        .into_iter()
        .filter(|is| is.state == PlacementState::Held)
        .map(|is| (is.change, Held { why: is.reason, until: None }))
        .collect();
    if held.is_empty() {
        return Ok(held);
    }
    for is in app.store.holding(org, None, DISPUTES).await? {
        let change = PlannedChange { asset: is.is.asset, package: is.is.package };
        if let Some(held) = held.get_mut(&change) {
            held.until = is.until;
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_until_when_and_why() {
        let until = "2026-12-07T00:00:00Z".parse().ok();
        let is = Held { why: "the release is frozen".to_owned(), until };
        assert_eq!(is.words(), "held back until 2026-12-07: the release is frozen");
        let blocker = "a decision to hold it back until 2026-12-07: the release is frozen";
        assert_eq!(is.blocker(), blocker);
        assert_eq!(Held::default().words(), "held back: nobody said why");
    }
}
