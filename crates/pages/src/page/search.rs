//! What the search found: packages, vulnerabilities, systems, people.

use askama::Template;

use crate::layout::Layout;
use crate::part::Table;

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/search.html")]
pub struct Search {
    /// What stands around it.
    pub layout: Layout,
    /// A table for each kind of thing that was found.
    pub groups: Vec<Table>,
    /// What to try, if nothing was found.
    pub empty: String,
}
