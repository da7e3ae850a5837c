//! Trimtab's own JSON: the whole result of a scan, nothing left out, so that `trimtab convert` can
//! write any other format from it later.
//!
//! The shape is published as `docs/schemas/scan-1.schema.json` (generated from [`shape`]) and is
//! versioned: a reader refuses a version that it does not know; adding a member keeps the version.

mod read;
pub mod shape;
mod weighing;
mod write;

pub use read::{ReadError, read, read_component};
pub use write::write;

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-scan";

/// The version of the shape that this build writes, and the only one that it reads.
pub const VERSION: u32 = 1;

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(shape::Scan).to_value()
}
