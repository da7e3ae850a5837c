//! The syntax that `go.mod` and `go.work` share, and the lines of `go.sum`.
//!
//! Follows the Go modules reference: one statement a line, or a block `verb ( … )` with one
//! statement a line inside; `//` starts a comment anywhere outside a quoted string; strings are
//! quoted with `"` (with escapes) or `` ` `` (without). There are no other comments.

use std::borrow::Cow;
use std::collections::HashMap;

use trimtab_model::{Code, Diagnostic, Hash, HashAlgorithm};

/// One statement, with its verb spelled out also where a block gave it.
#[derive(Debug, PartialEq, Eq)]
pub struct Statement<'t> {
    /// `require`, `replace`, `go` …
    pub verb: &'t str,
    /// What follows the verb, unquoted; `=>` is an argument of its own.
    pub arguments: Vec<Cow<'t, str>>,
    /// What follows `//` on the same line, trimmed.
    pub comment: &'t str,
    /// One-based line.
    pub line: u32,
}

impl Statement<'_> {
    /// An argument's text; empty where there is none.
    pub fn argument(&self, at: usize) -> &str {
        self.arguments.get(at).map_or("", |a| a)
    }

    /// Whether the line says that no package of the main module imports this one directly.
    pub fn is_indirect(&self) -> bool {
        let first = self.comment.split(';').next().unwrap_or_default();
        first.trim() == "indirect"
    }
}

/// All statements of a text. Lines that cannot be split are diagnostics.
pub fn statements(text: &str) -> (Vec<Statement<'_>>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let mut diagnostics = Vec::new();
    let mut block: Option<&str> = None;
    for (number, line) in text.lines().enumerate() {
        let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        let Some((mut words, comment)) = split(line) else {
            diagnostics.push(malformed(number, "a quoted string does not end on its line"));
            continue;
        };
        if words.is_empty() {
            continue;
        }
        if block.is_some() && words == [")"] {
            block = None;
            continue;
        }
        let verb = match block {
            Some(verb) => verb,
            None => match words.remove(0) {
                Cow::Borrowed(verb) => verb,
                Cow::Owned(_) => {
                    diagnostics.push(malformed(number, "a line starts with a quoted string"));
                    continue;
                }
            },
        };
        if block.is_none() && words == ["("] {
            block = Some(verb);
        } else if block.is_none() && words == ["(", ")"] {
            // An empty block.
        } else {
            found.push(Statement { verb, arguments: words, comment, line: number });
        }
    }
    (found, diagnostics)
}

fn malformed(line: u32, what: &str) -> Diagnostic {
    Diagnostic::new(Code::EntryMalformed, what).at_line(line)
}

/// The words of a line and its comment. `None` if a string does not end.
fn split(line: &str) -> Option<(Vec<Cow<'_, str>>, &str)> {
    let mut words = Vec::new();
    let mut rest = line.trim();
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            return Some((words, comment.trim()));
        }
        match rest.chars().next() {
            None => return Some((words, "")),
            Some('"') => {
                let (word, after) = quoted(rest.get(1..)?)?;
                words.push(word);
                rest = after;
            }
            Some('`') => {
                let (word, after) = rest.get(1..)?.split_once('`')?;
                words.push(Cow::Borrowed(word));
                rest = after;
            }
            Some('(' | ')' | '[' | ']' | ',') => {
                let (word, after) = rest.split_at(1);
                words.push(Cow::Borrowed(word));
                rest = after;
            }
            Some(_) => {
                let end = word_end(rest);
                let (word, after) = rest.split_at(end);
                words.push(Cow::Borrowed(word));
                rest = after;
            }
        }
    }
}

fn word_end(text: &str) -> usize {
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        let comment = c == '/' && text.as_bytes().get(at + 1) == Some(&b'/');
        if at > 0 && (c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']' | ',') || comment) {
            end = at;
            break;
        }
    }
    end
}

/// A string after its opening `"`, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut decoded: Option<String> = None;
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '"' => {
                let word = decoded.map_or_else(|| Cow::Borrowed(&text[..at]), Cow::Owned);
                return Some((word, &text[at + 1..]));
            }
            '\\' => {
                let so_far = decoded.get_or_insert_with(|| text[..at].to_owned());
                so_far.push(characters.next()?.1);
            }
            c => {
                if let Some(decoded) = &mut decoded {
                    decoded.push(c);
                }
            }
        }
    }
    None
}

/// What a `go.sum` says of module versions whose content was fetched.
#[derive(Debug, Default)]
pub struct Sums<'t> {
    /// By path and version: the hash of the module's files. Entries of `go.mod` files alone
    /// (`v1.0.0/go.mod`) only took part in choosing versions and are not here.
    pub zips: HashMap<(&'t str, &'t str), Hash>,
    /// The same keys with their one-based lines, in the order of the file.
    pub order: Vec<(&'t str, &'t str, u32)>,
    /// Lines that could not be understood.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a `go.sum`: `path version h1:hash` a line.
pub fn sums(text: &str) -> Sums<'_> {
    let mut sums = Sums::default();
    for (number, line) in text.lines().enumerate() {
        let mut words = line.split_ascii_whitespace();
        let (Some(path), version, hash, more) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            continue;
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        let (Some(version), Some(hash), None) = (version, hash, more) else {
            sums.diagnostics.push(malformed(number, "a line is not `module version hash`"));
            continue;
        };
        if version.ends_with("/go.mod") {
            continue;
        }
        let digest =
            hash.strip_prefix("h1:").and_then(|h| Hash::from_base64(HashAlgorithm::GoH1, h));
        let fresh = match digest {
            Some(digest) => sums.zips.insert((path, version), digest).is_none(),
            None if hash.starts_with("h1:") => {
                sums.diagnostics.push(malformed(number, "a hash is not base64"));
                false
            }
            // A hash function of a later Go: Go itself passes over these lines.
            None => false,
        };
        if fresh {
            sums.order.push((path, version, number));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_comments_and_strings_are_understood() {
        let text = "module \"a b\" // c\nrequire (\n\tx/y v1.0.0 // indirect; why\n\n\t`z` v2// c\n)\nretract [v1, v2]\nreplace a=>b\nuse (\n)\nx ( )\n";
        let (statements, diagnostics) = statements(text);
        assert_eq!(diagnostics, []);
        let flat: Vec<_> = statements
            .iter()
            .map(|s| (s.verb, s.arguments.join("|"), s.is_indirect(), s.line))
            .collect();
        assert_eq!(
            flat,
            [
                ("module", "a b".to_owned(), false, 1),
                ("require", "x/y|v1.0.0".to_owned(), true, 3),
                ("require", "z|v2".to_owned(), false, 5),
                ("retract", "[|v1|,|v2|]".to_owned(), false, 7),
                ("replace", "a=>b".to_owned(), false, 8),
            ]
        );
    }

    #[test]
    fn strings_that_do_not_end_are_told() {
        let (statements, diagnostics) = statements("module \"a\nrequire b v1\n");
        assert_eq!(statements.len(), 1);
        assert_eq!(diagnostics[0].line, Some(1));
        assert_eq!(quoted("a\\\"b\" c"), Some((Cow::Borrowed("a\"b"), " c")));
    }

    #[test]
    fn only_what_was_fetched_counts_in_a_sum() {
        let sums = sums(
            "a v1.0.0/go.mod h1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=\n\na v1.0.0 h1:2jmj7l5rSw0yVb/vlWAYkK/YBwk=\na v2.0.0 h9:x\nbroken\n",
        );
        assert_eq!(sums.order, [("a", "v1.0.0", 3)]);
        assert_eq!(sums.diagnostics.len(), 1);
    }
}
