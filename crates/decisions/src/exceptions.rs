//! Exceptions: decisions to accept a finding until a date, kept by people in `exceptions.toml`.
//!
//! [`read`], [`write()`] and [`append`] handle the file, which also has the decisions *not
//! affected* (see [`crate::not_affected`]). [`holds`] says whether one exception is in force for a
//! finding of a level, [`covers`] whether a decision is about it, [`accepting`] finds the one that
//! accepts a finding, and [`judge`] evaluates a whole file.
//!
//! An exception never outlives its limit: the charter's limit for the level of the finding to which
//! it is *applied* is computed from the day on which the exception was made, each time it is
//! applied. So it ends earlier by itself when its finding becomes graver.

mod entries;
mod judge;
mod read;
mod shape;
mod signed;
mod write;

pub use judge::{Found, Judged, Standing, accepting, covers, holds, judge};
pub use read::{FORMAT, read};
pub use write::{append, write};

pub(crate) use signed::Signed;

/// Whether a text is no pattern of paths.
pub(crate) fn is_no_pattern(path: &str) -> bool {
    judge::pattern(path).is_err()
}

/// The JSON Schema of `exceptions.toml`.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(shape::File)
}
