//! Where facts come from, how old they are, and what runs.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Form, Notice, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/feeds.html")]
pub struct Feeds {
    /// What stands around it.
    pub layout: Layout,
    /// Feeds and jobs, counted.
    pub figures: Figures,
    /// What is to be known of the last try.
    pub notice: Option<Notice>,
    /// The feeds.
    pub feeds: Table,
    /// How they are fetched.
    pub fetching: Pairs,
    /// Fetch them now.
    pub now: Option<Form>,
    /// The jobs that run or wait.
    pub jobs: Table,
    /// The jobs that were given up.
    pub dead: Table,
}
