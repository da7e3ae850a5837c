//! Assets: what carries components, and what of them runs where.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use trimtab_store::{Asset, Running, Snapshot};
use utoipa::ToSchema;

use super::{Listed, limit, on, visible};
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::state::App;

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Only those of a system.
    system: Option<i64>,
    /// The `next` of the page before.
    #[serde(default)]
    after: String,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// An asset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Asset)]
pub(crate) struct Shown {
    id: i64,
    name: String,
    /// `repository`, `image`, `host`, `product`.
    kind: String,
    /// The system that it belongs to.
    system: Option<i64>,
    /// The newest snapshot of its main line.
    latest: Option<i64>,
}

/// What of an asset runs somewhere.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Running)]
pub(crate) struct ShownRunning {
    environment: String,
    snapshot: i64,
    #[schema(format = DateTime)]
    since: String,
}

/// A snapshot of an asset.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snapshot)]
pub(crate) struct ShownSnapshot {
    id: i64,
    /// The digest of its document.
    document: String,
    revision: Option<String>,
    branch: Option<String>,
    build: Option<String>,
    #[schema(format = DateTime)]
    received: String,
}

/// An asset with what runs of it, and its newest snapshots.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AssetDetails)]
pub(crate) struct Details {
    #[serde(flatten)]
    asset: Shown,
    running: Vec<ShownRunning>,
    snapshots: Vec<ShownSnapshot>,
}

/// Assets, by name.
#[utoipa::path(get, path = "/api/v1/assets", tag = "assets", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]

pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    super::findings::seen(&who)?;
    let systems = app.store.systems(who.org).await?;
    let visible = visible(&who, &systems);
    let limit = limit(asked.limit);
    let (of, seen) = (asked.system, visible.as_deref());
    let mut found = app.store.assets(who.org, of, seen, &asked.after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.name.clone());
    Ok(Json(Listed { rows: found.iter().map(Shown::from).collect(), next }))
}

/// An asset.
#[utoipa::path(get, path = "/api/v1/assets/{id}", tag = "assets", params(("id" = i64, Path)),
    responses((status = 200, body = Details)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Details>, Problem> {
    let missing = || Problem::not_found("asset");
    let is = app.store.asset(who.org, id).await?.ok_or_else(missing)?;
    if !who.may(Action::View, on(&app.store, who.org, is.asset.system).await?) {
        return Err(missing());
    }
    let snapshots = app.store.snapshots(who.org, id, 50).await?;
    Ok(Json(Details {
        asset: Shown::from(&is.asset),
        running: is.running.iter().map(ShownRunning::from).collect(),
        snapshots: snapshots.iter().map(ShownSnapshot::from).collect(),
    }))
}

impl From<&Asset> for Shown {
    fn from(is: &Asset) -> Shown {
        Shown {
            id: is.id,
            name: is.name.clone(),
            kind: is.kind.clone(),
            system: is.system,
            latest: is.latest,
        }
    }
}

impl From<&Running> for ShownRunning {
    fn from(is: &Running) -> ShownRunning {
        ShownRunning {
            environment: is.environment.clone(),
            snapshot: is.snapshot,
            since: is.since.to_string(),
        }
    }
}

impl From<&Snapshot> for ShownSnapshot {
    fn from(is: &Snapshot) -> ShownSnapshot {
        ShownSnapshot {
            id: is.id,
            document: is.document.clone(),
            revision: is.revision.clone(),
            branch: is.branch.clone(),
            build: is.build.clone(),
            received: is.received.to_string(),
        }
    }
}
