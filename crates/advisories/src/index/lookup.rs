//! Looks packages up and evaluates versions, in place.
//!
//! A package's run is checked as a whole when it is found; from there on reading does not fail.
//! Bytes that make no sense in spite of right sums read as empty, and an evaluation that cannot
//! be read is [`Affected::Unknown`], never *no*.

use std::cmp::Ordering;
use std::fmt;

use trimtab_model::Family;
use trimtab_model::advisory::Kind;
use trimtab_model::version::{Scheme, Version};

use super::format::{
    Bound, EntryHead, EntryItem, IntervalItem, PackageHead, RUN_ALIGN, Section, Span, SymbolItem,
    entry_flag, interval_flag, package_hash,
};
use super::open::{Index, IndexError};
use super::run::{HeapReader, RunReader};

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

/// A package that advisories speak of.
#[derive(Debug, Clone, Copy)]
pub struct Package<'i> {
    family: Family,
    name: &'i str,
    items: &'i [EntryItem],
    heap: HeapReader<'i>,
}

/// What one advisory says about a package (of a release, where it names one).
#[derive(Debug, Clone, Copy)]
pub struct Entry<'i> {
    family: Family,
    item: &'i EntryItem,
    head: &'i EntryHead,
    intervals: &'i [IntervalItem],
    listed: &'i [Bound],
    fixes: &'i [Bound],
    symbols: &'i [SymbolItem],
    platforms: &'i [Span],
    heap: HeapReader<'i>,
}

/// A function, type or whole package that is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol<'i> {
    /// The package inside a Go module.
    pub path: Option<&'i str>,
    /// The function or type; `None` if the whole package is meant.
    pub name: Option<&'i str>,
}

/// What an entry says about a version.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'i> {
    /// Whether the version is affected.
    pub affected: Affected,
    /// It stands in the advisory's list of versions.
    pub by_list: bool,
    /// It is inside of a range whose ends can be compared.
    pub by_range: bool,
    /// List and ranges are both there and say different things of this version (TRAPS 2).
    pub contradiction: bool,
    /// The range that holds it has no end; the database only hints at one (TRAPS 1).
    pub hint: bool,
    /// The version is beyond that hint: affected by the letter, by the hint probably not.
    pub beyond_hint: bool,
    /// What holds the version, for people: `>= 1.2.0, < 1.4.3`.
    pub interval: Interval<'i>,
}

/// What holds a version; its text is for people.
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

impl Index {
    /// What advisories say about a package; `None` if none speaks of it. The name is in the
    /// family's normal form ([`Family::normalise`]).
    ///
    /// # Errors
    /// The index is damaged.
    pub fn package(&self, family: Family, name: &str) -> Result<Option<Package<'_>>, IndexError> {
        self.pages.probe(Section::PackageSlots, package_hash(family, name), |place| {
            let package = self.package_at(u64::from(place) * RUN_ALIGN)?;
            Ok((package.family == family && package.name == name).then_some(package))
        })
    }

    /// The package whose run begins at an offset.
    pub(crate) fn package_at(&self, offset: u64) -> Result<Package<'_>, IndexError> {
        const WRONG: IndexError = IndexError::Corrupt("a package makes no sense");
        let head = self.pages.get(Section::Packages, offset, size_of::<PackageHead>() as u64)?;
        let (head, _) = RunReader::new::<PackageHead>(head).ok_or(WRONG)?;
        let run = self.pages.get(Section::Packages, offset, u64::from(head.len.get()))?;
        let (head, mut reader) = RunReader::new::<PackageHead>(run).ok_or(WRONG)?;
        let items = reader.array::<EntryItem>(head.entries.get()).ok_or(WRONG)?;
        let heap = reader.heap();
        let name = Span { offset: 0.into(), len: u32::from(head.name_len.get()).into() };
        let name = heap.get(name).and_then(|b| std::str::from_utf8(b).ok()).ok_or(WRONG)?;
        let family = Family::from_number(head.family).ok_or(WRONG)?;
        Ok(Package { family, name, items, heap })
    }

    /// Every package, by family and name.
    pub fn packages(&self) -> impl Iterator<Item = Result<Package<'_>, IndexError>> {
        let end = self.pages.len(Section::Packages);
        let mut at = Some(0);
        std::iter::from_fn(move || {
            let offset = at.filter(|at| *at < end)?;
            let found = self.package_at(offset);
            at = found.as_ref().ok().and_then(|package| {
                // A run is never empty, so this always moves on.
                let next = offset.checked_add(package.run_len())?;
                next.checked_next_multiple_of(RUN_ALIGN)
            });
            Some(found)
        })
    }
}

impl<'i> Package<'i> {
    /// The ecosystem, without release.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The name in normal form.
    pub fn name(&self) -> &'i str {
        self.name
    }

    /// What each advisory says, in the order of their ids.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<'i>> + use<'i> {
        let (family, heap) = (self.family, self.heap);
        self.items.iter().map(move |item| Entry::read(family, item, heap))
    }

    /// The same; `None` for an entry whose bytes make no sense.
    pub(crate) fn try_entries(&self) -> impl Iterator<Item = Option<Entry<'i>>> + use<'i> {
        let (family, heap) = (self.family, self.heap);
        self.items.iter().map(move |item| Entry::try_read(family, item, heap))
    }

    fn run_len(&self) -> u64 {
        let fixed = size_of::<PackageHead>() + size_of_val(self.items);
        (fixed + self.heap.len()) as u64
    }
}

/// Read in place of an entry whose bytes make no sense: everything is unknown.
static UNREADABLE: EntryHead = EntryHead {
    flags: zerocopy::little_endian::U16::from_bytes(entry_flag::OPEN.to_le_bytes()),
    kind: Kind::Vulnerability as u8,
    spare: 0,
    release: NOWHERE,
    hint: Bound { key: NOWHERE, text: NOWHERE },
    intervals: ZERO,
    listed: ZERO,
    fixes: ZERO,
    symbols: ZERO,
    platforms: ZERO,
};
const ZERO: zerocopy::little_endian::U32 = zerocopy::little_endian::U32::ZERO;
const NOWHERE: Span = Span { offset: ZERO, len: ZERO };

impl<'i> Entry<'i> {
    fn read(family: Family, item: &'i EntryItem, heap: HeapReader<'i>) -> Entry<'i> {
        Entry::try_read(family, item, heap).unwrap_or(Entry {
            family,
            item,
            head: &UNREADABLE,
            intervals: &[],
            listed: &[],
            fixes: &[],
            symbols: &[],
            platforms: &[],
            heap: HeapReader::new(&[]),
        })
    }

    /// `None` if the entry's bytes make no sense.
    pub(crate) fn try_read(
        family: Family,
        item: &'i EntryItem,
        heap: HeapReader<'i>,
    ) -> Option<Entry<'i>> {
        let (head, mut reader) = RunReader::new::<EntryHead>(heap.get(item.run)?)?;
        Some(Entry {
            family,
            item,
            head,
            intervals: reader.array(head.intervals.get())?,
            listed: reader.array(head.listed.get())?,
            fixes: reader.array(head.fixes.get())?,
            symbols: reader.array(head.symbols.get())?,
            platforms: reader.array(head.platforms.get())?,
            heap: reader.heap(),
        })
    }

    /// The advisory's number: see [`Index::advisory_at`].
    pub fn advisory(&self) -> u32 {
        self.item.advisory.get()
    }

    /// The ecosystem of its package, without release.
    pub fn family(&self) -> Family {
        self.family
    }

    /// The number of the advisory's group: see [`Index::group`].
    pub fn group(&self) -> u32 {
        self.item.group.get()
    }

    /// What kind of thing the advisory reports of this package.
    pub fn kind(&self) -> Kind {
        super::records::kind(self.head.kind)
    }

    /// What follows the family in the ecosystem's name: `11` of `Debian:11`.
    pub fn release(&self) -> Option<&'i str> {
        self.heap.optional(self.head.release)
    }

    /// Whether the advisory lists versions.
    pub fn has_versions(&self) -> bool {
        self.flag(entry_flag::LISTED)
    }

    /// Whether the advisory has ranges of versions (GIT ranges aside).
    pub fn has_ranges(&self) -> bool {
        self.flag(entry_flag::RANGES)
    }

    /// Whether something in it could not be compared, so that *no* is never said.
    pub fn is_open(&self) -> bool {
        self.flag(entry_flag::OPEN)
    }

    /// The database's hint of an upper bound, as published (`<= 1.2.3`).
    pub fn hint(&self) -> Option<&'i str> {
        self.flag(entry_flag::HINT).then(|| self.heap.text(self.head.hint.text))
    }

    /// The fixed versions that it names, in the ecosystem's order; those without a place in it
    /// come last.
    pub fn fixed(&self) -> impl Iterator<Item = &'i str> + use<'i> {
        let heap = self.heap;
        self.fixes.iter().map(move |fix| heap.text(fix.text))
    }

    /// The fixed versions above a version, in order.
    pub fn fixes_above(&self, version: &Version) -> impl Iterator<Item = &'i str> + use<'i> {
        let (heap, scheme) = (self.heap, self.family.scheme());
        let same = version.scheme() == scheme;
        let from = self.fixes.partition_point(|fix| {
            let key = heap.bytes(fix.key);
            !key.is_empty() && scheme.compare_keys(key, version.key()) != Ordering::Greater
        });
        let fixes = self.fixes.get(from..).filter(|_| same).unwrap_or_default();
        fixes
            .iter()
            .take_while(move |fix| !heap.bytes(fix.key).is_empty())
            .map(move |fix| heap.text(fix.text))
    }

    /// Functions, types and packages that are affected; empty if the advisory names none.
    pub fn symbols(&self) -> impl ExactSizeIterator<Item = Symbol<'i>> + use<'i> {
        let heap = self.heap;
        self.symbols.iter().map(move |symbol| Symbol {
            path: heap.optional(symbol.path),
            name: heap.optional(symbol.name),
        })
    }

    /// Platforms that it is limited to: `os:windows`, `arch:x86`; empty if it is not.
    pub fn platforms(&self) -> impl ExactSizeIterator<Item = &'i str> + use<'i> {
        let heap = self.heap;
        self.platforms.iter().map(move |span| heap.text(*span))
    }

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

    fn flag(&self, flag: u16) -> bool {
        self.head.flags.get() & flag != 0
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

    /// Whether every reference stays inside and what is sorted is in order.
    pub(crate) fn is_sound(&self) -> bool {
        let scheme = self.family.scheme();
        let inside = |bound: &Bound| {
            self.heap.get(bound.key).is_some()
                && self.heap.get(bound.text).is_some_and(|b| std::str::from_utf8(b).is_ok())
        };
        let in_order = |bounds: &[Bound]| {
            bounds.is_sorted_by(|a, b| match (self.heap.bytes(a.key), self.heap.bytes(b.key)) {
                (_, []) => true,
                ([], _) => false,
                (a, b) => scheme.compare_keys(a, b) != Ordering::Greater,
            })
        };
        self.intervals.iter().all(|i| inside(&i.low) && inside(&i.high))
            && self.listed.iter().chain(self.fixes).all(inside)
            && in_order(self.listed)
            && in_order(self.fixes)
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
