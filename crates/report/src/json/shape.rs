//! The shape of Trimtab's JSON. Field names are part of the contract; so are the words that
//! enumerations use (`trimtab_model` gives them). An absent member means unknown or none, as its
//! description says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of a scan or, without findings, an inventory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Scan {
    /// Always `trimtab-scan`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The name of what was scanned.
    pub target: String,
    /// Whether everything that should have been looked at was. If false, the absence of a finding
    /// means nothing for the files that `diagnostics` name.
    pub complete: bool,
    /// The advisory index. Absent: nothing was matched, findings are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Index>,
    /// Counts.
    pub summary: Summary,
    /// Vulnerabilities in components, worst first.
    pub findings: Vec<Finding>,
    /// Components about which nothing can be said.
    pub unknowns: Vec<Unknown>,
    /// What was read, file by file.
    pub files: Vec<File>,
    /// What the findings mean by a charter. Absent: they were not weighed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighing: Option<Weighing>,
    /// Problems of the walk, and of the scan as a whole.
    pub diagnostics: Diagnostics,
}

/// Problems that belong to no file of the inventory.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostics {
    /// What could not be looked at while walking.
    pub walk: Vec<Diagnostic>,
    /// What went wrong otherwise.
    pub scan: Vec<Diagnostic>,
}

/// The program that wrote the document.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `trimtab`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What the advisory index was built from.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// The newest modification of any advisory, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_date: Option<String>,
    /// Digest of the content, hexadecimal.
    pub digest: String,
    /// Advisories in it.
    pub advisories: u64,
    /// Version of the catalogue of known exploited vulnerabilities. Absent: exploitation is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kev: Option<String>,
    /// Day of the EPSS scores. Absent: exploit probabilities are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<String>,
}

/// Counts of the document.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Files that were read.
    pub files: usize,
    /// Distinct components, the project's own left out.
    pub components: usize,
    /// Findings.
    pub findings: usize,
    /// Distinct components with findings.
    pub affected_components: usize,
    /// Findings by rating; `unknown` counts those without any severity.
    pub by_rating: BTreeMap<String, usize>,
    /// Findings known to be exploited. Absent: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_exploited: Option<usize>,
    /// Malicious packages.
    pub malicious: usize,
    /// Findings for which some source names a fixed version above the installed one.
    pub fixable: usize,
    /// Components about which nothing can be said, by reason.
    pub unknown_by_reason: BTreeMap<String, usize>,
    /// Dependencies that nothing pins.
    pub unmanaged: usize,
}

/// One file and what it lists.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct File {
    /// Path relative to the root.
    pub path: String,
    /// Id of the format.
    pub format: String,
    /// Components in the order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<Component>,
    /// Pairs of positions in `components`: who asks, what is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<(u32, u32)>,
    /// Dependencies that nothing pins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmanaged: Vec<Unmanaged>,
    /// Problems with this file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
    /// What an SBOM says about itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Document>,
}

/// What an SBOM says about its own making, as it spells it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// Version of the SBOM's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<String>,
    /// Serial number or namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// People and organisations who made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<String>,
    /// Tools that made it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// When it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Phases of the product's life in which its data was gathered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<String>,
}

/// A package at a version, as one file lists it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// Package URL, canonical. Without a version, the version is unknown.
    pub purl: String,
    /// The name as the ecosystem spells it, where the canonical purl changes its case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<String>,
    /// What the file asks for, where it does not say what that resolves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// `own`, `direct`, `transitive`, `unknown`.
    pub relation: String,
    /// `runtime`, `optional`, `build`, `development`, `test`, `unknown`.
    pub scope: String,
    /// One-based line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Digests, as `SHA-256:<hexadecimal>`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hashes: Vec<String>,
    /// Where the file says it comes from. Absent: it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Licence as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<String>,
    /// The workspace member that asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// The format's own groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The format's own id of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_id: Option<String>,
    /// Who made or delivers it, as an SBOM says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
    /// CPE name, as an SBOM says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpe: Option<String>,
}

/// Where a component comes from.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A registry or mirror.
    Registry(String),
    /// A repository.
    Git {
        /// The repository.
        url: String,
        /// The pinned commit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commit: Option<String>,
    },
    /// An archive.
    Url(String),
    /// A folder or file of the tree.
    Path(String),
}

/// A dependency that nothing pins.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Unmanaged {
    /// `no-lockfile`, `floating-version`, `unresolved`.
    pub reason: String,
    /// The package. Absent: the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    /// What the file asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<String>,
    /// One-based line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}

/// Something that the person who runs Trimtab should know.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostic {
    /// Stable code: `docs/diagnostics.md` lists them.
    pub code: String,
    /// `error`, `warning`, `note`.
    pub severity: String,
    /// What happened.
    pub message: String,
    /// The file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// One-based line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// A vulnerability in a component.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// OSV's name of the ecosystem, with its release.
    pub ecosystem: String,
    /// The package's name.
    pub package: String,
    /// The component.
    pub purl: String,
    /// The installed version.
    pub version: String,
    /// What is wrong.
    pub vulnerability: Vulnerability,
    /// `high`, `medium`, `low`.
    pub confidence: String,
    /// Why it is not surer: `versions-against-ranges`, `sources-disagree`, `bound-is-hint`,
    /// `bound-unknown`, `other-origin`, `release-unknown`, `version-is-least`, `version-is-default`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// Nearest version above the installed one that no source calls affected. Absent: none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest_fix: Option<String>,
    /// Who says what.
    pub attributions: Vec<Attribution>,
    /// Where the component stands.
    pub occurrences: Vec<Occurrence>,
}

/// One place that lists a component, with the way there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Occurrence {
    /// Position in `files`.
    pub file: u32,
    /// Position in the file's `components`.
    pub component: u32,
}

/// A group of advisories that are aliases of each other.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Vulnerability {
    /// The preferred id.
    pub id: String,
    /// The others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// `malicious`, `vulnerability`, `unsound`, `unmaintained`, `notice`.
    pub kind: String,
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// How grave the sources say it is, out of context.
    pub severity: Severity,
    /// Weaknesses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cwes: Vec<String>,
    /// Known exploitation. Absent: not listed (or unknown, if the index has no catalogue).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kev: Option<Kev>,
    /// Exploit probability. Absent: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<Epss>,
    /// Links.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
}

/// Severity by CVSS, or by a source's word.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Severity {
    /// `critical`, `high`, `medium`, `low`, `none`, `unknown`.
    pub rating: String,
    /// Base score, 0.0–10.0, recomputed from the vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The vector as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// `2.0`, `3.0`, `3.1`, `4.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<String>,
    /// The advisory it is taken from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// An entry of CISA's catalogue.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Kev {
    /// The CVE by which it is listed.
    pub cve: String,
    /// When it was listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added: Option<String>,
    /// By when US federal agencies must act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Use in ransomware campaigns. Absent: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ransomware: Option<bool>,
}

/// An EPSS score.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Epss {
    /// Probability of exploitation within 30 days.
    pub probability: f64,
    /// Share of CVEs that score no higher.
    pub percentile: f64,
}

/// What one advisory says about the installed version.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Attribution {
    /// The record's id.
    pub advisory: String,
    /// Who published it.
    pub database: String,
    /// What kind of thing it reports.
    pub kind: String,
    /// Whether it says that the version is affected.
    pub affected: bool,
    /// Fixed versions that it names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
    /// The range that holds the version, in words.
    pub reason: String,
    /// Affected functions or packages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub symbols: Vec<String>,
    /// Publication, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<String>,
    /// Last change, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<String>,
    /// The last change in substance was not before this, RFC 3339. Absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_after: Option<String>,
    /// The last change in substance was at this at the latest, RFC 3339. Absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<String>,
    /// Its summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Where to read more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A component about which nothing can be said.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// The component.
    pub purl: String,
    /// `no-version`, `unparsable-version`, `no-ecosystem`, `not-from-registry`, `incomparable-range`.
    pub reason: String,
    /// Advisories that might apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advisories: Vec<String>,
    /// Where it stands.
    pub occurrences: Vec<Occurrence>,
}

/// What findings mean by a charter.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Weighing {
    /// The charter's name.
    pub charter: String,
    /// Its version.
    pub version: String,
    /// The load of what is open in production.
    pub load: f64,
    /// The time zone of its calendar, of which days are told. Absent: UTC, or one without a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Every finding in every system that has it.
    pub assessed: Vec<Assessed>,
}

/// A finding in a system, and what it means there.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Assessed {
    /// Position in `findings`.
    pub finding: u32,
    /// The system. Absent: nobody said which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// The environment. Absent: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// `critical`, `high`, `medium`, `low`.
    pub level: String,
    /// The lowest and the gravest level that the unknown facts allow.
    pub bounds: (String, String),
    /// How likely exploitation is.
    pub likelihood: Likelihood,
    /// What it would mean.
    pub impact: Impact,
    /// What moved the level after the matrix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Factor>,
    /// The gravest level that the tier may keep, `none` if it may keep none. Absent: the tier is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptable: Option<String>,
    /// What it adds to the load while it is open.
    pub weight: f64,
    /// By when it must be gone.
    pub deadline: Deadline,
    /// What removing it costs.
    pub cost: Cost,
    /// The exception that accepts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<Exception>,
    /// The decision that it does not matter here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_affected: Option<NotAffected>,
    /// What the statement says that holds: a supplier's, or our own decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vex: Option<String>,
    /// Where in the system it stands.
    pub occurrences: Vec<Occurrence>,
}

/// How likely exploitation is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Likelihood {
    /// 0 to 1.
    pub probability: f64,
    /// `active`, `likely`, `possible`, `unlikely`.
    pub band: String,
    /// How it came about.
    pub factors: Vec<Factor>,
}

/// What exploitation would mean.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Impact {
    /// The sum of the steps.
    pub steps: i8,
    /// `severe`, `major`, `moderate`, `minor`.
    pub band: String,
    /// How it came about.
    pub factors: Vec<Factor>,
}

/// One step of a weighing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Factor {
    /// What was looked at.
    pub name: String,
    /// What was found.
    pub value: String,
    /// `probability`, `odds`, `steps`, `floor`, `kept`, `none`.
    pub effect: String,
    /// The number of the effect; for `floor` and `kept` the level counted from 0 (low).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<f64>,
    /// Who says so.
    pub source: String,
    /// Whether the fact is unknown, so that the effect is an assumption.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
}

/// By when it must be gone.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Deadline {
    /// `by`, `opportunistic`, `unknown`.
    pub kind: String,
    /// The moment, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// How it came about, or what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// What removing it costs, in points.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// The least. Absent with `most`: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// The most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
    /// What makes it so: words, least and most points.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<(String, f64, f64)>,
    /// Why it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A decision that a finding does not matter here.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct NotAffected {
    /// Its id.
    pub id: String,
    /// Why, by one of the five labels that VEX has.
    pub justification: String,
    /// Why, in words.
    pub reason: String,
    /// Its last day. Absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// An exception that accepts a finding.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Exception {
    /// Its id.
    pub id: String,
    /// Its last day. Absent: it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}
