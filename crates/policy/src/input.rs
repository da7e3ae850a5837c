//! The document that policies see as `input`: documented, versioned, and the only thing besides `data` that
//! they see. The JSON Schema is `docs/schemas/gate-input-1.schema.json`.
//!
//! What is not known is `null`, never `false`, `0` or an empty text; lists that are empty are known to be
//! empty. Adding a member keeps the version; a policy that reads a member which is not there gets
//! *undefined*, so members do not disappear within a version.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-gate-input";
/// The version of the shape.
pub const VERSION: u32 = 1;

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Input).to_value()
}

/// The input of the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Always `trimtab-gate-input`.
    pub format: String,
    /// Always 1. Members may be added within a version.
    pub version: u32,
    /// The moment of the gate, RFC 3339 in UTC: the only clock that a policy has. With `--dry-run` against
    /// the past it is that moment.
    pub now: String,
    /// Whether the gate blames the change only: what was there before (`new` is `false`) is warned about, not denied.
    pub only_new: bool,
    /// Whether something could not be read or looked up; `diagnostics` says what.
    pub incomplete: bool,
    /// The system that the repository belongs to.
    pub system: System,
    /// What the charter says that policies need.
    pub charter: Charter,
    /// Vulnerabilities and other advisories that concern components, one per vulnerability and package.
    pub findings: Vec<Finding>,
    /// Every component, once per file that lists it; the project's own ones have the relation `own`.
    pub components: Vec<Component>,
    /// Dependencies that nothing pins.
    pub unmanaged: Vec<Unmanaged>,
    /// Components that could not be judged.
    pub unknowns: Vec<Unknown>,
    /// What went wrong on the way.
    pub diagnostics: Vec<Problem>,
}

impl Default for Input {
    fn default() -> Input {
        Input {
            format: FORMAT.to_owned(),
            version: VERSION,
            now: "1970-01-01T00:00:00Z".to_owned(),
            only_new: false,
            incomplete: false,
            system: System::default(),
            charter: Charter::default(),
            findings: Vec::new(),
            components: Vec::new(),
            unmanaged: Vec::new(),
            unknowns: Vec::new(),
            diagnostics: Vec::new(),
        }
    }
}

/// How strictly the charter takes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Strictness {
    /// It does not matter.
    #[default]
    Allow,
    /// It is said.
    Warn,
    /// It is refused.
    Deny,
}

impl From<trimtab_model::charter::Strictness> for Strictness {
    fn from(strictness: trimtab_model::charter::Strictness) -> Strictness {
        match strictness {
            trimtab_model::charter::Strictness::Allow => Strictness::Allow,
            trimtab_model::charter::Strictness::Warn => Strictness::Warn,
            trimtab_model::charter::Strictness::Deny => Strictness::Deny,
        }
    }
}

/// The contextual priority of a finding.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the words are the meaning")]
pub enum Level {
    Low,
    Medium,
    High,
    Critical,
}

impl From<trimtab_model::Level> for Level {
    fn from(level: trimtab_model::Level) -> Level {
        match level {
            trimtab_model::Level::Low => Level::Low,
            trimtab_model::Level::Medium => Level::Medium,
            trimtab_model::Level::High => Level::High,
            trimtab_model::Level::Critical => Level::Critical,
        }
    }
}

/// The system, and what is known of its context.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// Its name.
    pub name: Option<String>,
    /// The team that owns it.
    pub team: Option<String>,
    /// How much it matters: a tier of the charter.
    pub tier: Option<String>,
    /// `internet`, `internal` or `isolated`.
    pub exposure: Option<String>,
    /// The most sensitive data that it holds: a class of the charter.
    pub data: Option<String>,
    /// The environment that the gate stands before.
    pub environment: Option<String>,
    /// Whether that environment is production.
    pub production: Option<bool>,
}

/// What the charter says.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Charter {
    /// Its name.
    pub name: String,
    /// Its version, as the parties count it.
    pub version: String,
    /// The gravest level that the system's tier may keep. `null`: the tier is not known, or no level may remain;
    /// `acceptable` of a finding tells which.
    pub acceptable: Option<Level>,
    /// What the gate does where data is missing.
    pub unknown: Strictness,
    /// What a new dependency must be.
    pub selection: Selection,
}

/// What a new dependency must be. A rule that is not set is `null`, an empty list or `allow`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Selection {
    /// Where packages may come from: prefixes of URLs. Empty: anywhere.
    pub registries: Vec<String>,
    /// Licences that are fine (SPDX ids). Empty: all but the others.
    pub licences_allowed: Vec<String>,
    /// Licences that are refused.
    pub licences_denied: Vec<String>,
    /// Licences that somebody must look at.
    pub licences_review: Vec<String>,
    /// The least age of a version, in days.
    pub minimum_age_days: Option<u32>,
    /// The greatest age of a package's last release, in days.
    pub last_release_days: Option<u32>,
    /// Yanked and deprecated versions.
    pub yanked: Strictness,
    /// Archived projects.
    pub archived: Strictness,
    /// Packages that nobody maintains.
    pub unmaintained: Strictness,
    /// Products past their end of life.
    pub end_of_life: Strictness,
    /// Dependencies that nothing pins.
    pub unpinned: Strictness,
    /// Locked components without an integrity hash.
    pub unhashed: Strictness,
    /// Packages that are refused.
    pub denied: Vec<Denied>,
}

/// A package that is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Denied {
    /// Its purl: without version every version is meant; `*` at the end stands for any rest of the name.
    pub package: String,
    /// Why, and what to take instead.
    pub reason: String,
}

/// How a deadline stands at `now`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeadlineState {
    /// It has passed.
    Passed,
    /// It is still to come.
    Open,
    /// The charter sets none.
    None,
    /// It cannot be told: the start of the clock or the environment is not known.
    #[default]
    Unknown,
}

/// A vulnerability, or another advisory, that concerns a package.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The id that people use; what a verdict names by `finding`.
    pub id: String,
    /// The other ids of the same vulnerability.
    pub aliases: Vec<String>,
    /// `malicious`, `vulnerability`, `unsound`, `unmaintained` or `notice`.
    pub kind: String,
    /// The package, as its ecosystem writes it.
    pub package: String,
    /// The component.
    pub purl: String,
    /// The version that is used.
    pub version: Option<String>,
    /// The contextual priority by the charter. `null`: it could not be weighed.
    pub level: Option<Level>,
    /// The lowest and the gravest level that the unknown facts allow.
    pub level_bounds: Option<(Level, Level)>,
    /// The band of the CVSS score: `critical`, `high`, `medium`, `low`, `none`; `null`: there is no score.
    pub rating: Option<String>,
    /// The CVSS base score, 0 to 10.
    pub score: Option<f64>,
    /// Whether it is known to be exploited (KEV). `null`: the catalogue was not at hand.
    pub known_exploited: Option<bool>,
    /// The EPSS probability of exploitation, 0 to 1.
    pub epss: Option<f64>,
    /// `unlikely`, `possible`, `likely` or `active`.
    pub likelihood: Option<String>,
    /// `minor`, `moderate`, `major` or `severe`.
    pub impact: Option<String>,
    /// By when it must be gone, RFC 3339.
    pub deadline: Option<String>,
    /// How the deadline stands.
    pub deadline_state: DeadlineState,
    /// By how many hours the deadline has passed; negative: how many are left.
    pub overdue_hours: Option<f64>,
    /// Whether the system's tier may keep a finding of this level. `null`: the level or the tier is not known.
    pub acceptable: Option<bool>,
    /// The gravest level that its system's tier may keep. `null`: the tier is not known, or it may keep none;
    /// `acceptable` tells which.
    pub acceptable_level: Option<Level>,
    /// The exception that accepts it, if one is in force.
    pub exception: Option<Exception>,
    /// The decision of our own, in force, that it does not matter here; `vex` is then `not_affected`.
    #[serde(default)]
    pub not_affected: Option<NotAffected>,
    /// The VEX statement that is applied: `not_affected`, `fixed`, `under_investigation` or `affected`.
    /// `null`: there is none.
    pub vex: Option<String>,
    /// The nearest version without it. `null`: no source names one.
    pub fix: Option<String>,
    /// How sure it is that the finding exists: `high`, `medium` or `low`.
    pub confidence: String,
    /// Whether this change brought it in. `null`: there is nothing to compare with.
    pub new: Option<bool>,
    /// `runtime`, `optional`, `build`, `development`, `test` or `unknown`.
    pub scope: String,
    /// `own`, `direct`, `transitive` or `unknown`.
    pub relation: String,
    /// The file that lists the component, relative to the root.
    pub file: Option<String>,
    /// One-based line in that file.
    pub line: Option<u32>,
    /// The facts that were not known when it was weighed, by name.
    pub unknowns: Vec<String>,
}

/// An exception in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exception {
    /// Its id.
    pub id: String,
    /// The last day on which it holds, `YYYY-MM-DD`. `null`: it has none.
    pub until: Option<String>,
}

/// A decision *not affected* in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotAffected {
    /// Its id.
    pub id: String,
    /// Why, by one of the five labels that VEX has.
    pub justification: String,
    /// The last day on which it holds, `YYYY-MM-DD`. `null`: it has none.
    pub until: Option<String>,
}

/// What the charter's rules on licences say of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LicenceVerdict {
    /// Fine, or there are no rules.
    Allowed,
    /// Refused.
    Denied,
    /// Somebody must look at it.
    Review,
    /// The licence is not known.
    #[default]
    Unknown,
}

/// A package at a version.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// Its name in one word.
    pub purl: String,
    /// The package, as its ecosystem writes it.
    pub name: String,
    /// The version.
    pub version: Option<String>,
    /// The ecosystem, as OSV names it.
    pub ecosystem: Option<String>,
    /// `runtime`, `optional`, `build`, `development`, `test` or `unknown`.
    pub scope: String,
    /// `own`, `direct`, `transitive` or `unknown`.
    pub relation: String,
    /// The licence: an SPDX expression.
    pub licence: Option<String>,
    /// What the charter says of it.
    pub licence_verdict: LicenceVerdict,
    /// The registry that it comes from: a URL.
    pub registry: Option<String>,
    /// Whether an integrity hash stands beside it.
    pub hashed: Option<bool>,
    /// Whether its version is fixed.
    pub pinned: bool,
    /// Whether the version is yanked or deprecated.
    pub yanked: Option<bool>,
    /// Whether the project is archived.
    pub archived: Option<bool>,
    /// Whether the product is past its end of life.
    pub end_of_life: Option<bool>,
    /// How many days ago the version was published.
    pub age_days: Option<f64>,
    /// How many days ago the package's last release was.
    pub last_release_days: Option<f64>,
    /// Whether this change brought it in. `null`: there is nothing to compare with.
    pub new: Option<bool>,
    /// The file that lists it, relative to the root.
    pub file: Option<String>,
    /// One-based line in that file.
    pub line: Option<u32>,
}

/// A dependency that nothing pins.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Unmanaged {
    /// `no-lockfile`, `floating-version` or `unresolved`.
    pub reason: String,
    /// Its purl, where the file names a package.
    pub purl: Option<String>,
    /// What the file asks for.
    pub requirement: Option<String>,
    /// Whether this change brought it in. `null`: there is nothing to compare with.
    pub new: Option<bool>,
    /// The file, relative to the root.
    pub file: Option<String>,
    /// One-based line in that file.
    pub line: Option<u32>,
}

/// A component that could not be judged.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Unknown {
    /// Its purl.
    pub purl: String,
    /// `no-version`, `unparsable-version`, `incomparable-range`, `not-from-registry` or `no-ecosystem`.
    pub reason: String,
    /// The advisories that could concern it.
    pub advisories: Vec<String>,
    /// Whether this change brought it in. `null`: there is nothing to compare with.
    pub new: Option<bool>,
    /// The file that lists it, relative to the root.
    pub file: Option<String>,
    /// One-based line in that file.
    pub line: Option<u32>,
}

/// A diagnostic.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The stable code.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// Whether it means that something was not looked at.
    pub incomplete: bool,
    /// What happened.
    pub message: String,
    /// The file, relative to the root.
    pub file: Option<String>,
    /// One-based line in that file.
    pub line: Option<u32>,
    /// The next step.
    pub help: Option<String>,
}

impl From<&trimtab_model::Diagnostic> for Problem {
    fn from(diagnostic: &trimtab_model::Diagnostic) -> Problem {
        Problem {
            code: diagnostic.code.as_str().to_owned(),
            severity: diagnostic.code.severity().as_str().to_owned(),
            incomplete: diagnostic.code.makes_incomplete(),
            message: diagnostic.message.to_string(),
            file: diagnostic.file.as_deref().map(str::to_owned),
            line: diagnostic.line,
            help: diagnostic.help.as_deref().map(str::to_owned),
        }
    }
}
