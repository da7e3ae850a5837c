//! Links to boards that are read without signing in.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/shares.html")]
pub struct Shares {
    /// What stands around it.
    pub layout: Layout,
    /// The link that was just made, shown once.
    pub about: Option<Pairs>,
    /// The links.
    pub table: Table,
}
