//! Who is told what, and when: a digest at the time that a team chose; at once only what the
//! charter calls *now*, once, and again to the next people if nobody takes it on. Pure: what waits
//! and what was sent comes in; what is to be sent, and why the rest is held, goes out.
//!
//! How many messages leave depends on the time that passes and not on how much there is to report:
//! a burst of ten thousand findings is one digest, and one message for everything that is *now*
//! when it is decided.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// How often at most what is *now* goes to further people, if nobody acknowledges it.
pub const STEPS: u8 = 2;

/// How a team wishes to be notified.
#[derive(Debug, Clone, PartialEq)]
pub struct Wishes {
    /// Where its clock is read.
    pub zone: TimeZone,
    /// The days of its digest. None: no digest is sent; what waits can be seen on the page.
    pub days: Vec<Weekday>,
    /// The time of its digest on these days.
    pub time: Time,
    /// From when to when no digest is sent, every day; over midnight if the first is later. What is *now* goes all the
    /// same.
    pub quiet: Option<(Time, Time)>,
    /// The most digests in a week that begins on Monday. What the charter calls *now* is counted and not limited.
    pub budget: u32,
    /// After so long without an answer, what is *now* goes to the next people. `None`: never.
    pub escalates: Option<SignedDuration>,
    /// To how many further circles of people, at most [`STEPS`].
    pub steps: u8,
    /// Since when its digest is at these times: those before were others.
    pub since: Timestamp,
}

/// Something to be reported: an action, with everything that it removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Which action it is: the same one is reported once.
    pub key: Box<str>,
    /// Since when the charter calls it *now*. `None`: it does not.
    pub now: Option<Timestamp>,
    /// When what is reported about it last changed: a digest from then on contains it.
    pub since: Timestamp,
    /// When somebody last said that they take it on. It counts for the alarm that it followed.
    pub acknowledged: Option<Timestamp>,
}

/// Why a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is time for the digest.
    Digest,
    /// Something is *now*: to the people on duty.
    Now,
    /// Nobody acknowledged it: to the people of this step, from 1 to [`STEPS`].
    Escalation(u8),
}

/// A message that was sent, or whose sending was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: Why,
    /// What it reported.
    pub keys: Vec<Box<str>>,
}

/// A message to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Why.
    pub why: Why,
    /// What it reports, in the order of the keys.
    pub keys: Vec<Box<str>>,
}

/// Why something is not reported yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Until the digest at this time.
    Digest(Timestamp),
    /// The digest is due, and the team has quiet until then.
    Quiet(Timestamp),
    /// The digests of this week are spent: until the first one of a week that has some.
    Budget(Timestamp),
    /// The team has no digest.
    NoDigest,
}

/// What follows from all this.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decided {
    /// Messages to be sent, the most urgent first.
    pub send: Vec<Message>,
    /// What is held, by its key.
    pub held: BTreeMap<Box<str>, Held>,
    /// When to ask again though nothing has happened. `None`: not before something does.
    pub again: Option<Timestamp>,
}

/// Decides for one team. `sent` has what was sent to it, in any order; what is older than the week and than every
/// `since` and `now` of `pending` may be left out.
pub fn decide(wishes: &Wishes, pending: &[Pending], sent: &[Sent], now: Timestamp) -> Decided {
    let mut decided = Decided::default();
    at_once(wishes, pending, sent, now, &mut decided);
    digest(wishes, pending, sent, now, &mut decided);
    decided
}

/// What is *now*: reported once, and again to others while nobody takes it on.
fn at_once(
    wishes: &Wishes,
    pending: &[Pending],
    sent: &[Sent],
    now: Timestamp,
    decided: &mut Decided,
) {
    let mut told: HashMap<&str, Vec<(Timestamp, u8)>> = HashMap::new();
    for is in sent {
        let step = match is.why {
            Why::Digest => continue,
            Why::Now => 0,
            Why::Escalation(step) => step,
        };
        for key in &is.keys {
            told.entry(key).or_default().push((is.at, step));
        }
    }
    let mut messages: BTreeMap<Why, Vec<Box<str>>> = BTreeMap::new();
    for of in pending {
        let Some(since) = of.now else { continue };
        // What was told when it was *now* an earlier time is another alarm.
        let all = told.get(&*of.key).into_iter().flatten().filter(|(at, _)| *at >= since);
        let last = all.fold(None, |most: Option<(Timestamp, u8)>, (at, step)| {
            let (before, highest) = most.unwrap_or((*at, *step));
            Some((before.max(*at), highest.max(*step)))
        });
        let Some((last, step)) = last else {
            messages.entry(Why::Now).or_default().push(of.key.clone());
            continue;
        };
        let Some(after) = wishes.escalates.filter(SignedDuration::is_positive) else { continue };
        if step >= wishes.steps.min(STEPS) || of.acknowledged.is_some_and(|at| at >= since) {
            continue;
        }
        // Since the last people were told: after hours in which nothing was sent they, too, have their time.
        let due = last.checked_add(after).unwrap_or(Timestamp::MAX);
        if due <= now {
            let why = Why::Escalation(step.saturating_add(1));
            messages.entry(why).or_default().push(of.key.clone());
        } else {
            decided.ask(due);
        }
    }
    for (why, mut keys) in messages {
        keys.sort_unstable();
        keys.dedup();
        let step = if let Why::Escalation(step) = why { step } else { 0 };
        let goes_on = step < wishes.steps.min(STEPS);
        if let Some(after) = wishes.escalates.filter(|after| goes_on && after.is_positive()) {
            decided.ask(now.checked_add(after).unwrap_or(Timestamp::MAX));
        }
        decided.send.push(Message { why, keys });
    }
}

/// What waits for the digest, and whether its time has come.
fn digest(
    wishes: &Wishes,
    pending: &[Pending],
    sent: &[Sent],
    now: Timestamp,
    decided: &mut Decided,
) {
    let mut last: Option<Timestamp> = None;
    let mut told: HashMap<&str, Timestamp> = HashMap::new();
    for is in sent.iter().filter(|is| is.why == Why::Digest) {
        last = last.max(Some(is.at));
        for key in &is.keys {
            let at = told.entry(key).or_insert(is.at);
            *at = is.at.max(*at);
        }
    }
    let waits = |of: &&Pending| told.get(&*of.key).is_none_or(|at| *at < of.since);
    let mut keys: Vec<Box<str>> = pending.iter().filter(waits).map(|of| of.key.clone()).collect();
    keys.sort_unstable();
    keys.dedup();
    let Some(oldest) = pending.iter().filter(waits).map(|of| of.since).min() else { return };
    // The first time for a digest since the last one, since there is something to tell, and since it is so wished.
    let from = last.map_or(oldest, |last| last.max(oldest)).max(wishes.since);
    let Some((due, by_budget)) = due(wishes, sent, from) else {
        decided.hold(keys, Held::NoDigest);
        return;
    };
    let held = match () {
        () if due > now && by_budget => Held::Budget(due),
        () if due > now => Held::Digest(due),
        // It is late, and in another week than it should have been.
        () if spent(wishes, sent, now) >= wishes.budget => match after_week(wishes, now) {
            Some(then) => Held::Budget(then),
            None => Held::NoDigest,
        },
        () => match quiet_until(wishes, now) {
            Some(until) => Held::Quiet(until),
            None => {
                decided.send.push(Message { why: Why::Digest, keys });
                return;
            }
        },
    };
    if let Held::Digest(at) | Held::Quiet(at) | Held::Budget(at) = held {
        decided.ask(at);
    }
    decided.hold(keys, held);
}

/// The first time for a digest after a moment in a week that has one left, and whether a week before had none. `None`:
/// there is none.
fn due(wishes: &Wishes, sent: &[Sent], after: Timestamp) -> Option<(Timestamp, bool)> {
    let (mut due, mut by_budget) = (next_time(wishes, after)?, false);
    while spent(wishes, sent, due) >= wishes.budget {
        due = after_week(wishes, due)?;
        by_budget = true;
    }
    Some((due, by_budget))
}

impl Decided {
    fn ask(&mut self, at: Timestamp) {
        self.again = Some(self.again.map_or(at, |is| is.min(at)));
    }

    fn hold(&mut self, keys: Vec<Box<str>>, why: Held) {
        self.held.extend(keys.into_iter().map(|key| (key, why)));
    }
}

/// The first time for a digest after a moment.
fn next_time(wishes: &Wishes, after: Timestamp) -> Option<Timestamp> {
    let first = after.to_zoned(wishes.zone.clone()).date();
    // A week and a day: today's may have passed.
    (0..=7).find_map(|day| {
        let date = first.checked_add(day.days()).ok()?;
        if !wishes.days.contains(&date.weekday()) {
            return None;
        }
        moment(wishes, date, wishes.time).filter(|at| *at > after)
    })
}

/// A time of a day; where the clock skips it, when that has passed.
fn moment(wishes: &Wishes, date: Date, time: Time) -> Option<Timestamp> {
    wishes.zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()
}

/// The Monday of a moment's week, where a team's clock is read: a week of its budget.
pub fn monday(wishes: &Wishes, at: Timestamp) -> Date {
    let date = at.to_zoned(wishes.zone.clone()).date();
    let days = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(days.days()).unwrap_or(date)
}

/// How many digests were sent in the week of a moment; those of later weeks are not counted.
fn spent(wishes: &Wishes, sent: &[Sent], now: Timestamp) -> u32 {
    let week = monday(wishes, now);
    let digests = sent.iter().filter(|is| is.why == Why::Digest && monday(wishes, is.at) == week);
    u32::try_from(digests.count()).unwrap_or(u32::MAX)
}

/// The first time for a digest of the next week. `None`: no week has one.
fn after_week(wishes: &Wishes, now: Timestamp) -> Option<Timestamp> {
    if wishes.budget == 0 {
        return None;
    }
    let next = monday(wishes, now).checked_add(7.days()).ok()?;
    let begin = moment(wishes, next, Time::midnight())?;
    next_time(wishes, begin.checked_sub(1.nanosecond()).ok()?)
}

/// Until when it is quiet. `None`: it is not.
pub fn quiet_until(wishes: &Wishes, now: Timestamp) -> Option<Timestamp> {
    let (from, to) = wishes.quiet.filter(|(from, to)| from != to)?;
    let here = now.to_zoned(wishes.zone.clone());
    let (date, time) = (here.date(), here.time());
    let ends = match from < to {
        true if (from..to).contains(&time) => date,
        false if time < to => date,
        false if time >= from => date.checked_add(1.day()).ok()?,
        _ => return None,
    };
    // Where the clock is set back the end may lie behind: then it is over.
    moment(wishes, ends, to).filter(|at| *at > now)
}
