//! One team: what it has to do, its rhythm and capacity, what it accepted, what it fixed.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Dial, Figures, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/team.html")]
pub struct Team {
    /// What stands around it.
    pub layout: Layout,
    /// Its findings, counted.
    pub figures: Figures,
    /// Its load.
    pub dial: Dial,
    /// Cadence, next window, capacity, people.
    pub about: Pairs,
    /// What it has to do, by window.
    pub queue: Table,
    /// What it accepted.
    pub exceptions: Table,
    /// What it fixed.
    pub fixed: Table,
}
