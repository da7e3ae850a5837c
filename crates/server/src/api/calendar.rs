//! A team's calendar for programs that show calendars: windows, deadlines, exceptions that end, reviews, who is on duty.
//! Fetched by a secret in its address, which its person can take back; it shows what they may see when it is fetched.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_engine::rota::Turn;
use trimtab_report::calendar::{Event, Kind, write};
use trimtab_store::{
    DecisionFilter, DecisionKind, DecisionState, Review, ReviewFilter, ReviewOf, Team,
};
use utoipa::ToSchema;

use super::rota::{AHEAD, turns};
use crate::access::secret::{Secret, digest};
use crate::access::{Action, On, Who, who};
use crate::facts::register;
use crate::notices::standing::may_see;
use crate::notices::things::Told;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::replanning;
use crate::reviewing::kind_of;
use crate::state::App;
use crate::web::team::find;

/// The most events of a kind.
const MOST: usize = 2000;
/// How many deadlines of a day are named.
const NAMED: usize = 20;
/// What is before the title of a deadline.
const DEADLINE: &str = "Deadline: ";
/// The microseconds of a day.
const DAY: i64 = 86_400_000_000;
/// The most reviews of a team, and of the organisation.
const REVIEWS: usize = 500;

/// An address to be given to a calendar.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CalendarAddress)]
pub(crate) struct Address {
    /// Whoever has it may read the calendar: it is told once.
    address: String,
}

/// Makes an address for one's own calendar of a team; the one before no longer holds. It is in this answer only.
#[utoipa::path(post, path = "/api/v1/teams/{id}/calendar", tag = "notices",
    params(("id" = i64, Path)), responses((status = 201, body = Address)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<(StatusCode, Json<Address>), Problem> {
    let address = make(&app, &who, id).await?;
    Ok((StatusCode::CREATED, Json(Address { address })))
}

/// The same for the pages.
///
/// # Errors
/// They may not see the team, or are no person who is signed in.
pub(crate) async fn make(app: &App, who: &Who, team: i64) -> Result<String, Problem> {
    find(app, who, team).await?;
    // A token makes no tokens.
    if who.session.is_none() {
        return Err(Problem::for_people("have an address of their calendar"));
    }
    let secret = Secret::new("").map_err(|e| Problem::no_random_bytes(&e))?;
    let of = (who.person.id, team);
    let (digest, now) = (secret.digest(), app.now());
    app.store.put_calendar(who.org, of, &digest, &who.actor(), now).await?;
    Ok(format!("{}/feeds/{}/calendar.ics", app.settings.public, secret.shown()))
}

/// Takes the address of one's own calendar of a team back.
#[utoipa::path(delete, path = "/api/v1/teams/{id}/calendar", tag = "notices",
    params(("id" = i64, Path)), responses((status = 204, description = "It has none any longer")))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    find(&app, &who, id).await?;
    let of = (who.person.id, id);
    app.store.drop_calendar(who.org, of, &who.actor(), app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The calendar of an address.
pub(crate) async fn feed(
    State(app): State<App>,
    Path(secret): Path<String>,
) -> Result<Response, Problem> {
    let missing = || Problem::not_found("calendar");
    let is = app.store.calendar_of(&digest(&secret)).await?.ok_or_else(missing)?;
    let who = who::of(&app, is.org, is.person, None, None).await.map_err(|_| missing())?;
    if who.person.disabled {
        return Err(missing());
    }
    let (team, _) = find(&app, &who, is.team).await.map_err(|_| missing())?;
    let mut events = windows(&app, &who, &team).await?;
    events.extend(deadlines(&app, &who, &team).await?);
    events.extend(exceptions(&app, &who, &team).await?);
    events.extend(reviews(&app, &who, &team).await?);
    events.extend(duties(&app, &who, &team).await?);
    let public = &app.settings.public;
    let host = public.split_once("://").map_or(public.as_str(), |(_, host)| host);
    let text = write(&format!("Trimtab: {}", team.name), host, &events);
    let kind = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "inline; filename=\"calendar.ics\""),
        (header::CACHE_CONTROL, "private, max-age=600"),
    ];
    Ok((kind, text).into_response())
}

/// Turns of the team's rota, the one that runs first.
async fn duties(app: &App, who: &Who, team: &Team) -> Result<Vec<Event>, Problem> {
    let names = names(app, who.org).await?;
    let event = |is: &Turn| Event {
        kind: Kind::Duty,
        // Programs keep showing what has the same id and no newer time: another person, or another end, is another event.
        id: format!(
            "{}-{}-{}-{}-{}",
            who.org.0,
            team.id,
            is.starts.as_second(),
            is.ends.as_second(),
            is.person
        ),
        title: format!("On duty for {}: {}", team.name, name(&names, is.person)),
        text: match is.instead_of {
            None => "Told at once of what is now.".to_owned(),
            Some(of) => {
                format!("Told at once of what is now, in the place of {}.", name(&names, of))
            }
        },
        link: format!("{}/teams/{}/rota", app.settings.public, team.id),
        starts: is.starts,
        ends: Some(is.ends),
        // Since when it is told, which is never after now.
        changed: is.starts.checked_sub(AHEAD).unwrap_or(is.starts),
    };
    Ok(turns(app, who, team.id, app.now()).await?.iter().map(event).collect())
}

fn at(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}

/// The windows of the team's plan. Its points are of all its systems: they are told to who may see those.
async fn windows(app: &App, who: &Who, team: &Team) -> Result<Vec<Event>, Problem> {
    let plans = app.store.team_plans(who.org).await?;
    let Some(plan) = plans.into_iter().find(|plan| plan.team == team.id) else {
        return Ok(Vec::new());
    };
    let told: replanning::Told = serde_json::from_value(plan.told).unwrap_or_default();
    let all = who.may(Action::View, On { system: None, team: Some(team.id) });
    let event = |is: replanning::ToldWindow| {
        let starts = at(is.starts)?;
        let points = trimtab_pages::part::number(is.points);
        Some(Event {
            kind: Kind::Window,
            id: format!("{}-{}-{}", who.org.0, team.id, is.starts),
            title: format!("{}: {}", team.name, is.name),
            text: match all {
                true => format!("Room for {points} points of dependency work."),
                false => "Dependency work of the team.".to_owned(),
            },
            link: format!("{}/teams/{}/plan", app.settings.public, team.id),
            starts,
            ends: at(is.ends),
            // A window is what it is since it was first seen: nothing of it changes with each plan.
            changed: starts,
        })
    };
    Ok(told.windows.into_iter().take(MOST).filter_map(event).collect())
}

/// The first deadline of each thing to do, those of a day together.
async fn deadlines(app: &App, who: &Who, team: &Team) -> Result<Vec<Event>, Problem> {
    let pending = app.store.pending(who.org, team.id).await?;
    let event = |is: &trimtab_store::Pending| {
        let told = Told::of(&is.told);
        // What was missed is among the deadlines already.
        if !may_see(who, team.id, told.system) || is.item.starts_with("missed:") {
            return None;
        }
        Some(Event {
            kind: Kind::Deadline,
            id: format!("{}-{}-{}", who.org.0, team.id, digest(&is.item).get(..16)?),
            title: format!("{DEADLINE}{}", told.title),
            text: format!("{}\n{}", told.detail, told.act),
            link: format!("{}{}", app.settings.public, told.link),
            starts: at(told.due?)?,
            ends: None,
            changed: is.since,
        })
    };
    let mut all: Vec<Event> = pending.iter().filter_map(event).collect();
    all.sort_by(|a, b| (a.starts, &a.id).cmp(&(b.starts, &b.id)));
    let link =
        format!("{}/findings?team={}&counts=true&order=deadline", app.settings.public, team.id);
    let mut all = by_day(all, (who.org.0, team.id, &team.name), &link);
    all.truncate(MOST);
    Ok(all)
}

/// Deadlines in their order: where a day of UTC has several, one event of that day with how many they are.
fn by_day(all: Vec<Event>, (org, team, name): (i64, i64, &str), link: &str) -> Vec<Event> {
    let mut days: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    for is in all {
        // What is due when a day ends is of that day.
        let last = is.starts.as_microsecond().saturating_sub(1);
        days.entry(last.div_euclid(DAY)).or_default().push(is);
    }
    let event = |(day, mut all): (i64, Vec<Event>)| {
        if all.len() == 1 {
            return all.pop();
        }
        let named = all.iter().take(NAMED).map(|is| {
            let title = is.title.strip_prefix(DEADLINE).unwrap_or(&is.title);
            format!("{} UTC: {title}", is.starts.strftime("%H:%M"))
        });
        let mut text = named.collect::<Vec<_>>().join("\n");
        if all.len() > NAMED {
            text += &format!("\nand {} more", all.len() - NAMED);
        }
        Some(Event {
            kind: Kind::Deadline,
            id: format!("{org}-{team}-day-{day}"),
            title: format!("{} deadlines of {name}", all.len()),
            text,
            link: link.to_owned(),
            // The end of the day: it is shown as that day.
            starts: Timestamp::from_microsecond(day.saturating_add(1).saturating_mul(DAY)).ok()?,
            ends: None,
            changed: all.iter().map(|is| is.changed).max()?,
        })
    };
    days.into_iter().filter_map(event).collect()
}

/// The newest reviews of the team, and of the whole organisation: those that they may see.
async fn reviews(app: &App, who: &Who, team: &Team) -> Result<Vec<Event>, Problem> {
    let systems = super::visible(who, &app.store.systems(who.org).await?);
    let of_team = ReviewFilter { team: Some(team.id), systems, ..ReviewFilter::default() };
    let mut found = app.store.reviews(who.org, &of_team, None, REVIEWS).await?.rows;
    if who.may(Action::View, On::ALL) {
        let scope = Some(ReviewOf::All.word());
        let whole = ReviewFilter { scope, ..ReviewFilter::default() };
        found.extend(app.store.reviews(who.org, &whole, None, REVIEWS).await?.rows);
    }
    let event = |is: &Review| {
        let starts = is.opened.unwrap_or(is.is.at);
        let of = match is.is.of {
            ReviewOf::All => "the organisation",
            ReviewOf::Team(_) | ReviewOf::Systems(_) => team.name.as_str(),
        };
        Event {
            kind: Kind::Review,
            id: format!("{}-{}", who.org.0, is.id),
            title: format!("{} of {of}", kind_of(is).title()),
            text: format!("{} minutes; {}.", is.is.minutes, is.state.as_str()),
            link: format!("{}/reviews/{}", app.settings.public, is.id),
            starts,
            ends: Some(starts + SignedDuration::from_mins(i64::from(is.is.minutes))),
            changed: is.closed.or(is.opened).unwrap_or(is.made),
        }
    };
    let mut all: Vec<Event> = found.iter().map(event).collect();
    all.sort_by(|a, b| (a.starts, &a.id).cmp(&(b.starts, &b.id)));
    Ok(all)
}

/// Exceptions that end and are about the team's systems, or cover something of it: those that they may see.
async fn exceptions(app: &App, who: &Who, team: &Team) -> Result<Vec<Event>, Problem> {
    let filter = DecisionFilter {
        states: vec![DecisionState::Approved],
        kind: Some(DecisionKind::Exception),
        ends_after: Some(app.now()),
        ..DecisionFilter::default()
    };
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < MOST {
        let page = register::page(app, who, &filter, Some(team.id), (after, MOST)).await?;
        found.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let event = |is: &trimtab_store::Decision| {
        let about = is.is.vulnerability.as_deref().unwrap_or("findings");
        Some(Event {
            kind: Kind::Exception,
            id: format!("{}-{}", who.org.0, is.id),
            title: format!("Exception ends: {about}"),
            text: "From then on it counts again: fix it, or ask anew.".to_owned(),
            link: format!("{}/exceptions/{}", app.settings.public, is.id),
            starts: is.is.expires?,
            ends: None,
            changed: is.answered.unwrap_or(is.asked),
        })
    };
    let mut all: Vec<Event> = found.iter().filter_map(event).collect();
    all.sort_by(|a, b| (a.starts, &a.id).cmp(&(b.starts, &b.id)));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_of_a_day_are_one_event_of_that_day() {
        let due = |id: &str, at: &str| Event {
            kind: Kind::Deadline,
            id: id.to_owned(),
            title: format!("{DEADLINE}{id}"),
            text: String::new(),
            link: String::new(),
            starts: at.parse().unwrap(),
            ends: None,
            changed: "2026-12-01T00:00:00Z".parse().unwrap(),
        };
        let all = vec![
            due("a", "2026-12-04T08:00:00Z"),
            due("b", "2026-12-05T00:00:00Z"),
            due("c", "2026-12-05T17:30:00Z"),
        ];
        let all = by_day(all, (1, 7, "Web"), "/findings");
        let told: Vec<_> =
            all.iter().map(|is| (is.title.as_str(), is.starts.to_string())).collect();
        let day = ("2 deadlines of Web", "2026-12-05T00:00:00Z".to_owned());
        assert_eq!(told, [day, ("Deadline: c", "2026-12-05T17:30:00Z".to_owned())]);
        assert_eq!(all[0].text, "08:00 UTC: a\n00:00 UTC: b");
        let many = (0..25).map(|n| due(&format!("{n:02}"), "2026-12-04T08:00:00Z")).collect();
        let all = by_day(many, (1, 7, "Web"), "/findings");
        assert!(all.len() == 1 && all[0].text.ends_with("and 5 more"), "{all:?}");
    }
}
