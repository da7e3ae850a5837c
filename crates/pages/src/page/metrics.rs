//! How it goes, over any period, compared with another.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Chart, Figures, Filter, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/metrics.html")]
pub struct Metrics {
    /// What stands around it.
    pub layout: Layout,
    /// Period, comparison, team, system.
    pub filter: Filter,
    /// The period in numbers.
    pub figures: Figures,
    /// The charts.
    pub charts: Vec<Chart>,
    /// Time to remediate by level.
    pub levels: Table,
    /// How deployments with updates go beside all of them.
    pub delivery: Table,
    /// The same numbers by team or system.
    pub groups: Table,
}
