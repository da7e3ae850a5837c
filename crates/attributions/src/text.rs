//! Foreign texts, made short and harmless: no addresses, no control characters, bounded.

/// The text on one line, without addresses, of at most so many characters. `None` if nothing
/// is left.
pub(crate) fn short(text: &str, most: usize) -> Option<Box<str>> {
    let mut out = String::new();
    let mut count = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()) {
        let visible: String = word.chars().filter(|c| !is_invisible(*c)).collect();
        let word = without_address(&visible);
        // What is left of a word made on purpose may be an address again.
        if word.is_empty() || word.contains("://") {
            continue;
        }
        if !out.is_empty() {
            if count >= most {
                out.push('…');
                return Some(out.into());
            }
            out.push(' ');
            count += 1;
        }
        for c in word.chars() {
            if count >= most {
                out.push('…');
                return Some(out.into());
            }
            out.push(c);
            count += 1;
        }
    }
    let out = out.trim_end();
    (!out.is_empty()).then(|| out.into())
}

/// The beginning of a text: as much of it as is read.
pub(crate) fn beginning(text: &str) -> &str {
    const MAX_LOOK: usize = 8 << 10;
    let mut end = text.len().min(MAX_LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A name or version as written, of at most so many characters; longer ones are none, as a part
/// would name something else.
pub(crate) fn name(text: &str, most: usize) -> Option<Box<str>> {
    let text = text.trim();
    let fits = !text.is_empty() && text.len() <= most && !text.chars().any(char::is_control);
    fits.then(|| text.into())
}

/// A word without the address in it.
fn without_address(word: &str) -> String {
    let Some(at) = word.find("://") else { return word.to_owned() };
    let (before, after) = word.split_at(at);
    let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let before = before.trim_end_matches(scheme);
    let end = after.find(['(', ')', '<', '>', '[', ']', '"', '\'', '`']).unwrap_or(after.len());
    // What follows the first address is cut, too: a word with two of them says nothing else.
    let rest = after.get(end..).unwrap_or_default();
    let rest = if rest.contains("://") { "" } else { rest };
    let left = [before, rest].concat();
    if left.chars().any(char::is_alphanumeric) { left.replace("()", "") } else { String::new() }
}

/// Marks that turn text around or hide it.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_and_words_stay() {
        for (text, left) in [
            ("a\n\tb", Some("a b")),
            ("see https://a.example/x, or [this](http://b.example) now", Some("see or [this] now")),
            ("(<https://a.example>)", None),
            ("x=http://a.example\"y\"http://b.example", Some("x=")),
            ("a :(h://x)// b:\u{200b}//c", Some("a")),
            ("\u{202e}evil\u{0}x", Some("evil x")),
            (" \n ", None),
        ] {
            assert_eq!(short(text, 50).as_deref(), left, "{text}");
        }
        assert_eq!(short("abcdef", 3).as_deref(), Some("abc…"));
        assert_eq!(short("éé é", 3).as_deref(), Some("éé …"));
        assert_eq!(short("abc d", 3).as_deref(), Some("abc…"));
    }
}
