//! A team's plan: the next windows, what is done in each, what stays and why.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Filled, Notice, Pairs, Table, Tabs};

/// One window with what is done in it.
#[derive(Debug, Clone)]
pub struct Window {
    /// Its place on the page.
    pub anchor: String,
    /// Its name: `sprint of 2026-12-07`.
    pub name: String,
    /// From when to when.
    pub span: String,
    /// Points taken of those that there are. `None`: it has no bound.
    pub filled: Option<Filled>,
    /// Its changes. `None`: windows in a row that have none, told in one line.
    pub changes: Option<Table>,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/plan.html")]
pub struct Plan {
    /// What stands around it.
    pub layout: Layout,
    /// What must be known before; with it, there is no plan.
    pub notice: Option<Notice>,
    /// What it comes to.
    pub figures: Figures,
    /// The same by another rhythm.
    pub tries: Vec<Tabs>,
    /// The windows, the next one first.
    pub windows: Vec<Window>,
    /// What is held back or was missed; empty where nothing is.
    pub held: Option<Table>,
    /// What stays open, and why.
    pub left: Table,
    /// What one more point would do, what happens if nothing is done, how near it is to the best.
    pub about: Pairs,
    /// Learnt from finished changes of costs; empty where none is.
    pub taught: Option<Table>,
}
