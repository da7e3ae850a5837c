//! `POST /api/v1/deployments`: what was deployed where, and how it ended.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_store::{JudgedBy, NewDeployment, Outcome, StoreError};
use utoipa::ToSchema;

use super::snapshots::refused;
use super::{asset_for, has_environment, snapshot_of};
use crate::access::{Action, Who};
use crate::ingest::Refused;
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Weigher;

/// What is said.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewDeployment)]
pub(crate) struct Said {
    /// The asset's name.
    pub(super) asset: String,
    /// The environment: a name of the charter.
    pub(super) environment: String,
    /// The snapshot's id. Without it, the one of `revision`, or the newest.
    pub(super) snapshot: Option<i64>,
    /// The commit.
    pub(super) revision: Option<String>,
    /// `ok`, `failed`, `rolled-back`, `stopped`.
    #[serde(default = "ok")]
    pub(super) outcome: String,
    /// When. Without it: now.
    pub(super) at: Option<String>,
}

/// A deployment, and what it did to findings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Deployed)]
pub(crate) struct Done {
    deployment: i64,
    asset: i64,
    snapshot: i64,
    /// How many findings it ended.
    fixed: usize,
    /// How many came back.
    regressed: usize,
}

impl Done {
    /// The deployment that was noted.
    pub(super) fn deployment(&self) -> i64 {
        self.deployment
    }
}

fn ok() -> String {
    "ok".to_owned()
}

/// Says what was deployed where, and how it ended.
#[utoipa::path(post, path = "/api/v1/deployments", tag = "deployments", request_body = Said,
    responses((status = 201, body = Done)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(said): Object<Said>,
) -> Result<(StatusCode, Json<Done>), Problem> {
    deploy(&app, &who, said).await
}

/// Notes a deployment.
pub(super) async fn deploy(
    app: &App,
    who: &Who,
    said: Said,
) -> Result<(StatusCode, Json<Done>), Problem> {
    let asset = asset_for(&app.store, who, Action::Deploy, &said.asset).await?;
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    has_environment(&agreed.charter, &said.environment)?;
    let outcome = Outcome::from_text(&said.outcome).ok_or_else(|| {
        Problem::invalid("`outcome` must be one of ok, failed, rolled-back, stopped.")
    })?;
    let at = match &said.at {
        None => now,
        Some(text) => {
            let at: Timestamp = text.parse().map_err(|_| {
                Problem::invalid("`at` must be a time such as 2026-11-21T09:00:00Z.")
            })?;
            if at > now {
                return Err(Problem::invalid("`at` must not be in the future."));
            }
            at
        }
    };
    let snapshot = match (said.snapshot, &said.revision) {
        (Some(id), _) => Some(id),
        (None, Some(revision)) => snapshot_of(&app.store, who.org, asset.id, revision).await?,
        // What stops is what ran.
        (None, None) if outcome == Outcome::Stopped => {
            let details = app.store.asset(who.org, asset.id).await?;
            let running = details.into_iter().flat_map(|details| details.running);
            let mut here = running.filter(|is| is.environment == said.environment);
            here.next().map(|is| is.snapshot).or(asset.latest)
        }
        (None, None) => asset.latest,
    };
    let none = || Problem::invalid("The asset has no such snapshot: push it first.");
    let snapshot = snapshot.ok_or_else(none)?;
    let new = NewDeployment {
        asset: asset.id,
        environment: said.environment.clone(),
        snapshot,
        outcome,
        at,
    };
    let index = app.index().ok_or(Refused::NoIndex).map_err(refused)?;
    let weigher = Weigher::new(&agreed, index, now);
    let weigh = |known: &_| weigher.weigh(known);
    let production = agreed.production();
    let done = app
        .store
        .add_deployment(who.org, &new, JudgedBy::new(&production, &weigh, now), &who.actor())
        .await;
    let (id, settled) = match done {
        Err(StoreError::Refused(detail)) => return Err(Problem::invalid(detail)),
        done => done?,
    };
    crate::jobs::settled(app, who.org, now).await?;
    let done = Done {
        deployment: id,
        asset: asset.id,
        snapshot,
        fixed: settled.fixed.len(),
        regressed: settled.regressed.len(),
    };
    Ok((StatusCode::CREATED, Json(done)))
}
