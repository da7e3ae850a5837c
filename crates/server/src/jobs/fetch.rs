//! Fetches the feeds by a schedule, once over all processes that share a store: there is one job, which
//! waits for its time, runs, or was given up until then. The new index is noticed as any other is.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch as signal};
use trimtab_connect::SystemClock;
use trimtab_feeds::{Failed, Update, plan};
use trimtab_model::Diagnostic;
use trimtab_store::{Job, JobState, NewJob, Org, Priority};

use super::Kind;
use crate::ingest::Refused;
use crate::state::{App, Feeds};

/// The row that notes what came of the last try.
const FEED: &str = "fetch";
/// How often it is looked whether the job is there.
const LOOK: Duration = Duration::from_secs(20);
/// How many of the things that went wrong are told.
const TOLD: usize = 3;

/// How it stands with fetching.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// The last try.
    pub(crate) tried: Option<Timestamp>,
    /// The last one in which nothing went wrong.
    pub(crate) succeeded: Option<Timestamp>,
    /// When something new came last.
    pub(crate) changed: Option<Timestamp>,
    /// The next try. `None`: none is planned, or it runs now.
    pub(crate) next: Option<Timestamp>,
    /// Whether it runs now.
    pub(crate) running: bool,
    /// What went wrong in the last try.
    pub(crate) error: Option<String>,
}

/// How it stands with fetching.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn standing(app: &App) -> Result<Standing, trimtab_store::StoreError> {
    let feeds = app.store.feeds().await?;
    let noted = feeds.into_iter().find(|feed| feed.name == FEED);
    let job = match owner(app).await? {
        Some(org) => app.store.open_job(org, Kind::Fetch.as_str()).await?,
        None => None,
    };
    let mut is = Standing::default();
    if let Some(noted) = noted {
        (is.tried, is.succeeded, is.changed) = (noted.checked, noted.succeeded, noted.changed);
        is.error = noted.error;
    }
    match job {
        Some(job) if job.state == JobState::Running => is.running = true,
        Some(job) if job.state == JobState::Waiting => is.next = Some(job.run_at),
        _ => is.next = app.settings.feeds.as_ref().map(|feeds| due(&is, feeds, app.now())),
    }
    Ok(is)
}

/// When the next try is due.
fn due(is: &Standing, feeds: &Feeds, now: Timestamp) -> Timestamp {
    is.tried.and_then(|tried| tried.checked_add(feeds.every).ok()).unwrap_or(now)
}

/// Whose job it is: the index is everybody's, the first organisation looks after it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn owner(app: &App) -> Result<Option<Org>, trimtab_store::StoreError> {
    Ok(app.store.organisations().await?.first().map(|first| first.org))
}

/// Sees to it that the job is there until the server stops.
pub(crate) async fn watch(app: App, mut stop: signal::Receiver<bool>) {
    while !*stop.borrow() {
        if let Err(error) = plan_next(&app).await {
            tracing::warn!(%error, "the next fetch of the feeds cannot be planned");
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = stop.changed() => {}
        }
    }
}

/// Plans the next try, if none is planned.
async fn plan_next(app: &App) -> Result<(), trimtab_store::StoreError> {
    let Some(feeds) = &app.settings.feeds else { return Ok(()) };
    let now = app.now();
    let at = due(&standing(app).await?, feeds, now);
    begin(app, at, now).await.map(|_| ())
}

/// Has the feeds fetched now. Returns the job. `None`: there is no organisation yet.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn hasten(app: &App) -> Result<Option<i64>, trimtab_store::StoreError> {
    let now = app.now();
    let id = begin(app, now, now).await?;
    app.work.notify_waiters();
    Ok(id)
}

/// Has it begin at a time, or earlier if it is to begin earlier anyway.
async fn begin(
    app: &App,
    at: Timestamp,
    now: Timestamp,
) -> Result<Option<i64>, trimtab_store::StoreError> {
    let Some(org) = owner(app).await? else { return Ok(None) };
    let Some(job) = app.store.open_job(org, Kind::Fetch.as_str()).await? else {
        let job = NewJob {
            org,
            kind: Kind::Fetch.as_str().to_owned(),
            name: "feeds".to_owned(),
            payload: json!({}),
            priority: Priority::Scheduled,
            run_at: at,
        };
        return app.store.add_job(&job, now).await.map(Some);
    };
    match &job {
        Job { state: JobState::Dead, .. } if at <= now => {
            app.store.retry_job(org, job.id, now).await?;
        }
        // It waits for its time; one that failed waits for its next attempt, which is soon.
        Job { state: JobState::Waiting, .. } => {
            app.store.hasten_job(org, job.id, at).await?;
        }
        _ => {}
    }
    Ok(Some(job.id))
}

pub(super) async fn run(app: &App) -> Result<Value, Refused> {
    let Some(feeds) = &app.settings.feeds else {
        return Err(Refused::Internal("this server is not told what to fetch".to_owned()));
    };
    let (named, index) = (feeds.named.clone(), app.settings.index.clone());
    let (done, wait) = oneshot::channel();
    // A thread of its own: a server that stops does not wait for a download. The index and the copies
    // are as good as they were, whenever it ends.
    std::thread::spawn(move || {
        let update = || -> Result<Came, Failed> {
            let mut update = Update::new(plan(&named)?, &index)?;
            let news = update.fetch(&SystemClock, &mut |_| {})?;
            if news.as_ref().is_some_and(|news| news.nothing) {
                return Ok(Came::default());
            }
            let (built, fetched) = (update.build(&mut ())?, news.unwrap_or_default().mirrored);
            let (files, records) = (fetched.whole, fetched.records);
            Ok(Came { new: true, files, records, bytes: fetched.bytes, missing: built.missing })
        };
        // Nobody waits any more if the server stops.
        let _ = done.send(update());
    });
    let mut stopping = app.stopping.clone();
    let stopped = async {
        // A sender that is gone says the same.
        let _ = stopping.wait_for(|stop| *stop).await;
    };
    let came = tokio::select! {
        came = wait => came.map_err(|_| Refused::Internal("the update broke off".to_owned()))?,
        () = stopped => return Err(Refused::Internal("the server stopped".to_owned())),
    };
    note(app, came).await
}

/// What an update brought.
#[derive(Debug, Clone, Default)]
struct Came {
    /// Whether an index was built.
    new: bool,
    files: usize,
    records: usize,
    bytes: u64,
    missing: Vec<Diagnostic>,
}

/// Notes what came of it. What is missing is tried again, though there is a new index.
async fn note(app: &App, came: Result<Came, Failed>) -> Result<Value, Refused> {
    let now = app.now();
    let (state, new, error) = match &came {
        Ok(came) if !came.missing.is_empty() => ("partly", came.new, Some(told(&came.missing))),
        Ok(came) => (if came.new { "fresh" } else { "unchanged" }, came.new, None),
        Err(failed) => {
            let all: Vec<Diagnostic> =
                [&failed.error].into_iter().chain(&failed.told).cloned().collect();
            ("failed", false, Some(told(&all)))
        }
    };
    app.store.note_feed(FEED, state, new, error.as_deref(), now).await?;
    match (came, error) {
        (Ok(came), None) => Ok(json!({ "new": came.new, "files": came.files,
            "records": came.records, "bytes": came.bytes })),
        (_, error) => Err(Refused::Internal(error.unwrap_or_default())),
    }
}

/// What went wrong, in words and without what an address keeps secret.
fn told(all: &[Diagnostic]) -> String {
    let one = |d: &Diagnostic| match &d.file {
        Some(file) if !d.message.contains(&**file) => format!("{} ({file})", d.message),
        _ => d.message.to_string(),
    };
    let mut text = all.iter().take(TOLD).map(one).collect::<Vec<_>>().join("; ");
    if all.len() > TOLD {
        text.push_str(&format!("; and {} more", all.len() - TOLD));
    }
    text
}
