//! Mistakes in the syntax of the file itself, reported with what to do about them.

use toml::de::Error;
use trimtab_model::Code;

use crate::at::Text;

/// The most mistakes that are reported for one file: what follows the first often results from it.
const MOST: usize = 10;

/// Reports the mistakes that the parser found, one a line.
pub(crate) fn tell(text: &mut Text<'_>, errors: &[Error]) {
    let mut last = None;
    for error in errors.iter().take(MOST) {
        let span = error.span().unwrap_or(0..1);
        let line = text.text.get(..span.start).map(|before| before.matches('\n').count());
        if last == Some(line) {
            continue;
        }
        last = Some(line);
        let said = error.message().lines().next().unwrap_or_default();
        let (message, help) = told(said, text.text.get(span.clone()).unwrap_or_default());
        text.problem(Code::ConfigMalformed, span, message, help);
    }
}

/// What the parser says (how it begins), what it means to a person, and what to do.
const SAID: &[(&str, &str, &str)] = &[
    (
        "duplicate key",
        "it appears here a second time",
        "keep one of the two; lists of tables are written `[[…]]`",
    ),
    (
        "invalid date",
        "this is not a day of the calendar",
        "write year, month and day, such as 2026-11-21",
    ),
    (
        "invalid time",
        "this is not a time of day",
        "write hours, minutes and seconds, such as 17:00:00",
    ),
    (
        "missing comma",
        "a comma or a closing bracket is missing",
        "put `,` between the entries of a list, and `]` after the last",
    ),
    ("unclosed array", "the list is not closed", "write `]` after its last entry"),
    ("unclosed inline table", "the table is not closed", "write `}` after its last key"),
    ("unclosed table", "the header is not closed", "write `[name]`, with nothing else on the line"),
    (
        "unclosed array of tables",
        "the header is not closed",
        "write `[[name]]`, with nothing else on the line",
    ),
    ("invalid basic string", "the text is not closed", "write `\"` after it, on the same line"),
    ("invalid literal string", "the text is not closed", "write `'` after it, on the same line"),
    ("string values must be quoted", "text has no quotes", "put it into straight quotes: `\"…\"`"),
    ("invalid float", "this is not a value", "put text into straight quotes: `\"…\"`"),
    ("key with no value", "a value is missing", "write `key = value`"),
    ("missing value", "a value is missing", "write `key = value`; text in quotes"),
    (
        "invalid key-value pair",
        "this is not a key with a value",
        "write `key = value`; this file is TOML",
    ),
    ("invalid key", "this is not a valid key", "write `key = value`"),
    (
        "too few unicode",
        "a backslash begins a special character",
        "write `\\\\` for a backslash, or the text in single quotes",
    ),
    (
        "missing escaped value",
        "a backslash begins a special character",
        "write `\\\\` for a backslash, or the text in single quotes",
    ),
    ("unexpected key or value", "something follows the value", "begin a new line"),
    ("cannot recurse further", "it is nested too deeply", "write it flatter"),
];

fn told(said: &str, meant: &str) -> (String, String) {
    let known = SAID.iter().find(|(begins, ..)| said.starts_with(begins));
    let (message, help) = match known {
        Some((_, message, help)) => ((*message).to_owned(), (*help).to_owned()),
        None if said.is_empty() => ("this is not TOML".to_owned(), GENERAL.to_owned()),
        None => (said.to_owned(), GENERAL.to_owned()),
    };
    // The item itself, where it is short and on one line.
    let named = !meant.is_empty() && meant.len() <= 40 && !meant.contains('\n');
    match (named, known) {
        (true, Some(("duplicate key", ..))) => {
            (format!("`{meant}` appears here a second time"), help)
        }
        (true, Some((said, ..))) if said.starts_with("invalid date") => {
            (format!("`{meant}` is not a day of the calendar"), help)
        }
        (true, Some((said, ..))) if said.starts_with("string values") => {
            (format!("`{meant}` has no quotes"), help)
        }
        (true, Some(("invalid float", ..))) => (format!("`{meant}` is not a value"), help),
        _ => (message, help),
    }
}

/// What to do about what is not in the table.
const GENERAL: &str = "write `key = value`, text in quotes, below a `[table]`";
