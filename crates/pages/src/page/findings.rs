//! Findings by action, by vulnerability, by package, or each.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Filter, Table, Tabs};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/findings.html")]
pub struct Findings {
    /// What stands around it.
    pub layout: Layout,
    /// Findings, counted.
    pub figures: Figures,
    /// How they are grouped.
    pub tabs: Tabs,
    /// The filter.
    pub filter: Filter,
    /// The list.
    pub table: Table,
}
