//! What is different between two snapshots: components that came, went and changed, findings gone and new.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Filter, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/release.html")]
pub struct Release {
    /// What stands around it.
    pub layout: Layout,
    /// Which two snapshots.
    pub picker: Filter,
    /// What changed, counted.
    pub figures: Figures,
    /// The older snapshot.
    pub from: Pairs,
    /// The newer snapshot.
    pub to: Pairs,
    /// Findings gone and new.
    pub findings: Table,
    /// Components that came, went or changed.
    pub components: Table,
}
