//! OSV records as their databases really write them.
//!
//! Follows the OSV schema 1.7, read leniently: unknown fields are ignored, unknown enum values
//! are kept as text, and an optional field of the wrong type counts as absent (see `lenient`).
//! Only a record that is not a JSON object with an `id` is refused. Depth is bounded by
//! `serde_json` (128), size by the feed that hands over the bytes.

use serde::Deserialize;

pub use crate::lenient::{List, Object, Text};

/// One record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct Record<'a> {
    /// The record's id, unique in its database.
    pub id: Text<'a>,
    /// RFC 3339.
    pub modified: Text<'a>,
    /// RFC 3339.
    pub published: Text<'a>,
    /// RFC 3339; present if the database took the record back.
    pub withdrawn: Text<'a>,
    /// Ids of the same flaw in other databases.
    pub aliases: List<Text<'a>>,
    /// Ids of flaws that this one is derived from; not aliases.
    pub upstream: List<Text<'a>>,
    /// One line.
    pub summary: Text<'a>,
    /// Markdown.
    pub details: Text<'a>,
    /// Scores.
    pub severity: List<Object<Severity<'a>>>,
    /// What is affected.
    pub affected: List<Object<AffectedPackage<'a>>>,
    /// Links.
    pub references: List<Object<Reference<'a>>>,
    /// What only this database has.
    pub database_specific: Object<DatabaseSpecific<'a>>,
}

/// A score in a named system.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct Severity<'a> {
    /// `CVSS_V3`, `CVSS_V4`, `Ubuntu` …
    #[serde(rename = "type")]
    pub system: Text<'a>,
    /// A vector, or a word.
    pub score: Text<'a>,
}

/// A package and which of its versions are affected.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct AffectedPackage<'a> {
    /// The package.
    pub package: Object<PackageName<'a>>,
    /// Scores for this package alone.
    pub severity: List<Object<Severity<'a>>>,
    /// Ranges of versions.
    pub ranges: List<Object<Range<'a>>>,
    /// Versions one by one.
    pub versions: List<Text<'a>>,
    /// What only this ecosystem has.
    pub ecosystem_specific: Object<EcosystemSpecific<'a>>,
    /// What only this database has.
    pub database_specific: Object<AffectedSpecific<'a>>,
}

/// Ecosystem and name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct PackageName<'a> {
    /// `npm`, `Debian:12` …
    pub ecosystem: Text<'a>,
    /// As the ecosystem spells it.
    pub name: Text<'a>,
}

/// Events along one order of versions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct Range<'a> {
    /// `SEMVER`, `ECOSYSTEM` or `GIT`.
    #[serde(rename = "type")]
    pub order: Text<'a>,
    /// In any order.
    pub events: List<Object<Event<'a>>>,
}

/// One event. Old records put several into one object.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct Event<'a> {
    /// From here on affected; `0` is before everything.
    pub introduced: Text<'a>,
    /// From here on not affected.
    pub fixed: Text<'a>,
    /// After this one not affected.
    pub last_affected: Text<'a>,
    /// The range says nothing from here on.
    pub limit: Text<'a>,
}

/// A link.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct Reference<'a> {
    /// `ADVISORY`, `FIX`, `WEB` …
    #[serde(rename = "type")]
    pub purpose: Text<'a>,
    /// Where it leads.
    pub url: Text<'a>,
}

/// `ecosystem_specific` of an affected package.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct EcosystemSpecific<'a> {
    /// Go: packages of the module and their symbols.
    pub imports: List<Object<Import<'a>>>,
    /// RustSec (old) and GitHub: full paths of functions.
    pub affected_functions: List<Text<'a>>,
    /// RustSec: functions and platforms.
    pub affects: Object<Affects<'a>>,
    /// A rating word (Ubuntu's and Android's records).
    pub severity: Text<'a>,
    /// Some databases put the word here.
    pub urgency: Text<'a>,
}

/// An affected package of a Go module.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct Import<'a> {
    /// The import path.
    pub path: Text<'a>,
    /// Its affected symbols; none named means all.
    pub symbols: List<Text<'a>>,
    /// The operating systems to which it applies; none named means all.
    pub goos: List<Text<'a>>,
    /// The processors to which it applies; none named means all.
    pub goarch: List<Text<'a>>,
}

/// RustSec's `affects`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct Affects<'a> {
    /// Processors; none named means all.
    pub arch: List<Text<'a>>,
    /// Operating systems; none named means all.
    pub os: List<Text<'a>>,
    /// Full paths of functions.
    pub functions: List<Text<'a>>,
}

/// `database_specific` of an affected package.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct AffectedSpecific<'a> {
    /// RustSec: `unmaintained`, `unsound`, `notice`.
    pub informational: Text<'a>,
    /// GitHub: an upper bound that it does not state as an event (`<= 1.2.3`).
    pub last_known_affected_version_range: Text<'a>,
}

/// `database_specific` of a record.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
pub struct DatabaseSpecific<'a> {
    /// A rating word.
    pub severity: Text<'a>,
    /// Weaknesses (`CWE-79`).
    pub cwe_ids: List<Text<'a>>,
}

/// The longest id that is accepted, in bytes.
const MAX_ID: usize = 256;

impl<'a> Record<'a> {
    /// Reads one record.
    ///
    /// # Errors
    /// A sentence part that says why the bytes are not a record.
    pub fn parse(bytes: &'a [u8]) -> Result<Record<'a>, String> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let record: Record<'a> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        match record.id.get() {
            None => Err("it has no id".to_owned()),
            Some(id) if id.len() > MAX_ID => Err("its id is too long".to_owned()),
            Some(id) if id.chars().any(|c| c.is_control() || c.is_whitespace()) => {
                Err("its id has blanks or control characters".to_owned())
            }
            Some(_) => Ok(record),
        }
    }
}
