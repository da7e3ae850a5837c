//! Requests on git hosts: one suite for all of them, against servers on this machine that take only
//! what each host's documentation says.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod life;
mod real;
mod suite;
