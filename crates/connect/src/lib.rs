//! Outgoing connections: one file per vendor. The crate knows the model and nothing else of ours;
//! what it fetches is on disk afterwards, where the readers find it.

pub mod apply;
pub mod feeds;
pub mod git;
pub mod http;
pub mod notify;
pub mod registry;
pub mod requests;
pub mod server;
pub mod track;
pub mod update;

mod below;
mod checksum;
mod download;
mod html;
mod origin;
mod outside;
mod program;
mod retry;
mod url;

pub use retry::{Clock, SystemClock};
pub use url::{Url, UrlError};
