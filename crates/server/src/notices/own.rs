//! Digests of people's own: what waits for somebody by name, or for an answer that the charter lets them give, in all teams
//! and in none, at days and an hour of their own clock. What a digest of a team tells them at their own address is not told
//! a second time.

use std::collections::{BTreeMap, HashSet};

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trimtab_connect::notify::{Channel, Mail, NotSent};
use trimtab_engine::rhythm::next_of;
use trimtab_model::Role;
use trimtab_model::letter::{Item, Letter};
use trimtab_store::{
    Appeal, Became, CharterState, DecisionKind, NewPending, Org, OwnDigest, OwnRun, ResolveState,
    ReviewFilter, ReviewOf, ReviewState, StoreError,
};

use super::others::{self, ENDS, MEETS};
use super::ownerless;
use super::post::{NO_MAIL, PATIENCE, TRIES, here, later};
use super::things::Told;
use super::wishes::{DAYS, Wishes};
use crate::access::{Action, On, Who, who};
use crate::agreeing;
use crate::api::findings::WEEK;
use crate::api::where_may;
use crate::appealing;
use crate::deciding::{self, Sides};
use crate::ingest::{Refused, blocking};
use crate::jobs::mail_people;
use crate::problem::Problem;
use crate::responding;
use crate::reviewing;
use crate::state::App;
use crate::weighing::Agreed;

/// The most decisions that are looked at for one person: as many as wait at once in the largest organisation.
const ASKED: usize = 10_000;
/// The most charters that are looked at, the newest first.
const CHARTERS: usize = 50;
/// The most of another kind.
const MOST: usize = 500;
/// The most things that a mail names. What it does not name is told by the next one.
const NAMED: usize = 100;

/// When somebody's digest comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct When {
    /// `monday` to `sunday`.
    pub(crate) days: Vec<String>,
    pub(crate) hour: i8,
    /// A name of the time zone database.
    pub(crate) zone: String,
}

impl Default for When {
    fn default() -> When {
        When { days: vec!["monday".to_owned()], hour: 8, zone: "UTC".to_owned() }
    }
}

impl When {
    /// As the store has it.
    pub(crate) fn of(told: &serde_json::Value) -> When {
        serde_json::from_value(told.clone()).unwrap_or_default()
    }

    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let days = DAYS.iter().filter(|(word, _)| self.days.iter().any(|d| d == word));
        let days: Vec<Weekday> = days.map(|(_, day)| *day).collect();
        let zone = TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC);
        next_of(&days, (self.hour, &zone), after)
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        format!("{} at {:02}:00 {}", self.days.join(", "), self.hour, self.zone)
    }
}

/// What is wrong with which field.
type Wrong = (&'static str, String);

/// Has their own digest come from now on. What is not right is told with its field.
///
/// # Errors
/// They are no person who is signed in, or the store does not answer.
pub(crate) async fn set(app: &App, who: &Who, mut is: When) -> Result<Result<(), Wrong>, Problem> {
    must_be_here(who)?;
    let wrong = |name, text: &str| Ok(Err((name, text.to_owned())));
    let known = |day: &String| DAYS.iter().any(|(word, _)| word == day);
    if is.days.is_empty() || is.days.len() > DAYS.len() || !is.days.iter().all(known) {
        return wrong("days", "Choose at least one day, `monday` to `sunday`.");
    }
    if !(0..24).contains(&is.hour) {
        return wrong("hour", "Must be a full hour, 0 to 23.");
    }
    if !is_zone(&is.zone) {
        return wrong("zone", "Must be a time zone name such as Europe/Berlin.");
    }
    let order = |day: &String| DAYS.iter().position(|(word, _)| word == day);
    is.days.sort_by_key(order);
    is.days.dedup();
    let now = app.now();
    let Some(next) = is.next(now) else { return wrong("days", "This time never occurs.") };
    let kept = app.store.own_digest(who.org, who.person.id).await?;
    if kept.is_some_and(|kept| When::of(&kept.told) == is) {
        return Ok(Ok(()));
    }
    let new = OwnDigest { person: who.person.id, told: json!(is), next };
    app.store.set_own_digest(who.org, &new, &who.actor(), now).await?;
    mail_people::ask(app, who.org).await?;
    Ok(Ok(()))
}

/// Whether it is a name of a zone.
pub(crate) fn is_zone(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && TimeZone::get(text).is_ok()
}

/// Ends it.
///
/// # Errors
/// They are no person who is signed in, or the store does not answer.
pub(crate) async fn end(app: &App, who: &Who) -> Result<(), Problem> {
    must_be_here(who)?;
    app.store.end_own_digest(who.org, who.person.id, &who.actor(), app.now()).await?;
    Ok(())
}

/// It would outlive a token: people ask for it.
///
/// # Errors
/// They are no person who is signed in.
pub(crate) fn must_be_here(who: &Who) -> Result<(), Problem> {
    match who.session {
        Some(_) => Ok(()),
        None => Err(Problem::for_people("see or set what is mailed to them")),
    }
}

/// What waits for somebody, as they may see it now, the gravest first.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn waits(
    app: &App,
    who: &Who,
    now: Timestamp,
    known: &mut Sides,
) -> Result<Vec<NewPending>, Problem> {
    let (org, me) = (who.org, who.person.id);
    let agreed = app.agreed(org, now).await?;
    let mut all: Vec<(Option<i64>, NewPending)> = Vec::new();
    let system = |id: Option<i64>| agreed.stored.iter().find(|system| Some(system.id) == id);
    if who.may_somewhere(Action::Answer) {
        let here = where_may(who, Action::Answer, &agreed.stored);
        let asked = app.store.asked_by_others(org, me, here.as_deref(), now, ASKED).await?;
        let asked = deciding::waiting(app, org, asked).await?;
        deciding::learn(app, org, &asked, &agreed, known).await?;
        for is in asked {
            if deciding::may_answer(app, who, &is, &agreed, known).await? {
                let of = system(is.is.system);
                let named = of.map(|system| (system.id, system.name.as_str()));
                all.push((of.and_then(|system| system.team), others::asked(&is, named)));
            }
        }
    }
    for (is, _) in appealing::waiting(app, who, &agreed.stored, MOST).await?.0 {
        let of = system(is.is.system);
        let named = of.map(|system| (system.id, system.name.as_str()));
        all.push((of.and_then(|system| system.team), others::appeal(&is, named)));
    }
    for is in others::newly_taken_back(app, org, now).await? {
        let of = system(is.is.system);
        let place = of.map_or(On::ALL, |of| On { system: Some(of.id), team: of.team });
        if is.is.author != me && !appealing::spoken(who, &is, place).is_empty() {
            let named = of.map(|system| (system.id, system.name.as_str()));
            all.push((of.and_then(|system| system.team), others::taken_back(&is, named)));
        }
    }
    for is in others::newly_answered(app, org, now).await? {
        let of = system(is.is.system);
        let named = of.map(|system| (system.id, system.name.as_str()));
        if is.is.author == me && may_see(who, of.map(|system| (system.id, system.team))) {
            all.push((None, others::answered(&is, named)));
        }
    }
    for is in app.store.own_ending_decisions(org, me, (now, now + ENDS), MOST).await? {
        let ending = is.is.expires.filter(|_| is.is.kind == DecisionKind::Exception);
        let Some(at) = ending else { continue };
        let of = system(is.is.system);
        let named = of.map(|system| (system.id, system.name.as_str()));
        if may_see(who, of.map(|system| (system.id, system.team))) {
            all.push((of.and_then(|system| system.team), others::ends(&is, named, at)));
        }
    }
    for is in others::handed_to(app, who, now).await? {
        let system = system(Told::of(&is.told).system);
        all.push((system.and_then(|system| system.team), is));
    }
    for is in unowned(app, who, &agreed).await? {
        all.push((None, is));
    }
    charters(app, who, &mut all).await?;
    reviews(app, who, now, &mut all).await?;
    tasks(app, who, now, &mut all).await?;
    // What a digest of a team tells them at their own address is told there: what they may see by it.
    let told = told_by_teams(app, who).await?;
    all.retain(|(team, is)| {
        team.is_none_or(|team| {
            let on = On { system: Told::of(&is.told).system, team: Some(team) };
            !told.contains(&team) || !who.may(Action::View, on)
        })
    });
    let mut things: Vec<NewPending> = all.into_iter().map(|(_, is)| is).collect();
    things.sort_by_cached_key(|is| (Told::of(&is.told).rank(), is.item.clone()));
    Ok(things)
}

fn may_see(who: &Who, place: Option<(i64, Option<i64>)>) -> bool {
    let on = place.map_or(On::ALL, |(system, team)| On { system: Some(system), team });
    who.may(Action::View, on)
}

/// What nobody owns and they answer for, as far as they may see it.
async fn unowned(app: &App, who: &Who, agreed: &Agreed) -> Result<Vec<NewPending>, StoreError> {
    let me = who.person.id;
    if !who.may(Action::Administer, On::ALL) {
        let named = app.store.system_people(who.org).await?;
        if !named.values().any(|person| *person == me) {
            return Ok(Vec::new());
        }
    }
    let all = ownerless::all(app, who.org, agreed).await?;
    let own = all.into_iter().filter(|is| is.people.contains(&me)).map(|is| is.thing);
    let place = |is: &NewPending| Told::of(&is.told).system.map(|system| (system, None));
    Ok(own.filter(|is| may_see(who, place(is))).collect())
}

/// Has digests come to whoever may answer some decisions and never said anything about theirs: what waits for them is told
/// them. They can change it, or end it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn begin(app: &App, org: Org, decisions: &[i64]) -> Result<(), Problem> {
    if app.settings.notices.mail.is_none() {
        return Ok(());
    }
    let (now, mut known) = (app.now(), Sides::new());
    let agreed = app.agreed(org, now).await?;
    let mut said = app.store.own_digests_said(org).await?;
    let decisions = app.store.decisions_numbered(org, decisions).await?;
    deciding::learn(app, org, &decisions, &agreed, &mut known).await?;
    for is in &decisions {
        let system = agreed.stored.iter().find(|system| Some(system.id) == is.is.system);
        let team = system.and_then(|system| system.team);
        for role in Role::ALL.iter().copied().filter(|role| Action::Answer.is_for(*role)) {
            for id in app.store.people_holding(org, role, (is.is.system, team)).await? {
                if said.contains(&id) {
                    continue;
                }
                let Ok(who) = who::of(app, org, id, None, None).await else { continue };
                if deciding::may_answer(app, &who, is, &agreed, &mut known).await? {
                    said.insert(id);
                    start(app, org, id, now).await?;
                }
            }
        }
    }
    Ok(())
}

/// The same for whoever may answer what is asked outside of the plan.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn begin_for(app: &App, org: Org, is: &Appeal, place: On) -> Result<(), Problem> {
    if app.settings.notices.mail.is_none() {
        return Ok(());
    }
    let now = app.now();
    let mut said = app.store.own_digests_said(org).await?;
    for role in is.is.sides.iter().filter_map(|side| Role::from_word(side)) {
        for id in app.store.people_holding(org, role, (place.system, place.team)).await? {
            if said.contains(&id) {
                continue;
            }
            let Ok(who) = who::of(app, org, id, None, None).await else { continue };
            if !appealing::answering(&who, is, place).is_empty() {
                said.insert(id);
                start(app, org, id, now).await?;
            }
        }
    }
    Ok(())
}

/// Has somebody's own digest come at the usual time, unless they said when it does.
async fn start(app: &App, org: Org, person: i64, now: Timestamp) -> Result<(), StoreError> {
    let when = When::default();
    let Some(next) = when.next(now) else { return Ok(()) };
    let new = OwnDigest { person, told: json!(when), next };
    if app.store.begin_own_digest(org, &new, "trimtab", now).await? {
        mail_people::ask(app, org).await?;
    }
    Ok(())
}

/// Charters that wait for the word of a side that they speak for.
async fn charters(
    app: &App,
    who: &Who,
    all: &mut Vec<(Option<i64>, NewPending)>,
) -> Result<(), Problem> {
    let mine = agreeing::mine(who);
    if mine.is_empty() {
        return Ok(());
    }
    let proposed = Some(CharterState::Proposed);
    for is in app.store.charters_page(who.org, proposed, None, CHARTERS).await?.rows {
        let waits = |side: &&Role| !is.agreed.iter().any(|(agreed, ..)| agreed == *side);
        let sides: Vec<&str> = mine.iter().filter(waits).map(|side| side.as_str()).collect();
        if !sides.is_empty() {
            all.push((None, others::charter(&is, &sides)));
        }
    }
    Ok(())
}

/// What reviews decided that is theirs and late, and reviews of the organisation that are prepared.
async fn reviews(
    app: &App,
    who: &Who,
    now: Timestamp,
    all: &mut Vec<(Option<i64>, NewPending)>,
) -> Result<(), Problem> {
    if who.may(Action::View, On::ALL) {
        let filter = ReviewFilter { scope: Some("all".to_owned()), ..ReviewFilter::default() };
        for is in app.store.reviews(who.org, &filter, None, MOST).await?.rows {
            let near = is.is.at >= now && is.is.at <= now + MEETS;
            if is.is.of == ReviewOf::All && is.state == ReviewState::Prepared && near {
                all.push((None, others::review(&is)));
            }
        }
    }
    for is in app.store.resolved_of(who.org, who.person.id, MOST).await? {
        if is.state != ResolveState::Open || is.is.due >= now {
            continue;
        }
        // As far as its page shows it to them.
        match reviewing::find(app, who, is.is.review).await {
            Ok((review, _)) => {
                let team = match review.is.of {
                    ReviewOf::Team(team) => Some(team),
                    _ => None,
                };
                all.push((team, others::followed(&is)));
            }
            Err(problem) if problem.status == 404 => {}
            Err(problem) => return Err(problem),
        }
    }
    Ok(())
}

/// Their own tasks of incidents that are late, of a team or of none.
async fn tasks(
    app: &App,
    who: &Who,
    now: Timestamp,
    all: &mut Vec<(Option<i64>, NewPending)>,
) -> Result<(), Problem> {
    let mut newest = app.store.incidents_of(who.org, (None, None), None, None, MOST).await?.rows;
    newest.retain(|is| is.is.drill.is_none());
    let ids: Vec<i64> = newest.iter().map(|is| is.id).collect();
    let events = app.store.incident_tasks(who.org, &ids).await?;
    for is in newest {
        let told = events.get(&is.id).map_or(&[][..], Vec::as_slice);
        let mut mine: Vec<_> = responding::tasks(told);
        mine.retain(|task| {
            task.owner == Some(who.person.id)
                && task.is_late(now)
                && (task.after || is.closed.is_none())
        });
        if mine.is_empty() || !responding::may_enter(app, who, is.id).await? {
            continue;
        }
        all.extend(mine.iter().map(|task| (task.team, others::late_task(&is, task))));
    }
    Ok(())
}

/// The teams of which a digest goes to their own address.
async fn told_by_teams(app: &App, who: &Who) -> Result<HashSet<i64>, StoreError> {
    let address = who.person.email.to_lowercase();
    let mut teams = HashSet::new();
    for (team, wished) in app.store.all_wishes(who.org).await? {
        let is = Wishes::of(&wished);
        let mailed = is.channel == "mail" && !is.days.is_empty() && is.budget > 0;
        if mailed && is.addresses.iter().any(|to| to.to_lowercase() == address) {
            teams.insert(team);
        }
    }
    Ok(teams)
}

/// Sends a digest that is due, if there is something to tell. `None`: another does, or there is nothing.
///
/// # Errors
/// The store does not answer. What was claimed then stays begun, and is not sent again.
pub(crate) async fn mail(
    app: &App,
    org: Org,
    is: &OwnDigest,
    known: &mut Sides,
) -> Result<Option<Became>, Refused> {
    let now = app.now();
    let next = When::of(&is.told).next(now).unwrap_or(now + WEEK);
    let reader = reader(app, org, is.person).await?;
    let things = match &reader {
        Some(who) => waits(app, who, now, known).await.map_err(|e| Refused::Internal(e.detail))?,
        None => Vec::new(),
    };
    let told = app.store.own_told(org, is.person).await?;
    let marks: BTreeMap<&str, &str> =
        things.iter().map(|is| (is.item.as_str(), is.mark.as_str())).collect();
    let gone: Vec<String> =
        told.keys().filter(|item| !marks.contains_key(item.as_str())).cloned().collect();
    let mut new: Vec<NewPending> =
        things.into_iter().filter(|is| told.get(&is.item) != Some(&is.mark)).collect();
    let more = new.len().saturating_sub(NAMED);
    new.truncate(NAMED);
    let tells: Vec<(String, String)> =
        new.iter().map(|is| (is.item.clone(), is.mark.clone())).collect();
    if !app.store.claim_own_digest(org, is, next, (&tells, &gone), now).await? {
        return Ok(None);
    }
    let Some(who) = reader.filter(|_| !new.is_empty()) else { return Ok(None) };
    app.store.flush().await?;
    finish(app, (&who, is.next, 1), (&new, more), false).await.map(Some)
}

/// Sends one once more that was not taken: of what it told, what still waits.
///
/// # Errors
/// As [`mail`].
pub(crate) async fn again(
    app: &App,
    org: Org,
    run: &OwnRun,
    known: &mut Sides,
) -> Result<Option<Became>, Refused> {
    let now = app.now();
    // What cannot be reckoned now is not begun, and so not lost.
    let reader = reader(app, org, run.person).await?;
    let items = app.store.own_told_at(org, run.person, run.due).await?;
    let mut things = match &reader {
        Some(who) => waits(app, who, now, known).await.map_err(|e| Refused::Internal(e.detail))?,
        None => Vec::new(),
    };
    things.retain(|is| items.contains(&is.item));
    if !app.store.begin_own_run_again(org, run, app.now()).await? {
        return Ok(None);
    }
    app.store.flush().await?;
    let Some(who) = reader.filter(|_| !things.is_empty()) else {
        let over = (Became::Refused, None, "nothing in it is still waiting");
        app.store.end_own_run(org, (run.person, run.due), over, app.now()).await?;
        return Ok(Some(Became::Refused));
    };
    finish(app, (&who, run.due, run.tries + 1), (&things, 0), false).await.map(Some)
}

/// Somebody as they are now. `None`: the account is closed, or gone.
pub(super) async fn reader(app: &App, org: Org, person: i64) -> Result<Option<Who>, Refused> {
    let open = app.store.person(org, person).await?.is_some_and(|person| !person.disabled);
    if !open {
        return Ok(None);
    }
    who::of(app, org, person, None, None).await.map(Some).map_err(|e| Refused::Internal(e.detail))
}

/// Hands a digest over, and notes what became of it. `more`: so many things that it does not name. `urgent`: it is none, and
/// comes at once.
pub(super) async fn finish(
    app: &App,
    (who, due, tries): (&Who, Timestamp, i64),
    (things, more): (&[NewPending], usize),
    urgent: bool,
) -> Result<Became, Refused> {
    let public = &app.settings.public;
    let item = |is: &NewPending| {
        let told = Told::of(&is.told);
        Item {
            title: told.title.into(),
            detail: told.detail.into(),
            act: told.act.into(),
            link: format!("{public}{}", told.link).into(),
        }
    };
    let subject = match things.len().saturating_add(more) {
        1 if urgent => "Now: 1 thing is waiting for you".to_owned(),
        all if urgent => format!("Now: {all} things are waiting for you"),
        1 => "1 thing is waiting for you".to_owned(),
        all => format!("{all} things are waiting for you"),
    };
    // By the microsecond: what comes at once may come within the second of another.
    let moment = if urgent { due.as_microsecond() } else { due.as_second() };
    let lead = if urgent {
        "This cannot wait for your digest: you may answer it, you asked for it, or nobody else owns it."
    } else {
        "New since your last digest, gravest first."
    };
    let here = here(app, who.org).await?;
    let letter = Letter {
        id: format!("own.{here}.{}.{moment}", who.person.id).into(),
        subject: subject.into(),
        lead: lead.into(),
        items: things.iter().map(item).collect(),
        more,
        urgent,
        link: format!("{public}/account/digest").into(),
        foot: format!("Change when you get this digest: {public}/account/digest").into(),
    };
    let (server, to) = (app.settings.notices.mail.clone(), who.person.email.clone());
    let sent = blocking(move || {
        let server = server.ok_or_else(|| NotSent::Refused(NO_MAIL.to_owned()))?;
        let at = (server.host.as_str(), server.port);
        let from_to = (server.from.as_str(), to.as_str());
        Mail::new(at, server.security, server.login, from_to, PATIENCE)?.send(&letter)
    })
    .await?;
    let now = app.now();
    let (became, again, detail) = became(sent, tries, now);
    if became != Became::Sent {
        tracing::warn!(person = who.person.id, detail, "a digest was not accepted");
    }
    let of = (who.person.id, due);
    app.store.end_own_run(who.org, of, (became, again, &detail), now).await?;
    Ok(became)
}

/// What became of a try, and when it is tried again.
pub(crate) fn became(
    outcome: Result<(), NotSent>,
    tries: i64,
    now: Timestamp,
) -> (Became, Option<Timestamp>, String) {
    match outcome {
        Ok(()) => (Became::Sent, None, String::new()),
        Err(NotSent::Later(why, wait)) if tries < TRIES => {
            (Became::Later, Some(later(tries, wait, now)), why)
        }
        Err(NotSent::Later(why, _)) => (Became::Refused, None, format!("gave up: {why}")),
        Err(NotSent::Refused(why)) => (Became::Refused, None, why),
        Err(NotSent::Unknown(why)) => (Became::Unknown, None, why),
    }
}

/// So long handing one over may take, before its process is taken to have ended.
pub(crate) const LOST: SignedDuration = SignedDuration::from_mins(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_now_is_tried_again_and_not_for_ever() {
        let now = Timestamp::UNIX_EPOCH;
        let later = || Err(NotSent::Later("busy".to_owned(), None));
        let (is, at, why) = became(later(), 1, now);
        assert_eq!((is, why.as_str()), (Became::Later, "busy"));
        assert_eq!(at, Some(now + SignedDuration::from_mins(2)));
        let (is, at, why) = became(later(), TRIES, now);
        assert_eq!((is, at, why.as_str()), (Became::Refused, None, "gave up: busy"));
        let (is, at, _) = became(Err(NotSent::Unknown("broke".to_owned())), 1, now);
        assert_eq!((is, at), (Became::Unknown, None), "it may have come");
        assert_eq!(became(Ok(()), 3, now), (Became::Sent, None, String::new()));
    }

    #[test]
    fn it_comes_on_its_days_by_its_own_clock() {
        let days = vec!["monday".to_owned(), "thursday".to_owned()];
        let is = When { days, hour: 8, zone: "Europe/Berlin".to_owned() };
        let after: Timestamp = "2026-03-02T07:00:00Z".parse().unwrap();
        assert_eq!(is.next(after).unwrap().to_string(), "2026-03-05T07:00:00Z");
        assert_eq!(is.words(), "monday, thursday at 08:00 Europe/Berlin");
        assert_eq!(When { days: Vec::new(), ..is }.next(after), None);
        assert!(is_zone("Europe/Berlin") && !is_zone("") && !is_zone("Mars/Base"));
    }
}
