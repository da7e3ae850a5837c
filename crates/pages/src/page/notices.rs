//! Notices of a team: what is *now*, what waits and why, what was sent, and how much noise that was.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Notice, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/notices.html")]
pub struct Notices {
    /// What stands around it.
    pub layout: Layout,
    /// What keeps anybody from being told.
    pub notice: Option<Notice>,
    /// This week, in numbers.
    pub figures: Figures,
    /// What is *now* and what waits.
    pub waiting: Table,
    /// What was sent, the newest first.
    pub sent: Table,
    /// The weeks, this one first.
    pub weeks: Table,
    /// How the team wishes to be told.
    pub about: Pairs,
}
