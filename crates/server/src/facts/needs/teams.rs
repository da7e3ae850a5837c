//! What teams look after beside their plans: a tracker that stands still, that somebody is on duty and reached, and that
//! somebody may answer what is asked outside of the plan.

use std::collections::HashSet;

use jiff::SignedDuration;
use trimtab_store::AppealState;

use super::{Asking, MOST, Reach, Rows, TeamNeed, TeamNeedOf, Told};
use crate::access::On;
use crate::appealing;
use crate::notices::{duty, others};
use crate::problem::Problem;

/// So long it is told that an alarm reached nobody.
const UNTAKEN: SignedDuration = SignedDuration::from_hours(24 * 7);
/// So many teams are looked at for whether somebody is on duty.
const TEAMS: usize = 100;

/// What the teams need of which the role reaches all: trackers first, those that stand still for longest before others.
pub(super) async fn upkeep(
    asking: &Asking<'_>,
    reach: &Reach,
    show: usize,
) -> Result<Told, Problem> {
    let (app, org, now) = (asking.app, asking.who.org, asking.now);
    let teams = app.store.teams(org).await?;
    let has = |team: i64| reach.teams.as_ref().is_none_or(|all| all.contains(&team));
    let mut all = Vec::new();
    for tracker in app.store.troubled_trackers(org).await? {
        let team = teams.iter().find(|team| team.id == tracker.is.team && has(team.id));
        let Some((team, since)) = team.zip(others::stopped_since(&tracker, now)) else { continue };
        let why = tracker.trouble.trim_end_matches('.');
        all.push(TeamNeed {
            team: (team.id, team.name.clone()),
            what: TeamNeedOf::Tracker,
            text: format!("No ticket is made, changed or closed: {why}."),
            since: Some(since),
        });
    }
    all.sort_by_key(|is| is.since);
    for (team, letter, at) in app.store.untaken_alarms(org, now - UNTAKEN).await? {
        let Some(team) = teams.iter().find(|is| is.id == team && has(is.id)) else { continue };
        all.push(TeamNeed {
            team: (team.id, team.name.clone()),
            what: TeamNeedOf::Alarm(letter),
            text: "The last alarm reached nobody: everybody to whom it went refused it.".to_owned(),
            since: Some(at),
        });
    }
    for team in without_duty(asking, reach.teams.as_deref()).await? {
        all.push(TeamNeed {
            team,
            what: TeamNeedOf::Duty,
            text: "The accounts of all who are on duty are closed: name somebody else.".to_owned(),
            since: None,
        });
    }
    all.extend(unanswerable(asking, reach).await?);
    Ok(Told::first(all, show, Rows::Teams))
}

/// What was asked outside of the plan of these teams and waits for more people than may answer it.
async fn unanswerable(asking: &Asking<'_>, reach: &Reach) -> Result<Vec<TeamNeed>, Problem> {
    let (app, org) = (asking.app, asking.who.org);
    let asked = (Some(AppealState::Asked), None, None);
    let mut all = Vec::new();
    for is in app.store.appeals(org, asked, None, None, MOST).await?.rows {
        let system = asking.agreed.stored.iter().find(|system| Some(system.id) == is.is.system);
        let team = system.and_then(|system| system.team);
        let has = |team: &i64| reach.teams.as_ref().is_none_or(|all| all.contains(team));
        let (Some(system), Some(team)) = (system, team.filter(has)) else { continue };
        let place = On { system: Some(system.id), team: Some(team) };
        let Some(words) = appealing::too_few(app, org, &is, place).await? else { continue };
        let name = asking.agreed.teams.iter().find(|of| of.id == team);
        all.push(TeamNeed {
            team: (team, name.map_or_else(String::new, |of| of.name.clone())),
            what: TeamNeedOf::Answer(is.id),
            text: words,
            since: Some(is.asked),
        });
    }
    Ok(all)
}

/// The teams (id and name) of which everybody who is on duty has a closed account; `of`: among these alone.
pub(super) async fn without_duty(
    asking: &Asking<'_>,
    of: Option<&[i64]>,
) -> Result<Vec<(i64, String)>, Problem> {
    let (app, org) = (asking.app, asking.who.org);
    let people = app.store.people(org).await?;
    let closed: HashSet<i64> = people.iter().filter(|is| is.disabled).map(|is| is.id).collect();
    let mut without = Vec::new();
    if closed.is_empty() {
        return Ok(without);
    }
    let mut teams = app.store.teams(org).await?;
    teams.retain(|team| of.is_none_or(|of| of.contains(&team.id)));
    for team in teams.into_iter().take(TEAMS) {
        let wishes = duty::wishes(app, org, team.id).await?;
        let mut named: Vec<i64> = wishes.circles.first().cloned().unwrap_or_default();
        named.extend(wishes.rota.iter().flat_map(|rota| rota.people.iter().copied()));
        if !named.is_empty() && named.iter().all(|id| closed.contains(id)) {
            without.push((team.id, team.name));
        }
    }
    Ok(without)
}
