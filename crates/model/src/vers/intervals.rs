//! Sets of versions as intervals between cuts: their union, intersection, and constraints.

use super::{Comparator, Constraint, Point};

/// A place between versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cut {
    /// Before every version.
    Start,
    /// Right before a version.
    Before(Point),
    /// Right after a version.
    After(Point),
    /// After every version.
    End,
}

impl Ord for Cut {
    fn cmp(&self, other: &Cut) -> std::cmp::Ordering {
        let rank = |cut: &Cut| match cut {
            Cut::Start => 0u8,
            Cut::Before(_) | Cut::After(_) => 1,
            Cut::End => 2,
        };
        match (self, other) {
            (Cut::Before(a) | Cut::After(a), Cut::Before(b) | Cut::After(b)) => {
                let after = |cut: &Cut| matches!(cut, Cut::After(_));
                a.cmp(b).then_with(|| after(self).cmp(&after(other)))
            }
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

impl PartialOrd for Cut {
    fn partial_cmp(&self, other: &Cut) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A set of versions: intervals in ascending order that neither touch nor overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intervals(Vec<(Cut, Cut)>);

impl Intervals {
    /// No version.
    pub fn none() -> Intervals {
        Intervals(Vec::new())
    }

    /// All versions.
    pub fn all() -> Intervals {
        Intervals(vec![(Cut::Start, Cut::End)])
    }

    /// All versions between two cuts.
    pub fn between(from: Cut, to: Cut) -> Intervals {
        if from < to { Intervals(vec![(from, to)]) } else { Intervals::none() }
    }

    /// All versions that have this relation to one.
    pub fn of(comparator: Comparator, point: Point) -> Intervals {
        match comparator {
            Comparator::Equal => Intervals(vec![(Cut::Before(point.clone()), Cut::After(point))]),
            Comparator::NotEqual => Intervals(vec![
                (Cut::Start, Cut::Before(point.clone())),
                (Cut::After(point), Cut::End),
            ]),
            Comparator::Less => Intervals(vec![(Cut::Start, Cut::Before(point))]),
            Comparator::LessOrEqual => Intervals(vec![(Cut::Start, Cut::After(point))]),
            Comparator::Greater => Intervals(vec![(Cut::After(point), Cut::End)]),
            Comparator::GreaterOrEqual => Intervals(vec![(Cut::Before(point), Cut::End)]),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The intervals, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (&Cut, &Cut)> {
        self.0.iter().map(|(from, to)| (from, to))
    }

    /// Whether a version is in one of them.
    pub fn contains(&self, point: &Point) -> bool {
        let cut = Cut::Before(point.clone());
        let at = self.0.partition_point(|(from, _)| *from <= cut);
        at.checked_sub(1).and_then(|i| self.0.get(i)).is_some_and(|(_, to)| cut < *to)
    }

    /// The versions in either.
    #[must_use]
    pub fn union(mut self, other: Intervals) -> Intervals {
        self.0.extend(other.0);
        Intervals::merged(self.0)
    }

    fn merged(mut intervals: Vec<(Cut, Cut)>) -> Intervals {
        intervals.sort();
        let mut out: Vec<(Cut, Cut)> = Vec::with_capacity(intervals.len());
        for (from, to) in intervals {
            match out.last_mut() {
                Some(last) if from <= last.1 => last.1 = to.max(last.1.clone()),
                _ => out.push((from, to)),
            }
        }
        Intervals(out)
    }

    /// The versions in both.
    #[must_use]
    pub fn intersection(self, other: &Intervals) -> Intervals {
        let (mut mine, mut theirs) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut out = Vec::new();
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            let from = (&a.0).max(&b.0);
            let to = (&a.1).min(&b.1);
            if from < to {
                out.push((from.clone(), to.clone()));
            }
            if a.1 <= b.1 {
                mine.next()
            } else {
                theirs.next()
            };
        }
        Intervals(out)
    }

    /// The versions that constraints of a VERS cover, by the standard's procedure: bounds pair up
    /// in the order of their versions; of bounds that repeat a direction the widest counts.
    pub(super) fn of_constraints(mut points: Vec<(Comparator, Point)>) -> Intervals {
        points.sort_by(|a, b| a.1.cmp(&b.1).then(a.0.cmp(&b.0)));
        let (mut ranges, mut equal, mut unequal) = (Vec::new(), Vec::new(), Vec::new());
        let mut open = None;
        for (comparator, point) in points {
            let to = match comparator {
                Comparator::Equal => {
                    equal.push((Cut::Before(point.clone()), Cut::After(point)));
                    continue;
                }
                Comparator::NotEqual => {
                    unequal.push(point);
                    continue;
                }
                Comparator::Greater => {
                    open.get_or_insert(Cut::After(point));
                    continue;
                }
                Comparator::GreaterOrEqual => {
                    open.get_or_insert(Cut::Before(point));
                    continue;
                }
                Comparator::Less => Cut::Before(point),
                Comparator::LessOrEqual => Cut::After(point),
            };
            match (open.take(), ranges.last_mut()) {
                (Some(from), _) => ranges.push((from, to)),
                (None, None) => ranges.push((Cut::Start, to)),
                (None, Some((_, last))) => *last = to,
            }
        }
        ranges.extend(open.map(|from| (from, Cut::End)));
        if ranges.is_empty() && equal.is_empty() {
            ranges.push((Cut::Start, Cut::End));
        }
        ranges.extend(equal);
        ranges.retain(|(from, to)| from < to);
        Intervals::merged(ranges).intersection(&Intervals::except(unequal))
    }

    /// All versions but these, which are in order.
    fn except(points: Vec<Point>) -> Intervals {
        let mut from = Cut::Start;
        let mut out = Vec::with_capacity(points.len() + 1);
        for point in points {
            let to = Cut::Before(point.clone());
            if from < to {
                out.push((from, to));
            }
            from = Cut::After(point);
        }
        out.push((from, Cut::End));
        Intervals(out)
    }

    /// The canonical constraints of a VERS; none where all versions are in the set.
    pub(super) fn constraints(&self) -> Vec<Constraint> {
        let mut out = Vec::with_capacity(self.0.len() * 2);
        let mut push = |comparator, point: &Point| {
            out.push(Constraint { comparator, version: point.text().into() });
        };
        let mut excluded = false;
        for (i, (from, to)) in self.0.iter().enumerate() {
            if let (Cut::Before(a), Cut::After(b)) = (from, to)
                && a == b
            {
                push(Comparator::Equal, a);
                continue;
            }
            match from {
                _ if excluded => {}
                Cut::Before(point) => push(Comparator::GreaterOrEqual, point),
                Cut::After(point) => push(Comparator::Greater, point),
                Cut::Start | Cut::End => {}
            }
            excluded = match (to, self.0.get(i + 1)) {
                (Cut::Before(a), Some((Cut::After(b), _))) => a == b,
                _ => false,
            };
            match to {
                Cut::Before(point) if excluded => push(Comparator::NotEqual, point),
                Cut::Before(point) => push(Comparator::Less, point),
                Cut::After(point) => push(Comparator::LessOrEqual, point),
                Cut::Start | Cut::End => {}
            }
        }
        out
    }
}
