//! The advisory index: one file, memory-mapped, read in place. [`format`](self) says what is in
//! it, `build` writes it, `open` checks it, `lookup` reads it.

mod build;
mod diff;
mod draft;
mod format;
mod groups;
mod intervals;
mod lookup;
mod map;
mod open;
mod pages;
mod records;
mod run;
mod verify;
mod write;

pub use build::{BuildError, BuildReport, MAX_DIAGNOSTICS, Phase, Progress, build};
pub use diff::Diff;
pub use lookup::{Affected, Entry, Interval, Package, Symbol, Verdict};
pub use open::{FamilyCount, Index, IndexError};
pub use records::{AdvisoryRef, Group, Id};
pub use verify::Verified;
