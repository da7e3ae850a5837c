//! From one OSV record to the runs that the index will hold of it. This is the expensive part of
//! a build (versions are parsed here) and needs nothing but the record, so threads share it out.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_model::advisory::Kind;
use trimtab_model::{Ecosystem, Family};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::entry::entry;
use super::format::{AdvisoryHead, NO_TIME, SeverityItem, Span};
use super::run::{Heap, RunWriter};
use super::substance::substance;
use super::successors::successors;
use crate::osv::{AffectedPackage, Record, Text};

/// What a record becomes.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The id, as published.
    pub(crate) id: Box<str>,
    /// The id in upper case: its identity.
    pub(crate) key: Box<str>,
    /// Seconds; `NO_TIME` if unknown.
    pub(crate) published: i64,
    /// Seconds; `NO_TIME` if unknown.
    pub(crate) modified: i64,
    /// A hash of what matters in it.
    pub(crate) substance: u64,
    /// A hash of the record's bytes: decides between equals, and shows whether it changed.
    pub(crate) content: u64,
    /// Whether the database took it back.
    pub(crate) withdrawn: bool,
    /// Other ids of the same flaw, without its own.
    pub(crate) aliases: Vec<Box<str>>,
    /// The advisory's run.
    pub(crate) details: Box<[u8]>,
    /// What it says about packages.
    pub(crate) entries: Vec<DraftEntry>,
    /// Ecosystems that this build does not know.
    pub(crate) unknown_ecosystems: Vec<Box<str>>,
    /// Affected packages without a name (repositories only), or with one that is no name.
    pub(crate) nameless: u32,
}

/// What a record says about one package.
#[derive(Debug)]
pub(crate) struct DraftEntry {
    pub(crate) family: Family,
    /// Normalised.
    pub(crate) name: Box<str>,
    /// The entry's run.
    pub(crate) run: Box<[u8]>,
}

/// The longest name of a package, in bytes.
const MAX_NAME: usize = 1024;
/// Caps on texts for display, in bytes.
const MAX_SUMMARY: usize = 1000;
pub(super) const MAX_TEXT: usize = 2000;
/// Caps on lists for display.
const MAX_REFERENCES: usize = 5;
const MAX_LIST: usize = 1000;

/// Prepares a record. `bytes` are what it was read from.
pub(crate) fn draft(record: &Record<'_>, bytes: &[u8]) -> Draft {
    let id = record.id.get().unwrap_or_default();
    let mut draft = Draft {
        id: id.into(),
        key: id.to_ascii_uppercase().into(),
        published: seconds(&record.published),
        modified: seconds(&record.modified),
        substance: 0,
        content: xxh3_64(bytes),
        withdrawn: record.withdrawn.get().is_some(),
        aliases: Vec::new(),
        details: Box::default(),
        entries: Vec::new(),
        unknown_ecosystems: Vec::new(),
        nameless: 0,
    };
    if draft.withdrawn {
        return draft;
    }
    draft.substance = substance(record);
    draft.aliases = ids(&record.aliases, id);
    let mut gravest = None;
    for affected in &*record.affected {
        let kind = kind(id, affected);
        gravest = Some(gravest.map_or(kind, |before: Kind| before.min(kind)));
        let (Some(ecosystem), Some(name)) =
            (affected.package.ecosystem.get(), affected.package.name.get())
        else {
            draft.nameless += 1;
            continue;
        };
        if name.len() > MAX_NAME || name.chars().any(char::is_control) {
            draft.nameless += 1;
            continue;
        }
        match Ecosystem::parse(ecosystem) {
            None => draft.unknown_ecosystems.push(clip(ecosystem, 100).into()),
            Some(ecosystem) => draft.entries.push(DraftEntry {
                family: ecosystem.family,
                name: ecosystem.family.normalise(name.trim()).into(),
                run: entry(&ecosystem, kind, affected),
            }),
        }
    }
    let kind =
        gravest.unwrap_or(if is_malicious(id) { Kind::Malicious } else { Kind::Vulnerability });
    draft.details = details(record, kind, draft.published, draft.modified);
    draft
}

fn is_malicious(id: &str) -> bool {
    id.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("MAL-"))
}

fn kind(id: &str, affected: &AffectedPackage<'_>) -> Kind {
    if is_malicious(id) {
        return Kind::Malicious;
    }
    match affected.database_specific.informational.get() {
        None => Kind::Vulnerability,
        Some("unsound") => Kind::Unsound,
        Some("unmaintained") => Kind::Unmaintained,
        Some(_) => Kind::Notice,
    }
}

/// Seconds of a date; `NO_TIME` if there is none. The year 1 is what databases write that fill
/// dates in later, so it is none.
fn seconds(text: &Text<'_>) -> i64 {
    let parsed = text.get().and_then(|text| text.parse::<Timestamp>().ok());
    parsed.map(Timestamp::as_second).filter(|s| *s > YEAR_2).unwrap_or(NO_TIME)
}

/// 0002-01-01.
const YEAR_2: i64 = -62_104_060_800;

/// Distinct ids of a list, without `own`, as published, in order.
fn ids(list: &[Text<'_>], own: &str) -> Vec<Box<str>> {
    let all: BTreeSet<&str> = list
        .iter()
        .take(MAX_LIST)
        .filter_map(Text::get)
        .map(str::trim)
        .filter(|id| !id.is_empty() && id.len() <= 256 && !id.chars().any(char::is_control))
        .filter(|id| !id.eq_ignore_ascii_case(own))
        .collect();
    all.into_iter().map(Into::into).collect()
}

/// The longest beginning of at most `max` bytes.
pub(super) fn clip(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

fn details(record: &Record<'_>, kind: Kind, published: i64, modified: i64) -> Box<[u8]> {
    let id = record.id.get().unwrap_or_default();
    let mut heap = Heap::default();
    let id_span = heap.text(id);
    let summary = heap.text(&summary(record));
    let label = heap.text(label(record).unwrap_or_default());
    let mut scores: Vec<(&str, &str)> = record
        .severity
        .iter()
        .chain(record.affected.iter().flat_map(|a| a.severity.iter()))
        .filter_map(|s| Some((s.system.get()?, s.score.get()?)))
        .filter(|(system, score)| system.len() <= 100 && score.len() <= MAX_TEXT)
        .take(MAX_LIST)
        .collect();
    scores.sort_unstable();
    scores.dedup();
    let severities: Vec<SeverityItem> = scores
        .iter()
        .map(|(system, score)| SeverityItem { system: heap.text(system), score: heap.text(score) })
        .collect();
    let cwes: BTreeSet<&str> = record
        .database_specific
        .cwe_ids
        .iter()
        .take(MAX_LIST)
        .filter_map(Text::get)
        .filter(|cwe| cwe.starts_with("CWE-") && cwe.len() <= 20)
        .collect();
    let mut texts: Vec<Span> = cwes.iter().map(|cwe| heap.text(cwe)).collect();
    let references = references(record);
    texts.extend(references.iter().map(|url| heap.text(url)));
    let aliases = ids(&record.aliases, id);
    texts.extend(aliases.iter().map(|alias| heap.text(alias)));
    let upstream = ids(&record.upstream, id);
    texts.extend(upstream.iter().map(|other| heap.text(other)));
    let successors = successors(record, kind);
    texts.extend(successors.iter().map(|name| heap.text(name)));
    let head = AdvisoryHead {
        published: published.into(),
        modified: modified.into(),
        kind: kind as u8,
        successors: u8::try_from(successors.len()).unwrap_or_default(),
        severities: short(severities.len()),
        cwes: short(cwes.len()),
        references: short(references.len()),
        aliases: short(aliases.len()),
        upstream: short(upstream.len()),
        id: id_span,
        summary,
        label,
    };
    RunWriter::new(&head).array(&severities).array(&texts).finish(&heap)
}

/// The counts that are stored this way are capped at `MAX_LIST`.
fn short(count: usize) -> zerocopy::little_endian::U16 {
    u16::try_from(count).unwrap_or(u16::MAX).into()
}

/// The summary; without one, the first line of the details.
fn summary(record: &Record<'_>) -> String {
    let line = match record.summary.get() {
        Some(summary) => summary,
        None => record
            .details
            .get()
            .and_then(|d| d.lines().map(str::trim).find(|l| !l.is_empty() && !l.starts_with('#')))
            .unwrap_or_default(),
    };
    let clipped = clip(line.trim(), MAX_SUMMARY);
    clipped.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The database's rating word. AlmaLinux and Rocky Linux have it only as the first word of the
/// summary.
pub(super) fn label<'r>(record: &'r Record<'_>) -> Option<&'r str> {
    let stated = record.database_specific.severity.get().or_else(|| {
        record.affected.iter().find_map(|a| {
            a.ecosystem_specific.severity.get().or_else(|| a.ecosystem_specific.urgency.get())
        })
    });
    let id = record.id.get().unwrap_or_default();
    let label = stated.or_else(|| {
        (id.starts_with("ALSA-") || id.starts_with("RLSA-") || id.starts_with("RHSA-"))
            .then(|| record.summary.get()?.split_once(": "))?
            .map(|(word, _)| word)
    })?;
    (label.len() <= 40).then_some(label)
}

/// The most useful links, each once.
fn references<'r>(record: &'r Record<'_>) -> Vec<&'r str> {
    let mut ranked: Vec<(u8, usize, &str)> = record
        .references
        .iter()
        .take(MAX_LIST)
        .enumerate()
        .filter_map(|(i, reference)| Some((i, reference, reference.url.get()?)))
        .filter(|(_, _, url)| url.len() <= MAX_TEXT && !url.chars().any(char::is_control))
        .map(|(i, reference, url)| {
            let rank = match reference.purpose.get() {
                Some("ADVISORY") => 0,
                Some("FIX") => 1,
                Some("REPORT" | "ARTICLE") => 2,
                _ => 3,
            };
            (rank, i, url)
        })
        .collect();
    ranked.sort_unstable();
    let mut urls: Vec<&str> = Vec::new();
    for (_, _, url) in ranked {
        if urls.len() < MAX_REFERENCES && !urls.contains(&url) {
            urls.push(url);
        }
    }
    urls
}

/// A fingerprint of everything that the index says of a record.
pub(crate) fn content(draft: &Draft) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&draft.details);
    for entry in &draft.entries {
        hash.update(&[entry.family as u8]);
        hash.update(entry.name.as_bytes());
        hash.update(&entry.run);
    }
    hash.digest()
}
