//! The API: what it can do, grouped; the document to read it by.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Link, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/api.html")]
pub struct Api {
    /// What stands around it.
    pub layout: Layout,
    /// How to begin, a paragraph each.
    pub intro: Vec<String>,
    /// A first request.
    pub example: String,
    /// The OpenAPI document.
    pub document: Link,
    /// The requests of each resource.
    pub groups: Vec<Table>,
}
