//! The server: one shared view of the whole portfolio. HTTP API, pages, jobs, over a store and an
//! advisory index. It adds memory, people and schedules to the library functions that the command line
//! uses, never a second implementation of a step.

pub mod access;
mod agreeing;
mod api;
mod deciding;
mod effect;
mod ingest;
mod jobs;
mod knowing;
mod logs;
mod measuring;
mod problem;
mod router;
mod start;
mod state;
mod web;
mod weighing;

pub use logs::log;
pub use router::router;
pub use start::{Running, first_link, start};
pub use state::{App, Settings};
