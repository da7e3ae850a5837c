//! Who is on duty in a team: its rota, days that others take, and a try of the channel that it is told by.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trimtab_engine::rota::Turn;
use trimtab_store::{Person, Team};
use utoipa::ToSchema;

use super::wishes;
use crate::access::{Action, Who};
use crate::notices::duty::{self, Told};
use crate::notices::wishes::{Wanted as Wished, may_wish, not_kept};
use crate::object;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;
use crate::web::team::find;

/// So long ahead turns are told.
pub(crate) const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 7 * 12);

/// A team's rota.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rota)]
pub(crate) struct Shown {
    /// Where its clock is read: as the team's notices have it.
    zone: String,
    /// People in their order, by number. None: there is no rota.
    people: Vec<i64>,
    /// The day on which the first of them takes over.
    first: String,
    /// How many days a turn has.
    days: u16,
    /// The time of the hand-over.
    at: String,
    /// Days that somebody takes for others.
    covers: Vec<ShownCover>,
    /// The turns of twelve weeks, the one that runs first.
    turns: Vec<ShownTurn>,
}

/// Days that somebody takes: from the hand-over of the first until that of the last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RotaCover)]
struct ShownCover {
    first: String,
    until: String,
    person: i64,
    name: String,
}

/// Somebody is on duty.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RotaTurn)]
struct ShownTurn {
    person: i64,
    name: String,
    /// Whose turn it is by the order, where another took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    instead_of: Option<i64>,
    starts: String,
    ends: String,
}

/// The turns of a team's rota from now on.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn turns(
    app: &App,
    who: &Who,
    team: i64,
    now: Timestamp,
) -> Result<Vec<Turn>, Problem> {
    let rota = duty::wishes(app, who.org, team).await?.rota;
    Ok(rota.map(|rota| rota.turns(now, now + AHEAD)).unwrap_or_default())
}

/// A team's rota, and who is on duty when for twelve weeks.
#[utoipa::path(get, path = "/api/v1/teams/{id}/rota", tag = "rota",
    params(("id" = i64, Path)), responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    find(&app, &who, id).await?;
    let names = names(&app, who.org).await?;
    let zone = duty::wishes(&app, who.org, id).await?.zone;
    let kept = app.store.rota(who.org, id).await?;
    let told: Told = kept
        .as_ref()
        .map(|kept| serde_json::from_value(kept.told.clone()).unwrap_or_default())
        .unwrap_or_default();
    let covers = kept.into_iter().flat_map(|kept| kept.covers).map(|is| ShownCover {
        name: name(&names, is.person),
        first: is.first,
        until: is.until,
        person: is.person,
    });
    let turn = |is: &Turn| ShownTurn {
        person: is.person,
        name: name(&names, is.person),
        instead_of: is.instead_of,
        starts: is.starts.to_string(),
        ends: is.ends.to_string(),
    };
    let covers = covers.collect();
    let turns = turns(&app, &who, id, app.now()).await?.iter().map(turn).collect();
    let Told { people, first, days, at } = told;
    Ok(Json(Shown { zone, people, first, days, at, covers, turns }))
}

/// How a rota is to go round.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewRota)]
pub(crate) struct Wanted {
    /// People in their order, by number, each once. None: there is no rota any longer.
    #[schema(max_items = 20)]
    people: Vec<i64>,
    /// The day on which the first of them takes over, such as 2026-03-02.
    #[schema(min_length = 10, max_length = 10)]
    first: String,
    /// How many days a turn has.
    #[schema(minimum = 1, maximum = 92)]
    days: u16,
    /// The time of the hand-over, by the clock of the team's notices.
    #[schema(min_length = 5, max_length = 5, pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    at: String,
}

/// The addresses of people by their numbers; somebody who is not there has none.
fn emails(people: &[Person], ids: &[i64]) -> Result<Vec<String>, Problem> {
    let email = |id: &i64| {
        let person = people.iter().find(|person| person.id == *id);
        let text = format!("`people`: nobody has the number {id}.");
        person.map(|person| person.email.clone()).ok_or_else(|| Problem::invalid(text))
    };
    ids.iter().map(email).collect()
}

fn invalid((name, text): (&'static str, String)) -> Problem {
    Problem::invalid(format!("`{name}`: {text}"))
}

/// Makes a team's rota, or makes it anew. Days that others take stay.
#[utoipa::path(put, path = "/api/v1/teams/{id}/rota", tag = "rota",
    params(("id" = i64, Path)), request_body = Wanted, responses((status = 200, body = Shown)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(sent): Json<Map<String, Value>>,
) -> Result<Json<Shown>, Problem> {
    let (team, _) = find(&app, &who, id).await?;
    let Wanted { people, first, days, at } = object::read(sent)?;
    let known = app.store.people(who.org).await?;
    if !may_wish(&who, id) {
        return Err(Problem::forbidden(Action::Pace));
    }
    let emails = emails(&known, &people)?;
    let told = Told { people: Vec::new(), first, days, at };
    duty::keep(&app, &who, &team, (&emails, told)).await?.map_err(invalid)?;
    get(State(app), who, Path(id)).await
}

/// Days that somebody takes for others.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NewRotaCover)]
pub(crate) struct Taken {
    /// Who takes them, by number.
    person: i64,
    /// From the handover on this day on, such as 2026-03-02.
    #[schema(min_length = 10, max_length = 10)]
    first: String,
    /// Until the handover on this one, at most 92 days later.
    #[schema(min_length = 10, max_length = 10)]
    until: String,
}

/// Notes that somebody takes days of the rota. Who is in it may take days themselves; others are named by who says how
/// the team is told.
#[utoipa::path(post, path = "/api/v1/teams/{id}/rota/covers", tag = "rota",
    params(("id" = i64, Path)), request_body = Taken, responses((status = 200, body = Shown)))]
pub(crate) async fn take(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(sent): Json<Map<String, Value>>,
) -> Result<Json<Shown>, Problem> {
    let (team, _) = find(&app, &who, id).await?;
    let Taken { person, first, until } = object::read(sent)?;
    let email = app.store.person(who.org, person).await?.map(|person| person.email);
    let of = (email.as_deref().unwrap_or_default(), first.as_str(), until.as_str());
    duty::cover(&app, &who, &team, of).await?.map_err(invalid)?;
    get(State(app), who, Path(id)).await
}

/// Takes back that somebody takes days of the rota that begin with a day.
#[utoipa::path(delete, path = "/api/v1/teams/{id}/rota/covers/{day}", tag = "rota",
    params(("id" = i64, Path), ("day" = String, Path)),
    responses((status = 204, description = "They are of whose turn it is")))]
pub(crate) async fn give_back(
    State(app): State<App>,
    who: Who,
    Path((id, day)): Path<(i64, String)>,
) -> Result<StatusCode, Problem> {
    let (team, _) = find(&app, &who, id).await?;
    match duty::uncover(&app, &who, &team, &day).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("cover")),
    }
}

/// What came of a try.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelTried)]
pub(crate) struct Tried {
    /// What each copy of the test letter was answered.
    answers: Vec<TriedCopy>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelAnswer)]
struct TriedCopy {
    /// An address for mail, or the channel's server.
    to: String,
    /// Whether it was taken. If absent: nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    works: Option<bool>,
    #[serde(skip_serializing_if = "String::is_empty")]
    answer: String,
}

/// Sends a test letter by a team's channel, at most five in an hour, and tells what was answered: as it is kept, or with a body
/// as that wishes it, which keeps nothing.
#[utoipa::path(post, path = "/api/v1/teams/{id}/notices/try", tag = "notices",
    params(("id" = i64, Path)), request_body = Option<wishes::Shown>,
    responses((status = 200, body = Tried)))]
pub(crate) async fn attempted(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    body: Bytes,
) -> Result<Json<Tried>, Problem> {
    let (team, _): (Team, _) = find(&app, &who, id).await?;
    if !may_wish(&who, team.id) {
        return Err(Problem::forbidden(Action::Pace));
    }
    let wished = match as_wished(&body)? {
        None => None,
        Some(wanted) => match not_kept(&app, &who, &team, wanted).await? {
            Ok(wished) => Some(wished),
            Err((name, text)) => return Err(Problem::invalid(format!("`{name}`: {text}"))),
        },
    };
    let answers = duty::attempt(&app, &who, &team, wished).await?.into_iter();
    let copy = |is: duty::Answered| TriedCopy { to: is.to, works: is.works, answer: is.answer };
    Ok(Json(Tried { answers: answers.map(copy).collect() }))
}

/// What a body wishes. `None`: it says nothing.
fn as_wished(body: &[u8]) -> Result<Option<Wished>, Problem> {
    if body.trim_ascii().is_empty() || body.trim_ascii() == b"null" {
        return Ok(None);
    }
    let sent: Map<String, Value> =
        serde_json::from_slice(body).map_err(|e| Problem::invalid(e.to_string()))?;
    if sent.is_empty() {
        return Ok(None);
    }
    wishes::read(sent).map(|sent| Some(sent.wanted()))
}
