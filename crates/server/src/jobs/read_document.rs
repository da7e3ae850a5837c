//! Documents were received: read each, match what is new in it, add its snapshot, settle its asset.

use serde::{Deserialize, Serialize};
use serde_json::json;
use trimtab_store::{Arrival, Contents, Job, NewSnapshot, Numbers, Settled};

use super::{Beat, LEASE, traced};
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
            received: None,
        }
    }
}

/// A document that was read, with what is to be done with it.
struct Prepared {
    read: Read,
    contents: Contents,
    /// Whether what it lists is to be kept.
    new: bool,
}

/// The most documents that are settled in one transaction.
const DOCUMENTS: usize = 8;
/// So many components are: on SQLite nobody else writes meanwhile.
const TOGETHER: usize = 4000;
/// What is larger is read after what was read before it is settled, in bytes: nobody waits for it.
const LARGE: i64 = 1 << 20;

/// Does a job, and what else waits of the organisation's documents with it: several in one transaction, which notes that
/// they are done. Tells how each ended.
pub(super) async fn run(app: &App, worker: &str, first: Job) -> Vec<(Job, Result<(), Refused>)> {
    let prepared = match traced(&first, prepare(app, &first)).await {
        Ok(prepared) => prepared,
        Err(refused) => return vec![(first, Err(refused))],
    };
    let mut more = Vec::new();
    let mut listed = prepared.contents.listed.len();
    if listed < TOGETHER && first.attempts == 1 {
        match app.store.take_more(&first, worker, DOCUMENTS - 1, LEASE, app.now()).await {
            Ok(taken) => more = taken,
            Err(error) => tracing::warn!(%error, "no more work can be taken"),
        }
    }
    let _beats: Vec<Beat> = more.iter().map(|job| Beat::of(app, worker, job.id, LEASE)).collect();
    let (mut ended, mut block) = (Vec::new(), vec![(first, prepared)]);
    for job in more {
        if listed >= TOGETHER || is_large(app, &job).await {
            settle(app, worker, std::mem::take(&mut block), &mut ended).await;
            listed = 0;
        }
        match traced(&job, prepare(app, &job)).await {
            Ok(prepared) => {
                listed += prepared.contents.listed.len();
                block.push((job, prepared));
            }
            Err(refused) => ended.push((job, Err(refused))),
        }
    }
    settle(app, worker, block, &mut ended).await;
    ended
}

/// Whether reading it takes long. Of what is not known, nothing is.
async fn is_large(app: &App, job: &Job) -> bool {
    let digest = job.payload["document"].as_str().unwrap_or_default();
    let document = app.store.document(job.org, digest).await;
    document.is_ok_and(|document| document.is_some_and(|document| document.size > LARGE))
}

async fn prepare(app: &App, job: &Job) -> Result<Prepared, Refused> {
    let read: Read = serde_json::from_value(job.payload.clone())
        .map_err(|e| Refused::Unreadable(e.to_string()))?;
    let (contents, new) = ingest::read(app, job.org, &read.document).await?;
    Ok(Prepared { read, contents, new })
}

/// Settles what was read; where that fails for several together, each by itself.
async fn settle(
    app: &App,
    worker: &str,
    block: Vec<(Job, Prepared)>,
    ended: &mut Vec<(Job, Result<(), Refused>)>,
) {
    if block.len() > 1 && together(app, worker, &block).await.is_ok() {
        ended.extend(block.into_iter().map(|(job, _)| (job, Ok(()))));
        return;
    }
    for one in block {
        let outcome = traced(&one.0, together(app, worker, std::slice::from_ref(&one))).await;
        ended.push((one.0, outcome));
    }
}

async fn together(app: &App, worker: &str, block: &[(Job, Prepared)]) -> Result<(), Refused> {
    let Some((first, _)) = block.first() else { return Ok(()) };
    let now = app.now();
    // Before others are kept from writing.
    let agreed = app.agreed(first.org, now).await?;
    let snapshots = block.len();
    let numbers = Numbers { snapshots, ..Numbers::default() };
    let together = app.store.together_for(first.org, numbers).await?;
    let store = together.store();
    // Whoever settles holds an asset before the ledger: so all of them first, and in one order.
    let mut assets: Vec<i64> = block.iter().map(|(_, is)| is.read.asset).collect();
    assets.sort_unstable();
    assets.dedup();
    store.hold_assets(first.org, &assets).await?;
    // Then what they list, in one order, too.
    let mut new: Vec<&Prepared> = block.iter().map(|(_, is)| is).filter(|is| is.new).collect();
    new.sort_by(|a, b| a.read.document.cmp(&b.read.document));
    for is in new {
        store.put_contents(first.org, &is.read.document, &is.contents).await?;
    }
    // Done before, by a worker that died before it could say so, it is not done again; and what was accepted later stays
    // the newer one.
    let accepted = |(job, is): &(Job, Prepared)| NewSnapshot {
        received: Some(job.created),
        ..is.read.snapshot()
    };
    let snapshots: Vec<NewSnapshot> = block.iter().map(accepted).collect();
    let mut arrivals = Vec::with_capacity(block.len());
    for ((_, Prepared { read, .. }), new) in block.iter().zip(&snapshots) {
        arrivals.push(Arrival { asset: read.asset, new, actor: &read.actor });
    }
    let within = app.on(store.clone());
    let all = ingest::snapshots(&within, first.org, &agreed, &arrivals, now).await?;
    let said = |((job, is), settled): (&(Job, Prepared), Settled)| {
        let result = json!({
            "snapshot": settled.snapshot,
            "components": is.contents.listed.len(),
            "detected": settled.detected.len(),
            "fixed": settled.fixed.len(),
            "live": settled.live,
        });
        (job.id, result)
    };
    let ended: Vec<_> = block.iter().zip(all).map(said).collect();
    if store.end_jobs(&ended, worker, now).await? != ended.len() as u64 {
        return Err(Refused::Internal("another worker does this job by now".to_owned()));
    }
    Ok(together.commit().await?)
}

/// Whether a snapshot is the one that is to be added.
pub(crate) fn same(is: &trimtab_store::Snapshot, new: &NewSnapshot) -> bool {
    is.document == new.document
        && is.revision == new.revision
        && is.branch == new.branch
        && is.build == new.build
}
