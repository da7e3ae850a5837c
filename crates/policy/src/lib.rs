//! Policies in Rego: compiled once, evaluated within limits, without network, clock or random numbers.
//! The only crate that knows the Rego engine.
//!
//! A policy is a file of rules. [`Policies::compile`] reads the files, [`Policies::evaluate`] asks every
//! package for `deny`, `violation`, `warn` and `unknown` with one [`Document`] as `input`, and [`gate()`]
//! makes the outcome of the answers. What a policy may rely on is in [`input`]; what it may call and
//! how long it may take is in `docs/policies.md`.

mod both;
pub mod builtin;
mod engine;
mod format;
mod gate;
mod guard;
pub mod input;
mod limits;
mod newer;
mod older;
mod policy;
mod recursion;
mod source;
mod test_runner;
mod verdict;

pub use both::{By, Joined, stricter};
pub use engine::{Document, Evaluation};
pub use gate::{Gate, Outcome, gate};
pub use guard::REFUSED;
pub use limits::Limits;
pub use policy::{Package, Policies, RuleInfo};
pub use test_runner::{TestOutcome, TestReport, TestResult};
pub use verdict::{Effect, Verdict};
