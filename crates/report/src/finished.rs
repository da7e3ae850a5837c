//! What batches of a repository came to, as JSON: what costs are learnt from. The shape is published as
//! `docs/schemas/finished-1.schema.json`; adding a member keeps the version.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::inert::write_json;

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-finished";
/// The version of the shape that this build writes.
pub const VERSION: u32 = 1;

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// Batches that were carried out, and what became of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Finished batches")]
pub struct Document {
    /// Always `trimtab-finished`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// The oldest first.
    pub batches: Vec<Batch>,
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Batch {
    /// Its name.
    pub batch: String,
    /// When it was carried out.
    pub carried_out: String,
    /// The commit that its branch was written at. `null`: an older build did not keep it.
    #[serde(default)]
    pub commit: Option<String>,
    /// When it was merged. `null`: not yet, or that is not known.
    #[serde(default)]
    pub merged: Option<String>,
    /// Whether it was merged and nobody knows when.
    #[serde(default)]
    pub landed: bool,
    /// Whether it was taken back.
    #[serde(default)]
    pub reverted: bool,
    /// The points that it took in truth, as people say; they write it here. `null`: nobody said.
    #[serde(default)]
    pub points: Option<f64>,
    /// What was done.
    #[serde(default)]
    pub actions: Vec<Action>,
}

/// Something that was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// What.
    #[schemars(extend("enum" = ["relock", "raise", "raise-parent", "override", "replace", "remove", "base-image", "configuration"]))]
    pub kind: String,
    /// How far the version moved. `null`: it did not, or that is unknown.
    #[serde(default)]
    #[schemars(extend("enum" = ["patch", "minor", "major", null]))]
    pub distance: Option<String>,
    /// Whether something else brings the package in.
    #[serde(default)]
    pub transitive: bool,
    /// The points that it was reckoned as. `null`: unknown.
    #[serde(default)]
    pub points: Option<f64>,
}

impl Default for Document {
    fn default() -> Document {
        Document { format: FORMAT.to_owned(), version: VERSION, batches: Vec::new() }
    }
}

/// Reads it.
///
/// # Errors
/// It is none: why, in words.
pub fn read(text: &str) -> Result<Document, String> {
    let document: Document = serde_json::from_str(text).map_err(|e| e.to_string())?;
    if document.format != FORMAT {
        return Err(format!("`{}` is not a list of finished batches", document.format));
    }
    if document.version != VERSION {
        let is = document.version;
        return Err(format!("its shape has version {is}, and this build reads {VERSION}"));
    }
    Ok(document)
}

/// Writes it.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    write_json(document, out)?;
    writeln!(out)
}
