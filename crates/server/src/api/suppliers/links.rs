//! The links by which suppliers send documents and answers.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shown::Made;
use crate::access::Who;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying;

/// A link to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSupplierLink)]
pub(crate) struct NewLink {
    /// Who has it.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// How many days it is good.
    #[schema(minimum = 1, maximum = 400)]
    days: i64,
}

/// Makes a link by which a supplier sends documents and answers. For people who are signed in: it would outlive a token. Its
/// address is in this answer only.
#[utoipa::path(post, path = "/api/v1/suppliers/{id}/links", tag = "suppliers",
    request_body = NewLink, params(("id" = i64, Path)), responses((status = 201, body = Made)))]
pub(crate) async fn link(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<NewLink>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let NewLink { name, days } = sent;
    let (id, address) = supplying::link(&app, &who, id, (&name, days)).await?;
    Ok((StatusCode::CREATED, Json(Made { id, address })))
}

/// Withdraws a link of a supplier.
#[utoipa::path(delete, path = "/api/v1/suppliers/{id}/links/{link}", tag = "suppliers",
    params(("id" = i64, Path), ("link" = i64, Path)),
    responses((status = 204, description = "It is withdrawn")))]
pub(crate) async fn withdraw_link(
    State(app): State<App>,
    who: Who,
    Path(ids): Path<(i64, i64)>,
) -> Result<StatusCode, Problem> {
    supplying::withdraw_link(&app, &who, ids).await?;
    Ok(StatusCode::NO_CONTENT)
}
