//! The files that people agree on: the charter and `trimtab.toml`, read with the place of every
//! error; their JSON Schemas; presets; and the calendar on which deadlines are counted. Pure: texts
//! and times in, values out.

pub mod at;
pub mod calendar;
pub mod defaults;
pub mod diff;
pub mod file;
pub mod preset;
pub mod project;
pub mod strictness;
mod structure;
mod syntax;
pub mod tell;

pub use file::read::{charter as read, charter_of_today as read_of_today};

/// The JSON Schema of a charter file.
pub fn charter_schema() -> schemars::Schema {
    schemars::schema_for!(file::shape::Charter)
}

/// The JSON Schema of `trimtab.toml`.
pub fn project_schema() -> schemars::Schema {
    schemars::schema_for!(project::shape::Project)
}
