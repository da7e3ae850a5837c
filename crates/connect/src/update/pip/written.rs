//! The lines of a requirement file, split as pip splits them. What is not understood is told apart, and never passed on.

use super::super::layers::By;
use super::plain::plain;

/// What a line, or an option in it, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// A requirement of which nothing is built, written anew.
    Wanted(String),
    /// Another file, by its path from the folder of this one.
    Takes(By, String),
    /// An option that says where packages are, or which versions count; written anew.
    Index(String),
    /// A folder, a repository or an archive.
    Source { what: String, editable: bool },
    /// What is to be built or not, written anew.
    Build(String),
    /// What is not understood.
    Unread,
}

enum Meaning {
    Takes(By),
    Editable,
    /// Its value is an address or a full path.
    Place,
    /// Its value is a name.
    Host,
    Build,
    /// It changes nothing of what is chosen among wheels.
    Nothing,
}

/// Options with a value: in full, and short.
const VALUED: &[(&str, &str, Meaning)] = &[
    ("--requirement", "-r", Meaning::Takes(By::Taken)),
    ("--constraint", "-c", Meaning::Takes(By::Held)),
    ("--editable", "-e", Meaning::Editable),
    ("--index-url", "-i", Meaning::Place),
    ("--extra-index-url", "", Meaning::Place),
    ("--find-links", "-f", Meaning::Place),
    ("--trusted-host", "", Meaning::Host),
    ("--no-binary", "", Meaning::Build),
    ("--only-binary", "", Meaning::Build),
    ("--hash", "", Meaning::Nothing),
    ("--config-settings", "-C", Meaning::Nothing),
    ("--global-option", "", Meaning::Nothing),
];
/// Options without one that say which versions count.
const PLAIN: &[&str] = &["--no-index", "--pre", "--prefer-binary"];
const REQUIRE_HASHES: &str = "--require-hashes";

/// What a file says, line by line.
pub(super) fn lines(text: &str) -> Vec<Line> {
    logical(text).iter().flat_map(|line| read(line)).collect()
}

/// The lines of a text without comments and empty ones; those that go on in the next are one. A comment does not go on.
pub(super) fn logical(text: &str) -> Vec<String> {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}')
            || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let (mut all, mut open) = (Vec::new(), String::new());
    for line in text.split(ends) {
        let is_comment = line.trim_start().starts_with('#');
        match line.strip_suffix('\\') {
            Some(part) if !is_comment => open.push_str(part),
            _ => {
                if is_comment {
                    open.push(' ');
                }
                open.push_str(line);
                all.push(std::mem::take(&mut open));
            }
        }
    }
    all.push(open);
    let bare = all.iter().map(|line| bare(line).trim().to_owned());
    bare.filter(|line| !line.is_empty()).collect()
}

/// A line without its comment, which begins it or stands behind a space.
pub(super) fn bare(line: &str) -> &str {
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '#' && before.is_whitespace() {
            return line.get(..at).unwrap_or_default();
        }
        before = c;
    }
    line
}

fn read(line: &str) -> Vec<Line> {
    if line.starts_with('-') {
        return options(line);
    }
    // Options stand behind a requirement, from the first word on that looks like one.
    let mut before = 'a';
    let at = line.char_indices().find(|(_, c)| {
        let begins = before.is_whitespace() && *c == '-';
        before = *c;
        begins
    });
    let (what, rest) = line.split_at(at.map_or(line.len(), |(at, _)| at));
    let what = what.trim();
    let own = plain(what)
        .map_or_else(|| Line::Source { what: what.to_owned(), editable: false }, Line::Wanted);
    let more = options(rest).into_iter().map(|one| match one {
        Line::Build(_) => one,
        // Nothing else belongs behind a requirement.
        _ => Line::Unread,
    });
    std::iter::once(own).chain(more).collect()
}

fn options(text: &str) -> Vec<Line> {
    let mut all = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if PLAIN.contains(&word) {
            all.push(Line::Index(word.to_owned()));
            continue;
        }
        if word == REQUIRE_HASHES {
            continue;
        }
        let Some((name, meaning, joined)) = option(word) else {
            // How far its value goes is not known.
            all.push(Line::Unread);
            break;
        };
        let value = joined.or_else(|| words.next()).unwrap_or_default();
        let value = value.trim_matches(['"', '\'']);
        let is_place = value.contains("://") || value.starts_with('/');
        all.extend(match meaning {
            Meaning::Nothing => None,
            _ if value.is_empty() => Some(Line::Unread),
            Meaning::Takes(by) => Some(Line::Takes(*by, value.to_owned())),
            Meaning::Editable => Some(Line::Source { what: value.to_owned(), editable: true }),
            Meaning::Place | Meaning::Host | Meaning::Build if !is_value(value) => {
                Some(Line::Unread)
            }
            Meaning::Place if !is_place => Some(Line::Unread),
            Meaning::Place | Meaning::Host => Some(Line::Index(format!("{name} {value}"))),
            Meaning::Build => Some(Line::Build(format!("{name} {value}"))),
        });
        if matches!(meaning, Meaning::Editable) {
            // A marker: what the folder declares counts all the same.
            break;
        }
    }
    all
}

/// An option by its word, with a value that is written together with it.
fn option(word: &str) -> Option<(&'static str, &'static Meaning, Option<&str>)> {
    if word.starts_with("--") {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let (name, _, meaning) = VALUED.iter().find(|(long, _, _)| *long == name)?;
        return Some((name, meaning, value));
    }
    let (name, _, meaning) = VALUED.iter().find(|(_, short, _)| word.get(..2) == Some(*short))?;
    let value = word.get(2..).unwrap_or_default().trim_start_matches('=');
    Some((name, meaning, Some(value).filter(|value| !value.is_empty())))
}

/// Whether a value is one word to pip, too, which reads quotes and `\`.
fn is_value(value: &str) -> bool {
    let is_known = |c: char| c.is_ascii_graphic() && !"'\"\\#`".contains(c);
    !value.starts_with('-') && value.chars().all(is_known) && !names_own(value)
}

/// Whether a value has pip put in a variable of the tools' own, or of a proxy: with it a file could send what they are told, such
/// as a token, to any host.
fn names_own(value: &str) -> bool {
    value.split("${").skip(1).any(|rest| {
        let name = rest.split('}').next().unwrap_or_default().to_ascii_uppercase();
        ["PIP_", "PYENV_", "UV_"].iter().any(|own| name.starts_with(own)) || name.contains("PROXY")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(what: &str, editable: bool) -> Line {
        Line::Source { what: what.to_owned(), editable }
    }

    #[test]
    fn lines_are_split_as_pip_splits_them() {
        let text =
            "\u{feff}a \\\r\n  --hash=sha256:00\r\n# note \\\n-e x\n# note\u{c}git+y\nb#c # d\n\n";
        assert_eq!(logical(text), ["a   --hash=sha256:00", "-e x", "git+y", "b#c"]);
    }

    #[test]
    fn what_tools_are_told_is_sent_to_no_host_of_a_file() {
        for (name, is_read) in [
            ("TOKEN", true),
            ("UV_PUBLISH_TOKEN", false),
            ("PIP_INDEX_URL", false),
            ("https_proxy", false),
        ] {
            let line = format!("--extra-index-url https://${{{name}}}@host.example/simple");
            let read = lines(&line);
            assert_eq!(read == [Line::Index(line.clone())], is_read, "{line}");
            assert_eq!(read == [Line::Unread], !is_read, "{line}");
        }
    }

    #[test]
    fn options_are_read_in_all_their_shapes() {
        let takes = |by, name: &str| Line::Takes(by, name.to_owned());
        let index = |text: &str| Line::Index(text.to_owned());
        for (text, read) in [
            ("-r \\\nother.txt", vec![takes(By::Taken, "other.txt")]),
            ("-rother.txt\t# c", vec![takes(By::Taken, "other.txt")]),
            ("--pre -r other.txt", vec![index("--pre"), takes(By::Taken, "other.txt")]),
            ("--constraint='c.txt'", vec![takes(By::Held, "c.txt")]),
            (
                "-i https://registry.example/s",
                vec![index("--index-url https://registry.example/s")],
            ),
            ("--find-links ./wheels", vec![Line::Unread]),
            (
                "--pre -e git+https://h.example/x",
                vec![index("--pre"), source("git+https://h.example/x", true)],
            ),
            ("--ed git+https://h.example/x", vec![Line::Unread]),
            ("--pre --no-b :all:", vec![index("--pre"), Line::Unread]),
            (
                "a==1 --no-binary=:all:",
                vec![Line::Wanted("a==1".into()), Line::Build("--no-binary :all:".into())],
            ),
            ("a==1 \\\n --hash=sha256:0 --hash sha256:1", vec![Line::Wanted("a==1".into())]),
            ("a==1 -r b.txt", vec![Line::Wanted("a==1".into()), Line::Unread]),
            ("--require-hashes", vec![]),
            ("-e .[x] ; python_version > '3'", vec![source(".[x]", true)]),
            ("./lib", vec![source("./lib", false)]),
            (
                "--index-url 'https://h.example/ --no-binary=:all:'",
                vec![
                    index("--index-url https://h.example/"),
                    Line::Build("--no-binary :all:".into()),
                ],
            ),
        ] {
            assert_eq!(lines(text), read, "{text}");
        }
    }
}
