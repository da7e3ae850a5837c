//! Evaluates a version against an entry, in place: compares keys, parses nothing.
//!
//! Follows "Evaluation" in the OSV schema: affected if listed or inside of a range. What cannot be
//! compared is [`Affected::Unknown`] wherever it could change the answer.

use std::cmp::Ordering;
use std::fmt;

use trimtab_model::version::{Scheme, Version};

use super::format::{Bound, IntervalItem, entry_flag, interval_flag};
use super::lookup::Entry;

/// Whether a version is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Affected {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// The advisory has bounds that cannot be compared with it.
    Unknown,
}

/// What an entry says about a version.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'i> {
    /// Whether the version is affected.
    pub affected: Affected,
    /// It is in the advisory's list of versions.
    pub by_list: bool,
    /// It is inside of a range whose ends can be compared.
    pub by_range: bool,
    /// List and ranges are both there and say different things of this version (TRAPS 2).
    pub contradiction: bool,
    /// The range that contains it has no end; the database only hints at one (TRAPS 1).
    pub hint: bool,
    /// The version is beyond that hint: affected by the letter, by the hint probably not.
    pub beyond_hint: bool,
    /// What contains the version, for people: `>= 1.2.0, < 1.4.3`.
    pub interval: Interval<'i>,
}

/// What contains a version; its text is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interval<'i> {
    /// Nothing does.
    None,
    /// The version is listed.
    Listed,
    /// A range: from, to, and whether its end is inside.
    Range {
        /// `None`: from the beginning.
        from: Option<&'i str>,
        /// `None`: no end.
        to: Option<&'i str>,
        /// Whether `to` is itself affected.
        through: bool,
        /// The hint of an end, as published, where there is no end.
        hint: Option<&'i str>,
    },
}

impl fmt::Display for Interval<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Interval::None => f.write_str("no range"),
            Interval::Listed => f.write_str("listed"),
            Interval::Range { from, to, through, hint } => {
                match (from, to) {
                    (None, None) => f.write_str("all versions")?,
                    (Some(from), Some(to)) if from == to && through => write!(f, "= {from}")?,
                    _ => {}
                }
                if let Some(from) = from
                    && !(to == Some(from) && through)
                {
                    write!(f, ">= {from}")?;
                    if to.is_some() {
                        f.write_str(", ")?;
                    }
                }
                if let Some(to) = to
                    && !(from == Some(to) && through)
                {
                    write!(f, "{} {to}", if through { "<=" } else { "<" })?;
                }
                match hint {
                    Some(hint) => write!(f, " (hint: {hint})"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl<'i> Entry<'i> {
    /// What it says about a version, by the evaluation of the OSV schema: affected if listed or
    /// inside of a range.
    pub fn verdict(&self, version: &Version) -> Verdict<'i> {
        let comparable = version.scheme() == self.family.scheme();
        let by_list = self.lists(comparable.then(|| version.key()), version.text());
        let (range, interval, endless) = match (comparable, self.has_ranges()) {
            (true, true) => self.ranges(version),
            (false, true) => (Affected::Unknown, Interval::None, false),
            (_, false) => (Affected::No, Interval::None, false),
        };
        let by_range = range == Affected::Yes;
        let affected = match (by_list || by_range, range) {
            (true, _) => Affected::Yes,
            (false, Affected::No) if !self.is_open() => Affected::No,
            (false, _) => Affected::Unknown,
        };
        let certain = range != Affected::Unknown && !self.is_open();
        let contradiction =
            self.has_versions() && self.has_ranges() && certain && by_list != by_range;
        let hint = by_range && !by_list && endless && self.flag(entry_flag::HINT);
        let interval = if by_range || !by_list { interval } else { Interval::Listed };
        let beyond_hint = hint && self.is_beyond_hint(version);
        Verdict { affected, by_list, by_range, contradiction, hint, beyond_hint, interval }
    }

    /// The same for a version that the ecosystem's order does not understand: only the list of
    /// versions can say something about it.
    pub fn verdict_of_text(&self, version: &str) -> Verdict<'i> {
        let by_list = self.lists(None, version);
        let only_list = self.has_versions() && !self.has_ranges() && !self.is_open();
        Verdict {
            affected: match (by_list, only_list) {
                (true, _) => Affected::Yes,
                (false, true) => Affected::No,
                (false, false) => Affected::Unknown,
            },
            by_list,
            by_range: false,
            contradiction: false,
            hint: false,
            beyond_hint: false,
            interval: if by_list { Interval::Listed } else { Interval::None },
        }
    }

    /// Whether the version is listed: one of equal rank, or the very text.
    fn lists(&self, key: Option<&[u8]>, text: &str) -> bool {
        let (heap, scheme) = (self.heap, self.family.scheme());
        let by_key = key.is_some_and(|key| {
            self.listed
                .binary_search_by(|bound| match heap.bytes(bound.key) {
                    // Those without a key come last.
                    [] => Ordering::Greater,
                    other => scheme.compare_keys(other, key),
                })
                .is_ok()
        });
        by_key
            || ((key.is_none() || self.flag(entry_flag::LISTED_TEXTS))
                && self.listed.iter().any(|bound| heap.bytes(bound.text) == text.as_bytes()))
    }

    /// What the ranges say, and which holds the version; whether that one has no end.
    fn ranges(&self, version: &Version) -> (Affected, Interval<'i>, bool) {
        let mut best = (Affected::No, Interval::None, false);
        // Parsed only if some range needs it; `Err`: it is not a SemVer version.
        let mut semver: Option<Option<Version>> = None;
        for interval in self.intervals {
            let flags = interval.flags.get();
            let (scheme, key) = if flags & interval_flag::SEMVER == 0 {
                (self.family.scheme(), version.key())
            } else {
                let parsed = semver
                    .get_or_insert_with(|| Version::parse(Scheme::SemVer, version.text()).ok());
                match parsed {
                    Some(version) => (Scheme::SemVer, version.key()),
                    None => {
                        best.0 = Affected::Unknown;
                        continue;
                    }
                }
            };
            if !self.holds(interval, scheme, key) {
                continue;
            }
            let found = (Affected::Yes, self.describe(interval), flags & interval_flag::HIGH == 0);
            if flags & interval_flag::UNSURE == 0 {
                return found;
            }
            best = (Affected::Unknown, found.1, found.2);
        }
        best
    }

    fn holds(&self, interval: &IntervalItem, scheme: Scheme, key: &[u8]) -> bool {
        let flags = interval.flags.get();
        let above = flags & interval_flag::LOW == 0
            || scheme.compare_keys(key, self.heap.bytes(interval.low.key)) != Ordering::Less;
        above
            && (flags & interval_flag::HIGH == 0
                || match scheme.compare_keys(key, self.heap.bytes(interval.high.key)) {
                    Ordering::Less => true,
                    Ordering::Equal => flags & interval_flag::THROUGH != 0,
                    Ordering::Greater => false,
                })
    }

    fn describe(&self, interval: &IntervalItem) -> Interval<'i> {
        let flags = interval.flags.get();
        let text =
            |flag: u16, bound: Bound| (flags & flag != 0).then(|| self.heap.text(bound.text));
        let to = text(interval_flag::HIGH, interval.high);
        Interval::Range {
            from: text(interval_flag::LOW, interval.low),
            to,
            through: flags & interval_flag::THROUGH != 0,
            hint: if to.is_none() { self.hint() } else { None },
        }
    }

    fn is_beyond_hint(&self, version: &Version) -> bool {
        let key = self.heap.bytes(self.head.hint.key);
        match self.family.scheme().compare_keys(version.key(), key) {
            Ordering::Less => false,
            Ordering::Equal => !self.flag(entry_flag::HINT_INCLUSIVE),
            Ordering::Greater => true,
        }
    }
}
