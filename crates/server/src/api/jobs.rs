//! How it stands with work that was accepted.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let job = app.store.job(who.org, id).await?.ok_or_else(|| Problem::not_found("job"))?;
    // What a job works with may name what they may not see: who asked for it has its address.
    Ok(Json(json!({ "id": job.id, "kind": job.kind, "state": job.state.as_str(),
        "attempts": job.attempts, "created": job.created.to_string(),
        "ended": job.ended.map(|t| t.to_string()), "error": job.error, "result": job.result })))
}
