//! What a review shows: as it was when it was opened, or as it would be now. That of a month or a quarter is kept, and made anew
//! when something changed or the day is over.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trimtab_engine::review::Kind;
use trimtab_store::{Entry, EventKind, Org, PreparedPack, Review, ScopeOf};

use super::agenda::{self, Pack};
use super::{Before, Scope, kind_of};
use crate::access::Who;
use crate::access::secret::digest;
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::epoch_day;
use crate::weighing::Agreed;

/// What a review shows: as it was when it was opened, or as it would be now.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn pack(
    app: &App,
    who: &Who,
    (review, scope): (&Review, &Scope),
    before: &[Before],
) -> Result<Pack, Problem> {
    match &review.pack {
        Some(pack) => serde_json::from_value(pack.clone()).map_err(|e| {
            Problem::conflict(format!("The stored pack of the review is damaged: {e}"))
        }),
        None => {
            let now = app.now();
            let agreed = app.agreed(who.org, now).await?;
            let kind = kind_of(review);
            let of = (kind, review.is.minutes);
            // A week's agenda is made of little; a month's and a quarter's of all that is carried, and of the whole index.
            let mark = match kind {
                Kind::Weekly => None,
                _ => Some(mark(app, who.org, scope, before, (&agreed, now)).await?),
            };
            if let Some((end, rest)) = &mark {
                let kept = app.store.prepared_pack(who.org, review.id).await?;
                if let Some(kept) = kept
                    && holds(app, who.org, scope, (&kept, rest)).await?
                    && let Ok(pack) = serde_json::from_value(kept.pack.clone())
                {
                    // The next look begins where this one ended.
                    let mark = written(*end, rest);
                    if kept.mark != mark {
                        let kept = PreparedPack { mark, ..kept };
                        app.store.keep_prepared(who.org, review.id, &kept).await?;
                    }
                    return Ok(pack);
                }
            }
            let (pack, _) = agenda::pack(app, who.org, scope, of, before, (&agreed, now)).await?;
            if let Some((end, rest)) = mark {
                let mark = written(end, &rest);
                let told =
                    serde_json::to_value(&pack).map_err(|e| Problem::conflict(e.to_string()))?;
                let kept = PreparedPack { mark, made: now, pack: told };
                app.store.keep_prepared(who.org, review.id, &kept).await?;
            }
            Ok(pack)
        }
    }
}

/// A mark as it is kept: how far the ledger was looked at, and the rest.
fn written(end: i64, rest: &str) -> String {
    format!("{end} {rest}")
}

/// Whether a pack that is kept is as it would be made now: the rest is the same, and nothing that the ledger told since is
/// about what it tells.
async fn holds(
    app: &App,
    org: Org,
    scope: &Scope,
    (kept, rest): (&PreparedPack, &str),
) -> Result<bool, Problem> {
    let Some((end, of)) = kept.mark.split_once(' ') else { return Ok(false) };
    let Ok(end) = end.parse::<i64>() else { return Ok(false) };
    if of != rest {
        return Ok(false);
    }
    let told = app.store.ledger(org, end, LOOKED).await?;
    let systems = scope.systems.as_deref();
    Ok(told.len() < LOOKED && !told.iter().any(|entry| touches(entry, systems)))
}

/// So many entries are looked at: after more a pack is made anew.
const LOOKED: usize = 2_000;

/// Entries about people, what they are told, and by which ways: no pack is made of them.
const BESIDE: [&str; 35] = [
    "alert",
    "board-mail-ended",
    "board-mail-set",
    "calendar",
    "calendar-withdrawn",
    "card",
    "channel-tried",
    "email",
    "letter",
    "letter-again",
    "maturity",
    "notice-acknowledged",
    "notice-wishes",
    "own-digest-ended",
    "own-digest-set",
    "password",
    "pulse",
    "pulse-round",
    "rota",
    "rota-cover",
    "rota-cover-withdrawn",
    "sessions-ended",
    "share-added",
    "share-withdrawn",
    "subject",
    "supplier-letter",
    "supplier-letter-again",
    "supplier-letters",
    "ticket",
    "ticket-stands",
    "token-added",
    "token-revoked",
    "tracker",
    "verdict",
    "verdict-again",
];

/// Whether a pack of some systems may tell something that an entry changed; `None`: of all, and of none.
fn touches(entry: &Entry, systems: Option<&[i64]>) -> bool {
    let data: serde_json::Value = serde_json::from_str(&entry.data).unwrap_or_default();
    if entry.kind == EventKind::Changed.as_str()
        && data["what"].as_str().is_some_and(|what| BESIDE.contains(&what))
    {
        return false;
    }
    if entry.kind == EventKind::Changed.as_str() && data["what"] == "asset" {
        // An asset went from one system to another: both tell something else from then on.
        let both = [entry.system, data["from"].as_i64()];
        return systems.is_none_or(|systems| both.iter().flatten().any(|id| systems.contains(id)));
    }
    match (systems, entry.system) {
        (None, _) => true,
        (Some(systems), Some(system)) => systems.contains(&system),
        // What arrives or is found in an asset without a system is nobody's; the rest may be about all.
        (Some(_), None) => entry.asset.is_none() && entry.finding.is_none(),
    }
}

/// What a pack is made of: what the ledger told until now, the index, the charter, what it may tell of, the reviews before it,
/// the day, and the load that was measured last.
async fn mark(
    app: &App,
    org: Org,
    scope: &Scope,
    before: &[Before],
    (agreed, now): (&Agreed, Timestamp),
) -> Result<(i64, String), Problem> {
    // First: what is told while the pack is made has it made anew.
    let end = app.store.ledger_end(org).await?;
    let index = app.index().and_then(|index| index.info().ok()).map(|info| info.digest);
    let held: Vec<i64> = before.iter().map(|one| one.review.id).collect();
    let day = now.to_zoned(TimeZone::UTC).date();
    // The load of a day is measured after it began, and the ledger does not tell.
    let today = epoch_day(day);
    let measured = app.store.loads(org, ScopeOf::Organisation, today - 1, today).await?;
    let load = measured.last().map(|is| (is.day, is.load, is.unknown));
    let of = (scope.of.word(), &scope.systems);
    let charter = agreed.charter_id;
    let rest = format!("{index:?} {charter:?} {of:?} {held:?} {day} {load:?}");
    Ok((end, digest(&rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_pack_tells_has_it_made_anew() {
        let entry = |kind: &str, what: &str, system: Option<i64>, asset: Option<i64>| Entry {
            seq: 1,
            kind: kind.to_owned(),
            at: 0,
            actor: "trimtab".to_owned(),
            system,
            asset,
            finding: None,
            data: format!("{{\"what\":\"{what}\"}}"),
            hash: String::new(),
        };
        let changed = EventKind::Changed.as_str();
        let of_seven = Some(&[7][..]);
        for (entry, whole, team) in [
            (entry("received", "", Some(7), Some(1)), true, true),
            (entry("received", "", Some(8), Some(1)), true, false),
            (entry("received", "", None, Some(1)), true, false),
            (entry(changed, "token-added", None, None), false, false),
            (entry(changed, "ticket", Some(7), None), false, false),
            (entry(changed, "letter", None, None), false, false),
            (entry(changed, "pulse-round", None, None), false, false),
            (entry(changed, "verdict-again", Some(7), Some(1)), false, false),
            (entry(changed, "charter-agreed", None, None), true, true),
            (entry(changed, "what a newer build tells", None, None), true, true),
            // Two vulnerabilities are one: findings of whichever system have another name.
            (entry(changed, "joined", None, None), true, true),
        ] {
            assert_eq!(touches(&entry, None), whole, "{entry:?}");
            assert_eq!(touches(&entry, of_seven), team, "{entry:?}");
        }
        for (from, to, team) in [
            (Some(7), Some(8), true),
            (Some(7), None, true),
            (Some(8), Some(7), true),
            (None, Some(7), true),
            (Some(8), Some(9), false),
        ] {
            let data = serde_json::json!({ "what": "asset", "name": "shop", "from": from });
            let moved = Entry { data: data.to_string(), ..entry(changed, "", to, Some(1)) };
            assert!(touches(&moved, None), "{moved:?}");
            assert_eq!(touches(&moved, of_seven), team, "{moved:?}");
        }
    }
}
