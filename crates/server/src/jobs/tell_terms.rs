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
    for (charter, _, text) in app.store.held_charters(job.org).await? {
        // What this build does not read stays unknown.
        let Ok(is) = agreeing::read(&text) else { continue };
        let terms = agreeing::terms(&is);
        told += i32::from(app.store.tell_terms(job.org, charter, &terms, app.now()).await?);
    }
    Ok(json!({ "told": told }))
}
