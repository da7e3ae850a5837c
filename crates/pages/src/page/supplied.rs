//! What a supplier sees by its link: what was promised, what is asked, and the forms that send and answer.

use askama::Template;

use crate::part::{Form, Notice, Pairs};

/// A question that waits, with the form that answers it.
#[derive(Debug, Clone)]
pub struct Question {
    /// What it is about.
    pub title: String,
    /// What is asked, a paragraph each.
    pub text: Vec<String>,
    /// Product, when it was asked, when it is due.
    pub about: Pairs,
    /// The form.
    pub form: Form,
}

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/supplied.html")]
pub struct Supplied {
    /// Whom they supply.
    pub organisation: String,
    /// What this is, in a sentence.
    pub headline: String,
    /// What has just happened.
    pub notice: Option<Notice>,
    /// What is known of them.
    pub about: Pairs,
    /// What of it is not kept or falls due, a sentence each.
    pub owed: Vec<String>,
    /// What was promised, a sentence each.
    pub promised: Vec<String>,
    /// The form that sends a document.
    pub form: Form,
    /// Questions that wait.
    pub questions: Vec<Question>,
    /// What they answered before: what it was about, and when.
    pub answered: Pairs,
}
