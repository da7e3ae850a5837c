//! The environment of a Python project whose requirements stand in files: what it runs with, and what it is tested with.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::below::below;
use crate::update::layers::By;
use crate::update::written;

/// The most files that one takes in.
const MOST: usize = 100;
/// What it runs with, the usual name first.
const BASE: &[&str] = &[
    "requirements.txt",
    "requirements/base.txt",
    "requirements/common.txt",
    "requirements/default.txt",
    "requirements/main.txt",
    "requirements/prod.txt",
    "requirements/production.txt",
    "requirements/requirements.txt",
];
/// What it is tested with: those for tests before those for all development.
const TESTED: &[&str] = &[
    "requirements-test.txt",
    "requirements-tests.txt",
    "requirements-testing.txt",
    "requirements_test.txt",
    "test-requirements.txt",
    "test_requirements.txt",
    "tests/requirements.txt",
    "requirements/test.txt",
    "requirements/tests.txt",
    "requirements/testing.txt",
    "requirements-dev.txt",
    "requirements-develop.txt",
    "requirements_dev.txt",
    "dev-requirements.txt",
    "dev_requirements.txt",
    "requirements/dev.txt",
    "requirements/develop.txt",
    "requirements/development.txt",
    "requirements/local.txt",
    "requirements/ci.txt",
];

/// Whether a folder has requirements in files.
pub(crate) fn is_project(folder: &Path) -> bool {
    BASE.iter().chain(TESTED).any(|name| folder.join(name).is_file())
}

/// The first of the files for tests that has what tests are run by. `None`: what it runs with has it too, or no file has.
fn tested(folder: &Path, base: Option<&&'static str>) -> Option<&'static str> {
    let speaks = |name: &str| says(&text(folder, name), "pytest");
    if base.is_some_and(|name| speaks(name)) {
        return None;
    }
    let mut all = TESTED.iter().copied().filter(|name| folder.join(name).is_file());
    // Without pytest they may be needed all the same.
    all.clone().find(|name| speaks(name)).or_else(|| all.next())
}

fn text(folder: &Path, name: &str) -> String {
    let bytes = crate::registry::small_file(&folder.join(name)).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A file with what it takes in (`-r`), one after the other.
fn whole(folder: &Path, name: &str) -> String {
    let (mut all, mut seen, mut open) = (String::new(), BTreeSet::new(), vec![name.to_owned()]);
    while let Some(name) = open.pop().filter(|_| seen.len() < MOST) {
        if !seen.insert(name.clone()) {
            continue;
        }
        let text = text(folder, &name);
        let here = name.rsplit_once('/').map_or("", |(here, _)| here);
        let references = written::references(&text).into_iter();
        let taken = references.filter(|(by, _)| *by == By::Taken);
        open.extend(taken.filter_map(|(_, named)| below(here, &named)));
        all.push_str(&text);
        all.push('\n');
    }
    all
}

/// Whether a file says something, and not only in a comment.
fn says(text: &str, what: &str) -> bool {
    let bare = |line: &str| match line.trim_start().starts_with('#') {
        true => String::new(),
        false => line.split(" #").next().unwrap_or_default().to_owned(),
    };
    text.lines().any(|line| bare(line).contains(what))
}

/// What makes the environment, one step after the other: each in a folder. Both files are installed at once, so that they
/// agree on the versions that are tested. Where they cannot be, what it runs with has the last word.
pub(crate) fn steps(folder: &Path) -> Vec<(PathBuf, Vec<OsString>)> {
    let python = folder.join(".venv/bin/python");
    let made = ["python3", "-m", "venv", ".venv"].map(OsString::from).to_vec();
    let mut steps = vec![(folder.to_owned(), made)];
    let base = BASE.iter().find(|name| folder.join(name).is_file());
    let files = base.copied().into_iter().chain(tested(folder, base));
    let all: Vec<(&str, &str, bool)> = files
        .map(|name| {
            let text = whole(folder, name);
            let (inside, file) = place(name, &text);
            (inside, file, says(&text, "--hash"))
        })
        .collect();
    let runs: Vec<(&str, Vec<&str>)> = match *all {
        // Where one line has hashes, pip wants them of all.
        [("", base, hashes), ("", tested, also)] if hashes == also => {
            vec![("", vec![base, tested])]
        }
        [base, tested] => [base, tested, base].map(|(inside, file, _)| (inside, vec![file])).into(),
        _ => all.iter().map(|(inside, file, _)| (*inside, vec![*file])).collect(),
    };
    for (inside, files) in runs {
        let mut step = vec![python.clone().into_os_string()];
        step.extend(["-m", "pip", "install", "-q"].map(OsString::from));
        for file in files {
            step.extend(["-r", file].map(OsString::from));
        }
        steps.push((folder.join(inside), step));
    }
    steps
}

/// The folder in which a file is meant to be installed, and its name there: pip takes a path in it as one from where it is
/// called, so that a file which asks for the folder above (`-e ..`) is called in its own.
fn place<'n>(name: &'n str, text: &str) -> (&'n str, &'n str) {
    let asks_above = |line: &str| {
        let line = line.trim();
        let what = line.strip_prefix("--editable").or_else(|| line.strip_prefix("-e"));
        let what = what.unwrap_or(line).trim_start_matches(['=', ' ', '\t']);
        let what = what.strip_prefix("file:").unwrap_or(what);
        what.starts_with("..")
    };
    match name.rsplit_once('/') {
        Some((inside, file)) if text.lines().any(asks_above) => (inside, file),
        _ => ("", name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(files: &[(&str, &str)]) -> Vec<(String, String)> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let all = steps(folder.path()).into_iter().skip(1).map(|(inside, words)| {
            let inside = inside.strip_prefix(folder.path()).unwrap().display().to_string();
            let files = words.iter().skip(5).filter(|word| *word != "-r");
            let files: Vec<_> = files.map(|word| word.to_string_lossy()).collect();
            (inside.trim_end_matches('/').to_owned(), files.join(" "))
        });
        all.collect()
    }

    #[test]
    fn what_it_is_tested_with_is_installed_too() {
        let of = |files: &[(&str, &str)]| -> Vec<String> {
            told(files).into_iter().map(|(_, file)| file).collect()
        };
        assert_eq!(of(&[("requirements.txt", "a\n")]), ["requirements.txt"]);
        let both = [("requirements.txt", "a\n"), ("requirements-dev.txt", "pytest\n")];
        assert_eq!(of(&both), ["requirements.txt requirements-dev.txt"]);
        let hashes =
            [("requirements.txt", "a --hash=sha256:0\n"), ("requirements-dev.txt", "pytest\n")];
        let last = ["requirements.txt", "requirements-dev.txt", "requirements.txt"];
        assert_eq!(of(&hashes), last, "the versions that were raised are tested");
        let comment =
            [("requirements.txt", "a  # no pytest\n"), ("requirements-dev.txt", "pytest\n")];
        assert_eq!(of(&comment), ["requirements.txt requirements-dev.txt"]);
        let has = [("requirements.txt", "pytest\n"), ("requirements-dev.txt", "pytest\nblack\n")];
        assert_eq!(of(&has), ["requirements.txt"], "what it runs with is enough");
        let first = [
            ("requirements.txt", "a\n"),
            ("test-requirements.txt", "tox\n"),
            ("dev-requirements.txt", "pytest\n"),
        ];
        assert_eq!(of(&first), ["requirements.txt dev-requirements.txt"]);
    }

    #[test]
    fn a_file_that_asks_for_the_folder_above_is_installed_in_its_own() {
        let files = |line| [("requirements/base.txt", "a\n"), ("requirements/dev.txt", line)];
        let base = (String::new(), "requirements/base.txt".to_owned());
        let above = told(&files("-r base.txt\n-e ..\npytest\n"));
        let dev = ("requirements".to_owned(), "dev.txt".to_owned());
        assert_eq!(above, [base.clone(), dev, base]);
        let mut further = files("-r test.txt\npytest\n").to_vec();
        further.push(("requirements/test.txt", "-r dev.txt\n-r ../../out.txt\n-e ..\n"));
        assert_eq!(told(&further), above, "of what it takes in");
        let spaced = [
            ("requirements/base.txt", "a\n"),
            ("requirements/dev.txt", "-r \"all tests.txt\"\npytest\n"),
            ("requirements/all tests.txt", "-e ..\n"),
        ];
        assert_eq!(told(&spaced), above, "by a path with a space");
        let here = told(&files("-r base.txt\n-e .\npytest\n"));
        let both = "requirements/base.txt requirements/dev.txt".to_owned();
        assert_eq!(here, [(String::new(), both)]);
    }
}
