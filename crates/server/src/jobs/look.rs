//! Looks where what open incidents are about is now: who is touched, where it is gone, where it came back. Every minute
//! while an incident is open.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_store::{Job, NewJob, Org, Priority};

use super::Kind;
use crate::ingest::Refused;
use crate::responding;
use crate::state::App;

/// Seconds of a minute.
const MINUTE: i64 = 60;

/// The next look at an organisation's incidents, once for a minute.
pub(crate) fn next(org: Org, now: Timestamp) -> NewJob {
    let minute = now.as_second().div_euclid(MINUTE);
    NewJob {
        org,
        kind: Kind::Look.as_str().to_owned(),
        name: format!("minute-{minute}"),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: Timestamp::from_second((minute + 1) * MINUTE).unwrap_or(now),
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let now = app.now();
    let open = app.store.incidents(job.org, Some(true), None, None, 500).await?.rows;
    // First, so that it is asked for whatever becomes of this look.
    if !open.is_empty() {
        app.store.add_job(&next(job.org, now), now).await?;
    }
    let (mut changed, mut failed) = (0, None);
    for incident in &open {
        // One that cannot be looked at does not keep the others from it.
        match responding::look(app, job.org, incident, now).await {
            Ok(news) => changed += news,
            Err(problem) => failed = failed.or(Some(problem.detail)),
        }
    }
    if changed > 0 {
        // Who is touched is told.
        app.store.add_job(&super::notify::at_once(job.org, now), now).await?;
    }
    if let Some(detail) = failed {
        return Err(Refused::Internal(detail));
    }
    Ok(json!({ "open": open.len(), "changed": changed }))
}
