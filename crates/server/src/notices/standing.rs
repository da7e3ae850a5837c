//! How it stands with a team's notices: what waits and why, what was sent this week and how much of that is noise.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use trimtab_engine::notices::{Decided, Held, Pending as Asked, Sent, Why, decide, monday};
use trimtab_store::{Org, Pending, StoreError, Wished, apart};

use super::duty;
use super::things::Told;
use super::why_of;
use super::wishes::{Wishes, sees};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// How many weeks are counted.
const WEEKS: i64 = 8;
/// So long a digest does not repeat what was told at once.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How often a team was told in a week.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Noise {
    /// Digests: they are limited by the budget.
    pub(crate) digests: u32,
    /// What was *now*, with what went to further people.
    pub(crate) alarms: u32,
}

/// How it stands.
pub(crate) struct Standing {
    /// What the team wishes. `None`: nobody said anything.
    pub(crate) wished: Option<Wished>,
    /// The same, or as nobody wishes it.
    pub(crate) wishes: Wishes,
    /// What it has to do.
    pub(crate) pending: Vec<Pending>,
    /// What follows.
    pub(crate) decided: Decided,
    /// What was told at once within the last day and is as it was then, by its item.
    pub(crate) alarmed: HashSet<String>,
    /// Whether there is anybody who is told what is *now*.
    pub(crate) tells: bool,
    /// Whether the server can use the team's channel.
    pub(crate) reaches: bool,
    /// The Monday of this week.
    pub(crate) week: Date,
    /// Noise by the Monday of the week, this one and those before it.
    pub(crate) noise: BTreeMap<Date, Noise>,
    /// The Monday of the week in which the organisation's ledger begins. `None`: it is empty.
    pub(crate) began: Option<Date>,
}

/// How it stands with a team.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(
    app: &App,
    org: Org,
    team: i64,
    now: Timestamp,
) -> Result<Standing, StoreError> {
    // The turn first: what changes after it is noticed when a letter is begun.
    let wished = app.store.wishes(org, team).await?;
    let mut wishes = wished.as_ref().map(|w| Wishes::of(&w.told)).unwrap_or_default();
    wishes.rota = duty::rota(app, org, team, wishes.zone()).await?;
    let pending = app.store.pending(org, team).await?;
    let week = |back: i64| now - SignedDuration::from_hours(24 * 7 * back);
    let since = pending.iter().map(|p| p.urgent.map_or(p.since, |urgent| urgent.min(p.since)));
    let since = since.min().unwrap_or(now).min(week(2));
    let told = app.store.told_since(org, team, since).await?;
    let sent: Vec<Sent> = told
        .into_iter()
        .map(|is| {
            let why = why_of(&is.why);
            Sent { at: is.at, why, keys: keys(why, is.items) }
        })
        .collect();
    let alarmed = alarmed(&pending, &sent, now);
    let asked: Vec<Asked> = pending.iter().map(asked).collect();
    let mut engine = wishes.for_engine(now);
    // A digest that nobody could read is over: what waits comes at the next time, and not with the next thing.
    engine.since = wished.iter().filter_map(|w| w.passed).fold(engine.since, Timestamp::max);
    let reaches = has_channel(app, &wishes);
    if !reaches {
        engine.days.clear();
    }
    let mut decided = decide(&engine, &asked, &sent, now);
    let tells = tells_at_once(app, org, team, &wishes).await?;
    if !tells {
        decided.send.retain(|message| message.why == Why::Digest);
    }
    let this = monday(&engine, now);
    // By the calendar: where the clock changes, a week is not so many hours.
    let mondays = (0..WEEKS).filter_map(|back| this.checked_sub((7 * back).days()).ok());
    let mut noise: BTreeMap<Date, Noise> = mondays.map(|day| (day, Noise::default())).collect();
    for (at, why) in app.store.noise_since(org, team, week(WEEKS)).await? {
        let Some(of) = noise.get_mut(&monday(&engine, at)) else { continue };
        match why_of(&why) {
            Why::Digest => of.digests += 1,
            Why::Now | Why::Escalation(_) => of.alarms += 1,
        }
    }
    let first = app.store.ledger(org, 0, 1).await?;
    let began = first.first().and_then(|entry| Timestamp::from_microsecond(entry.at).ok());
    let began = began.map(|at| monday(&engine, at));
    Ok(Standing {
        wished,
        wishes,
        pending,
        decided,
        alarmed,
        tells,
        reaches,
        week: this,
        noise,
        began,
    })
}

impl Standing {
    /// Whether anything is known of the week of a Monday: before the ledger nobody counted.
    pub(crate) fn is_counted(&self, week: Date) -> bool {
        week >= self.week || self.began.is_some_and(|began| began <= week)
    }

    /// Why something is held, in words, and until when. `None`: it is not held.
    pub(crate) fn why_held(&self, item: &str) -> Option<(&'static str, Option<Timestamp>)> {
        let why = *self.decided.held.get(item)?;
        // The team has a digest, and it is the server that cannot send it.
        let is_stuck = why == Held::NoDigest && self.wishes.has_channel() && !self.reaches;
        Some(if is_stuck { ("the server sends no mail", None) } else { held(why) })
    }
}

/// What a letter told, by the items that there are now: what was told at once of an item was told of what is apart from it
/// since.
fn keys(why: Why, items: Vec<String>) -> Vec<Box<str>> {
    let also = match why {
        Why::Digest => Vec::new(),
        Why::Now | Why::Escalation(_) => items.iter().map(|item| apart(item)).collect(),
    };
    items.into_iter().chain(also).map(String::into_boxed_str).collect()
}

/// What was told at once within the last day and did not change since.
fn alarmed(pending: &[Pending], sent: &[Sent], now: Timestamp) -> HashSet<String> {
    let since: HashMap<&str, Timestamp> =
        pending.iter().map(|is| (is.item.as_str(), is.since)).collect();
    let recent = sent.iter().filter(|is| is.why != Why::Digest && now.duration_since(is.at) <= DAY);
    let keys = recent.flat_map(|is| is.keys.iter().map(move |key| (&**key, is.at)));
    let same = keys.filter(|(key, at)| since.get(key).is_some_and(|since| since <= at));
    same.map(|(key, _)| key.to_owned()).collect()
}

fn asked(is: &Pending) -> Asked {
    Asked {
        key: is.item.as_str().into(),
        now: is.urgent,
        since: is.since,
        acknowledged: is.acknowledged.as_ref().map(|(at, _)| *at),
    }
}

/// Whether a team has a channel that the server can use.
pub(crate) fn has_channel(app: &App, wishes: &Wishes) -> bool {
    wishes.has_channel() && (wishes.channel != "mail" || app.settings.notices.mail.is_some())
}

/// Whether there is anybody who is told what is *now*: a channel, or somebody of a circle that is asked, whose account is
/// open and who may see something of the team.
async fn tells_at_once(
    app: &App,
    org: Org,
    team: i64,
    wishes: &Wishes,
) -> Result<bool, StoreError> {
    if has_channel(app, wishes) {
        return Ok(true);
    }
    if app.settings.notices.mail.is_none() {
        return Ok(false);
    }
    let systems = app.store.systems(org).await?;
    let steps = usize::from(wishes.for_engine(app.now()).steps);
    let further = wishes.escalates.map_or(0, |_| steps);
    let on_rota = wishes.rota.as_ref().map(duty::everybody);
    // The rota stands in the place of those who are named as on duty.
    let named = wishes.circles.iter().take(1 + further).skip(usize::from(on_rota.is_some()));
    for id in named.flatten().copied().chain(on_rota.into_iter().flatten()) {
        let Some(person) = app.store.person(org, id).await?.filter(|p| !p.disabled) else {
            continue;
        };
        if sees(&app.store.grants(org, person.id).await?, team, &systems) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Why something is held, in words, and until when.
fn held(is: Held) -> (&'static str, Option<Timestamp>) {
    match is {
        Held::Digest(at) => ("waits for the digest", Some(at)),
        Held::Quiet(at) => ("quiet hours of the team", Some(at)),
        Held::Budget(at) => ("no digest left this week", Some(at)),
        Held::NoDigest => ("the team has no digest", None),
    }
}

/// Whether somebody may see something of a team.
pub(crate) fn may_see(who: &Who, team: i64, system: Option<i64>) -> bool {
    who.may(Action::View, On { system, team: Some(team) })
}

/// Whether something is *now* and nobody has said that they have it.
pub(crate) fn is_open(is: &Pending) -> bool {
    let answered = is.acknowledged.as_ref().map(|(at, _)| *at);
    is.urgent.is_some_and(|since| answered.is_none_or(|at| at < since))
}

/// Notes that somebody has some of what is *now*: as far as they may see it and may say so.
///
/// # Errors
/// They may not, or the store does not answer.
pub(crate) async fn acknowledge(
    app: &App,
    who: &Who,
    team: i64,
    wanted: &[String],
) -> Result<u64, Problem> {
    let pending = app.store.pending(who.org, team).await?;
    let wanted: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    let may = |is: &&Pending| {
        let on = On { system: Told::of(&is.told).system, team: Some(team) };
        wanted.contains(is.item.as_str()) && who.may(Action::Acknowledge, on)
    };
    let items: Vec<String> = pending.iter().filter(may).map(|is| is.item.clone()).collect();
    if items.is_empty() && !may_say(app, who, team).await? {
        return Err(Problem::forbidden(Action::Acknowledge));
    }
    Ok(app.store.acknowledge(who.org, team, &items, &who.actor(), app.now()).await?)
}

/// Whether somebody may say of anything of a team that they have it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn may_say(app: &App, who: &Who, team: i64) -> Result<bool, StoreError> {
    let systems = app.store.systems(who.org).await?;
    let own = systems.iter().filter(|system| system.team == Some(team));
    let mut places = own.map(|system| On { system: Some(system.id), team: Some(team) });
    Ok(who.may(Action::Acknowledge, On { system: None, team: Some(team) })
        || places.any(|on| who.may(Action::Acknowledge, on)))
}
