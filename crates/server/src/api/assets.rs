//! Assets: what carries components, and what of them runs where.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_store::Asset;

use super::{on, visible};
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::state::App;

/// Which.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    system: Option<i64>,
    #[serde(default)]
    after: String,
    limit: Option<usize>,
}

pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    super::findings::seen(&who)?;
    let systems = app.store.systems(who.org).await?;
    let visible = visible(&who, &systems);
    let limit = asked.limit.unwrap_or(100).clamp(1, 500);
    let found = app.store.assets(who.org, asked.system, &asked.after, limit).await?;
    let next = (found.len() == limit).then(|| found.last().map(|a| a.name.clone())).flatten();
    let may = |a: &&Asset| {
        visible.as_ref().is_none_or(|v| a.system.is_some_and(|system| v.contains(&system)))
    };
    let rows: Vec<Value> = found.iter().filter(may).map(shown).collect();
    Ok(Json(json!({ "rows": rows, "next": next })))
}

pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let missing = || Problem::not_found("asset");
    let is = app.store.asset(who.org, id).await?.ok_or_else(missing)?;
    if !who.may(Action::View, on(&app.store, who.org, is.asset.system).await?) {
        return Err(missing());
    }
    let mut value = shown(&is.asset);
    let running = is.running.iter().map(|r| {
        json!({ "environment": r.environment, "snapshot": r.snapshot, "since": r.since.to_string() })
    });
    value["running"] = running.collect();
    let snapshots = app.store.snapshots(who.org, id, 50).await?;
    let snapshots = snapshots.iter().map(|s| {
        json!({ "id": s.id, "document": s.document, "revision": s.revision, "branch": s.branch,
            "build": s.build, "received": s.received.to_string() })
    });
    value["snapshots"] = snapshots.collect();
    Ok(Json(value))
}

fn shown(is: &Asset) -> Value {
    json!({ "id": is.id, "name": is.name, "kind": is.kind, "system": is.system, "latest": is.latest })
}
