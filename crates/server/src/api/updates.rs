//! Updates: batches that were carried out where the code is, pushed with their evidence.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_report::applied::json;
use trimtab_store::{Applied, Cursor, NewApplied};
use utoipa::ToSchema;

use super::{Listed, Named, asset_for, cursor, limit, on};
use crate::access::{Action, On, Who};
use crate::confirming;
use crate::jobs::replan;
use crate::object::Object;
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;
use crate::updating::{self, Update, title};

/// The largest evidence, in bytes.
const MOST: usize = 256 << 10;
/// The most of a page.
const LISTED: usize = 200;

/// What it is about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The asset's name.
    #[param(min_length = 1, max_length = 300)]
    asset: String,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UpdateTaken)]
pub(crate) struct Taken {
    update: i64,
    asset: i64,
    /// Whether it is new: the same again is kept once.
    new: bool,
}

/// Takes what `trimtab apply --format json` wrote about a batch of an asset.
#[utoipa::path(post, path = "/api/v1/updates", tag = "updates",
    params(About),
    request_body(content = Vec<u8>, content_type = "application/json"),
    responses((status = 200, description = "It was known", body = Taken),
        (status = 201, description = "It is kept", body = Taken)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    arriving: Arriving,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let asset = asset_for(&app.store, &who, Action::Upload, &about.asset).await?;
    let bytes = arriving.read(&app).await?.bytes(MOST).await?;
    let now = app.now();
    let told: json::Document = confirming::read(&bytes, json::FORMAT, json::VERSION)?;
    let at = confirming::moment(&told.now, now)?;
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if told.batch.is_empty() || told.batch.len() > 200 || !told.batch.chars().all(word) {
        return Err(Problem::invalid("Its `batch` is not the name of a batch."));
    }
    if !["applied", "part", "nothing", "refused"].contains(&told.outcome.as_str()) {
        return Err(Problem::invalid("Its `outcome` is not a known outcome."));
    }
    let batch = told.batch.clone();
    let told = serde_json::to_value(told).map_err(|e| Problem::invalid(e.to_string()))?;
    let new = NewApplied { asset: asset.id, batch, at, told };
    let (update, new) = app.store.add_applied(who.org, &new, &who.actor(), now).await?;
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(Taken { update, asset: asset.id, new })))
}

/// Which.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of a team's systems.
    pub(crate) team: Option<i64>,
    /// Of an asset.
    pub(crate) asset: Option<i64>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 200.
    pub(crate) limit: Option<usize>,
}

/// An update.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Update)]
pub(crate) struct Shown {
    id: i64,
    asset: Named,
    batch: String,
    /// What moves.
    title: String,
    /// `nothing` can be merged; `carried-out`, it waits to be merged; `merged`; `deployed`; `reverted`; `unknown`,
    /// nothing that it removes is known of the asset.
    state: &'static str,
    /// When it was planned, carried out, gone from the main line, gone from production, taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<String>,
    carried_out: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deployed: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reverted: Option<String>,
    /// Why it was rolled back.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// The points that it took in truth, as people say.
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<f64>,
    /// The ids of the findings that it removes.
    findings: Vec<i64>,
    /// The evidence, as it was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<serde_json::Value>,
}

fn shown(update: &Update, whole: bool) -> Shown {
    let is = &update.is;
    Shown {
        id: is.id,
        asset: Named { id: is.is.asset, name: is.asset_name.clone() },
        batch: is.is.batch.clone(),
        title: title(&update.told),
        state: update.far.as_str(),
        planned: update.planned.as_ref().map(|p| p.at.to_string()),
        carried_out: is.is.at.to_string(),
        merged: update.merged.map(|at| at.to_string()),
        deployed: update.deployed.map(|at| at.to_string()),
        reverted: is.reverted.map(|at| at.to_string()),
        reason: is.reason.clone(),
        points: is.points,
        findings: update.findings.iter().map(|f| f.id).collect(),
        evidence: whole.then(|| is.is.told.clone()),
    }
}

/// A page of the updates that they may see, the newest first.
///
/// # Errors
/// They may see nothing.
pub(crate) async fn all(
    app: &App,
    who: &Who,
    asked: &Asked,
) -> Result<(Vec<Update>, Option<Cursor>), Problem> {
    super::findings::seen(who)?;
    let systems = super::visible(who, &app.store.systems(who.org).await?);
    let (of, after) = ((asked.team, asked.asset), cursor(asked.after.as_deref())?);
    let limit = limit(asked.limit).min(LISTED);
    let page = app.store.all_applied(who.org, of, systems.as_deref(), after, limit).await?;
    Ok((updating::of_all(app, who.org, page.rows).await?, page.next))
}

/// An update that they may see.
///
/// # Errors
/// There is none.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<(Applied, On), Problem> {
    let missing = || Problem::not_found("update");
    let is = app.store.applied(who.org, id).await?.ok_or_else(missing)?;
    let on = on(&app.store, who.org, is.system).await?;
    if !who.may(Action::View, on) {
        return Err(missing());
    }
    Ok((is, on))
}

/// Updates, the newest first. Without their evidence.
#[utoipa::path(get, path = "/api/v1/updates", tag = "updates",
    params(Asked), responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    let (rows, next) = all(&app, &who, &asked).await?;
    let rows = rows.iter().map(|update| shown(update, false)).collect();
    Ok(Json(Listed { rows, next: next.map(Cursor::to_text) }))
}

/// An update with its evidence.
#[utoipa::path(get, path = "/api/v1/updates/{id}", tag = "updates",
    params(("id" = i64, Path,)), responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    let (is, _) = find(&app, &who, id).await?;
    let update = updating::of(&app, who.org, is).await?;
    Ok(Json(shown(&update, true)))
}

/// What people say of an update afterwards.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UpdateSaid)]
pub(crate) struct Said {
    /// The points that it took in truth. If absent: unknown.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 10000)]
    pub(crate) points: Option<f64>,
    /// Whether it was taken back.
    #[serde(default)]
    pub(crate) reverted: bool,
    /// Why it was; needed then.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub(crate) reason: String,
}

/// Says what an update cost, and whether it was taken back: the team's estimates learn from it.
#[utoipa::path(post, path = "/api/v1/updates/{id}", tag = "updates",
    params(("id" = i64, Path,)), request_body = Said,
    responses((status = 200, body = Shown)))]
pub(crate) async fn say(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(said): Object<Said>,
) -> Result<Json<Shown>, Problem> {
    keep(&app, &who, id, &said).await?;
    one(State(app), who, Path(id)).await
}

/// Whether they may say what an update cost: who sets the pace of its team, since the estimates of all its systems
/// learn from it, or an admin.
pub(crate) fn may_say(who: &Who, on: On) -> bool {
    let on = if on.team.is_some() { On { system: None, ..on } } else { on };
    who.may(Action::Pace, on) || who.may(Action::Administer, On::ALL)
}

/// Keeps what somebody says of an update; the pages do it the same way.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn keep(app: &App, who: &Who, id: i64, said: &Said) -> Result<(), Problem> {
    let (is, on) = find(app, who, id).await?;
    if !may_say(who, on) {
        return Err(Problem::forbidden(Action::Pace));
    }
    if said.points.is_some_and(|p| !p.is_finite() || !(0.0..=10_000.0).contains(&p)) {
        return Err(Problem::invalid("`points` must be 0 to 10000."));
    }
    let reason = said.reason.trim();
    if reason.chars().count() > 1000 || reason.chars().any(char::is_control) {
        return Err(Problem::invalid("The reason must be at most 1000 characters, on one line."));
    }
    if said.reverted && reason.is_empty() {
        return Err(Problem::invalid("Say why it was rolled back: others learn from it."));
    }
    let now = app.now();
    let reverted: Option<Timestamp> = said.reverted.then(|| is.reverted.unwrap_or(now));
    let reason = if said.reverted { reason } else { "" };
    let told = (said.points, reverted, reason);
    app.store.say_of_applied(who.org, id, told, &who.actor(), now).await?;
    if let Some(team) = on.team {
        app.store.add_job(&replan::of_team(who.org, team, now), now).await?;
        app.work.notify_one();
    }
    Ok(())
}
