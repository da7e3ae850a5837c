//! A letter to a team: what it told of, what became of its copies, and that somebody has it.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Form, Notice, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/letter.html")]
pub struct Letter {
    /// What stands around it.
    pub layout: Layout,
    /// That nobody has it yet, or that somebody does.
    pub notice: Option<Notice>,
    /// What can be done: acknowledge, send again.
    pub forms: Vec<Form>,
    /// What it told of.
    pub things: Table,
    /// Recipients, and what became of that.
    pub copies: Table,
}
