//! Makes teams' plans anew and keeps what differs: after findings were settled, after people changed something that
//! plans are made of, and when a window begins or ends.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_store::{Job, NewJob, Org, Priority};

use super::{Kind, notify, track};
use crate::appealing;
use crate::ingest::Refused;
use crate::replanning;
use crate::state::App;

/// Seconds of a minute: more often is not asked for by settlings.
const MINUTE: i64 = 60;

/// The next planning for all teams of an organisation. Settlings ask at most once for a minute.
pub(crate) fn next(org: Org, now: Timestamp) -> NewJob {
    let minute = now.as_second().div_euclid(MINUTE);
    let at = Timestamp::from_second((minute + 1) * MINUTE).unwrap_or(now);
    NewJob { name: format!("minute-{minute}"), ..all(org, at) }
}

/// Planning for one team at once: somebody changed what its plan is made of.
pub(crate) fn of_team(org: Org, team: i64, now: Timestamp) -> NewJob {
    NewJob {
        name: format!("team-{team}"),
        payload: json!({ "team": team }),
        priority: Priority::Waited,
        ..all(org, now)
    }
}

fn all(org: Org, at: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::Replan.as_str().to_owned(),
        name: "all".to_owned(),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: at,
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let now = app.now();
    let ended = appealing::end_due(app, job.org, now).await?;
    if ended > 0 && job.payload["team"].is_i64() {
        // It may be another team's.
        app.store.add_job(&all(job.org, now), now).await?;
    }
    // First, so that it is asked for whatever becomes of the plans.
    if let Some(edge) = replanning::next_edge(app, job.org, now).await? {
        let name = format!("window-{}", edge.as_second());
        let next = NewJob { name, ..all(job.org, edge + SignedDuration::from_secs(1)) };
        app.store.add_job(&next, now).await?;
    }
    let only = job.payload["team"].as_i64();
    let done = replanning::anew(app, job.org, only, now).await;
    // Teams are told by the plans that there are, whatever became of these.
    app.store.add_job(&notify::at_once(job.org, now), now).await?;
    let done = done?;
    // Tickets follow plans, and the evidence that they are made of.
    track::after_plans(app, job.org, only, now).await?;
    let is = done.difference;
    Ok(json!({ "teams": done.teams, "same": done.same, "scheduled": is.scheduled,
        "moved": is.moved, "changed": is.changed, "dropped": is.dropped }))
}
