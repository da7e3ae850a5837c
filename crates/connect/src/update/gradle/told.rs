//! Where a line of a build file says a version. Build files are code: only what stands there literally is read.

use std::ops::Range;

const QUOTES: [char; 2] = ['"', '\''];

/// Where a line says the version of a package (`group:name`): `'group:name:1.0'`, `group: 'group', name: 'name', version: '1.0'`,
/// or in a block.
pub(super) fn version(line: &str, package: &str) -> Option<Range<usize>> {
    if is_comment(line) {
        return None;
    }
    in_one(line, package)
        .or_else(|| argument(line, "version").filter(|_| is_of(line, package)))
        .or_else(|| in_block(line, package))
}

/// Whether the arguments of a line name a package.
fn is_of(line: &str, package: &str) -> bool {
    let is = |key: &str, wanted: &str| {
        argument(line, key).is_some_and(|range| line.get(range) == Some(wanted))
    };
    package.split_once(':').is_some_and(|(group, name)| is("group", group) && is("name", name))
}

/// The one version in a block on the same line: `('group:name') { version { strictly '1.0' } }`.
fn in_block(line: &str, package: &str) -> Option<Range<usize>> {
    let at = line.find(package)?;
    let (before, after) = (line.get(..at)?, line.get(at + package.len()..)?);
    if !before.ends_with(QUOTES) || !after.starts_with(QUOTES) {
        return None;
    }
    let words = ["strictly", "require", "prefer"].into_iter();
    let mut found = words.filter_map(|word| {
        let (_, value) = after.split_once(word)?;
        quoted(line, value.trim_start_matches(['(', ' ']))
    });
    let is_version = |range: &Range<usize>| {
        line.get(range.clone()).is_some_and(|old| old.starts_with(|c: char| c.is_ascii_digit()))
    };
    match (found.next(), found.next()) {
        (Some(range), None) if is_version(&range) => Some(range),
        _ => None,
    }
}

/// The variable that stands for the version of a package without being in a text: `'group:name:' + left`, `version: left`.
pub(super) fn named<'l>(line: &'l str, package: &str) -> Option<&'l str> {
    if is_comment(line) {
        return None;
    }
    let added = || {
        let range = in_one(line, package).filter(Range::is_empty)?;
        line.get(range.end + 1..)?.trim_start().strip_prefix('+')
    };
    let given = || {
        let value = |(at, key): (usize, &str)| {
            line.get(at + key.len()..)?.trim_start().strip_prefix([':', '='])
        };
        line.match_indices("version").find_map(value).filter(|_| is_of(line, package))
    };
    let value = added().or_else(given)?.trim_start();
    let end = value.find(|c: char| !is_word(c) && c != '.').unwrap_or(value.len());
    let last = value.get(..end)?.rsplit('.').next()?;
    last.starts_with(|c: char| c.is_alphabetic()).then_some(last)
}

/// The variable that stands in place of a version: `$left`, `${versions.left}`.
pub(super) fn variable(text: &str) -> Option<&str> {
    let name = text.strip_prefix('$')?;
    let name = match name.strip_prefix('{') {
        Some(inner) => inner.strip_suffix('}')?,
        None => name,
    };
    let last = name.rsplit('.').next()?;
    (!last.is_empty() && last.chars().all(is_word)).then_some(last)
}

/// Where a line says what a variable is, if that is a version: `left = '1.0'`, `left: "1.0"`, `val left by extra("1.0")`,
/// `set('left', '1.0')`, `extra["left"] = "1.0"`, and `left=1.0` of properties.
pub(super) fn definition(line: &str, variable: &str) -> Option<Range<usize>> {
    if is_comment(line) {
        return None;
    }
    let after = |(at, _): (usize, &str)| {
        let rest = line.get(at + variable.len()..)?.trim_start();
        let is_whole = !line.get(..at)?.ends_with(is_word);
        let value = rest.strip_prefix([':', '=']).or_else(|| rest.strip_prefix("by extra("));
        let value = value.or_else(|| set(line.get(..at)?, rest))?;
        let range = quoted(line, value).or_else(|| bare(line, value))?;
        let is_version = line.get(range.clone())?.starts_with(|c: char| c.is_ascii_digit());
        (is_whole && is_version).then_some(range)
    };
    line.match_indices(variable).find_map(after)
}

/// The value of a variable whose name is a text, by what stands before and after the name.
fn set<'l>(before: &str, after: &'l str) -> Option<&'l str> {
    let (before, after) = (before.strip_suffix(QUOTES)?, after.strip_prefix(QUOTES)?);
    match before.ends_with("set(") {
        true => after.trim_start().strip_prefix(','),
        false if before.ends_with('[') => after.strip_prefix(']')?.trim_start().strip_prefix('='),
        false => None,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["//", "/*", "*", "#"].iter().any(|mark| line.starts_with(mark))
}

/// The version in a coordinate: `'group:name:1.0'`.
fn in_one(line: &str, package: &str) -> Option<Range<usize>> {
    let before = format!("{package}:");
    let at = line.find(&before)?;
    let is_quoted = line.get(..at)?.ends_with(['"', '\'']);
    let start = at + before.len();
    let length = line.get(start..)?.find(['"', '\'', ':', '@'])?;
    is_quoted.then_some(start..start + length)
}

/// The quoted value of a named argument: `version: '1.0'`, `version = "1.0"`.
fn argument(line: &str, key: &str) -> Option<Range<usize>> {
    let after = |(at, _): (usize, &str)| {
        let is_whole = !line.get(..at)?.ends_with(|c: char| is_word(c) || c == '.');
        let rest = line.get(at + key.len()..)?.trim_start();
        quoted(line, rest.strip_prefix([':', '='])?).filter(|_| is_whole)
    };
    line.match_indices(key).find_map(after)
}

/// The text in quotes that the rest of a line begins with.
fn quoted(line: &str, rest: &str) -> Option<Range<usize>> {
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = line.len() - rest.len() + 1;
    Some(start..start + line.get(start..)?.find(quote)?)
}

/// The version without quotes that the rest of a line begins with.
fn bare(line: &str, rest: &str) -> Option<Range<usize>> {
    let rest = rest.trim_start();
    let start = line.len() - rest.len();
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-+_".contains(c);
    let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
    (length > 0).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_where_they_are_told() {
        for (line, expected) in [
            ("implementation 'a.b:left:1.0'", Some("1.0")),
            ("implementation(\"a.b:left:1.0:tests@jar\")", Some("1.0")),
            ("implementation \"a.b:left:${leftVersion}\"", Some("${leftVersion}")),
            ("implementation group: 'a.b', name: 'left', version: '1.0'", Some("1.0")),
            ("implementation(group = \"a.b\", name = \"left\", version = \"1.0\")", Some("1.0")),
            ("implementation group: 'a.b', name: 'left-extra', version: '1.0'", None),
            ("implementation group: 'x.a.b', name: 'left', version: '1.0'", None),
            ("implementation group: 'a.b', name: 'left', version: leftVersion", None),
            ("// implementation 'a.b:left:1.0'", None),
            ("implementation 'x.a.b:left:1.0'", None),
            ("implementation 'a.b:left'", None),
            ("implementation 'a.b:first:2', 'a.b:left:1.0'", Some("1.0")),
            ("implementation('a.b:left') { version { strictly '1.0' } }", Some("1.0")),
            ("implementation(\"a.b:left\") { version { strictly(\"1.0\") } }", Some("1.0")),
            ("implementation('a.b:left') { version { strictly '[1.0, 2[' } }", None),
            ("implementation('a.b:left') { version { strictly '2'; prefer '1.0' } }", None),
            ("implementation('a.b:left-extra') { version { strictly '1.0' } }", None),
        ] {
            let found = version(line, "a.b:left").map(|range| line.get(range).unwrap());
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn what_stands_for_a_version_outside_of_a_text_is_found() {
        for (line, expected) in [
            ("implementation 'a.b:left:' + leftVersion", Some("leftVersion")),
            ("implementation 'a.b:left:' + versions.left", Some("left")),
            (
                "implementation group: 'a.b', name: 'left', version: leftVersion",
                Some("leftVersion"),
            ),
            ("implementation group: 'a.b', name: 'left', version: '1.0'", None),
            ("implementation group: 'a.b', name: 'right', version: leftVersion", None),
            ("implementation 'a.b:left:1.0'", None),
            ("implementation 'a.b:left:' + '1.0'", None),
        ] {
            assert_eq!(named(line, "a.b:left"), expected, "{line}");
        }
    }

    #[test]
    fn what_variables_hold_is_found_where_it_is_told() {
        for (line, expected) in [
            ("ext { left = '1.0' }", Some("1.0")),
            ("ext.left = \"1.0\"", Some("1.0")),
            ("def versions = [right: '2.0', left: '1.0']", Some("1.0")),
            ("val left by extra(\"1.0\")", Some("1.0")),
            ("left=1.0-jre", Some("1.0-jre")),
            ("set('left', \"1.0\")", Some("1.0")),
            ("project.ext.set(\"left\", '1.0')", Some("1.0")),
            ("extra[\"left\"] = \"1.0\"", Some("1.0")),
            ("set('lefts', '1.0')", None),
            ("pick('left', '1.0')", None),
            ("if (left == '1.0') {", None),
            ("my_left = '1.0'", None),
            ("lefts = '1.0'", None),
            ("left = right", None),
            ("# left=1.0", None),
        ] {
            let found = definition(line, "left").map(|range| line.get(range).unwrap());
            assert_eq!(found, expected, "{line}");
        }
        assert_eq!(["$left", "${a.left}"].map(variable), [Some("left"); 2]);
        assert_eq!(["left", "${a(\"left\")}", "$", "${left"].map(variable), [None; 4]);
    }
}
