//! What one side looks at, in its own words: the same numbers as everywhere.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Dial, Figures, Table, Tabs};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/board.html")]
pub struct Board {
    /// What stands around it.
    pub layout: Layout,
    /// The sides.
    pub tabs: Tabs,
    /// The numbers.
    pub figures: Figures,
    /// The load, where it is looked at.
    pub dial: Option<Dial>,
    /// What is behind them.
    pub tables: Vec<Table>,
}
