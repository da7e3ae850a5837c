//! Goals that are shared, or the pulse: a list, what it grew from, and a form.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Chart, Figures, Form, Notice, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/goals.html")]
pub struct Goals {
    /// What stands around it.
    pub layout: Layout,
    /// What must be known first.
    pub notice: Option<Notice>,
    /// How many stand how.
    pub figures: Figures,
    /// What is told, a sentence each.
    pub about: Vec<String>,
    /// Over time, where there is a time.
    pub chart: Option<Chart>,
    /// The list.
    pub list: Table,
    /// A second list, where there is one.
    pub more: Option<Table>,
    /// Forms, each with its heading.
    pub forms: Vec<(String, Form)>,
}
