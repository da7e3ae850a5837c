//! What others say about an asset: tools with their reports, VEX documents with their statements.

use askama::Template;

use crate::layout::Layout;
use crate::part::Table;

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/said.html")]
pub struct Said {
    /// What stands around it.
    pub layout: Layout,
    /// How to read it.
    pub intro: String,
    /// Sources, what they say, reports; documents that hold, and what they state.
    pub tables: Vec<Table>,
}
