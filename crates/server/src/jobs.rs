//! Work that is done beside requests: one file per kind, one line in the table.

mod beat;
pub(crate) mod fetch;
mod forget;
pub(crate) mod look;
pub(crate) mod look_back;
pub(crate) mod mail_people;
pub(crate) mod measure;
pub(crate) mod notify;
mod read_document;
pub(crate) mod refresh;
mod rematch;
pub(crate) mod remind;
pub(crate) mod replan;
pub(crate) mod tell_terms;
pub(crate) mod track;
pub(crate) mod write_suppliers;

use std::collections::HashMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tracing::Instrument;
use trimtab_store::{Job, NewDecision, NewJob, Org, Priority, StoreError};

use crate::ingest::Refused;
use crate::state::App;

use beat::Beat;
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
    /// Make teams' plans anew.
    Replan,
    /// Tell teams what there is to do.
    Notify,
    /// Let go of what is old and no evidence.
    Forget,
    /// Fetch the feeds, and build the index anew.
    Fetch,
    /// Look where what open incidents are about is now.
    Look,
    /// Read the ledger on to its end, and keep the stages of maturity of the day.
    LookBack,
    /// Bring a team's tickets to what its plan wants.
    Track,
    /// Look what teams are to be reminded of.
    Remind,
    /// Write to suppliers what is asked of them.
    WriteSuppliers,
    /// Mail people the boards and digests that they asked for.
    MailPeople,
    /// Tell the ledger the terms of charters that an earlier build did not tell.
    TellTerms,
}

impl Kind {
    /// The table.
    const ALL: &[(Kind, &'static str)] = &[
        (Kind::ReadDocument, "read-document"),
        (Kind::Rematch, "rematch"),
        (Kind::Measure, "measure"),
        (Kind::Replan, "replan"),
        (Kind::Notify, "notify"),
        (Kind::Forget, "forget"),
        (Kind::Fetch, "fetch-feeds"),
        (Kind::Look, "look-at-incidents"),
        (Kind::LookBack, "look-back"),
        (Kind::Track, "track"),
        (Kind::Remind, "remind"),
        (Kind::WriteSuppliers, "write-suppliers"),
        (Kind::MailPeople, "mail-people"),
        (Kind::TellTerms, "tell-terms"),
        // As an older build asks for it.
        (Kind::MailPeople, "mail-boards"),
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
const LEASE: Duration = Duration::from_secs(30);
/// How often to look for work that nobody told of: another process may have added it.
const LOOK: Duration = Duration::from_secs(2);

/// Does a job that is done by itself, and notes what it answers.
async fn run(app: &App, worker: &str, job: &Job) -> Result<(), Refused> {
    let result = match Kind::from_text(&job.kind) {
        Some(Kind::Rematch) => rematch::run(app, job).await?,
        Some(Kind::Measure) => measure::run(app, job).await?,
        Some(Kind::Replan) => replan::run(app, job).await?,
        Some(Kind::Notify) => notify::run(app, job).await?,
        Some(Kind::Forget) => forget::run(app, job).await?,
        Some(Kind::Fetch) => fetch::run(app).await?,
        Some(Kind::Look) => look::run(app, job).await?,
        Some(Kind::LookBack) => look_back::run(app, job).await?,
        Some(Kind::Track) => track::run(app, worker, job).await?,
        Some(Kind::Remind) => remind::run(app, job).await?,
        Some(Kind::WriteSuppliers) => write_suppliers::run(app, job).await?,
        Some(Kind::MailPeople) => mail_people::run(app, job).await?,
        Some(Kind::TellTerms) => tell_terms::run(app, job).await?,
        Some(Kind::ReadDocument) | None => {
            return Err(Refused::Internal(format!("no job is called `{}`", job.kind)));
        }
    };
    // No longer this worker's: then it is another's to say so.
    app.store.end_job(job.id, worker, &result, app.now()).await?;
    Ok(())
}

/// Asks for everything of an organisation to be matched and settled again.
pub(crate) fn rematch_all(org: Org, now: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::Rematch.as_str().to_owned(),
        name: "all".to_owned(),
        payload: serde_json::json!({}),
        priority: Priority::Scheduled,
        run_at: now,
    }
}

/// Asks for what one decision touches to be settled again: the assets that have its vulnerability, or all.
pub(crate) fn settle_decided(decision: &NewDecision, org: Org, now: Timestamp) -> NewJob {
    let all = rematch_all(org, now);
    match &decision.vulnerability {
        None => all,
        Some(name) => NewJob {
            name: format!("decided {name}"),
            payload: serde_json::json!({ "packages": [], "vulnerabilities": [name] }),
            ..all
        },
    }
}

/// Works until it is told to stop. `name` is this worker's own.
pub(crate) async fn work(app: App, name: String, mut stop: tokio::sync::watch::Receiver<bool>) {
    // A job that was not noted as done when the machine stopped is done again: none waits for the disk.
    let app = app.soon();
    // Who is not told what to fetch leaves that to others.
    let feeds = if app.settings.feeds.is_none() { Kind::Fetch.as_str() } else { "" };
    let mut asked = Asked::default();
    let (mut released, mut counted) = (None, None);
    while !*stop.borrow() {
        let now = app.now();
        if released.is_none_or(|at| now.duration_since(at).unsigned_abs() >= LEASE / 6) {
            match app.store.release_jobs(now).await {
                Ok(_) => released = Some(now),
                Err(error) => tracing::warn!(%error, "jobs of dead workers cannot be taken back"),
            }
        }
        if counted.is_none_or(|at| now.duration_since(at).unsigned_abs() >= LOOK) {
            counted = Some(now);
            if let Err(error) = app.store.take_stock().await {
                tracing::warn!(%error, "how large tables are cannot be counted");
            }
        }
        // As many rounds with trackers as may be at once: they wait for others, and other work waits for workers.
        let rounds = if app.rounds.available_permits() == 0 { Kind::Track.as_str() } else { "" };
        match app.store.take_job(&name, CAP, LEASE, &[feeds, rounds], now).await {
            Ok(Some(job)) => one(&app, &name, job, &mut asked).await,
            Ok(None) => {
                if let Err(error) = app.store.flush().await {
                    tracing::warn!(%error, "what was done is not on the disk");
                }
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

/// What follows a settling: the load is reckoned anew, once for all that an hour brings, and so are plans, once
/// for a minute.
fn after_settling(org: Org, now: Timestamp) -> [NewJob; 2] {
    [measure::next(org, now), replan::next(org, now)]
}

/// Asks for what follows a settling that no job did.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn settled(app: &App, org: Org, now: Timestamp) -> Result<(), StoreError> {
    for next in after_settling(org, now) {
        app.store.add_job(&next, now).await?;
    }
    app.store.let_through(org, now).await?;
    Ok(())
}

/// For which organisations a worker asked for what, by which name, and when.
type Asked = HashMap<(Org, String), (String, Timestamp)>;
/// It need not ask for the same again so soon.
const SOON: SignedDuration = SignedDuration::from_secs(60);

/// After a settling by a job.
async fn ask_for_more(app: &App, org: Org, asked: &mut Asked, now: Timestamp) {
    for next in after_settling(org, now) {
        let key = (org, next.kind.clone());
        let is_asked =
            |(name, at): &(String, Timestamp)| *name == next.name && now.duration_since(*at) < SOON;
        if asked.get(&key).is_some_and(is_asked) {
            continue;
        }
        match app.store.add_job(&next, now).await {
            Ok(_) => drop(asked.insert(key, (next.name, now))),
            Err(error) => tracing::warn!(%error, next.kind, "a job cannot be asked for"),
        }
    }
}

/// Does a job, and says while it lasts that it is still being done.
async fn one(app: &App, worker: &str, job: Job, asked: &mut Asked) {
    let beat = Beat::of(app, worker, job.id, LEASE);
    let ended = if Kind::from_text(&job.kind) == Some(Kind::ReadDocument) {
        read_document::run(app, worker, job).await
    } else {
        let outcome = traced(&job, run(app, worker, &job)).await;
        vec![(job, outcome)]
    };
    drop(beat);
    for (job, outcome) in ended {
        note(app, worker, &job, outcome, asked).await;
    }
    app.job_ended();
}

/// Does what a job asks for within its span.
async fn traced<T>(
    job: &Job,
    work: impl Future<Output = Result<T, Refused>>,
) -> Result<T, Refused> {
    let span = tracing::info_span!(
        "job",
        job.id,
        job.kind,
        job.attempts,
        otel.name = format!("job {}", job.kind),
        otel.status_code = tracing::field::Empty,
    );
    let outcome = work.instrument(span.clone()).await;
    if outcome.is_err() {
        span.record("otel.status_code", "ERROR");
    }
    outcome
}

/// What follows from an inventory at once: a refusal that it mends is answered, and a supplier's product is judged anew.
async fn came_in(app: &App, job: &Job, now: Timestamp) -> Result<(), StoreError> {
    let asset = job.payload["asset"].as_i64();
    app.store.let_through_of(job.org, asset, now).await?;
    let asset = asset.unwrap_or_default();
    if !app.store.delivered(job.org, &[asset]).await?.is_empty() {
        app.store.add_job(&remind::soon(job.org, now), now).await?;
    }
    Ok(())
}

/// Notes how a job ended, and asks for what follows.
async fn note(app: &App, worker: &str, job: &Job, outcome: Result<(), Refused>, asked: &mut Asked) {
    let now = app.now();
    match outcome {
        Ok(()) => {
            let kind = Kind::from_text(&job.kind);
            let settles = [Kind::ReadDocument, Kind::Rematch];
            if kind.is_some_and(|kind| settles.contains(&kind)) {
                ask_for_more(app, job.org, asked, now).await;
                if kind == Some(Kind::ReadDocument)
                    && let Err(error) = came_in(app, job, now).await
                {
                    tracing::warn!(job.id, %error, "what an inventory answers is seen later");
                }
            }
        }
        Err(refused) => {
            tracing::warn!(job.id, job.kind, error = %refused, "a job failed");
            let hopeless = !refused.is_passing();
            let noted = app.store.fail_job(job, worker, &refused.to_string(), hopeless, now).await;
            if let Err(error) = noted {
                tracing::warn!(job.id, %error, "that a job failed cannot be noted: it is done again");
            }
        }
    }
}
