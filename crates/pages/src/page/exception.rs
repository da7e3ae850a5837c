//! One exception: what is accepted, why, by whom, until when; and what the one who reads it may do.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Form, History, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/exception.html")]
pub struct Exception {
    /// What stands around it.
    pub layout: Layout,
    /// Its end, what it covers, its load.
    pub figures: Figures,
    /// Reason, scope, author, approver, conditions.
    pub about: Pairs,
    /// Approve, refuse or renew; nothing if it is not theirs to do.
    pub form: Option<Form>,
    /// The findings that it covers.
    pub findings: Table,
    /// What happened to it.
    pub history: History,
}
