//! What a folder of the project declares as its dependencies (`pyproject.toml`, `setup.cfg`). pip would build the folder to
//! learn what it needs; while pip is asked, what it declares stands in its place.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, Value};

use super::super::built;
use super::super::requirement::same;
use super::super::written::plain::plain;
use super::super::written::{self, Line};

/// The most lines that one folder may stand for.
const MOST: usize = 2_000;
/// What makes a folder a project.
const PROJECT: &[&str] = &["pyproject.toml", "setup.cfg", "setup.py"];

/// What a folder asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Declared {
    /// Requirements of which nothing is built.
    pub(super) lines: Vec<String>,
    /// Whether something was left out: a source, an extra that is not found, what a build alone tells.
    pub(super) leaves_out: bool,
}

impl Declared {
    fn put(&mut self, text: &str) {
        match plain(text).filter(|_| self.lines.len() < MOST) {
            Some(line) => self.lines.push(line),
            None => self.leaves_out = true,
        }
    }
}

/// What a folder that a line names (`.[dev]`) declares. `None`: it is none of the project, or does not say. `folders`: where
/// relative paths may start; `read`: the text of a file of the project.
pub(super) fn declared(
    what: &str,
    folders: &[&str],
    read: &dyn Fn(&str) -> Option<String>,
) -> Option<Declared> {
    let what = what.split([';', '#']).next()?.trim();
    let (path, extras) = match what.split_once('[') {
        Some((path, extras)) => (path.trim(), extras.trim_end_matches(']')),
        None => (what, ""),
    };
    let path = path.strip_prefix("file:").unwrap_or(path);
    if path.contains("://") || path.starts_with('/') || path.contains('@') {
        return None;
    }
    let extras: BTreeSet<&str> =
        extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect();
    // The first that is a project at all: another one says nothing of it.
    let is_project =
        |folder: &String| PROJECT.iter().any(|name| read(&below(folder, name)).is_some());
    let mut all = folders.iter().filter_map(|folder| built::resolved(folder, path));
    let folder = all.find(is_project)?;
    by_project(&folder, &extras, read).or_else(|| by_settings(&folder, &extras, read))
}

fn below(folder: &str, name: &str) -> String {
    super::super::drive::below(folder, name)
}

/// By `[project]` of a `pyproject.toml`.
fn by_project(
    folder: &str,
    extras: &BTreeSet<&str>,
    read: &dyn Fn(&str) -> Option<String>,
) -> Option<Declared> {
    let document: DocumentMut = read(&below(folder, "pyproject.toml"))?.parse().ok()?;
    let project = document.get("project")?;
    let texts = |item: &Item| -> Vec<String> {
        let all = item.as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let is_dynamic = |key: &str| {
        project.get("dynamic").is_some_and(|all| texts(all).iter().any(|one| one == key))
    };
    let mut all = Declared::default();
    match project.get("dependencies") {
        Some(own) => texts(own).iter().for_each(|one| all.put(one)),
        None if is_dynamic("dependencies") => {
            let own =
                document.get("tool")?.get("setuptools")?.get("dynamic")?.get("dependencies")?;
            let files = own.get("file")?;
            let one = files.as_str().map(str::to_owned);
            let named = one.map_or_else(|| texts(files), |one| vec![one]);
            for name in named {
                let text = read(&built::resolved(folder, &name)?)?;
                for line in written::lines(&text) {
                    match line {
                        Line::Wanted(one) => all.put(&one),
                        _ => all.leaves_out = true,
                    }
                }
            }
        }
        None => {}
    }
    let name = project.get("name").and_then(Item::as_str).unwrap_or_default();
    let optional = project.get("optional-dependencies");
    let mut open: Vec<String> = extras.iter().map(|extra| (*extra).to_owned()).collect();
    let mut seen = BTreeSet::new();
    while let Some(extra) = open.pop() {
        if !seen.insert(extra.clone()) {
            continue;
        }
        let groups = optional.and_then(Item::as_table_like).into_iter().flat_map(|t| t.iter());
        let own: Vec<&Item> =
            groups.filter(|(key, _)| same(key, &extra)).map(|(_, item)| item).collect();
        all.leaves_out |= own.is_empty();
        for one in own.into_iter().flat_map(texts) {
            // An extra may be made of others of the same project: `shop[tests]`.
            match one.split_once('[').filter(|(of, _)| same(of.trim(), name)) {
                Some((_, rest)) => {
                    let rest = rest.split(']').next().unwrap_or_default();
                    open.extend(rest.split(',').map(|extra| extra.trim().to_owned()));
                }
                None => all.put(&one),
            }
        }
    }
    Some(all)
}

/// By `setup.cfg`. What only a `setup.py` says is not known without running it.
fn by_settings(
    folder: &str,
    extras: &BTreeSet<&str>,
    read: &dyn Fn(&str) -> Option<String>,
) -> Option<Declared> {
    let text = read(&below(folder, "setup.cfg"))?;
    let (mut section, mut key) = (String::new(), String::new());
    let (mut all, mut says) = (Declared::default(), false);
    let mut open = extras.clone();
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        let mut value = bare;
        if !line.starts_with([' ', '\t']) {
            if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                (section, key) = (name.trim().to_owned(), String::new());
                continue;
            }
            let Some((name, rest)) = bare.split_once(['=', ':']) else { continue };
            (key, value) = (name.trim().to_owned(), rest.trim());
        }
        let is_own = section == "options" && key == "install_requires";
        let is_extra = section == "options.extras_require" && extras.iter().any(|e| same(e, &key));
        says |= is_own;
        if is_extra {
            open.retain(|extra| !same(extra, &key));
        }
        if (is_own || is_extra) && !value.is_empty() {
            all.put(value);
        }
    }
    all.leaves_out |= !open.is_empty();
    says.then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOP: &str = "[project]\nname = \"shop\"\ndependencies = [\"left>=1\"]\n\
                           [project.optional-dependencies]\ntests = [\"right\"]\nall = [\"shop[Tests]\", \"more\"]\n";

    fn told(what: &str, files: &[(&str, &str)]) -> Option<Declared> {
        let read =
            |path: &str| files.iter().find(|(p, _)| *p == path).map(|(_, t)| (*t).to_owned());
        declared(what, &["requirements", ""], &read)
    }

    fn is(lines: &[&str], leaves_out: bool) -> Option<Declared> {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Some(Declared { lines, leaves_out })
    }

    #[test]
    fn a_folder_of_the_project_stands_for_what_it_declares() {
        let files = [("pyproject.toml", SHOP)];
        for what in ["..", ".", "file:..", "file:..#egg=shop"] {
            assert_eq!(told(what, &files), is(&["left>=1"], false), "{what}");
        }
        assert_eq!(told("..[all]", &files), is(&["left>=1", "more", "right"], false));
        assert_eq!(told("..[gone]", &files), is(&["left>=1"], true), "no such extra");
        assert_eq!(told("../..", &files), None, "out of the project");
    }

    #[test]
    fn what_a_declared_text_would_have_built_is_left_out() {
        let text = "[project]\nname = \"a\"\ndependencies = [\"left\", \"b @ git+https://host.example/b\", \
                    \"a ;\\n-e git+https://host.example/x#egg=x\", \"a\\n--no-binary=:all:\"]\n";
        assert_eq!(told(".", &[("pyproject.toml", text)]), is(&["left"], true));
    }

    #[test]
    fn the_first_folder_that_is_a_project_decides() {
        let files = [("requirements/setup.py", ""), ("pyproject.toml", SHOP)];
        assert_eq!(told(".", &files), None, "what it needs is not known");
        assert_eq!(told("..", &files), is(&["left>=1"], false));
    }

    #[test]
    fn settings_tell_what_a_folder_needs() {
        let settings = "[metadata]\nname: shop\n[options]\ninstall_requires =\n    left>=1\n    # why\n    right\n\
                        packages: find:\n    x\n[options.extras_require]\ntests = pytest\n";
        let files = [("setup.cfg", settings)];
        assert_eq!(told(".[tests]", &files), is(&["left>=1", "right", "pytest"], false));
        assert_eq!(told(".[dev]", &files), is(&["left>=1", "right"], true));
        let file = "[options]\ninstall_requires = file: requirements.txt\n";
        assert_eq!(told(".", &[("setup.cfg", file)]), is(&[], true));
        let dynamic = "[project]\nname = \"shop\"\ndynamic = [\"dependencies\"]\n\
                       [tool.setuptools.dynamic]\ndependencies = {file = [\"requirements.in\"]}\n";
        let files = [("pyproject.toml", dynamic), ("requirements.in", "left\n# a\n")];
        assert_eq!(told(".", &files), is(&["left"], false));
        let files = [("pyproject.toml", dynamic), ("requirements.in", "left\n-e x\n")];
        assert_eq!(told(".", &files), is(&["left"], true));
        let unsaid =
            [("pyproject.toml", "[project]\nname = \"a\"\ndynamic = [\"dependencies\"]\n")];
        assert_eq!(told(".", &unsaid), None);
    }
}
