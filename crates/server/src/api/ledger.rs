//! The ledger, in order.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use trimtab_store::{EventKind, LedgerFilter};
use utoipa::ToSchema;

use super::findings::ShownEntry;
use super::moment;
use crate::access::{Action, On, Who};
use crate::facts::verified::{self, Held};
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    #[serde(default)]
    after: i64,
    /// Of a kind: `received`, `detected`, `assessed`, `decided`, `planned`, `merged`, `deployed`, `fixed`,
    /// `regressed`, `retracted`, `changed`.
    kind: Option<String>,
    /// By somebody: `person:3`, `token:4`, `trimtab`.
    actor: Option<String>,
    /// About a system.
    system: Option<i64>,
    /// About an asset.
    asset: Option<i64>,
    /// About a finding.
    finding: Option<i64>,
    /// At or after a time such as 2026-11-21T09:00:00Z.
    since: Option<String>,
    /// Before a time.
    until: Option<String>,
    /// How many, 1 to 5000.
    limit: Option<usize>,
}

/// A page of the ledger.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ledger {
    rows: Vec<ShownEntry>,
    next: Option<i64>,
}

/// What of the ledger to verify.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LedgerPart)]
pub(crate) struct Part {
    /// The `next` of the part before; nothing: from the beginning.
    #[serde(default)]
    after: Option<String>,
    /// How many entries, 1 to 50000.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 50000)]
    limit: Option<usize>,
}

/// What was found: `next`, `broken` and `whole` say whether it is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerVerified)]
pub(crate) struct ShownVerified {
    /// The last entry up to which every seal matches, and none is missing; 0: none.
    verified: i64,
    /// How many entries there are.
    entries: i64,
    /// Whether that was all of it.
    whole: bool,
    /// Where the chain breaks.
    broken: Option<ShownBreak>,
    /// What to send as `after` to go on.
    next: Option<String>,
}

/// Where the chain breaks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LedgerBreak)]
pub(crate) struct ShownBreak {
    seq: i64,
    what: &'static str,
}

impl From<Held> for ShownVerified {
    fn from(Held { is, next }: Held) -> ShownVerified {
        ShownVerified {
            verified: is.seq,
            entries: is.entries,
            whole: is.is_whole,
            broken: is.broken.map(|is| ShownBreak { seq: is.seq, what: is.what }),
            next,
        }
    }
}

/// Reckons seals again, a part at a time: send `next` as `after` until there is none.
#[utoipa::path(post, path = "/api/v1/ledger/verification", tag = "ledger", request_body = Part,
    responses((status = 200, body = ShownVerified)))]
pub(crate) async fn verify(
    State(app): State<App>,
    who: Who,
    Object(part): Object<Part>,
) -> Result<Json<ShownVerified>, Problem> {
    let most = part.limit.unwrap_or(verified::PART);
    if !(1..=verified::PART).contains(&most) {
        return Err(Problem::invalid(format!("`limit` must be 1 to {}.", verified::PART)));
    }
    let held = verified::verify(&app, &who, part.after.as_deref(), most).await?;
    Ok(Json(ShownVerified::from(held)))
}

/// The ledger, in order.
#[utoipa::path(get, path = "/api/v1/ledger", tag = "ledger", params(Asked),
    responses((status = 200, body = Ledger)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Ledger>, Problem> {
    who.must(Action::Audit, On::ALL)?;
    let limit = asked.limit.unwrap_or(500).clamp(1, 5000);
    let kind = match asked.kind.as_deref() {
        None | Some("") => None,
        Some(word) => Some(EventKind::from_text(word).ok_or_else(|| {
            let all: Vec<&str> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
            Problem::invalid(format!("`kind` must be one of {}.", all.join(", ")))
        })?),
    };
    let filter = LedgerFilter {
        kind,
        actor: asked.actor.filter(|actor| !actor.is_empty()),
        system: asked.system,
        asset: asked.asset,
        finding: asked.finding,
        since: moment("since", asked.since.as_deref())?,
        until: moment("until", asked.until.as_deref())?,
    };
    let mut entries = app.store.ledger_of(who.org, &filter, asked.after, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = more.then(|| entries.last().map(|e| e.seq)).flatten();
    let rows = entries.iter().map(ShownEntry::from).collect();
    Ok(Json(Ledger { rows, next }))
}
