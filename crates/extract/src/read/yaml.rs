//! YAML 1.2 to a positioned tree, on the events of `saphyr-parser`.
//!
//! Aliases are references to a complete earlier node, so that an alias bomb costs nothing; merge
//! keys (`<<`) are left to the reader of the format. Only the first document of a file is read.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use trimtab_model::{Code, Diagnostic};

use super::block_yaml;
use super::tree::{Document, Kind};
use super::{MAX_DEPTH, MAX_NODES};

/// Reads the first document of a text.
///
/// # Errors
/// The text is not YAML or exceeds a bound; the diagnostic has the line.
pub fn parse(text: &str) -> Result<Document<'_>, Diagnostic> {
    // What machines write is mostly regular, and read many times faster by lines.
    match block_yaml::parse(text) {
        Some(doc) => Ok(doc),
        None => parse_any(text).or_else(|problem| {
            // YAML 1.2 wants the bracket that closes a flow collection indented deeper than its
            // key; people write it under the key, and the usual readers take it.
            closing_indented(text).and_then(|moved| parse_moved(text, &moved).ok()).ok_or(problem)
        }),
    }
}

/// Reads a lockfile, which is a map. `anew`: the command that writes it.
///
/// # Errors
/// As of [`parse`], or it is anything else.
pub fn lockfile<'t>(text: &'t str, anew: &str) -> Result<Document<'t>, Diagnostic> {
    let doc = parse(text)?;
    if doc.root().kind() != Kind::Map {
        return Err(Diagnostic::new(Code::FileMalformed, "the lockfile is not a YAML map")
            .at_line(1)
            .help(format!("run `{anew}` to write it anew")));
    }
    Ok(doc)
}

/// The text with every line that begins with a closing bracket indented, line by line the same.
/// `None` if there is no such line.
fn closing_indented(text: &str) -> Option<String> {
    let mut moved = String::new();
    let mut changed = false;
    for line in text.split_inclusive('\n') {
        let closes = line.trim_start_matches(' ').starts_with([']', '}']);
        let more = if closes { CLOSING_INDENT } else { "" };
        changed |= closes;
        moved.push_str(more);
        moved.push_str(line);
    }
    changed.then_some(moved)
}

/// Deeper than any key that a person writes.
const CLOSING_INDENT: &str = "                                ";

/// The reader of all of YAML.
pub(super) fn parse_any(text: &str) -> Result<Document<'_>, Diagnostic> {
    parse_moved(text, text)
}

/// Reads `moved`, whose lines are those of `text` but for their indentation.
fn parse_moved<'t>(text: &'t str, moved: &str) -> Result<Document<'t>, Diagnostic> {
    let mut doc = Document::empty(text);
    let mut open: Vec<(u32, usize)> = Vec::new();
    let mut anchors: HashMap<usize, u32> = HashMap::new();
    for event in Parser::new_from_str(moved) {
        let (event, span) = event.map_err(|e| {
            Diagnostic::new(Code::FileMalformed, format!("the YAML cannot be read: {}", e.info()))
                .at_line(u32::try_from(e.marker().line()).unwrap_or(u32::MAX))
        })?;
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX).max(1);
        if doc.len() as usize >= MAX_NODES {
            return Err(Diagnostic::new(
                Code::FileLimit,
                format!("YAML with more than {MAX_NODES} values"),
            )
            .at_line(line));
        }
        match event {
            Event::Scalar(value, style, anchor, _) => {
                anchors.insert(anchor, doc.len());
                doc.push_decoded(scalar_kind(&value, style), line, &value);
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _)
                if open.len() >= MAX_DEPTH =>
            {
                let _ = anchor;
                return Err(Diagnostic::new(
                    Code::FileTooDeep,
                    format!("YAML nested deeper than {MAX_DEPTH} levels"),
                )
                .at_line(line));
            }
            Event::SequenceStart(anchor, _) => open.push((doc.open(Kind::List, line), anchor)),
            Event::MappingStart(anchor, _) => open.push((doc.open(Kind::Map, line), anchor)),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((position, anchor)) = open.pop() {
                    doc.close(position);
                    // Known only once complete: an alias to a node around it finds nothing.
                    anchors.insert(anchor, position);
                }
            }
            Event::Alias(anchor) => match anchors.get(&anchor) {
                Some(target) => doc.push_alias(line, *target),
                None => {
                    return Err(Diagnostic::new(
                        Code::FileMalformed,
                        "a YAML alias refers to a node that is not complete",
                    )
                    .at_line(line));
                }
            },
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
    }
    Ok(doc)
}

/// The core schema, as far as files that we read need it.
pub(super) fn scalar_kind(value: &str, style: ScalarStyle) -> Kind {
    if style != ScalarStyle::Plain {
        return Kind::Text;
    }
    match value {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => Kind::Bool,
        _ => {
            let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
            let dots = digits.bytes().filter(|b| *b == b'.').count();
            let number = digits.starts_with(|c: char| c.is_ascii_digit())
                && dots <= 1
                && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            if number { Kind::Number } else { Kind::Text }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_numbers_and_lines() {
        let doc = parse("a: 1.10\nb:\n  - 'x y'\n  - 1.2.3\nc: ~\n").unwrap();
        let root = doc.root();
        assert_eq!(root.get("a").unwrap().scalar(), Some("1.10"));
        let items: Vec<_> =
            root.get("b").unwrap().items().map(|v| (v.as_str(), v.line())).collect();
        assert_eq!(items, [(Some("x y"), 3), (Some("1.2.3"), 4)]);
        assert!(root.get("c").unwrap().is_null());
    }

    #[test]
    fn aliases_are_references_and_bombs_cost_nothing() {
        let mut text = "a0: &a0 [x]\n".to_owned();
        for i in 1..60 {
            text.push_str(&format!("a{i}: &a{i} [*a{0}, *a{0}]\n", i - 1));
        }
        let doc = parse(&text).unwrap();
        let last = doc.root().get("a59").unwrap();
        assert_eq!(last.items().count(), 2);
        assert_eq!(
            doc.root().get("a1").unwrap().items().next().unwrap().texts().collect::<Vec<_>>(),
            ["x"]
        );
    }

    #[test]
    fn a_closing_bracket_may_stand_under_its_key() {
        let doc = parse("a:\n  b: [\n    {x: 1},\n  ]\n  c: {\n    d: e\n  }\nf: g\n").unwrap();
        let root = doc.root();
        assert_eq!(root.path(&["a", "b"]).unwrap().items().count(), 1);
        assert_eq!(root.path(&["a", "c", "d"]).unwrap().line(), 6);
        assert_eq!(root.str("f"), Some("g"));
        assert_eq!(parse("a: [b\n]]\n").unwrap_err().code, Code::FileMalformed);
    }

    #[test]
    fn a_node_cannot_hold_itself() {
        assert_eq!(parse("a: &x [*x]").unwrap_err().code, Code::FileMalformed);
        assert_eq!(parse(&"[".repeat(210)).unwrap_err().code, Code::FileTooDeep);
        // The scanner has a bound of its own, and says it in its own words.
        assert!(parse(&"[".repeat(100_000)).is_err());
    }
}
