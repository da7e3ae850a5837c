//! The questions to suppliers.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use trimtab_store::QuestionState;
use utoipa::ToSchema;

use super::super::{Changed, Listed, cursor, limit};
use super::Asked;
use super::shown::ShownQuestion;
use crate::access::Who;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying;

/// The questions to a supplier about products that they may see, the newest first.
#[utoipa::path(get, path = "/api/v1/suppliers/{id}/questions", tag = "suppliers",
    params(("id" = i64, Path), Asked),
    responses((status = 200, body = Listed<ShownQuestion>)))]
pub(crate) async fn questions(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ShownQuestion>>, Problem> {
    let seen = supplying::find(&app, &who, id).await?;
    let (after, ids) = (cursor(asked.after.as_deref())?, seen.ids());
    let none: Option<QuestionState> = None;
    let page = app.store.questions(who.org, (&ids, none), after, limit(asked.limit)).await?;
    Ok(Json(Listed::of(&page)))
}

/// A question to be asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSupplierQuestion)]
pub(crate) struct NewQuestion {
    /// About which product. If absent: the one that has the finding.
    product: Option<i64>,
    finding: Option<i64>,
    #[schema(min_length = 1, max_length = 4000)]
    text: String,
    /// Within how many days; if absent: as was promised.
    #[schema(minimum = 1, maximum = 365)]
    days: Option<i64>,
    /// The side that they speak for. If absent: one of theirs.
    role: Option<String>,
}

/// Asks a supplier: they see it by their link.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/questions", tag = "suppliers",
    request_body = NewQuestion, params(("id" = i64, Path)), responses((status = 201, body = Changed)))]
pub(crate) async fn ask(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<NewQuestion>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let NewQuestion { product, finding, text, days, role } = sent;
    let role = role.unwrap_or_default();
    let asked = supplying::Asked { product, finding, words: text, days, role };
    let id = supplying::ask(&app, &who, id, asked).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// Takes a question back that was not answered.
#[utoipa::path(delete, path = "/api/v1/suppliers/{id}/questions/{question}", tag = "suppliers",
    params(("id" = i64, Path), ("question" = i64, Path)),
    responses((status = 204, description = "It is no longer asked")))]
pub(crate) async fn withdraw_question(
    State(app): State<App>,
    who: Who,
    Path(ids): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    supplying::withdraw_question(&app, &who, ids).await?;
    Ok(StatusCode::NO_CONTENT)
}
