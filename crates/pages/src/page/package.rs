//! One package: which of its versions are here, where, and what is wrong with them.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Figures, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/package.html")]
pub struct Package {
    /// What stands around it.
    pub layout: Layout,
    /// Where it is, counted.
    pub figures: Figures,
    /// Ecosystem, licence, source, life.
    pub about: Pairs,
    /// The versions that are here.
    pub versions: Table,
    /// What is wrong with them.
    pub vulnerabilities: Table,
    /// Where they are.
    pub places: Table,
}
