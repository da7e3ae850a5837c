//! A page that cannot be shown: why, and what to do.

use askama::Template;

use crate::part::Link;

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/trouble.html")]
pub struct Trouble {
    /// The status: 403, 404, 500.
    pub status: u16,
    /// What happened, as a sentence.
    pub headline: String,
    /// Why, and what to do.
    pub text: Vec<String>,
    /// Where to go; nowhere for whoever may have no account.
    pub next: Vec<Link>,
    /// What to give to whoever runs the server, to find it in the log; empty if there is nothing.
    pub reference: String,
}
