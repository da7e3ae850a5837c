//! Forms. Each field has its label, perhaps a hint, and after a slip what is wrong and how to mend it.

use askama::Template;

use super::{Href, Link, Notice};

/// How a field is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// One line.
    Text,
    /// One line in the mono type: a purl, a version, a code.
    Code,
    /// An address for mail.
    Email,
    /// Hidden while typed; the word says which: `current-password`, `new-password`, `one-time-code`.
    Secret(&'static str),
    /// A date.
    Date,
    /// A whole number.
    Number,
    /// Several lines.
    Area,
    /// Many lines in the mono type: a file.
    Script,
    /// One of these: value and words.
    Select(Vec<(String, String)>),
    /// Yes or no.
    Check,
    /// Files.
    File,
    /// Not shown.
    Hidden,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(path = "part/field.html")]
pub struct Field {
    /// Its name in the request, and its id.
    pub name: String,
    /// Its label.
    pub label: String,
    /// How it is filled in.
    pub input: Input,
    /// What it holds.
    pub value: String,
    /// What to know before.
    pub hint: String,
    /// What is wrong with what was sent, and how to mend it; empty if nothing.
    pub error: String,
    /// Whether it must be filled in.
    pub required: bool,
}

impl Field {
    /// A field that must be filled in.
    pub fn new(name: impl Into<String>, label: impl Into<String>, input: Input) -> Field {
        Field {
            name: name.into(),
            label: label.into(),
            input,
            value: String::new(),
            hint: String::new(),
            error: String::new(),
            required: true,
        }
    }

    /// With what it holds.
    #[must_use]
    pub fn holding(mut self, value: impl Into<String>) -> Field {
        self.value = value.into();
        self
    }

    /// With what to know before.
    #[must_use]
    pub fn hinted(mut self, hint: impl Into<String>) -> Field {
        self.hint = hint.into();
        self
    }

    /// With what is wrong.
    #[must_use]
    pub fn wrong(mut self, error: impl Into<String>) -> Field {
        self.error = error.into();
        self
    }

    /// One that may stay empty.
    #[must_use]
    pub fn optional(mut self) -> Field {
        self.required = false;
        self
    }

    fn kind(&self) -> &'static str {
        match self.input {
            Input::Email => "email",
            Input::Secret("one-time-code") | Input::Text | Input::Code => "text",
            Input::Secret(_) => "password",
            Input::Date => "date",
            Input::Number => "number",
            Input::Check => "checkbox",
            Input::File => "file",
            Input::Hidden => "hidden",
            Input::Area | Input::Script | Input::Select(_) => "",
        }
    }

    fn autocomplete(&self) -> &'static str {
        match self.input {
            Input::Email => "username",
            Input::Secret(word) => word,
            _ => "off",
        }
    }

    /// What to know before, where what is wrong does not say it already.
    fn shown_hint(&self) -> &str {
        let said = !self.error.is_empty()
            && self.error.to_lowercase().contains(self.hint.to_lowercase().trim_end_matches('.'));
        if said { "" } else { &self.hint }
    }

    fn described(&self) -> bool {
        !self.hint.is_empty() || !self.error.is_empty()
    }

    /// Whether a browser is to insist. Not where an empty value is one of the choices (`the organisation`): it takes that
    /// for none made, and sends nothing.
    fn must(&self) -> bool {
        let is_choice = |(value, _): &(String, String)| value.is_empty();
        let may_be_empty = matches!(&self.input, Input::Select(all) if all.iter().any(is_choice));
        self.required && !may_be_empty
    }
}

/// A form that changes something.
#[derive(Debug, Clone, PartialEq, Eq, Default, Template)]
#[template(path = "part/form.html")]
pub struct Form {
    /// Where it is sent.
    pub action: Href,
    /// The token against forged requests.
    pub csrf: String,
    /// What is wrong with the whole of it.
    pub notice: Option<Notice>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// The button says what happens: `Ask for the exception`.
    pub submit: String,
    /// A second button, which sends the same with `also` set and keeps nothing: `Send a test letter`.
    pub also: String,
    /// Where to go instead.
    pub cancel: Option<Link>,
    /// Whether something is lost by it.
    pub grave: bool,
    /// Whether it is not the main thing that the page is for: a page has one filled button.
    pub quiet: bool,
}

impl Form {
    fn class(&self) -> &'static str {
        match (self.grave, self.quiet) {
            (true, _) => "grave",
            (false, true) => "",
            (false, false) => "primary",
        }
    }

    fn sends_files(&self) -> bool {
        self.fields.iter().any(|f| f.input == Input::File)
    }
}

super::renders_itself!(Field, Form);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_with_an_empty_value_can_be_sent() {
        let shown = |value: &str| {
            let all =
                vec![(value.to_owned(), "First".to_owned()), ("2".to_owned(), "Next".to_owned())];
            Field::new("team", "Shows", Input::Select(all)).render().unwrap()
        };
        assert!(!shown("").contains("required") && !shown("").contains("optional"));
        assert!(shown("1").contains(" required"));
    }
}
