//! Any package, version range, vulnerability or licence across everything, in one search.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Filter, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/where_is_it.html")]
pub struct WhereIsIt {
    /// What stands around it.
    pub layout: Layout,
    /// What is looked for.
    pub filter: Filter,
    /// Where it is, counted.
    pub figures: Figures,
    /// This search's address, to share.
    pub address: String,
    /// Each place, with its owner.
    pub table: Table,
}
