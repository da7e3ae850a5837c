//! The risk register: the columns of NIST IR 8286A.

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::{Listed, limit};
use crate::access::Who;
use crate::facts::risks::{Risk, page, register};
use crate::problem::Problem;
use crate::state::App;

/// Which part of it.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// The risks that they may see, the gravest first.
#[utoipa::path(get, path = "/api/v1/risks", tag = "risks", params(Asked),
    responses((status = 200, body = Listed<Risk>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Risk>>, Problem> {
    let (rows, next) = page(&app, &who, asked.after.as_deref(), limit(asked.limit)).await?;
    Ok(Json(Listed { rows, next }))
}

/// The same as CSV, at most 20,000.
#[utoipa::path(get, path = "/api/v1/risks.csv", tag = "risks",
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, who: Who) -> Result<Response, Problem> {
    register(&app, &who).await?.csv()
}
