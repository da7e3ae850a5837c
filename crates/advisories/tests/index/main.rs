//! The tests of the advisory index, in one program.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod build;
mod cases;
mod common;
mod corruption;
#[cfg(unix)]
mod kill;
mod ranges;
mod same_id;
mod substance;
mod touched;
mod whole_data;
