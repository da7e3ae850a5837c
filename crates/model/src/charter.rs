//! The charter: what security, engineering, product and operations agreed on, as values that were
//! checked when the file was read (crate `trimtab-charter`).

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

use crate::context::{Exposure, Role};
use crate::evidence::{Reachability, RuntimeUse, VexStatus};
use crate::level::{ImpactBand, Level, LikelihoodBand};
use crate::purl::Purl;

/// The agreement.
#[derive(Debug, Clone, PartialEq)]
pub struct Charter {
    /// Its name.
    pub name: Box<str>,
    /// Its version, as the parties count it.
    pub version: Box<str>,
    /// The shared goal, in words.
    pub goal: Box<str>,
    /// Who agreed.
    pub parties: Vec<Party>,
    /// How much systems can matter.
    pub tiers: Vec<Tier>,
    /// What data can be held.
    pub data: Vec<DataClass>,
    /// Where systems run.
    pub environments: Vec<Environment>,
    /// Likelihood × impact.
    pub matrix: Matrix,
    /// Levels below which certain findings never fall. The built-in ones come first.
    pub floors: Vec<Floor>,
    /// Numbers of the weighing.
    pub weighing: Weighing,
    /// By when.
    pub deadlines: Deadlines,
    /// When people work.
    pub calendar: Calendar,
    /// What an open finding of each level adds to the load; by [`Level`] as index.
    pub weights: [f64; 4],
    /// The rhythms that teams may choose.
    pub cadences: Vec<Cadence>,
    /// Who may accept what, and for how long.
    pub exceptions: ExceptionRules,
    /// Who grants a change outside of any cadence.
    pub emergencies: AppealRule,
    /// Who decides a dispute about what comes first.
    pub disputes: AppealRule,
    /// What a new dependency must be.
    pub selection: Selection,
    /// What is done where data is missing.
    pub unknown: UnknownRules,
    /// What work costs.
    pub cost: CostModel,
}

impl Charter {
    /// The tier of a name.
    pub fn tier(&self, name: &str) -> Option<&Tier> {
        self.tiers.iter().find(|tier| &*tier.name == name)
    }

    /// The class of data of a name.
    pub fn data_class(&self, name: &str) -> Option<&DataClass> {
        self.data.iter().find(|class| &*class.name == name)
    }

    /// The environment of a name.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| &*environment.name == name)
    }

    /// The environment that a system is taken to run in where it names none: the one that the charter
    /// says, else its first production one. `None`: the charter has none for production.
    pub fn assumed_environment(&self) -> Option<&Environment> {
        match &self.unknown.environment {
            Some(name) => self.environment(name),
            None => self.environments.iter().find(|environment| environment.production),
        }
    }

    /// What a finding of a level weighs.
    pub fn weight(&self, level: Level) -> f64 {
        self.weights[level as usize]
    }
}

/// Somebody who agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// For which side.
    pub side: Role,
    /// Who.
    pub name: Box<str>,
    /// When. `None`: not yet.
    pub agreed: Option<Date>,
}

/// How much a system matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tier {
    /// Its name.
    pub name: Box<str>,
    /// What it means, in a sentence.
    pub meaning: Box<str>,
    /// The gravest level that may remain without being a violation. `None`: none may.
    pub acceptable: Option<Level>,
    /// By how many steps it moves the impact (−3 to 3).
    pub impact: i8,
}

/// A class of data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataClass {
    /// Its name.
    pub name: Box<str>,
    /// What it means, in a sentence.
    pub meaning: Box<str>,
    /// By how many steps it raises the impact where confidentiality or integrity is at stake (0 to 3).
    pub impact: i8,
}

/// Where systems run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: Box<str>,
    /// Whether customers depend on it: only production counts to the load.
    pub production: bool,
}

/// Levels by likelihood (rows) and impact (columns).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matrix(pub [[Level; 4]; 4]);

impl Matrix {
    /// The level of two bands.
    pub const fn level(&self, likelihood: LikelihoodBand, impact: ImpactBand) -> Level {
        self.0[likelihood as usize][impact as usize]
    }

    /// Whether no step towards likelier or graver lowers the level.
    pub fn is_monotonic(&self) -> bool {
        let rows = self.0.iter().all(|row| row.is_sorted());
        let columns = (0..4).all(|c| self.0.iter().map(|row| row[c]).is_sorted());
        rows && columns
    }
}

/// A level below which a finding does not fall if all conditions listed here are met.
#[derive(Debug, Clone, PartialEq)]
pub struct Floor {
    /// Known to be exploited (KEV).
    pub known_exploited: bool,
    /// A malicious package.
    pub malicious: bool,
    /// At least this CVSS base score, in tenths.
    pub cvss_tenths: Option<u8>,
    /// Exposed at least so far. Unknown exposure counts as the charter assumes.
    pub exposure: Option<Exposure>,
    /// In a production environment.
    pub production: bool,
    /// In a system of this tier.
    pub tier: Option<Box<str>>,
    /// The level.
    pub level: Level,
    /// Why, in words.
    pub because: Box<str>,
}

/// The numbers of the weighing. Each has a default with its source (`trimtab charter explain` shows
/// them) and can be set by the charter.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighing {
    /// Probability of a known exploited vulnerability, at least.
    pub known_exploited: f64,
    /// Probability by rating where there is no EPSS: unknown, none, low, medium, high, critical.
    pub prior: [f64; 6],
    /// Factor on the odds by exposure (rows, [`Exposure`]) and attack vector (columns: physical, local,
    /// adjacent, network).
    pub exposure: [[f64; 4]; 3],
    /// Factor on the odds by scope: runtime, optional, build, development, test.
    pub scope: [f64; 5],
    /// Factor on the odds by reachability, in its order.
    pub reachability: [f64; 5],
    /// Factor on the odds by use at run time, in its order.
    pub runtime: [f64; 3],
    /// Factor on the odds by a supplier's statement, in the order of [`VexStatus`].
    pub vex: [f64; 4],
}

impl Weighing {
    /// The factor of a reachability.
    pub fn reachability(&self, value: Reachability) -> f64 {
        self.reachability[value as usize]
    }

    /// The factor of a use at run time.
    pub fn runtime(&self, value: RuntimeUse) -> f64 {
        self.runtime[value as usize]
    }

    /// The factor of a statement.
    pub fn vex(&self, value: VexStatus) -> f64 {
        self.vex[value as usize]
    }
}

/// How long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Term {
    /// Hours on the clock, day and night.
    Hours(u32),
    /// Days of the calendar, to the end of the last one's working hours.
    Days(u32),
    /// Working days, to the end of the last one's working hours.
    WorkingDays(u32),
    /// To the end of a sprint: 1 is the one that runs.
    Sprints(u32),
    /// The due date of CISA's catalogue.
    Catalogue,
    /// No date.
    Opportunistic,
}

/// From when a deadline counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum CountsFrom {
    /// From when the finding was first detected here.
    #[default]
    Detected,
    /// From when the first advisory was published.
    Published,
}

/// When findings must be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlines {
    /// From when.
    pub counts_from: CountsFrom,
    /// For findings that are known to be exploited; the earlier of this term and the level's term
    /// applies.
    pub known_exploited: Option<Term>,
    /// By environment (name) and [`Level`] as index; the first line is for environments without one.
    pub terms: Vec<(Option<Box<str>>, [Term; 4])>,
}

/// When people work.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// Where the days begin.
    pub time_zone: TimeZone,
    /// Days of the week without work.
    pub weekend: Vec<Weekday>,
    /// When a working day ends.
    pub day_ends: Time,
    /// Other days without work, with their names, sorted.
    pub holidays: Vec<(Date, Box<str>)>,
    /// The first day of some sprint, and the days of one. `None`: no sprints.
    pub sprint: Option<(Date, u16)>,
    /// When nothing is deployed.
    pub freezes: Vec<Freeze>,
    /// What happens to a deadline in days that falls on a day without work.
    pub non_working: NonWorking,
}

/// A time without deployments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Freeze {
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Why.
    pub reason: Box<str>,
    /// Levels that are deployed all the same.
    pub except: Vec<Level>,
}

/// What happens to a deadline on a day without work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NonWorking {
    /// It stays.
    #[default]
    Keep,
    /// It moves to the working day before.
    Before,
    /// It moves to the next working day.
    After,
}

/// A rhythm that teams may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cadence {
    /// Its name.
    pub name: Box<str>,
    /// How often, in words that the planner reads (`week`, `sprint`, `month`, `quarter`, `now`).
    pub every: Box<str>,
    /// The levels that go into it.
    pub levels: Vec<Level>,
}

/// Who may accept what, and for how long. By [`Level`] as index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionRules {
    /// Longest duration in days; `Some(0)`: no exception is allowed; `None`: no limit.
    pub longest_days: [Option<u32>; 4],
    /// Who may ask.
    pub may_ask: Vec<Role>,
    /// Who may approve.
    pub may_approve: [Vec<Role>; 4],
    /// From which level on a compensating control is required. `None`: never.
    pub control_from: Option<Level>,
}

/// Who grants what is asked outside of the plan. Never who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppealRule {
    /// The sides of which people grant it. `None`: those that may accept a finding of its level.
    pub sides: Option<Vec<Role>>,
    /// How many people must, each another.
    pub people: u8,
    /// Until when it is to be answered.
    pub within: Term,
}

impl AppealRule {
    /// The sides of which people grant what is of a level.
    pub fn sides(&self, level: Level, exceptions: &ExceptionRules) -> Vec<Role> {
        match &self.sides {
            Some(sides) => sides.clone(),
            None => exceptions.may_approve.get(level as usize).cloned().unwrap_or_default(),
        }
    }
}

/// How strictly something is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Strictness {
    /// It does not matter.
    #[default]
    Allow,
    /// It is reported.
    Warn,
    /// It is refused.
    Deny,
}

impl Strictness {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Strictness::Allow => "allow",
            Strictness::Warn => "warn",
            Strictness::Deny => "deny",
        }
    }
}

/// What a new dependency must be. Known-malicious packages are always refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Where packages may come from (prefixes of URLs); none: anywhere.
    pub registries: Vec<Box<str>>,
    /// Licences that are fine (SPDX ids); none: all but the others.
    pub licences_allowed: Vec<Box<str>>,
    /// Licences that are refused.
    pub licences_denied: Vec<Box<str>>,
    /// Licences that somebody must look at.
    pub licences_review: Vec<Box<str>>,
    /// Versions younger than this many days are refused.
    pub minimum_age_days: Option<u32>,
    /// Packages whose last release is older than this many days are not maintained.
    pub last_release_days: Option<u32>,
    /// Yanked and deprecated versions.
    pub yanked: Strictness,
    /// Archived projects.
    pub archived: Strictness,
    /// Packages that an advisory calls unmaintained, or whose last release is too old.
    pub unmaintained: Strictness,
    /// Products past their end of life.
    pub end_of_life: Strictness,
    /// Packages that are refused; with a version, only that one. `*` ends a name as a wildcard.
    pub denied: Vec<Denied>,
    /// Dependencies that nothing pins.
    pub unpinned: Strictness,
    /// Locked components without an integrity hash.
    pub unhashed: Strictness,
}

/// A package that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// Which.
    pub package: Purl,
    /// Why, and what to take instead.
    pub reason: Box<str>,
}

/// What is done where data is missing. Missing data is shown either way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRules {
    /// Whether the gate fails, warns or passes what it cannot know.
    pub gate: Strictness,
    /// The technical impact that is assumed without a severity (0 none to 3 total).
    pub severity_steps: i8,
    /// The exposure that is assumed.
    pub exposure: Exposure,
    /// The steps of impact that an unknown tier adds.
    pub tier_steps: i8,
    /// The steps of impact that unknown data adds.
    pub data_steps: i8,
    /// The environment that is assumed of a system that names none. `None`: the first production one.
    pub environment: Option<Box<str>>,
}

/// What work costs, in points: ranges of least and most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CostModel {
    /// Working days for one point.
    pub days_per_point: f64,
    /// A patch release.
    pub patch: (f64, f64),
    /// A minor release.
    pub minor: (f64, f64),
    /// A major release, or a minor one of 0.x.
    pub major: (f64, f64),
    /// More for a package that is not a direct dependency.
    pub transitive: (f64, f64),
    /// More for every further file that lists it.
    pub per_file: (f64, f64),
}
