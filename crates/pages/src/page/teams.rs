//! The teams, and how each stands.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/teams.html")]
pub struct Teams {
    /// What stands around it.
    pub layout: Layout,
    /// Teams, counted.
    pub figures: Figures,
    /// The teams.
    pub table: Table,
}
