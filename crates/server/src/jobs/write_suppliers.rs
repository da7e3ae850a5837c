//! Writes to suppliers what is asked of them, at each full hour, as long as somebody wants letters written.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Became, Job, NewJob, Org, Priority};

use super::Kind;
use crate::ingest::Refused;
use crate::state::App;
use crate::supplying::letters;

/// Seconds of an hour.
const HOUR: i64 = 3600;
/// So long a letter may take, before its process is taken to have ended.
const LOST: SignedDuration = SignedDuration::from_mins(10);
/// So many suppliers are looked up together.
const BLOCK: usize = 100;

/// Asks for it at the next full hour. Each hour has its own.
pub(crate) fn next(org: Org, now: Timestamp) -> NewJob {
    let hour = now.as_second().div_euclid(HOUR).saturating_add(1);
    NewJob {
        org,
        kind: Kind::WriteSuppliers.as_str().to_owned(),
        name: format!("hour-{hour}"),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: Timestamp::from_second(hour.saturating_mul(HOUR)).unwrap_or(now),
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let (org, now) = (job.org, app.now());
    let (mut after, mut sent, mut not_sent) = (0, 0, 0);
    let mut any = false;
    app.store.lose_supplier_letters(org, now - LOST).await?;
    loop {
        let all = app.store.written_suppliers(org, after, BLOCK).await?;
        let Some(last) = all.last().copied() else { break };
        if !any {
            // First, so that it is asked for whatever becomes of this one.
            app.store.add_job(&next(org, now), now).await?;
            any = true;
        }
        for id in all {
            match letters::write(app, org, id).await? {
                Some(Became::Sent) => sent += 1,
                Some(_) => not_sent += 1,
                None => {}
            }
        }
        after = last;
    }
    Ok(json!({ "sent": sent, "not_sent": not_sent }))
}
