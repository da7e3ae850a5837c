//! Advisories and vulnerabilities: what is known about a flaw, and which source states it.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

/// What kind of thing an advisory reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// The package itself is an attack (`MAL-` records).
    Malicious,
    /// A flaw that can be exploited.
    Vulnerability,
    /// The code breaks the language's promises; no exploit is asserted.
    Unsound,
    /// Nobody maintains the package (TRAPS 9: not a vulnerability).
    Unmaintained,
    /// Some other notice about the package.
    Notice,
}

impl Kind {
    /// Every kind, gravest first.
    pub const ALL: &[Kind] =
        &[Kind::Malicious, Kind::Vulnerability, Kind::Unsound, Kind::Unmaintained, Kind::Notice];

    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Malicious => "malicious",
            Kind::Vulnerability => "vulnerability",
            Kind::Unsound => "unsound",
            Kind::Unmaintained => "unmaintained",
            Kind::Notice => "notice",
        }
    }
}

/// The qualitative rating of a CVSS score, by the CVSS specification's own bands; never the
/// contextual *level*, which the charter gives. Ordered from none to critical; unknown is apart
/// and sorts below all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Rating {
    /// No source gives a severity.
    #[default]
    Unknown,
    /// 0.0
    None,
    /// 0.1–3.9
    Low,
    /// 4.0–6.9
    Medium,
    /// 7.0–8.9
    High,
    /// 9.0–10.0
    Critical,
}

impl Rating {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rating::Unknown => "unknown",
            Rating::None => "none",
            Rating::Low => "low",
            Rating::Medium => "medium",
            Rating::High => "high",
            Rating::Critical => "critical",
        }
    }

    /// The band of a score in tenths (0–100).
    pub const fn of_tenths(tenths: u8) -> Rating {
        match tenths {
            0 => Rating::None,
            1..=39 => Rating::Low,
            40..=69 => Rating::Medium,
            70..=89 => Rating::High,
            _ => Rating::Critical,
        }
    }

    /// Reads a source's word, whatever its case (`MODERATE` is medium). `None` if it is not one.
    pub fn from_label(label: &str) -> Option<Rating> {
        match label.to_ascii_lowercase().as_str() {
            "none" => Some(Rating::None),
            "low" | "minor" => Some(Rating::Low),
            "medium" | "moderate" => Some(Rating::Medium),
            "high" | "important" => Some(Rating::High),
            "critical" => Some(Rating::Critical),
            _ => None,
        }
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The generation of a CVSS vector. Ordered by preference, the preferred one last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the versions of the standard")]
pub enum CvssVersion {
    V2,
    V3_0,
    V3_1,
    V4,
}

impl CvssVersion {
    /// `2.0`, `3.0`, `3.1`, `4.0`.
    pub const fn as_str(self) -> &'static str {
        match self {
            CvssVersion::V2 => "2.0",
            CvssVersion::V3_0 => "3.0",
            CvssVersion::V3_1 => "3.1",
            CvssVersion::V4 => "4.0",
        }
    }
}

/// How grave a flaw is according to the sources, without context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Severity {
    /// The band.
    pub rating: Rating,
    /// The base score in tenths, recomputed from the vector.
    pub score_tenths: Option<u8>,
    /// The vector, as published.
    pub vector: Option<Box<str>>,
    /// The vector's generation.
    pub cvss: Option<CvssVersion>,
    /// The advisory it is taken from, which may be an alias of the one that matched.
    pub from: Option<Box<str>>,
}

/// An entry of CISA's catalogue of known exploited vulnerabilities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kev {
    /// The CVE by which it is listed.
    pub cve: Box<str>,
    /// When it was listed.
    pub added: Option<Date>,
    /// By when US federal agencies must act.
    pub due: Option<Date>,
    /// Whether ransomware campaigns are known to use it; `None` where the catalogue says unknown.
    pub ransomware: Option<bool>,
}

/// A score of the Exploit Prediction Scoring System (FIRST).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epss {
    /// Probability of exploitation within 30 days, 0 to 1.
    pub probability: f64,
    /// Share of all CVEs that score no higher, 0 to 1.
    pub percentile: f64,
}

/// The two times between which a record last changed in substance: in what it says about packages,
/// ranges, scores, symbols and aliases, not in its wording. Only a comparison with an earlier state
/// shows the exact time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// Not before this. `None`: not known.
    pub after: Option<Timestamp>,
    /// At this at the latest. `None`: not known.
    pub by: Option<Timestamp>,
}

impl Changed {
    /// The last change of several records: as late as the latest of them. Of none, nothing is known.
    pub fn last(all: impl IntoIterator<Item = Changed>) -> Changed {
        let later = |a: Changed, b: Changed| Changed {
            after: a.after.max(b.after),
            // One that is not known may be later than every other.
            by: a.by.zip(b.by).map(|(a, b)| a.max(b)),
        };
        all.into_iter().reduce(later).unwrap_or_default()
    }
}

/// One published record, as far as a finding needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advisory {
    /// The record's id.
    pub id: Box<str>,
    /// The database that published it, by the prefix of its id (`GHSA`, `RUSTSEC`).
    pub database: Box<str>,
    /// What kind of thing it reports.
    pub kind: Kind,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// Between when it last changed in substance.
    pub changed: Changed,
    /// Its one-line summary.
    pub summary: Option<Box<str>>,
    /// Where to read more.
    pub url: Option<Box<str>>,
}

/// The group of advisories that assert that they are the same flaw.
#[derive(Debug, Clone, PartialEq)]
pub struct Vulnerability {
    /// The preferred id of the group: CVE, then GHSA, then the ecosystem's own; MAL before all.
    pub id: Box<str>,
    /// The other ids, sorted.
    pub aliases: Vec<Box<str>>,
    /// The gravest kind among the advisories that matched.
    pub kind: Kind,
    /// The best summary, whole.
    pub summary: Option<Box<str>>,
    /// The gravest severity by preference of vector, from any advisory of the group.
    pub severity: Severity,
    /// Weaknesses (`CWE-79`), sorted.
    pub cwes: Vec<Box<str>>,
    /// Known exploitation. `None`: not listed, as of the data date of the catalogue.
    pub kev: Option<Kev>,
    /// Exploit probability. `None`: unknown (no CVE, or no score).
    pub epss: Option<Epss>,
    /// Links, the most useful first, at most five.
    pub references: Vec<Box<str>>,
}
