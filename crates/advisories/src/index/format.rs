//! The index file, byte by byte.
//!
//! ```text
//! page 0        Header: label, endianness mark, format, rules, section table, sums, own sum
//! sections      each begins on a page; what they hold stands at `Section`
//! page sums     xxh3 of every page before it, in order; its own sum is in the header
//! ```
//!
//! All numbers are little-endian and unaligned, so that the file is read in place on any
//! machine. A *run* is a variable-length record: a head, arrays of fixed-size items whose counts
//! the head gives, then a heap of bytes that [`Span`]s of the run point into. Everything about
//! one package is one run, everything about one advisory another: a look-up touches few pages.
//!
//! `FORMAT` changes with any change of the layout. The order keys that the file holds belong to
//! the version schemes of the build that wrote it; [`rules`] is a fingerprint of schemes,
//! families and sample keys, so that an index is never read with another build's order.

use std::sync::OnceLock;

use trimtab_model::Family;
use trimtab_model::version::{Scheme, Version};
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};
use zerocopy::little_endian::{I32, I64, U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The first bytes of every index.
pub(crate) const LABEL: [u8; 16] = *b"trimtab index\r\n\x1A";
/// Reads as this number only on the right side round.
pub(crate) const ENDIAN: u32 = 0x0A0B_0C0D;
/// The version of the layout.
pub(crate) const FORMAT: u32 = 3;
/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;
/// Runs begin at multiples of this.
pub(crate) const RUN_ALIGN: u64 = 8;
/// Stands for *none* where a number of an advisory, a group or a score is optional.
pub(crate) const NONE: u32 = u32::MAX;
/// Stands for *no date* (seconds).
pub(crate) const NO_TIME: i64 = i64::MIN;
/// Stands for *no date* (days).
pub(crate) const NO_DAY: i32 = i32::MIN;

/// Derives what lets a struct be read in place.
macro_rules! in_place {
    ($($(#[$meta:meta])* struct $name:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* })*) => {
        $( $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
        #[repr(C)]
        pub(crate) struct $name { $( $(#[$field_meta])* pub(crate) $field: $type, )* } )*
    };
}

/// The parts of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Section {
    /// Hash table: (family, name) → package run.
    PackageSlots,
    /// Package runs, by family and name.
    Packages,
    /// Hash table: upper-case id → position in `Ids`.
    IdSlots,
    /// `IdItem`s, sorted by upper-case id.
    Ids,
    /// The ids' texts.
    IdTexts,
    /// `GroupItem`s, by number.
    Groups,
    /// Positions in `Ids`, group by group, each group's sorted.
    GroupIds,
    /// `AdvisoryItem`s, by number; sorted by upper-case id.
    Advisories,
    /// Advisory runs.
    Details,
    /// `KevItem`s, sorted by CVE.
    Kev,
    /// `EpssItem`s, in the order of `Ids`.
    Epss,
    /// `LifecycleKey`s, sorted by text.
    LifecycleKeys,
    /// The keys' texts.
    LifecycleTexts,
    /// Product runs.
    Products,
    /// `FamilyItem`s, by family.
    Families,
    /// Texts of the header: version of KEV, day of EPSS.
    Texts,
}

impl Section {
    /// How many sections there are.
    pub(crate) const COUNT: usize = Section::Texts as usize + 1;
}

in_place! {
    /// Bytes of the file.
    struct Extent { offset: U64, len: U64, }

    /// The first page.
    struct Header {
        label: [u8; 16],
        endian: U32,
        format: U32,
        rules: U64,
        file_len: U64,
        page: U32,
        flags: U32,
        data_date: I64,
        advisories: U64,
        withdrawn: U64,
        kev: Span,
        epss: Span,
        sums: Extent,
        sums_sum: U64,
        sections: [Extent; Section::COUNT],
        digest: [u8; 32],
        own_sum: U64,
    }

    /// Bytes of a run's heap, or of a section of texts.
    struct Span { offset: U32, len: U32, }

    /// A slot of a hash table. `value` is one more than what it stands for; 0 is vacant.
    struct Slot { tag: U32, value: U32, }

    /// An id of an advisory, an alias without a record, or a CVE of the KEV catalogue.
    struct IdItem {
        text: Span,
        group: U32,
        advisory: U32,
        kev: U32,
        epss: U32,
        flags: U32,
    }

    /// The ids of a group.
    struct GroupItem { first: U32, count: U32, }

    /// Where an advisory's run is. `content` tells whether it changed, `substance` whether what
    /// matters in it did, and `after` and `by` (seconds) between when that last was.
    struct AdvisoryItem {
        run: U64,
        len: U32,
        group: U32,
        content: U64,
        substance: U64,
        after: I64,
        by: I64,
    }

    /// The head of an advisory's run. Arrays: severities, then texts in the order of the counts.
    struct AdvisoryHead {
        published: I64,
        modified: I64,
        kind: u8,
        successors: u8,
        severities: U16,
        cwes: U16,
        references: U16,
        aliases: U16,
        upstream: U16,
        id: Span,
        summary: Span,
        label: Span,
    }

    /// A score in a named system.
    struct SeverityItem { system: Span, score: Span, }

    /// The head of a package's run. Array: entries. The heap begins with the name.
    struct PackageHead { len: U32, entries: U32, name_len: U16, family: u8, spare: u8, }

    /// What one advisory says about the package: a run of its own, inside the heap.
    struct EntryItem { run: Span, advisory: U32, group: U32, }

    /// The head of an entry's run. Arrays: intervals, listed, fixes, symbols, platforms.
    struct EntryHead {
        flags: U16,
        kind: u8,
        spare: u8,
        release: Span,
        hint: Bound,
        intervals: U32,
        listed: U32,
        fixes: U32,
        symbols: U32,
        platforms: U32,
    }

    /// A version: its order key (empty: it has none) and its text.
    struct Bound { key: Span, text: Span, }

    /// Versions from `low` (unless it is the beginning) to `high` (unless there is no end).
    struct IntervalItem { low: Bound, high: Bound, flags: U16, }

    /// A function, type or whole package that is affected.
    struct SymbolItem { path: Span, name: Span, }

    /// A line of the KEV catalogue.
    struct KevItem { id: U32, added: I32, due: I32, ransomware: U32, }

    /// A score: the bits of two `f64`.
    struct EpssItem { probability: U64, percentile: U64, }

    /// A purl that names a product.
    struct LifecycleKey { text: Span, product: Span, }

    /// The head of a product's run. Array: cycles.
    struct ProductHead { name: Span, title: Span, cycles: U32, }

    /// A release cycle.
    struct CycleItem {
        name: Span,
        latest: Span,
        released: I32,
        latest_released: I32,
        eol: I32,
        support: I32,
        eol_state: u8,
        support_state: u8,
    }

    /// What the index has of a family.
    struct FamilyItem { family: U32, advisories: U32, packages: U32, entries: U32, }
}

/// Flags of a header.
pub(crate) mod header_flag {
    /// There is a KEV catalogue.
    pub(crate) const KEV: u32 = 1;
    /// There are EPSS scores.
    pub(crate) const EPSS: u32 = 2;
    /// There are lifecycles.
    pub(crate) const LIFECYCLE: u32 = 4;
}

/// Flags of an id.
pub(crate) mod id_flag {
    /// The database took the record back.
    pub(crate) const WITHDRAWN: u32 = 1;
}

/// Flags of an entry.
pub(crate) mod entry_flag {
    /// The advisory lists versions.
    pub(crate) const LISTED: u16 = 1;
    /// It has a range that is not of type GIT.
    pub(crate) const RANGES: u16 = 2;
    /// Something in it cannot be compared and might affect any version: *no* is *unknown*.
    pub(crate) const OPEN: u16 = 4;
    /// It has a hint of an upper bound.
    pub(crate) const HINT: u16 = 8;
    /// The hint's bound is itself affected (`<=`).
    pub(crate) const HINT_INCLUSIVE: u16 = 16;
    /// Some listed version has no order key: texts are compared too.
    pub(crate) const LISTED_TEXTS: u16 = 32;
}

/// Flags of an interval.
pub(crate) mod interval_flag {
    /// It has a low bound, which is inside.
    pub(crate) const LOW: u16 = 1;
    /// It has a high bound.
    pub(crate) const HIGH: u16 = 2;
    /// The high bound is inside.
    pub(crate) const THROUGH: u16 = 4;
    /// An end of the range cannot be compared: inside means *unknown*.
    pub(crate) const UNSURE: u16 = 8;
    /// Its bounds are in SemVer's order, not the ecosystem's.
    pub(crate) const SEMVER: u16 = 16;
}

/// The hash of a package's key.
pub(crate) fn package_hash(family: Family, name: &str) -> u64 {
    xxh3_64_with_seed(name.as_bytes(), family as u64)
}

/// The hash of an upper-case id.
pub(crate) fn id_hash(id: &str) -> u64 {
    xxh3_64_with_seed(id.as_bytes(), u64::MAX)
}

/// A fingerprint of everything that gives meaning to numbers and keys in the file: families,
/// name rules, schemes, and the keys of sample versions.
pub(crate) fn rules() -> u64 {
    static RULES: OnceLock<u64> = OnceLock::new();
    const SAMPLES: &[&str] = &[
        "0",
        "1",
        "1.0",
        "1.2.3",
        "1.10.0",
        "1.2.3-alpha.1",
        "1.2.3-rc.2+build.5",
        "v2.0.0",
        "2.0.0+incompatible",
        "0.0.0-20180103161547-0ef6afb2f6cd",
        "1.0a1",
        "1.0.post1.dev2",
        "1!2.0",
        "1.0-SNAPSHOT",
        "1.0.Final",
        "1.0.0.4",
        "1.0.pre",
        "dev-main",
        "1:2.3-4~deb11u1",
        "2.3.4_rc1-r5",
        "4.18.0-477.el8_8",
        "1.2.3a",
        "2.2.",
        "2023.01.05",
    ];
    *RULES.get_or_init(|| {
        let mut hash = Xxh3::new();
        for family in Family::ALL {
            hash.update(family.osv_name().as_bytes());
            hash.update(&[0, family.scheme() as u8, family.name_rule() as u8]);
        }
        for scheme in Scheme::ALL {
            hash.update(scheme.as_str().as_bytes());
            for sample in SAMPLES {
                let version = Version::parse(*scheme, sample);
                hash.update(&[0xFF]);
                hash.update(version.as_ref().map_or(&[0xFF][..], Version::key));
                hash.update(&[u8::from(version.is_ok_and(|v| v.can_bound()))]);
            }
        }
        hash.digest()
    })
}
