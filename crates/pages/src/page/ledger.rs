//! What happened, in order, and whether its chain holds.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Filter, Form, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/ledger.html")]
pub struct Ledger {
    /// What stands around it.
    pub layout: Layout,
    /// What narrows it.
    pub filter: Filter,
    /// The entries, the newest first.
    pub entries: Table,
    /// What is sealed, and how.
    pub about: String,
    /// Reckon every seal again.
    pub verify: Form,
}
