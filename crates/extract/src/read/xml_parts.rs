//! A large XML document, one part at a time: what is wanted of it is handed over as a text of its own, for
//! [`super::xml::parse`], and of the rest nothing is kept. The bounds are those of whole documents, and one more:
//! the most bytes of one part, and of one tag outside of parts. Text and comments outside of parts are passed over.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use trimtab_model::{Code, Diagnostic};

use super::xml::{entity_refused, resolve, types_refused};
use super::{MAX_DEPTH, MAX_NODES};

/// What is done with the elements of a document. Paths are local names from the document's element on, with `/`
/// between them.
pub trait Parts<E> {
    /// An element begins: whether it is wanted as a part. Else what is inside begins next.
    ///
    /// # Errors
    /// It is refused, which ends the walk.
    fn begins(&mut self, path: &str, tag: &Tag<'_>) -> Result<bool, E>;

    /// A part as it is written, without comments.
    ///
    /// # Errors
    /// It is refused, which ends the walk.
    fn part(&mut self, path: &str, text: &str) -> Result<(), E>;
}

/// A start tag.
#[derive(Debug)]
pub struct Tag<'t>(&'t BytesStart<'t>);

impl Tag<'_> {
    /// What stands between `<` and `>`, or `/>`.
    pub fn as_written(&self) -> &str {
        self.0
    }

    /// An attribute's value, decoded. Names are compared as written, prefix included.
    pub fn attribute(&self, name: &str) -> Option<String> {
        let attribute = self.0.attributes().flatten().find(|a| a.key.as_ref() == name)?;
        let value = quick_xml::escape::unescape(&attribute.value);
        Some(value.map_or_else(|_| attribute.value.to_string(), Cow::into_owned))
    }
}

/// Goes through a document.
///
/// # Errors
/// The document is not XML, declares entities or exceeds a bound, or something in it is refused.
pub fn walk<E: From<Diagnostic>>(
    input: impl Read,
    most: u64,
    parts: &mut impl Parts<E>,
) -> Result<(), E> {
    let input = BufReader::new(Bounded { input, left: most, most });
    let mut reader = Reader::from_reader(Ahead { seen: Vec::new(), at: 0, input });
    let mut walk = Walk { path: String::new(), lengths: Vec::new(), part: None, is_over: false };
    let (mut buffer, mut elements) = (Vec::new(), 0usize);
    // Behind a text the reader wants a tag, and at the beginning it looks for a byte order mark.
    let mut may_skip = false;
    loop {
        buffer.clear();
        if walk.part.is_none() {
            let input = reader.get_mut();
            if may_skip {
                input.input.get_mut().left = u64::MAX;
                if !input.skip().map_err(|e| unreadable(&e.into()))? {
                    let message = "the XML ends inside a comment or text";
                    return Err(Diagnostic::new(Code::FileTruncated, message).into());
                }
            }
            input.input.get_mut().left = most;
        }
        let event = reader.read_event_into(&mut buffer).map_err(|e| unreadable(&e))?;
        may_skip = !matches!(event, Event::Text(_));
        match event {
            Event::Start(tag) => {
                elements += 1;
                walk.begin(parts, &tag, "<", ">")?;
            }
            Event::Empty(tag) => {
                elements += 1;
                walk.begin(parts, &tag, "<", "/>")?;
                walk.end(parts)?;
            }
            Event::End(tag) => {
                walk.keep(&["</", &tag, ">"]);
                walk.end(parts)?;
            }
            Event::Text(text) => walk.keep(&[&text]),
            Event::CData(text) => walk.keep(&["<![CDATA[", &text, "]]>"]),
            Event::GeneralRef(reference) => {
                if resolve(&reference).is_none() {
                    return Err(entity_refused(&reference).into());
                }
                walk.keep(&["&", &reference, ";"]);
            }
            Event::DocType(declaration) if declaration.contains('[') => {
                return Err(types_refused().into());
            }
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        if elements >= MAX_NODES {
            let message = format!("XML with more than {MAX_NODES} elements");
            return Err(Diagnostic::new(Code::FileLimit, message).into());
        }
    }
    if !walk.lengths.is_empty() {
        let message = "the XML ends inside an element";
        return Err(Diagnostic::new(Code::FileTruncated, message).into());
    }
    if elements == 0 {
        return Err(Diagnostic::new(Code::FileTruncated, "the file holds no XML element").into());
    }
    Ok(())
}

fn unreadable(error: &quick_xml::Error) -> Diagnostic {
    let code = match error {
        quick_xml::Error::Io(_) => Code::FileLimit,
        quick_xml::Error::Syntax(_) => Code::FileTruncated,
        _ => Code::FileMalformed,
    };
    Diagnostic::new(code, format!("the XML cannot be read: {error}"))
}

/// Where a walk is.
struct Walk {
    path: String,
    /// How long the path was before each open element.
    lengths: Vec<usize>,
    /// The part that is open: its text, and how many elements are open around it.
    part: Option<(String, usize)>,
    /// The document's element has ended; what comes behind it does not count.
    is_over: bool,
}

impl Walk {
    fn begin<E: From<Diagnostic>>(
        &mut self,
        parts: &mut impl Parts<E>,
        tag: &BytesStart<'_>,
        before: &str,
        after: &str,
    ) -> Result<(), E> {
        if self.lengths.len() >= MAX_DEPTH {
            let message = format!("XML nested deeper than {MAX_DEPTH} levels");
            return Err(Diagnostic::new(Code::FileTooDeep, message).into());
        }
        let around = self.lengths.len();
        self.lengths.push(self.path.len());
        if self.part.is_none() && !self.is_over {
            if around > 0 {
                self.path.push('/');
            }
            // XML forbids `/` in a name, and its readers let it pass: it must not look like two names.
            let name = tag.local_name();
            self.path.extend(name.as_ref().chars().map(|c| if c == '/' { ' ' } else { c }));
            if parts.begins(&self.path, &Tag(tag))? {
                self.part = Some((String::new(), around));
            }
        }
        self.keep(&[before, tag, after]);
        Ok(())
    }

    fn end<E>(&mut self, parts: &mut impl Parts<E>) -> Result<(), E> {
        let before = self.lengths.pop().unwrap_or_default();
        if self.part.as_ref().is_some_and(|(_, around)| *around == self.lengths.len())
            && let Some((text, _)) = self.part.take()
        {
            parts.part(&self.path, &text)?;
        }
        self.path.truncate(before);
        self.is_over |= self.lengths.is_empty();
        Ok(())
    }

    fn keep(&mut self, texts: &[&str]) {
        if let Some((part, _)) = &mut self.part {
            part.extend(texts.iter().copied());
        }
    }
}

/// A file of which no part may be too large.
struct Bounded<R> {
    input: R,
    left: u64,
    most: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(into)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => {
                let message = format!("an entry is above {} bytes", self.most);
                return Err(std::io::Error::other(message));
            }
        }
        Ok(read)
    }
}

/// A file in which it can be looked ahead.
struct Ahead<R> {
    /// What was looked at, and how much of it was read since.
    seen: Vec<u8>,
    at: usize,
    input: R,
}

impl<R: BufRead> Ahead<R> {
    /// Passes over text and comments, up to the next tag or reference. `false`: one of them has no end.
    fn skip(&mut self) -> std::io::Result<bool> {
        loop {
            let text = self.fill_buf()?;
            let Some(end) = text.iter().position(|b| matches!(b, b'<' | b'&')) else {
                let length = text.len();
                self.consume(length);
                if length == 0 {
                    return Ok(true);
                }
                continue;
            };
            self.consume(end);
            let marks = [(&b"<!--"[..], b"-->"), (&b"<![CDATA["[..], b"]]>")];
            let mut end = None;
            for (begin, mark) in marks {
                if end.is_none() && self.takes(begin)? {
                    end = Some(mark);
                }
            }
            match end {
                None => return Ok(true),
                Some(mark) if !self.skip_past(*mark)? => return Ok(false),
                Some(_) => {}
            }
        }
    }

    /// Reads these bytes if they are next.
    fn takes(&mut self, expected: &[u8]) -> std::io::Result<bool> {
        if self.at > 0 {
            self.seen.drain(..self.at);
            self.at = 0;
        }
        while self.seen.len() < expected.len() && expected.starts_with(&self.seen) {
            let Some(next) = self.input.fill_buf()?.first().copied() else { break };
            self.seen.push(next);
            self.input.consume(1);
        }
        let is_next = self.seen.starts_with(expected);
        if is_next {
            self.seen.drain(..expected.len());
        }
        Ok(is_next)
    }

    /// Passes over everything up to a mark and the mark. `false`: there is none.
    fn skip_past(&mut self, mark: [u8; 3]) -> std::io::Result<bool> {
        let mut last = [0u8; 3];
        loop {
            let bytes = self.fill_buf()?;
            let length = bytes.len();
            let end = bytes.iter().position(|byte| {
                let [_, b, c] = last;
                last = [b, c, *byte];
                last == mark
            });
            self.consume(end.map_or(length, |end| end + 1));
            if end.is_some() || length == 0 {
                return Ok(end.is_some());
            }
        }
    }
}

impl<R: BufRead> BufRead for Ahead<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        match self.seen.get(self.at..) {
            Some(seen) if !seen.is_empty() => Ok(seen),
            _ => self.input.fill_buf(),
        }
    }

    fn consume(&mut self, count: usize) {
        if self.at < self.seen.len() {
            self.at += count;
        } else {
            self.input.consume(count);
        }
    }
}

impl<R: BufRead> Read for Ahead<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wants what is called `b`, and notes what begins.
    #[derive(Default)]
    struct Noted(Vec<String>);

    impl Parts<Diagnostic> for Noted {
        fn begins(&mut self, path: &str, tag: &Tag<'_>) -> Result<bool, Diagnostic> {
            self.0.push(format!("{path} {}", tag.attribute("x").unwrap_or_default()));
            Ok(path.ends_with("/b"))
        }

        fn part(&mut self, path: &str, text: &str) -> Result<(), Diagnostic> {
            self.0.push(format!("{path} {text}"));
            Ok(())
        }
    }

    fn noted(text: &str, most: u64) -> Result<Vec<String>, Diagnostic> {
        let mut parts = Noted::default();
        walk(text.as_bytes(), most, &mut parts)?;
        Ok(parts.0)
    }

    #[test]
    fn parts_are_as_they_are_written() {
        let text = "\u{feff}<?xml version='1.0'?>\n<n:a x='1 &lt; 2'>t<!-- c -->\n <n:b y='&amp;'>u&#x41;<!-- c --><![CDATA[<d>]]><b/>\
                    </n:b><c><b /></c></n:a><a><b/></a>";
        assert_eq!(
            noted(text, 1 << 20).unwrap(),
            [
                "a 1 < 2",
                "a/b ",
                "a/b <n:b y='&amp;'>u&#x41;<![CDATA[<d>]]><b/></n:b>",
                "a/c ",
                "a/c/b ",
                "a/c/b <b />",
            ]
        );
    }

    #[test]
    fn a_name_does_not_look_like_two() {
        let text = "<a/b>t<c><b/></c></a/b>";
        assert!(super::super::xml::parse(text).is_ok());
        let expected = ["a b ", "a b/c ", "a b/c/b ", "a b/c/b <b/>"];
        assert_eq!(noted(text, 1 << 20).unwrap(), expected);
    }

    #[test]
    fn text_outside_of_parts_may_be_as_long_as_it_likes() {
        let long = "<]]>-- &gt; ".repeat(10_000).replace("&gt;", "]");
        let text = "0 ".repeat(50_000);
        let document = format!(
            "<?xml version='1.0'?>{text}<a><c>{text}<![CDATA[{}]]]>&lt;{text}</c><!--{}---><b>1</b>{text}\
             <![CDATA[]]><!----><b>2</b></a>{text}",
            long.replace("]]>", ""),
            long.replace("-->", ""),
        );
        assert_eq!(
            noted(&document, 20_000).unwrap()[2..],
            ["a/b ", "a/b <b>1</b>", "a/b ", "a/b <b>2</b>"]
        );
        for text in ["<a/><!-- ->", "<a><![CDATA[ ]]</a>", "<a/><![CDATA[<b/>"] {
            assert_eq!(noted(text, 20_000).unwrap_err().code, Code::FileTruncated, "{text}");
        }
    }

    #[test]
    fn what_whole_documents_may_not_have_is_refused() {
        let bomb = "<!DOCTYPE l [<!ENTITY a \"b\">]><l>&a;</l>";
        let deep = "<a>".repeat(5_000);
        for (text, code) in [
            (bomb, Code::EntityRefused),
            ("<l>&nope;</l>", Code::EntityRefused),
            ("<a><b>&nope;</b></a>", Code::EntityRefused),
            (&deep, Code::FileTooDeep),
            ("<a>\n<b>", Code::FileTruncated),
            ("", Code::FileTruncated),
            ("<a></b>", Code::FileMalformed),
        ] {
            assert_eq!(noted(text, 1 << 20).unwrap_err().code, code, "{}", text.len());
        }
    }

    #[test]
    fn no_part_is_above_the_bound_and_all_of_them_may_be() {
        let few = "<b>0123456789</b>".repeat(10_000);
        assert_eq!(noted(&format!("<a>{few}</a>"), 20_000).unwrap().len(), 20_001);
        for inner in ["<c>0123456789</c>".repeat(10_000), "0".repeat(100_000)] {
            let fault = noted(&format!("<a><b>{inner}</b></a>"), 20_000).unwrap_err();
            assert_eq!(fault.code, Code::FileLimit);
        }
        let long = format!("<a><c x='{}'/></a>", "0".repeat(100_000));
        assert_eq!(noted(&long, 20_000).unwrap_err().code, Code::FileLimit);
    }
}
