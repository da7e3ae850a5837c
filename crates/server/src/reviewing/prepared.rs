//! What a review shows: as it was when it was opened, or as it would be now. That of a month or a quarter is kept, and made anew
//! when something changed or the day is over.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use trimtab_engine::review::Kind;
use trimtab_store::{Org, PreparedPack, Review, ScopeOf};

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
        Some(pack) => serde_json::from_value(pack.clone())
            .map_err(|e| Problem::conflict(format!("What the review showed is damaged: {e}"))),
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
            if let Some(mark) = &mark {
                let kept = app.store.prepared_pack(who.org, review.id).await?;
                let same = kept.filter(|kept| kept.mark == *mark);
                if let Some(Ok(pack)) = same.map(|kept| serde_json::from_value(kept.pack)) {
                    return Ok(pack);
                }
            }
            let (pack, _) = agenda::pack(app, who.org, scope, of, before, (&agreed, now)).await?;
            if let Some(mark) = mark {
                let told =
                    serde_json::to_value(&pack).map_err(|e| Problem::conflict(e.to_string()))?;
                let kept = PreparedPack { mark, made: now, pack: told };
                app.store.keep_prepared(who.org, review.id, &kept).await?;
            }
            Ok(pack)
        }
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
) -> Result<String, Problem> {
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
    Ok(digest(&format!("{end} {index:?} {charter:?} {of:?} {held:?} {day} {load:?}")))
}
