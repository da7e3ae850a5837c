//! The tests of the command line, in one program: each more would be linked with all of Trimtab once more.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod agreement;
mod apply;
mod backtest;
mod batches;
mod ci_files;
mod command;
mod db_update;
mod force;
mod gate;
mod gate_change;
mod generated;
mod host;
mod hostile;
mod lived;
mod memory;
mod network;
mod offering;
mod outputs;
mod parted;
mod plan;
mod plan_image;
mod plan_parent;
mod plan_replace;
mod planned;
mod planning;
mod push;
mod repository;
mod requests;
mod schemas;
mod selection;
#[expect(dead_code, reason = "the tests of feeds use the rest")]
#[path = "../../../connect/tests/feeds/server.rs"]
mod server;
mod store;
mod tickets;
mod tls;
mod traces;
mod verbs;
mod vex;
