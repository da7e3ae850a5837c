//! Trimtab's own JSON of a plan: all that people decide by, and all that is needed to carry a batch out.
//! The shape is published as `docs/schemas/plan-1.schema.json`; adding a member keeps the version.

mod accept;
mod action;

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use accept::Accept;
pub use action::{
    Action, Asked, Change, Check, Confidence, Cost, CostReason, Estimate, Move, Reason,
};

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-plan";

/// The version of the shape that this build writes.
pub const VERSION: u32 = 1;

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// A plan for a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Plan")]
pub struct Document {
    /// Always `trimtab-plan`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// A name for what is planned.
    pub target: String,
    /// The moment of planning.
    pub now: String,
    /// From the top of the repository to the folder that is planned, with a slash at the end; empty: all of it. Paths of
    /// places, changes and diffs are from the top.
    pub folder: String,
    /// The advisory index that it was matched with.
    pub index: Index,
    /// The charter that it was weighed by.
    pub charter: Charter,
    /// Who works, and when.
    pub rhythm: Rhythm,
    /// How far package managers were asked.
    pub search: Search,
    /// The load now.
    pub load: f64,
    /// How good the plan is.
    pub worth: Worth,
    /// What happens if nothing is done.
    pub nothing: Nothing,
    /// The load at each moment at which something is released.
    pub course: Vec<Course>,
    /// What is done together: one request for a change each. In the order in which they are carried out.
    pub batches: Vec<Batch>,
    /// The actions that are known to be possible, or, where no resolver was asked, thought to be.
    pub actions: Vec<Action>,
    /// What stays open, and why.
    pub left: Vec<Left>,
    /// Actions that are not taken, and why.
    pub not_taken: Vec<NotTaken>,
    /// What one more point in a window would do, where it would do something.
    pub margins: Vec<Margin>,
    /// The open findings, worst first.
    pub findings: Vec<Finding>,
    /// What finished batches of the repository taught of costs, by sort of change. Of what is not here, the published priors
    /// are used: the charter's points, and shares that are assumed.
    #[serde(default)]
    pub learnt: Vec<Learnt>,
    /// Components of which it cannot be said, or not by each advisory, whether they are vulnerable. What cannot be said is in
    /// none of the numbers.
    #[serde(default)]
    pub not_judged: Vec<NotJudged>,
    /// How many files that list components were read, whole or in part.
    #[serde(default)]
    pub read: usize,
    /// Files that could not be read, or not whole. What is open in them is unknown, and in none of the numbers: where there
    /// is one, no findings does not mean that nothing is open.
    #[serde(default)]
    pub unread: Vec<Unread>,
}

/// What finished changes of one sort came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Learnt {
    /// What is reckoned with now.
    pub estimate: Estimate,
    /// The least and the most points, and the probability that nothing breaks, before there was history.
    pub prior: (f64, f64, f64),
    /// Of how many people said the points.
    pub said: usize,
    /// The middle of the working days from when they were carried out until they were merged. `null`: unknown.
    pub days: Option<f64>,
}

/// A file that could not be read, or not whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unread {
    /// The file, from the top of the repository. Empty: it is the folder that is planned.
    pub file: String,
    /// The diagnostic, by its code.
    pub code: String,
    /// What happened, in words.
    pub why: String,
    /// Whether components of it were read.
    pub partly: bool,
}

/// A component of which it cannot be said, or not by each advisory, whether it is vulnerable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotJudged {
    /// Its purl.
    pub package: String,
    /// Why, as a scan says it: `no-version`, `unparsable-version`, `no-ecosystem`, `not-from-registry`, `incomparable-range`.
    /// The last says that these advisories alone could not be compared: findings by others are counted.
    pub reason: String,
    /// The advisories that may apply to it, sorted.
    #[serde(default)]
    pub advisories: Vec<String>,
}

/// An advisory index.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Index {
    /// The newest date of an advisory. `null`: unknown.
    pub data_date: Option<String>,
    /// Its digest.
    pub digest: String,
}

/// A charter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Charter {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
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
    /// The windows.
    pub windows: Vec<Window>,
    /// Until when load-days are counted.
    pub horizon: String,
    /// The time zone of the charter's calendar, of which days are told. `null`: it has no name, or an older build wrote this.
    #[serde(default)]
    pub time_zone: Option<String>,
}

impl Rhythm {
    /// A moment as clocks of the time zone show it, with the offset. What is none, and where no zone is known, stays as it is.
    pub fn local(&self, moment: &str) -> String {
        local(self.time_zone.as_deref(), moment)
    }
}

/// A moment as clocks of a time zone show it, with the offset. What is none, and where no zone is known, stays as it is.
pub(crate) fn local(time_zone: Option<&str>, moment: &str) -> String {
    let zone = time_zone.and_then(|name| TimeZone::get(name).ok());
    let local = moment.parse::<Timestamp>().ok().zip(zone).and_then(|(at, zone)| {
        let offset = zone.to_offset(at);
        (offset != Offset::UTC).then(|| at.display_with_offset(offset).to_string())
    });
    local.unwrap_or_else(|| moment.to_owned())
}

/// One window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub start: String,
    /// When it ends.
    pub end: String,
    /// The points of work that there are.
    pub points: f64,
    /// The least level that goes into it.
    #[schemars(extend("enum" = ["low", "medium", "high", "critical"]))]
    pub least: String,
}

/// How far package managers were asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Search {
    /// Whether resolvers were asked at all.
    pub offline: bool,
    /// Components in files for which something might be done.
    pub ideas: usize,
    /// Of these, those for which a confirmed action is known.
    pub confirmed: usize,
    /// How many times a package manager was asked.
    pub tries: usize,
    /// Whether the time or the number of tries was over before everything was asked.
    pub cut_short: bool,
}

/// How good a plan is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worth {
    /// Load-days until the horizon, plus what days after deadlines count more.
    pub objective: f64,
    /// No plan has an objective below this.
    pub bound: f64,
    /// (objective − bound) / objective.
    pub gap: f64,
    /// Load-days until the horizon.
    pub load_days: f64,
    /// Findings that are not gone by their deadline.
    pub missed: usize,
}

/// What happens if nothing is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Nothing {
    /// Load-days until the horizon.
    pub load_days: f64,
    /// Names of the findings whose deadline passes, the next one first.
    pub missed: Vec<String>,
}

/// The load at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Course {
    /// The moment.
    pub at: String,
    /// By the plan.
    pub load: f64,
    /// If nothing is done.
    pub nothing: f64,
}

/// What is done to one place in one slot.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// Its name: the same as long as window and place are.
    pub name: String,
    /// `now`, or the name of a window.
    pub window: String,
    /// The lockfile or manifest that it changes, from the top of the repository.
    pub place: String,
    /// The folder where the package manager is run, from the top; empty: the top.
    pub folder: String,
    /// The package manager.
    pub tool: String,
    /// The batch that is carried out before it at the same place, on top of which this one was tried.
    pub after: Option<String>,
    /// Names of its actions, in the order in which they are carried out.
    pub actions: Vec<String>,
    /// Actions of which a batch before it at the same place has a part: what of each is left to this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rest: Vec<Rest>,
    /// The least points.
    pub least: f64,
    /// The most points.
    pub most: f64,
    /// The points that are reckoned with.
    pub points: f64,
    /// Names of the findings that are gone with it and not before.
    pub removes: Vec<String>,
    /// The load that goes with them.
    pub load: f64,
    /// The load-days that are saved until the horizon.
    pub load_days: f64,
    /// From when it can be carried out: the start of the window, or, where a version leaves quarantine within it, then.
    #[serde(default)]
    pub from: String,
    /// When it is in production.
    pub by: String,
    /// Why these actions.
    pub why_these: Vec<String>,
    /// Why in this window.
    pub why_now: Vec<String>,
    /// How far it was tried: all of it `together`, each action `alone`, or `no`.
    #[schemars(extend("enum" = ["together", "alone", "no"]))]
    pub confirmed: String,
    /// What each package moves from and to with the whole batch. Empty: it was not tried together.
    pub moves: Vec<Move>,
    /// The files that change with the whole batch. Empty: it was not tried together.
    pub changes: Vec<Change>,
}

/// What is left of an action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Rest {
    /// Its name.
    pub action: String,
    /// The packages that it names and this batch moves, as purls without version.
    pub left: Vec<String>,
    /// Those that a batch before it moves.
    pub done: Vec<String>,
}

/// A finding that stays open.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Left {
    /// Its name.
    pub finding: String,
    /// Why, in words.
    pub why: String,
    /// Who stands in the way: one requirement each.
    pub blockers: Vec<Blocker>,
    /// The next best action, in words. `null`: its action waits for another one.
    pub next: Option<String>,
    /// The edit of a manifest that would be made, where the package manager is not there to confirm it.
    pub edit: Vec<Change>,
    /// What was tried, and what came of it.
    pub tried: Vec<String>,
    /// What accepting it until a date takes. `null`: an older build wrote this.
    pub accept: Option<Accept>,
}

/// A requirement that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Blocker {
    /// Who requires.
    pub who: String,
    /// What is required.
    pub needs: String,
    /// In which versions.
    pub range: String,
}

/// An action that is not taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NotTaken {
    /// Its name.
    pub action: String,
    /// Why, in words.
    pub why: String,
}

/// What one more point in a window would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Margin {
    /// The window.
    pub window: String,
    /// By how much the objective falls, at least.
    pub saves: f64,
    /// Names of the actions that come into the plan.
    pub adds: Vec<String>,
    /// Names of the findings that are gone by the horizon and otherwise would not be.
    pub removes: Vec<String>,
    /// The load of these findings.
    pub load: f64,
}

/// An open finding in one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Its name in this plan.
    pub name: String,
    /// The vulnerability.
    pub vulnerability: String,
    /// Its other ids.
    pub aliases: Vec<String>,
    /// The component, as a purl.
    pub package: String,
    /// The file, from the top of the repository.
    pub file: String,
    /// Its level.
    #[schemars(extend("enum" = ["low", "medium", "high", "critical"]))]
    pub level: String,
    /// What it adds to the load.
    pub weight: f64,
    /// By when it must be gone. `null`: the charter sets no date, or it is unknown: see `undated`.
    pub deadline: Option<String>,
    /// Whether a deadline of it is not known, as it is not known when its clock began.
    #[serde(default)]
    pub undated: bool,
    /// Whether it is known to be exploited.
    pub exploited: bool,
    /// Whether the charter says *now*.
    pub now: bool,
    /// The nearest version that no source calls affected. `null`: no source names one.
    pub fix: Option<String>,
    /// Who tells the version of the component, where the scan knows none: `Maven's tree`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_by: Option<String>,
}

/// Writes a plan.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    crate::inert::write_json(document, out)?;
    writeln!(out)
}

/// Reads a plan.
///
/// # Errors
/// In words, what it is not.
pub fn read(text: &str) -> Result<Document, String> {
    let document: Document = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if document.format != FORMAT {
        return Err(format!("`{}` is not a plan", document.format));
    }
    if document.version != VERSION {
        return Err(format!(
            "its shape has version {}, and this build reads {VERSION}",
            document.version
        ));
    }
    Ok(document)
}
