//! Fetching feeds from a server on this machine that does what servers do: most of it wrong.
#![expect(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod common;
mod faults;
mod increments;
#[expect(dead_code, reason = "the command's tests use the rest")]
mod server;
mod singles;
