//! The risk register, to take away.

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use super::Sorry;
use crate::access::Who;
use crate::facts::risks::{Register, register};
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn csv(
    State(app): State<App>,
    who: Result<Who, Problem>,
) -> Result<Response, Sorry> {
    let who = who.map_err(Sorry::from)?;
    Ok(register(&app, &who).await?.csv()?)
}

pub(crate) async fn json(
    State(app): State<App>,
    who: Result<Who, Problem>,
) -> Result<Json<Register>, Sorry> {
    let who = who.map_err(Sorry::from)?;
    Ok(Json(register(&app, &who).await?))
}
