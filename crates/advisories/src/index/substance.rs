//! What an advisory says in substance, apart from its wording; and between which times that last
//! changed.
//!
//! Databases touch their records often: a sentence, a link, a weakness, the whole database at once.
//! A decision that rests on an advisory is outdated only if its *substance* changed: the packages
//! with their ranges and versions, scores and the rating word, symbols and platforms, the kind,
//! aliases. The order in which a record lists them is not part of it, and neither are Git commits,
//! by which nothing is matched. A record that its database withdrew is not in the index, and one
//! that comes again is a new one.
//!
//! No record says when its substance changed. It can be found out between two builds: see
//! [`since`]. Nothing here reads a clock, so that the same data after the same index give the same
//! bytes.

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::draft::label;
use super::format::{AdvisoryItem, NO_TIME, Section};
use super::open::{Index, IndexError};
use crate::osv::{
    AffectedPackage, EcosystemSpecific, Event, Object, Range, Record, Severity, Text,
};

/// Between which times (seconds) the substance last changed; `NO_TIME` where a bound is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since {
    /// Not before this.
    pub(crate) after: i64,
    /// At this at the latest.
    pub(crate) by: i64,
}

/// A record as an earlier index has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Earlier {
    /// Its substance.
    pub(crate) substance: u64,
    /// When that last changed.
    pub(crate) since: Since,
    /// When it was last touched.
    pub(crate) modified: i64,
    /// The newest date of the data that contained it.
    pub(crate) newest: i64,
}

/// Between which times the substance of a record last changed. `newest` is the newest date of the data.
///
/// - The same substance as in the earlier index: the same times.
/// - Another substance: not before the newest date of the data that still had the earlier one, and at the
///   latest when this record was touched. Where a database changed the record and did not say so, the
///   newest date of the data stands for that.
/// - No earlier record: not before it was published, and at the latest when it was touched.
pub(crate) fn since(
    substance: u64,
    published: i64,
    modified: i64,
    earlier: Option<Earlier>,
    newest: i64,
) -> Since {
    match earlier {
        Some(earlier) if earlier.substance == substance => earlier.since,
        Some(earlier) => {
            let by = if modified > earlier.modified { modified } else { newest.max(modified) };
            Since { after: earlier.modified.max(earlier.newest).min(by), by }
        }
        None if modified == NO_TIME => Since { after: published, by: NO_TIME },
        None if published == NO_TIME => Since { after: NO_TIME, by: modified },
        // Some say that they were published after they were last touched: both may be meant.
        None => Since { after: published.min(modified), by: modified.max(published) },
    }
}

impl Index {
    /// The record with an id in upper case, as this index has it.
    pub(crate) fn earlier(&self, key: &str) -> Result<Option<Earlier>, IndexError> {
        let Some(number) = self.id(key)?.and_then(|id| id.advisory) else { return Ok(None) };
        let item: &AdvisoryItem = self.pages.item(Section::Advisories, u64::from(number))?;
        let since = Since { after: item.after.get(), by: item.by.get() };
        let modified =
            self.advisory_at(number)?.modified().map_or(NO_TIME, jiff::Timestamp::as_second);
        let newest = self.header.data_date.get();
        Ok(Some(Earlier { substance: item.substance.get(), since, modified, newest }))
    }
}

/// A fingerprint of a record's substance.
pub(crate) fn substance(record: &Record<'_>) -> u64 {
    let mut hash = Xxh3::new();
    put(&mut hash, label(record).unwrap_or_default());
    put_set(&mut hash, record.severity.iter().map(|s| severity(s)));
    put_set(&mut hash, texts(&record.aliases));
    put_set(&mut hash, record.affected.iter().filter_map(|a| affected(a)));
    hash.digest()
}

fn affected(affected: &AffectedPackage<'_>) -> Option<u64> {
    let mut hash = Xxh3::new();
    put(&mut hash, affected.package.ecosystem.get()?);
    put(&mut hash, affected.package.name.get()?);
    let database = &affected.database_specific;
    for text in [&database.informational, &database.last_known_affected_version_range] {
        put(&mut hash, text.get().unwrap_or_default());
    }
    put_set(&mut hash, affected.severity.iter().map(|s| severity(s)));
    put_set(&mut hash, affected.ranges.iter().filter_map(|r| range(r)));
    put_set(&mut hash, texts(&affected.versions));
    symbols(&mut hash, &affected.ecosystem_specific);
    Some(hash.digest())
}

fn severity(severity: &Severity<'_>) -> u64 {
    let mut hash = Xxh3::new();
    put(&mut hash, severity.system.get().unwrap_or_default());
    put(&mut hash, severity.score.get().unwrap_or_default());
    hash.digest()
}

fn range(range: &Range<'_>) -> Option<u64> {
    let order = range.order.get().unwrap_or_default();
    if order == "GIT" {
        return None;
    }
    let mut hash = Xxh3::new();
    put(&mut hash, order);
    put_set(&mut hash, range.events.iter().flat_map(|e| event(e)));
    Some(hash.digest())
}

/// Old records put several events into one object; apart they mean the same.
fn event(event: &Event<'_>) -> impl Iterator<Item = u64> + use<> {
    let bounds = [&event.introduced, &event.fixed, &event.last_affected, &event.limit];
    let bound = |(at, text): (u8, &Text<'_>)| {
        let mut hash = Xxh3::new();
        hash.update(&[at]);
        put(&mut hash, text.get()?);
        Some(hash.digest())
    };
    let all: Vec<u64> = (0..).zip(bounds).filter_map(bound).collect();
    all.into_iter()
}

fn symbols(hash: &mut Xxh3, specific: &Object<EcosystemSpecific<'_>>) {
    let imports = specific.imports.iter().map(|import| {
        let mut hash = Xxh3::new();
        put(&mut hash, import.path.get().unwrap_or_default());
        for list in [&import.symbols, &import.goos, &import.goarch] {
            put_set(&mut hash, texts(list));
        }
        hash.digest()
    });
    put_set(hash, imports);
    put_set(hash, texts(&specific.affected_functions));
    let affects = &specific.affects;
    for list in [&affects.arch, &affects.os, &affects.functions] {
        put_set(hash, texts(list));
    }
}

fn texts<'t>(list: &'t [Text<'t>]) -> impl Iterator<Item = u64> + use<'t> {
    list.iter().filter_map(Text::get).map(|text| xxh3_64(text.trim().as_bytes()))
}

/// A text with its length, so that two texts are never taken for one.
fn put(hash: &mut Xxh3, text: &str) {
    let text = text.trim();
    hash.update(&(text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

/// A set: neither order nor repeats count.
fn put_set(hash: &mut Xxh3, items: impl Iterator<Item = u64>) {
    let mut items: Vec<u64> = items.collect();
    items.sort_unstable();
    items.dedup();
    hash.update(&(items.len() as u64).to_le_bytes());
    for item in items {
        hash.update(&item.to_le_bytes());
    }
}
