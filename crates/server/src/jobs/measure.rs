//! Keeps the load by day of the organisation, its teams and its systems. Reckoned from the ledger alone:
//! done twice, it comes out the same.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_engine::measure::{DayLoad, load_by_day};
use trimtab_store::{Job, LoadDay, NewJob, Org, Priority, ScopeOf};

use super::Kind;
use crate::ingest::{Refused, blocking};
use crate::measuring::{BySystem, Chosen};
use crate::state::App;

/// How far back days are kept.
const KEPT: i64 = 5 * 366;
/// Seconds of an hour: more often is not asked for by settlings.
const HOUR: i64 = 3600;

/// The next reckoning of an organisation. Settlings ask at most once for an hour; each day has its own.
pub(crate) fn next(org: Org, now: Timestamp) -> NewJob {
    let hour = now.as_second().div_euclid(HOUR);
    NewJob {
        org,
        kind: Kind::Measure.as_str().to_owned(),
        name: format!("hour-{hour}"),
        payload: json!({}),
        priority: Priority::Scheduled,
        run_at: Timestamp::from_second((hour + 1) * HOUR).unwrap_or(now),
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let days = keep(app, job.org, app.now()).await?;
    // Hours that follow settlings reckon the load alone; the first one of all is no day's.
    let daily = job.name.starts_with("day-") || !app.store.is_ranked(job.org).await?;
    if daily {
        app.store.add_job(&super::look_back::next(job.org, app.now()), app.now()).await?;
    }
    let relied = match daily {
        true => Some(crate::published::rank(app, job.org, app.now()).await?),
        false => None,
    };
    // A day without any settling has a load, too.
    let tomorrow = app.now() + SignedDuration::from_hours(24);
    let name = format!("day-{}", tomorrow.as_second().div_euclid(24 * HOUR));
    let daily = NewJob { name, run_at: tomorrow, ..next(job.org, tomorrow) };
    app.store.add_job(&daily, app.now()).await?;
    app.store.add_job(&super::forget::next(job.org, tomorrow), app.now()).await?;
    Ok(json!({ "days": days, "relied": relied }))
}

/// Keeps every day since the last one that was kept, which may not have been over. Returns how many.
pub(crate) async fn keep(app: &App, org: Org, now: Timestamp) -> Result<usize, Refused> {
    let today = now.as_second().div_euclid(24 * HOUR);
    let kept = app.store.loads(org, ScopeOf::Organisation, today - KEPT, today).await?;
    let lives = app.lives(org).await?;
    let first = lives.iter().filter_map(|l| l.episodes.first()).map(|e| e.began).min();
    let first = first.map_or(today, |at| at.as_second().div_euclid(24 * HOUR));
    let from = kept.last().map_or(first, |last| last.day).clamp(today - KEPT, today);
    let systems = app.store.systems(org).await?;
    let teams = app.store.teams(org).await?;
    let mut scopes = vec![(ScopeOf::Organisation, Chosen::default())];
    let of = |team, system| Chosen::of(&systems, None, team, system);
    scopes.extend(teams.iter().map(|t| (ScopeOf::Team(t.id), of(Some(t.id), None))));
    scopes.extend(systems.iter().map(|s| (ScopeOf::System(s.id), of(None, Some(s.id)))));
    // Off the threads that answer: there may be a thousand scopes.
    let reckoned = blocking(move || {
        let by_system = BySystem::of(&lives);
        let of = |(scope, chosen): (ScopeOf, Chosen)| {
            let days = load_by_day(by_system.lives(&chosen).into_iter(), from, today);
            (scope, days.into_iter().map(stored).collect::<Vec<LoadDay>>())
        };
        scopes.into_iter().map(of).collect::<Vec<_>>()
    });
    for (scope, days) in reckoned.await? {
        app.store.put_loads(org, scope, &days).await?;
    }
    Ok(usize::try_from(today - from + 1).unwrap_or(0))
}

fn stored(is: DayLoad) -> LoadDay {
    LoadDay { day: is.day, load: is.load, levels: is.levels, unknown: is.unknown }
}
