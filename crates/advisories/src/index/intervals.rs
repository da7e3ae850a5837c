//! From the events of an OSV range to intervals, once, when the index is built.
//!
//! Follows "Evaluation" in the OSV schema: events are put into the order of their versions, then
//! walked; `introduced` switches on, `fixed` switches off, `last_affected` switches off right
//! after its version, `limit` ends what the range speaks of. The schema leaves open what happens
//! when `introduced` and `fixed` name the same version. Published records have two shapes, and
//! both are read as they are meant: a lone pair at one version is an empty range, and a pair at
//! a version where the range is already on joins two adjacent stretches.
//!
//! A bound that cannot be parsed is not guessed: a start that cannot be placed makes every *no*
//! unknown, an end that cannot be placed makes every *yes* of its range unknown.

use std::cmp::Ordering;

use trimtab_model::version::{Scheme, Version};

use crate::osv::Event;

/// What an event does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Introduced,
    Fixed,
    LastAffected,
}

/// A version that an event names. `key` is `None` only for `introduced: "0"`, the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    /// The order key.
    pub(crate) key: Option<Box<[u8]>>,
    /// The text, as published.
    pub(crate) text: Box<str>,
}

impl Point {
    fn compare(&self, other: &Point, scheme: Scheme) -> Ordering {
        match (&self.key, &other.key) {
            (Some(a), Some(b)) => scheme.compare_keys(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }
}

/// A stretch of affected versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interval {
    /// Where it begins, inclusive; no key: at the beginning.
    pub(crate) low: Point,
    /// Where it ends; `true`: that version is inside.
    pub(crate) high: Option<(Point, bool)>,
}

/// The result of a range.
#[derive(Debug, Default)]
pub(crate) struct Settled {
    /// The affected stretches, in order.
    pub(crate) intervals: Vec<Interval>,
    /// An end could not be placed: inside an interval is *unknown*.
    pub(crate) unsure: bool,
    /// A start could not be placed: outside of the intervals is *unknown*.
    pub(crate) open: bool,
    /// Fixed versions; no key if it cannot be compared.
    pub(crate) fixes: Vec<Point>,
}

/// The most events of one range that are evaluated; a range with more is unknown as a whole.
const MAX_EVENTS: usize = 20_000;

/// Puts a range's events into order and walks them.
pub(crate) fn settle<'e>(scheme: Scheme, events: impl Iterator<Item = &'e Event<'e>>) -> Settled {
    let mut settled = Settled::default();
    let mut changes: Vec<(Point, Change)> = Vec::new();
    let mut limits: Vec<Point> = Vec::new();
    let (mut limited, mut unlimited) = (false, false);
    for event in events {
        if changes.len() + limits.len() > MAX_EVENTS {
            return Settled { open: true, ..Settled::default() };
        }
        match event.introduced.get() {
            Some("0") => changes.push((Point { key: None, text: "0".into() }, Change::Introduced)),
            Some(text) => match point(scheme, text) {
                Some(point) => changes.push((point, Change::Introduced)),
                None => settled.open = true,
            },
            None => {}
        }
        if let Some(text) = event.fixed.get() {
            let found = point(scheme, text);
            settled.fixes.push(found.clone().unwrap_or_else(|| textual(text)));
            match found {
                Some(point) => changes.push((point, Change::Fixed)),
                None => settled.unsure = true,
            }
        }
        if let Some(text) = event.last_affected.get() {
            match point(scheme, text) {
                Some(point) => changes.push((point, Change::LastAffected)),
                None => settled.unsure = true,
            }
        }
        match event.limit.get() {
            Some("*") => unlimited = true,
            Some(text) => {
                limited = true;
                match point(scheme, text) {
                    Some(point) => limits.push(point),
                    None => settled.unsure = true,
                }
            }
            None => {}
        }
    }
    changes.sort_by(|a, b| a.0.compare(&b.0, scheme));
    settled.intervals = walk(scheme, changes);
    if limited && !unlimited {
        let limit = limits.into_iter().max_by(|a, b| a.compare(b, scheme));
        cut(scheme, &mut settled.intervals, limit);
    }
    settled
}

/// Walks sorted changes. All changes at one version are taken together.
fn walk(scheme: Scheme, changes: Vec<(Point, Change)>) -> Vec<Interval> {
    let mut intervals = Vec::new();
    // The stretch that is on, by where it began.
    let mut on: Option<Point> = None;
    let mut changes = changes.into_iter().peekable();
    while let Some((point, first)) = changes.next() {
        let mut seen = [false; 3];
        seen[first as usize] = true;
        while let Some((_, change)) =
            changes.next_if(|(next, _)| next.compare(&point, scheme) == Ordering::Equal)
        {
            seen[change as usize] = true;
        }
        let [introduced, fixed, last] = seen;
        match (on.take(), introduced, fixed, last) {
            // Two stretches meet here.
            (Some(low), true, _, _) => on = Some(low),
            (Some(low), false, true, _) => {
                intervals.push(Interval { low, high: Some((point, false)) });
            }
            (Some(low), false, false, true) => {
                intervals.push(Interval { low, high: Some((point, true)) });
            }
            (None, true, false, true) => {
                intervals.push(Interval { low: point.clone(), high: Some((point, true)) });
            }
            (None, true, false, false) => on = Some(point),
            (before, _, _, _) => on = before,
        }
    }
    if let Some(low) = on {
        intervals.push(Interval { low, high: None });
    }
    intervals
}

/// Cuts everything from the limit on.
fn cut(scheme: Scheme, intervals: &mut Vec<Interval>, limit: Option<Point>) {
    // No limit that can be compared: the range is unsure already.
    let Some(limit) = limit else { return };
    intervals.retain(|i| i.low.compare(&limit, scheme) == Ordering::Less);
    for interval in intervals {
        let beyond = match &interval.high {
            None => true,
            Some((high, inclusive)) => match high.compare(&limit, scheme) {
                Ordering::Greater => true,
                Ordering::Equal => *inclusive,
                Ordering::Less => false,
            },
        };
        if beyond {
            interval.high = Some((limit.clone(), false));
        }
    }
}

fn point(scheme: Scheme, text: &str) -> Option<Point> {
    let version = Version::parse(scheme, text).ok().filter(Version::can_bound)?;
    Some(Point { key: Some(version.key().into()), text: text.into() })
}

/// A version that cannot be compared, for display.
fn textual(text: &str) -> Point {
    Point { key: None, text: text.chars().take(200).collect::<String>().into() }
}
