//! The numbers under the headline. Each opens the list behind it.

use askama::Template;

use super::{Href, Mark, Value};

/// A number with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The number.
    pub value: Value,
    /// What it counts.
    pub label: String,
    /// The same where the number is one; empty where that is no different.
    pub one: String,
    /// The list behind it.
    pub href: Href,
    /// Its level, where it counts what is of one level.
    pub mark: Option<Mark>,
    /// A second line: change, unit, share.
    pub note: String,
}

impl Figure {
    /// A number that opens its list.
    pub fn of(value: impl Into<Value>, label: impl Into<String>, href: impl Into<Href>) -> Figure {
        Figure {
            value: value.into(),
            label: label.into(),
            one: String::new(),
            href: href.into(),
            mark: None,
            note: String::new(),
        }
    }

    /// With what it counts where the number is one: `finding` beside `findings`.
    #[must_use]
    pub fn or_one(mut self, one: impl Into<String>) -> Figure {
        self.one = one.into();
        self
    }

    /// Whether one is counted, and there is a word for that.
    fn is_one(&self) -> bool {
        !self.one.is_empty() && self.value == Value::Text("1".to_owned())
    }

    /// With a level's mark.
    #[must_use]
    pub fn marked(mut self, mark: impl Into<Mark>) -> Figure {
        self.mark = Some(mark.into());
        self
    }

    /// With a second line.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Figure {
        self.note = note.into();
        self
    }
}

/// How many stand beside each other on a wide screen.
const BESIDE: usize = 8;

/// The numbers of a page: in one line, or in several where there are many.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(path = "part/figures.html")]
pub struct Figures(pub Vec<Figure>);

impl Figures {
    /// Whether they are more than stand beside each other.
    fn are_many(&self) -> bool {
        self.0.len() > BESIDE
    }
}

super::renders_itself!(Figures);
