//! The risk register: the columns of NIST IR 8286A.

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use crate::access::Who;
use crate::facts::risks::{Register, register};
use crate::problem::Problem;
use crate::state::App;

/// The risks that they may see, the gravest first, at most 20,000.
#[utoipa::path(get, path = "/api/v1/risks", tag = "risks", responses((status = 200, body = Register)))]
pub(crate) async fn list(State(app): State<App>, who: Who) -> Result<Json<Register>, Problem> {
    Ok(Json(register(&app, &who).await?))
}

/// The same as CSV.
#[utoipa::path(get, path = "/api/v1/risks.csv", tag = "risks",
    responses((status = 200, body = String, content_type = "text/csv")))]
pub(crate) async fn csv(State(app): State<App>, who: Who) -> Result<Response, Problem> {
    register(&app, &who).await?.csv()
}
