//! A digest of one's own: when it comes, and what it would tell now.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Who;
use crate::deciding::Sides;
use crate::notices::own::{self, When, must_be_here};
use crate::notices::things::Told;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// When it comes.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OwnDigestWanted)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    /// `monday` to `sunday`, one at least.
    #[schema(min_items = 1, max_items = 7)]
    days: Vec<String>,
    /// A full hour.
    #[schema(minimum = 0, maximum = 23)]
    hour: i8,
    /// Where the clock is read: a name of the time zone database. If absent: UTC.
    #[serde(default)]
    #[schema(max_length = 64)]
    zone: Option<String>,
}

/// Something that waits.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnThing)]
pub(crate) struct Thing {
    title: String,
    detail: String,
    act: String,
    /// Its page.
    link: String,
}

/// A digest of one's own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnDigest)]
pub(crate) struct Shown {
    /// None: it does not come.
    days: Vec<String>,
    hour: i8,
    zone: String,
    #[schema(format = DateTime)]
    next: Option<String>,
    /// What waits for me now, told or not: decisions that the charter lets me answer, what is mine and late, reviews of the
    /// organisation. What a team's digest tells me is not among it.
    waits: Vec<Thing>,
}

async fn shown(app: &App, who: &Who) -> Result<Json<Shown>, Problem> {
    let kept = app.store.own_digest(who.org, who.person.id).await?;
    let none = When { days: Vec::new(), ..When::default() };
    let is = kept.as_ref().map_or(none, |kept| When::of(&kept.told));
    let waits = own::waits(app, who, app.now(), &mut Sides::new()).await?;
    let thing = |told: Told| Thing {
        title: told.title,
        detail: told.detail,
        act: told.act,
        link: told.link,
    };
    Ok(Json(Shown {
        days: is.days,
        hour: is.hour,
        zone: is.zone,
        next: kept.map(|kept| kept.next.to_string()),
        waits: waits.iter().map(|is| thing(Told::of(&is.told))).collect(),
    }))
}

/// My own digest, and what waits for me.
#[utoipa::path(get, path = "/api/v1/own-digest", tag = "notices", operation_id = "own_digest",
    responses((status = 200, body = Shown)))]
pub(crate) async fn get(State(app): State<App>, who: Who) -> Result<Json<Shown>, Problem> {
    must_be_here(&who)?;
    shown(&app, &who).await
}

/// Says when my own digest comes. For people who are signed in: it would outlive a token.
#[utoipa::path(put, path = "/api/v1/own-digest", tag = "notices",
    operation_id = "set_own_digest", request_body = Sent, responses((status = 200, body = Shown)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<Sent>,
) -> Result<Json<Shown>, Problem> {
    let zone = sent.zone.unwrap_or_else(|| "UTC".to_owned());
    let is = When { days: sent.days, hour: sent.hour, zone };
    match own::set(&app, &who, is).await? {
        Ok(()) => shown(&app, &who).await,
        Err((name, text)) => Err(Problem::invalid(format!("`{name}`: {text}"))),
    }
}

/// It comes no longer.
#[utoipa::path(delete, path = "/api/v1/own-digest", tag = "notices",
    operation_id = "end_own_digest",
    responses((status = 204, description = "It comes no longer")))]
pub(crate) async fn delete(State(app): State<App>, who: Who) -> Result<StatusCode, Problem> {
    own::end(&app, &who).await?;
    Ok(StatusCode::NO_CONTENT)
}
