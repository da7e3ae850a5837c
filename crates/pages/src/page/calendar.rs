//! The address of a team's calendar, for programs that show calendars.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Form, Pairs};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/calendar.html")]
pub struct Calendar {
    /// What stands around it.
    pub layout: Layout,
    /// An address that was just made; empty if none was. It is shown once.
    pub fresh: String,
    /// How it is, a sentence each.
    pub intro: Vec<String>,
    /// Since when there is one.
    pub about: Pairs,
    /// Make one, take it back.
    pub forms: Vec<Form>,
}
