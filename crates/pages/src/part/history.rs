//! What happened, the latest first.

use askama::Template;

use super::{Link, Mark, When};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub at: When,
    /// The word of the ledger: detected, assessed, decided, planned, merged, deployed, fixed, regressed, retracted.
    pub kind: String,
    /// What happened, as a sentence.
    pub text: String,
    /// Who did it, or which source says so.
    pub by: Link,
    /// The level after it, where it changed.
    pub level: Option<Mark>,
}

/// Events, the latest first.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(path = "part/history.html")]
pub struct History {
    /// The events.
    pub events: Vec<Event>,
    /// Where the rest is.
    pub more: Option<Link>,
}

super::renders_itself!(History);
