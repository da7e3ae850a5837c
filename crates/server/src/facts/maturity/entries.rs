//! Entries of the ledger that tell of a count: those of its kind, of its time and of its systems, the newest first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_engine::maturity::Fact;
use trimtab_store::{Entry, EventKind, LedgerFilter};

use super::Told;
use super::ground::Ground;
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
        Fact::Stated => data["kind"] == "not-affected",
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
                take(entry, &facts, (is_mine, ground.now), &mut of);
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
    of: &mut BTreeMap<Fact, Vec<i64>>,
) {
    let Ok(at) = Timestamp::from_microsecond(entry.at) else { return };
    let Ok(data) = serde_json::from_str::<Value>(&entry.data) else { return };
    for fact in facts {
        // A charter is of the organisation, whoever's maturity it is.
        if !is_mine && *fact != Fact::Agreed {
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
        assert!(tells(Fact::Stated, now, &json!({ "kind": "not-affected" }), now));
        assert!(!tells(Fact::Stated, now, &json!({ "kind": "exception" }), now));
        assert!(tells(Fact::Replied, now, &json!({ "what": "supplier-answer" }), now));
        assert!(!tells(Fact::Replied, now, &json!({ "what": "supplier-document" }), now));
    }
}
