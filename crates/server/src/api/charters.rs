//! Charters: proposed, agreed to side by side, and what a proposal would make of today's findings.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_model::Level;
use trimtab_store::StoredCharter;

use super::{findings, visible};
use crate::access::Who;
use crate::agreeing;
use crate::effect::effect;
use crate::problem::Problem;
use crate::state::App;

/// A charter to be proposed.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// The file's text.
    text: String,
}

/// An agreement.
#[derive(Debug, Deserialize)]
pub(crate) struct Agreement {
    /// The side.
    side: String,
}

pub(crate) async fn list(State(app): State<App>, who: Who) -> Result<Json<Value>, Problem> {
    findings::seen(&who)?;
    let all = app.store.charters(who.org).await?;
    Ok(Json(json!({ "rows": all.iter().map(shown).collect::<Vec<_>>() })))
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let id = agreeing::propose(&app, &who, &wanted.text).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "state": "proposed" }))))
}

pub(crate) async fn agree(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(agreement): Json<Agreement>,
) -> Result<Json<Value>, Problem> {
    let (charter, _) = agreeing::find(&app, &who, id).await?;
    let state = agreeing::agree(&app, &who, &charter, &agreement.side).await?;
    Ok(Json(json!({ "id": id, "state": state.as_str() })))
}

pub(crate) async fn withdraw(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let (charter, _) = agreeing::find(&app, &who, id).await?;
    agreeing::withdraw(&app, &who, &charter).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn effects(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    findings::seen(&who)?;
    let (charter, _) = agreeing::find(&app, &who, id).await?;
    let proposed =
        agreeing::read(&charter.text).map_err(|wrong| Problem::conflict(agreeing::told(&wrong)))?;
    let systems = app.store.systems(who.org).await?;
    let is = effect(&app, who.org, visible(&who, &systems), proposed, app.now()).await?;
    let pair = |(today, then): (i64, i64)| json!({ "today": today, "then": then });
    let mut levels = serde_json::Map::new();
    for (level, counts) in Level::ALL.iter().zip(is.levels) {
        levels.insert(level.as_str().to_owned(), pair(counts));
    }
    levels.insert("unknown".to_owned(), pair(is.unknown));
    let moved = is.moved.iter().take(500).map(|m| {
        let told = |w: &Option<trimtab_store::Weighed>| {
            w.as_ref().map(|w| {
                json!({ "level": w.level.as_str(), "weight": w.weight,
                    "deadline": w.deadline.map(|t| t.to_string()) })
            })
        };
        json!({ "finding": m.finding.id, "today": told(&m.before), "then": told(&m.after) })
    });
    Ok(Json(
        json!({ "against": is.against, "weighed": is.weighed, "complete": !is.more, "levels": levels,
        "load": { "today": is.load.0, "then": is.load.1 },
        "graver": is.graver, "milder": is.milder, "sooner": is.sooner, "later": is.later,
        "changed": is.moved.len(), "moved": moved.collect::<Vec<_>>() }),
    ))
}

fn shown(is: &StoredCharter) -> Value {
    let agreed = is.agreed.iter().map(|(side, person, at)| {
        json!({ "side": side.as_str(), "person": person, "at": at.to_string() })
    });
    json!({ "id": is.id, "state": is.state.as_str(), "author": is.author,
        "proposed": is.proposed.to_string(), "in_force": is.in_force.map(|t| t.to_string()),
        "agreed": agreed.collect::<Vec<_>>(), "text": is.text })
}
