//! The load over time: by day, as an integral, and what moved it.

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_model::Level;

use super::{Cause, Life, Share};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The load at the end of a day, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct DayLoad {
    /// Days since 1970-01-01.
    pub day: i64,
    /// The load.
    pub load: f64,
    /// Findings that count, by level: low, medium, high, critical.
    pub levels: [i64; 4],
    /// Findings that count and were not weighed, or at a level that is not known.
    pub unknown: i64,
}

/// A step of the load.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// Days since 1970-01-01.
    pub day: i64,
    /// By how much.
    pub by: f64,
    /// Why.
    pub cause: Cause,
    /// The vulnerability, if an advisory did it.
    pub vulnerability: Option<Box<str>>,
    /// The system, if one alone was moved.
    pub system: Option<i64>,
    /// How many findings.
    pub findings: usize,
}

/// The day of a moment.
fn day(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY)
}

fn place(level: Level) -> usize {
    match level {
        Level::Low => 0,
        Level::Medium => 1,
        Level::High => 2,
        Level::Critical => 3,
    }
}

/// Millionths: sums of weights in whole numbers, so that what left is not felt.
const UNITS: f64 = 1e6;

/// What a day has more than the day before: millionths of load, findings by level, and those not weighed.
type Step = [i64; 6];

/// What a finding with a share adds.
#[expect(clippy::cast_possible_truncation, reason = "a weight is below a thousand")]
fn step(share: Share) -> Step {
    let mut step = Step::default();
    let at = match share {
        Share::Nothing => return step,
        Share::Unknown | Share::Weight(None, _) => 5,
        Share::Weight(Some(level), _) => 1 + place(level),
    };
    step[0] = (share.weight() * UNITS).round() as i64;
    step[at] = 1;
    step
}

/// The load at the end of every day from one to another, both included; at most 10,000 days.
/// Takes time for the changes and the days, not for one times the other.
pub fn load_by_day<'l>(lives: impl Iterator<Item = &'l Life>, from: i64, to: i64) -> Vec<DayLoad> {
    let to = to.min(from.saturating_add(9_999));
    let days = usize::try_from(to - from + 1).unwrap_or(0);
    let mut steps = vec![Step::default(); days + 1];
    let mut add = |day: i64, step: Step, sign: i64| {
        let at = usize::try_from(day.clamp(from, from + days as i64) - from).unwrap_or(0);
        if let Some(held) = steps.get_mut(at) {
            held.iter_mut().zip(step).for_each(|(held, by)| *held += by * sign);
        }
    };
    for change in lives.flat_map(changes) {
        let (share, began, ended) = change;
        if share != Share::Nothing && ended > from && began <= to {
            add(began, step(share), 1);
            add(ended, step(share), -1);
        }
    }
    let mut is = Step::default();
    let day = |(day, by): (i64, Step)| {
        is.iter_mut().zip(by).for_each(|(is, by)| *is += by);
        let [units, low, medium, high, critical, unknown] = is;
        DayLoad { day, load: units as f64 / UNITS, levels: [low, medium, high, critical], unknown }
    };
    (from..).zip(steps).take(days).map(day).collect()
}

/// The shares of a life, each with the day on which it began and the one on which it was another.
fn changes(life: &Life) -> impl Iterator<Item = (Share, i64, i64)> {
    life.changes.iter().enumerate().map(|(at, change)| {
        let ended = life.changes.get(at + 1).map_or(i64::MAX, |next| day(next.at));
        (change.share, day(change.at), ended)
    })
}

/// The load times the days that it was carried, between two moments.
pub fn load_days<'l>(lives: impl Iterator<Item = &'l Life>, from: Timestamp, to: Timestamp) -> f64 {
    lives.map(|life| carried(life, from, to)).sum()
}

/// The load-days of one finding between two moments.
pub(super) fn carried(life: &Life, from: Timestamp, to: Timestamp) -> f64 {
    let mut sum = 0.0;
    for (at, change) in life.changes.iter().enumerate() {
        let until = life.changes.get(at + 1).map_or(to, |next| next.at.min(to));
        let seconds = until.duration_since(change.at.max(from)).as_secs_f64();
        sum += change.share.weight() * seconds.max(0.0) / DAY as f64;
    }
    sum
}

/// The largest steps between two days, both included, in order: what one cause did on one day.
pub fn moves<'l>(
    lives: impl Iterator<Item = &'l Life>,
    from: i64,
    to: i64,
    most: usize,
) -> Vec<Move> {
    type Key<'k> = (i64, Cause, Option<&'k str>, Option<i64>);
    let mut sums: HashMap<Key<'l>, (f64, usize)> = HashMap::new();
    for life in lives {
        let mut before = 0.0;
        for change in &life.changes {
            let weight = change.share.weight();
            let by = weight - before;
            before = weight;
            let day = day(change.at);
            if by == 0.0 || day < from || day > to {
                continue;
            }
            // An advisory, a decision or a charter reaches many systems; other causes are a system's own.
            let key = match &change.cause {
                Cause::Advisory | Cause::Retraction => {
                    (day, change.cause.clone(), Some(&*life.vulnerability), None)
                }
                Cause::Decision(_) | Cause::DecisionEnded(_) | Cause::Weighing => {
                    (day, change.cause.clone(), None, None)
                }
                Cause::Snapshot | Cause::Deployment | Cause::Regression => {
                    (day, change.cause.clone(), None, life.system)
                }
            };
            let sum = sums.entry(key).or_default();
            *sum = (sum.0 + by, sum.1 + 1);
        }
    }
    let mut moves: Vec<Move> = sums
        .into_iter()
        .map(|((day, cause, vulnerability, system), (by, findings))| Move {
            day,
            by,
            cause,
            vulnerability: vulnerability.map(Into::into),
            system,
            findings,
        })
        .collect();
    // Of equal steps the earlier ones, and of one day in the order of their causes: always the same.
    let name = |m: &Move| (m.day, m.cause.clone(), m.vulnerability.clone(), m.system);
    moves.sort_by(|a, b| b.by.abs().total_cmp(&a.by.abs()).then_with(|| name(a).cmp(&name(b))));
    moves.truncate(most);
    moves.sort_by_key(|m| m.day);
    moves
}
