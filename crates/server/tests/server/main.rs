//! The server over real HTTP on loopback, on both engines where it matters.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod access;
mod agreement;
mod alerts;
mod answers;
mod appeals;
mod around;
mod beginning;
mod bulk;
mod codes;
mod counted;
mod demo;
mod facets;
#[expect(dead_code, reason = "the tests of fetching use the rest")]
#[path = "../../../connect/tests/feeds/server.rs"]
mod feed;
mod fetch;
mod figures;
mod harness;
mod hostile;
mod incidents;
mod ingest;
mod learning;
mod ledger;
mod lists;
mod matrix;
mod maturity;
mod mergers;
mod notices;
mod organisations;
mod over_walls;
mod packs;
mod pages;
mod people;
mod planning;
mod provider;
mod published;
mod refresh;
mod repeat;
mod reports;
mod reviews;
mod said;
mod schema;
mod sharing;
mod ssrf;
mod story;
mod suppliers;
mod tickets;
mod today;
mod triage;
mod two;
mod updates;
mod upload;
mod verdicts;
mod walk;
mod walls;
mod webhooks;
mod where_is;
mod wide;
mod world;
mod year;
