//! What needs me, by my roles; the dial and what moved it.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Dial, Figures, Link, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/today.html")]
pub struct Today {
    /// What stands around it.
    pub layout: Layout,
    /// What needs me, counted.
    pub figures: Figures,
    /// The first steps of an organisation that has just begun, as long as one is open.
    pub first: Option<Table>,
    /// The load of what I look after; nothing where nothing has been sent yet.
    pub dial: Option<Dial>,
    /// What needs me, by the sides that I hold.
    pub sides: Vec<Side>,
    /// What is due first.
    pub queue: Table,
    /// What I wait for, and on whom.
    pub waiting: Table,
}

/// What needs somebody for one side.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Its name: `Security`.
    pub name: String,
    /// What needs it, counted.
    pub figures: Figures,
    /// How those lists begin that have anything in them, each below the link to all of it.
    pub lists: Vec<(Link, Table)>,
}
