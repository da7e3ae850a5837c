//! Measures of what happened: the ledger's events folded into the life of every finding, and pure
//! queries of these lives. What counts towards the load, and since when, is read from the events
//! alone, so that any day can be computed again.

mod delivery;
mod load;
mod members;
mod noise;
mod pace;

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_model::Level;

pub use delivery::{Delivery, Ended, Landed, Shipped, Told, delivery, shipped};
pub use load::{DayLoad, Move, load_by_day, load_days, moves};
pub use members::{Counted, Member, members};
pub use noise::{
    Interruption, Noise, Notice, Telling, Word, a_week, interruptions, noise, notices, requests,
};
pub use pace::{
    Age, Attainment, Flow, Legs, Spread, attainment, backlog, flow, legs, remediation, spread,
};

/// What happened, in the terms of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub enum Happened {
    /// A document was received for the asset.
    Received,
    /// Something began to run, or failed to.
    Deployed,
    /// A finding was seen for the first time; the vulnerability's name.
    Detected(Box<str>),
    /// A finding came back.
    Regressed,
    /// It came back soon after it was fixed, and goes on with its term: since when that runs.
    Resumed(Timestamp),
    /// It was weighed, and came out otherwise.
    Assessed(Assessed),
    /// Only whether it is in production changed.
    Moved(Option<bool>),
    /// It went from the main line.
    Merged,
    /// It is gone.
    Fixed,
    /// No source says so any longer.
    Retracted,
    /// The asset, and all that was found in it, is of another system from now on.
    Belongs,
    /// Anything else.
    Other,
}

/// What a weighing came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assessed {
    /// The level; `None`: this build does not know the word.
    pub level: Option<Level>,
    /// What it adds to the load while it counts.
    pub weight: f64,
    /// Whether it is in production; `None`: it is not known what runs.
    pub production: Option<bool>,
    /// When it must be gone.
    pub deadline: Option<Timestamp>,
    /// The decision in force; while there is one, the finding does not count.
    pub decision: Option<i64>,
}

/// An entry of the ledger, as far as measures need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Happened,
    /// The system that it was about.
    pub system: Option<i64>,
    /// The asset.
    pub asset: Option<i64>,
    /// The finding.
    pub finding: Option<i64>,
}

/// How a finding counts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Share {
    /// Not: it is not in production, is decided otherwise, or gone.
    #[default]
    Nothing,
    /// It counts, and could not be weighed.
    Unknown,
    /// It counts with a weight.
    Weight(Option<Level>, f64),
}

impl Share {
    /// What it adds to the load. Unknown adds nothing and is counted separately.
    pub fn weight(self) -> f64 {
        match self {
            Share::Weight(_, weight) => weight,
            Share::Nothing | Share::Unknown => 0.0,
        }
    }

    /// Whether it counts at all.
    pub fn counts(self) -> bool {
        self != Share::Nothing
    }
}

/// Why a share changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// An advisory appeared or changed.
    Advisory,
    /// A new snapshot brought it, or took it away.
    Snapshot,
    /// A deployment took it out of production, or brought it there.
    Deployment,
    /// It came back.
    Regression,
    /// People decided.
    Decision(i64),
    /// A decision ended.
    DecisionEnded(i64),
    /// It was weighed anew: charter, system, exploit intelligence.
    Weighing,
    /// No source says so any longer.
    Retraction,
}

/// A change of a finding's share.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// From then on.
    pub share: Share,
    /// Why.
    pub cause: Cause,
}

/// How an episode ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Gone.
    Fixed,
    /// No source says so any longer.
    Retracted,
}

/// The time from detected to gone; a finding that comes back begins another episode.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// Detected, or back.
    pub began: Timestamp,
    /// Since when its term runs: as it began, or earlier if it came back soon after it was fixed.
    pub since: Timestamp,
    /// Whether a deadline of this term was missed before it came back.
    pub late: bool,
    /// When it came back so soon that its fix no longer counts.
    pub undone: Option<Timestamp>,
    /// When that fix was which it took back by coming back.
    pub resumed: Option<Timestamp>,
    /// Gone from the main line, while something that runs still had it.
    pub merged: Option<Timestamp>,
    /// The end.
    pub ended: Option<(Timestamp, End)>,
    /// The last level.
    pub level: Option<Level>,
    /// The last deadline.
    pub deadline: Option<Timestamp>,
    /// Each deadline that was in force, with since when.
    pub deadlines: Vec<(Timestamp, Option<Timestamp>)>,
}

impl Episode {
    /// A deadline is in force from then on.
    fn due(&mut self, at: Timestamp, deadline: Option<Timestamp>) {
        self.deadline = deadline;
        // What is said at one moment is said once, and a clock that went back changes no order.
        let at = self.deadlines.last().map_or(at, |(since, _)| at.max(*since));
        if self.deadlines.last().is_some_and(|(since, _)| *since == at) {
            self.deadlines.pop();
        }
        if self.deadlines.last().is_none_or(|(_, before)| *before != deadline) {
            self.deadlines.push((at, deadline));
        }
    }
}

/// The life of a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Life {
    /// Its id.
    pub finding: i64,
    /// The asset.
    pub asset: Option<i64>,
    /// The system, as it was named last.
    pub system: Option<i64>,
    /// The vulnerability's name.
    pub vulnerability: Box<str>,
    /// Every change of its share, in order.
    pub changes: Vec<Change>,
    /// Every episode, in order.
    pub episodes: Vec<Episode>,
    last: Last,
}

/// What was said last of a finding.
#[derive(Debug, Clone, PartialEq, Default)]
struct Last {
    live: bool,
    merged: bool,
    production: Option<bool>,
    weighed: Option<(Option<Level>, f64)>,
    decision: Option<i64>,
}

impl Last {
    /// As the store's lists count: in production or, where it is not known what runs, on the main line.
    fn share(&self) -> Share {
        let counts =
            self.live && self.decision.is_none() && self.production.unwrap_or(!self.merged);
        match (counts, self.weighed) {
            (false, _) => Share::Nothing,
            (true, None) => Share::Unknown,
            (true, Some((level, weight))) => Share::Weight(level, weight),
        }
    }
}

impl Life {
    /// Whether it was there at any moment of a period. What ended before it, or begins after it,
    /// adds nothing to any number of the period.
    pub fn touches(&self, from: Timestamp, to: Timestamp) -> bool {
        let touches = |e: &Episode| e.began <= to && e.ended.is_none_or(|(end, _)| end >= from);
        self.episodes.iter().any(touches)
    }

    /// How it counts at a moment.
    pub fn share_at(&self, at: Timestamp) -> Share {
        let next = self.changes.partition_point(|c| c.at <= at);
        next.checked_sub(1).and_then(|i| self.changes.get(i)).map_or(Share::Nothing, |c| c.share)
    }

    /// The episode that a moment is in.
    pub fn episode_at(&self, at: Timestamp) -> Option<&Episode> {
        let began = self.episodes.iter().rev().find(|e| e.began <= at)?;
        began.ended.is_none_or(|(end, _)| at < end).then_some(began)
    }

    fn change(&mut self, at: Timestamp, cause: Cause) {
        let share = self.last.share();
        if self.changes.last().map_or(Share::Nothing, |c| c.share) != share {
            // A clock that went back does not make the past out of order.
            let at = self.changes.last().map_or(at, |c| c.at.max(at));
            self.changes.push(Change { at, share, cause });
        }
    }
}

/// What caused the settling that is being processed.
#[derive(Debug, Clone, PartialEq, Default)]
struct Trigger {
    asset: Option<i64>,
    cause: Option<Cause>,
    /// The time of the findings' events that follow: another time is another settling.
    at: Option<Timestamp>,
}

impl Trigger {
    fn of(&mut self, event: &Event) -> Option<Cause> {
        if event.asset != self.asset || self.at.is_some_and(|at| at != event.at) {
            *self = Trigger::default();
        }
        self.at = Some(event.at);
        self.asset = event.asset;
        self.cause.clone()
    }
}

/// The lives of all findings. It grows with the ledger: events are added in its order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lives {
    all: Vec<Life>,
    of: HashMap<i64, usize>,
    trigger: Trigger,
}

impl Lives {
    /// Every life, in the order of detection.
    pub fn iter(&self) -> impl Iterator<Item = &Life> + Clone {
        self.all.iter()
    }

    /// Goes on with an event.
    pub fn tell(&mut self, event: &Event) {
        let begins = match event.what {
            Happened::Received => Some(Cause::Snapshot),
            Happened::Deployed => Some(Cause::Deployment),
            _ => None,
        };
        if begins.is_some() {
            self.trigger = Trigger { asset: event.asset, cause: begins, at: None };
            return;
        }
        let Some(finding) = event.finding else {
            self.trigger = Trigger::default();
            if let (Happened::Belongs, Some(_)) = (&event.what, event.asset) {
                let own = self.all.iter_mut().filter(|life| life.asset == event.asset);
                own.for_each(|life| life.system = event.system);
            }
            return;
        };
        let trigger = self.trigger.of(event);
        let name: &str = if let Happened::Detected(name) = &event.what { name } else { "" };
        let index = *self.of.entry(finding).or_insert_with(|| {
            self.all.push(Life {
                finding,
                asset: event.asset,
                system: event.system,
                vulnerability: name.into(),
                changes: Vec::new(),
                episodes: Vec::new(),
                last: Last::default(),
            });
            self.all.len() - 1
        });
        if let Some(life) = self.all.get_mut(index) {
            (life.asset, life.system) = (event.asset.or(life.asset), event.system);
            life.tell(event, trigger.as_ref());
        }
    }
}

impl Life {
    fn tell(&mut self, event: &Event, trigger: Option<&Cause>) {
        let at = event.at;
        let by = |otherwise: Cause| trigger.cloned().unwrap_or(otherwise);
        match &event.what {
            Happened::Detected(_) => {
                self.begin(at);
                // Its weighing is told next, and both are one change.
            }
            Happened::Regressed | Happened::Resumed(_) if self.last.live => {
                self.last.merged = false;
                if let Some(episode) = self.trailing() {
                    episode.merged = None;
                }
                self.change(at, Cause::Regression);
            }
            Happened::Regressed => self.begin(at),
            Happened::Resumed(since) => self.resume(at, *since),
            Happened::Assessed(is) => self.assess(at, is, trigger.cloned()),
            Happened::Moved(production) => {
                self.last.production = *production;
                self.change(at, by(Cause::Snapshot));
            }
            Happened::Merged => {
                self.last.merged = true;
                if let Some(episode) = self.trailing() {
                    episode.merged.get_or_insert(at);
                }
                self.change(at, by(Cause::Snapshot));
            }
            Happened::Fixed => self.end(at, End::Fixed, by(Cause::Snapshot)),
            Happened::Retracted => self.end(at, End::Retracted, Cause::Retraction),
            Happened::Received | Happened::Deployed | Happened::Belongs | Happened::Other => {}
        }
        // What was detected and never weighed counts as unknown.
        match event.what {
            Happened::Regressed | Happened::Resumed(_) => self.change(at, Cause::Regression),
            Happened::Detected(_) => self.change(at, by(Cause::Advisory)),
            _ => {}
        }
    }

    fn begin(&mut self, at: Timestamp) {
        self.last = Last { live: true, ..Last::default() };
        self.episodes.push(Episode {
            began: at,
            since: at,
            late: false,
            undone: None,
            resumed: None,
            merged: None,
            ended: None,
            level: None,
            deadline: None,
            deadlines: Vec::new(),
        });
    }

    /// It came back so soon that its term goes on: the fix before does not count.
    fn resume(&mut self, at: Timestamp, since: Timestamp) {
        let before = self.episodes.last();
        let late = before.is_some_and(|e| e.late || pace::passed(self, e).is_some());
        let mut fixed = None;
        if let Some(before) = self.episodes.last_mut() {
            before.undone = Some(at);
            fixed = before.ended.map(|(at, _)| at);
        }
        self.begin(at);
        if let Some(episode) = self.episodes.last_mut() {
            (episode.since, episode.late, episode.resumed) = (since.min(at), late, fixed);
        }
    }

    /// The episode that runs.
    fn trailing(&mut self) -> Option<&mut Episode> {
        if self.episodes.is_empty() {
            // A ledger that begins in the middle.
            self.begin(self.changes.last().map_or(Timestamp::UNIX_EPOCH, |c| c.at));
        }
        self.episodes.last_mut()
    }

    fn assess(&mut self, at: Timestamp, is: &Assessed, trigger: Option<Cause>) {
        let (was, first) = (self.last.decision, self.last.weighed.is_none());
        self.last.production = is.production;
        self.last.weighed = Some((is.level, is.weight));
        self.last.decision = is.decision;
        if let Some(episode) = self.trailing() {
            episode.level = is.level;
            episode.due(at, is.deadline);
        }
        let fresh = first && self.changes.last().is_some_and(|c| c.at == at);
        if fresh {
            // The weighing that comes with the detection: one change, with the detection's cause.
            let share = self.last.share();
            if let Some(last) = self.changes.pop()
                && self.changes.last().map_or(Share::Nothing, |c| c.share) != share
            {
                self.changes.push(Change { share, ..last });
            }
            return;
        }
        let cause = match (was, is.decision) {
            (None, Some(id)) => Cause::Decision(id),
            (Some(id), None) => Cause::DecisionEnded(id),
            _ => trigger.unwrap_or(Cause::Weighing),
        };
        self.change(at, cause);
    }

    fn end(&mut self, at: Timestamp, end: End, cause: Cause) {
        self.last.live = false;
        if let Some(episode) = self.trailing() {
            episode.ended.get_or_insert((at, end));
        }
        self.change(at, cause);
    }
}
