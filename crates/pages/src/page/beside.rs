//! The wall: what updates removed, by team and person, each beside their own past.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Notice, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/beside.html")]
pub struct Beside {
    /// What stands around it.
    pub layout: Layout,
    /// What must be known first.
    pub notice: Option<Notice>,
    /// Of which time it is, and in which order.
    pub about: String,
    /// Teams, by name.
    pub teams: Table,
    /// People who show it, by name.
    pub people: Table,
}
