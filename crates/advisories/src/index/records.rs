//! Reads what is known by id: advisories, groups of aliases, KEV, EPSS, and lifecycles by purl.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use trimtab_model::Purl;
use trimtab_model::advisory::{Changed, Epss, Kev, Kind};
use zerocopy::FromBytes;

use super::format::{
    AdvisoryHead, AdvisoryItem, CycleItem, EpssItem, GroupItem, IdItem, KevItem, LifecycleKey,
    NO_DAY, NONE, ProductHead, Section, SeverityItem, Span, id_flag, id_hash,
};
use super::open::{Index, IndexError, time};
use super::run::{HeapReader, RunReader};
use crate::feed::lifecycle::{Cycle, End, Product};

/// An advisory in the index.
#[derive(Debug, Clone, Copy)]
pub struct AdvisoryRef<'i> {
    number: u32,
    item: &'i AdvisoryItem,
    head: &'i AdvisoryHead,
    severities: &'i [SeverityItem],
    texts: &'i [Span],
    heap: HeapReader<'i>,
}

/// An id of a group, or one that is only known by itself (withdrawn, or in KEV alone).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id<'i> {
    /// The id, as published.
    pub text: &'i str,
    /// The number of its advisory, where it has one.
    pub advisory: Option<u32>,
    /// The number of its group.
    pub group: Option<u32>,
    /// Its database took it back.
    pub withdrawn: bool,
}

/// A group of ids that are asserted to be the same flaw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'i> {
    /// Its number.
    pub number: u32,
    /// Its ids, sorted regardless of case.
    pub ids: Vec<Id<'i>>,
}

impl Group<'_> {
    /// The numbers of its advisories.
    pub fn advisories(&self) -> impl Iterator<Item = u32> {
        self.ids.iter().filter_map(|id| id.advisory)
    }
}

const WRONG: IndexError = IndexError::Corrupt("a record makes no sense");

impl Index {
    /// How many advisories there are: their numbers are below.
    pub fn advisory_count(&self) -> u32 {
        u32::try_from(self.pages.count::<AdvisoryItem>(Section::Advisories)).unwrap_or(u32::MAX)
    }

    /// How many groups there are: their numbers are below.
    pub fn group_count(&self) -> u32 {
        u32::try_from(self.pages.count::<GroupItem>(Section::Groups)).unwrap_or(u32::MAX)
    }

    /// The advisory with a number.
    ///
    /// # Errors
    /// The index is damaged, or the number is not one of its own.
    pub fn advisory_at(&self, number: u32) -> Result<AdvisoryRef<'_>, IndexError> {
        let item: &AdvisoryItem = self.pages.item(Section::Advisories, u64::from(number))?;
        let run = self.pages.get(Section::Details, item.run.get(), u64::from(item.len.get()))?;
        let (head, mut reader) = RunReader::new::<AdvisoryHead>(run).ok_or(WRONG)?;
        let severities = reader.array(u32::from(head.severities.get())).ok_or(WRONG)?;
        let texts = [head.cwes, head.references, head.aliases, head.upstream];
        let texts: u32 = texts.iter().map(|count| u32::from(count.get())).sum();
        let texts = texts + u32::from(head.successors);
        let texts = reader.array(texts).ok_or(WRONG)?;
        Ok(AdvisoryRef { number, item, head, severities, texts, heap: reader.heap() })
    }

    /// The advisory with an id, whatever its case; or, where that id has no record of its own, the
    /// first advisory of its group.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn advisory(&self, id: &str) -> Result<Option<AdvisoryRef<'_>>, IndexError> {
        let Some(found) = self.id(id)? else { return Ok(None) };
        let number = match (found.advisory, found.group) {
            (Some(number), _) => Some(number),
            (None, Some(group)) => self.group(group)?.advisories().next(),
            (None, None) => None,
        };
        number.map(|number| self.advisory_at(number)).transpose()
    }

    /// What is known of an id, whatever its case.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn id(&self, id: &str) -> Result<Option<Id<'_>>, IndexError> {
        self.find(id)?.map(|(_, item)| self.read_id(item)).transpose()
    }

    /// The group with a number.
    ///
    /// # Errors
    /// The index is damaged, or the number is not one of its own.
    pub fn group(&self, number: u32) -> Result<Group<'_>, IndexError> {
        let item: &GroupItem = self.pages.item(Section::Groups, u64::from(number))?;
        let (first, count) = (u64::from(item.first.get()), u64::from(item.count.get()));
        let positions = self.pages.get(Section::GroupIds, first * 4, count * 4)?;
        let positions = <[zerocopy::little_endian::U32]>::ref_from_bytes(positions);
        let ids = positions
            .map_err(|_| WRONG)?
            .iter()
            .map(|at| self.read_id(self.pages.item(Section::Ids, u64::from(at.get()))?))
            .collect::<Result<_, _>>()?;
        Ok(Group { number, ids })
    }

    /// The entry of the KEV catalogue for a CVE. `None`: not listed, if [`Index::has_kev`].
    ///
    /// # Errors
    /// The index is damaged.
    pub fn kev(&self, cve: &str) -> Result<Option<Kev>, IndexError> {
        let Some((_, id)) = self.find(cve)? else { return Ok(None) };
        if id.kev == NONE {
            return Ok(None);
        }
        let item: &KevItem = self.pages.item(Section::Kev, u64::from(id.kev.get()))?;
        Ok(Some(Kev {
            cve: self.id_text(id)?.into(),
            added: day(item.added.get()),
            due: day(item.due.get()),
            ransomware: match item.ransomware.get() {
                1 => Some(false),
                2 => Some(true),
                _ => None,
            },
        }))
    }

    /// The EPSS score of a CVE that some advisory or the KEV catalogue names. `None`: FIRST gives
    /// none, if [`Index::has_epss`].
    ///
    /// # Errors
    /// The index is damaged.
    pub fn epss(&self, cve: &str) -> Result<Option<Epss>, IndexError> {
        let Some((_, id)) = self.find(cve)? else { return Ok(None) };
        if id.epss == NONE {
            return Ok(None);
        }
        let item: &EpssItem = self.pages.item(Section::Epss, u64::from(id.epss.get()))?;
        Ok(Some(Epss {
            probability: f64::from_bits(item.probability.get()),
            percentile: f64::from_bits(item.percentile.get()),
        }))
    }

    /// The products that a package is, by its purl without version and qualifiers.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn lifecycle(&self, purl: &Purl) -> Result<Vec<Product>, IndexError> {
        let key = match purl.namespace() {
            Some(namespace) => format!("{}/{namespace}/{}", purl.purl_type(), purl.name()),
            None => format!("{}/{}", purl.purl_type(), purl.name()),
        };
        let mut low = 0;
        let mut high = self.pages.count::<LifecycleKey>(Section::LifecycleKeys);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.lifecycle_key(middle)?.0 < key.as_str() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut products = Vec::new();
        while low < self.pages.count::<LifecycleKey>(Section::LifecycleKeys) {
            let (text, product) = self.lifecycle_key(low)?;
            if text != key {
                break;
            }
            products.push(self.product(product)?);
            low += 1;
        }
        Ok(products)
    }

    fn lifecycle_key(&self, at: u64) -> Result<(&str, Span), IndexError> {
        let item: &LifecycleKey = self.pages.item(Section::LifecycleKeys, at)?;
        let (offset, len) = (item.text.offset.get(), item.text.len.get());
        let text = self.pages.get(Section::LifecycleTexts, u64::from(offset), u64::from(len))?;
        Ok((std::str::from_utf8(text).map_err(|_| WRONG)?, item.product))
    }

    fn product(&self, span: Span) -> Result<Product, IndexError> {
        let (offset, len) = (u64::from(span.offset.get()), u64::from(span.len.get()));
        let run = self.pages.get(Section::Products, offset, len)?;
        let (head, mut reader) = RunReader::new::<ProductHead>(run).ok_or(WRONG)?;
        let cycles = reader.array::<CycleItem>(head.cycles.get()).ok_or(WRONG)?;
        let heap = reader.heap();
        let cycle = |item: &CycleItem| Cycle {
            name: heap.text(item.name).into(),
            released: day(item.released.get()),
            eol: end(item.eol_state, item.eol.get()),
            support: end(item.support_state, item.support.get()),
            latest: heap.optional(item.latest).map(Into::into),
            latest_released: day(item.latest_released.get()),
        };
        Ok(Product {
            name: heap.text(head.name).into(),
            title: heap.text(head.title).into(),
            purls: Vec::new(),
            cycles: cycles.iter().map(cycle).collect(),
        })
    }

    fn find(&self, id: &str) -> Result<Option<(u32, &IdItem)>, IndexError> {
        let key = id.trim().to_ascii_uppercase();
        self.pages.probe(Section::IdSlots, id_hash(&key), |at| {
            let item: &IdItem = self.pages.item(Section::Ids, u64::from(at))?;
            Ok(self.id_text(item)?.eq_ignore_ascii_case(&key).then_some((at, item)))
        })
    }

    pub(crate) fn read_id<'i>(&'i self, item: &'i IdItem) -> Result<Id<'i>, IndexError> {
        let some = |number: u32| (number != NONE).then_some(number);
        Ok(Id {
            text: self.id_text(item)?,
            advisory: some(item.advisory.get()),
            group: some(item.group.get()),
            withdrawn: item.flags.get() & id_flag::WITHDRAWN != 0,
        })
    }

    fn id_text(&self, item: &IdItem) -> Result<&str, IndexError> {
        let (offset, len) = (item.text.offset.get(), item.text.len.get());
        let text = self.pages.get(Section::IdTexts, u64::from(offset), u64::from(len))?;
        std::str::from_utf8(text).map_err(|_| WRONG)
    }
}

impl<'i> AdvisoryRef<'i> {
    /// Its number in this index.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The number of its group: see [`Index::group`].
    pub fn group(&self) -> u32 {
        self.item.group.get()
    }

    /// A fingerprint of everything that the index says of it.
    pub fn content(&self) -> u64 {
        self.item.content.get()
    }

    /// Between when what matters in it (packages, ranges, scores, symbols, aliases) last changed.
    pub fn changed(&self) -> Changed {
        Changed { after: time(self.item.after.get()), by: time(self.item.by.get()) }
    }

    /// Its id, as published.
    pub fn id(&self) -> &'i str {
        self.heap.text(self.head.id)
    }

    /// The database that published it, by the prefix of its id (`GHSA`, `RUSTSEC`, `x_GLAD`).
    pub fn database(&self) -> &'i str {
        self.id().split('-').next().unwrap_or_default()
    }

    /// What kind of thing it reports: the gravest of what it says about each package.
    pub fn kind(&self) -> Kind {
        kind(self.head.kind)
    }

    /// When it was published.
    pub fn published(&self) -> Option<Timestamp> {
        time(self.head.published.get())
    }

    /// When it was last changed.
    pub fn modified(&self) -> Option<Timestamp> {
        time(self.head.modified.get())
    }

    /// Its summary; the first line of its details where it has none.
    pub fn summary(&self) -> Option<&'i str> {
        self.heap.optional(self.head.summary)
    }

    /// The database's own rating word.
    pub fn label(&self) -> Option<&'i str> {
        self.heap.optional(self.head.label)
    }

    /// Its scores, as published: system (`CVSS_V3`) and vector or word. Sorted.
    pub fn severities(&self) -> impl ExactSizeIterator<Item = (&'i str, &'i str)> + use<'i> {
        let heap = self.heap;
        self.severities.iter().map(move |item| (heap.text(item.system), heap.text(item.score)))
    }

    /// Its weaknesses (`CWE-79`), sorted.
    pub fn cwes(&self) -> impl ExactSizeIterator<Item = &'i str> + use<'i> {
        self.texts(0)
    }

    /// Its links, the most useful first, at most five.
    pub fn references(&self) -> impl ExactSizeIterator<Item = &'i str> + use<'i> {
        self.texts(1)
    }

    /// The aliases that it asserts itself, sorted. The group may have more.
    pub fn aliases(&self) -> impl ExactSizeIterator<Item = &'i str> + use<'i> {
        self.texts(2)
    }

    /// What it is derived from; not aliases.
    pub fn upstream(&self) -> impl ExactSizeIterator<Item = &'i str> + use<'i> {
        self.texts(3)
    }

    /// Packages of the same ecosystem that it names as replacements of an unmaintained one, as it
    /// names them.
    pub fn successors(&self) -> impl ExactSizeIterator<Item = &'i str> + use<'i> {
        self.texts(4)
    }

    /// The texts of the list with a number.
    fn texts(&self, list: usize) -> impl ExactSizeIterator<Item = &'i str> + use<'i> {
        let head = self.head;
        let successors = u16::from(head.successors).into();
        let counts = [head.cwes, head.references, head.aliases, head.upstream, successors];
        let len = |count: &zerocopy::little_endian::U16| usize::from(count.get());
        let start: usize = counts.iter().take(list).map(len).sum();
        let end = start + counts.get(list).map_or(0, len);
        let heap = self.heap;
        self.texts.get(start..end).unwrap_or_default().iter().map(move |span| heap.text(*span))
    }
}

/// A kind from its number; one of a later build is the ordinary kind.
pub(crate) fn kind(number: u8) -> Kind {
    Kind::ALL.get(usize::from(number)).copied().unwrap_or(Kind::Vulnerability)
}

fn day(days: i32) -> Option<Date> {
    if days == NO_DAY {
        return None;
    }
    let span = jiff::Span::new().try_days(days).ok()?;
    date(1970, 1, 1).checked_add(span).ok()
}

fn end(state: u8, days: i32) -> End {
    match state {
        1 => End::No,
        2 => End::Yes,
        3 => day(days).map_or(End::Unknown, End::On),
        _ => End::Unknown,
    }
}
