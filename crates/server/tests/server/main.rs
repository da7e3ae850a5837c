//! The server over real HTTP on loopback, on both engines where it matters.

mod access;
mod agreement;
mod harness;
mod ingest;
mod pages;
