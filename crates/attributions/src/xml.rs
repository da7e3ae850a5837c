//! XML 1.0 to a tree of elements, on `quick-xml`. Names are local names; entities that a document
//! declares are never expanded.

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use trimtab_model::{Code, Diagnostic};

use crate::document::{MAX_DEPTH, MAX_VALUES, line_of};
use crate::text;

/// An element.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: Box<str>,
    attributes: Vec<(Box<str>, Box<str>)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The child elements of a name.
    pub(crate) fn children<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| &*child.name == name)
    }

    /// Every child element.
    pub(crate) fn all(&self) -> &[Element] {
        &self.children
    }

    /// The first child element of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| &*child.name == name)
    }

    /// The text of the first child element of a name, if it is not empty.
    pub(crate) fn said(&self, name: &str) -> Option<&str> {
        self.child(name)?.text()
    }

    /// The element's own text, trimmed; the beginning of a long one.
    pub(crate) fn text(&self) -> Option<&str> {
        Some(text::beginning(&self.text).trim()).filter(|text| !text.is_empty())
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| &**key == name).map(|(_, value)| value.trim())
    }
}

/// Reads a whole text to its root element.
///
/// # Errors
/// The text is not XML, declares entities, or exceeds a bound.
pub(crate) fn parse(text: &str) -> Result<Element, Diagnostic> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    let mut count = 0usize;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = reader.read_event().map_err(|fault| {
            let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            let code = match fault {
                quick_xml::Error::Syntax(_) => Code::FileTruncated,
                _ => Code::FileMalformed,
            };
            Diagnostic::new(code, format!("the XML cannot be read: {fault}"))
                .at_line(line_of(text, at))
        })?;
        let refuse =
            |code, message: String| Err(Diagnostic::new(code, message).at_line(line_of(text, at)));
        match event {
            Event::Start(tag) => {
                if open.len() >= MAX_DEPTH {
                    return refuse(
                        Code::FileTooDeep,
                        format!("XML nested deeper than {MAX_DEPTH} levels"),
                    );
                }
                count += 1;
                open.push(element(&tag, &mut count)?);
            }
            Event::Empty(tag) => {
                count += 1;
                let element = element(&tag, &mut count)?;
                close(element, &mut open, &mut root);
            }
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(element, &mut open, &mut root);
                }
            }
            Event::Text(part) => push(&mut open, &part.xml10_content()),
            Event::CData(part) => push(&mut open, &part.xml10_content()),
            Event::GeneralRef(reference) => match resolve(&reference) {
                Some(decoded) => push(&mut open, decoded.encode_utf8(&mut [0; 4])),
                None => {
                    let name = reference.chars().take(40).collect::<String>();
                    let message =
                        format!("the XML uses the entity `&{name};`, which is not expanded");
                    return refuse(Code::EntityRefused, message);
                }
            },
            Event::DocType(declaration) if declaration.contains('[') => {
                let message = "the XML declares a document type of its own, which is not expanded";
                return refuse(Code::EntityRefused, message.to_owned());
            }
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if count > MAX_VALUES {
            return refuse(
                Code::FileLimit,
                format!("XML with more than {MAX_VALUES} elements and attributes"),
            );
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(Diagnostic::new(Code::FileTruncated, "the XML ends inside an element")
            .at_line(line_of(text, text.len()))),
    }
}

fn element(tag: &BytesStart<'_>, count: &mut usize) -> Result<Element, Diagnostic> {
    let name = tag.local_name().as_ref().into();
    let mut attributes = Vec::new();
    for attribute in tag.attributes().with_checks(false) {
        let attribute = attribute.map_err(|fault| {
            Diagnostic::new(Code::FileMalformed, format!("an attribute cannot be read: {fault}"))
        })?;
        *count += 1;
        let value: &str = attribute.value.as_ref();
        attributes.push((attribute.key.local_name().as_ref().into(), unescaped(value).into()));
    }
    Ok(Element { name, attributes, text: String::new(), children: Vec::new() })
}

/// A value with XML's own references resolved; any other stays as it is written.
fn unescaped(value: &str) -> String {
    match quick_xml::escape::unescape(value) {
        Ok(text) => text.into_owned(),
        Err(_) => value.to_owned(),
    }
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None => *root = root.take().or(Some(element)),
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// The character behind one of XML's own references.
fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => reference.resolve_char_ref().ok().flatten(),
    }
}
