//! One list, all of it: what a number on another page counts.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Filter, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/listing.html")]
pub struct Listing {
    /// What stands around it.
    pub layout: Layout,
    /// What narrows it, where anything does.
    pub filter: Option<Filter>,
    /// What is in it.
    pub intro: String,
    /// The list.
    pub table: Table,
}
