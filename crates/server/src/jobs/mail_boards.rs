//! Mails boards to those who asked for it: at each full hour, as long as anybody did.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Became, Job, NewJob, Org, Priority};

use super::Kind;
use crate::ingest::Refused;
use crate::mailing;
use crate::state::App;

/// Seconds of an hour.
const HOUR: i64 = 3600;
/// So long one may take, before its process is taken to have ended.
const LOST: SignedDuration = SignedDuration::from_mins(10);
/// So many are looked up together.
const BLOCK: usize = 50;

/// Asks for it at once.
pub(crate) fn at_once(org: Org, now: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::MailBoards.as_str().to_owned(),
        name: "now".to_owned(),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: now,
    }
}

/// Asks for it at the next full hour. Each hour has its own.
pub(crate) fn next(org: Org, now: Timestamp) -> NewJob {
    let hour = now.as_second().div_euclid(HOUR).saturating_add(1);
    let run_at = Timestamp::from_second(hour.saturating_mul(HOUR)).unwrap_or(now);
    NewJob { name: format!("hour-{hour}"), run_at, ..at_once(org, now) }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let (org, now) = (job.org, app.now());
    // First, so that it is asked for whatever becomes of this one. Who asks for the first board asks for this.
    if app.store.any_board_mail(org).await? {
        app.store.add_job(&next(org, now), now).await?;
    }
    app.store.lose_board_runs(org, now - LOST, now).await?;
    let (mut sent, mut not_sent) = (0, 0);
    loop {
        let due = app.store.board_mails_due(org, app.now(), BLOCK).await?;
        if due.is_empty() {
            return Ok(json!({ "sent": sent, "not_sent": not_sent }));
        }
        // Each is claimed, by this one or another, and comes again later.
        for is in &due {
            match mailing::mail(app, org, is).await? {
                Some(Became::Sent) => sent += 1,
                Some(_) => not_sent += 1,
                None => {}
            }
        }
    }
}
