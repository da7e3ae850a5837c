//! Carrying a change out in a copy, with real projects and their own runners.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod branches;
mod common;
mod hostile;
mod results;
mod runners;
