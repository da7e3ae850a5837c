//! Reviews: those to come and those that were held.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/reviews.html")]
pub struct Reviews {
    /// What stands around it.
    pub layout: Layout,
    /// How many are how far, and how good they were.
    pub figures: Figures,
    /// The list, the latest first.
    pub list: Table,
}
