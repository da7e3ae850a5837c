//! Statements of a Ruby program that only lists things (Gemfile, Podfile), by plain reading.

/// The longest statement that is put together from lines.
const MAX_STATEMENT: usize = 10_000;

/// The statements of a program with the one-based line of each, without comments. A call goes on
/// after a comma.
pub(super) fn statements(text: &str) -> Vec<(u32, String)> {
    let mut all = Vec::new();
    let mut pending = String::new();
    let mut start = 1;
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = without_comment(line).trim();
        if pending.is_empty() {
            start = number;
        }
        pending.push_str(line);
        if line.ends_with(',') && pending.len() < MAX_STATEMENT {
            pending.push(' ');
            continue;
        }
        let statement = std::mem::take(&mut pending);
        if !statement.is_empty() {
            all.push((start, statement));
        }
    }
    all
}

/// The first word of a statement, and the rest.
pub(super) fn call(statement: &str) -> (&str, &str) {
    match statement.find(|c: char| c.is_whitespace() || c == '(') {
        Some(end) => statement.split_at(end),
        None => (statement, ""),
    }
}

/// The literal texts with which the arguments of a call begin: `"a", "~> 1", ">= 1.2", x: 1`.
pub(super) fn leading_texts(arguments: &str) -> Vec<&str> {
    let mut texts = Vec::new();
    let mut rest = arguments.trim_start_matches(['(', ' ', '\t']);
    while let Some(text) = quoted(rest).filter(|_| rest.starts_with(['"', '\''])) {
        texts.push(text);
        rest = rest.get(text.len() + 2..).unwrap_or_default().trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None => break,
        }
    }
    texts
}

/// The literal text of an option: `git: "…"`, `:git => '…'`.
pub(super) fn option<'t>(arguments: &'t str, name: &str) -> Option<&'t str> {
    let spellings = [format!("{name}:"), format!(":{name} =>"), format!(":{name}=>")];
    let value = spellings.iter().find_map(|key| {
        let (at, _) = arguments.match_indices(key.as_str()).find(|(at, _)| {
            let before = arguments.get(..*at).and_then(|b| b.chars().next_back());
            before.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '(' | '{'))
        })?;
        arguments.get(at + key.len()..)
    })?;
    quoted(value).filter(|_| value.trim_start().starts_with(['"', '\'']))
}

/// A line without what follows `#` outside of quotes.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return line.get(..at).unwrap_or(line),
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
    }
    line
}

/// The first quoted text.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let start = text.find(['"', '\''])?;
    let mark = text.get(start..)?.chars().next()?;
    let inside = text.get(start + 1..)?;
    inside.get(..inside.find(mark)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_apart() {
        let all = statements("# a\ngem \"x\", # no\n  '~> 1',\n  git: \"u#1\"\ny\n");
        assert_eq!(all.len(), 2);
        let (line, statement) = &all[0];
        let (word, rest) = call(statement);
        assert_eq!((*line, word), (2, "gem"));
        assert_eq!(leading_texts(rest), ["x", "~> 1"]);
        assert_eq!(option(rest, "git"), Some("u#1"));
        assert_eq!(option("a, :git => 'v'", "git"), Some("v"));
        assert_eq!(option("a, digit: 'v'", "git"), None);
        assert!(leading_texts("(name, \"1\")").is_empty());
    }
}
