//! Who is on duty in a team: its rota as it is kept, read and checked; who is asked of it when something is *now*; and a
//! try of the channel that they are told by.

use std::collections::HashSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trimtab_engine::rota::{Cover, Rota};
use trimtab_store::{ChannelTry, Org, Pending, RotaCover, StoreError, Team, Wished, apart};

use super::letters::Said;
use super::standing::has_channel;
use super::wishes::{MOST, Wishes, circle, may_wish, time};
use super::{post, why_of};
use crate::access::table::allow;
use crate::access::{Action, On, Who};
use crate::jobs::notify;
use crate::problem::Problem;
use crate::state::App;

/// The longest turn, and the most days that somebody takes at once.
pub(crate) const LONGEST: u16 = 92;
/// So many days ahead somebody takes days at most.
const FARTHEST: i32 = 366;
/// The years of a rota's days.
const YEARS: std::ops::RangeInclusive<i16> = 2000..=2100;
/// So many letters are looked at for who was told of an alarm.
const LETTERS: usize = 50;
/// So many test letters in an hour.
const TRIES: i64 = 5;
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What is wrong with which field.
type Wrong = (&'static str, String);

fn wrong<T>(name: &'static str, text: impl Into<String>) -> Result<T, Wrong> {
    Err((name, text.into()))
}

/// How a rota goes round, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// People in their order. None: there is no rota.
    pub(crate) people: Vec<i64>,
    /// The day of the first hand-over.
    pub(crate) first: String,
    /// How many days a turn has.
    pub(crate) days: u16,
    /// The time of the hand-over, by the clock of the team's notices.
    pub(crate) at: String,
}

impl Default for Told {
    fn default() -> Told {
        Told { people: Vec::new(), first: String::new(), days: 7, at: "09:00".to_owned() }
    }
}

/// A day of a rota.
pub(crate) fn day(text: &str) -> Option<Date> {
    let is_day = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = is_day.then(|| text.parse::<Date>().ok()).flatten()?;
    YEARS.contains(&day.year()).then_some(day)
}

/// A team's rota, where its clock is read, and as it is kept. `None`: there is none, or it has nobody.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn rota(
    app: &App,
    org: Org,
    team: i64,
    zone: TimeZone,
) -> Result<Option<Rota>, StoreError> {
    let Some(kept) = app.store.rota(org, team).await? else { return Ok(None) };
    let told: Told = serde_json::from_value(kept.told).unwrap_or_default();
    let (Some(first), Some(at)) = (day(&told.first), time(&told.at)) else { return Ok(None) };
    let cover = |is: &RotaCover| {
        Some(Cover { from: day(&is.first)?, until: day(&is.until)?, person: is.person })
    };
    let covers = kept.covers.iter().filter_map(cover).collect();
    let is = Rota { zone, people: told.people, first, days: told.days.max(1), at, covers };
    Ok(Some(is).filter(|is| !is.people.is_empty()))
}

/// How a team wishes to be told, with its rota.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn wishes(app: &App, org: Org, team: i64) -> Result<Wishes, StoreError> {
    let wished = app.store.wishes(org, team).await?;
    let mut is = wished.as_ref().map(|w| Wishes::of(&w.told)).unwrap_or_default();
    is.rota = rota(app, org, team, is.zone()).await?;
    Ok(is)
}

/// The people of a step. Without a rota: those who are named for it. With one: who is on duty, then whoever comes next and
/// was not told of it yet, with those who are named. Whose account is closed, or who may see nothing of what is said, is
/// passed over.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn people(
    app: &App,
    org: Org,
    (team, wishes, said): (i64, &Wishes, &Said),
    step: usize,
    told: &HashSet<i64>,
    now: Timestamp,
) -> Result<Vec<i64>, StoreError> {
    let named = wishes.circles.get(step).cloned().unwrap_or_default();
    let Some(rota) = &wishes.rota else { return Ok(named) };
    let mut all = Vec::new();
    for id in rota.order(now).into_iter().filter(|id| step == 0 || !told.contains(id)) {
        let open = app.store.person(org, id).await?.is_some_and(|person| !person.disabled);
        let grants = app.store.grants(org, id).await?;
        let may = |system| allow(&grants, Action::View, On { system, team: Some(team) });
        if open && said.named.iter().any(|of| may(of.told.system)) {
            all.push(id);
            break;
        }
    }
    // Who is on duty stands in the place of the people who are named for it.
    let more = named.into_iter().filter(|_| step > 0);
    for id in more {
        if !all.contains(&id) && !told.contains(&id) {
            all.push(id);
        }
    }
    Ok(all)
}

/// Who was mailed of some of this since the charter calls it *now*.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn told(
    app: &App,
    org: Org,
    team: i64,
    keys: &[Box<str>],
    pending: &[Pending],
) -> Result<HashSet<i64>, StoreError> {
    let keys: HashSet<&str> = keys.iter().map(|key| &**key).collect();
    let about = pending.iter().filter(|is| keys.contains(is.item.as_str()));
    let Some(since) = about.filter_map(|is| is.urgent).min() else { return Ok(HashSet::new()) };
    let letters = app.store.letters(org, team, None, LETTERS).await?.rows;
    let alarms = letters.iter().filter(|letter| {
        let alarm = why_of(&letter.is.why) != trimtab_engine::notices::Why::Digest;
        let is_it =
            |item: &String| keys.contains(item.as_str()) || keys.contains(apart(item).as_str());
        alarm && letter.at >= since && letter.is.items.iter().any(is_it)
    });
    Ok(alarms.flat_map(|letter| &letter.copies).filter_map(|copy| copy.to.person).collect())
}

/// Keeps a team's rota; API and pages do it the same way. People by their addresses, in order; nobody: there is none.
///
/// # Errors
/// They may not, or the store does not answer.
pub(crate) async fn keep(
    app: &App,
    who: &Who,
    team: &Team,
    (emails, mut is): (&[String], Told),
) -> Result<Result<(), Wrong>, Problem> {
    if !may_wish(who, team.id) {
        return Err(Problem::forbidden(Action::Pace));
    }
    if day(&is.first).is_none() {
        return Ok(wrong("first", "Must be a day such as 2026-03-02."));
    }
    if !(1..=LONGEST).contains(&is.days) {
        return Ok(wrong("days", format!("Must be a whole number of days, 1 to {LONGEST}.")));
    }
    if time(&is.at).is_none() {
        return Ok(wrong("at", "Must be a time such as 09:00."));
    }
    let people = app.store.people(who.org).await?;
    match circle(app, who.org, team.id, ("people", emails), &people).await? {
        Ok(ids) => is.people = ids,
        Err(wrong) => return Ok(Err(wrong)),
    }
    let now = app.now();
    app.store.put_rota(who.org, (team.id, &json!(is)), &who.actor(), now).await?;
    app.store.add_job(&notify::at_once(who.org, now), now).await?;
    app.work.notify_one();
    Ok(Ok(()))
}

/// Whether they may say who takes days: who says how the team is told, and who is in the rota for themselves.
fn may_cover(who: &Who, team: i64, rota: Option<&Rota>, person: Option<i64>) -> bool {
    let own = person == Some(who.person.id) && who.session.is_some();
    may_wish(who, team) || own && rota.is_some_and(|is| is.people.contains(&who.person.id))
}

/// Notes that somebody takes days of the rota.
///
/// # Errors
/// They may not, or the store does not answer.
pub(crate) async fn cover(
    app: &App,
    who: &Who,
    team: &Team,
    (email, first, until): (&str, &str, &str),
) -> Result<Result<(), Wrong>, Problem> {
    let wishes = wishes(app, who.org, team.id).await?;
    let people = app.store.people(who.org).await?;
    let wanted = email.trim().to_lowercase();
    let person = people.iter().find(|p| p.email.to_lowercase() == wanted).map(|p| p.id);
    if !may_cover(who, team.id, wishes.rota.as_ref(), person) {
        return Err(Problem::forbidden(Action::Pace));
    }
    if wishes.rota.is_none() {
        return Ok(wrong("person", "There is no rota yet."));
    }
    let (Some(from), Some(to)) = (day(first), day(until)) else {
        let name = if day(first).is_none() { "first" } else { "until" };
        return Ok(wrong(name, "Must be a day such as 2026-03-02."));
    };
    let long = (to - from).get_days();
    if !(1..=i32::from(LONGEST)).contains(&long) {
        let text = format!("Must be a later day, at most {LONGEST} days later.");
        return Ok(wrong("until", text));
    }
    let today = app.now().to_zoned(wishes.zone()).date();
    if to < today {
        return Ok(wrong("until", "These days are in the past."));
    }
    if (from - today).get_days() > FARTHEST {
        return Ok(wrong("first", "Must be a day within a year from now."));
    }
    let person = match circle(app, who.org, team.id, ("person", &[wanted]), &people).await? {
        Ok(ids) => ids.first().copied(),
        Err(wrong) => return Ok(Err(wrong)),
    };
    let Some(person) = person else { return Ok(wrong("person", "Say who covers these days.")) };
    let new = RotaCover { first: from.to_string(), until: to.to_string(), person };
    if !app.store.add_cover(who.org, (team.id, &new), &who.actor(), app.now()).await? {
        return Ok(wrong("first", "Some of these days are already covered."));
    }
    Ok(Ok(()))
}

/// Takes back that somebody takes days. `false`: nobody takes days that begin with this one.
///
/// # Errors
/// They may not, or the store does not answer.
pub(crate) async fn uncover(
    app: &App,
    who: &Who,
    team: &Team,
    first: &str,
) -> Result<bool, Problem> {
    let kept = app.store.rota(who.org, team.id).await?;
    let is = kept.iter().flat_map(|kept| &kept.covers).find(|is| is.first == first);
    // Whoever takes them gives them back, in the rota or not.
    let own = who.session.is_some() && is.is_some_and(|is| is.person == who.person.id);
    if !may_wish(who, team.id) && !own {
        return Err(Problem::forbidden(Action::Pace));
    }
    Ok(app.store.drop_cover(who.org, (team.id, first), &who.actor(), app.now()).await?)
}

/// What one copy of a test letter was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    /// To whom: an address for mail, or the channel's server.
    pub(crate) to: String,
    /// Whether it was taken. `None`: nobody knows.
    pub(crate) works: Option<bool>,
    /// What was answered, in words.
    pub(crate) answer: String,
}

/// Sends a test letter by a team's channel, as it is kept or as it is wished and not kept, and tells what was answered.
///
/// # Errors
/// They may not, there is no channel, it was tried too often, or the store does not answer.
pub(crate) async fn attempt(
    app: &App,
    who: &Who,
    team: &Team,
    wished: Option<Wished>,
) -> Result<Vec<Answered>, Problem> {
    if !may_wish(who, team.id) {
        return Err(Problem::forbidden(Action::Pace));
    }
    let wished = match wished {
        Some(wished) => Some(wished),
        None => app.store.wishes(who.org, team.id).await?,
    };
    let wishes = wished.as_ref().map(|w| Wishes::of(&w.told)).unwrap_or_default();
    if !has_channel(app, &wishes) {
        let text = match wishes.has_channel() {
            true => {
                "The server cannot send mail: an administrator must start it with --mail-server."
            }
            false => "The team has no channel yet; choose one first.",
        };
        return Err(Problem::conflict(text));
    }
    let now = app.now();
    let often = (TRIES, now - HOUR);
    let of = (team.id, wishes.channel.as_str());
    let begun = app.store.begin_try(who.org, of, often, &who.actor(), now).await?;
    let Some(begun) = begun else {
        let text = format!("{TRIES} test letters were sent in the last hour.");
        return Err(Problem::too_often(&text, HOUR.as_secs().unsigned_abs()));
    };
    let answers = post::test(app, who.org, (team, &wishes), wished.as_ref(), begun.name()).await;
    let all = |is: Option<bool>| answers.iter().all(|one| one.works == is);
    let works = match () {
        () if all(Some(true)) => Some(true),
        () if answers.iter().any(|one| one.works == Some(false)) => Some(false),
        () => None,
    };
    let told = answers.iter().filter(|one| one.works != Some(true));
    let told: Vec<String> = told.map(|one| format!("{}: {}", one.to, one.answer)).collect();
    app.store.end_try(who.org, begun, (works, &told.join("; "))).await?;
    Ok(answers)
}

/// How the newest try went, in words.
pub(crate) fn tried(is: &ChannelTry) -> String {
    match (is.works, is.answer.as_str()) {
        (Some(true), _) => "taken".to_owned(),
        (Some(false), why) => format!("not taken: {why}"),
        (None, "") => "unknown: the server stopped in the meantime".to_owned(),
        (None, why) => format!("unknown: {why}"),
    }
}

/// The people whom a rota may ask, with those who take days.
pub(crate) fn everybody(rota: &Rota) -> Vec<i64> {
    let covers = rota.covers.iter().map(|is| is.person);
    rota.people.iter().copied().chain(covers).take(MOST * 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_a_few_years() {
        assert_eq!(day("2026-03-02"), Some(Date::constant(2026, 3, 2)));
        for no in
            ["", "2026-3-2", "2026-02-30", "1999-12-31", "2101-01-01", "20260302", "+002026-03"]
        {
            assert_eq!(day(no), None, "{no}");
        }
    }

    #[test]
    fn a_try_is_told_in_words() {
        let is = |works, answer: &str| ChannelTry {
            at: Timestamp::UNIX_EPOCH,
            channel: "mail".into(),
            works,
            answer: answer.into(),
        };
        assert_eq!(tried(&is(Some(true), "")), "taken");
        assert_eq!(tried(&is(Some(false), "a: no such user")), "not taken: a: no such user");
        assert!(tried(&is(None, "")).starts_with("unknown"));
    }
}
