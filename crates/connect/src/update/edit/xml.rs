//! Places in XML: where the texts of elements stand, so that they can be replaced and all else
//! stays, byte for byte.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::Uneditable;

/// How deep elements may be nested, and how many are looked at.
const DEEPEST: usize = 128;
const MOST: usize = 200_000;

/// An element.
#[derive(Debug)]
pub(crate) struct Element {
    /// Its name and those of the elements around it, from the root: `project/parent/version`.
    pub(crate) path: String,
    /// The number of the element around it.
    pub(crate) parent: Option<usize>,
    /// All of it, with its tags.
    pub(crate) outer: Range<usize>,
    /// Its start tag.
    pub(crate) tag: Range<usize>,
    /// What is between its tags.
    pub(crate) inner: Range<usize>,
}

/// The elements of a text, in the order of their start tags.
pub(crate) fn elements(text: &str, path: &str) -> Result<Vec<Element>, Uneditable> {
    let bad = |why: &str| Uneditable::Unsupported(format!("{path} cannot be edited: {why}"));
    let mut reader = Reader::from_str(text);
    let mut found: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    loop {
        let start = at(&reader);
        let event = reader.read_event().map_err(|e| bad(&e.to_string()))?;
        let end = at(&reader);
        match event {
            Event::Start(tag) | Event::Empty(tag) => {
                if open.len() >= DEEPEST || found.len() >= MOST {
                    return Err(bad("it is too large or nested too deeply"));
                }
                let local = tag.local_name();
                let name = local.as_ref().to_owned();
                let parent = open.last().copied();
                let path = match parent.and_then(|p| found.get(p)) {
                    Some(outer) => format!("{}/{name}", outer.path),
                    None => name,
                };
                let closed = text.get(start..end).is_some_and(|t| t.ends_with("/>"));
                if !closed {
                    open.push(found.len());
                }
                found.push(Element {
                    path,
                    parent,
                    outer: start..end,
                    tag: start..end,
                    inner: end..end,
                });
            }
            Event::End(_) => {
                if let Some(element) = open.pop().and_then(|n| found.get_mut(n)) {
                    element.inner.end = start;
                    element.outer.end = end;
                }
            }
            Event::DocType(_) => return Err(bad("it declares a document type")),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

fn at(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// The text of an element without the white space around it, and where that stands. `None`: there
/// are elements, comments or entities in it.
pub(crate) fn value<'t>(text: &'t str, element: &Element) -> Option<(&'t str, Range<usize>)> {
    let raw = text.get(element.inner.clone())?;
    let trimmed = raw.trim();
    let start = element.inner.start + (raw.len() - raw.trim_start().len());
    let plain = !trimmed.is_empty() && !trimmed.contains(['<', '&']);
    plain.then_some((trimmed, start..start + trimmed.len()))
}

/// The child of an element with this name.
pub(crate) fn child<'e>(all: &'e [Element], of: usize, name: &str) -> Option<&'e Element> {
    let path = format!("{}/{name}", all.get(of)?.path);
    all.iter().find(|element| element.parent == Some(of) && element.path == path)
}

/// The value of an attribute in a start tag, and where it stands in the text.
pub(crate) fn attribute<'t>(
    text: &'t str,
    element: &Element,
    name: &str,
) -> Option<(&'t str, Range<usize>)> {
    let tag = text.get(element.tag.clone())?;
    let mut from = 0;
    while let Some(found) = tag.get(from..)?.find(name) {
        let start = from + found;
        let after = start + name.len();
        from = after;
        let before = tag.get(..start)?.chars().next_back();
        let rest = tag.get(after..)?.trim_start();
        let Some(rest) = rest.strip_prefix('=') else { continue };
        if !before.is_some_and(char::is_whitespace) {
            continue;
        }
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let open = tag.len() - rest.len() + 1;
        let length = tag.get(open..)?.find(quote)?;
        let begin = element.tag.start + open;
        return Some((tag.get(open..open + length)?, begin..begin + length));
    }
    None
}

/// The white space before an element on its line.
pub(crate) fn indent<'t>(text: &'t str, element: &Element) -> &'t str {
    let before = text.get(..element.outer.start).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    if line.trim().is_empty() { line } else { "" }
}

/// An element with the line that it stands on, if it stands there alone.
pub(crate) fn whole_line(text: &str, element: &Element) -> Range<usize> {
    let start = element.outer.start - indent(text, element).len();
    let rest = text.get(element.outer.end..).unwrap_or_default();
    let line = rest.find('\n').map_or(rest, |end| rest.get(..=end).unwrap_or_default());
    let alone =
        line.trim().is_empty() && (start == 0 || text.as_bytes().get(start - 1) == Some(&b'\n'));
    if alone { start..element.outer.end + line.len() } else { element.outer.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bytes_of_the_text() {
        let text = "<?xml version=\"1.0\"?>\r\n<!-- é -->\n<a x='1'>\n  <b Version = \"2\"/>\n  <c> 3 </c>\n</a>\n";
        let all = elements(text, "x").unwrap();
        assert_eq!(all.iter().map(|e| &*e.path).collect::<Vec<_>>(), ["a", "a/b", "a/c"]);
        let (two, place) = attribute(text, &all[1], "Version").unwrap();
        assert_eq!((two, &text[place]), ("2", "2"));
        let (three, place) = value(text, child(&all, 0, "c").unwrap()).unwrap();
        assert_eq!((three, &text[place]), ("3", "3"));
        assert_eq!(&text[whole_line(text, &all[1])], "  <b Version = \"2\"/>\n");
        assert!(elements("<!DOCTYPE a [<!ENTITY x 'y'>]><a/>", "x").is_err());
    }
}
