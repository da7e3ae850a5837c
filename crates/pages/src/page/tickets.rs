//! The tickets of a team's actions in its tracker.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Notice, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/tickets.html")]
pub struct Tickets {
    /// What stands around it.
    pub layout: Layout,
    /// What is wrong, and what to do about it.
    pub notice: Option<Notice>,
    /// How many are how far.
    pub figures: Figures,
    /// Each action with its ticket.
    pub list: Table,
    /// What waits for room, if anything does.
    pub waiting: Option<Table>,
    /// The tracker.
    pub about: Pairs,
}
