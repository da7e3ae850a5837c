//! Appeals: changes outside of any cadence, and disputes about what comes first, with who answered by which rule.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trimtab_store::{Appeal, AppealState, Consent, Cursor, Page};
use utoipa::ToSchema;

use super::{Changed, Listed, Named, cursor, limit, visible};
use crate::access::Who;
use crate::appealing::{Answer, Wanted, answer as keep, ask, find, take_back};
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// Which.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// `asked`, `granted`, `refused` or `taken-back`.
    #[param(pattern = "^(asked|granted|refused|taken-back)$")]
    pub(crate) state: Option<String>,
    /// Of an incident.
    pub(crate) incident: Option<i64>,
    /// Of a team.
    pub(crate) team: Option<i64>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// What was asked, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Appeal)]
pub(crate) struct Shown {
    id: i64,
    /// `emergency` or `dispute`.
    kind: &'static str,
    incident: Option<i64>,
    finding: Option<i64>,
    asset: Named,
    package: String,
    team: Option<i64>,
    /// `now` or `later`.
    wanted: &'static str,
    reason: String,
    author: i64,
    asked: String,
    /// Until when it is to be answered.
    due: String,
    state: &'static str,
    /// Who answers, by the charter as it was when it was asked.
    rule: String,
    sides: Vec<String>,
    /// How many people must grant it, each another.
    needs: u32,
    /// How many granted it before the one who answered, or while more must.
    granted: u32,
    /// Who granted it before the one who answered, or while more must. Told of one appeal, not in the list.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    consents: Vec<ShownConsent>,
    approver: Option<i64>,
    approver_role: Option<String>,
    /// When, or when it was taken back.
    answered: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    answer: String,
    /// Until when a change stays held that a dispute held back; then it is in the plan again by itself.
    until: Option<String>,
    /// When that was over.
    ended: Option<String>,
}

/// Somebody who granted what more must grant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppealConsent)]
pub(crate) struct ShownConsent {
    person: i64,
    role: String,
    reason: String,
    at: String,
}

impl From<&Consent> for ShownConsent {
    fn from(is: &Consent) -> ShownConsent {
        ShownConsent {
            person: is.person,
            role: is.role.clone(),
            reason: is.reason.clone(),
            at: is.at.to_string(),
        }
    }
}

impl From<&Appeal> for Shown {
    fn from(is: &Appeal) -> Shown {
        Shown {
            id: is.id,
            kind: if is.is.dispute { "dispute" } else { "emergency" },
            incident: is.is.incident,
            finding: is.is.finding,
            asset: Named { id: is.is.asset, name: is.asset_name.clone() },
            package: is.is.package.clone(),
            team: is.is.team,
            wanted: if is.is.at_once { "now" } else { "later" },
            reason: is.is.reason.clone(),
            author: is.is.author,
            asked: is.asked.to_string(),
            due: is.is.due.to_string(),
            state: is.state.as_str(),
            rule: is.is.rule.clone(),
            sides: is.is.sides.clone(),
            needs: is.is.needs,
            granted: is.granted,
            consents: is.consents.iter().map(ShownConsent::from).collect(),
            approver: is.approver.as_ref().map(|a| a.0),
            approver_role: is.approver.as_ref().map(|a| a.1.clone()),
            answered: is.answered.map(|at| at.to_string()),
            answer: is.answer.clone(),
            until: is.until.map(|at| at.to_string()),
            ended: is.ended.map(|at| at.to_string()),
        }
    }
}

/// A page of those that they may see, the newest first.
///
/// # Errors
/// They may see nothing.
pub(crate) async fn all(app: &App, who: &Who, asked: &Asked) -> Result<Page<Appeal>, Problem> {
    super::findings::seen(who)?;
    let state = match asked.state.as_deref() {
        None => None,
        Some(word) => Some(AppealState::from_text(word).ok_or_else(|| {
            Problem::invalid("`state` must be asked, granted, refused or taken-back.")
        })?),
    };
    let seen = visible(who, &app.store.systems(who.org).await?);
    let (after, limit) = (cursor(asked.after.as_deref())?, limit(asked.limit));
    let of = (state, asked.incident, asked.team);
    Ok(app.store.appeals(who.org, of, seen.as_deref(), after, limit).await?)
}

/// What was asked outside of the plan, the newest first.
#[utoipa::path(get, path = "/api/v1/appeals", tag = "appeals", operation_id = "appeals",
    params(Asked), responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    let page = all(&app, &who, &asked).await?;
    let rows = page.rows.iter().map(Shown::from).collect();
    Ok(Json(Listed { rows, next: page.next.map(Cursor::to_text) }))
}

/// Asks for a change outside of any cadence, or disputes what comes first.
#[utoipa::path(post, path = "/api/v1/appeals", tag = "appeals", operation_id = "appeal",
    request_body = Wanted, responses((status = 201, body = Changed)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<Wanted>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let id = ask(&app, &who, &sent).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// One of them.
#[utoipa::path(get, path = "/api/v1/appeals/{id}", tag = "appeals", operation_id = "one_appeal",
    params(("id" = i64, Path,)), responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(Shown::from(&find(&app, &who, id).await?.0)))
}

/// Answers what somebody else asked. What is granted is in the team's plan from then on.
#[utoipa::path(post, path = "/api/v1/appeals/{id}", tag = "appeals",
    operation_id = "answer_appeal", params(("id" = i64, Path,)), request_body = Answer,
    responses((status = 200, body = Shown)))]
pub(crate) async fn answer(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<Answer>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(Shown::from(&keep(&app, &who, id, &sent).await?)))
}

/// Takes back what they asked, while it waits for an answer.
#[utoipa::path(delete, path = "/api/v1/appeals/{id}", tag = "appeals",
    operation_id = "take_back_appeal", params(("id" = i64, Path,)),
    responses((status = 200, body = Shown)))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    Ok(Json(Shown::from(&take_back(&app, &who, id).await?)))
}
