//! Looks where what open incidents are about is now: who is touched, where it is gone, where it came back. Every minute
//! while an incident is open; where nothing was told to the ledger since the last look found nothing new, a quarter of an
//! hour later.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Job, NewJob, Org, Priority};

use super::Kind;
use crate::ingest::Refused;
use crate::responding;
use crate::state::App;

/// Seconds of a minute.
const MINUTE: i64 = 60;

/// So long a look that found nothing new is good for, while nothing was told.
const HOLDS: SignedDuration = SignedDuration::from_mins(15);

/// What the last look of this process at an organisation's incidents was of, where it found nothing new, and when that was.
#[derive(Clone, Default)]
pub(crate) struct Looked(Arc<Mutex<HashMap<Org, (String, Timestamp)>>>);

impl Looked {
    /// Whether nothing can be new since.
    fn holds(&self, org: Org, mark: &str, now: Timestamp) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&org).is_some_and(|(of, at)| {
            let since = now.duration_since(*at);
            of == mark && !since.is_negative() && since < HOLDS
        })
    }

    /// Notes that nothing was new.
    fn note(&self, org: Org, mark: String, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(org, (mark, now));
    }
}

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
    // First: what is told while this looks is looked at by the next one.
    let end = app.store.ledger_end(job.org).await?;
    let index = app.index().and_then(|index| index.info().ok()).map(|info| info.digest);
    let ids: Vec<i64> = open.iter().map(|incident| incident.id).collect();
    let mark = format!("{end} {index:?} {ids:?}");
    if app.looked.holds(job.org, &mark, now) {
        return Ok(json!({ "open": open.len(), "changed": 0 }));
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
    if changed == 0 {
        app.looked.note(job.org, mark, now);
    }
    Ok(json!({ "open": open.len(), "changed": changed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_found_nothing_holds_while_nothing_is_told() {
        let at = |minutes: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let (looked, org) = (Looked::default(), Org(1));
        assert!(!looked.holds(org, "7", at(0)));
        looked.note(org, "7".to_owned(), at(0));
        assert!(looked.holds(org, "7", at(14)) && !looked.holds(org, "7", at(15)));
        assert!(!looked.holds(org, "8", at(1)), "something was told");
        assert!(!looked.holds(Org(2), "7", at(1)), "of another organisation");
    }
}
