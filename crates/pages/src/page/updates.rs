//! Batches that were carried out, and how far each is.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/updates.html")]
pub struct Updates {
    /// What stands around it.
    pub layout: Layout,
    /// How many are how far.
    pub figures: Figures,
    /// The list, the newest first.
    pub list: Table,
}
