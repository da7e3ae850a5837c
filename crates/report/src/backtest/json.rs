//! Trimtab's own JSON of a backtest: what each way of working would have come to, and what that rests on.
//! The shape is published as `docs/schemas/backtest-1.schema.json`; adding a member keeps the version.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::plan::json::{Charter, Index};

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-backtest";

/// The version of the shape that this build writes.
pub const VERSION: u32 = 1;

/// The name of the way in which an agreement is kept by planning.
pub const PLANNED: &str = "planned";
/// The name of the way as it was in truth.
pub const AS_IT_WAS: &str = "as it was";

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// The past of a repository, lived through in several ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Backtest")]
pub struct Document {
    /// Always `trimtab-backtest`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// A name for what is looked at.
    pub target: String,
    /// The time that is lived through.
    pub period: Period,
    /// What was read of the history.
    pub history: History,
    /// The advisory index that it was matched with.
    pub index: Index,
    /// The charter that it was weighed by.
    pub charter: Charter,
    /// Who works, and when.
    pub rhythm: Rhythm,
    /// Findings by what became of them.
    pub counts: Counts,
    /// What each way came to; the first is by planning.
    pub ways: Vec<Way>,
    /// What planning would have come to by other rhythms, with the same charter.
    pub compared: Vec<Compared>,
    /// What is assumed, in words.
    pub assumptions: Vec<String>,
    /// What could not be seen, in words.
    pub gaps: Vec<String>,
    /// The findings, those that cost most as it was first.
    pub findings: Vec<Finding>,
}

/// The time that is lived through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// Its beginning.
    pub from: String,
    /// Its end.
    pub until: String,
    /// Its length, in days.
    pub days: f64,
}

/// What was read of the history.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct History {
    /// The branch, tag or commit that was asked for.
    pub reference: String,
    /// The last commit that counts.
    pub commit: String,
    /// Commits that changed a file that lists dependencies, the state at the beginning included.
    pub commits: usize,
    /// Files that list dependencies.
    pub files: usize,
    /// Distinct components in them over the time.
    pub components: usize,
}

/// Who works, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rhythm {
    /// The team.
    pub team: String,
    /// The cadence.
    pub cadence: String,
    /// The points of work in a whole window.
    pub capacity: f64,
    /// The working days of one point, by the charter.
    pub days_per_point: f64,
    /// How many batches may be open at a time. `null`: no limit.
    pub open_limit: Option<u32>,
    /// What of this nobody said, so that it is assumed.
    pub assumed: Vec<String>,
    /// The windows that begin in the period.
    pub windows: usize,
}

/// Findings by what became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All that are lived through, each in one file.
    pub findings: usize,
    /// Those that were open when the time began.
    pub at_begin: usize,
    /// Those for which some source names a fix.
    pub fixable: usize,
    /// Those with a fix whose every action costs more than the largest window has, so that it waits for points that
    /// several windows leave over.
    pub beyond: usize,
    /// Those left out because people decided about them: accepted, or not affected.
    pub decided: usize,
    /// Those whose advisories do not say when they were published.
    pub undated: usize,
    /// Those that stood already when the history that is read begins, so that it is unknown when they came.
    #[serde(default)]
    pub earlier: usize,
    /// Those whose advisories have no score: by severity they come last.
    #[serde(default)]
    pub unscored: usize,
    /// Those with a deadline in the period.
    pub due: usize,
    /// Components about which nothing can be said.
    pub unknown_components: usize,
}

/// A way of working, and what it came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// Load-days over the time.
    pub load_days: f64,
    /// Days from appearing to being gone, of what is gone. `null`: nothing is.
    pub remediation: Option<Spread>,
    /// How many were gone after how many days.
    pub days: Vec<Bucket>,
    /// Findings that are open at the end.
    pub open: usize,
    /// Findings that never were open: an earlier update had removed them before anybody knew of them.
    pub spared: usize,
    /// Findings that were gone by their deadline, of those that are due in the period.
    pub kept: usize,
    /// Times at which the team was asked for work outside *now*. `null`: unknown.
    pub interruptions: Option<usize>,
    /// The most such times within seven days. `null`: unknown.
    pub most_a_week: Option<usize>,
    /// Times at which the team was asked for work *now*. `null`: unknown.
    pub now: Option<usize>,
    /// Points of work. `null`: unknown.
    pub points: Option<f64>,
    /// The load: at the beginning, and after each moment at which it changes.
    pub course: Vec<Load>,
}

/// Days to remediate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// How many findings are gone.
    pub count: usize,
    /// The middle one.
    pub median: f64,
    /// Nine of ten are not above it.
    pub p90: f64,
    /// The greatest.
    pub most: f64,
}

/// How many findings were gone after so many days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Bucket {
    /// After no more than so many days, and more than those of the bucket before. `null`: any number.
    pub days: Option<u32>,
    /// How many.
    pub findings: usize,
}

/// The load at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// The moment.
    pub at: String,
    /// The load from then on.
    pub load: f64,
}

/// Planning by another rhythm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared {
    /// The cadence.
    pub cadence: String,
    /// The points of work in a whole window.
    pub capacity: f64,
    /// The windows that begin in the period.
    pub windows: usize,
    /// What it came to.
    pub way: Way,
}

/// A finding in one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Its name.
    pub name: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// The component as it was when the finding appeared, as a purl.
    pub package: String,
    /// The file.
    pub file: String,
    /// Its level.
    #[schemars(extend("enum" = ["low", "medium", "high", "critical"]))]
    pub level: String,
    /// What it adds to the load while it is open.
    pub weight: f64,
    /// When it could be known here.
    pub appears: String,
    /// By when it had to be gone. `null`: no date, or unknown.
    pub deadline: Option<String>,
    /// The version that mends it. `null`: no source names one.
    pub fix: Option<String>,
    /// Whether it is known to be exploited, as of today.
    pub exploited: bool,
    /// When it is gone in each way, in the order of the ways. `null`: not in the period.
    pub gone: Vec<Option<String>>,
}

impl Document {
    /// A way by its name.
    pub fn way(&self, name: &str) -> Option<&Way> {
        self.ways.iter().find(|way| way.name == name)
    }
}

/// Writes a backtest.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    crate::inert::write_json(document, out)?;
    writeln!(out)
}
