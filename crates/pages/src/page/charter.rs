//! The agreement: its text, who agreed, its versions.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Table, Tabs};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/charter.html")]
pub struct Charter {
    /// What stands around it.
    pub layout: Layout,
    /// Text, versions.
    pub tabs: Tabs,
    /// Likelihood × impact: the levels.
    pub matrix: Table,
    /// How long each level may stay, by environment.
    pub deadlines: Table,
    /// Who agreed, when.
    pub agreed: Table,
    /// Its versions.
    pub versions: Table,
    /// Its text.
    pub text: String,
}
