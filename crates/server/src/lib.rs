//! The server: one shared view of the whole portfolio. HTTP API, pages, jobs, over a store and an
//! advisory index. It adds memory, people and schedules to the library functions that the command line
//! uses, never a second implementation of a step.

pub mod access;
mod agreeing;
mod api;
mod appealing;
mod around;
mod carding;
mod confirming;
mod deciding;
pub mod demo;
mod effect;
mod facts;
mod goaling;
mod ingest;
mod jobs;
mod judging;
mod knowing;
mod logs;
mod mailing;
mod measuring;
mod merging;
pub mod notices;
mod object;
mod opened;
mod paths;
mod people;
mod planning;
mod problem;
mod published;
mod removing;
mod repeat;
mod replanning;
mod responding;
mod reviewing;
mod router;
mod sent;
mod sharing;
mod start;
mod state;
mod supplying;
mod traces;
mod tracking;
mod updating;
mod web;
mod weighing;

pub use access::Access;
pub use logs::{Logging, log};
pub use notices::{MailServer, Notices};
pub use opened::Opened;
pub use replanning::Replanned;
pub use router::router;
pub use start::{Running, add_organisation, first_link, start};
pub use state::{App, Feeds, Settings};
