//! The advisory index: one file, memory-mapped, read in place. [`format`](self) says what is in
//! it, `build` writes it, `open` checks it, `lookup` reads it.

mod build;
mod diff;
mod draft;
mod entry;
mod format;
mod groups;
mod intervals;
mod lookup;
mod map;
mod open;
mod pages;
mod records;
mod run;
mod sections;
mod settle;
mod substance;
mod successors;
mod touched;
mod verdict;
mod verify;
mod write;

pub use build::{BuildError, BuildReport, MAX_DIAGNOSTICS, Phase, Previous, Progress, build};
pub use diff::Diff;
pub use lookup::{Entry, Package, Symbol};
pub use open::{FamilyCount, Index, IndexError};
pub use records::{AdvisoryRef, Group, Id};
pub use touched::Touched;
pub use verdict::{Affected, Interval, Verdict};
pub use verify::Verified;
