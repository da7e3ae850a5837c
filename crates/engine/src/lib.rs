//! Decisions as pure functions: no clock, no files, no network.
//!
//! Matching an inventory with the advisory index, weighing the findings by a charter, the gate's
//! input, judging new dependencies, planning, and measuring what happened.

pub mod action;
mod asserted;
pub mod assess;
pub mod backtest;
pub mod gate;
pub mod goal;
pub mod history;
pub mod incident;
pub mod matching;
pub mod maturity;
pub mod measure;
pub mod notices;
pub mod order;
pub mod plan;
pub mod pulse;
pub mod repository;
pub mod review;
pub mod revision;
pub mod rhythm;
pub mod rota;
pub mod selection;
pub mod supplier;
pub mod track;
pub mod vulnerability;

pub use asserted::asserted;
pub use matching::{Matching, match_inventory, package_of};
