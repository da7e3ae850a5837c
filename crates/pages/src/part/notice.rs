//! What has just happened, or what somebody should know before they go on.

use askama::Template;

use super::Link;

/// How urgent a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It worked.
    Done,
    /// Good to know.
    Note,
    /// Something is not as it should be.
    Warning,
}

/// A notice: one sentence, and perhaps the next step.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<p class="notice {{ class() }}" role="{{ role() }}">{{ crate::part::ticked(text) }}{% if let Some(next) = next %} {{ next }}{% endif %}</p>"#
)]
pub struct Notice {
    /// How urgent.
    pub urgency: Urgency,
    /// What happened.
    pub text: String,
    /// The next step.
    pub next: Option<Link>,
}

impl Notice {
    fn class(&self) -> &'static str {
        match self.urgency {
            Urgency::Done => "done",
            Urgency::Note => "note",
            Urgency::Warning => "warning",
        }
    }

    fn role(&self) -> &'static str {
        if self.urgency == Urgency::Warning { "alert" } else { "status" }
    }
}

super::renders_itself!(Notice);
