//! People, roles, tokens, sign-in, retention, backup: a tab each.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Form, Pairs, Table, Tabs};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/administration.html")]
pub struct Administration {
    /// What stands around it.
    pub layout: Layout,
    /// The parts.
    pub tabs: Tabs,
    /// What this part is about.
    pub intro: String,
    /// How it is set.
    pub about: Pairs,
    /// Its lists.
    pub tables: Vec<Table>,
    /// What can be changed.
    pub form: Option<Form>,
}
