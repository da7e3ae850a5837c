//! Suppliers: all of them, one with what was promised and how it stands, a document of theirs.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Form, Notice, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/supplier.html")]
pub struct Supplier {
    /// What stands around it.
    pub layout: Layout,
    /// What must be known first: a link that was just made, what went wrong.
    pub notice: Option<Notice>,
    /// What is shown this once.
    pub fresh: Pairs,
    /// Numbers.
    pub figures: Figures,
    /// How to read it, a sentence each.
    pub about: Vec<String>,
    /// What is known of it.
    pub facts: Pairs,
    /// What was promised, a sentence each.
    pub promised: Vec<String>,
    /// How it stands, what came, what is asked; each with the name that numbers lead to.
    pub tables: Vec<(&'static str, Table)>,
    /// Forms, each with its heading.
    pub forms: Vec<(String, Form)>,
}
