//! Feeds: how old the facts are, and when they are fetched again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Action, On, Who};
use crate::jobs::fetch;
use crate::problem::Problem;
use crate::state::App;

/// How it stands with the feeds. All organisations share them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Feeds)]
pub(crate) struct Shown {
    /// How many advisories the index has.
    advisories: Option<u64>,
    /// Of when its newest advisory is.
    data_date: Option<String>,
    /// Of when the known exploited ones (KEV) are.
    kev: Option<String>,
    /// Of when the probabilities of exploitation (EPSS) are.
    epss: Option<String>,
    /// How often the server fetches them. `null`: this server does not.
    every_hours: Option<i64>,
    /// Whether they are being fetched now.
    running: bool,
    /// The last try.
    #[schema(format = DateTime)]
    tried: Option<String>,
    /// The last try in which nothing went wrong.
    #[schema(format = DateTime)]
    succeeded: Option<String>,
    /// When something new came last.
    #[schema(format = DateTime)]
    changed: Option<String>,
    /// The next try.
    #[schema(format = DateTime)]
    next: Option<String>,
    /// What went wrong in the last try.
    error: Option<String>,
}

/// How it stands with the feeds.
#[utoipa::path(get, path = "/api/v1/feeds", tag = "feeds",
    responses((status = 200, body = Shown)))]
pub(crate) async fn get(State(app): State<App>, who: Who) -> Result<Json<Shown>, Problem> {
    who.must(Action::View, On::ALL)?;
    let is = fetch::standing(&app).await?;
    let info = app.index().and_then(|index| index.info().ok());
    let info = info.as_ref();
    let text = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string());
    Ok(Json(Shown {
        advisories: info.map(|info| info.advisories),
        data_date: info.and_then(|info| info.data_date.as_deref().map(ToOwned::to_owned)),
        kev: info.and_then(|info| info.kev.as_deref().map(ToOwned::to_owned)),
        epss: info.and_then(|info| info.epss.as_deref().map(ToOwned::to_owned)),
        every_hours: app.settings.feeds.as_ref().map(|feeds| feeds.every.as_hours()),
        running: is.running,
        tried: text(is.tried),
        succeeded: text(is.succeeded),
        changed: text(is.changed),
        next: text(is.next),
        error: is.error,
    }))
}

/// A job that was asked for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FetchAsked)]
pub(crate) struct Asked {
    /// The job.
    job: i64,
}

/// Has the feeds fetched now. Only of a server that fetches them, and by the organisation that looks
/// after it.
#[utoipa::path(post, path = "/api/v1/feeds/fetch", tag = "feeds",
    responses((status = 202, body = Asked)))]
pub(crate) async fn fetch(
    State(app): State<App>,
    who: Who,
) -> Result<(StatusCode, Json<Asked>), Problem> {
    Ok((StatusCode::ACCEPTED, Json(Asked { job: now(&app, &who).await? })))
}

/// Has the feeds fetched now; the page does it the same way. Returns the job.
///
/// # Errors
/// They may not, or this server fetches none.
pub(crate) async fn now(app: &App, who: &Who) -> Result<i64, Problem> {
    who.must(Action::Administer, On::ALL)?;
    if fetch::owner(app).await? != Some(who.org) {
        return Err(Problem::forbidden(Action::Administer));
    }
    let nothing = || {
        Problem::conflict("This server does not fetch feeds: start it with `--feeds-every HOURS`.")
    };
    if app.settings.feeds.is_none() {
        return Err(nothing());
    }
    fetch::hasten(app).await?.ok_or_else(nothing)
}
