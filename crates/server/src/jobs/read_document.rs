//! A document was received: read it, match what is new in it, add the snapshot, settle the asset.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_store::{Job, NewSnapshot};

use crate::ingest::{self, Refused};
use crate::state::App;

/// What the job works with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Read {
    pub(crate) asset: i64,
    pub(crate) document: String,
    pub(crate) revision: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) build: Option<String>,
    pub(crate) actor: String,
}

impl Read {
    pub(crate) fn snapshot(&self) -> NewSnapshot {
        NewSnapshot {
            document: self.document.clone(),
            revision: self.revision.clone(),
            branch: self.branch.clone(),
            build: self.build.clone(),
        }
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let read: Read = serde_json::from_value(job.payload.clone())
        .map_err(|e| Refused::Unreadable(e.to_string()))?;
    let now = app.now();
    let contents = ingest::read(app, job.org, &read.document).await?;
    // Done before, by a worker that died before it could say so.
    let new = read.snapshot();
    let newest = app.store.snapshots(job.org, read.asset, 1).await?;
    if let Some(newest) = newest.first()
        && job.attempts > 1
        && same(newest, &new)
        && newest.received >= job.created
    {
        return Ok(json!({ "snapshot": newest.id, "components": contents.listed.len() }));
    }
    let settled = ingest::snapshot(app, job.org, read.asset, &new, &read.actor, now).await?;
    Ok(json!({
        "snapshot": settled.snapshot,
        "components": contents.listed.len(),
        "detected": settled.detected.len(),
        "fixed": settled.fixed.len(),
        "live": settled.live,
    }))
}

/// Whether a snapshot is the one that is to be added.
pub(crate) fn same(is: &trimtab_store::Snapshot, new: &NewSnapshot) -> bool {
    is.document == new.document
        && is.revision == new.revision
        && is.branch == new.branch
        && is.build == new.build
}
