//! Elixir terms as `mix.lock` and the dependencies of `mix.exs` have them: maps, tuples, lists,
//! keywords, atoms and plain strings. A reader of data; nothing is evaluated.

/// The deepest nesting that is read.
const MAX_DEPTH: usize = 64;

/// The deepest nesting inside a tuple that is looked for in source text: each failed attempt is
/// paid for, so it must be small.
const TUPLE_DEPTH: usize = 4;

/// A term. Strings are slices of the text, their escapes left as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term<'t> {
    /// `"text"`.
    Text(&'t str),
    /// `:name`, `:"name"`, `true`, `nil`, a module, a number: anything that is one word.
    Atom(&'t str),
    /// `{a, b}`; trailing keywords are one list, as in Elixir.
    Tuple(Vec<Term<'t>>),
    /// `[a, b]`.
    List(Vec<Term<'t>>),
    /// `name: value` inside a list.
    Pair(&'t str, Box<Term<'t>>),
    /// `%{key => value}` with the offset of every key.
    Map(Vec<(usize, Term<'t>, Term<'t>)>),
}

/// Reads one term that fills the text.
///
/// # Errors
/// The offset where the text is no term.
pub(crate) fn parse(text: &str) -> Result<Term<'_>, usize> {
    let mut reader = Reader { text, at: 0 };
    let term = reader.term(0).ok_or(reader.at)?;
    reader.space();
    if reader.at < text.len() { Err(reader.at) } else { Ok(term) }
}

/// Every tuple in source text that starts with an atom and can be read as data, with the offset
/// where it stands.
pub(crate) fn tuples(text: &str) -> Vec<(usize, Vec<Term<'_>>)> {
    let mut found = Vec::new();
    let mut reader = Reader { text, at: 0 };
    while let Some(byte) = reader.peek() {
        match byte {
            b'#' => reader.space(),
            // A tuple that cannot be read costs its own length once: go on behind its brace.
            b'{' if reader.rest().starts_with("{:") => {
                let start = reader.at;
                match reader.term(MAX_DEPTH - TUPLE_DEPTH) {
                    Some(Term::Tuple(parts)) => found.push((start, parts)),
                    _ => reader.at = start + 1,
                }
            }
            b'"' => {
                if reader.string().is_none() {
                    return found;
                }
            }
            _ => reader.at += 1,
        }
    }
    found
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn take(&mut self, byte: u8) -> bool {
        let met = self.peek() == Some(byte);
        self.at += usize::from(met);
        met
    }

    /// Skips space and comments.
    fn space(&mut self) {
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => {
                    let rest = self.text.as_bytes().iter().skip(self.at);
                    self.at += rest.take_while(|b| **b != b'\n').count();
                }
                _ if byte.is_ascii_whitespace() => self.at += 1,
                _ => return,
            }
        }
    }

    fn term(&mut self, depth: usize) -> Option<Term<'t>> {
        if depth > MAX_DEPTH {
            return None;
        }
        self.space();
        match self.peek()? {
            b'"' => Some(Term::Text(self.string()?)),
            b'{' => {
                self.at += 1;
                Some(Term::Tuple(self.sequence(b'}', depth)?))
            }
            b'[' => {
                self.at += 1;
                Some(Term::List(self.sequence(b']', depth)?))
            }
            b'%' => {
                self.at += 1;
                if !self.take(b'{') {
                    return None;
                }
                self.map(depth)
            }
            b':' => {
                self.at += 1;
                if self.peek() == Some(b'"') {
                    return Some(Term::Atom(self.string()?));
                }
                Some(Term::Atom(self.word()?))
            }
            _ => Some(Term::Atom(self.word()?)),
        }
    }

    /// Items up to a closing bracket; keywords become pairs, in a tuple gathered into one list.
    fn sequence(&mut self, close: u8, depth: usize) -> Option<Vec<Term<'t>>> {
        let mut items = Vec::new();
        let mut keywords = Vec::new();
        loop {
            self.space();
            if self.take(close) {
                break;
            }
            match self.keyword() {
                Some(key) => {
                    let pair = Term::Pair(key, Box::new(self.term(depth + 1)?));
                    if close == b'}' { keywords.push(pair) } else { items.push(pair) }
                }
                None => items.push(self.term(depth + 1)?),
            }
            self.space();
            if !self.take(b',') && self.peek() != Some(close) {
                return None;
            }
        }
        if !keywords.is_empty() {
            items.push(Term::List(keywords));
        }
        Some(items)
    }

    fn map(&mut self, depth: usize) -> Option<Term<'t>> {
        let mut entries = Vec::new();
        loop {
            self.space();
            if self.take(b'}') {
                return Some(Term::Map(entries));
            }
            let at = self.at;
            // `"name": value` and `name: value`, or `key => value`.
            let quoted = self.peek() == Some(b'"');
            let key = match self.keyword() {
                Some(key) if quoted => Term::Text(key),
                Some(key) => Term::Atom(key),
                None => {
                    let key = self.term(depth + 1)?;
                    self.space();
                    if !self.rest().starts_with("=>") {
                        return None;
                    }
                    self.at += 2;
                    key
                }
            };
            entries.push((at, key, self.term(depth + 1)?));
            self.space();
            if !self.take(b',') && self.peek() != Some(b'}') {
                return None;
            }
        }
    }

    /// `name: ` or `"name": `; nothing is consumed if there is none.
    fn keyword(&mut self) -> Option<&'t str> {
        let start = self.at;
        let key = if self.peek() == Some(b'"') { self.string() } else { self.word() };
        let bytes = self.text.as_bytes();
        let colon = self.peek() == Some(b':') && bytes.get(self.at + 1) != Some(&b':');
        match key.filter(|_| colon) {
            Some(key) => {
                self.at += 1;
                Some(key)
            }
            None => {
                self.at = start;
                None
            }
        }
    }

    fn word(&mut self) -> Option<&'t str> {
        let start = self.at;
        let bytes = self.text.as_bytes().iter().skip(start);
        let is_word = |b: &&u8| {
            b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@' | b'?' | b'!' | b'-')
        };
        self.at += bytes.take_while(is_word).count();
        (self.at > start).then(|| self.text.get(start..self.at)).flatten()
    }

    fn string(&mut self) -> Option<&'t str> {
        if !self.take(b'"') {
            return None;
        }
        let start = self.at;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        let text = self.text.get(start..self.at)?;
        self.at += 1;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_and_depth_is_bounded() {
        let term = parse("%{\n \"a\": {:hex, :a, [x: true], only: :dev},\n}").unwrap();
        let Term::Map(entries) = term else { panic!("not a map") };
        assert_eq!(entries[0].1, Term::Text("a"));
        let Term::Tuple(parts) = &entries[0].2 else { panic!("not a tuple") };
        assert_eq!(parts.len(), 4);
        assert!(parse(&"[".repeat(10_000)).is_err());
        assert_eq!(parse("%{\"a\": {:hex"), Err(12));
    }

    #[test]
    fn tuples_are_found_in_source() {
        let source = "def deps do\n [{:a, \"~> 1.0\"}, # {:no, 1}\n {:b, path: \"x\", only: [:dev, :test]},\n {:c, f(x)}]";
        let names: Vec<_> = tuples(source).into_iter().map(|(_, t)| t[0].clone()).collect();
        assert_eq!(names, [Term::Atom("a"), Term::Atom("b")]);
    }
}
