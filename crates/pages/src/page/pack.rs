//! Evidence to keep: one file that needs nothing else, to be read in years without this server.

use askama::Template;

use crate::part::{Pairs, Table};

/// The file.
#[derive(Debug, Clone, Template)]
#[template(path = "page/pack.html")]
pub struct Pack {
    /// The title.
    pub title: String,
    /// What it comes to.
    pub headline: String,
    /// Of when, by whom, up to where.
    pub about: Pairs,
    /// What shows it.
    pub tables: Vec<Table>,
}
