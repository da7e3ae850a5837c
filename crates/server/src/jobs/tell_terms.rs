//! Tells the ledger the terms of charters that came into force with an earlier build, once, so that what numbers need of them
//! can be read there.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_store::{Job, NewJob, Org, Priority};

use super::Kind;
use crate::agreeing;
use crate::ingest::Refused;
use crate::state::App;

/// Asks for it, at once.
pub(crate) fn at_once(org: Org, now: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::TellTerms.as_str().to_owned(),
        name: "all".to_owned(),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: now,
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let mut told = 0;
    let held = app.store.held_charters(job.org).await?;
    let Some((_, since)) = held.first() else { return Ok(json!({ "told": told })) };
    let known = app.store.told_terms(job.org, *since).await?;
    for (charter, _) in held.iter().filter(|(charter, _)| !known.contains(charter)) {
        let charter = *charter;
        let Some(text) = app.store.charter_text(job.org, charter).await? else { continue };
        // What this build does not read stays unknown.
        let Ok(is) = agreeing::read(&text) else { continue };
        let terms = agreeing::terms(&is);
        told += i32::from(app.store.tell_terms(job.org, charter, &terms, app.now()).await?);
    }
    Ok(json!({ "told": told }))
}
