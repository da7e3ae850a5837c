//! The shape of a charter file, as people write it. Member names are part of the contract; the JSON
//! Schema that editors use is made from this file. Checks that a schema cannot express are in
//! [`super::read`].

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::at::At;

/// An agreement on dependency risk between security, engineering, product and operations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "Trimtab charter")]
pub struct Charter {
    /// Layout of this file: 1.
    #[schemars(with = "u32", range(min = 1, max = 1))]
    pub format: At<u32>,
    /// A preset that this charter starts from: what is not said here is as it says.
    #[schemars(with = "Option<String>")]
    pub preset: Option<At<String>>,
    /// Its name.
    pub name: Option<String>,
    /// Its version, as the parties count it.
    pub version: Option<String>,
    /// The shared goal, in words.
    pub goal: Option<String>,
    /// Who agreed, for which side, and when.
    #[serde(default)]
    pub party: Vec<Party>,
    /// How much systems can matter. Given: replaces the preset's.
    pub tier: Option<Vec<Tier>>,
    /// Classes of data. Given: replaces the preset's.
    pub data: Option<Vec<DataClass>>,
    /// Environments. Given: replaces the preset's.
    pub environment: Option<Vec<Environment>>,
    /// Level by likelihood and impact. A row that is left out is the preset's.
    pub matrix: Option<At<Matrix>>,
    /// Levels below which certain findings never fall. Given: replaces the preset's.
    pub floor: Option<Vec<Floor>>,
    /// By when findings must be gone.
    pub deadlines: Option<Deadlines>,
    /// When people work.
    pub calendar: Option<Calendar>,
    /// What an open finding of each level adds to the load.
    pub weights: Option<At<ByLevel<f64>>>,
    /// Rhythms that teams may choose. Given: replaces the preset's.
    pub cadence: Option<Vec<Cadence>>,
    /// Who may accept what, and for how long.
    pub exceptions: Option<Exceptions>,
    /// Who grants a change outside of any cadence.
    pub emergencies: Option<Emergencies>,
    /// Who decides a dispute about what comes first.
    pub disputes: Option<Disputes>,
    /// What a new dependency must be.
    pub selection: Option<Selection>,
    /// What is done where data is missing.
    pub unknown: Option<Unknown>,
    /// Numbers of the weighing. `trimtab charter explain` tells them all with their sources.
    pub weighing: Option<Weighing>,
    /// What work costs, in points.
    pub cost: Option<Cost>,
}

/// Somebody who agreed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Party {
    /// `security`, `engineering`, `product`, `operations`, `leadership`.
    #[schemars(with = "String", extend("enum" = ["security", "engineering", "product", "operations", "leadership", "auditor", "admin"]))]
    pub side: At<String>,
    /// Who.
    pub name: String,
    /// The day, as 2026-11-21. Absent: not yet.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub agreed: Option<At<toml::value::Datetime>>,
}

/// How much a system matters.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tier {
    /// Its name.
    #[schemars(with = "String")]
    pub name: At<String>,
    /// What it means, in a sentence.
    pub meaning: String,
    /// The gravest level that may remain: `none`, `low`, `medium`, `high`, `critical`.
    #[schemars(with = "String", extend("enum" = ["none", "low", "medium", "high", "critical"]))]
    pub acceptable: At<String>,
    /// Steps that it moves the impact by, −3 to 3.
    #[schemars(with = "i8", range(min = -3, max = 3))]
    pub impact: At<i8>,
}

/// A class of data.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataClass {
    /// Its name.
    #[schemars(with = "String")]
    pub name: At<String>,
    /// What it means, in a sentence.
    pub meaning: String,
    /// Steps that it raises the impact by where it can be read or changed, 0 to 3.
    #[schemars(with = "i8", range(min = 0, max = 3))]
    pub impact: At<i8>,
}

/// Where systems run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Environment {
    /// Its name.
    #[schemars(with = "String")]
    pub name: At<String>,
    /// Whether customers depend on it.
    #[serde(default)]
    pub production: bool,
}

/// Level by likelihood (keys) and impact (minor, moderate, major, severe).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Matrix {
    /// Exploitation is seen, or as good as (probability from 0.5).
    #[schemars(with = "Option<[String; 4]>")]
    pub active: Option<At<[At<String>; 4]>>,
    /// From 0.1.
    #[schemars(with = "Option<[String; 4]>")]
    pub likely: Option<At<[At<String>; 4]>>,
    /// From 0.01.
    #[schemars(with = "Option<[String; 4]>")]
    pub possible: Option<At<[At<String>; 4]>>,
    /// Below 0.01.
    #[schemars(with = "Option<[String; 4]>")]
    pub unlikely: Option<At<[At<String>; 4]>>,
}

/// A level below which findings do not fall, where all that is said here holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Floor {
    /// The level.
    #[schemars(with = "String", extend("enum" = ["critical", "high", "medium", "low"]))]
    pub level: At<String>,
    /// Why.
    pub because: String,
    /// Known to be exploited.
    #[serde(default)]
    pub known_exploited: bool,
    /// A malicious package.
    #[serde(default)]
    pub malicious: bool,
    /// At least this CVSS base score, 0.0 to 10.0.
    #[schemars(with = "Option<f64>", range(min = 0.0, max = 10.0))]
    pub cvss_at_least: Option<At<f64>>,
    /// Exposed at least so far: `internet`, `internal`, `isolated`.
    #[schemars(with = "Option<String>", extend("enum" = ["internet", "internal", "isolated"]))]
    pub exposure: Option<At<String>>,
    /// In production.
    #[serde(default)]
    pub production: bool,
    /// In systems of this tier.
    #[schemars(with = "Option<String>")]
    pub tier: Option<At<String>>,
}

/// By when findings must be gone. A term is `72 hours`, `14 days`, `5 working days`, `this sprint`,
/// `2 sprints`, `catalogue` or `opportunistic`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Deadlines {
    /// `detected`: when the finding was first seen here; `published`: when the first advisory was.
    #[schemars(with = "Option<String>", extend("enum" = ["detected", "published"]))]
    pub counts_from: Option<At<String>>,
    /// Term for what is known to be exploited; the earlier of this and the level's holds. `none`: no such term.
    #[schemars(with = "Option<String>")]
    pub known_exploited: Option<At<String>>,
    /// Terms by level, one table for each environment; `other` is for the rest. What is left out is the preset's.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, ByLevel<String>>")]
    pub terms: BTreeMap<String, At<ByLevel<String>>>,
}

/// One value for each level. Over a preset, a level that is left out is the preset's.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ByLevel<T> {
    /// Of critical findings.
    pub critical: Option<At<T>>,
    /// Of high ones.
    pub high: Option<At<T>>,
    /// Of medium ones.
    pub medium: Option<At<T>>,
    /// Of low ones.
    pub low: Option<At<T>>,
}

/// When people work.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Calendar {
    /// IANA name, such as `Europe/London`.
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<At<String>>,
    /// Days of the week without work.
    #[schemars(with = "Option<Vec<String>>")]
    pub weekend: Option<Vec<At<String>>>,
    /// When a working day ends, such as `17:00`.
    #[schemars(with = "Option<String>")]
    pub day_ends: Option<At<String>>,
    /// What happens to a deadline in days on a day without work: `keep`, `before`, `after`.
    #[schemars(with = "Option<String>", extend("enum" = ["keep", "before", "after"]))]
    pub non_working_day: Option<At<String>>,
    /// Sprints.
    pub sprint: Option<Sprint>,
    /// Days without work.
    #[serde(default)]
    pub holiday: Vec<Holiday>,
    /// Times without deployments.
    #[serde(default)]
    pub freeze: Vec<Freeze>,
}

/// Sprints: back to back, from some first day.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sprint {
    /// The first day of some sprint.
    #[schemars(with = "String", extend("format" = "date"))]
    pub start: At<toml::value::Datetime>,
    /// Days of one sprint, 1 to 92.
    #[schemars(with = "u16", range(min = 1, max = 92))]
    pub days: At<u16>,
}

/// A day without work.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Holiday {
    /// The day.
    #[schemars(with = "String", extend("format" = "date"))]
    pub date: At<toml::value::Datetime>,
    /// Its name.
    pub name: String,
}

/// A time without deployments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Freeze {
    /// The first day.
    #[schemars(with = "String", extend("format" = "date"))]
    pub from: At<toml::value::Datetime>,
    /// The last day.
    #[schemars(with = "String", extend("format" = "date"))]
    pub to: At<toml::value::Datetime>,
    /// Why.
    pub reason: String,
    /// Levels that are deployed all the same.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub except: Vec<At<String>>,
}

/// A rhythm that teams may choose.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cadence {
    /// Its name.
    pub name: String,
    /// `now`, `week`, `sprint`, `cool-down`, `month`, `quarter`.
    #[schemars(with = "String", extend("enum" = ["now", "week", "sprint", "cool-down", "month", "quarter"]))]
    pub every: At<String>,
    /// The levels that go into it.
    #[schemars(with = "Vec<String>")]
    pub levels: Vec<At<String>>,
}

/// Who may accept what, and for how long.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Exceptions {
    /// Longest duration by level, such as `30 days`; `never`; `no limit`.
    #[schemars(with = "Option<ByLevel<String>>")]
    pub longest: Option<At<ByLevel<String>>>,
    /// Sides that may ask.
    #[schemars(with = "Option<Vec<String>>")]
    pub may_ask: Option<Vec<At<String>>>,
    /// Sides of which one must approve, by level. Never the person who asked.
    #[schemars(with = "Option<ByLevel<Vec<String>>>")]
    pub may_approve: Option<At<ByLevel<Vec<At<String>>>>>,
    /// From this level on a compensating control is required: a level, or `never`.
    #[schemars(with = "Option<String>")]
    pub control_from: Option<At<String>>,
}

/// Who grants a change outside of any cadence. Never the person who asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Emergencies {
    /// Sides of which people grant it [default: those that may accept what is critical].
    #[schemars(with = "Option<Vec<String>>")]
    pub may_approve: Option<At<Vec<At<String>>>>,
    /// How many people must grant it, each another, 1 to 3 [default: 1].
    #[schemars(with = "Option<u8>", range(min = 1, max = 3))]
    pub people: Option<At<u8>>,
    /// The time to answer in, such as `4 hours`, the default.
    #[schemars(with = "Option<String>")]
    pub within: Option<At<String>>,
}

/// Who decides a dispute about what comes first. Never the person who asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Disputes {
    /// Sides of which one decides [default: those that may accept what is of the gravest level of the change].
    #[schemars(with = "Option<Vec<String>>")]
    pub may_decide: Option<At<Vec<At<String>>>>,
    /// The time to decide in, such as `48 hours`, the default.
    #[schemars(with = "Option<String>")]
    pub within: Option<At<String>>,
}

/// What a new dependency must be. Strictness is `allow`, `warn` or `deny`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Selection {
    /// Where packages may come from, as prefixes of URLs. Empty: anywhere.
    pub registries: Option<Vec<String>>,
    /// Licences.
    pub licences: Option<Licences>,
    /// Least age of a version, such as `14 days`.
    #[schemars(with = "Option<String>")]
    pub minimum_age: Option<At<String>>,
    /// Longest time since the last release, such as `730 days`.
    #[schemars(with = "Option<String>")]
    pub last_release: Option<At<String>>,
    /// Yanked and deprecated versions.
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "warn", "deny"]))]
    pub yanked: Option<At<String>>,
    /// Archived projects.
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "warn", "deny"]))]
    pub archived: Option<At<String>>,
    /// Unmaintained packages.
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "warn", "deny"]))]
    pub unmaintained: Option<At<String>>,
    /// Products past their end of life.
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "warn", "deny"]))]
    pub end_of_life: Option<At<String>>,
    /// Dependencies that nothing pins.
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "warn", "deny"]))]
    pub unpinned: Option<At<String>>,
    /// Locked components without an integrity hash.
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "warn", "deny"]))]
    pub unhashed: Option<At<String>>,
    /// Packages that are refused.
    pub denied: Option<Vec<Denied>>,
}

/// Licences, as SPDX ids.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Licences {
    /// Fine. Empty: all but the others.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub allowed: Vec<At<String>>,
    /// Refused.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub denied: Vec<At<String>>,
    /// Somebody must look at them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub needs_review: Vec<At<String>>,
}

/// A package that is refused.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Denied {
    /// Its purl; with a version only that one.
    #[schemars(with = "String")]
    pub package: At<String>,
    /// Why, and what to take instead.
    pub reason: String,
}

/// What is done where data is missing. It is shown either way.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Unknown {
    /// What the gate does with what it cannot know: `allow`, `warn`, `deny`.
    #[schemars(with = "Option<String>", extend("enum" = ["allow", "warn", "deny"]))]
    pub gate: Option<At<String>>,
    /// Technical impact without a severity: `none`, `limited`, `serious`, `total`.
    #[schemars(with = "Option<String>", extend("enum" = ["none", "limited", "serious", "total"]))]
    pub severity: Option<At<String>>,
    /// Exposure of a system that does not say: `internet`, `internal`, `isolated`.
    #[schemars(with = "Option<String>", extend("enum" = ["internet", "internal", "isolated"]))]
    pub exposure: Option<At<String>>,
    /// Steps of impact of a system that does not name its tier.
    #[schemars(with = "Option<i8>", range(min = -3, max = 3))]
    pub tier: Option<At<i8>>,
    /// Steps of impact of a system that does not name its data.
    #[schemars(with = "Option<i8>", range(min = 0, max = 3))]
    pub data: Option<At<i8>>,
    /// Environment of a system that names none [default: the first one with `production = true`].
    #[schemars(with = "Option<String>")]
    pub environment: Option<At<String>>,
}

/// Numbers of the weighing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Weighing {
    /// Least probability of a known exploited vulnerability.
    #[schemars(with = "Option<f64>", range(min = 0.0, max = 1.0))]
    pub known_exploited: Option<At<f64>>,
    /// Probability by rating where EPSS has no score: `unknown`, `none`, `low`, `medium`, `high`, `critical`.
    #[schemars(with = "BTreeMap<String, f64>")]
    #[serde(default)]
    pub prior: BTreeMap<String, At<f64>>,
    /// Factor on the odds by exposure, for the attack vectors physical, local, adjacent, network.
    #[schemars(with = "BTreeMap<String, [f64; 4]>")]
    #[serde(default)]
    pub exposure: BTreeMap<String, At<[f64; 4]>>,
    /// Factor on the odds by scope: `runtime`, `optional`, `build`, `development`, `test`.
    #[schemars(with = "BTreeMap<String, f64>")]
    #[serde(default)]
    pub scope: BTreeMap<String, At<f64>>,
    /// Factor on the odds by reachability: `called`, `imported`, `symbol-not-seen`, `not-imported`.
    #[schemars(with = "BTreeMap<String, f64>")]
    #[serde(default)]
    pub reachability: BTreeMap<String, At<f64>>,
    /// Factor on the odds by use at run time: `loaded`, `not-seen`.
    #[schemars(with = "BTreeMap<String, f64>")]
    #[serde(default)]
    pub runtime: BTreeMap<String, At<f64>>,
    /// Factor on the odds by a supplier's statement: `affected`, `under_investigation`, `fixed`, `not_affected`.
    #[schemars(with = "BTreeMap<String, f64>")]
    #[serde(default)]
    pub vex: BTreeMap<String, At<f64>>,
}

/// What work costs, in points: least and most.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cost {
    /// Working days for one point.
    #[schemars(with = "Option<f64>")]
    pub days_per_point: Option<At<f64>>,
    /// A patch release.
    #[schemars(with = "Option<[f64; 2]>")]
    pub patch: Option<At<[f64; 2]>>,
    /// A minor release.
    #[schemars(with = "Option<[f64; 2]>")]
    pub minor: Option<At<[f64; 2]>>,
    /// A major release.
    #[schemars(with = "Option<[f64; 2]>")]
    pub major: Option<At<[f64; 2]>>,
    /// More for a package that is not a direct dependency.
    #[schemars(with = "Option<[f64; 2]>")]
    pub transitive: Option<At<[f64; 2]>>,
    /// More for every further file that lists it.
    #[schemars(with = "Option<[f64; 2]>")]
    pub per_file: Option<At<[f64; 2]>>,
}

/// The date that a TOML value says. `None`: it says a time, or no day of the calendar.
pub(crate) fn date(value: toml::value::Datetime) -> Option<Date> {
    match (value.date, value.time, value.offset) {
        (Some(d), None, None) => Date::new(
            i16::try_from(d.year).ok()?,
            i8::try_from(d.month).ok()?,
            i8::try_from(d.day).ok()?,
        )
        .ok(),
        _ => None,
    }
}
