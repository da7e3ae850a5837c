//! Lessons: which weaknesses a team met, and how often.

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::Who;
use crate::facts::lessons::{Met, met};
use crate::problem::Problem;
use crate::state::App;

/// Of whom.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of a team's systems; if absent: of all that they may see.
    pub(crate) team: Option<i64>,
}

/// A weakness that was met.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lesson)]
pub(crate) struct Shown {
    /// `CWE-79`.
    cwe: String,
    /// `null`: no lesson was written yet.
    title: Option<&'static str>,
    what: Option<&'static str>,
    exploited: Option<&'static str>,
    avoided: Option<&'static str>,
    /// How many findings with it are there, and how many there ever were.
    open: usize,
    ever: usize,
}

impl From<&Met> for Shown {
    fn from(is: &Met) -> Shown {
        Shown {
            cwe: is.cwe.clone(),
            title: is.lesson.map(|l| l.title),
            what: is.lesson.map(|l| l.what),
            exploited: is.lesson.map(|l| l.exploited),
            avoided: is.lesson.map(|l| l.avoided),
            open: is.open(),
            ever: is.findings.len(),
        }
    }
}

/// What was met.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Lessons {
    /// By how often it was met.
    rows: Vec<Shown>,
    /// Findings of which no source names a weakness. `null`: sources cannot be read now, and what is not listed may
    /// have been met.
    unknown: Option<usize>,
    /// Whether there are more findings than were looked at.
    more: bool,
}

/// Which weaknesses a team met, with a short lesson about each.
#[utoipa::path(get, path = "/api/v1/lessons", tag = "lessons", operation_id = "lessons",
    params(Asked), responses((status = 200, body = Lessons)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Lessons>, Problem> {
    let all = met(&app, &who, asked.team).await?;
    let rows = all.met.iter().map(Shown::from).collect();
    Ok(Json(Lessons { rows, unknown: all.unknown, more: all.more }))
}
