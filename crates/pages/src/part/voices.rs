//! One finding told to four sides, from the same data. The tabs are links.

use askama::Template;

use super::{Pairs, Tabs};

/// What one side reads.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "part/voices.html")]
pub struct Voices {
    /// Product, engineering, security, operations: each leads to this page, told to that side.
    pub sides: Tabs,
    /// The story in this side's words, a paragraph each.
    pub story: Vec<String>,
    /// The facts this side asks for first.
    pub facts: Pairs,
}

super::renders_itself!(Voices);
