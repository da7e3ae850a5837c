//! Tickets in trackers: one suite for all of them, against servers on this machine that take only what each tracker's
//! documentation says, and against a real Gitea where `cargo xtask gitea` built one.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod hooks;
mod leaving;
mod real;
mod suite;
