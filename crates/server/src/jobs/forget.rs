//! Lets go of what is old and no evidence, and reckons kept sums anew, once a day.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Job, Keep, NewJob, Org, Priority};

use super::Kind;
use crate::ingest::Refused;
use crate::state::App;

/// How long jobs that were done, sessions that ended, answers to requests with a key, and notices that nobody sent are kept.
const REST: SignedDuration = SignedDuration::from_hours(24 * 30);
/// So long letters to teams are kept at least: the noise of eight weeks is told, and shown by the week.
const LETTERS: SignedDuration = SignedDuration::from_hours(24 * 7 * 10);

/// So long verdicts of the gate are kept at least: maturity looks back at those of 90 days.
const VERDICTS: SignedDuration = SignedDuration::from_hours(24 * 7 * 15);

/// The next one of an organisation. Each day has its own.
pub(super) fn next(org: Org, at: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::Forget.as_str().to_owned(),
        name: format!("day-{}", at.as_second().div_euclid(24 * 3600)),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: at,
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let now = app.now();
    let days = app.settings.keep_days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let keep = Keep {
        documents: days.map(|days| now - days),
        letters: days.map(|days| now - days.max(LETTERS)),
        verdicts: days.map(|days| now - days.max(VERDICTS)),
        rest: now - REST,
    };
    let gone = app.store.forget(job.org, &keep).await?;
    // An older build that ran beside this one did not keep the sums.
    app.store.recount(job.org).await?;
    Ok(json!({ "documents": gone.documents, "jobs": gone.jobs, "sessions": gone.sessions,
        "answers": gone.answers, "notices": gone.notices, "letters": gone.letters,
        "verdicts": gone.verdicts }))
}
