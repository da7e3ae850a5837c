//! What requirement files ask for that is no version of a package: a folder of the project, a repository, an archive.
//! pip would build it to learn what it needs. While pip is asked, such lines are left out, and what a folder of the
//! project declares as its dependencies (`pyproject.toml`, `setup.cfg`) stands in their place.

use std::collections::BTreeSet;

use toml_edit::{DocumentMut, Item, Value};

use super::super::built;
use super::super::requirement::same;

/// The most lines that one folder may stand for.
const MOST: usize = 2_000;

/// A file as pip is asked about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) text: String,
    /// Whether something was left out of which nothing is known.
    pub(super) leaves_out: bool,
}

/// A file without what would be built. `None`: there is nothing of that kind in it. `folders`: where relative paths may
/// start; `read`: the text of a file of the project.
pub(super) fn asked(
    text: &str,
    folders: &[&str],
    read: &dyn Fn(&str) -> Option<String>,
) -> Option<Asked> {
    let mut out = Asked { text: String::with_capacity(text.len()), leaves_out: false };
    let mut differs = false;
    for lines in logical(text) {
        let joined = lines.replace("\\\r\n", " ").replace("\\\n", " ");
        let line = joined.split(" #").next().unwrap_or_default().trim();
        match kind(line) {
            Kind::Kept => out.text.push_str(lines),
            // Whatever is to be built of it: it is resolved by the wheels that it has.
            Kind::Option => differs = true,
            Kind::Source => {
                differs = true;
                match declared(line, folders, read) {
                    Some(all) => all.iter().for_each(|one| {
                        out.text.push_str(one);
                        out.text.push('\n');
                    }),
                    None => out.leaves_out = true,
                }
            }
        }
    }
    differs.then_some(out)
}

/// The lines of a text; those that go on in the next are one.
pub(super) fn logical(text: &str) -> Vec<&str> {
    let (mut all, mut begin, mut at) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        at += line.len();
        let goes_on = line.trim_end_matches(['\n', '\r']).ends_with('\\');
        if !goes_on {
            all.extend(text.get(begin..at));
            begin = at;
        }
    }
    all.extend(text.get(begin..).filter(|rest| !rest.is_empty()));
    all
}

enum Kind {
    Kept,
    Option,
    Source,
}

fn kind(line: &str) -> Kind {
    if line.starts_with('#') {
        return Kind::Kept;
    }
    if line.starts_with("--no-binary") {
        return Kind::Option;
    }
    // A file of requirements that lies elsewhere may ask for anything.
    let is_elsewhere =
        ["-r", "--requirement"].iter().any(|o| line.starts_with(o)) && line.contains("://");
    let is_path = line.starts_with(['.', '/']) || line.starts_with("file:");
    if is_elsewhere || is_path || built::is_source(line) { Kind::Source } else { Kind::Kept }
}

/// What a folder that a line names declares as its dependencies. `None`: it is none of the project, or does not say.
fn declared(
    line: &str,
    folders: &[&str],
    read: &dyn Fn(&str) -> Option<String>,
) -> Option<Vec<String>> {
    let options = ["--editable", "-e"];
    let what = options.iter().find_map(|option| line.strip_prefix(option)).unwrap_or(line);
    let what = what.trim_start_matches(['=', ' ', '\t']).split([';', '#']).next()?.trim();
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
    folders.iter().find_map(|folder| {
        let folder = built::resolved(folder, path)?;
        let all =
            by_project(&folder, &extras, read).or_else(|| by_settings(&folder, &extras, read))?;
        // What they ask for in turn may be a source as well.
        let plain = |one: &String| matches!(kind(one), Kind::Kept) && !one.starts_with('-');
        Some(all.into_iter().filter(plain).take(MOST).collect())
    })
}

fn below(folder: &str, name: &str) -> String {
    super::super::drive::below(folder, name)
}

/// By `[project]` of a `pyproject.toml`.
fn by_project(
    folder: &str,
    extras: &BTreeSet<&str>,
    read: &dyn Fn(&str) -> Option<String>,
) -> Option<Vec<String>> {
    let document: DocumentMut = read(&below(folder, "pyproject.toml"))?.parse().ok()?;
    let project = document.get("project")?;
    let texts = |item: &Item| -> Vec<String> {
        let all = item.as_array().into_iter().flatten();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let is_dynamic = |key: &str| {
        project.get("dynamic").is_some_and(|all| texts(all).iter().any(|one| one == key))
    };
    let mut all = match project.get("dependencies") {
        Some(own) => texts(own),
        None if is_dynamic("dependencies") => {
            let own =
                document.get("tool")?.get("setuptools")?.get("dynamic")?.get("dependencies")?;
            let files = own.get("file")?;
            let one = files.as_str().map(str::to_owned);
            let named = one.map_or_else(|| texts(files), |one| vec![one]);
            let mut lines = Vec::new();
            for name in named {
                let text = read(&built::resolved(folder, &name)?)?;
                lines.extend(text.lines().map(|line| line.trim().to_owned()));
            }
            lines
        }
        None => Vec::new(),
    };
    let name = project.get("name").and_then(Item::as_str).unwrap_or_default();
    let optional = project.get("optional-dependencies");
    let mut open: Vec<String> = extras.iter().map(|extra| (*extra).to_owned()).collect();
    let mut seen = BTreeSet::new();
    while let Some(extra) = open.pop() {
        if !seen.insert(extra.clone()) {
            continue;
        }
        let groups = optional.and_then(Item::as_table_like).into_iter().flat_map(|t| t.iter());
        let own = groups.filter(|(key, _)| same(key, &extra)).flat_map(|(_, item)| texts(item));
        for one in own {
            // An extra may be made of others of the same project: `shop[tests]`.
            match one.split_once('[').filter(|(of, _)| same(of.trim(), name)) {
                Some((_, rest)) => {
                    let rest = rest.split(']').next().unwrap_or_default();
                    open.extend(rest.split(',').map(|extra| extra.trim().to_owned()));
                }
                None => all.push(one),
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
) -> Option<Vec<String>> {
    let text = read(&below(folder, "setup.cfg"))?;
    let (mut section, mut key) = (String::new(), String::new());
    let (mut all, mut says) = (Vec::new(), false);
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
            let Some((name, rest)) = bare.split_once('=') else { continue };
            (key, value) = (name.trim().to_owned(), rest.trim());
        }
        let is_own = section == "options" && key == "install_requires";
        let is_extra = section == "options.extras_require" && extras.iter().any(|e| same(e, &key));
        says |= is_own;
        if (is_own || is_extra) && !value.is_empty() {
            all.push(value.to_owned());
        }
    }
    says.then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = "[project]\nname = \"shop\"\ndependencies = [\"left>=1\", \"b @ git+https://host.example/b\"]\n\
                           [project.optional-dependencies]\ntests = [\"right\"]\nall = [\"shop[Tests]\", \"more\"]\n";

    fn told(text: &str, files: &[(&str, &str)]) -> Option<Asked> {
        let read =
            |path: &str| files.iter().find(|(p, _)| *p == path).map(|(_, t)| (*t).to_owned());
        asked(text, &["requirements", ""], &read)
    }

    fn is(text: &str, leaves_out: bool) -> Option<Asked> {
        Some(Asked { text: text.to_owned(), leaves_out })
    }

    #[test]
    fn a_folder_of_the_project_stands_for_what_it_declares() {
        let files = [("pyproject.toml", PROJECT)];
        for line in
            ["-e ..", "--editable=..", "-e .", "-e ..  # it", "file:..", "-e file:..#egg=shop"]
        {
            let text = format!("a==1\n{line}\nz==2\n");
            assert_eq!(told(&text, &files), is("a==1\nleft>=1\nz==2\n", false), "{line}");
        }
        let with = told("-e ..[all]\n", &files);
        assert_eq!(with, is("left>=1\nmore\nright\n", false));
    }

    #[test]
    fn what_says_nothing_is_left_out_and_told() {
        for line in [
            "-e ..",
            "git+https://host.example/a.git",
            "a @ https://host.example/a.tar.gz \\\n    --hash=sha256:00",
            "-r https://host.example/r.txt",
            "./wheels/a-1-py3-none-any.whl",
        ] {
            let text = format!("a==1\n{line}\nz==2\n");
            assert_eq!(told(&text, &[("setup.py", "")]), is("a==1\nz==2\n", true), "{line}");
        }
    }

    #[test]
    fn settings_tell_what_a_folder_needs() {
        let settings = "[metadata]\nname = shop\n[options]\ninstall_requires =\n    left>=1\n    # why\n    right\n\
                        packages = find:\n[options.extras_require]\ntests = pytest\n";
        let files = [("setup.cfg", settings)];
        assert_eq!(told("-e .[tests]\n", &files), is("left>=1\nright\npytest\n", false));
        let dynamic = "[project]\nname = \"shop\"\ndynamic = [\"dependencies\"]\n\
                       [tool.setuptools.dynamic]\ndependencies = {file = [\"requirements.in\"]}\n";
        let files = [("pyproject.toml", dynamic), ("requirements.in", "left\n-c x.txt\n# a\n")];
        assert_eq!(told("-e .\n", &files).unwrap().text, "left\n# a\n");
        let unsaid =
            [("pyproject.toml", "[project]\nname = \"a\"\ndynamic = [\"dependencies\"]\n")];
        assert_eq!(told("-e .\n", &unsaid), is("", true));
    }

    #[test]
    fn what_is_no_source_stays_as_it_is() {
        let text = "-r base.txt\n-c https://host.example/c.txt\nleft==1.0 \\\n    --hash=sha256:00\n\
                    --extra-index-url https://registry.example\na @ https://host.example/a-1-py3-none-any.whl\n";
        assert_eq!(told(text, &[]), None);
        assert_eq!(told("--no-binary=:all:\na==1\n", &[]), is("a==1\n", false));
    }
}
