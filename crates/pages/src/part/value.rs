//! A value that may be unknown: then it is drawn hatched, and says why on hover and to screen readers.

#![expect(unused_qualifications, reason = "askama writes them for an enum")]

use askama::Template;

use super::{Link, Squares, When};

/// Something known, or why it is not.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "part/value.html")]
pub enum Value {
    /// Plain words.
    Text(String),
    /// A purl, a version, a digest, a path.
    Code(String),
    /// Words that lead somewhere.
    Link(Link),
    /// A moment.
    Time(When),
    /// A picture of squares that a camera reads.
    Squares(Squares),
    /// Not known, and why.
    Unknown(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::Text(text)
    }
}

impl From<Link> for Value {
    fn from(link: Link) -> Value {
        Value::Link(link)
    }
}

impl From<When> for Value {
    fn from(when: When) -> Value {
        Value::Time(when)
    }
}

impl From<Squares> for Value {
    fn from(squares: Squares) -> Value {
        Value::Squares(squares)
    }
}

super::renders_itself!(Value);
