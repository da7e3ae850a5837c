//! Looks packages up and reads what advisories say about them, in place.
//!
//! A package's run is checked as a whole when it is found; from there on reading does not fail.
//! Bytes that make no sense in spite of right sums read as empty, and an entry that cannot be
//! read leaves every version unknown, never unaffected.

use std::cmp::Ordering;

use trimtab_model::Family;
use trimtab_model::advisory::Kind;
use trimtab_model::version::Version;

use super::format::{
    Bound, EntryHead, EntryItem, IntervalItem, PackageHead, RUN_ALIGN, Section, Span, SymbolItem,
    entry_flag, package_hash,
};
use super::open::{Index, IndexError};
use super::run::{HeapReader, RunReader};

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
    pub(super) family: Family,
    pub(super) item: &'i EntryItem,
    pub(super) head: &'i EntryHead,
    pub(super) intervals: &'i [IntervalItem],
    pub(super) listed: &'i [Bound],
    pub(super) fixes: &'i [Bound],
    pub(super) symbols: &'i [SymbolItem],
    pub(super) platforms: &'i [Span],
    pub(super) heap: HeapReader<'i>,
}

/// A function, type or whole package that is affected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol<'i> {
    /// The package inside a Go module.
    pub path: Option<&'i str>,
    /// The function or type; `None` if the whole package is meant.
    pub name: Option<&'i str>,
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

    /// Whether something in it could not be compared, so that the answer is never *no*.
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

    /// Whether a flag of [`entry_flag`] is set.
    pub(super) fn flag(&self, flag: u16) -> bool {
        self.head.flags.get() & flag != 0
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
}
