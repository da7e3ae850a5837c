//! Links to a board that are read without signing in. The address is in the answer that makes one, and never again.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trimtab_store::{Page, ScopeOf, Share};
use utoipa::ToSchema;

use super::{Listed, cursor, limit};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::sharing;
use crate::state::App;

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewShare)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// `engineering`, `security`, `product`, `operations`, `leadership`.
    side: String,
    /// Of a team alone; without it: of the organisation.
    #[serde(default)]
    team: Option<i64>,
    /// How many days it is good.
    #[schema(minimum = 1, maximum = 90)]
    days: i64,
}

/// A link, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Share)]
pub(crate) struct Shown {
    id: i64,
    name: String,
    side: String,
    /// `null`: of the organisation.
    team: Option<i64>,
    /// Who made it.
    person: i64,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    expires: String,
    #[schema(format = DateTime)]
    withdrawn: Option<String>,
    /// When it was last read, to the hour.
    #[schema(format = DateTime)]
    used: Option<String>,
}

/// A link that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShareMade)]
pub(crate) struct Made {
    id: i64,
    /// Whoever has it sees the board: never shown again.
    address: String,
}

/// Which.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

impl From<&Share> for Shown {
    fn from(is: &Share) -> Shown {
        let team = match is.is.scope {
            ScopeOf::Team(id) => Some(id),
            ScopeOf::Organisation | ScopeOf::System(_) => None,
        };
        Shown {
            id: is.id,
            name: is.is.name.clone(),
            side: is.is.side.clone(),
            team,
            person: is.is.person,
            created: is.created.to_string(),
            expires: is.is.expires.to_string(),
            withdrawn: is.withdrawn.map(|at| at.to_string()),
            used: is.used.map(|at| at.to_string()),
        }
    }
}

/// A page of links: mine, or everybody's for an admin.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    after: Option<&str>,
    many: Option<usize>,
) -> Result<Page<Share>, Problem> {
    super::findings::seen(who)?;
    let person = (!who.may(Action::Administer, On::ALL)).then_some(who.person.id);
    let mut page = app.store.shares(who.org, person, cursor(after)?, limit(many)).await?;
    // A token is told of what it reaches alone.
    if who.session.is_none() {
        page.rows.retain(|share| who.may(Action::View, sharing::reach(share.is.scope)));
    }
    Ok(page)
}

/// My links, the newest first; an admin sees those of everybody.
#[utoipa::path(get, path = "/api/v1/shares", tag = "shares", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    Ok(Json(Listed::of(&page(&app, &who, asked.after.as_deref(), asked.limit).await?)))
}

/// Makes a link to a board. Its address is in this answer only.
#[utoipa::path(post, path = "/api/v1/shares", tag = "shares", request_body = Wanted,
    responses((status = 201, body = Made)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    // An object: a list of what its members are would be taken for it.
    Json(sent): Json<serde_json::Map<String, serde_json::Value>>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let Wanted { name, side, team, days } =
        serde_json::from_value(sent.into()).map_err(|e| Problem::invalid(e.to_string()))?;
    let wanted = sharing::Wanted { name, side, team, days };
    let (id, address) = sharing::make(&app, &who, wanted).await?;
    Ok((StatusCode::CREATED, Json(Made { id, address })))
}

/// Withdraws a link: whoever has it sees nothing from then on.
#[utoipa::path(delete, path = "/api/v1/shares/{id}", tag = "shares", params(("id" = i64, Path)),
    responses((status = 204, description = "It is withdrawn")))]
pub(crate) async fn withdraw(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    sharing::withdraw(&app, &who, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
