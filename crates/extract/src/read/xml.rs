//! XML 1.0 to a positioned tree of elements, on `quick-xml`.
//!
//! Names are local names; namespaces are not resolved. Entities that a document declares are never
//! expanded: a document type with an internal subset is refused.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use trimtab_model::{Code, Diagnostic};

use super::text::{self, Lines};
use super::{MAX_DEPTH, MAX_NODES};

/// A whole XML document.
#[derive(Debug)]
pub struct Xml {
    elements: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    name: Box<str>,
    attributes: Vec<(Box<str>, Box<str>)>,
    text: String,
    children: Vec<u32>,
    line: u32,
}

/// An element of a document.
#[derive(Debug, Clone, Copy)]
pub struct Element<'d> {
    doc: &'d Xml,
    at: u32,
}

/// Decodes the bytes of an XML file: as text, or as ISO 8859-1 where its declaration says so.
///
/// # Errors
/// The bytes are not text, and the declaration names no encoding that is read.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Diagnostic> {
    text::decode(bytes).or_else(|fault| {
        let head = String::from_utf8_lossy(bytes.get(..200).unwrap_or(bytes));
        let declared = head.split_once("encoding").map_or("", |(_, rest)| rest);
        let quoted = declared.trim_start_matches([' ', '=', '"', '\'']);
        let name: String = quoted.chars().take_while(|c| !matches!(c, '"' | '\'')).collect();
        match &*name.to_ascii_lowercase() {
            // Every byte of ISO 8859-1 is the code point of that number. Windows-1252 and 8859-15
            // differ in signs that no name or version has.
            "iso-8859-1" | "latin1" | "iso-8859-15" | "windows-1252" | "us-ascii" | "cp1252" => {
                Ok(bytes.iter().copied().map(char::from).collect::<String>().into())
            }
            _ => Err(fault),
        }
    })
}

/// Reads a whole text.
///
/// # Errors
/// The text is not XML, declares entities, or exceeds a bound; the diagnostic has the line.
pub fn parse(text: &str) -> Result<Xml, Diagnostic> {
    let lines = Lines::of(text);
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut doc = Xml { elements: Vec::new() };
    let mut open: Vec<u32> = Vec::new();
    loop {
        let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|e| {
            let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            let code = match e {
                quick_xml::Error::Syntax(_) => Code::FileTruncated,
                _ => Code::FileMalformed,
            };
            Diagnostic::new(code, format!("the XML cannot be read: {e}")).at_line(lines.at(at))
        })?;
        let line = lines.at(offset);
        match event {
            Event::Start(tag) => {
                if open.len() >= MAX_DEPTH {
                    return Err(Diagnostic::new(
                        Code::FileTooDeep,
                        format!("XML nested deeper than {MAX_DEPTH} levels"),
                    )
                    .at_line(line));
                }
                let at = doc.start(&tag, &open, line)?;
                open.push(at);
            }
            Event::Empty(tag) => {
                doc.start(&tag, &open, line)?;
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => doc.text(&open, &text.xml10_content()),
            Event::CData(text) => doc.text(&open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let decoded =
                    resolve(&reference).ok_or_else(|| entity_refused(&reference).at_line(line))?;
                doc.text(&open, decoded.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(declaration) if declaration.contains('[') => {
                return Err(types_refused().at_line(line));
            }
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if doc.elements.len() >= MAX_NODES {
            return Err(Diagnostic::new(
                Code::FileLimit,
                format!("XML with more than {MAX_NODES} elements"),
            )
            .at_line(line));
        }
    }
    if !open.is_empty() {
        return Err(Diagnostic::new(Code::FileTruncated, "the XML ends inside an element")
            .at_line(lines.at(text.len())));
    }
    if doc.elements.is_empty() {
        return Err(
            Diagnostic::new(Code::FileTruncated, "the file holds no XML element").at_line(1)
        );
    }
    Ok(doc)
}

pub(super) fn entity_refused(reference: &str) -> Diagnostic {
    let message = format!("the XML uses the entity `&{reference};`, which is not expanded");
    Diagnostic::new(Code::EntityRefused, message)
}

pub(super) fn types_refused() -> Diagnostic {
    let message = "the XML declares a document type of its own, which is not expanded";
    Diagnostic::new(Code::EntityRefused, message).help("remove the internal subset of the DOCTYPE")
}

/// The character behind one of XML's own references.
pub(super) fn resolve(reference: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}

impl Xml {
    fn start(&mut self, tag: &BytesStart<'_>, open: &[u32], line: u32) -> Result<u32, Diagnostic> {
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| {
                Diagnostic::new(
                    Code::FileMalformed,
                    format!("an XML attribute cannot be read: {e}"),
                )
                .at_line(line)
            })?;
            let value: Cow<'_, str> = quick_xml::escape::unescape(&attribute.value)
                .unwrap_or_else(|_| Cow::Owned(attribute.value.to_string()));
            attributes.push((attribute.key.as_ref().into(), value.into()));
        }
        let at = u32::try_from(self.elements.len()).unwrap_or(u32::MAX);
        let name = tag.local_name().as_ref().into();
        self.elements.push(Node { name, attributes, line, ..Node::default() });
        if let Some(parent) = open.last().and_then(|p| self.elements.get_mut(*p as usize)) {
            parent.children.push(at);
        }
        Ok(at)
    }

    fn text(&mut self, open: &[u32], text: &str) {
        if let Some(element) = open.last().and_then(|p| self.elements.get_mut(*p as usize)) {
            // What stands between elements is white space that `Element::text` would trim.
            let text = if element.text.is_empty() { text.trim_start() } else { text };
            element.text.push_str(text);
        }
    }

    /// The document's element.
    pub fn root(&self) -> Element<'_> {
        Element { doc: self, at: 0 }
    }
}

impl<'d> Element<'d> {
    fn node(self) -> &'d Node {
        // `parse` makes at least one element, and positions come only from its lists.
        &self.doc.elements[self.at as usize]
    }

    /// The local name.
    pub fn name(self) -> &'d str {
        &self.node().name
    }

    /// The one-based line where the element starts.
    pub fn line(self) -> u32 {
        self.node().line
    }

    /// Its own text, trimmed.
    pub fn text(self) -> &'d str {
        self.node().text.trim()
    }

    /// An attribute's value, decoded. Names are compared as written, prefix included.
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        self.node().attributes.iter().find(|(k, _)| &**k == name).map(|(_, v)| &**v)
    }

    /// All attributes, as written.
    pub fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str)> {
        self.node().attributes.iter().map(|(k, v)| (&**k, &**v))
    }

    /// The elements directly inside.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> {
        self.node().children.iter().map(move |at| Element { doc: self.doc, at: *at })
    }

    /// The elements directly inside that have this local name.
    pub fn all(self, name: &str) -> impl Iterator<Item = Element<'d>> {
        self.children().filter(move |e| e.name() == name)
    }

    /// The first element directly inside that has this local name.
    pub fn child(self, name: &str) -> Option<Element<'d>> {
        self.children().find(|e| e.name() == name)
    }

    /// The text of the first element of this name, if it is not empty.
    pub fn child_text(self, name: &str) -> Option<&'d str> {
        self.child(name).map(Element::text).filter(|t| !t.is_empty())
    }

    /// Every element below, this one first, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Element<'d>> {
        let mut waiting = vec![self];
        std::iter::from_fn(move || {
            let next = waiting.pop()?;
            waiting.extend(
                next.node().children.iter().rev().map(|at| Element { doc: next.doc, at: *at }),
            );
            Some(next)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_lines_texts_and_attributes() {
        let doc = parse("<?xml version='1.0'?>\n<a x='1 &amp; 2'>\n  <n:b>t&#x41;<![CDATA[<c>]]></n:b>\n  <b/></a>").unwrap();
        let root = doc.root();
        assert_eq!(root.attribute("x"), Some("1 & 2"));
        let b = root.child("b").unwrap();
        assert_eq!((b.text(), b.line()), ("tA<c>", 3));
        assert_eq!(root.all("b").count(), 2);
        assert_eq!(root.descendants().count(), 3);
    }

    #[test]
    fn a_declared_encoding_is_honoured() {
        let bytes = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>";
        assert_eq!(parse(&decode(bytes).unwrap()).unwrap().root().text(), "\u{e9}");
        assert!(decode(b"<a>\xE9</a>").is_err());
    }

    #[test]
    fn entities_are_refused() {
        let bomb = "<!DOCTYPE l [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><l>&c;</l>";
        assert_eq!(parse(bomb).unwrap_err().code, Code::EntityRefused);
        assert_eq!(parse("<l>&nope;</l>").unwrap_err().code, Code::EntityRefused);
    }

    #[test]
    fn broken_files_are_refused_with_a_line() {
        assert_eq!(parse("<a>\n<b>").unwrap_err().line, Some(2));
        assert!(parse("<a></b>").is_err());
        assert!(parse("").is_err());
        assert_eq!(parse(&"<a>".repeat(5_000)).unwrap_err().code, Code::FileTooDeep);
    }
}
