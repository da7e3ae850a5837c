//! Writing XML 1.0: elements and attributes with their text escaped.

use std::borrow::Cow;
use std::io::{self, Write};

/// Names and values of attributes, in order.
pub(crate) type Attributes<'a> = &'a [(&'a str, &'a str)];

/// Writes elements, escaped; the caller keeps them balanced.
pub(crate) struct Xml<'o> {
    pub(crate) out: &'o mut dyn Write,
}

impl Xml<'_> {
    pub(crate) fn declaration(&mut self) -> io::Result<()> {
        self.out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")
    }

    pub(crate) fn tag(
        &mut self,
        name: &str,
        attributes: Attributes<'_>,
        end: &str,
    ) -> io::Result<()> {
        write!(self.out, "<{name}")?;
        for (key, value) in attributes {
            write!(self.out, " {key}=\"{}\"", escaped(value))?;
        }
        self.out.write_all(end.as_bytes())
    }

    pub(crate) fn open(&mut self, name: &str, attributes: Attributes<'_>) -> io::Result<()> {
        self.tag(name, attributes, ">\n")
    }

    pub(crate) fn close(&mut self, name: &str) -> io::Result<()> {
        writeln!(self.out, "</{name}>")
    }

    pub(crate) fn text(
        &mut self,
        name: &str,
        attributes: Attributes<'_>,
        text: &str,
    ) -> io::Result<()> {
        self.tag(name, attributes, ">")?;
        writeln!(self.out, "{}</{name}>", escaped(text))
    }
}

/// Text without what XML 1.0 and JSON viewers choke on: control characters become spaces.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let bad = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    Cow::Owned(text.chars().map(|c| if bad(c) { ' ' } else { c }).collect())
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c => out.push(c),
        }
    }
    out
}
