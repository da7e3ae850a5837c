//! What is scheduled: the next windows of every team.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/plans.html")]
pub struct Plans {
    /// What stands around it.
    pub layout: Layout,
    /// What it comes to.
    pub figures: Figures,
    /// The next windows of each team.
    pub windows: Table,
    /// Teams that have no plan, and what each lacks; empty where all have one.
    pub without: Option<Table>,
}
