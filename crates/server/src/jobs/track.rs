//! Brings a team's tickets to what its plan wants: after plans were made, after a webhook, and every few minutes, since a
//! webhook may get lost.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Job, NewJob, Org, Priority, StoreError};

use super::Kind;
use crate::ingest::Refused;
use crate::state::App;
use crate::tracking::{self, POLLED};

/// A round with a team's tracker, at a moment.
pub(crate) fn of_team(org: Org, team: i64, at: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::Track.as_str().to_owned(),
        name: format!("team-{team}"),
        payload: json!({ "team": team }),
        priority: Priority::Scheduled,
        run_at: at,
    }
}

/// The next round that nobody asks for: one in a span of time.
fn poll(org: Org, team: i64, now: Timestamp) -> NewJob {
    let span = POLLED.as_secs();
    let slot = now.as_second().div_euclid(span) + 1;
    let at = Timestamp::from_second(slot * span).unwrap_or(now);
    NewJob { name: format!("poll-{team}-{slot}"), ..of_team(org, team, at) }
}

/// Asks for a round with the tracker of every team that has one, or of the only one whose plan was made.
///
/// # Errors
/// The store does not answer.
pub(super) async fn after_plans(
    app: &App,
    org: Org,
    only: Option<i64>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tracked = app.store.tracked(org).await?;
    for team in tracked.into_iter().filter(|team| only.is_none_or(|only| only == *team)) {
        app.store.add_job(&of_team(org, team, now), now).await?;
    }
    Ok(())
}

pub(super) async fn run(app: &App, worker: &str, job: &Job) -> Result<Value, Refused> {
    let (org, now) = (job.org, app.now());
    let Some(team) = job.payload["team"].as_i64() else { return Ok(json!({})) };
    // It may be gone meanwhile: then nothing asks for it any longer.
    let Some(tracker) = app.store.tracker(org, team).await? else { return Ok(json!({})) };
    // First, so that it is asked for whatever becomes of this one.
    app.store.add_job(&poll(org, team, now), now).await?;
    if let Some(until) = tracker.rests.filter(|until| *until > now) {
        app.store.add_job(&again(org, team, until), now).await?;
        return Ok(json!({ "rests": until.to_string() }));
    }
    // Slow trackers take never all workers of a process that has more than one. Who came at the same moment comes a little later.
    let Ok(_round) = app.rounds.clone().try_acquire_owned() else {
        let soon = now + SignedDuration::from_secs(10);
        app.store.add_job(&again(org, team, soon), now).await?;
        return Ok(json!({ "busy": true }));
    };
    // One round at a time, in whatever process.
    let name = format!("{worker} {}", job.id);
    let Some(done) = tracking::bring(app, &tracker, &name).await? else {
        let soon = now + SignedDuration::from_secs(10);
        app.store.add_job(&again(org, team, soon), now).await?;
        return Ok(json!({ "busy": true }));
    };
    if let Some(at) = done.again {
        app.store.add_job(&again(org, team, at), now).await?;
    }
    Ok(json!({ "looked": done.looked, "calls": done.calls, "trouble": done.trouble }))
}

/// Beside the one that is asked for by what happens meanwhile.
fn again(org: Org, team: i64, at: Timestamp) -> NewJob {
    NewJob { name: format!("again-{team}-{}", at.as_second()), ..of_team(org, team, at) }
}
