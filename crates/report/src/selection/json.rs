//! Trimtab's own JSON of a judgement, one line a package. The shape is published as
//! `docs/schemas/selection-1.schema.json`; adding a member keeps the version.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-selection";

/// The version of the shape that this build writes.
pub const VERSION: u32 = 1;

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// A dependency, judged before it is added.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Selection")]
pub struct Document {
    /// Always `trimtab-selection`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// The package, as a purl.
    pub package: String,
    /// What all reasons come to.
    #[schemars(extend("enum" = ["allow", "warn", "unknown", "deny"]))]
    pub verdict: String,
    /// The reasons, worst first.
    pub reasons: Vec<Reason>,
    /// When its registry was asked. `null`: it was not, or did not answer.
    pub asked: Option<String>,
    /// All that it would bring. `null`: unknown, or only one step was asked for.
    pub closure: Option<Closure>,
}

/// What one rule says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// Which rule.
    pub rule: String,
    /// What it comes to.
    #[schemars(extend("enum" = ["allow", "warn", "unknown", "deny"]))]
    pub verdict: String,
    /// What was found, in words.
    pub found: String,
    /// Who says so.
    pub source: String,
    /// Whether data was missing.
    pub unknown: bool,
}

/// All that a package would bring, as the resolver of its ecosystem chose.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Closure {
    /// Who chose.
    pub source: String,
    /// When.
    pub asked: String,
    /// The packages, without the one that brings them, sorted.
    pub packages: Vec<Package>,
}

/// One package that would be brought.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Package {
    /// As a purl.
    pub purl: String,
    /// The licence that it declares. `null`: unknown.
    pub licence: Option<String>,
    /// What its licence comes to by the charter. `null`: unknown, or the charter does not say.
    #[schemars(extend("enum" = ["allow", "warn", "deny", null]))]
    pub licence_verdict: Option<String>,
    /// Whether it runs code of its own when it is installed or built. `null`: unknown.
    pub install_scripts: Option<bool>,
    /// The advisories that it is affected by. `null`: it could not be compared.
    pub advisories: Option<Vec<Advisory>>,
    /// Why the charter refuses it. `null`: it does not.
    pub denied: Option<String>,
    /// The popular name that its name is close to.
    pub near: Option<String>,
}

/// An advisory about a package that would be brought.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Advisory {
    /// Its id.
    pub id: String,
    /// What it reports.
    pub kind: String,
}

/// Writes a judgement on one line.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, document)?;
    writeln!(out)
}
