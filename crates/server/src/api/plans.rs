//! What is scheduled for all teams; and plans that a package manager confirmed, pushed from where it is.

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trimtab_report::plan::json;
use trimtab_store::{Confirmed, Scheduled};
use utoipa::ToSchema;

use super::plan::named;
use super::snapshots::refused;
use super::{Listed, Named, asset_for, limit, snapshot_of};
use crate::access::{Action, Who};
use crate::confirming::{self, MOST};
use crate::ingest::blocking;
use crate::jobs;
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;
use crate::web::plans::{KeptPlan, kept};

/// A change that is scheduled.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduledChange {
    /// What decisions name it by.
    change: String,
    asset: i64,
    /// The purl without version.
    package: String,
    /// The version that it is raised to.
    version: String,
    /// `now`, or the name of its window.
    window: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends: Option<String>,
    /// From when it can be carried out, where that is within its window: a version leaves quarantine then.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    points: f64,
    load: f64,
    /// The ids of the findings that it removes.
    findings: Vec<i64>,
    /// Why it is there, as it was when it came there.
    why: String,
    /// Whether people put it there.
    by_people: bool,
    since: String,
}

/// The plan of a team that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptPlan)]
pub(crate) struct ShownPlan {
    team: Named,
    /// When it was made; while nothing that it is made of changes, it is not made again.
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<String>,
    /// Why there is no plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    changes: Vec<ScheduledChange>,
    /// The load that is open, and what of it goes.
    load: f64,
    load_removed: f64,
    /// Deadlines that pass by the plan, and if nothing is done.
    missed: usize,
    missed_of_nothing: usize,
    /// Findings that stay.
    left: usize,
}

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of a team.
    team: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// What is scheduled, for each team that may be seen, by its name.
#[utoipa::path(get, path = "/api/v1/plans", tag = "teams", operation_id = "plans", params(Asked),
    responses((status = 200, body = Listed<ShownPlan>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ShownPlan>>, Problem> {
    super::findings::seen(&who)?;
    let mut all = kept(&app, &who).await?;
    all.retain(|plan| asked.team.is_none_or(|team| plan.team.id == team));
    let page = (asked.after.as_deref(), limit(asked.limit));
    let key = |plan: &KeptPlan| (plan.team.name.clone(), plan.team.id);
    Ok(Json(Listed::part(&mut all, key, page, shown)?))
}

fn shown(is: &KeptPlan) -> ShownPlan {
    let change = |is: &Scheduled| ScheduledChange {
        change: named(&is.change),
        asset: is.change.asset,
        package: is.change.package.clone(),
        version: is.version.clone(),
        window: is.window.as_ref().map_or("now".to_owned(), |w| w.name.clone()),
        starts: is.window.as_ref().map(|w| w.starts.to_string()),
        ends: is.window.as_ref().map(|w| w.ends.to_string()),
        from: is.ready.map(|at| at.to_string()),
        points: is.points,
        load: is.load,
        findings: is.findings.clone(),
        why: is.why.clone(),
        by_people: is.by_people,
        since: is.since.to_string(),
    };
    ShownPlan {
        team: Named { id: is.team.id, name: is.team.name.clone() },
        made: is.made.map(|at| at.to_string()),
        missing: is.told.missing.clone(),
        changes: is.changes.iter().map(change).collect(),
        load: is.told.load,
        load_removed: is.told.load_removed,
        missed: is.told.missed,
        missed_of_nothing: is.told.missed_of_nothing,
        left: is.told.left,
    }
}

/// What a confirmed plan is about.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The asset's name.
    #[param(min_length = 1, max_length = 300)]
    asset: String,
    /// The commit that it was made of. If absent: that of the asset's newest snapshot.
    revision: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Confirmed)]
pub(crate) struct Taken {
    asset: i64,
    /// The snapshot that it holds for.
    snapshot: i64,
    /// Actions that a package manager confirmed.
    actions: usize,
    /// Whether it is kept: a younger one is not replaced.
    kept: bool,
}

/// Takes what `trimtab plan --format json` wrote about an asset: its confirmed actions stand in the team's plan in
/// place of guesses.
#[utoipa::path(post, path = "/api/v1/plans", tag = "teams", operation_id = "confirm_plan",
    params(About),
    request_body(content = Vec<u8>, content_type = "application/json"),
    responses((status = 201, body = Taken)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    arriving: Arriving,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let asset = asset_for(&app.store, &who, Action::Upload, &about.asset).await?;
    let none = || Problem::invalid("The asset has no such snapshot: push it first.");
    let snapshot = match &about.revision {
        None => asset.latest,
        Some(revision) => snapshot_of(&app.store, who.org, asset.id, revision).await?,
    };
    let snapshot = snapshot.ok_or_else(none)?;
    let bytes = arriving.read(&app).await?.bytes(MOST).await?;
    let now = app.now();
    let read = blocking(move || {
        let document: json::Document = confirming::read(&bytes, json::FORMAT, json::VERSION)?;
        let made = confirming::moment(&document.now, now)?;
        let tried = confirming::tried(&document)?;
        let told = serde_json::to_value(&tried).map_err(|e| Problem::invalid(e.to_string()))?;
        Ok::<_, Problem>((made, tried.actions.len(), told))
    });
    let (made, actions, told) = read.await.map_err(refused)??;
    let is = Confirmed { asset: asset.id, snapshot, made, received: now, actor: who.actor(), told };
    let kept = app.store.put_confirmed(who.org, &is).await?;
    app.store.add_job(&jobs::replan::next(who.org, now), now).await?;
    let taken = Taken { asset: asset.id, snapshot, actions, kept };
    Ok((StatusCode::CREATED, Json(taken)))
}
