//! Editing settings in YAML by lines: of `key: value` in a block the value is replaced; all else stays, comments too.

use std::ops::Range;

use super::spliced;

/// A line `key: value`: the key without quotes, and where the value stands in the line, without quotes and comment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry<'l> {
    pub(crate) key: &'l str,
    pub(crate) value: Range<usize>,
    /// How far it is indented, in bytes.
    pub(crate) depth: usize,
}

/// Reads a line. `None`: it is empty, a comment, or of another shape.
pub(crate) fn entry(line: &str) -> Option<Entry<'_>> {
    let depth = line.len() - line.trim_start_matches([' ', '\t']).len();
    let (key, colon) = scalar(line, depth, true)?;
    let behind = line.get(colon.end..)?;
    let gap = behind.len() - behind.trim_start().len();
    if !behind.is_empty() && gap == 0 {
        return None;
    }
    let value = match scalar(line, colon.end + gap, false) {
        Some((value, _)) => value,
        None => colon.end..colon.end,
    };
    Some(Entry { key: line.get(key)?, value, depth })
}

/// A scalar from a place in a line on, without its quotes, and the colon behind it, if it is a key.
fn scalar(line: &str, from: usize, is_key: bool) -> Option<(Range<usize>, Range<usize>)> {
    let rest = line.get(from..)?;
    let first = rest.chars().next().filter(|c| !matches!(c, '#' | '\n' | '\r'))?;
    let (inner, end) = if matches!(first, '\'' | '"') {
        let length = rest.get(1..)?.find(first)?;
        (from + 1..from + 1 + length, from + length + 2)
    } else {
        let stop = match is_key {
            true => [": ", ":\t", ":\n", ":\r"].iter().filter_map(|end| rest.find(end)).min(),
            false => [" #", "\t#"].iter().filter_map(|end| rest.find(end)).min(),
        };
        let ends_open = is_key && rest.ends_with(':');
        let stop = stop.or_else(|| ends_open.then(|| rest.len() - 1));
        let stop = if is_key { stop? } else { stop.unwrap_or(rest.len()) };
        let plain = rest.get(..stop)?.trim_end();
        (from..from + plain.len(), from + stop)
    };
    if !is_key {
        return Some((inner, end..end));
    }
    let behind = line.get(end..)?;
    let gap = behind.len() - behind.trim_start_matches([' ', '\t']).len();
    behind.get(gap..)?.starts_with(':').then_some((inner, end + gap..end + gap + 1))
}

/// A line with another value.
pub(crate) fn with_value(line: &str, entry: &Entry<'_>, value: &str) -> String {
    spliced(line, vec![(entry.value.clone(), value.to_owned())])
}

/// The name of the block that begins with a line: a key at its very beginning. `None`: it begins none.
pub(crate) fn block(line: &str) -> Option<Entry<'_>> {
    entry(line).filter(|entry| entry.depth == 0)
}

/// Whether a line ends the block before it.
pub(crate) fn ends(line: &str) -> bool {
    !line.starts_with([' ', '\t', '#', '\n', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_and_their_values_replaced() {
        for (line, key, value, edited) in [
            ("ini: 1.3.5\n", "ini", "1.3.5", "ini: 2\n"),
            ("  'ini':  \"1.3.5\"  # why\n", "ini", "1.3.5", "  'ini':  \"2\"  # why\n"),
            ("  \"@s/a@^1\" : ^1.0 # a: b\r\n", "@s/a@^1", "^1.0", "  \"@s/a@^1\" : 2 # a: b\r\n"),
            ("    rc>ini:\t1.3.5", "rc>ini", "1.3.5", "    rc>ini:\t2"),
            ("  a@npm:1: npm:a@1", "a@npm:1", "npm:a@1", "  a@npm:1: 2"),
        ] {
            let entry = entry(line).unwrap();
            assert_eq!((entry.key, &line[entry.value.clone()]), (key, value), "{line}");
            assert_eq!(with_value(line, &entry, "2"), edited);
        }
        for none in ["", "\n", "# a: b\n", "  # a: 1\n", "- a\n", "a\n", "a:1\n", "'a\n"] {
            assert!(entry(none).is_none(), "{none:?}: {:?}", entry(none));
        }
    }

    #[test]
    fn blocks_begin_at_the_beginning_of_a_line() {
        for (line, empty) in
            [("overrides:\n", true), ("\"overrides\": # why\n", true), ("overrides: {}", false)]
        {
            let block = block(line).unwrap();
            assert_eq!((block.key, block.value.is_empty()), ("overrides", empty), "{line}");
        }
        assert!(block("  overrides:\n").is_none());
    }
}
