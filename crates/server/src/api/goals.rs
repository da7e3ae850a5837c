//! Goals that are shared, and the pulse.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trimtab_engine::pulse::Means;
use trimtab_store::SharedGoal;
use utoipa::ToSchema;

use super::{Changed, Listed, Rows, limit};
use crate::access::Who;
use crate::goaling::{self, Shared, Wanted};
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// Which part of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// A goal with how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Goal)]
pub(crate) struct Shown {
    id: i64,
    name: String,
    /// `null`: of the organisation.
    team: Option<i64>,
    /// `load`; `remediation`, the median days; `deadlines`, the share that is kept in per cent. Both over the
    /// goal's own time so far.
    measure: &'static str,
    from: f64,
    to: f64,
    #[schema(format = DateTime)]
    begins: String,
    /// The last day.
    #[schema(format = Date)]
    ends: String,
    /// The number now. `null`: unknown.
    value: Option<f64>,
    /// The share of the way, 0 to 1. `null`: unknown.
    way: Option<f64>,
    /// The share of the time, 0 to 1.
    time: f64,
    /// `reached`, `on track`, `behind`, `missed`, `unknown`.
    standing: &'static str,
}

impl From<&Shared> for Shown {
    fn from(of: &Shared) -> Shown {
        let is = &of.is.is;
        Shown {
            id: of.is.id,
            name: is.name.clone(),
            team: is.team,
            measure: of.measure.as_str(),
            from: is.from,
            to: is.to,
            begins: is.begins.to_string(),
            ends: crate::reviewing::last_day(is.ends),
            value: of.value,
            way: of.progress.way,
            time: of.progress.time,
            standing: of.progress.standing.as_str(),
        }
    }
}

/// The goals that hold and of which they may see all, by name.
#[utoipa::path(get, path = "/api/v1/goals", tag = "goals", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    let mut goals = goaling::set(&app, &who).await?;
    let page = (asked.after.as_deref(), limit(asked.limit));
    let key = |goal: &SharedGoal| (goal.is.name.clone(), goal.id);
    // No others are measured than those of the page.
    let page: Listed<SharedGoal> = Listed::part(&mut goals, key, page, Clone::clone)?;
    let measured = goaling::measured(&app, &who, page.rows).await?;
    Ok(Json(Listed { rows: measured.iter().map(Shown::from).collect(), next: page.next }))
}

/// A goal to be shared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewGoal)]
pub(crate) struct New {
    /// If absent: of the organisation.
    team: Option<i64>,
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// `load`, `remediation`, `deadlines`.
    measure: String,
    /// Where it begins. If absent: the number of now.
    #[schema(minimum = 0)]
    from: Option<f64>,
    #[schema(minimum = 0)]
    to: f64,
    /// The last day.
    #[schema(format = Date)]
    ends: String,
}

/// Shares a goal.
#[utoipa::path(post, path = "/api/v1/goals", tag = "goals", request_body = New,
    responses((status = 201, body = Changed)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<New>,
) -> Result<(StatusCode, Json<Changed>), Problem> {
    let New { team, name, measure, from, to, ends } = sent;
    let wanted = Wanted { team, name, measure, from, to, ends };
    let id = goaling::add(&app, &who, &wanted).await?;
    Ok((StatusCode::CREATED, Json(Changed { id })))
}

/// Gives a goal up.
#[utoipa::path(delete, path = "/api/v1/goals/{id}", tag = "goals", params(("id" = i64, Path,)),
    responses((status = 200, body = Changed)))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Changed>, Problem> {
    goaling::drop_goal(&app, &who, id).await?;
    Ok(Json(Changed { id }))
}

/// What can be told of some answers, each 1 to 5.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PulseMeans)]
pub(crate) struct ShownMeans {
    answers: u64,
    productive: f64,
    heard: f64,
    clear: f64,
}

impl From<Means> for ShownMeans {
    fn from(is: Means) -> ShownMeans {
        let [productive, heard, clear] = is.means;
        ShownMeans { answers: is.count, productive, heard, clear }
    }
}

/// What a role answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PulseOfRole)]
pub(crate) struct OfRole {
    role: &'static str,
    /// `null`: fewer than five answered.
    told: Option<ShownMeans>,
}

/// A round that is over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PulseRound)]
pub(crate) struct Round {
    /// Its month: `2026-11`.
    round: String,
    /// Of all. `null`: too few, or those of whom nothing is told could be reckoned from it.
    all: Option<ShownMeans>,
    roles: Vec<OfRole>,
}

/// The rounds of the pulse that are over, the newest first.
#[utoipa::path(get, path = "/api/v1/pulse", tag = "goals", operation_id = "pulse",
    responses((status = 200, body = Rows<Round>)))]
pub(crate) async fn pulse(State(app): State<App>, who: Who) -> Result<Json<Rows<Round>>, Problem> {
    let rounds = goaling::rounds(&app, &who).await?;
    let of = |(role, told): (trimtab_model::Role, Option<Means>)| OfRole {
        role: role.as_str(),
        told: told.map(ShownMeans::from),
    };
    let rows = rounds.into_iter().map(|(round, told)| Round {
        round,
        all: told.all.map(ShownMeans::from),
        roles: told.roles.into_iter().map(of).collect(),
    });
    Ok(Json(Rows { rows: rows.collect() }))
}

/// One's own answers, each 1 (not at all) to 5 (fully).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PulseAnswer)]
pub(crate) struct Answer {
    /// One of one's roles.
    role: String,
    #[schema(minimum = 1, maximum = 5)]
    productive: u8,
    #[schema(minimum = 1, maximum = 5)]
    heard: u8,
    #[schema(minimum = 1, maximum = 5)]
    clear: u8,
}

/// What was counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PulseCounted)]
pub(crate) struct Counted {
    round: String,
}

/// Answers the pulse of this month, once. For people who are signed in: no token answers for somebody. Only how many
/// gave which answer is kept.
#[utoipa::path(post, path = "/api/v1/pulse", tag = "goals", operation_id = "answer",
    request_body = Answer, responses((status = 200, body = Counted)))]
pub(crate) async fn answer(
    State(app): State<App>,
    who: Who,
    Object(sent): Object<Answer>,
) -> Result<Json<Counted>, Problem> {
    let answers = [sent.productive, sent.heard, sent.clear];
    goaling::answer(&app, &who, &sent.role, answers).await?;
    Ok(Json(Counted { round: goaling::round(app.now()) }))
}
