//! The lines of a requirement file, split as pip splits them: the one place where they are read. What is not understood is told
//! apart, and never passed on.

pub(super) mod plain;

use super::layers::By;
use plain::plain;

/// What a line, or an option in it, says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
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
    /// What is not understood: the option by its word, or all of it.
    Unread(String),
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
pub(crate) fn lines(text: &str) -> Vec<Line> {
    logical(text).iter().flat_map(|line| read(line)).collect()
}

/// The lines of a text without comments and empty ones; those that go on in the next are one. A comment does not go on.
fn logical(text: &str) -> Vec<String> {
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
        _ => Line::Unread(rest.to_owned()),
    });
    std::iter::once(own).chain(more).collect()
}

fn options(text: &str) -> Vec<Line> {
    let Some(words) = words(text) else { return vec![Line::Unread(text.to_owned())] };
    let mut all = Vec::new();
    let mut words = words.iter().map(String::as_str);
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
            all.push(Line::Unread(word.to_owned()));
            break;
        };
        let value = joined.or_else(|| words.next()).unwrap_or_default();
        let is_place = value.contains("://") || value.starts_with('/');
        all.extend(match meaning {
            Meaning::Nothing => None,
            _ if value.is_empty() => Some(Line::Unread(name.to_owned())),
            Meaning::Takes(by) => Some(Line::Takes(*by, value.to_owned())),
            Meaning::Editable => Some(Line::Source { what: value.to_owned(), editable: true }),
            Meaning::Place | Meaning::Host | Meaning::Build if !is_value(value) => {
                Some(Line::Unread(name.to_owned()))
            }
            Meaning::Place if !is_place => Some(Line::Unread(name.to_owned())),
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

/// The words of options, as a shell reads them: quotes hold what has spaces, and `\` what follows it. `None`: a quote stays open.
fn words(text: &str) -> Option<Vec<String>> {
    let (mut all, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => all.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(c);
                // Also one with nothing in it is a word.
                word.get_or_insert_default();
            }
            (None, '\\') => word.get_or_insert_default().push(rest.next()?),
            (Some(open), c) if c == open => quote = None,
            (Some('"'), '\\') => {
                let next = rest.next()?;
                let word = word.get_or_insert_default();
                if !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    all.extend(word);
    quote.is_none().then_some(all)
}

/// The files that a file takes in or is held to, by their paths from its folder.
pub(crate) fn references(text: &str) -> Vec<(By, String)> {
    let one = |line: Line| match line {
        Line::Takes(by, named) if !named.contains("://") => Some((by, named)),
        _ => None,
    };
    lines(text).into_iter().filter_map(one).collect()
}

/// Whether a word that is not understood may be short for an option that has something built: pip takes `--no-b` for `--no-binary`.
pub(crate) fn may_build(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    let builds = |meaning: &Meaning| {
        matches!(meaning, Meaning::Editable | Meaning::Build | Meaning::Takes(_))
    };
    name.starts_with("--")
        && VALUED.iter().any(|(long, _, meaning)| builds(meaning) && long.starts_with(name))
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

    fn unread(word: &str) -> Line {
        Line::Unread(word.to_owned())
    }

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
            assert_eq!(read == [unread("--extra-index-url")], !is_read, "{line}");
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
            ("--find-links ./wheels", vec![unread("--find-links")]),
            (
                "--pre -e git+https://h.example/x",
                vec![index("--pre"), source("git+https://h.example/x", true)],
            ),
            ("--ed git+https://h.example/x", vec![unread("--ed")]),
            ("--pre --no-b :all:", vec![index("--pre"), unread("--no-b")]),
            (
                "a==1 --no-binary=:all:",
                vec![Line::Wanted("a==1".into()), Line::Build("--no-binary :all:".into())],
            ),
            ("a==1 \\\n --hash=sha256:0 --hash sha256:1", vec![Line::Wanted("a==1".into())]),
            ("a==1 -r b.txt", vec![Line::Wanted("a==1".into()), unread("-r b.txt")]),
            ("--require-hashes", vec![]),
            ("-e .[x] ; python_version > '3'", vec![source(".[x]", true)]),
            ("./lib", vec![source("./lib", false)]),
            ("--index-url 'https://h.example/ --no-binary=:all:'", vec![unread("--index-url")]),
            ("-r \"base deps.txt\"  # why", vec![takes(By::Taken, "base deps.txt")]),
            (
                "--constraint='held to.txt' --pre",
                vec![takes(By::Held, "held to.txt"), index("--pre")],
            ),
            ("-r base\\ deps.txt", vec![takes(By::Taken, "base deps.txt")]),
            ("-r \"base deps.txt", vec![unread("-r \"base deps.txt")]),
        ] {
            assert_eq!(lines(text), read, "{text}");
        }
    }

    #[test]
    fn words_are_those_of_a_shell() {
        for (text, read) in [
            ("-r  a b", Some(vec!["-r", "a", "b"])),
            ("-r 'a b'c \"\"", Some(vec!["-r", "a bc", ""])),
            (r#""a\"b\c" 'd\e' f\g"#, Some(vec!["a\"b\\c", "d\\e", "fg"])),
            ("-r 'a", None),
            ("a\\", None),
        ] {
            let read = read.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(words(text), read, "{text}");
        }
    }

    #[test]
    fn references_are_read_in_all_their_shapes() {
        let text = "-r a.in\n  -c  b.txt # why\n-rc.in\n--constraint=d.txt\n--requirement e.in\n\
                    --constraints x\n-r https://registry.example/f.txt\n# -r g.in\nx\n--pre -r h.in\n-r \\\ni.in\n";
        let all = references(text);
        let all: Vec<(By, &str)> = all.iter().map(|(by, name)| (*by, &**name)).collect();
        let (r, c) = (By::Taken, By::Held);
        assert_eq!(
            all,
            [
                (r, "a.in"),
                (c, "b.txt"),
                (r, "c.in"),
                (c, "d.txt"),
                (r, "e.in"),
                (r, "h.in"),
                (r, "i.in")
            ]
        );
    }

    #[test]
    fn what_is_short_for_an_option_that_builds_is_known() {
        for word in ["--ed", "--no-b", "--no-binary", "--editable=x", "--req", "--"] {
            assert!(may_build(word), "{word}");
        }
        for word in ["--find-links", "--no-index-at-all", "-Z", "--use-feature", "x"] {
            assert!(!may_build(word), "{word}");
        }
    }
}
