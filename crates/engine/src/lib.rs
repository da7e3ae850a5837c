//! Decisions as pure functions: no clock, no files, no network. Matching an inventory with the
//! advisory index, weighing what was found by a charter, the gate's input, and judging new
//! dependencies.

pub mod assess;
pub mod gate;
pub mod history;
pub mod matching;
pub mod measure;
pub mod order;
pub mod repository;
pub mod revision;
pub mod selection;
pub mod vulnerability;

pub use matching::{Matching, match_inventory};
