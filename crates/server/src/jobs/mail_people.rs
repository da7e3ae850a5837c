//! Mails people what they asked for themselves, boards and digests: at each time that they chose, and once more what a mail
//! server did not take.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Became, Job, NewJob, Org, Priority, StoreError};

use super::Kind;
use crate::deciding::Sides;
use crate::ingest::Refused;
use crate::mailing;
use crate::notices::own::{self, LOST};
use crate::state::App;

/// Seconds of an hour.
const HOUR: i64 = 3600;
/// Seconds after which what failed is tried again.
const WRONG: i64 = 300;
/// So many are looked up together.
const BLOCK: usize = 50;

/// Asks for it at once.
pub(crate) fn at_once(org: Org, now: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::MailPeople.as_str().to_owned(),
        name: "now".to_owned(),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: now,
    }
}

/// Asks for it when the next of all comes, once for each second.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn ask(app: &App, org: Org) -> Result<(), StoreError> {
    let Some(next) = app.store.next_mail(org).await? else { return Ok(()) };
    let now = app.now();
    let run_at = next.max(now + SignedDuration::from_secs(1));
    let name = format!("at-{}", run_at.as_second());
    app.store.add_job(&NewJob { name, run_at, ..at_once(org, now) }, now).await?;
    Ok(())
}

/// What was done.
#[derive(Default)]
struct Done {
    sent: usize,
    not_sent: usize,
    failed: Option<Refused>,
}

impl Done {
    /// Counts one. `false`: it could not be done, and is due still.
    fn note(&mut self, became: Result<Option<Became>, Refused>) -> bool {
        match became {
            Ok(Some(Became::Sent)) => self.sent += 1,
            Ok(Some(_)) => self.not_sent += 1,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "somebody cannot be mailed");
                self.failed = Some(error);
                return false;
            }
        }
        true
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let (org, now) = (job.org, app.now());
    // First, so that it is asked for whatever becomes of this one.
    if app.store.next_mail(org).await?.is_some() {
        let hour = now.as_second().div_euclid(HOUR).saturating_add(1);
        let run_at = Timestamp::from_second(hour.saturating_mul(HOUR)).unwrap_or(now);
        let next = NewJob { name: format!("hour-{hour}"), run_at, ..at_once(org, now) };
        app.store.add_job(&next, now).await?;
    }
    app.store.lose_board_runs(org, now - LOST, now).await?;
    app.store.lose_own_runs(org, now - LOST, now).await?;
    app.store.drop_board_runs(org, now).await?;
    let (mut done, mut known) = (Done::default(), Sides::new());
    // Each is claimed, by this one or another, and comes again later: as long as one goes on, there may be more.
    let mut goes_on = true;
    while std::mem::take(&mut goes_on) {
        let now = app.now();
        for is in &app.store.board_mails_due(org, now, BLOCK).await? {
            goes_on |= done.note(mailing::mail(app, org, is).await);
        }
        for (is, run) in &app.store.board_runs_again(org, now, BLOCK).await? {
            goes_on |= done.note(mailing::again(app, org, (is, run)).await);
        }
        for is in &app.store.own_digests_due(org, now, BLOCK).await? {
            goes_on |= done.note(own::mail(app, org, is, &mut known).await);
        }
        for is in &app.store.own_runs_again(org, now, BLOCK).await? {
            goes_on |= done.note(own::again(app, org, is, &mut known).await);
        }
    }
    if let Some(error) = done.failed {
        // What fails stays due: it is asked for once in so long, however often this is tried again meanwhile.
        let slot = app.now().as_second().div_euclid(WRONG).saturating_add(1);
        let run_at = Timestamp::from_second(slot.saturating_mul(WRONG)).unwrap_or(now);
        let next = NewJob { name: format!("again-{slot}"), run_at, ..at_once(org, now) };
        app.store.add_job(&next, now).await?;
        return Err(error);
    }
    ask(app, org).await?;
    Ok(json!({ "sent": done.sent, "not_sent": done.not_sent }))
}
