//! The server over real HTTP on loopback, on both engines where it matters.

mod access;
mod agreement;
mod alerts;
mod answers;
mod around;
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
mod ingest;
mod learning;
mod ledger;
mod lists;
mod matrix;
mod organisations;
mod over_walls;
mod pages;
mod people;
mod planning;
mod provider;
mod refresh;
mod repeat;
mod reports;
mod said;
mod schema;
mod ssrf;
mod story;
mod today;
mod triage;
mod two;
mod updates;
mod upload;
mod walk;
mod walls;
mod webhooks;
mod where_is;
mod wide;
mod world;
