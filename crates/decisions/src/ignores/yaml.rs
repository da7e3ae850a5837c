//! YAML as far as ignore files use it: a tree that knows its lines, without aliases.

use saphyr_parser::{Event, Parser};
use trimtab_model::{Code, Diagnostic};

const MAX_DEPTH: usize = 32;
const MAX_NODES: usize = 1_000_000;

/// A value and the line that it begins in.
#[derive(Debug)]
pub(super) struct Node {
    line: u32,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// The text of a scalar, whatever it looks like.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k == key).map(|(_, node)| node)
    }

    /// Whether it says nothing.
    pub(super) fn is_empty(&self) -> bool {
        match &self.value {
            Value::Text(text) => matches!(&**text, "" | "~" | "null"),
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
        }
    }
}

/// A list or map that is not complete.
struct Open {
    node: Node,
    key: Option<String>,
}

/// The first document of a text.
///
/// # Errors
/// It is not YAML, has aliases, or exceeds a bound.
pub(super) fn parse(text: &str) -> Result<Node, Diagnostic> {
    let fault = |code, message: String, line: usize| {
        let line = u32::try_from(line).unwrap_or(u32::MAX).max(1);
        Diagnostic::new(code, message).at_line(line)
    };
    let mut open: Vec<Open> = Vec::new();
    let mut root = Node { line: 1, value: Value::Text(String::new()) };
    let mut count = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|e| {
            let message = format!("the YAML cannot be read: {}", e.info());
            fault(Code::FileMalformed, message, e.marker().line())
        })?;
        let line = u32::try_from(span.start.line()).unwrap_or(u32::MAX);
        count += 1;
        if count > MAX_NODES {
            let message = format!("YAML with more than {MAX_NODES} values");
            return Err(fault(Code::FileLimit, message, span.start.line()));
        }
        let done = match event {
            Event::Scalar(value, ..) => Node { line, value: Value::Text(value.into_owned()) },
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                if open.len() >= MAX_DEPTH {
                    let message = format!("YAML nested deeper than {MAX_DEPTH} levels");
                    return Err(fault(Code::FileTooDeep, message, span.start.line()));
                }
                let list = matches!(event, Event::SequenceStart(..));
                let value = if list { Value::List(Vec::new()) } else { Value::Map(Vec::new()) };
                open.push(Open { node: Node { line, value }, key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(done) => done.node,
                None => continue,
            },
            Event::Alias(_) => {
                let message = "the YAML has an alias, which is not read here".to_owned();
                return Err(fault(Code::FileMalformed, message, span.start.line()));
            }
            Event::DocumentEnd => break,
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {
                continue;
            }
        };
        match open.last_mut() {
            None => root = done,
            Some(Open { node: Node { value: Value::List(items), .. }, .. }) => items.push(done),
            Some(Open { node: Node { value: Value::Map(entries), .. }, key }) => match key.take() {
                Some(key) => entries.push((key, done)),
                // A key that is no text names nothing that is looked for.
                None => *key = Some(done.text().unwrap_or_default().to_owned()),
            },
            Some(_) => {}
        }
    }
    Ok(root)
}
