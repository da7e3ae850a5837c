//! Decisions as pure functions: no clock, no files, no network. Here so far: matching an inventory
//! with the advisory index, and the order in which findings are told.

pub mod assess;
pub mod matching;
pub mod order;
pub mod selection;
pub mod vulnerability;

pub use matching::{Matching, match_inventory};
