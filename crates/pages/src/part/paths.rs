//! Who brought a component in: from the project down to it, one path a line.

use askama::Template;

use super::Link;

/// Paths from projects to a component.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(path = "part/paths.html")]
pub struct Paths {
    /// Each from the project to the component.
    pub paths: Vec<Vec<Link>>,
    /// How many more there are.
    pub more: Option<Link>,
    /// Why there is none.
    pub unknown: String,
}

super::renders_itself!(Paths);
