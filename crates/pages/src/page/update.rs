//! One batch, from planned to deployed: where it is, what tests said, what it removes, what was left out, how to
//! take it back, what it cost.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Form, Notice, Pairs, Steps, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/update.html")]
pub struct Update {
    /// What stands around it.
    pub layout: Layout,
    /// What must be known before: that it was refused, or taken back.
    pub notice: Option<Notice>,
    /// What it comes to.
    pub figures: Figures,
    /// Where it is: planned, carried out, merged, deployed, taken back.
    pub steps: Steps,
    /// What tests said, before and after.
    pub tests: Table,
    /// What else the tests say, in words.
    pub said: Vec<String>,
    /// What moves.
    pub moves: Table,
    /// What goes.
    pub removes: Table,
    /// What was not done, and why; empty where all was.
    pub left_out: Option<Table>,
    /// Branch, request, window, what it cost.
    pub about: Pairs,
    /// The command that takes it back.
    pub rollback: String,
    /// That one merged it oneself; for those who may say so.
    pub merged: Option<Form>,
    /// What people say of it afterwards; for those who may.
    pub form: Option<Form>,
}
