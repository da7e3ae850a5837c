//! JSON (RFC 8259) to a positioned tree; with [`Flavour::Relaxed`] also comments and trailing
//! commas, as `bun.lock`, `deno.jsonc` and .NET project files have them.
//!
//! Nothing recurses, so depth costs memory only up to [`MAX_DEPTH`]. Numbers are kept as text and
//! checked loosely: what a version or a count needs, not what arithmetic needs.

use trimtab_model::{Code, Diagnostic};

use super::text::Lines;
use super::tree::{Document, Kind};
use super::{MAX_DEPTH, MAX_NODES};

/// Which JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// RFC 8259.
    Strict,
    /// Also `//` and `/* */` comments and trailing commas.
    Relaxed,
}

/// Reads a whole text.
///
/// # Errors
/// The text is not JSON, ends early, or exceeds a bound; the diagnostic has the line.
pub fn parse(text: &str, flavour: Flavour) -> Result<Document<'_>, Diagnostic> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        line: 1,
        flavour,
        doc: Document::empty(text),
    };
    match reader.document() {
        Ok(()) => Ok(reader.doc),
        Err(fault) => Err(reader.diagnostic(&fault)),
    }
}

/// A word whose eight bytes are all the same.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

enum Fault {
    End,
    Unexpected,
    Depth,
    Count,
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    /// One-based. Lines end only between values: a string holds no line end of its own.
    line: u32,
    flavour: Flavour,
    doc: Document<'t>,
}

/// What may come next.
#[derive(PartialEq)]
enum Expect {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    Key,
    CommaOrEnd,
}

impl Reader<'_> {
    fn diagnostic(&self, fault: &Fault) -> Diagnostic {
        let (code, message) = match fault {
            Fault::End => {
                (Code::FileTruncated, "the JSON ends in the middle of a value".to_owned())
            }
            Fault::Unexpected => {
                let found = self.text.get(self.at..).and_then(|rest| rest.chars().next());
                let found =
                    found.map_or("the end".to_owned(), |c| format!("`{}`", c.escape_debug()));
                (Code::FileMalformed, format!("unexpected {found} in JSON"))
            }
            Fault::Depth => {
                (Code::FileTooDeep, format!("JSON nested deeper than {MAX_DEPTH} levels"))
            }
            Fault::Count => (Code::FileLimit, format!("JSON with more than {MAX_NODES} values")),
        };
        Diagnostic::new(code, message).at_line(Lines::of(self.text).at(self.at))
    }

    fn document(&mut self) -> Result<(), Fault> {
        // Open containers: position and whether it is a map.
        let mut open: Vec<(u32, bool)> = Vec::new();
        let mut expect = Expect::Value;
        loop {
            self.space()?;
            let Some(&byte) = self.bytes.get(self.at) else { return Err(Fault::End) };
            if self.doc.len() as usize >= MAX_NODES {
                return Err(Fault::Count);
            }
            match (&expect, byte) {
                (Expect::KeyOrEnd | Expect::Key, b'"') => {
                    self.string()?;
                    self.space()?;
                    match self.bytes.get(self.at) {
                        Some(b':') => self.at += 1,
                        Some(_) => return Err(Fault::Unexpected),
                        None => return Err(Fault::End),
                    }
                    expect = Expect::Value;
                    continue;
                }
                (Expect::CommaOrEnd, b',') => {
                    self.at += 1;
                    let in_map = open.last().is_some_and(|(_, map)| *map);
                    expect = match (self.flavour, in_map) {
                        (Flavour::Strict, true) => Expect::Key,
                        (Flavour::Relaxed, true) => Expect::KeyOrEnd,
                        (Flavour::Strict, false) => Expect::Value,
                        (Flavour::Relaxed, false) => Expect::ValueOrEnd,
                    };
                    continue;
                }
                (Expect::CommaOrEnd | Expect::ValueOrEnd | Expect::KeyOrEnd, b'}' | b']') => {
                    match open.pop() {
                        Some((position, map)) if map == (byte == b'}') => self.doc.close(position),
                        _ => return Err(Fault::Unexpected),
                    }
                    self.at += 1;
                }
                (Expect::Value | Expect::ValueOrEnd, b'{' | b'[') => {
                    if open.len() >= MAX_DEPTH {
                        return Err(Fault::Depth);
                    }
                    let map = byte == b'{';
                    let kind = if map { Kind::Map } else { Kind::List };
                    open.push((self.doc.open(kind, self.line), map));
                    self.at += 1;
                    expect = if map { Expect::KeyOrEnd } else { Expect::ValueOrEnd };
                    continue;
                }
                (Expect::Value | Expect::ValueOrEnd, _) => self.leaf(byte)?,
                _ => return Err(Fault::Unexpected),
            }
            if open.is_empty() {
                break;
            }
            expect = Expect::CommaOrEnd;
        }
        self.space()?;
        if self.at < self.bytes.len() { Err(Fault::Unexpected) } else { Ok(()) }
    }

    fn leaf(&mut self, byte: u8) -> Result<(), Fault> {
        match byte {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => {
                let start = self.at;
                let part = |b: &u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                while self.bytes.get(self.at).is_some_and(part) {
                    self.at += 1;
                }
                self.doc.push_slice(Kind::Number, self.line, start, self.at);
                Ok(())
            }
            _ => {
                let words = [("true", Kind::Bool), ("false", Kind::Bool), ("null", Kind::Null)];
                for (word, kind) in words {
                    if self.bytes[self.at..].starts_with(word.as_bytes()) {
                        self.doc.push_slice(kind, self.line, self.at, self.at + word.len());
                        self.at += word.len();
                        return Ok(());
                    }
                }
                let rest = &self.bytes[self.at..];
                let cut = words.iter().any(|(word, _)| word.as_bytes().starts_with(rest));
                Err(if cut { Fault::End } else { Fault::Unexpected })
            }
        }
    }

    /// A string, from its opening quote.
    fn string(&mut self) -> Result<(), Fault> {
        let quote = self.at;
        let start = quote + 1;
        let at = self.plain_to(start);
        match self.bytes.get(at) {
            None => {
                self.at = self.bytes.len();
                Err(Fault::End)
            }
            Some(b'"') => {
                self.at = at + 1;
                self.doc.push_slice(Kind::Text, self.line, start, at);
                Ok(())
            }
            Some(b'\\') => self.escaped(quote, at),
            Some(_) => {
                self.at = at;
                Err(Fault::Unexpected)
            }
        }
    }

    /// The eight bytes at a place; the first is the lowest.
    fn word(&self, at: usize) -> Option<u64> {
        self.bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
    }

    /// The first place from `at` on where something stands that ends a run of plain text: a quote,
    /// a backslash, a control character, the end. Eight bytes at a time: strings are most of a file.
    fn plain_to(&self, mut at: usize) -> usize {
        while let Some(word) = self.word(at) {
            // A byte that is zero after the exclusive or, or that borrows when 32 is taken from
            // it, sets its highest bit. What a borrow sets above the first such byte is not looked at.
            let zero = |w: u64| w.wrapping_sub(every(1)) & !w;
            let quote = zero(word ^ every(b'"'));
            let backslash = zero(word ^ every(b'\\'));
            let control = word.wrapping_sub(every(b' ')) & !word;
            let ends = (quote | backslash | control) & every(0x80);
            if ends != 0 {
                return at + (ends.trailing_zeros() / 8) as usize;
            }
            at += 8;
        }
        let ends = |b: &u8| matches!(b, b'"' | b'\\' | 0..=0x1F);
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().position(ends).unwrap_or(rest.len())
    }

    /// The slow path: a string with escapes, the first of which stands at `at`.
    fn escaped(&mut self, quote: usize, mut at: usize) -> Result<(), Fault> {
        let mut decoded = self.text.get(quote + 1..at).unwrap_or_default().to_owned();
        loop {
            let Some(&byte) = self.bytes.get(at) else {
                self.at = self.bytes.len();
                return Err(Fault::End);
            };
            match byte {
                b'"' => {
                    self.at = at + 1;
                    self.doc.push_decoded(Kind::Text, self.line, &decoded);
                    return Ok(());
                }
                b'\\' => {
                    let (c, length) = self.escape(at)?;
                    decoded.push(c);
                    at += length;
                }
                0..=0x1F => {
                    self.at = at;
                    return Err(Fault::Unexpected);
                }
                _ => {
                    let run = at;
                    at = self.plain_to(at);
                    decoded.push_str(self.text.get(run..at).unwrap_or_default());
                }
            }
        }
    }

    /// The character that the escape at `at` stands for, and the escape's length. A lone
    /// surrogate becomes U+FFFD.
    fn escape(&mut self, at: usize) -> Result<(char, usize), Fault> {
        let simple = |c| Ok((c, 2));
        match self.bytes.get(at + 1) {
            Some(b'"') => simple('"'),
            Some(b'\\') => simple('\\'),
            Some(b'/') => simple('/'),
            Some(b'b') => simple('\u{8}'),
            Some(b'f') => simple('\u{c}'),
            Some(b'n') => simple('\n'),
            Some(b'r') => simple('\r'),
            Some(b't') => simple('\t'),
            Some(b'u') => {
                let high = self.hex4(at + 2)?;
                if !(0xD800..0xDC00).contains(&high) {
                    return Ok((char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER), 6));
                }
                if self.bytes.get(at + 6..at + 8) == Some(b"\\u") {
                    let low = self.hex4(at + 8)?;
                    if (0xDC00..0xE000).contains(&low) {
                        let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                        return Ok((
                            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                            12,
                        ));
                    }
                }
                Ok((char::REPLACEMENT_CHARACTER, 6))
            }
            found => {
                self.at = at;
                Err(if found.is_none() { Fault::End } else { Fault::Unexpected })
            }
        }
    }

    fn hex4(&mut self, at: usize) -> Result<u32, Fault> {
        let digits = self.text.get(at..at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|d| u32::from_str_radix(d, 16).ok()) {
            Some(code) => Ok(code),
            None => {
                self.at = at.min(self.bytes.len());
                Err(if at + 4 > self.bytes.len() { Fault::End } else { Fault::Unexpected })
            }
        }
    }

    /// Skips the blanks that a line starts with, eight at a time.
    fn indentation(&mut self) {
        while let Some(word) = self.word(self.at) {
            let blanks = (word ^ every(b' ')).trailing_zeros() / 8;
            self.at += blanks as usize;
            if blanks < 8 {
                return;
            }
        }
    }

    /// Skips white space and, in the relaxed flavour, comments.
    fn space(&mut self) -> Result<(), Fault> {
        loop {
            match self.bytes.get(self.at) {
                Some(b'\n') => {
                    self.line = self.line.saturating_add(1);
                    self.at += 1;
                    self.indentation();
                }
                Some(b' ' | b'\r' | b'\t') => self.at += 1,
                Some(b'/') if self.flavour == Flavour::Relaxed => {
                    let rest = &self.text[self.at..];
                    let length = match self.bytes.get(self.at + 1) {
                        Some(b'/') => rest.find('\n').unwrap_or(rest.len()),
                        Some(b'*') => match rest[2..].find("*/") {
                            Some(end) => end + 4,
                            None => return Err(Fault::End),
                        },
                        _ => return Err(Fault::Unexpected),
                    };
                    let lines = rest.as_bytes()[..length].iter().filter(|b| **b == b'\n').count();
                    self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
                    self.at += length;
                }
                _ => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (Code, Option<u32>) {
        let diagnostic = parse(text, Flavour::Strict).unwrap_err();
        (diagnostic.code, diagnostic.line)
    }

    #[test]
    fn values_keep_their_lines_and_texts() {
        let doc = parse(
            "{\n \"a\": [1.10, true, null],\n \"b\\u00e9\": \"x\\n\\ud83d\\ude00\"\n}",
            Flavour::Strict,
        )
        .unwrap();
        let root = doc.root();
        let a = root.get("a").unwrap();
        let scalars: Vec<_> = a.items().map(|v| (v.kind(), v.scalar(), v.line())).collect();
        assert_eq!(
            scalars,
            [(Kind::Number, Some("1.10"), 2), (Kind::Bool, Some("true"), 2), (Kind::Null, None, 2)]
        );
        assert_eq!(root.str("bé"), Some("x\n😀"));
        assert_eq!(root.get("bé").unwrap().line(), 3);
        assert!(root.get("c").is_none());
    }

    #[test]
    fn strings_end_where_they_end_at_every_offset() {
        // What ends a string, behind texts of every length up to more than two words.
        for length in 0..20 {
            for (end, decoded) in [("", Some("")), ("\\n", Some("\n")), ("\u{1}", None)] {
                let plain = "é~!#[]".chars().cycle().take(length).collect::<String>();
                let text = format!("[\"{plain}{end}\",\n          7]");
                let read = parse(&text, Flavour::Strict);
                match decoded {
                    Some(decoded) => {
                        let doc = read.unwrap();
                        let items: Vec<_> =
                            doc.root().items().map(|v| (v.scalar(), v.line())).collect();
                        let whole = format!("{plain}{decoded}");
                        assert_eq!(items, [(Some(whole.as_str()), 1), (Some("7"), 2)]);
                    }
                    None => assert_eq!(read.unwrap_err().code, Code::FileMalformed),
                }
            }
        }
    }

    #[test]
    fn the_last_of_repeated_keys_counts() {
        let doc = parse(r#"{"a":1,"a":{"b":2},"c":[]}"#, Flavour::Strict).unwrap();
        assert_eq!(
            doc.root().path(&["a", "b"]).and_then(super::super::tree::Value::as_u64),
            Some(2)
        );
    }

    #[test]
    fn faults_have_codes_and_lines() {
        assert_eq!(fault("{\n\"a\": "), (Code::FileTruncated, Some(2)));
        assert_eq!(fault("{\n\"a\": tru"), (Code::FileTruncated, Some(2)));
        assert_eq!(fault("{\n\"a\": x}"), (Code::FileMalformed, Some(2)));
        assert_eq!(fault("[1,]"), (Code::FileMalformed, Some(1)));
        assert_eq!(fault("[1}"), (Code::FileMalformed, Some(1)));
        assert_eq!(fault("1 2"), (Code::FileMalformed, Some(1)));
        assert_eq!(fault(""), (Code::FileTruncated, Some(1)));
        assert_eq!(fault(&"[".repeat(100_000)), (Code::FileTooDeep, Some(1)));
        assert_eq!(fault("\"a\nb\""), (Code::FileMalformed, Some(1)));
    }

    #[test]
    fn the_relaxed_flavour_takes_comments_and_trailing_commas() {
        let text = "// c\n{ /* d\n */ \"a\": [1, 2,], }\n";
        let doc = parse(text, Flavour::Relaxed).unwrap();
        assert_eq!(doc.root().get("a").unwrap().line(), 3);
        assert_eq!(doc.root().get("a").unwrap().items().count(), 2);
        assert!(parse(text, Flavour::Strict).is_err());
        assert!(parse("/* open", Flavour::Relaxed).is_err());
    }
}
