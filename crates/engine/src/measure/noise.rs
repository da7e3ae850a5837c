//! Noise: how often teams are asked for work, and how often they are sent something.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

/// Seconds of an hour: what a team is asked within one is one interruption.
const HOUR: i64 = 3_600;

/// What is asked for or reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// A request was opened: a batch waits to be merged.
    Request,
    /// The plan of the team has a change more, less, or otherwise.
    Plan,
    /// A finding is there that was not.
    Finding,
}

/// One thing that is asked for or reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// When.
    pub at: Timestamp,
    /// What.
    pub word: Word,
    /// The team that is asked or notified. `None`: nobody owns it.
    pub team: Option<i64>,
    /// The system that it is about.
    pub system: Option<i64>,
    /// The asset.
    pub asset: Option<i64>,
    /// Whether the charter says *now*, so that it did not wait for a window.
    pub now: bool,
    /// What it is about: the name of a batch, a package.
    pub about: Box<str>,
    /// The update, of a request.
    pub update: Option<i64>,
}

/// How often teams were asked and notified in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noise {
    /// Hours in which a team was asked for work outside *now*: requests opened, or its plan changed.
    pub interruptions: usize,
    /// Hours in which a team was asked for work *now*, and for nothing else.
    pub now: usize,
    /// Requests opened.
    pub requests: usize,
    /// Notices: of a changed plan of a team at a moment, and of new findings of an asset at a moment.
    pub notices: usize,
}

/// A team that was asked within an hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Interruption<'t> {
    /// The team.
    pub team: i64,
    /// When the first of it came.
    pub at: Timestamp,
    /// Whether all of it is *now*.
    pub now: bool,
    /// What was asked.
    pub asked: Vec<&'t Telling>,
}

/// A notice: what was reported at one moment, to a team about its plan or about the findings of an
/// asset.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice<'t> {
    /// When.
    pub at: Timestamp,
    /// What.
    pub word: Word,
    /// What it says.
    pub told: Vec<&'t Telling>,
}

fn within(is: &Telling, from: Timestamp, to: Timestamp) -> bool {
    is.at >= from && is.at < to
}

/// When teams were asked for work, in order.
pub fn interruptions<'t>(
    tellings: impl Iterator<Item = &'t Telling>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Interruption<'t>> {
    let mut all: BTreeMap<(i64, i64), Interruption<'t>> = BTreeMap::new();
    for is in tellings.filter(|is| is.word != Word::Finding && within(is, from, to)) {
        let Some(team) = is.team else { continue };
        let hour = is.at.as_second().div_euclid(HOUR);
        let one = all.entry((hour, team)).or_insert_with(|| Interruption {
            team,
            at: is.at,
            now: true,
            asked: Vec::new(),
        });
        one.at = one.at.min(is.at);
        one.now &= is.now;
        one.asked.push(is);
    }
    all.into_values().collect()
}

/// What was reported, in order.
pub fn notices<'t>(
    tellings: impl Iterator<Item = &'t Telling>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<Notice<'t>> {
    let mut all: BTreeMap<(Timestamp, Word, Option<i64>), Notice<'t>> = BTreeMap::new();
    for is in tellings.filter(|is| within(is, from, to)) {
        let of = match is.word {
            Word::Request => continue,
            Word::Plan => is.team,
            Word::Finding => is.asset,
        };
        let new = || Notice { at: is.at, word: is.word, told: Vec::new() };
        all.entry((is.at, is.word, of)).or_insert_with(new).told.push(is);
    }
    all.into_values().collect()
}

/// Requests that were opened, in order.
pub fn requests<'t>(
    tellings: impl Iterator<Item = &'t Telling>,
    from: Timestamp,
    to: Timestamp,
) -> Vec<&'t Telling> {
    let mut all: Vec<&Telling> =
        tellings.filter(|is| is.word == Word::Request && within(is, from, to)).collect();
    // One that was pushed again under the same number is the same request.
    let mut seen = BTreeSet::new();
    all.retain(|is| is.update.is_none_or(|update| seen.insert(update)));
    all.sort_by_key(|is| is.at);
    all
}

/// How often teams were asked and notified from one moment to before another.
pub fn noise<'t>(
    tellings: impl Iterator<Item = &'t Telling> + Clone,
    from: Timestamp,
    to: Timestamp,
) -> Noise {
    let asked = interruptions(tellings.clone(), from, to);
    let now = asked.iter().filter(|is| is.now).count();
    Noise {
        interruptions: asked.len() - now,
        now,
        requests: requests(tellings.clone(), from, to).len(),
        notices: notices(tellings, from, to).len(),
    }
}

/// Interruptions of a team in a week. `None`: there is no team, or no time.
pub fn a_week(is: Noise, teams: usize, from: Timestamp, to: Timestamp) -> Option<f64> {
    let weeks = to.duration_since(from).as_secs_f64() / (7.0 * 86_400.0);
    (teams > 0 && weeks > 0.0).then(|| is.interruptions as f64 / teams as f64 / weeks)
}
