//! Decisions: asked for by one, answered by another.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_store::{Decision, DecisionState};

use super::findings;
use crate::access::Who;
use crate::deciding;
use crate::problem::Problem;
use crate::state::App;

/// A decision to be asked for, about a finding.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// The finding.
    finding: i64,
    #[serde(flatten)]
    is: deciding::Wanted,
}

/// Which.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    state: Option<String>,
}

/// An answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    /// `approved`, `refused`, `ended`.
    state: String,
    /// The side that they speak for.
    role: String,
}

pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    findings::seen(&who)?;
    let state = match asked.state.as_deref() {
        None | Some("") => DecisionState::Asked,
        Some(word) => DecisionState::from_text(word).ok_or_else(|| {
            Problem::invalid("`state` is one of asked, approved, refused, ended.")
        })?,
    };
    let all = deciding::list(&app, &who, state).await?;
    Ok(Json(json!({ "rows": all.iter().map(shown).collect::<Vec<_>>() })))
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let finding = findings::find(&app, &who, wanted.finding).await?;
    let id = deciding::ask(&app, &who, &finding, wanted.is).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "state": "asked" }))))
}

pub(crate) async fn answer(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(answer): Json<Answer>,
) -> Result<Json<Value>, Problem> {
    let decision = deciding::find(&app, &who, id).await?;
    let state = match DecisionState::from_text(&answer.state) {
        Some(state) if state != DecisionState::Asked => state,
        _ => return Err(Problem::invalid("`state` is one of approved, refused, ended.")),
    };
    deciding::answer(&app, &who, &decision, state, &answer.role).await?;
    Ok(Json(json!({ "id": id, "state": state.as_str() })))
}

fn shown(is: &Decision) -> Value {
    json!({ "id": is.id, "kind": is.is.kind.as_str(), "state": is.state.as_str(),
        "vulnerability": is.is.vulnerability, "package": is.is.package, "asset": is.is.asset,
        "system": is.is.system, "reason": is.is.reason, "control": is.is.control,
        "justification": is.is.justification,
        "author": is.is.author, "author_role": is.is.author_role,
        "approver": is.approver.as_ref().map(|a| a.0), "asked": is.asked.to_string(),
        "expires": is.is.expires.map(|t| t.to_string()) })
}
