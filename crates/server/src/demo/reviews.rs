//! Weekly reviews of some teams, goals, and the pulse: each as it would have been at its time.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use trimtab_engine::review::Kind;
use trimtab_model::Role;
use trimtab_store::{NewGoal, NewResolve, NewReview, Org, ResolveState, ReviewOf};

use super::people::People;
use crate::goaling;
use crate::reviewing::agenda::pack;
use crate::reviewing::{Scope, before};
use crate::state::App;
use crate::weighing::Agreed;

/// How many weeks reviews go back.
const WEEKS: i64 = 6;
/// The teams that hold them.
const TEAMS: [usize; 2] = [7, 0];
/// How long each took; it was to be half an hour.
const TOOK: [i64; 7] = [28, 33, 30, 26, 29, 35, 27];

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Reviews that were held: how many weeks ago, and by which team.
pub(super) fn held() -> impl Iterator<Item = (i64, usize)> {
    TEAMS.into_iter().flat_map(|team| (0..WEEKS).map(move |week| (week, team)))
}

fn of_team(people: &People, at: usize) -> Option<(i64, Vec<i64>)> {
    let team = people.teams.get(at).copied()?;
    let own = people.systems.iter().filter(|s| s.team == Some(team)).map(|s| s.id);
    Some((team, own.collect()))
}

/// A team opens its review: what was decided before is followed, and something is decided. Gives the review, and after how
/// many minutes it is over.
pub(super) async fn weekly(
    app: &App,
    org: Org,
    (people, at): (&People, usize),
    agreed: &Agreed,
    now: Timestamp,
) -> Result<Option<(i64, i64)>, String> {
    let Some((team, systems)) = of_team(people, at) else { return Ok(None) };
    let lead = people.leads.get(at).copied().unwrap_or(people.engineering);
    let actor = format!("person:{lead}");
    let of = ReviewOf::Team(team);
    let store = &app.store;
    let before =
        before(app, org, (Kind::Weekly, &of, Some(&systems)), now).await.map_err(|p| p.detail)?;
    let week = before.len();
    // Most of what the last one decided was done meanwhile; something is late, something is dropped.
    let last = before.first().into_iter().flat_map(|one| &one.decisions);
    for (at, is) in last.enumerate() {
        let (state, word) = match (week + at) % 5 {
            0 => continue,
            3 => (ResolveState::Dropped, "the service is replaced next month"),
            _ => (ResolveState::Done, ""),
        };
        let of = (is.is.review, is.id);
        store.follow_up(org, of, (state, word, None), &actor, now).await.map_err(told)?;
    }
    let new = NewReview {
        kind: Kind::Weekly.as_str().to_owned(),
        of: of.clone(),
        systems: systems.clone(),
        at: now,
        minutes: 30,
    };
    let id = store.add_review(org, &new, &actor, now).await.map_err(told)?;
    let scope = Scope { of, name: String::new(), systems: Some(systems.clone()) };
    let kind = (Kind::Weekly, 30);
    let (pack, _) =
        pack(app, org, &scope, kind, &before, (agreed, now)).await.map_err(|p| p.detail)?;
    let shown = serde_json::to_value(&pack).map_err(told)?;
    store.open_review(org, id, (&systems, &shown), &actor, now).await.map_err(told)?;
    for person in [lead, people.security, people.operations] {
        store.attend_review(org, id, person, &actor, now).await.map_err(told)?;
    }
    let whats = [
        "Raise it in the next window, with its tests",
        "Ask for an exception until the season ends",
        "Find out whether anything calls it",
    ];
    let owners = [lead, people.product, people.security];
    let parts = pack.parts.iter().filter(|part| matches!(part.part.as_str(), "new" | "deadlines"));
    let topics = parts.flat_map(|part| part.topics.iter().take(2)).take(1 + week % 3);
    for (at, topic) in topics.enumerate() {
        let pick = (week + at) % whats.len();
        let new = NewResolve {
            review: id,
            topic: (topic.key.clone(), topic.title.clone()),
            what: whats.get(pick).copied().unwrap_or_default().to_owned(),
            owner: owners.get(pick).copied().unwrap_or(lead),
            due: now + SignedDuration::from_hours(24 * 8),
        };
        store.resolve(org, &new, &actor, now).await.map_err(told)?;
    }
    Ok(Some((id, TOOK.get(week % TOOK.len()).copied().unwrap_or(30))))
}

/// The organisation opens its monthly review: what is carried then is kept for the next. Gives the review.
pub(super) async fn monthly(
    app: &App,
    org: Org,
    people: &People,
    agreed: &Agreed,
    now: Timestamp,
) -> Result<i64, String> {
    let (store, actor) = (&app.store, format!("person:{}", people.security));
    let new = whole(Kind::Monthly, now);
    let id = store.add_review(org, &new, &actor, now).await.map_err(told)?;
    let kind = (Kind::Monthly, new.minutes);
    let scope = Scope { of: new.of, name: String::new(), systems: None };
    let made = pack(app, org, &scope, kind, &[], (agreed, now)).await.map_err(|p| p.detail)?;
    let shown = serde_json::to_value(&made.0).map_err(told)?;
    let (by, stock) = ((id, Some(people.security)), made.1.as_deref());
    store.open_with_stock(org, by, (&[], &shown), stock, (&actor, now)).await.map_err(told)?;
    Ok(id)
}

/// A review of the whole organisation.
fn whole(kind: Kind, at: Timestamp) -> NewReview {
    let kind = kind.as_str().to_owned();
    NewReview { kind, of: ReviewOf::All, systems: Vec::new(), at, minutes: 45 }
}

/// The review is over.
pub(super) async fn close(app: &App, org: Org, id: i64, now: Timestamp) -> Result<(), String> {
    let note = "The quay is closed on Friday.";
    app.store.close_review(org, id, note, "trimtab", now).await.map(|_| ()).map_err(told)
}

/// What comes next: the next reviews, goals, and the pulse of the last months.
pub(super) async fn ahead(
    app: &App,
    org: Org,
    people: &People,
    now: Timestamp,
) -> Result<(), String> {
    let store = &app.store;
    for at in TEAMS {
        let Some((team, systems)) = of_team(people, at) else { continue };
        let lead = people.leads.get(at).copied().unwrap_or(people.engineering);
        let new = NewReview {
            kind: Kind::Weekly.as_str().to_owned(),
            of: ReviewOf::Team(team),
            systems,
            at: now + SignedDuration::from_hours(48),
            minutes: 30,
        };
        store.add_review(org, &new, &format!("person:{lead}"), now).await.map_err(told)?;
    }
    for (kind, hours) in [(Kind::Monthly, 50), (Kind::Quarterly, 75)] {
        let new = whole(kind, now + SignedDuration::from_hours(hours));
        let actor = format!("person:{}", people.security);
        store.add_review(org, &new, &actor, now).await.map_err(told)?;
    }
    // What two teams run together is looked at by its own name.
    let mut group: Vec<i64> = people.systems.iter().take(3).map(|system| system.id).collect();
    group.sort_unstable();
    let of = ReviewOf::Systems(group);
    let actor = format!("person:{}", people.security);
    store.name_group(org, &of, "What passengers see", &actor, now).await.map_err(told)?;
    let quarter = SignedDuration::from_hours(24 * 91);
    let begins = now - SignedDuration::from_hours(24 * 40);
    let goals = [
        // As high as the load of the demo was at its highest of late, so that the goal is not reached before it begins.
        (None, "Half the load in a quarter", "load", 430.0, 215.0),
        (people.teams.get(7).copied(), "Nine of ten deadlines kept", "deadlines", 60.0, 90.0),
        (None, "Three weeks to remediate", "remediation", 45.0, 21.0),
    ];
    for (team, name, measure, from, to) in goals {
        let (name, measure) = (name.to_owned(), measure.to_owned());
        let new = NewGoal { team, name, measure, from, to, begins, ends: begins + quarter };
        let actor = format!("person:{}", people.product);
        store.add_goal(org, &new, &actor, now).await.map_err(told)?;
    }
    let first = now.to_zoned(TimeZone::UTC).date().first_of_month();
    for month in 1..=4i64 {
        let then = first.checked_sub(month.months()).map_err(told)?;
        let then = then.to_zoned(TimeZone::UTC).map_err(told)?.timestamp();
        let round = goaling::round(then);
        // It got better, and is not heard everywhere alike. Of security and operations too few answer to be told of.
        let better = u8::try_from(4 - month).unwrap_or(0);
        let lift =
            |base: u8, at: usize| (base + better / 2 + u8::from(at.is_multiple_of(3))).min(5);
        let leads = people.leads.iter().enumerate().map(|(at, id)| (*id, at));
        for (id, at) in leads {
            let answers = [lift(3, at), lift(2, at), lift(3, at + 1)];
            let of = (id, Role::Engineering);
            store.answer_pulse(org, &round, of, answers, now).await.map_err(told)?;
            // Whoever speaks for product in a team was added after its lead.
            let of = (id + 1, Role::Product);
            let answers = [lift(2, at), lift(3, at), lift(2, at + 2)];
            store.answer_pulse(org, &round, of, answers, now).await.map_err(told)?;
        }
        for (at, id) in [people.security, people.everybody].into_iter().enumerate() {
            let of = (id, Role::Security);
            let answers = [lift(3, at), lift(4, at), lift(4, at)];
            store.answer_pulse(org, &round, of, answers, now).await.map_err(told)?;
        }
        // They were added one after the other.
        for (at, id) in (people.operations..).take(3).enumerate() {
            let of = (id, Role::Operations);
            let answers = [lift(2, at), lift(2, at), lift(3, at)];
            store.answer_pulse(org, &round, of, answers, now).await.map_err(told)?;
        }
    }
    Ok(())
}
