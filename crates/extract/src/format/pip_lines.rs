//! The line syntax of pip's requirements files: continued lines, comments, options.
//!
//! Follows pip's "Requirements File Format". Traps: a comment ends a continued line; `#` starts a
//! comment only at the start of a line or after white space, because URLs hold `#egg=`; options
//! such as `--hash` follow the requirement on its line; pip-compile and uv write where a package
//! comes from into comments below it (`# via flask`), indented, in one line or in several.

/// What a logical line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Says {
    /// A requirement, without its options and comments.
    Requirement {
        /// The requirement, URL or path.
        text: String,
        /// `-e`.
        editable: bool,
        /// The values of `--hash`.
        hashes: Vec<String>,
    },
    /// `-r` or, if `constraint`, `-c`.
    Include {
        /// The path or URL as written.
        path: String,
        /// Whether it only constrains versions.
        constraint: bool,
    },
    /// `-i`, or `--extra-index-url` and `--find-links` if `extra`.
    Index {
        /// The URL as written.
        url: String,
        /// Whether it is asked besides the main index.
        extra: bool,
    },
}

/// A logical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// One-based number of its first physical line.
    pub(super) number: u32,
    /// What it says.
    pub(super) says: Says,
    /// Who brings it in, as pip-compile and uv note it.
    pub(super) via: Vec<String>,
}

/// Splits a text into logical lines. Options that say nothing about packages are left out.
pub(super) fn lines(text: &str) -> Vec<Line> {
    let mut out: Vec<Line> = Vec::new();
    let mut pending = String::new();
    let mut first = 0u32;
    // Whether comments still continue a `# via` list of the last line.
    let mut in_via = false;
    for (number, raw) in (1u32..).zip(text.lines()) {
        let (content, comment) = split_comment(raw);
        let content = content.trim_end();
        if let Some(content) = content.strip_suffix('\\').filter(|_| comment.is_none()) {
            if pending.is_empty() {
                first = number;
            }
            pending.push_str(content);
            pending.push(' ');
            continue;
        }
        if pending.is_empty() {
            first = number;
        }
        pending.push_str(content);
        let logical = std::mem::take(&mut pending);
        let fresh = !logical.trim().is_empty();
        if fresh {
            in_via = false;
            if let Some(says) = says(logical.trim()) {
                out.push(Line { number: first, says, via: Vec::new() });
            } else {
                continue;
            }
        }
        // A comment at the start of a line is a person's, not an annotation.
        let annotates = comment.filter(|_| fresh || raw.starts_with([' ', '\t']));
        match (annotates, out.last_mut()) {
            (Some(comment), Some(line)) => in_via = annotate(&mut line.via, comment, in_via),
            _ => in_via = false,
        }
    }
    if let Some(says) = says(pending.trim()) {
        out.push(Line { number: first, says, via: Vec::new() });
    }
    out
}

/// Cuts a physical line at its comment.
fn split_comment(line: &str) -> (&str, Option<&str>) {
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find('#')).map(|at| at + from) {
        let before = line.get(..at).unwrap_or_default();
        if before.is_empty() || before.ends_with(char::is_whitespace) {
            return (before, line.get(at + 1..));
        }
        from = at + 1;
    }
    (line, None)
}

/// Takes the names out of a `via` comment; says whether the list may go on in the next comment.
fn annotate(via: &mut Vec<String>, comment: &str, in_via: bool) -> bool {
    let comment = comment.trim();
    let list = match comment.strip_prefix("via") {
        Some("") => return true,
        Some(list) if list.starts_with(char::is_whitespace) => list,
        _ if in_via => comment,
        _ => return false,
    };
    via.extend(list.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned));
    true
}

/// What a logical line says, if it is about packages.
fn says(line: &str) -> Option<Says> {
    let (head, value) = option(line);
    let value = unquoted(value).to_owned();
    match head {
        "" if line.is_empty() => None,
        "-r" | "--requirement" => Some(Says::Include { path: value, constraint: false }),
        "-c" | "--constraint" => Some(Says::Include { path: value, constraint: true }),
        "-i" | "--index-url" | "--pypi-url" => Some(Says::Index { url: value, extra: false }),
        "--extra-index-url" | "-f" | "--find-links" => {
            Some(Says::Index { url: value, extra: true })
        }
        "-e" | "--editable" => Some(requirement(&value, true)),
        "" => Some(requirement(line, false)),
        // --pre, --no-binary, --trusted-host and the like. What is no option of pip at all comes
        // out as a requirement, which is then reported as malformed.
        _ if head.starts_with("--") || head == "-Z" => None,
        _ => Some(requirement(line, false)),
    }
}

/// An option at the start of a line, and its value: `-r x`, `-rx`, `--requirement=x`.
fn option(line: &str) -> (&str, &str) {
    if line.starts_with("--") {
        let end = line.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(line.len());
        let (head, value) = line.split_at(end);
        let value = value.trim_start();
        return (head, value.strip_prefix('=').unwrap_or(value).trim());
    }
    let short = line.starts_with('-').then(|| line.get(..2)).flatten();
    short.map_or(("", ""), |head| (head, line.get(2..).unwrap_or_default().trim()))
}

/// A requirement and the options that follow it.
fn requirement(line: &str, editable: bool) -> Says {
    let mut words = line.split_whitespace();
    let mut text = String::new();
    let mut hashes = Vec::new();
    let mut options = false;
    while let Some(word) = words.next() {
        options |= word.starts_with('-');
        if !options {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        } else if let Some(hash) = word.strip_prefix("--hash=") {
            hashes.push(hash.to_owned());
        } else if word == "--hash" {
            hashes.extend(words.next().map(str::to_owned));
        }
    }
    if text.is_empty() {
        text = line.to_owned();
    }
    Says::Requirement { text: unquoted(&text).to_owned(), editable, hashes }
}

/// A text without the quotes around it.
fn unquoted(text: &str) -> &str {
    let bare = ['"', '\''].into_iter().find_map(|q| text.strip_prefix(q)?.strip_suffix(q));
    bare.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requirement(text: &str, hashes: &[&str]) -> Says {
        let hashes = hashes.iter().map(|h| (*h).to_owned()).collect();
        Says::Requirement { text: text.to_owned(), editable: false, hashes }
    }

    #[test]
    fn lines_are_joined_and_comments_cut() {
        let text = "a==1 \\\n  --hash=sha256:1 \\\n  --hash sha256:2\n\nb @ http://x/y#egg=b # c\n-e ./z\nc \\\n # gone\nd \\";
        let lines = lines(text);
        let says: Vec<_> = lines.iter().map(|l| (l.number, l.says.clone())).collect();
        assert_eq!(says[0], (1, requirement("a==1", &["sha256:1", "sha256:2"])));
        assert_eq!(says[1], (5, requirement("b @ http://x/y#egg=b", &[])));
        assert!(
            matches!(&says[2], (6, Says::Requirement { text, editable: true, .. }) if text == "./z")
        );
        assert_eq!(says[3], (7, requirement("c", &[])));
        assert_eq!(says[4], (9, requirement("d", &[])));
    }

    #[test]
    fn annotations_are_kept_in_all_their_shapes() {
        let text = "a==1  # via b, -r x.in\nc==1 \\\n    --hash=sha256:1\n    # via\n    #   -r x.in\n    #   d\n# via nobody\ne==1\n    # via f\n\n    # other\n";
        let via: Vec<_> = lines(text).into_iter().map(|l| l.via).collect();
        assert_eq!(via, [vec!["b", "-r x.in"], vec!["-r x.in", "d"], vec!["f"]]);
    }

    #[test]
    fn options_are_understood_in_all_spellings() {
        for text in ["-r a.txt", "-ra.txt", "--requirement a.txt", "--requirement=a.txt"] {
            let path = "a.txt".to_owned();
            assert_eq!(lines(text)[0].says, Says::Include { path, constraint: false }, "{text}");
        }
        let path = "all deps.txt".to_owned();
        let said = Says::Include { path, constraint: true };
        assert_eq!(lines("-c \"all deps.txt\"  # why")[0].says, said);
        assert_eq!(lines("--no-binary :all:\n--pre\n"), []);
        assert!(matches!(lines("--index-url https://x")[0].says, Says::Index { extra: false, .. }));
    }
}
