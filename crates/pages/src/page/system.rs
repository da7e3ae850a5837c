//! One system: who owns it, how much it matters, what runs where, what is wrong with it.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Dial, Figures, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/system.html")]
pub struct System {
    /// What stands around it.
    pub layout: Layout,
    /// Its findings, counted.
    pub figures: Figures,
    /// Its load.
    pub dial: Dial,
    /// Owner, tier, exposure, data, environments.
    pub about: Pairs,
    /// What is deployed where.
    pub environments: Table,
    /// What carries its components.
    pub assets: Table,
    /// What must go, the soonest deadline first.
    pub findings: Table,
    /// Systems that it depends on, and that depend on it.
    pub depends: Table,
}
