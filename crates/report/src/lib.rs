//! One result, many formats: every output is written from a [`trimtab_model::scan::Scan`], one file
//! per format, so that a saved scan can be turned into any of them later.

pub mod applied;
pub mod backtest;
pub mod calendar;
pub mod csv;
pub mod distinct;
mod few;
pub mod finished;
pub mod gate;
pub mod gitlab;
pub mod group;
pub mod html;
mod inert;
pub use inert::one_line;
pub mod json;
pub mod lesson;
pub mod markdown;
pub mod minutes;
mod paragraph;
pub mod plan;
pub mod requests;
pub mod sarif;
pub mod sbom;
pub mod selection;
pub mod summary;
pub mod table;
pub mod voices;
mod weighed;
mod xml;

/// The program's name in documents.
pub const TOOL: &str = "trimtab";

/// The program's version in documents.
pub const TOOL_VERSION: &str = env!("CARGO_PKG_VERSION");
