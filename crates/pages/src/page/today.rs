//! What needs me, by my roles; the dial and what moved it.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Dial, Figures, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/today.html")]
pub struct Today {
    /// What stands around it.
    pub layout: Layout,
    /// What needs me, counted.
    pub figures: Figures,
    /// The load of what I look after.
    pub dial: Dial,
    /// What needs me, the soonest deadline first.
    pub queue: Table,
    /// What I wait for, and on whom.
    pub waiting: Table,
}
