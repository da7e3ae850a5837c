//! A question that is asked before something is done: what follows, then a form. Dialogs are pages.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Form, Pairs};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/act.html")]
pub struct Act {
    /// What stands around it.
    pub layout: Layout,
    /// What follows from it, a sentence each.
    pub follows: Vec<String>,
    /// What it is about.
    pub about: Pairs,
    /// The form.
    pub form: Form,
}
