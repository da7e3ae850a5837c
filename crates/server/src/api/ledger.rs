//! The ledger, in order.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::findings::entry;
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// Which.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    after: i64,
    limit: Option<usize>,
}

pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    who.must(Action::Audit, On::ALL)?;
    let limit = asked.limit.unwrap_or(500).clamp(1, 5000);
    let entries = app.store.ledger(who.org, asked.after, limit).await?;
    let next = (entries.len() == limit).then(|| entries.last().map(|e| e.seq)).flatten();
    let rows: Vec<Value> = entries.iter().map(entry).collect();
    Ok(Json(json!({ "rows": rows, "next": next })))
}
