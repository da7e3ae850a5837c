//! The load over time: by day, as an integral, and what moved it.

use std::collections::BTreeMap;

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

fn count(is: &mut DayLoad, share: Share, sign: i64) {
    match share {
        Share::Nothing => {}
        Share::Unknown | Share::Weight(None, _) => is.unknown += sign,
        Share::Weight(Some(level), _) => {
            if let Some(number) = is.levels.get_mut(place(level)) {
                *number += sign;
            }
        }
    }
}

/// The load at the end of every day from one to another, both included; at most 10,000 days.
pub fn load_by_day<'l>(lives: impl Iterator<Item = &'l Life>, from: i64, to: i64) -> Vec<DayLoad> {
    let to = to.min(from.saturating_add(9_999));
    let days = usize::try_from(to - from + 1).unwrap_or(0);
    // What enters and leaves on each day; weights are summed apart, so that what left is not felt.
    let mut out: Vec<DayLoad> =
        (from..).take(days).map(|day| DayLoad { day, ..DayLoad::default() }).collect();
    for life in lives {
        for (at, change) in life.changes.iter().enumerate() {
            if change.share == Share::Nothing {
                continue;
            }
            let next = life.changes.get(at + 1).map_or(i64::MAX, |next| day(next.at));
            let first = usize::try_from(day(change.at).max(from) - from).unwrap_or(usize::MAX);
            let last = usize::try_from(next.min(to + 1) - from).unwrap_or(0);
            for held in out.get_mut(first..last).into_iter().flatten() {
                held.load += change.share.weight();
                count(held, change.share, 1);
            }
        }
    }
    out
}

/// The load times the days that it was carried, between two moments.
pub fn load_days<'l>(lives: impl Iterator<Item = &'l Life>, from: Timestamp, to: Timestamp) -> f64 {
    let mut sum = 0.0;
    for life in lives {
        for (at, change) in life.changes.iter().enumerate() {
            let until = life.changes.get(at + 1).map_or(to, |next| next.at.min(to));
            let seconds = until.duration_since(change.at.max(from)).as_secs_f64();
            sum += change.share.weight() * seconds.max(0.0) / DAY as f64;
        }
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
    let mut sums: BTreeMap<Key<'l>, (f64, usize)> = BTreeMap::new();
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
    moves.sort_by(|a, b| b.by.abs().total_cmp(&a.by.abs()).then(a.day.cmp(&b.day)));
    moves.truncate(most);
    moves.sort_by_key(|m| m.day);
    moves
}
