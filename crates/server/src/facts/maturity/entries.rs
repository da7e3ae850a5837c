//! Entries of the ledger that tell of a count: those of its kind, of its time and of its systems, the newest first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_engine::maturity::Fact;
use trimtab_store::{Entry, EventKind, LedgerFilter};

use super::Told;
use super::ground::{Ground, REVIEWED};
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;

/// How many entries are named for a fact.
const ENTRIES: usize = 3;
/// How many entries of a kind are looked through, the newest first.
const LOOKED: usize = 2_000;
/// How many are read at once.
const PAGE: usize = 500;

/// Which kind of entry tells of a fact. `None`: none does.
pub(crate) fn kind(fact: Fact) -> Option<EventKind> {
    Some(match fact {
        Fact::Inventory | Fact::Watched | Fact::Current => EventKind::Received,
        Fact::Weighed => EventKind::Assessed,
        Fact::Planned | Fact::Quiet => EventKind::Planned,
        Fact::Kept | Fact::Falling => EventKind::Fixed,
        Fact::Running => EventKind::Deployed,
        Fact::Decided | Fact::Stated => EventKind::Decided,
        Fact::Agreed
        | Fact::Held
        | Fact::Tested
        | Fact::Gated
        | Fact::Mended
        | Fact::Supplied
        | Fact::Replied => EventKind::Changed,
        Fact::Owned
        | Fact::Described
        | Fact::Accountable
        | Fact::Promised
        | Fact::Read
        | Fact::Fresh
        | Fact::Exploits
        | Fact::Sealed => return None,
    })
}

/// Whether an entry of that kind tells of what is counted.
fn tells(fact: Fact, at: Timestamp, data: &Value, now: Timestamp) -> bool {
    let within = |days: i64| now.duration_since(at) <= SignedDuration::from_hours(24 * days);
    let what = data["what"].as_str().unwrap_or_default();
    match fact {
        // A VEX document is received as well, and is no inventory.
        Fact::Inventory => data.get("vex").is_none(),
        Fact::Watched => within(30) && data.get("vex").is_none(),
        Fact::Current => within(7) && data.get("vex").is_none(),
        Fact::Planned => matches!(data["state"].as_str(), Some("scheduled" | "moved")),
        // What was asked for and refused, or has ended, decided nothing that is counted.
        Fact::Decided => data["state"] == "approved",
        Fact::Stated => data["state"] == "approved" && data["kind"] == "not-affected",
        Fact::Agreed => what == "charter-agreed",
        Fact::Held => within(37) && what == "review" && data["state"] == "open",
        Fact::Tested => what == "update" && data["tests"] == "unharmed",
        Fact::Gated => within(30) && what == "verdict",
        Fact::Mended => matches!(what, "verdict" | "verdict-answered"),
        Fact::Supplied => what == "supplier-document" && data["kind"] == "sbom",
        Fact::Replied => what == "supplier-answer",
        _ => true,
    }
}

/// What is looked up beside the entries.
#[derive(Default)]
struct Beside {
    /// Reviews of a team that were opened lately: their entries name no system.
    reviews: BTreeSet<i64>,
    /// Whether an update was taken back, by the newest word of it.
    reverted: BTreeMap<i64, bool>,
}

/// Names entries of the ledger for what is counted, and where it ends.
///
/// # Errors
/// The store does not answer.
pub(super) async fn name(
    app: &App,
    who: &Who,
    ground: &Ground,
    told: &mut Told,
) -> Result<(), Problem> {
    let newest = app.store.entries(who.org, &LedgerFilter::default(), None, 1).await?;
    told.ledger = newest.rows.into_iter().next().map(|entry| (entry.seq, entry.hash));
    let mine: Option<BTreeSet<i64>> =
        told.team.map(|id| ground.systems_of(id).map(|system| system.id).collect());
    let month = ground.now - SignedDuration::from_hours(24 * REVIEWED);
    let reviews = app.store.team_reviews(who.org, told.team, month, LOOKED).await?;
    let mut beside = Beside { reviews: reviews.into_iter().collect(), ..Beside::default() };
    let mut of: BTreeMap<Fact, Vec<i64>> = BTreeMap::new();
    let kinds: BTreeSet<&str> =
        Fact::ALL.iter().filter_map(|fact| kind(*fact)).map(EventKind::as_str).collect();
    for word in kinds {
        let Some(wanted) = EventKind::from_text(word) else { continue };
        let facts: Vec<Fact> =
            Fact::ALL.iter().copied().filter(|fact| kind(*fact) == Some(wanted)).collect();
        let filter = LedgerFilter {
            kind: Some(wanted),
            since: Some(ground.since),
            ..LedgerFilter::default()
        };
        let (mut after, mut looked) = (None, 0);
        loop {
            let page = app.store.entries(who.org, &filter, after, PAGE).await?;
            looked += page.rows.len();
            // What is told of an asset alone is of the system that it belongs to.
            let bare = page.rows.iter().filter(|entry| mine.is_some() && entry.system.is_none());
            let bare: Vec<i64> = bare.filter_map(|entry| entry.asset).collect();
            let systems = app.store.systems_of_assets(who.org, &bare).await?;
            for entry in &page.rows {
                let of_asset = || systems.get(&entry.asset?).copied();
                let system = entry.system.or_else(of_asset);
                let is_mine = mine
                    .as_ref()
                    .is_none_or(|mine| system.is_some_and(|system| mine.contains(&system)));
                take(entry, &facts, (is_mine, ground.now), (&mut beside, &mut of));
            }
            let full = |fact: &Fact| of.get(fact).is_some_and(|all| all.len() >= ENTRIES);
            after = page.next;
            if after.is_none() || looked >= LOOKED || facts.iter().all(full) {
                break;
            }
        }
    }
    for judged in &mut told.is.judged {
        if let (Some(counted), Some(entries)) =
            (judged.counted.as_mut(), of.get(&judged.criterion.fact))
        {
            counted.entries.clone_from(entries);
        }
    }
    Ok(())
}

/// Takes an entry for those facts that it tells of.
fn take(
    entry: &Entry,
    facts: &[Fact],
    (is_mine, now): (bool, Timestamp),
    (beside, of): (&mut Beside, &mut BTreeMap<Fact, Vec<i64>>),
) {
    let Ok(at) = Timestamp::from_microsecond(entry.at) else { return };
    let Ok(data) = serde_json::from_str::<Value>(&entry.data) else { return };
    let update = data["update"].as_i64().filter(|_| data["what"] == "update");
    if let (Some(update), Some(reverted)) = (update, data.get("reverted")) {
        beside.reverted.entry(update).or_insert(!reverted.is_null());
    }
    let is_reverted =
        update.is_some_and(|update| beside.reverted.get(&update).copied().unwrap_or(false));
    for fact in facts {
        let counts = match fact {
            // A charter is of the organisation, whoever's maturity it is.
            Fact::Agreed => true,
            Fact::Held => data["review"].as_i64().is_some_and(|id| beside.reviews.contains(&id)),
            Fact::Tested => is_mine && !is_reverted,
            _ => is_mine,
        };
        if !counts {
            continue;
        }
        let all = of.entry(*fact).or_default();
        if all.len() < ENTRIES && tells(*fact, at, &data, now) {
            all.push(entry.seq);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_entry_tells_of_its_own_count_alone() {
        let now: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
        let day = SignedDuration::from_hours(24);
        let ago = |days: i32| now - day * days;
        let document = json!({ "document": "ab" });
        assert!(tells(Fact::Inventory, ago(60), &document, now));
        assert!(!tells(Fact::Watched, ago(60), &document, now));
        assert!(tells(Fact::Watched, ago(20), &document, now));
        assert!(!tells(Fact::Current, ago(20), &document, now));
        assert!(!tells(Fact::Inventory, now, &json!({ "vex": "ab" }), now));
        let decided = |kind: &str, state: &str| json!({ "kind": kind, "state": state });
        assert!(tells(Fact::Stated, now, &decided("not-affected", "approved"), now));
        assert!(!tells(Fact::Stated, now, &decided("exception", "approved"), now));
        assert!(tells(Fact::Decided, now, &decided("exception", "approved"), now));
        for state in ["asked", "refused", "ended"] {
            assert!(!tells(Fact::Decided, now, &decided("exception", state), now), "{state}");
            assert!(!tells(Fact::Stated, now, &decided("not-affected", state), now), "{state}");
        }
        assert!(tells(Fact::Replied, now, &json!({ "what": "supplier-answer" }), now));
        assert!(!tells(Fact::Replied, now, &json!({ "what": "supplier-document" }), now));
    }
}
