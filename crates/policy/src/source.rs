//! A policy's text, as far as it is examined before the engine gets it: calls with their places,
//! and the names of rules. Comments and strings are skipped.

use std::ops::Range;

/// A call of a function by its name, `startswith(` or `net.cidr_contains(`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call<'t> {
    /// The name with its dots.
    pub(crate) name: &'t str,
    /// Where the name is, in bytes.
    pub(crate) at: Range<usize>,
}

/// Every call of a text, in order.
pub(crate) fn calls(text: &str) -> Vec<Call<'_>> {
    let words = words(text).into_iter();
    words.filter_map(|(word, called)| called.then_some(word)).collect()
}

/// Every name of a text, in order, and whether it is called.
pub(crate) fn words(text: &str) -> Vec<(Call<'_>, bool)> {
    let bytes = text.as_bytes();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => at = end_of(bytes, at, b'\n'),
            b'"' | b'`' => at = after_string(bytes, at),
            b if is_name_start(b) => {
                let start = at;
                at = after_name(bytes, at);
                let called = bytes.get(at) == Some(&b'(');
                words.push((Call { name: &text[start..at], at: start..at }, called));
            }
            // A number such as `1e5` is no name; a byte of a longer character neither.
            b if b.is_ascii_digit() => {
                at += 1;
                while bytes.get(at).is_some_and(u8::is_ascii_alphanumeric) {
                    at += 1;
                }
            }
            _ => at += 1,
        }
    }
    words
}

/// The name that a rule's text gives it, and whether it is a function. `None`: a head of another form.
pub(crate) fn rule_name(text: &str) -> Option<(&str, bool)> {
    let text = text.trim_start();
    let text = match text.strip_prefix("default") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => text,
    };
    let end = text.bytes().take_while(|b| is_name_byte(*b)).count();
    let name = text.get(..end).filter(|name| name.bytes().next().is_some_and(is_name_start))?;
    Some((name, text[end..].starts_with('(')))
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where a name with its dots ends.
fn after_name(bytes: &[u8], mut at: usize) -> usize {
    loop {
        while bytes.get(at).copied().is_some_and(is_name_byte) {
            at += 1;
        }
        let dotted =
            bytes.get(at) == Some(&b'.') && bytes.get(at + 1).copied().is_some_and(is_name_start);
        if !dotted {
            return at;
        }
        at += 1;
    }
}

/// Where a string ends that begins here; the end of the text if it does not.
fn after_string(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 2,
            _ if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of(bytes: &[u8], start: usize, until: u8) -> usize {
    bytes[start..].iter().position(|b| *b == until).map_or(bytes.len(), |n| start + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_and_comments_and_strings_are_not() {
        let text = "# http.send(x)\na := net.cidr_contains(\"b(\", `c(`) # d(\ne := sprintf( `é%d`, [1e5(]) f.g\n";
        let found: Vec<_> = calls(text).into_iter().map(|c| c.name).collect();
        assert_eq!(found, ["net.cidr_contains", "sprintf"]);
        assert_eq!(calls("x(\"")[0].at, 0..1);
        assert_eq!(calls("\"\\"), []);
    }

    #[test]
    fn rules_have_names() {
        assert_eq!(rule_name("deny contains msg if { x }"), Some(("deny", false)));
        assert_eq!(rule_name("default allow := false"), Some(("allow", false)));
        assert_eq!(rule_name("default f(_) := 1"), Some(("f", true)));
        assert_eq!(rule_name("defaults := 1"), Some(("defaults", false)));
        assert_eq!(rule_name("deny_a[msg] { x }"), Some(("deny_a", false)));
        assert_eq!(rule_name("[x] := 1"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "[\"`#\\\\a.(é0\n ]{0,60}") {
            for call in calls(&text) {
                proptest::prop_assert_eq!(&text[call.at.clone()], call.name);
            }
            let _ = rule_name(&text);
        }
    }
}
