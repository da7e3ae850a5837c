//! One matter with all that belongs to it, in parts one below another: an incident, what was learnt of it, what waits
//! for whom.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, History, Notice, Pairs, Table};

/// A part of it.
#[derive(Debug, Clone)]
pub enum Part {
    /// A list with its own title.
    Table(Box<Table>),
    /// Names and values.
    Pairs(Pairs),
    /// Paragraphs.
    Text(Vec<String>),
    /// Words to be taken over as they stand.
    Prose(String),
    /// What happened.
    History(History),
}

impl Part {
    /// A list with its own title.
    pub fn table(table: Table) -> Part {
        Part::Table(Box::new(table))
    }
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/dossier.html")]
pub struct Dossier {
    /// What stands around it.
    pub layout: Layout,
    /// What must be known before.
    pub notice: Option<Notice>,
    /// What it comes to.
    pub figures: Figures,
    /// The parts with their titles; a table has its own.
    pub parts: Vec<(String, Part)>,
}
