//! The part of YAML that machines write: block maps, block lists of scalars, one-line flow maps and
//! lists, scalars on one line. Everything else is left to the reader of all of YAML.
//!
//! Nothing recurses: open maps and lists are a stack, and flow collections do not nest here.

use saphyr_parser::ScalarStyle;

use super::tree::{Document, Kind};
use super::yaml::scalar_kind;
use super::{MAX_DEPTH, MAX_NODES};

/// Reads a whole text. `None`: something stands in it that this reader does not know.
pub(super) fn parse(text: &str) -> Option<Document<'_>> {
    let mut reader = Reader {
        text,
        doc: Document::empty(text),
        open: Vec::new(),
        waiting: false,
        block: None,
        line: 1,
    };
    for (number, line) in (1u32..).zip(text.split_inclusive('\n')) {
        let content = line.trim_end_matches(['\n', '\r']);
        if !reader.block_line(number, content)? {
            reader.line = number;
            reader.line(content)?;
        }
    }
    reader.end_block()?;
    if reader.open.is_empty() {
        return None;
    }
    reader.close_to(0)?;
    reader.end_all();
    Some(reader.doc)
}

struct Open {
    indent: usize,
    position: u32,
    list: bool,
}

/// A text over several lines that keeps its line ends, but for the last.
struct Block {
    /// The indentation of its key.
    parent: usize,
    /// The indentation and number of its first line.
    first: Option<(usize, u32)>,
    text: String,
}

struct Reader<'t> {
    text: &'t str,
    doc: Document<'t>,
    open: Vec<Open>,
    /// Whether the last key waits for its value on the lines after it.
    waiting: bool,
    /// A block of lines (`|-`) that is being read.
    block: Option<Block>,
    /// One-based number of the line.
    line: u32,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: &'t str) -> Option<()> {
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            return Some(());
        }
        // Trailing space, tabs and comments after a value are somebody's own hand.
        if content.ends_with([' ', '\t']) || content.contains('\t') || content.contains(" #") {
            return None;
        }
        if self.doc.len() as usize >= MAX_NODES || self.open.len() >= MAX_DEPTH {
            return None;
        }
        let indent = line.len() - content.len();
        match content.strip_prefix("- ") {
            Some(item) => self.item(indent, item),
            None => self.pair(indent, content),
        }
    }

    /// Whether a line belongs to the block that is being read; the first that does not ends it.
    fn block_line(&mut self, number: u32, line: &str) -> Option<bool> {
        let Some(block) = &mut self.block else { return Some(false) };
        let depth = line.len() - line.trim_start_matches(' ').len();
        if depth == line.len() {
            // Blank lines before the first and deeper than it are left to the other reader.
            block.text.push('\n');
            return block.first.is_some_and(|(indent, _)| depth <= indent).then_some(true);
        }
        if depth <= block.parent {
            self.end_block()?;
            return Some(false);
        }
        let (indent, _) = *block.first.get_or_insert((depth, number));
        if depth < indent || line.contains('\t') {
            return None;
        }
        if !block.text.is_empty() {
            block.text.push('\n');
        }
        block.text.push_str(line.get(indent..)?);
        Some(true)
    }

    fn end_block(&mut self) -> Option<()> {
        let Some(block) = self.block.take() else { return Some(()) };
        let (_, line) = block.first?;
        self.doc.push_decoded(Kind::Text, line, block.text.trim_end_matches('\n'));
        Some(())
    }

    /// Closes what is deeper than `indent`.
    fn close_to(&mut self, indent: usize) -> Option<()> {
        while self.open.last().is_some_and(|o| o.indent > indent) {
            if std::mem::take(&mut self.waiting) {
                self.null();
            }
            let closed = self.open.pop()?;
            self.doc.close(closed.position);
        }
        Some(())
    }

    fn end_all(&mut self) {
        if std::mem::take(&mut self.waiting) {
            self.null();
        }
        while let Some(closed) = self.open.pop() {
            self.doc.close(closed.position);
        }
    }

    fn null(&mut self) {
        self.doc.push_slice(Kind::Null, self.line, 0, 0);
    }

    /// `- scalar`
    fn item(&mut self, indent: usize, item: &'t str) -> Option<()> {
        let nested = item.starts_with(['-', '{', '[', '?']) || split_key(item).is_some();
        if nested || item.ends_with(':') {
            return None;
        }
        if self.waiting {
            let parent = self.open.last()?;
            // A list may stand as deep as the key it belongs to.
            if parent.list || indent < parent.indent {
                return None;
            }
            let position = self.doc.open(Kind::List, self.line);
            self.open.push(Open { indent, position, list: true });
            self.waiting = false;
        } else {
            self.close_to(indent)?;
            let last = self.open.last()?;
            if !last.list || last.indent != indent {
                return None;
            }
        }
        self.scalar(item)
    }

    /// `key: value`, or `key:`
    fn pair(&mut self, indent: usize, content: &'t str) -> Option<()> {
        let (key, value) = match split_key(content) {
            Some((key, value)) => (key, Some(value)),
            None => (content.strip_suffix(':')?, None),
        };
        match self.open.last() {
            None if indent == 0 => {
                let position = self.doc.open(Kind::Map, self.line);
                self.open.push(Open { indent, position, list: false });
            }
            None => return None,
            Some(last) if indent > last.indent => {
                if !std::mem::take(&mut self.waiting) {
                    return None;
                }
                let position = self.doc.open(Kind::Map, self.line);
                self.open.push(Open { indent, position, list: false });
            }
            Some(_) => {
                self.close_to(indent)?;
                // A list that stands as deep as the key it belongs to ends with the next key.
                if self.open.last().is_some_and(|o| o.list) {
                    let closed = self.open.pop()?;
                    self.doc.close(closed.position);
                }
                if std::mem::take(&mut self.waiting) {
                    self.null();
                }
                let last = self.open.last()?;
                if last.list || last.indent != indent {
                    return None;
                }
            }
        }
        self.scalar_of(key, true)?;
        match value {
            None => self.waiting = true,
            Some("|-") => {
                self.block = Some(Block { parent: indent, first: None, text: String::new() });
            }
            Some(value) => self.value(value)?,
        }
        Some(())
    }

    fn value(&mut self, value: &'t str) -> Option<()> {
        if let Some(inner) = value.strip_prefix('{') {
            return self.flow(inner.strip_suffix('}')?, true);
        }
        if let Some(inner) = value.strip_prefix('[') {
            return self.flow(inner.strip_suffix(']')?, false);
        }
        self.scalar(value)
    }

    fn flow(&mut self, inner: &'t str, map: bool) -> Option<()> {
        let position = self.doc.open(if map { Kind::Map } else { Kind::List }, self.line);
        let mut rest = inner.trim_matches(' ');
        // Quotes may hold anything; without them, what separates cannot stand in a text.
        let quoted = rest.contains(['\'', '"']);
        if rest.contains(['{', '}', '[', ']']) {
            return None;
        }
        while !rest.is_empty() {
            let end = if quoted { flow_end(rest)? } else { rest.find(',').unwrap_or(rest.len()) };
            let entry = rest.get(..end)?.trim_matches(' ');
            rest = rest.get(end..)?;
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start_matches(' ');
            if map {
                let (key, value) = split_key(entry)?;
                self.scalar_of(key, true)?;
                self.scalar(value)?;
            } else {
                if split_key(entry).is_some() {
                    return None;
                }
                self.scalar(entry)?;
            }
        }
        self.doc.close(position);
        Some(())
    }

    fn scalar(&mut self, text: &'t str) -> Option<()> {
        self.scalar_of(text, false)
    }

    fn scalar_of(&mut self, text: &'t str, key: bool) -> Option<()> {
        let start = text.as_ptr() as usize - self.text.as_ptr() as usize;
        let (inner, quote) = match text.as_bytes().first()? {
            b'\'' => (text.get(1..)?.strip_suffix('\'')?, Some('\'')),
            b'"' => (text.get(1..)?.strip_suffix('"')?, Some('"')),
            // Indicators: anchors, aliases, tags, blocks, directives, and what is reserved.
            b'&' | b'*' | b'!' | b'|' | b'>' | b'%' | b'@' | b'`' | b'?' | b'{' | b'[' | b'}'
            | b']' | b',' | b'#' | b':' => return None,
            b'-' if text == "-" || text.starts_with("---") => return None,
            b'.' if text.starts_with("...") => return None,
            _ => (text, None),
        };
        match quote {
            // An escape, a doubled quote, or more than one text.
            Some(quote) if inner.contains([quote, '\\']) => return None,
            Some(_) => {
                self.doc.push_slice(Kind::Text, self.line, start + 1, start + 1 + inner.len());
            }
            None => {
                if inner.contains(": ") || (!key && inner.ends_with(':')) {
                    return None;
                }
                let kind = scalar_kind(inner, ScalarStyle::Plain);
                self.doc.push_slice(kind, self.line, start, start + inner.len());
            }
        }
        Some(())
    }
}

/// `key: value`, where the key may be quoted.
fn split_key(text: &str) -> Option<(&str, &str)> {
    let quote = text.as_bytes().first().filter(|b| matches!(b, b'\'' | b'"'));
    let end = match quote {
        Some(quote) => {
            let close = text.get(1..)?.find(char::from(*quote))? + 2;
            text.get(close..)?.starts_with(": ").then_some(close)?
        }
        None => text
            .match_indices(':')
            .map(|(at, _)| at)
            .find(|at| text.as_bytes().get(at + 1) == Some(&b' '))?,
    };
    Some((text.get(..end)?, text.get(end + 2..)?.trim_start_matches(' ')))
}

/// The end of an entry of a flow collection: the first comma outside quotes.
fn flow_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, b) in text.bytes().enumerate() {
        match (quote, b) {
            (None, b',') => return Some(at),
            (None, b'\'' | b'"') => quote = Some(b),
            (Some(open), b) if open == b => quote = None,
            _ => {}
        }
    }
    quote.is_none().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::super::tree::Value;
    use super::super::yaml::parse_any;
    use super::*;

    /// Everything that a document says, in order.
    fn told(value: Value<'_>) -> Vec<(Kind, Option<String>, u32)> {
        let mut all = Vec::new();
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            let line = if value.is_null() { 0 } else { value.line() };
            all.push((value.kind(), value.scalar().map(str::to_owned), line));
            let below = value.entries().flat_map(|(k, v)| [k, v]).chain(value.items());
            open.extend(below.collect::<Vec<_>>().into_iter().rev());
        }
        all
    }

    #[test]
    fn both_readers_say_the_same() {
        for text in [
            "a: 1\n",
            "a:\nb:\n  c: {d: 'x, y', 'e': https://h/p, f: [] }\n",
            "a:\n  - b\n  - 'c d'\ne:\n- f\n- 1.0\ng: x\n",
            "a:\n  b:\n    c: true\n  d: [x, '!y']\n# note\n\ne: ~\n",
            "'@s/a@1.0.0(b@2)':\n  resolution: {integrity: sha512-a==}\n/x/1.0.0:\n  dev: false\n",
            "a: b:c\n\"q\": \"v\"\nz: {}\n",
            "a: {b: }\n",
            "a: {b, c: d}\n",
            "a:\n  - b: c\n",
            "a: x\n  y\n",
            "a: |-\n  x: y\nb: 1\n",
            "a:\n  b: |-\n    x # y\n      z\n    'w\n  c: 1\n",
            "a: |-\n  x\n\n  y\n",
            "a: |-\nb: 1\n",
            "a: |-\n  x",
            "a: 'it''s'\n",
            "a: *x\n",
            "- a\n",
            "a:\n    b: 1\n  c: 2\n",
            "",
        ] {
            if let Some(fast) = parse(text) {
                let sure = parse_any(text).unwrap_or_else(|e| panic!("{text}: {e:?}"));
                assert_eq!(told(fast.root()), told(sure.root()), "{text}");
            }
        }
    }

    #[test]
    fn both_readers_say_the_same_of_every_file_at_hand() {
        let Some(shared) = trimtab_testkit::shared() else { return };
        let mut open = vec![shared.join("corpus/projects"), shared.join("corpus/lockfiles")];
        let (mut fast_ones, mut all) = (0, 0);
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|e| e == "yaml" || e == "yml") {
                    let Ok(text) = std::fs::read_to_string(&path) else { continue };
                    all += 1;
                    let Some(fast) = parse(&text) else {
                        if path.ends_with("pnpm-lock.yaml") {
                            eprintln!("slow: {}", path.display());
                        }
                        continue;
                    };
                    let sure = parse_any(&text).unwrap_or_else(|e| panic!("{path:?}: {e:?}"));
                    assert_eq!(told(fast.root()), told(sure.root()), "{}", path.display());
                    fast_ones += 1;
                }
            }
        }
        eprintln!("{fast_ones} of {all} files were read by lines");
        assert!(fast_ones > 20);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig { cases: 4000, ..Default::default() })]

        #[test]
        fn whatever_is_read_by_lines_is_read_the_same_otherwise(
            text in "( {0,4}(- |)('a|b'|c|\"d\"|@e/f@1|~|1\\.0|)(:|: |)('x y'|\\|-|\\{a: b(, c: 'd,'|)\\}|\\[e(, f|)\\]|g:h|true|i j|#|&|)( #|)\n){0,8}",
        ) {
            if let Some(fast) = parse(&text) {
                match parse_any(&text) {
                    Ok(sure) => proptest::prop_assert_eq!(told(fast.root()), told(sure.root())),
                    Err(e) => proptest::prop_assert!(false, "{e:?}"),
                }
            }
        }
    }
}
