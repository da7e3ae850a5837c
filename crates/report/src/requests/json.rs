//! The requests of a repository as JSON. The shape is published as `docs/schemas/requests-1.schema.json`; adding a member
//! keeps the version.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inert::write_json;

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-requests";

/// The version of the shape that this build writes.
pub const VERSION: u32 = 1;

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// The requests of a repository.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Requests")]
pub struct Document {
    /// Always `trimtab-requests`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// The moment.
    pub now: String,
    /// What the host runs.
    #[schemars(extend("enum" = ["github", "gitlab", "gitea", "azure", "bitbucket"]))]
    pub host: String,
    /// The branch that requests would change.
    pub base: String,
    /// The commit that it is at.
    pub commit: String,
    /// How many of ours are open. Those for other branches count.
    pub open: usize,
    /// How many may be. `null`: any number, or there is no plan.
    pub limit: Option<usize>,
    /// Whether a plan was there to compare with.
    pub planned: bool,
    /// Whether what is on the base was scanned whole. False: nothing is taken for gone.
    pub scanned: bool,
    /// Whether the host has older requests that were not looked at.
    pub cut: bool,
    /// Whether steps were carried out.
    pub synced: bool,
    /// One for each request, and for each batch of the plan that has none open.
    pub steps: Vec<Step>,
}

/// What is done about a request, or told of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The batch.
    pub batch: String,
    /// The request. `null`: there is none yet.
    pub number: Option<u64>,
    /// Its page. Empty: there is none.
    pub page: String,
    /// Where it is in its life. `null`: there is none.
    #[schemars(extend("enum" = ["open", "merged", "closed", null]))]
    pub state: Option<String>,
    /// What people say by a label. `null`: nothing.
    #[schemars(extend("enum" = ["approve", "hold", "skip", null]))]
    pub word: Option<String>,
    /// What is done about it, or told of it.
    #[schemars(extend("enum" = [
        "keep", "update", "rebase", "supersede", "obsolete", "skip", "merge", "leave", "open", "wait", "not-wanted",
        "reverted", "done", "still-there", "over"
    ]))]
    pub what: String,
    /// Why, in words.
    pub why: String,
    /// What came of it, in words. `null`: nothing was carried out.
    pub became: Option<String>,
}

/// Writes it.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    write_json(document, out)?;
    writeln!(out)
}
