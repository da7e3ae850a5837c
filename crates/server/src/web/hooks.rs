//! Webhooks of trackers: who sent one is proven before anything else is done, and all that is taken from it is which ticket
//! is to be looked at.

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use trimtab_connect::track::{Unproven, poke};

use crate::jobs::track;
use crate::problem::Problem;
use crate::state::App;
use crate::tracking::{opened, project};

/// The largest message, in bytes.
pub(crate) const LARGEST: usize = 4 << 20;

pub(crate) async fn tracker(
    State(app): State<App>,
    Path(handle): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let refused =
        || Problem::unsigned("The signature is not valid, or no tracker has this address.");
    let tracker = app.store.tracker_of_handle(&handle).await?.ok_or_else(refused)?;
    let (org, team) = (tracker.org, tracker.is.team);
    // The usual limit of bodies is less.
    let body = to_bytes(body, LARGEST)
        .await
        .map_err(|_| Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE, "This is too large."))?;
    let project = project(&tracker).ok_or_else(refused)?;
    let secret = opened(&app, &tracker, "secret").ok_or_else(refused)?;
    let header = |name: &str| headers.get(name)?.to_str().ok().map(ToOwned::to_owned);
    let poked = poke(&project, secret.as_bytes(), &header, &body).map_err(|why| match why {
        Unproven::Unsigned | Unproven::Wrong => refused(),
        Unproven::Malformed | Unproven::Elsewhere => Problem::invalid(format!("{why}.")),
    })?;
    // Only what is proven counts: else anybody could silence it. No token has such a number.
    app.limits.token(org, -team)?;
    let Some(poked) = poked else { return Ok(StatusCode::NO_CONTENT) };
    // Of tickets that are not Trimtab's nothing is known, and nothing follows.
    if app.store.poke_ticket(org, team, &poked.key).await? > 0 {
        let now = app.now();
        app.store.add_job(&track::of_team(org, team, now), now).await?;
        app.work.notify_one();
    }
    Ok(StatusCode::NO_CONTENT)
}
