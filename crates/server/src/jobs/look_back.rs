//! Once a day, with the load of the day, and when a server begins: reads the ledger on to its end, so that whether it holds
//! is known before anybody looks, keeps the stages of maturity of the day, and notes which branches were left.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_store::{Job, NewJob, Org, Priority};

use super::Kind;
use crate::facts::verified::PART;
use crate::ingest::Refused;
use crate::state::App;

/// The next one of an organisation. Each day has its own.
pub(crate) fn next(org: Org, at: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::LookBack.as_str().to_owned(),
        name: format!("day-{}", at.as_second().div_euclid(24 * 3600)),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: at,
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let parts = app.look_back(job.org, PART).await.map_err(Refused::Internal)?;
    Ok(json!({ "parts": parts }))
}
