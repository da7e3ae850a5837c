//! Work that is done beside requests: one file per kind, one line in the table.

pub(crate) mod measure;
mod read_document;
mod rematch;

use std::time::Duration;

use jiff::SignedDuration;
use serde_json::Value;
use trimtab_store::{Job, NewJob, Priority};

use crate::ingest::Refused;
use crate::state::App;

pub(crate) use read_document::{Read, same};

/// The kinds of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A document was received: read it, and settle its asset.
    ReadDocument,
    /// The index, the charter or a decision changed: match and settle what it touches.
    Rematch,
    /// Keep the load by day.
    Measure,
}

impl Kind {
    /// The table.
    const ALL: &[(Kind, &'static str)] = &[
        (Kind::ReadDocument, "read-document"),
        (Kind::Rematch, "rematch"),
        (Kind::Measure, "measure"),
    ];

    /// The word in the store.
    pub(crate) fn as_str(self) -> &'static str {
        Kind::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }

    fn from_text(text: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, word)| *word == text).map(|(kind, _)| *kind)
    }
}

/// At most so many jobs of one organisation at once.
const CAP: usize = 4;
/// A job that says nothing for so long is another's.
const LEASE: Duration = Duration::from_secs(120);
/// How often to look for work that nobody told of: another process may have added it.
const LOOK: Duration = Duration::from_secs(2);

async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    match Kind::from_text(&job.kind) {
        Some(Kind::ReadDocument) => read_document::run(app, job).await,
        Some(Kind::Rematch) => rematch::run(app, job).await,
        Some(Kind::Measure) => measure::run(app, job).await,
        None => Err(Refused::Internal(format!("no job is called `{}`", job.kind))),
    }
}

/// Asks for everything of an organisation to be matched and settled again.
pub(crate) fn rematch_all(org: trimtab_store::Org, now: jiff::Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::Rematch.as_str().to_owned(),
        name: "all".to_owned(),
        payload: serde_json::json!({}),
        priority: Priority::Scheduled,
        run_at: now,
    }
}

/// Works until it is told to stop. `name` is this worker's own.
pub(crate) async fn work(app: App, name: String, mut stop: tokio::sync::watch::Receiver<bool>) {
    while !*stop.borrow() {
        let now = app.now();
        if let Err(error) = app.store.release_jobs(now).await {
            tracing::warn!(%error, "jobs of dead workers cannot be taken back");
        }
        match app.store.take_job(&name, CAP, LEASE, now).await {
            Ok(Some(job)) => one(&app, &name, &job).await,
            Ok(None) => {
                tokio::select! {
                    () = app.work.notified() => {}
                    () = tokio::time::sleep(LOOK) => {}
                    _ = stop.changed() => {}
                }
            }
            Err(error) => {
                // The store is away: it is asked again until it is back.
                tracing::warn!(%error, "no work can be taken");
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    _ = stop.changed() => {}
                }
            }
        }
    }
}

/// Does one job, and says while it lasts that it is still being done.
async fn one(app: &App, worker: &str, job: &Job) {
    let work = run(app, job);
    tokio::pin!(work);
    let outcome = loop {
        tokio::select! {
            outcome = &mut work => break outcome,
            () = tokio::time::sleep(LEASE / 3) => {
                let lease = SignedDuration::try_from(LEASE).unwrap_or(SignedDuration::from_mins(2));
                let _ = app.store.keep_job(job.id, worker, app.now() + lease).await;
            }
        }
    };
    let now = app.now();
    let noted = match outcome {
        Ok(result) => {
            // After a settling the load is reckoned anew, once for all that an hour brings.
            if Kind::from_text(&job.kind) != Some(Kind::Measure)
                && let Err(error) = app.store.add_job(&measure::next(job.org, now), now).await
            {
                tracing::warn!(%error, "the load cannot be asked for");
            }
            app.store.end_job(job.id, worker, &result, now).await.map(|_| ())
        }
        Err(refused) => {
            tracing::warn!(job.id, job.kind, error = %refused, "a job failed");
            let hopeless = !refused.is_passing();
            app.store.fail_job(job, worker, &refused.to_string(), hopeless, now).await.map(|_| ())
        }
    };
    if let Err(error) = noted {
        tracing::warn!(job.id, %error, "how a job ended cannot be noted: it will be done again");
    }
}
