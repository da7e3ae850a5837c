//! `POST /api/v1/deployments`: what was deployed where, and how it ended.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_store::{NewDeployment, Outcome, StoreError};

use super::on;
use super::snapshots::refused;
use crate::access::{Action, Who};
use crate::ingest::Refused;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// What is said.
#[derive(Debug, Deserialize)]
pub(crate) struct Said {
    /// The asset's name.
    asset: String,
    /// The environment: a name of the charter.
    environment: String,
    /// The snapshot's id. Without it, the one of `revision`, or the newest.
    snapshot: Option<i64>,
    /// The commit.
    revision: Option<String>,
    /// `ok`, `failed`, `rolled-back`.
    #[serde(default = "ok")]
    outcome: String,
    /// When. Without it: now.
    at: Option<String>,
}

fn ok() -> String {
    "ok".to_owned()
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Json(said): Json<Said>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let missing = || Problem::invalid(format!("There is no asset `{}`.", said.asset));
    let asset = app.store.asset_of_name(who.org, &said.asset).await?.ok_or_else(missing)?;
    who.must(Action::Deploy, on(&app.store, who.org, asset.system).await?)?;
    let now = app.now();
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    if agreed.charter.environment(&said.environment).is_none() {
        let known: Vec<&str> = agreed.charter.environments.iter().map(|e| &*e.name).collect();
        let detail = format!(
            "The charter has no environment `{}`: it has {}.",
            said.environment,
            known.join(", ")
        );
        return Err(Problem::invalid(detail));
    }
    let outcome = Outcome::from_text(&said.outcome)
        .ok_or_else(|| Problem::invalid("`outcome` is one of ok, failed, rolled-back."))?;
    let at = match &said.at {
        None => now,
        Some(text) => {
            let at: Timestamp = text
                .parse()
                .map_err(|_| Problem::invalid("`at` is a time such as 2026-11-21T09:00:00Z."))?;
            if at > now {
                return Err(Problem::invalid("`at` lies in the future."));
            }
            at
        }
    };
    let snapshot = match (said.snapshot, &said.revision) {
        (Some(id), _) => Some(id),
        (None, Some(revision)) => {
            let all = app.store.snapshots(who.org, asset.id, 500).await?;
            all.iter().find(|s| s.revision.as_ref() == Some(revision)).map(|s| s.id)
        }
        (None, None) => asset.latest,
    };
    let none = || Problem::invalid("No snapshot of the asset is known for that: push it first.");
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
    let done =
        app.store.add_deployment(who.org, &new, &production, &weigh, &who.actor(), now).await;
    let (id, settled) = match done {
        Err(StoreError::Refused(detail)) => return Err(Problem::invalid(detail)),
        done => done?,
    };
    app.store.add_job(&crate::jobs::measure::next(who.org, now), now).await?;
    let value = json!({ "deployment": id, "asset": asset.id, "snapshot": snapshot,
        "fixed": settled.fixed.len(), "regressed": settled.regressed.len() });
    Ok((StatusCode::CREATED, Json(value)))
}
