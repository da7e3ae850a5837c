//! How mature the organisation or a team is, with what shows it.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Chart, Figures, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/maturity.html")]
pub struct Maturity {
    /// What stands around it.
    pub layout: Layout,
    /// The stage, and criteria counted.
    pub figures: Figures,
    /// The stage over time, where there is a time.
    pub trend: Option<Chart>,
    /// What is missing for the next stage.
    pub next: Table,
    /// Of the organisation: its teams.
    pub teams: Option<Table>,
    /// The criteria of each stage.
    pub stages: Vec<Table>,
    /// What of other frameworks they point to.
    pub frameworks: Table,
}
