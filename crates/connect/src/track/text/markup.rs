//! The parts of a ticket's text in each markup. Nothing of them calls a person, links another ticket, or is a command.

use serde_json::{Value, json};

use crate::html::escaped;

/// A character that is not seen, and parts what would be read as one word.
pub(super) const APART: char = '\u{200b}';

/// How a tracker writes texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::track) enum Markup {
    /// Markdown.
    Markdown,
    /// HTML.
    Html,
    /// Jira's notation, version 2 of its API.
    Wiki,
    /// Atlassian Document Format, version 3 of its API.
    Adf,
}

impl Markup {
    /// The most characters of a text, people's part included, with room for what trackers count otherwise.
    pub(super) fn most(self) -> usize {
        match self {
            // 32,767 in Jira.
            Markup::Wiki | Markup::Adf => 32_000,
            Markup::Markdown | Markup::Html => 60_000,
        }
    }
}

/// A part of a text.
pub(super) enum Block {
    Heading(&'static str),
    /// One paragraph, one line.
    Line(String),
    Items(Vec<(String, Option<String>)>),
    /// For machines: not shown, or small.
    Machine(String),
}

pub(super) fn written(markup: Markup, block: &Block) -> String {
    match (markup, block) {
        (Markup::Html, Block::Heading(text)) => format!("<h3>{text}</h3>"),
        (Markup::Html, Block::Line(text)) => format!("<p>{}</p>", escaped(text)),
        (Markup::Html, Block::Items(items)) => {
            let one = |(text, address): &(String, Option<String>)| match address {
                Some(to) => format!("<li><a href=\"{}\">{}</a></li>", escaped(to), escaped(text)),
                None => format!("<li>{}</li>", escaped(text)),
            };
            format!("<ul>{}</ul>", items.iter().map(one).collect::<String>())
        }
        (Markup::Html, Block::Machine(text)) => format!("<p><small>{text}</small></p>"),
        (Markup::Wiki, Block::Heading(text)) => format!("h3. {text}\n"),
        (Markup::Wiki, Block::Line(text)) => format!("{}\n\n", wiki(text)),
        (Markup::Wiki, Block::Items(items)) => {
            let one = |(text, address): &(String, Option<String>)| match address {
                Some(to) => format!("* [{}|{to}]\n", wiki(text)),
                None => format!("* {}\n", wiki(text)),
            };
            format!("{}\n", items.iter().map(one).collect::<String>())
        }
        (Markup::Wiki, Block::Machine(text)) => format!("{{color:#888888}}{text}{{color}}\n"),
        (_, Block::Heading(text)) => format!("### {text}\n\n"),
        (_, Block::Line(text)) => format!("{}\n\n", markdown(text)),
        (_, Block::Items(items)) => {
            let one = |(text, address): &(String, Option<String>)| match address {
                Some(to) => format!("- [{}]({to})\n", markdown(text)),
                None => format!("- {}\n", markdown(text)),
            };
            format!("{}\n", items.iter().map(one).collect::<String>())
        }
        // A reference that nothing refers to is shown by no reader of Markdown.
        (_, Block::Machine(text)) => format!("[//]: # ({text})\n\n"),
    }
}

/// Text in which nothing is taken for an address, a commit or a ticket elsewhere.
fn unlinked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        let name = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let end = word.get(name.len()..).unwrap_or_default();
        let is_commit = name.len() >= 7
            && name.bytes().all(|b| b.is_ascii_hexdigit())
            && name.bytes().any(|b| b.is_ascii_digit());
        for (at, c) in name.chars().enumerate() {
            if is_commit && at > 0 && at % 6 == 0 {
                out.push(APART);
            }
            out.push(c);
        }
        let lower = name.to_ascii_lowercase();
        if lower.ends_with("www") && end == "." {
            out.push(APART);
        }
        out.push_str(end);
        if lower.ends_with("gh") && end == "-" {
            out.push(APART);
        }
    }
    out.replace("://", ":\u{200b}//")
}

/// Text that Markdown takes as it is. A sign before a name is cut from it, so that nobody is called and nothing is linked.
fn markdown(text: &str) -> String {
    let text = &*unlinked(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    // A slash at the beginning of a line is a command to some.
    if text.starts_with(['/', '-', '+', '=']) || text.starts_with(|c: char| c.is_ascii_digit()) {
        out.push('\u{200b}');
    }
    while let Some(c) = rest.next() {
        if "\\`*_{}[]<>#|~!&".contains(c) {
            out.push('\\');
        }
        out.push(c);
        let named = rest.peek().is_some_and(|next| next.is_alphanumeric() || *next == '_');
        if named && "@#!~%&$^".contains(c) {
            out.push('\u{200b}');
        }
    }
    out
}

fn wiki(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if "\\{}[]*_-+^~?!|#@".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

pub(super) fn node(text: &str, marks: &[&str]) -> Value {
    let marks: Vec<Value> = marks.iter().map(|mark| json!({ "type": mark })).collect();
    match marks.is_empty() {
        true => json!({ "type": "text", "text": text }),
        false => json!({ "type": "text", "text": text, "marks": marks }),
    }
}

pub(super) fn paragraph(nodes: &[Value]) -> Value {
    json!({ "type": "paragraph", "content": nodes })
}

pub(super) fn adf(block: &Block) -> Value {
    match block {
        Block::Heading(text) => {
            json!({ "type": "heading", "attrs": { "level": 3 }, "content": [node(text, &[])] })
        }
        Block::Line(text) => paragraph(&[node(text, &[])]),
        Block::Machine(text) => paragraph(&[node(text, &["code"])]),
        Block::Items(items) => {
            let one = |(text, address): &(String, Option<String>)| {
                let text = match address {
                    Some(to) => json!({
                        "type": "text", "text": text,
                        "marks": [{ "type": "link", "attrs": { "href": to } }],
                    }),
                    None => node(text, &[]),
                };
                json!({ "type": "listItem", "content": [paragraph(&[text])] })
            };
            let items: Vec<Value> = items.iter().map(one).collect();
            json!({ "type": "bulletList", "content": items })
        }
    }
}
