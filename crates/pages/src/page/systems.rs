//! Everything that the business knows by name.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Filter, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/systems.html")]
pub struct Systems {
    /// What stands around it.
    pub layout: Layout,
    /// Systems, counted.
    pub figures: Figures,
    /// The filter.
    pub filter: Filter,
    /// The systems.
    pub table: Table,
}
