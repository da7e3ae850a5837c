//! Letters on their way: to whom each goes, handed over once, and what became of it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use trimtab_connect::SystemClock;
use trimtab_connect::http::Patience;
use trimtab_connect::notify::{Channel, Mail, Mattermost, NotSent, Slack, Teams, Webhook};
use trimtab_engine::notices::{Message, Why};
use trimtab_model::letter::Letter;
use trimtab_store::{
    Became, Decision, Grant, NewRecipient, Org, Pending, Recipient, StoreError, Team, Wished,
};

use super::duty::{self, Answered};
use super::letters::Said;
use super::others;
use super::standing::has_channel;
use super::why_of;
use super::wishes::{Place, Wishes, place};
use crate::access::table::allow;
use crate::access::{Action, On, who};
use crate::deciding::{self, Sides};
use crate::ingest::{Refused, blocking};
use crate::state::App;

/// How long a channel may take.
pub(crate) const PATIENCE: Patience = Patience {
    connect: Duration::from_secs(15),
    read: Duration::from_secs(60),
    window: Duration::from_secs(30),
    rate: 64,
};
/// What is said where no mail can be sent.
pub(crate) const NO_MAIL: &str = "the server cannot send mail: start it with --mail-server";
/// So often a copy is tried that a channel does not take.
pub(crate) const TRIES: i64 = 8;
/// The first wait before the next try, and the longest.
const WAIT: SignedDuration = SignedDuration::from_mins(2);
const LONGEST: SignedDuration = SignedDuration::from_hours(6);

/// Who a letter goes to.
pub(crate) struct Readers {
    pub(crate) to: Vec<NewRecipient>,
    /// What of the things that it names some of them may read. `None`: all of it.
    read: Option<HashSet<String>>,
}

impl Readers {
    /// What of a message is told by its letter: what none of its readers may read waits on.
    pub(crate) fn told(&self, message: &Message, said: &Said) -> Vec<String> {
        let named: HashSet<&str> = said.named.iter().map(|of| of.item.as_str()).collect();
        let keys = message.keys.iter().map(ToString::to_string);
        keys.filter(|key| {
            let read = self.read.as_ref();
            !read.is_some_and(|read| named.contains(key.as_str()) && !read.contains(key))
        })
        .collect()
    }
}

/// To whom a letter goes: a digest to the team's channel, what is *now* to people by mail where there are some who may
/// see it, else to the channel.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn recipients(
    app: &App,
    org: Org,
    (team, wishes): (i64, &Wishes),
    (message, said): (&Message, &Said),
    pending: &[Pending],
    known: &mut Sides,
) -> Result<Readers, StoreError> {
    let step = match message.why {
        Why::Digest => None,
        Why::Now => Some(0),
        Why::Escalation(step) => Some(usize::from(step)),
    };
    let mut circle = Vec::new();
    if let Some(step) = step.filter(|_| app.settings.notices.mail.is_some()) {
        let told = duty::told(app, org, team, &message.keys, pending).await?;
        let of = (team, wishes, said);
        circle = duty::people(app, org, of, step, &told, app.now()).await?;
    }
    let mut all = Vec::new();
    let mut shown: Vec<Vec<Grant>> = Vec::new();
    for id in circle {
        let Some(person) = app.store.person(org, id).await?.filter(|p| !p.disabled) else {
            continue;
        };
        let grants = app.store.grants(org, id).await?;
        if said.named.iter().any(|of| sees(&grants, team, of.told.system)) {
            all.push(NewRecipient {
                channel: "mail".to_owned(),
                address: person.email,
                person: Some(id),
            });
            shown.push(grants);
        }
    }
    // What none of them may see is told to the channel all the same.
    let seen = |system| shown.iter().any(|grants| sees(grants, team, system));
    if !all.is_empty() && said.named.iter().all(|of| seen(of.told.system)) {
        return Ok(Readers { to: all, read: None });
    }
    let mut read = HashSet::new();
    for to in to_channel_of(app, wishes) {
        // What says nothing to whoever reads it there is no digest: it waits for somebody who may read it.
        let digest = step.is_none() && to.channel == "mail";
        if !digest {
            all.push(to);
            continue;
        }
        let of = (team, to.address.as_str());
        let theirs = read_by(app, org, of, said.clone(), known).await?;
        if !theirs.named.is_empty() {
            read.extend(theirs.named.into_iter().map(|of| of.item));
            all.push(to);
        }
    }
    let mailed = step.is_none() && wishes.channel == "mail";
    Ok(Readers { to: all, read: mailed.then_some(read) })
}

/// Copies to a team's channel, as it is now.
pub(crate) fn to_channel_of(app: &App, wishes: &Wishes) -> Vec<NewRecipient> {
    let to = |address: &String| NewRecipient {
        channel: wishes.channel.clone(),
        address: address.clone(),
        person: None,
    };
    match wishes.channel.as_str() {
        _ if !has_channel(app, wishes) => Vec::new(),
        "mail" => wishes.addresses.iter().map(to).collect(),
        _ => vec![to(&wishes.server)],
    }
}

/// Has the team's channel take an alarm that the mail servers of everybody refused to whom it went. Whether there is
/// something to hand over by that.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn instead(
    app: &App,
    org: Org,
    (team, letter, why): (i64, i64, &str),
) -> Result<bool, StoreError> {
    if why_of(why) == Why::Digest {
        return Ok(false);
    }
    let Some(wished) = app.store.wishes(org, team).await? else { return Ok(false) };
    let to = to_channel_of(app, &Wishes::of(&wished.told));
    Ok(app.store.copy_to_others(org, letter, &to, app.now()).await? > 0)
}

fn sees(grants: &[Grant], team: i64, system: Option<i64>) -> bool {
    allow(grants, Action::View, On { system, team: Some(team) })
}

/// Hands a copy over whose handing over was begun, and notes what became of it.
///
/// # Errors
/// The store does not answer: then it stays begun, and is not sent again by itself.
pub(crate) async fn hand_over(
    app: &App,
    org: Org,
    (team, why, said): (&Team, &str, Said),
    copy: &Recipient,
    known: &mut Sides,
) -> Result<Became, Refused> {
    let wished = app.store.wishes(org, team.id).await?;
    // Whether it is still theirs: accounts are closed, and addresses are taken away.
    let (said, still) = match copy.to.person {
        None => {
            let is = wished.as_ref().map(|w| Wishes::of(&w.told)).unwrap_or_default();
            let mailed = is.channel == "mail" && is.addresses.contains(&copy.to.address);
            let said = match copy.to.channel.as_str() {
                "mail" => {
                    let of = (team.id, copy.to.address.as_str());
                    read_by(app, org, of, said, known).await?
                }
                _ => said,
            };
            (said, copy.to.channel != "mail" || mailed)
        }
        Some(id) => {
            let person = app.store.person(org, id).await?;
            let still = person.is_some_and(|p| !p.disabled && p.email == copy.to.address);
            let grants = app.store.grants(org, id).await?;
            (said.seen_by(|system| sees(&grants, team.id, system)), still)
        }
    };
    let here = here(app, org).await?;
    let id = format!("{here}.{}.{}", copy.letter, copy.nth);
    let page = format!("/notices/{}", copy.letter);
    let public = &app.settings.public;
    let nothing = said.named.is_empty();
    let letter = said.letter((&id, &page), (why_of(why), &team.name, team.id), public);
    let outcome = if !still {
        let text = "the account is closed, or the team no longer uses this address";
        Err(NotSent::Refused(text.to_owned()))
    } else if nothing {
        Err(NotSent::Refused("the recipient may no longer see any of it".to_owned()))
    } else {
        sent(app, org, wished.as_ref(), &copy.to, letter).await?
    };
    let now = app.now();
    let (became, next, detail) = match outcome {
        Ok(()) => (Became::Sent, None, String::new()),
        Err(NotSent::Later(why, wait)) if copy.tries < TRIES => {
            (Became::Later, Some(later(copy.tries, wait, now)), why)
        }
        Err(NotSent::Later(why, _)) => (Became::Refused, None, format!("gave up: {why}")),
        Err(NotSent::Refused(why)) => (Became::Refused, None, why),
        Err(NotSent::Unknown(why)) => (Became::Unknown, None, why),
    };
    if became != Became::Sent {
        tracing::warn!(team = team.id, letter = copy.letter, detail, "a letter was not accepted");
    }
    let of = (copy.letter, copy.nth);
    app.store.end_copy(org, of, (became, next, &detail), now).await?;
    Ok(became)
}

/// What a letter says to an address of the team. Where that is somebody's own, what they may see, and what waits for an
/// answer only where the charter lets them give this one.
async fn read_by(
    app: &App,
    org: Org,
    (team, address): (i64, &str),
    said: Said,
    known: &mut Sides,
) -> Result<Said, StoreError> {
    let address = address.to_lowercase();
    let people = app.store.people(org).await?;
    let Some(person) = people.iter().find(|p| p.email.to_lowercase() == address) else {
        return Ok(said);
    };
    if person.disabled {
        return Ok(said.seen_by(|_| false));
    }
    let grants = app.store.grants(org, person.id).await?;
    // Cut when it is written: what others answer keeps nothing else from being named.
    let said = said.narrowed(|system| sees(&grants, team, system));
    if said.named.iter().all(|of| of.told.answer.is_none()) {
        return Ok(said);
    }
    let may = may_answer(app, (org, person.id), &said, known).await?;
    Ok(said.answered_by(|item| may.contains(item)))
}

/// What of it somebody may answer, by the charter.
async fn may_answer(
    app: &App,
    (org, person): (Org, i64),
    said: &Said,
    known: &mut Sides,
) -> Result<HashSet<String>, StoreError> {
    let mut may = HashSet::new();
    let Ok(who) = who::of(app, org, person, None, None).await else { return Ok(may) };
    let agreed = app.agreed(org, app.now()).await?;
    let asked = said.named.iter().filter(|of| of.told.answer.is_some());
    let ids: Vec<i64> = asked.clone().filter_map(|of| others::asked_id(&of.item)).collect();
    // All of them together: a letter may name many, and go to many.
    let decisions = app.store.decisions_numbered(org, &ids).await?;
    deciding::learn(app, org, &decisions, &agreed, known).await?;
    let decisions: HashMap<i64, Decision> = decisions.into_iter().map(|is| (is.id, is)).collect();
    for of in asked {
        let Some(id) = others::asked_id(&of.item) else { continue };
        // What was answered meanwhile waits for nobody.
        let Some(decision) = decisions.get(&id) else { continue };
        match deciding::may_answer(app, &who, decision, &agreed, known).await {
            Ok(true) => {
                may.insert(of.item.clone());
            }
            Ok(false) => {}
            // It is told rather once too often than never.
            Err(problem) => {
                tracing::warn!(decision = id, problem.detail, "who may answer is not known");
                may.insert(of.item.clone());
            }
        }
    }
    Ok(may)
}

/// When a copy is tried again: longer after each time, and not before the channel wishes it.
pub(crate) fn later(tries: i64, wished: Option<Duration>, now: Timestamp) -> Timestamp {
    let doublings = u32::try_from(tries.clamp(1, 12) - 1).unwrap_or(0);
    let wait = WAIT.checked_mul(2i32.saturating_pow(doublings)).unwrap_or(LONGEST).min(LONGEST);
    let wished = wished.and_then(|w| SignedDuration::try_from(w).ok()).unwrap_or_default();
    let day = SignedDuration::from_hours(24);
    now.checked_add(wait.max(wished.min(day))).unwrap_or(Timestamp::MAX)
}

async fn sent(
    app: &App,
    org: Org,
    wished: Option<&Wished>,
    to: &NewRecipient,
    letter: Letter,
) -> Result<Result<(), NotSent>, Refused> {
    let mail = app.settings.notices.mail.clone();
    let private = app.settings.notices.private;
    let (kind, address) = (to.channel.clone(), to.address.clone());
    // Another channel than the one that was chosen when it was begun is not told of it.
    let same = wished.filter(|w| {
        let is = Wishes::of(&w.told);
        is.channel == kind && is.server == address
    });
    let place = same.and_then(|wished| place(app, org, wished));
    blocking(move || {
        if kind == "mail" {
            let Some(server) = mail else {
                return Err(NotSent::Refused(NO_MAIL.to_owned()));
            };
            let at = (server.host.as_str(), server.port);
            let who = (server.from.as_str(), address.as_str());
            return Mail::new(at, server.security, server.login, who, PATIENCE)?.send(&letter);
        }
        let Some(place) = place else {
            let text = "the address of the channel cannot be decrypted, or the channel has changed";
            return Err(NotSent::Refused(text.to_owned()));
        };
        to_channel(&kind, &place, private, &letter)
    })
    .await
}

/// What the ids of an organisation's letters begin with. Stores number theirs alike, and a mailbox takes what has an id that it
/// knows for the same mail: when the organisation was made tells one store from another, and stays with its backups.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn here(app: &App, org: Org) -> Result<String, StoreError> {
    let all = app.store.organisations().await?;
    let is = all.iter().find(|is| is.org == org);
    Ok(named(org, is.map_or(Timestamp::UNIX_EPOCH, |is| is.created)))
}

fn named(org: Org, made: Timestamp) -> String {
    format!("{}-{:x}", org.0, made.as_microsecond())
}

/// Sends a test letter by a team's channel, to everybody whom a digest goes to. `name` tells it from other letters.
pub(crate) async fn test(
    app: &App,
    org: Org,
    (team, wishes): (&Team, &Wishes),
    wished: Option<&Wished>,
    name: String,
) -> Vec<Answered> {
    let public = &app.settings.public;
    let page = format!("{public}/teams/{}/notices", team.id);
    let mut all = Vec::new();
    let here = here(app, org).await.unwrap_or_else(|_| org.0.to_string());
    for (nth, to) in to_channel_of(app, wishes).into_iter().enumerate() {
        let letter = Letter {
            id: format!("{here}.{name}.{nth}").into(),
            subject: format!("Test message for {}", team.name).into(),
            lead: "Somebody is testing this channel. You do not need to do anything.".into(),
            items: Vec::new(),
            more: 0,
            urgent: false,
            link: page.as_str().into(),
            foot: format!("Notification settings of team {}: {page}", team.name).into(),
        };
        let (works, answer) = match sent(app, org, wished, &to, letter).await {
            Ok(Ok(())) => (Some(true), String::new()),
            Ok(Err(NotSent::Unknown(why))) => (None, format!("{why}; it may have been delivered")),
            Ok(Err(error)) => (Some(false), error.to_string()),
            // What went before it, and what comes after it, has an answer all the same.
            Err(error) => {
                tracing::warn!(%error, "a test letter cannot be sent");
                (None, "the server could not send it".to_owned())
            }
        };
        all.push(Answered { to: to.address, works, answer });
    }
    all
}

fn to_channel(kind: &str, place: &Place, private: bool, letter: &Letter) -> Result<(), NotSent> {
    let (at, clock) = (place.address.as_str(), &SystemClock);
    match kind {
        "slack" => {
            let is = Slack::new(at, PATIENCE, clock)?;
            if private { is } else { is.outside(PATIENCE) }.send(letter)
        }
        "teams" => {
            let is = Teams::new(at, PATIENCE, clock)?;
            if private { is } else { is.outside(PATIENCE) }.send(letter)
        }
        "mattermost" => {
            let is = Mattermost::new(at, PATIENCE, clock)?;
            if private { is } else { is.outside(PATIENCE) }.send(letter)
        }
        "webhook" => {
            let is = Webhook::new(at, place.secret.as_bytes(), PATIENCE, clock)?;
            if private { is } else { is.outside(PATIENCE) }.send(letter)
        }
        other => Err(NotSent::Refused(format!("there is no channel `{other}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_two_stores_have_other_ids_though_both_number_theirs_alike() {
        let made = |text: &str| named(Org(1), text.parse().unwrap());
        let first = made("2026-11-30T20:00:00Z");
        assert_ne!(first, made("2026-11-30T20:00:01Z"));
        assert_eq!(first, made("2026-11-30T20:00:00Z"), "the same in a backup");
        // It is a part of an address.
        assert!(first.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'), "{first}");
    }

    #[test]
    fn the_waits_grow_and_a_channel_may_ask_for_more() {
        let now = Timestamp::UNIX_EPOCH;
        let minutes = |tries, wished: Option<u64>| {
            later(tries, wished.map(Duration::from_secs), now).duration_since(now).as_mins()
        };
        let waits: Vec<i64> = (1..=8).map(|tries| minutes(tries, None)).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256]);
        assert_eq!(minutes(40, None), 360);
        assert_eq!(minutes(1, Some(600)), 10);
        assert_eq!(minutes(1, Some(10)), 2);
        assert_eq!(minutes(1, Some(10_000_000)), 24 * 60);
    }
}
