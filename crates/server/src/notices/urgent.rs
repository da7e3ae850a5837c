//! What people are mailed at once whom no team's alarm reaches: an emergency to those who may answer it, within hours; its
//! answer to who asked for it; and what the charter calls *now* and nobody owns, to those who answer for it. Each once,
//! whatever their own digest is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::Role;
use trimtab_store::{AppealState, NewPending, Org, StoreError};

use super::things::Told;
use super::{duty, others, own, ownerless};
use crate::access::{Action, On};
use crate::appealing;
use crate::ingest::Refused;
use crate::state::App;
use crate::weighing::Agreed;

/// The most emergencies that are looked at, the newest first.
const MOST: usize = 100;

/// Mails what is new of it. Returns how many mails went.
///
/// # Errors
/// The store does not answer. What was claimed then stays begun, and is not sent again.
pub(crate) async fn mail(app: &App, org: Org) -> Result<usize, Refused> {
    if app.settings.notices.mail.is_none() {
        return Ok(0);
    }
    let now = app.now();
    let agreed = app.agreed(org, now).await?;
    let agreed: &Agreed = &agreed;
    let mut of: BTreeMap<i64, Vec<NewPending>> = BTreeMap::new();
    for is in ownerless::all(app, org, agreed).await?.into_iter().filter(|is| is.thing.urgent) {
        for person in is.people {
            of.entry(person).or_default().push(is.thing.clone());
        }
    }
    emergencies(app, org, (agreed, now), &mut of).await?;
    // Who asked for one waits for the answer.
    for is in others::newly_answered(app, org, now).await? {
        let system = agreed.stored.iter().find(|system| Some(system.id) == is.is.system);
        let named = system.map(|system| (system.id, system.name.as_str()));
        of.entry(is.is.author).or_default().push(others::answered(&is, named));
    }
    let mut sent = 0;
    for (person, mut things) in of {
        let told = app.store.own_told(org, person).await?;
        things.retain(|is| is_news(told.get(&is.item).map(String::as_str), &is.mark));
        if things.is_empty() {
            continue;
        }
        let Some(who) = own::reader(app, org, person).await? else { continue };
        // As far as they may see it: an admin of a part is no admin of all.
        things.retain(|is| {
            let system = Told::of(&is.told).system;
            let team = agreed.stored.iter().find(|of| Some(of.id) == system).and_then(|of| of.team);
            who.may(Action::View, On { system, team })
        });
        let tells: Vec<(String, String)> =
            things.iter().map(|is| (is.item.clone(), is.mark.clone())).collect();
        if tells.is_empty() {
            continue;
        }
        let Some(due) = app.store.claim_own_alarm(org, person, &tells, now).await? else {
            continue;
        };
        app.store.flush().await?;
        own::finish(app, (&who, due, 1), (&things, 0), true).await?;
        sent += 1;
    }
    Ok(sent)
}

/// Whether something is told: it was not yet, or more of it is *now*. Less of it is no news.
fn is_news(told: Option<&str>, mark: &str) -> bool {
    let Some(told) = told else { return true };
    match (told.parse::<i64>(), mark.parse::<i64>()) {
        (Ok(told), Ok(mark)) => mark > told,
        _ => told != mark,
    }
}

/// Emergencies that wait, for who may answer them and is not on duty: those are told by the team's alarm.
async fn emergencies(
    app: &App,
    org: Org,
    (agreed, now): (&Agreed, Timestamp),
    of: &mut BTreeMap<i64, Vec<NewPending>>,
) -> Result<(), Refused> {
    let asked = (Some(AppealState::Asked), None, None);
    for listed in app.store.appeals(org, asked, None, None, MOST).await?.rows {
        if listed.is.dispute {
            continue;
        }
        // Who granted it before is told of one alone.
        let whole = match listed.granted {
            0 => Some(listed),
            _ => app.store.appeal(org, listed.id).await?,
        };
        let Some(is) = whole else { continue };
        let system = agreed.stored.iter().find(|system| Some(system.id) == is.is.system);
        let place = system.map_or(On::ALL, |is| On { system: Some(is.id), team: is.team });
        let few = appealing::too_few(app, org, &is, place).await;
        if let Some(words) = few.map_err(|e| Refused::Internal(e.detail))? {
            let named = system.map(|system| (system.id, system.name.as_str()));
            for admin in app.store.people_holding(org, Role::Admin, (None, None)).await? {
                let thing = others::unanswerable(&is, named, &words);
                of.entry(admin).or_default().push(thing);
            }
        }
        let mut people = BTreeSet::new();
        for side in is.is.sides.iter().filter_map(|side| Role::from_word(side)) {
            people.extend(app.store.people_holding(org, side, (place.system, place.team)).await?);
        }
        for person in on_duty(app, org, place.team, now).await? {
            people.remove(&person);
        }
        let named = system.map(|system| (system.id, system.name.as_str()));
        for person in people {
            let Some(who) = own::reader(app, org, person).await? else { continue };
            if !appealing::answering(&who, &is, place).is_empty() {
                of.entry(person).or_default().push(others::appeal(&is, named));
            }
        }
    }
    Ok(())
}

/// Who is told by the alarm of a team.
async fn on_duty(
    app: &App,
    org: Org,
    team: Option<i64>,
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let Some(team) = team else { return Ok(Vec::new()) };
    if app.store.wishes(org, team).await?.is_none() {
        return Ok(Vec::new());
    }
    let wishes = duty::wishes(app, org, team).await?;
    let first = || wishes.circles.first().cloned().unwrap_or_default();
    Ok(wishes
        .rota
        .as_ref()
        .map_or_else(first, |rota| rota.order(now).into_iter().take(1).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_that_is_now_is_news_and_less_is_not() {
        assert!(is_news(None, "3") && is_news(Some("3"), "4") && is_news(Some("9"), "10"));
        assert!(!is_news(Some("4"), "3") && !is_news(Some("3"), "3"));
        assert!(!is_news(Some("a1"), "a1") && is_news(Some("a1"), "a2"));
    }
}
