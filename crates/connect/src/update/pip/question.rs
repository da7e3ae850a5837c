//! What pip is asked: a file of our own that holds all that a requirement file asks for, with what it takes in, and one that
//! holds what it is held to. pip reads no file of the project, as a line in one may have code run.

use std::collections::BTreeSet;

use super::super::built;
use super::super::layers::By;
use super::super::requirement;
use super::super::written::{self, Line};
use super::local;

/// The most files that one takes in.
const MOST: usize = 500;
/// The most bytes that are asked at once; what is beyond it is left out.
const LONGEST: usize = 4 << 20;

/// What pip is asked about a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Question {
    /// What is asked for, and options that say where it is looked for; a line each.
    pub(super) wanted: String,
    /// What it is held to.
    pub(super) held: String,
    /// The options alone that say where it is looked for.
    pub(super) indexes: String,
    /// Files of which a part was left out.
    pub(super) unread: BTreeSet<String>,
    /// The first thing that it is held to and that could not be read: without it, nothing is confirmed.
    pub(super) unheld: Option<String>,
}

struct Walk<'w> {
    question: Question,
    seen: BTreeSet<(String, By)>,
    /// Folders that were asked for.
    folders: BTreeSet<String>,
    inside: &'w str,
    builds: bool,
    read: &'w dyn Fn(&str) -> Option<String>,
}

impl Question {
    /// Whether no package is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.lines().all(|line| line.starts_with("--"))
    }

    /// Leaves out all that is said of a package.
    pub(super) fn leave(&mut self, package: &str) {
        let says =
            |line: &str| requirement::name(line).is_some_and(|n| requirement::same(n, package));
        for text in [&mut self.wanted, &mut self.held] {
            *text = text.split_inclusive('\n').filter(|line| !says(line)).collect();
        }
    }
}

/// The question about a file. `inside`: the folder where pip is called; `builds`: whether it may build what has no wheel;
/// `read`: the text of a file of the project. Paths are below the root.
pub(super) fn of(
    path: &str,
    inside: &str,
    builds: bool,
    read: &dyn Fn(&str) -> Option<String>,
) -> Question {
    let (seen, folders) = (BTreeSet::new(), BTreeSet::new());
    let mut walk = Walk { question: Question::default(), seen, folders, inside, builds, read };
    if !walk.file(path, By::Taken) {
        walk.question.unread.insert(path.to_owned());
    }
    walk.question
}

impl Walk<'_> {
    /// Whether it is there, and a text.
    fn file(&mut self, path: &str, by: By) -> bool {
        if self.seen.contains(&(path.to_owned(), by)) {
            return true;
        }
        let Some(text) = (self.read)(path).filter(|_| self.seen.len() < MOST) else { return false };
        self.seen.insert((path.to_owned(), by));
        let here = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for line in written::lines(&text) {
            let holds = match &line {
                _ if by == By::Held => Some(path.to_owned()),
                Line::Takes(By::Held, named) => Some(format!("-c {named}")),
                _ => None,
            };
            let is_read = match line {
                Line::Wanted(one) => self.put(by, &one),
                Line::Takes(by, named) => match built::resolved(here, &named) {
                    Some(next) => self.file(&next, by),
                    None => false,
                },
                Line::Index(line) => {
                    // Which versions count says nothing of where they are.
                    if line.contains(' ') || line == "--no-index" {
                        self.question.indexes.push_str(&line);
                        self.question.indexes.push('\n');
                    }
                    self.put(By::Taken, &line)
                }
                // Without a build, versions are chosen by their wheels.
                Line::Build(line) => !self.builds || self.put(By::Taken, &line),
                Line::Source { what, editable } => self.source(here, by, &what, editable),
                Line::Unread(_) => false,
            };
            if !is_read {
                self.question.unread.insert(path.to_owned());
                self.question.unheld = self.question.unheld.take().or(holds);
            }
        }
        true
    }

    /// Whether all of it is known.
    fn source(&mut self, here: &str, by: By, what: &str, editable: bool) -> bool {
        // Once is enough, however often a file names it.
        if !self.folders.insert(format!("{here} {what}")) {
            return true;
        }
        let found = local::declared(what, &[here, self.inside, ""], self.read);
        match found.filter(|_| by == By::Taken) {
            Some(found) => {
                let mut is_whole = !found.leaves_out;
                for line in &found.lines {
                    is_whole &= self.put(by, line);
                }
                is_whole
            }
            // Of the machine nothing is in the copy but what pip is told by address.
            None if self.builds && what.contains("://") => {
                let option = if editable { "-e " } else { "" };
                self.put(by, &format!("{option}{what}"))
            }
            None => false,
        }
    }

    /// Whether there is room for it.
    fn put(&mut self, by: By, line: &str) -> bool {
        if self.question.wanted.len() + self.question.held.len() + line.len() > LONGEST {
            return false;
        }
        let text = match by {
            By::Taken => &mut self.question.wanted,
            By::Held => &mut self.question.held,
        };
        text.push_str(line);
        text.push('\n');
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(files: &[(&str, &str)], builds: bool) -> Question {
        let read =
            |path: &str| files.iter().find(|(p, _)| *p == path).map(|(_, t)| (*t).to_owned());
        of("requirements.txt", "", builds, &read)
    }

    #[test]
    fn what_is_taken_in_and_held_to_is_put_together() {
        let question = asked(
            &[
                (
                    "requirements.txt",
                    "-r \\\nmore/other.txt\n--pre -c held.txt # why\na == 1 \\\n  --hash=sha256:00\n",
                ),
                (
                    "more/other.txt",
                    "-i https://registry.example/simple\n-r ../requirements.txt\nb\n",
                ),
                ("held.txt", "b<2\n"),
            ],
            false,
        );
        assert_eq!(
            question.wanted,
            "--index-url https://registry.example/simple\nb\n--pre\na==1\n"
        );
        assert_eq!(question.held, "b<2\n");
        assert_eq!(question.indexes, "--index-url https://registry.example/simple\n");
        assert!(question.unread.is_empty(), "{question:?}");
    }

    #[test]
    fn what_has_no_wheel_is_left_out_of_all_that_is_asked() {
        let files = [
            (
                "requirements.txt",
                "-c held.txt\nAlembic==0.9.9\nalembic-utils==0.1\nalembic[tz]>=0.9\n",
            ),
            ("held.txt", "alembic<1\nb<2\n"),
        ];
        let mut question = asked(&files, false);
        question.leave("alembic");
        assert_eq!(question.wanted, "alembic-utils==0.1\n");
        assert_eq!(question.held, "b<2\n");
        question.leave("alembic_utils");
        assert!(question.is_empty());
    }

    /// Each is a text that has pip build something, in a file that it reads as it is.
    #[test]
    fn nothing_that_would_be_built_is_asked_for() {
        for line in [
            "--pre -e git+https://host.example/x#egg=x",
            "--ed git+https://host.example/x#egg=x",
            "--pre --no-b :all:",
            "# note \\\n-e git+https://host.example/x",
            "# note\u{c}git+https://host.example/x",
            "# note\rgit+https://host.example/x",
            "# note\u{2028}git+https://host.example/x",
            "https://host.example/a-1-py3-none-any.whl;/evil-1.0.tar.gz",
            "-r /proc/self/cwd/other.txt",
            "-r file:/other.txt",
            "-r ../other.txt",
            "-r https://host.example/r.txt",
            "-c https://host.example/c.txt",
            "-r gone.txt",
            "-e ..",
            "x @ https://host.example/x.tar.gz \\\n    --hash=sha256:00",
            "./wheels/x-1-py3-none-any.whl",
        ] {
            let text = format!("a==1\n{line}\nz==2\n");
            let question = asked(&[("requirements.txt", &text), ("other.txt", "-e .\n")], false);
            let wanted = question.wanted.replace("--pre\n", "");
            assert_eq!(wanted, "a==1\nz==2\n", "{line}");
            assert_eq!(question.held, "", "{line}");
            assert_eq!(question.unread.len(), 1, "{line}");
            assert_eq!(question.unheld.is_some(), line.starts_with("-c"), "{line}");
        }
        // Known, and of no account.
        let question =
            asked(&[("requirements.txt", "a==1 --no-binary=:all:\n--no-binary a\n")], false);
        assert_eq!(question.wanted, "a==1\n");
        assert!(question.unread.is_empty());
    }

    #[test]
    fn what_is_taken_in_is_read_the_same_way() {
        for line in ["-r \\\nother.txt", "--pre -r other.txt", "-r other.txt\t# c"] {
            let other = ("other.txt", "b\n-e git+https://host.example/x\n--no-binary=:all:\n");
            let question = asked(&[("requirements.txt", line), other], false);
            assert_eq!(question.wanted.replace("--pre\n", ""), "b\n", "{line}");
            assert!(question.unread.contains("other.txt"), "{line}");
        }
        // One that is no UTF-8 is not read, and not there for pip.
        assert!(asked(&[], false).unread.contains("requirements.txt"));
    }

    #[test]
    fn what_it_is_held_to_and_cannot_be_read_is_named() {
        for (held, named) in [
            ("a @ https://host.example/a-1.tar.gz\n", Some("held.txt")),
            ("a==1 ???\n", Some("held.txt")),
            ("a==1\n", None),
        ] {
            let question =
                asked(&[("requirements.txt", "-c held.txt\na\n"), ("held.txt", held)], false);
            assert_eq!(question.unheld.as_deref(), named, "{held}");
        }
        let question = asked(&[("requirements.txt", "-c gone.txt\na\n")], false);
        assert_eq!(question.unheld.as_deref(), Some("-c gone.txt"));
    }

    #[test]
    fn a_file_that_names_a_folder_again_and_again_is_asked_once_and_within_bounds() {
        let project = "[project]\nname = \"p\"\nversion = \"1\"\ndependencies = [\"a\", \"b\"]\n";
        let often = "-e .\n".repeat(10_000);
        let files = [("requirements.txt", &*often), ("pyproject.toml", project)];
        assert_eq!(asked(&files, false).wanted, "a\nb\n");
        let huge = "abcdefgh==1.0\n".repeat(LONGEST / 10);
        let question = asked(&[("requirements.txt", &huge)], false);
        assert!(question.wanted.len() <= LONGEST + 1 && question.unread.len() == 1);
    }

    #[test]
    fn what_is_allowed_to_be_built_is_asked_for() {
        let text = "-e git+https://host.example/x\nb @ https://host.example/b.tar.gz\n--no-binary a\n./lib\n";
        let question = asked(&[("requirements.txt", text)], true);
        assert_eq!(
            question.wanted,
            "-e git+https://host.example/x\nb @ https://host.example/b.tar.gz\n--no-binary a\n"
        );
        assert_eq!(question.unread.len(), 1, "the folder");
    }
}
