//! What a Python project has built when it is resolved, whatever is asked of wheels alone: a build is code.

use std::collections::{BTreeMap, BTreeSet};

use super::Tool;
use super::edit::lines;
use super::written::{self, Line};
use crate::below::below;

/// The most files that are followed from one to the next.
const MOST: usize = 500;
const SETTINGS: [&str; 2] = ["uv.toml", "pyproject.toml"];
const NO_BINARY: &str =
    "its settings build packages from source even where wheels exist (`no-binary`)";
const SHORT: &str = "it has an abbreviated option, which may have packages built from source";
const SOURCES: &str = "it has a requirement that is built from source: a folder, a repository or an address that is not a wheel";

/// Why code runs when a tool resolves the files of a copy. `None`: none does.
pub(crate) fn built(
    tool: &Tool,
    folder: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Option<&'static str> {
    match tool.id {
        "uv" => by_settings(folder, files),
        // pip is asked without what it would build.
        // uv may have compiled them.
        "pip-tools" => by_requirements(folder, files).or_else(|| by_settings(folder, files)),
        _ => None,
    }
}

/// uv reads the settings of the folder and of those above.
fn by_settings(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> Option<&'static str> {
    let mut folders: Vec<&str> = vec![folder];
    while let Some((above, _)) = folders.last().and_then(|folder| folder.rsplit_once('/')) {
        folders.push(above);
    }
    folders.push("");
    let texts = folders.iter().flat_map(|folder| {
        SETTINGS.iter().filter_map(|name| files.get(&super::drive::below(folder, name)))
    });
    let says = |text: &&Vec<u8>| {
        let text = String::from_utf8_lossy(text);
        text.lines().any(|line| bare(line).contains("no-binary"))
    };
    texts.into_iter().find(says).map(|_| NO_BINARY)
}

/// A line without its comment.
fn bare(line: &str) -> &str {
    line.split('#').next().unwrap_or_default()
}

/// The requirement files of the folder, and what they take in.
fn by_requirements(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> Option<&'static str> {
    let of = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let is_here = |path: &&String| of(path) == folder && lines::may_require(path);
    let mut open: Vec<String> = files.keys().filter(is_here).cloned().collect();
    let mut seen: BTreeSet<String> = open.iter().cloned().collect();
    while let Some(path) = open.pop() {
        let Some(text) = files.get(&path) else { continue };
        for line in written::lines(&String::from_utf8_lossy(text)) {
            match line {
                Line::Takes(_, other) => {
                    let other = resolved(&of(&path), &other);
                    if let Some(other) = other.filter(|o| seen.len() < MOST && !seen.contains(o)) {
                        seen.insert(other.clone());
                        open.push(other);
                    }
                }
                Line::Build(option) if option.starts_with("--no-binary") => return Some(NO_BINARY),
                Line::Source { what, editable } if editable || is_source(&what) => {
                    return Some(SOURCES);
                }
                Line::Unread(word) if written::may_build(&word) => return Some(SHORT),
                Line::Source { .. }
                | Line::Build(_)
                | Line::Wanted(_)
                | Line::Index(_)
                | Line::Unread(_) => {}
            }
        }
    }
    None
}

/// A path from a folder of the copy. `None`: it leads out, or is an address.
pub(super) fn resolved(folder: &str, relative: &str) -> Option<String> {
    below(folder, relative).filter(|_| !relative.contains("://"))
}

/// Whether a requirement is of what has no wheel: a folder, a repository, or an archive.
fn is_source(line: &str) -> bool {
    let what = line.split(';').next().unwrap_or_default().trim();
    let place = what.split_once('@').map_or(what, |(_, place)| place).trim();
    let is_place = place.contains("://")
        || what.contains(['/', '\\'])
        || [".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"]
            .iter()
            .any(|end| place.ends_with(end))
        || place.starts_with('.');
    let file = place.split(['#', '?']).next().unwrap_or_default();
    is_place && !file.ends_with(".whl")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(all: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        all.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_is_built_is_known_by_its_line() {
        for line in [
            "-e .",
            "--editable ./lib",
            "./lib",
            ".",
            "lib/",
            "git+https://host.example/a.git",
            "a @ git+ssh://git@host.example/a.git",
            "a @ https://host.example/a-1.tar.gz",
            "a @ file:///a",
            "https://host.example/a-1.zip",
            "a-1.tar.gz",
            "a --no-binary a",
            "--no-binary=:all:",
            "a==1 \\\n  --no-binary=a",
            "--pre -e git+https://host.example/a.git",
            "--ed git+https://host.example/a.git",
            "--pre --no-b :all:",
        ] {
            let all = files(&[("requirements.in", line)]);
            assert!(by_requirements("", &all).is_some(), "{line}");
        }
        for line in [
            "a==1.0",
            "a[x,y]>=1 ; python_version < '3.9'",
            "a @ https://host.example/a-1-py3-none-any.whl",
            "# -e .",
            "a==1  # see https://host.example/a/b",
            "--index-url https://registry.example/simple",
            "-c constraints.txt",
            "a==1 \\\n    --hash=sha256:00",
            "--find-links ./wheels",
            "--only-binary :all:",
        ] {
            let all = files(&[("requirements.in", line)]);
            assert_eq!(by_requirements("", &all), None, "{line}");
        }
    }

    #[test]
    fn files_that_are_taken_in_are_looked_at() {
        let all = files(&[
            ("a/requirements.in", "-r ../other/base\nx==1\n"),
            ("other/base", "-c held\n"),
            ("other/held", "--no-binary x\n"),
            ("b/requirements.in", "-e .\n"),
            ("c/requirements.in", "-r requirements.in\n-r ../../out\n"),
        ]);
        assert_eq!(by_requirements("a", &all), Some(NO_BINARY));
        assert_eq!(by_requirements("b", &all), Some(SOURCES));
        assert_eq!(by_requirements("c", &all), None);
    }

    #[test]
    fn settings_of_uv_may_have_packages_built() {
        let all = files(&[
            ("uv.toml", "no-binary-package = [\"a\"]\n"),
            ("p/q/pyproject.toml", "[tool.uv]\n# no-binary = true\n"),
        ]);
        assert_eq!(by_settings("p/q", &all), Some(NO_BINARY), "of the folder above");
        let all = files(&[("p/q/pyproject.toml", "[tool.uv]\n# no-binary = true\n")]);
        assert_eq!(by_settings("p/q", &all), None);
    }
}
