//! What if: the plans of all teams as things are, and as they would be with another charter, capacity, limit or cadence.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Filter, Notice, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/what_if.html")]
pub struct WhatIf {
    /// What stands around it.
    pub layout: Layout,
    /// What is tried.
    pub asked: Filter,
    /// What must be known of it.
    pub notice: Option<Notice>,
    /// What it comes to; none where nothing is tried.
    pub figures: Figures,
    /// By team.
    pub teams: Table,
    /// Teams without a plan, today or then; empty where all have one.
    pub without: Option<Table>,
}
