//! The evidence of a batch as JSON. The shape is published as `docs/schemas/applied-1.schema.json`;
//! adding a member keeps the version.

use std::io::{self, Write};

pub use crate::plan::json::{Estimate, Move};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inert::write_json;

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-applied";

/// The version of the shape that this build writes.
pub const VERSION: u32 = 1;
/// The outcome of an action that is done.
pub const DONE: &str = "done";

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Applied batch")]
pub struct Document {
    /// Always `trimtab-applied`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// A name for the project.
    pub target: String,
    /// The moment.
    pub now: String,
    /// The batch.
    pub batch: String,
    /// The window that it was planned for.
    pub window: String,
    /// The lockfile or manifest, from the top of the repository.
    pub place: String,
    /// All files that change, from the top of the repository.
    #[serde(default)]
    pub files: Vec<String>,
    /// The lines of manifests that change.
    #[serde(default)]
    pub edits: Vec<Edit>,
    /// The package manager.
    pub tool: String,
    /// What became of it: `applied`, `part`, `nothing`, `refused`.
    #[schemars(extend("enum" = ["applied", "part", "nothing", "refused"]))]
    pub outcome: String,
    /// Why, in words.
    pub why: String,
    /// The commit that it began with.
    pub base: String,
    /// The branch that was written. `null`: none.
    pub branch: Option<String>,
    /// Its commits, in their order.
    pub commits: Vec<Commit>,
    /// The request on the git host. `null`: none was asked for.
    pub request: Option<Request>,
    /// What was done, and what was not.
    pub actions: Vec<Action>,
    /// What each package moves from and to.
    pub moves: Vec<Move>,
    /// The findings that are gone.
    pub removes: Vec<Finding>,
    /// The load that goes with them. `null`: the plan does not say.
    pub load: Option<f64>,
    /// What whoever builds the project needs from now on, in words: a later Go, a cargo that reads the lockfile.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Of the files that change, those that people had changed in what is vendored: they are as published now.
    #[serde(default)]
    pub lost: Vec<String>,
    /// How the result is worse than what was before. Not empty: it is refused.
    pub worse: Vec<String>,
    /// The tests.
    pub tests: Tests,
    /// Where changes of what moved are told.
    pub changelogs: Vec<Changelog>,
    /// Why these actions.
    pub why_these: Vec<String>,
    /// Why now.
    pub why_now: Vec<String>,
    /// How to take it back.
    pub rollback: Vec<String>,
}

impl Document {
    /// What moves, then what only goes, each in its order: of what nothing asks for any longer there may be many.
    pub fn sorted_moves(&self) -> Vec<&Move> {
        let mut moves: Vec<&Move> = self.moves.iter().collect();
        moves.sort_by_key(|moved| moved.to.is_empty());
        moves
    }
}

/// What changes in a manifest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// The manifest, from the top of the repository.
    pub file: String,
    /// The lines that change, at most 200, as in a diff: `-` and the line before, `+` and the line after.
    pub lines: Vec<String>,
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// The first line of its message.
    pub subject: String,
}

/// A request for a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub page: String,
    /// What became of it, in words.
    pub became: String,
}

/// An action of the batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// Its name in the plan.
    pub name: String,
    /// What it is, in words.
    pub what: String,
    /// What became of it: `done`; `breaks` tests; `refused` by the package manager; `denied` by the charter,
    /// for what comes in; `untold`, there were no runs left to try it.
    #[schemars(extend("enum" = ["done", "breaks", "refused", "denied", "untold"]))]
    pub outcome: String,
    /// Why, in words; empty: it is done.
    pub why: String,
    /// What is reckoned of such a change, by the plan. `null`: the plan does not say.
    #[serde(default)]
    pub estimate: Option<Estimate>,
    /// The points that the plan reckons with. `null`: it does not say.
    #[serde(default)]
    pub points: Option<f64>,
}

/// A finding that is gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The vulnerability.
    pub vulnerability: String,
    /// The component, as a purl.
    pub package: String,
    /// Its level. `null`: the plan does not speak of it.
    pub level: Option<String>,
    /// By when it must be gone. `null`: the charter sets no date, or it is unknown: see `undated`.
    pub deadline: Option<String>,
    /// Whether a deadline of it is not known: the plan says so, or does not speak of it.
    #[serde(default)]
    pub undated: bool,
    /// Whether it is known to be exploited. `null`: the plan does not speak of it.
    pub exploited: Option<bool>,
}

/// What tests say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tests {
    /// What they come to: `unharmed`, `broke`, `untold`, `none`.
    #[schemars(extend("enum" = ["unharmed", "broke", "untold", "none"]))]
    pub judgement: String,
    /// Why, in words.
    pub why: String,
    /// The command. `null`: none is known.
    pub command: Option<String>,
    /// The run before. `null`: there was none.
    pub before: Option<Run>,
    /// The run after, with what is kept. `null`: there was none.
    pub after: Option<Run>,
    /// Tests that fail with the update and did not fail before.
    #[serde(default)]
    pub broken: Vec<String>,
    /// Tests that failed before and do now.
    pub failed_before: Vec<String>,
    /// Tests that failed before and pass now.
    pub mended: Vec<String>,
    /// Tests that passed before and are not run any more.
    pub gone: Vec<String>,
    /// Tests that failed once and passed when they were run again with the same change.
    pub wavering: Vec<String>,
    /// What `go vet` finds with the update and did not find before, as a higher `go` line turns more of its checks on. Not
    /// empty: the runs that are compared were both made without it (`-vet=off`).
    #[serde(default)]
    pub vet: Vec<String>,
    /// How many times they were run.
    pub runs: usize,
    /// What they were kept from, and what they were not, in words.
    pub confined: Vec<String>,
}

/// A run of the tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// How it ended, in words.
    pub ended: String,
    /// How many passed. `null`: the runner does not tell.
    pub passed: Option<usize>,
    /// How many failed.
    pub failed: Option<usize>,
    /// How many were left out.
    pub skipped: Option<usize>,
    /// How long it took, in seconds.
    pub seconds: u64,
    /// The last lines that it wrote, where it did not end well.
    pub last: Vec<String>,
}

/// Where changes of a package are told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Changelog {
    /// The package, with the version that comes.
    pub package: String,
    /// A page.
    pub page: String,
}

/// Writes it.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    write_json(document, out)?;
    writeln!(out)
}
