//! What if, for every team at once: the plans as things are, and as they would be with another charter, capacity, limit
//! or cadence. Nothing is kept. Both are planned alike, over the same half year, so that they can be compared.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use trimtab_model::plan::Slot;
use trimtab_store::{Org, Team};

use super::{Kept, Planned, Wish, made};
use crate::access::{Action, On, Who};
use crate::api::visible;
use crate::problem::Problem;
use crate::state::{App, Busy};

/// The most teams.
pub(crate) const TEAMS: usize = 200;
/// The most findings of all of them together.
pub(crate) const FINDINGS: usize = 30_000;
/// For how long is planned.
const TIME: Duration = Duration::from_secs(30);
/// How far is looked ahead.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 182);
/// How long one waits for another to end: one is tried at a time in a process, and one waits for each organisation.
const TURN: Duration = Duration::from_secs(5);

/// What is tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct WholeWish {
    /// Of one team. `None`: of all.
    pub(crate) team: Option<i64>,
    /// Points of each team's windows by this: 2 doubles them.
    pub(crate) capacity: Option<f64>,
    /// The rest, as for one team; its capacity counts for nothing.
    pub(crate) wish: Wish,
}

/// What a plan comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Sums {
    pub(crate) findings: usize,
    pub(crate) load: f64,
    /// Load-days within the half year by the plan, and if nothing is done.
    pub(crate) load_days: f64,
    pub(crate) load_days_of_nothing: f64,
    pub(crate) removed: usize,
    pub(crate) load_removed: f64,
    /// Deadlines that pass by the plan, and if nothing is done.
    pub(crate) missed: usize,
    pub(crate) missed_of_nothing: usize,
    pub(crate) batches: usize,
    /// Batches that interrupt, outside the windows.
    pub(crate) now: usize,
    pub(crate) points: f64,
}

impl Sums {
    fn of(planned: &Planned) -> Sums {
        let plan = &planned.plan;
        Sums {
            findings: planned.findings.len(),
            load: planned.load(),
            load_days: plan.worth.load_days,
            load_days_of_nothing: plan.nothing.load_days,
            removed: plan.batches.iter().map(|b| b.removes.len()).sum(),
            load_removed: plan.batches.iter().map(|b| b.load).sum(),
            missed: plan.worth.missed,
            missed_of_nothing: plan.nothing.missed.len(),
            batches: plan.batches.len(),
            now: plan.batches.iter().filter(|b| b.slot == Slot::Now).count(),
            points: plan.batches.iter().map(|b| b.points).sum(),
        }
    }

    pub(crate) fn add(&mut self, other: &Sums) {
        self.findings += other.findings;
        self.load += other.load;
        self.load_days += other.load_days;
        self.load_days_of_nothing += other.load_days_of_nothing;
        self.removed += other.removed;
        self.load_removed += other.load_removed;
        self.missed += other.missed;
        self.missed_of_nothing += other.missed_of_nothing;
        self.batches += other.batches;
        self.now += other.now;
        self.points += other.points;
    }
}

/// A team, as things are and as they would be; or why there is no plan.
pub(crate) struct OfTeam {
    pub(crate) team: Team,
    pub(crate) today: Result<Sums, String>,
    pub(crate) then: Result<Sums, String>,
}

/// What it comes to.
#[derive(Default)]
pub(crate) struct Whole {
    /// By name.
    pub(crate) teams: Vec<OfTeam>,
    /// Teams that were not reached within the bounds.
    pub(crate) left_out: Vec<Team>,
    /// Whether some team has more open than one plan holds.
    pub(crate) more: bool,
    /// Of teams that have a plan both times.
    pub(crate) today: Sums,
    pub(crate) then: Sums,
}

/// Plans for every team of which they may see all, as things are and as they would be.
///
/// # Errors
/// The store does not answer; there is no such team; others are being tried.
pub(crate) async fn whole(app: &App, who: &Who, wish: &WholeWish) -> Result<Whole, Problem> {
    // It goes on with what is worked at when nobody waits any longer: whoever asks next waits for that too.
    let permit = Arc::new(turn(&app.trial, &app.trying, who.org, TURN).await?);
    let begun = Instant::now();
    let systems = app.store.systems(who.org).await?;
    let may = |team: &Team| who.may(Action::View, On { system: None, team: Some(team.id) });
    let mut teams = app.store.teams(who.org).await?;
    teams.retain(|team| may(team) && wish.team.is_none_or(|id| id == team.id));
    if wish.team.is_some() && teams.is_empty() {
        return Err(Problem::not_found("team"));
    }
    teams.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let (mut is, mut findings) = (Whole::default(), 0);
    for team in teams {
        if is.teams.len() >= TEAMS || findings >= FINDINGS || begun.elapsed() > TIME {
            is.left_out.push(team);
            continue;
        }
        let seen = (who.org, visible(who, &systems));
        let today =
            Wish { until: Some(AHEAD), permit: Some(Arc::clone(&permit)), ..Wish::default() };
        let then = Wish {
            until: Some(AHEAD),
            permit: Some(Arc::clone(&permit)),
            capacity: wish.capacity.and_then(|by| Some(team.capacity? * by)),
            ..wish.wish.clone()
        };
        let today = made(app, seen.clone(), &team, today, Kept::Ignored).await?;
        let then = made(app, seen, &team, then, Kept::Ignored).await?;
        for planned in [&today, &then].into_iter().flatten() {
            findings += planned.findings.len();
            is.more |= planned.more;
        }
        let told = |planned: Result<Planned, super::Missing>| {
            planned.map(|is| Sums::of(&is)).map_err(|missing| missing.told())
        };
        let (today, then) = (told(today), told(then));
        if let (Ok(today), Ok(then)) = (&today, &then) {
            is.today.add(today);
            is.then.add(then);
        }
        is.teams.push(OfTeam { team, today, then });
    }
    Ok(is)
}

/// The turn of one who asks, if it comes soon.
async fn turn(
    trial: &Arc<Semaphore>,
    trying: &Busy,
    org: Org,
    within: Duration,
) -> Result<OwnedSemaphorePermit, Problem> {
    let busy = || {
        let detail = "Another trial is running; only one can run at a time.";
        Problem::too_often(detail, TIME.as_secs())
    };
    let _waits = trying.begin(org).ok_or_else(busy)?;
    let turn = tokio::time::timeout(within, Arc::clone(trial).acquire_owned()).await;
    turn.map_err(|_| busy())?.map_err(|e| Problem::conflict(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_is_tried_at_a_time_and_one_of_an_organisation_waits() {
        let (trial, trying) = (Arc::new(Semaphore::new(1)), Busy::default());
        let asks = |org, within| turn(&trial, &trying, Org(org), within);
        let held = Arc::new(asks(1, TURN).await.unwrap());
        let worked_at = Arc::clone(&held);
        drop(held);
        // Whoever asked has left, and the work goes on.
        let refused = asks(1, Duration::ZERO).await.unwrap_err();
        assert_eq!((refused.status, refused.retry_after), (429, Some(30)));
        let (trial, trying) = (&trial, &trying);
        let waits = turn(trial, trying, Org(1), TURN);
        let more = async {
            let second = turn(trial, trying, Org(1), TURN).await.unwrap_err();
            let other = turn(trial, trying, Org(2), Duration::ZERO).await.unwrap_err();
            drop(worked_at);
            (second.status, other.status)
        };
        let (first, more) = tokio::join!(waits, more);
        assert!(first.is_ok());
        assert_eq!(more, (429, 429));
    }
}
