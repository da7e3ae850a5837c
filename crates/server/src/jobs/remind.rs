//! Has teams told once a day of what only the time brings: contracts and links of suppliers that end, SBOMs that get stale,
//! questions that are past their day; and judges anew what suppliers promised.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Job, NewJob, Org, Priority};

use super::{Kind, notify};
use crate::ingest::Refused;
use crate::state::App;
use crate::supplying::kept;

/// The next one of an organisation. Each day has its own.
pub(crate) fn next(org: Org, at: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::Remind.as_str().to_owned(),
        name: format!("day-{}", at.as_second().div_euclid(24 * 3600)),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: at,
    }
}

/// One at once, for something of a supplier came in: once for a minute.
pub(crate) fn soon(org: Org, now: Timestamp) -> NewJob {
    NewJob { name: format!("soon-{}", now.as_second().div_euclid(60)), ..next(org, now) }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let now = app.now();
    let tomorrow = now + SignedDuration::from_hours(24);
    // First, so that it is asked for whatever becomes of this one. Without suppliers the first one asks for it.
    let any = !app.store.suppliers(job.org, None, None, 1).await?.rows.is_empty();
    if any {
        app.store.add_job(&next(job.org, tomorrow), now).await?;
        app.store.add_job(&notify::at_once(job.org, now), now).await?;
    }
    let judged = if any { kept::renew(app, job.org).await? } else { 0 };
    Ok(json!({ "asked": any, "judged": judged }))
}
