//! What is done about the ticket of an action: a pure decision. What is wanted, and what the
//! tracker has, go in; the next call comes out, and `None` when everything is as it should be. What
//! Trimtab wrote last is read from the ticket, so that any process can decide again at any time:
//! after a call that was lost, a restart, or a missed webhook.
//!
//! What people say there stays: a title or due date that differs from what Trimtab wrote is theirs,
//! what they closed stays closed, and what they reopened stays open. [`said`] interprets it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use trimtab_model::ticket::{
    Call, Change, DUPLICATE, Digest, Kept, Life, Seen, Stage, There, Ticket, WONT_DO, Wrote,
    is_level_label,
};

/// What is wanted of the ticket.
#[derive(Debug, Clone, PartialEq)]
pub enum Want {
    /// The plan has the action: the ticket is open. `may_open`: whether the team has room for one more.
    Open {
        /// Whether one more may be made.
        may_open: bool,
    },
    /// It is over: what it was for is fixed and deployed, or is planned no more.
    Over,
}

/// What people expressed by what they did.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// It is deleted, or moved where Trimtab does not see it.
    Gone,
    /// Its text is theirs now.
    Taken,
    /// It will not be done: an exception is requested.
    WontDo(Option<Box<str>>),
    /// It is done, as they say: what is deployed decides.
    Done,
    /// It is open again, after Trimtab closed it.
    Reopened,
    /// It is due on another day, or none.
    Due(Option<jiff::civil::Date>),
    /// It costs so many points.
    Points(f64),
    /// Somebody has it.
    Assigned(Box<str>),
    /// It is planned.
    Sprint(Box<str>),
}

/// What is decided from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What should be in the ticket.
    pub ticket: &'a Ticket,
    /// Whether it is wanted.
    pub want: &'a Want,
    /// What the one note is to say. `None`: there is nothing to say.
    pub note: Option<&'a str>,
    /// What the tracker has.
    pub there: &'a There,
    /// What is kept of it here.
    pub kept: &'a Kept,
    /// Now.
    pub now: Timestamp,
    /// How long after it was made the tracker may not show a ticket.
    pub settles: SignedDuration,
    /// Whether the tracker has due dates.
    pub has_due: bool,
}

/// The ticket that stays, of those with the same mark: the one whose key is kept, otherwise the one
/// that was created first. One that is labelled a duplicate stays only if there is no other.
pub fn stands<'s>(all: &'s [Seen], kept: &Kept) -> Option<&'s Seen> {
    let is_kept = |seen: &&Seen| kept.key.as_ref() == Some(&seen.key);
    let alone = || all.iter().filter(|seen| !is_duplicate(seen));
    let first = || all.iter().filter(|_| kept.key.is_none()).min_by_key(|seen| seen.number);
    alone()
        .find(is_kept)
        .or_else(|| alone().min_by_key(|seen| seen.number))
        .or_else(|| all.iter().find(is_kept))
        .or_else(first)
}

fn is_duplicate(seen: &Seen) -> bool {
    has(&seen.labels, DUPLICATE)
}

/// Whether a label is there. To some trackers case is no difference.
fn has(labels: &BTreeSet<Box<str>>, label: &str) -> bool {
    labels.iter().any(|held| held.eq_ignore_ascii_case(label))
}

/// Which of some actions, the most urgent first, may have a ticket made now: those that have none (`has`), as many as there is
/// room for. `open`: how many of the team's tickets are open already, whichever they are of.
pub fn room(has: &[bool], open: usize, limit: usize) -> Vec<bool> {
    let mut left = limit.saturating_sub(open);
    let may = |has: &bool| {
        let may = !has && left > 0;
        left -= usize::from(may);
        may
    };
    has.iter().map(may).collect()
}

/// The next call. `None`: nothing is to be done now.
pub fn next(situation: &Situation<'_>) -> Option<Call> {
    let There::Tickets(all) = situation.there else { return Some(Call::Look) };
    let Some(seen) = stands(all, situation.kept) else { return create(situation) };
    // Only what has our line of this very action was made by us.
    let is_other = |other: &&Seen| {
        let is_ours = |wrote: &Wrote| wrote.mark == situation.ticket.mark;
        other.key != seen.key && other.wrote.as_ref().is_some_and(is_ours)
    };
    if let Some(other) = all.iter().filter(is_other).find(|other| !is_duplicate(other)) {
        return Some(Call::Retire { key: other.key.clone(), by: seen.key.clone() });
    }
    let Some(wrote) = &seen.wrote else { return note(situation, seen) };
    life(situation, seen, wrote)
        .or_else(|| content(situation, seen, wrote))
        .or_else(|| note(situation, seen))
}

/// Makes it, where it is wanted and cannot be there.
fn create(situation: &Situation<'_>) -> Option<Call> {
    let kept = situation.kept;
    // People deleted it: they do not want it.
    let wanted = *situation.want == Want::Open { may_open: true } && kept.key.is_none();
    let may_be_there = kept.sent.is_some_and(|sent| situation.now < after(sent, situation.settles));
    (wanted && !may_be_there).then_some(Call::Create)
}

fn after(at: Timestamp, wait: SignedDuration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// Closing and opening, a step at a time.
fn life(situation: &Situation<'_>, seen: &Seen, wrote: &Wrote) -> Option<Call> {
    let key = || seen.key.clone();
    let is_open = seen.stage == Stage::Open;
    let write =
        |life| Some(Call::Write { key: key(), change: change(situation, seen, wrote), life });
    match (situation.want, wrote.life) {
        (Want::Open { .. }, Life::Open) | (Want::Over, Life::Closed) => None,
        // Of what Trimtab closed or was about to, people opened it first, or say that it will not be done.
        (Want::Open { .. }, _) if seen.stage != Stage::Done => write(Life::Open),
        (Want::Open { .. }, Life::Opening) => Some(Call::Reopen { key: key() }),
        (Want::Open { .. }, Life::Closing | Life::Closed) => write(Life::Opening),
        (Want::Over, Life::Closing) if is_open => Some(Call::Close { key: key() }),
        (Want::Over, _) if is_open => write(Life::Closing),
        // People closed it; what they say is done is, when it is.
        (Want::Over, Life::Open) if seen.stage == Stage::WontDo => None,
        (Want::Over, _) => write(Life::Closed),
    }
}

/// What differs in an open ticket and is Trimtab's to change.
fn content(situation: &Situation<'_>, seen: &Seen, wrote: &Wrote) -> Option<Call> {
    if *situation.want == Want::Over || seen.stage != Stage::Open {
        return None;
    }
    let change = change(situation, seen, wrote);
    let same = change == Change::default()
        && wrote.text == situation.ticket.digest()
        && wrote.title == Digest::of_title(&situation.ticket.heading())
        && wrote.due == situation.ticket.due;
    (!same).then(|| Call::Write { key: seen.key.clone(), change, life: wrote.life })
}

fn change(situation: &Situation<'_>, seen: &Seen, wrote: &Wrote) -> Change {
    let ticket = situation.ticket;
    let title = Digest::of_title(&seen.title);
    let labels = ticket.labels();
    let stale = |label: &str| is_level_label(&label.to_ascii_lowercase()) && !has(&labels, label);
    let missing = |label: &str| !has(&seen.labels, label);
    Change {
        title: title == wrote.title && title != Digest::of_title(&ticket.heading()),
        due: situation.has_due && seen.due == wrote.due && seen.due != ticket.due,
        add: labels.iter().filter(|label| missing(label)).cloned().collect(),
        remove: seen.labels.iter().filter(|label| stale(label)).cloned().collect(),
    }
}

fn note(situation: &Situation<'_>, seen: &Seen) -> Option<Call> {
    let text = situation.note.filter(|text| situation.kept.note.as_deref() != Some(text))?;
    Some(Call::Note { key: seen.key.clone(), text: text.into() })
}

/// What people expressed by what they did to the ticket that stays.
pub fn said(situation: &Situation<'_>) -> Vec<Said> {
    let There::Tickets(all) = situation.there else { return Vec::new() };
    let Some(seen) = stands(all, situation.kept) else {
        let gone = situation.kept.key.is_some();
        return gone.then_some(Said::Gone).into_iter().collect();
    };
    let mut all = Vec::new();
    let life = seen.wrote.as_ref().map(|wrote| wrote.life);
    let theirs = life.is_none_or(|life| life == Life::Open);
    all.extend(life.is_none().then_some(Said::Taken));
    match seen.stage {
        _ if has(&seen.labels, WONT_DO) => all.push(Said::WontDo(seen.reason.clone())),
        Stage::WontDo => all.push(Said::WontDo(seen.reason.clone())),
        Stage::Done if theirs => all.push(Said::Done),
        Stage::Open if life == Some(Life::Closed) => all.push(Said::Reopened),
        Stage::Open | Stage::Done => {}
    }
    let due = seen.wrote.as_ref().filter(|wrote| situation.has_due && wrote.due != seen.due);
    all.extend(due.map(|_| Said::Due(seen.due)));
    // What was reckoned when it was made is not what people say.
    let sent = seen.wrote.as_ref().map(|wrote| wrote.points);
    let points = seen.points.filter(|points| sent.is_some_and(|sent| sent != Some(*points)));
    all.extend(points.map(Said::Points));
    all.extend(seen.assignee.clone().map(Said::Assigned));
    all.extend(seen.sprint.clone().map(Said::Sprint));
    all
}
