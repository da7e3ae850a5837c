//! What is accepted until a date: asked, approved, about to end, ended.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Filter, Link, Table, Tabs};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/exceptions.html")]
pub struct Exceptions {
    /// What stands around it.
    pub layout: Layout,
    /// Exceptions, counted.
    pub figures: Figures,
    /// Which of them.
    pub tabs: Tabs,
    /// The filter.
    pub filter: Filter,
    /// The register.
    pub table: Table,
    /// The risk register, to take away.
    pub exports: Vec<Link>,
}
