//! Two texts, line by line: what went, what came, what stayed.

use askama::Template;

/// A line of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// In both.
    Same(String),
    /// Only in the old one.
    Gone(String),
    /// Only in the new one.
    New(String),
    /// Lines that are left out.
    Skipped(usize),
}

/// A comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default, Template)]
#[template(path = "part/diff.html")]
pub struct Diff {
    /// What is compared with what, for screen readers.
    pub title: String,
    /// The lines.
    pub lines: Vec<Line>,
}

super::renders_itself!(Diff);
