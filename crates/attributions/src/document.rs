//! From bytes to a document: JSON (one value, or several one after another), XML, or plain text. A
//! report is recognised by its content, so its syntax comes first.

use serde_json::Value;
use trimtab_model::{Code, Diagnostic};

use crate::json::Node;
use crate::xml::{self, Element};

/// The largest report that is read, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// The most values, elements or attributes of a report.
pub(crate) const MAX_VALUES: usize = 3_000_000;

/// How deep XML is nested; JSON has serde_json's own bound, which is the same.
pub(crate) const MAX_DEPTH: usize = 128;

/// A report, before it is known whose.
#[derive(Debug)]
pub(crate) enum Document {
    /// JSON: one value, or lines of it.
    Json(Vec<Value>),
    Xml(Element),
    Text(String),
}

impl Document {
    /// Reads the syntax.
    ///
    /// # Errors
    /// The bytes are too many, no text, damaged, or empty.
    pub(crate) fn read(bytes: &[u8]) -> Result<Document, Diagnostic> {
        if bytes.len() > MAX_BYTES {
            let size = bytes.len();
            return Err(Diagnostic::new(
                Code::FileTooLarge,
                format!("a report of {size} bytes, of which at most {MAX_BYTES} are read"),
            )
            .help("split the report, or have the tool report fewer projects at a time"));
        }
        let text = decode(bytes)?;
        let start = text.trim_start();
        match start.bytes().next() {
            None => Err(Diagnostic::new(
                Code::FileTruncated,
                "the report is empty, which does not say that nothing was found",
            )
            .help("look whether the scanner ran to its end, and write its report again")),
            Some(b'{' | b'[') if looks_like_json(start) => json(&text),
            Some(b'<') => xml::parse(&text).map(Document::Xml),
            Some(_) => Ok(Document::Text(text)),
        }
    }

    /// The JSON value, where there is exactly one; else nothing.
    pub(crate) fn json(&self) -> Node<'_> {
        match self {
            Document::Json(values) => match &values[..] {
                [value] => Node::of(value),
                _ => Node::NONE,
            },
            _ => Node::NONE,
        }
    }

    /// The JSON values that follow one another; those of an array, if it is the only one.
    pub(crate) fn values(&self) -> impl Iterator<Item = Node<'_>> {
        let values = match self {
            Document::Json(values) => match &values[..] {
                [Value::Array(items)] => &items[..],
                values => values,
            },
            _ => &[],
        };
        values.iter().map(Node::of)
    }

    /// The root element of XML.
    pub(crate) fn xml(&self, name: &str) -> Option<&Element> {
        match self {
            Document::Xml(root) if &*root.name == name => Some(root),
            _ => None,
        }
    }

    /// Plain text.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Document::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Text: UTF-8, or UTF-16 with a mark, which is what a redirect of PowerShell writes.
fn decode(bytes: &[u8]) -> Result<String, Diagnostic> {
    let wide = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = rest.as_chunks::<2>();
        char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect::<Result<String, _>>().ok()
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => std::str::from_utf8(rest).ok().map(str::to_owned),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    text.ok_or_else(|| {
        Diagnostic::new(Code::FileNotText, "the report is not valid UTF-8").help("save it as UTF-8")
    })
}

/// Whether what begins with a bracket goes on as JSON does: a log may begin with `[INFO]`.
fn looks_like_json(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    let next = bytes.find(|b| !b.is_ascii_whitespace());
    match (first, next) {
        (Some(b'{'), next) => matches!(next, None | Some(b'"' | b'}')),
        (_, next) => matches!(
            next,
            None | Some(b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9' | b't' | b'f' | b'n')
        ),
    }
}

fn json(text: &str) -> Result<Document, Diagnostic> {
    let count = count_values(text.as_bytes());
    if count > MAX_VALUES {
        return Err(Diagnostic::new(
            Code::FileLimit,
            format!("JSON with {count} values, of which at most {MAX_VALUES} are read"),
        )
        .help("split the report, or have the tool report fewer projects at a time"));
    }
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        values.push(value.map_err(|fault| {
            let code = match fault.classify() {
                serde_json::error::Category::Eof => Code::FileTruncated,
                _ if fault.to_string().contains("recursion limit") => Code::FileTooDeep,
                _ => Code::FileMalformed,
            };
            Diagnostic::new(code, format!("the JSON cannot be read: {fault}"))
                .at_line(u32::try_from(fault.line()).unwrap_or(u32::MAX).max(1))
                .help("look whether the scanner ran to its end, and write its report again")
        })?);
    }
    Ok(Document::Json(values))
}

/// How much a text of JSON holds: a unit for each value, more for an object, which takes more memory.
fn count_values(text: &[u8]) -> usize {
    let (mut count, mut inside, mut escaped) = (1, false, false);
    for b in text {
        match b {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' | b'[' if !inside => count += 1,
            b'{' if !inside => count += 4,
            _ => {}
        }
    }
    count
}

/// The one-based line of a byte.
pub(crate) fn line_of(text: &str, at: usize) -> u32 {
    let before = text.as_bytes().get(..at.min(text.len())).unwrap_or_default();
    let breaks = before.iter().filter(|b| **b == b'\n').count();
    u32::try_from(breaks + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        assert_eq!(count_values(br#"{"a,[": [1, 2]}"#), 7);
        assert_eq!(count_values(br#""a\",b""#), 1);
    }

    #[test]
    fn wide_text_is_read() {
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend("{\"é\": 1}".encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(Document::read(&bytes).unwrap().json().at("é").written().as_deref(), Some("1"));
        let code = |bytes: &[u8]| Document::read(bytes).unwrap_err().code;
        assert_eq!(code(&[0xff, 0xfe, 0x00, 0xd8]), Code::FileNotText);
        assert_eq!(code(b"  "), Code::FileTruncated);
        assert_eq!(code("[".repeat(100_000).as_bytes()), Code::FileTooDeep);
        assert_eq!(code("<a>".repeat(1_000).as_bytes()), Code::FileTooDeep);
        assert_eq!(code(b"{\"a\": 1"), Code::FileTruncated);
        assert_eq!(code(b"<a><b></a>"), Code::FileMalformed);
        assert_eq!(code(b"<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), Code::EntityRefused);
    }
}
