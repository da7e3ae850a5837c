//! What a project has vendored: Go builds of `vendor/`, and of nothing else than what it says, so it goes along with `go.mod`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{flags, set, workspace};
use crate::update::change::{Change, between};
use crate::update::drive::{Drive, below};
use crate::update::edit::Manifests;
use crate::update::refusal::Reason;
use crate::update::scratch::{Bounds, Extent, Scratch};
use crate::update::{Options, Tool};

const VENDOR: &str = "vendor";
/// The list of what is in it.
const LIST: &str = "modules.txt";
/// How many files and bytes are read of it, before and after.
const MOST: (usize, u64) = (100_000, 256 << 20);

/// The folder that has what is vendored for a project in a folder below a root: its own, else that of the workspace that uses
/// it. `None`: nothing is.
pub fn vendored_at(tool: &Tool, root: &Path, inside: &Path) -> Option<PathBuf> {
    let is_go = tool.id == super::TOOL.id;
    let has = |at: &Path| root.join(at).join(VENDOR).join(LIST).is_file();
    let is_used = |at: &Path| {
        let module = inside.strip_prefix(at).unwrap_or(inside).to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(root.join(at).join("go.work")).unwrap_or_default();
        workspace::uses(&text, &module)
    };
    let mut places = inside.ancestors().filter(|_| is_go);
    places.find(|at| has(at) && (*at == inside || is_used(at))).map(Path::to_owned)
}

/// What became of what is vendored.
#[derive(Debug, Clone, Default)]
pub struct Vendored {
    /// What changes.
    pub changes: Vec<Change>,
    /// Of these, files that people had changed: they are as their module publishes them now.
    pub lost: Vec<String>,
}

/// What changes of what a project has vendored, so that it is as its `go.mod` says. Nothing: it vendors nothing. `files` are
/// those that git keeps of it, by their paths below the root: others are no part of what is built.
///
/// # Errors
/// It cannot be copied, or Go does not do it.
pub fn vendored(
    tool: &'static Tool,
    root: &Path,
    inside: &Path,
    files: &[String],
    options: &Options,
) -> Result<Vendored, Reason> {
    let Some(at) = vendored_at(tool, root, inside) else { return Ok(Vendored::default()) };
    let scratch = Scratch::copy_of(root, &at, tool, files, Bounds::of(Extent::Whole))
        .map_err(|e| Reason::Scratch(e.to_string()))?;
    // What git does not keep is nobody's to keep in order.
    if vendored_at(tool, scratch.root(), &at).is_none() {
        return Ok(Vendored::default());
    }
    let kept = scratch.files().map_err(|e| Reason::Scratch(e.to_string()))?;
    let manifests = Manifests::of(tool, &scratch.inside(), &kept);
    let drive = Drive::new(tool, &scratch, &manifests, options)?;
    let before = content(&scratch)?;
    let flags = flags(&drive);
    let what = if manifests.text("go.work").is_some() { "work" } else { "mod" };
    let set = set(&drive, &flags);
    drive.run(&[what, "vendor"], &set)?;
    let after = content(&scratch)?;
    let folder = below(&scratch.inside(), &format!("{VENDOR}/"));
    let list = format!("{folder}{LIST}");
    let text = |all: &BTreeMap<String, Vec<u8>>| {
        String::from_utf8_lossy(all.get(&list).map(Vec::as_slice).unwrap_or_default()).into_owned()
    };
    let (old, new) = (text(&before), text(&after));
    let (was, is) = (Listed::of(&old), Listed::of(&new));
    let mut changes = between(&before, &after);
    changes.retain(|change| {
        change.path.strip_prefix(&*folder).is_some_and(|path| moved(path, &was, &is))
    });
    let lost = by_hand(&drive, &set, &folder, &was, &changes)?;
    Ok(Vendored { changes, lost })
}

/// Of what changes, what was not as its module publishes it at the version that was vendored. What Go cannot get of that is
/// not told.
fn by_hand(
    drive: &Drive<'_>,
    set: &[(&str, &str)],
    folder: &str,
    was: &Listed<'_>,
    changes: &[Change],
) -> Result<Vec<String>, Reason> {
    let mut of: BTreeMap<String, Vec<(&Change, String)>> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.before.is_some()) {
        let path = change.path.strip_prefix(folder).unwrap_or_default();
        if let Some((module, rest)) = was.source(path) {
            of.entry(module).or_default().push((change, rest));
        }
    }
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let mut arguments = vec!["mod", "download", "-json"];
    arguments.extend(of.keys().map(String::as_str));
    let output = drive.try_run(&arguments, set)?;
    let told = serde_json::Deserializer::from_slice(&output.stdout).into_iter::<Value>();
    let mut lost = Vec::new();
    for module in told.map_while(Result::ok) {
        let text = |key: &str| module[key].as_str().unwrap_or_default();
        let name = format!("{}@{}", text("Path"), text("Version"));
        let own = Path::new(text("Dir"));
        if !own.is_dir() {
            continue;
        }
        let files = of.get(&name).into_iter().flatten();
        let is_other = |(change, rest): &&(&Change, String)| {
            fs::read(own.join(rest)).ok().as_deref() != change.before.as_deref()
        };
        lost.extend(files.filter(is_other).map(|(change, _)| change.path.clone()));
    }
    lost.sort();
    Ok(lost)
}

/// What the list of what is vendored says: by package and by module, the line of the module and its version.
#[derive(Default)]
struct Listed<'t> {
    packages: BTreeMap<&'t str, &'t str>,
    modules: BTreeMap<&'t str, &'t str>,
}

impl<'t> Listed<'t> {
    fn of(text: &'t str) -> Listed<'t> {
        let mut all = Listed::default();
        let mut module = "";
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# ") {
                module = line;
                let path = rest.split_whitespace().next().unwrap_or_default();
                // Replacements are told again at the end.
                all.modules.entry(path).or_insert(line);
            } else if !line.starts_with('#') {
                all.packages.insert(line.trim(), module);
            }
        }
        all
    }

    /// The module and version that a vendored file is of, as Go gets it, and its path in that. `None`: it is of none, or of
    /// a folder of the project.
    fn source(&self, path: &str) -> Option<(String, String)> {
        let mut at = path;
        let line = loop {
            (at, _) = at.rsplit_once('/')?;
            if let Some(line) = self.packages.get(at).or_else(|| self.modules.get(at)) {
                break line.strip_prefix("# ")?;
            }
        };
        let words: Vec<&str> = line.split_whitespace().collect();
        let (module, by) = match &words[..] {
            [module, version] => (module, format!("{module}@{version}")),
            [module, _, "=>", other, version] | [module, "=>", other, version] => {
                (module, format!("{other}@{version}"))
            }
            _ => return None,
        };
        let rest = path.strip_prefix(module)?.strip_prefix('/')?;
        Some((by, rest.to_owned()))
    }
}

/// Whether a file that is vendored is of what moved: of a package or module at another version, newly there or no more. What
/// people changed of others is theirs.
fn moved(path: &str, was: &Listed<'_>, is: &Listed<'_>) -> bool {
    let mut at = path;
    while let Some((folder, _)) = at.rsplit_once('/') {
        for (was, is) in [(&was.packages, &is.packages), (&was.modules, &is.modules)] {
            let (was, is) = (was.get(folder), is.get(folder));
            if was.is_some() || is.is_some() {
                return was != is;
            }
        }
        at = folder;
    }
    path == LIST
}

/// All files that are vendored, by their paths below the root.
fn content(scratch: &Scratch) -> Result<BTreeMap<String, Vec<u8>>, Reason> {
    let folder = scratch.folder().join(VENDOR);
    let (mut files, mut bytes) = MOST;
    let mut all = BTreeMap::new();
    for entry in ignore::WalkBuilder::new(&folder).standard_filters(false).build().flatten() {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let Ok(path) = entry.path().strip_prefix(&folder) else { continue };
        let parts: Vec<_> = path.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        let text = fs::read(entry.path()).map_err(|e| Reason::Scratch(e.to_string()))?;
        let left = files.checked_sub(1).zip(bytes.checked_sub(text.len() as u64));
        (files, bytes) =
            left.ok_or_else(|| Reason::Scratch("the vendored code is too large".to_owned()))?;
        all.insert(below(&scratch.inside(), &format!("{VENDOR}/{}", parts.join("/"))), text);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_changed_of_what_does_not_move_is_theirs() {
        let old = "# a.example/x v1.0.0\n## explicit; go 1.17\na.example/x\na.example/x/in\n\
            # b.example/y v1.0.0\n## explicit\nb.example/y\nb.example/y/old\n";
        let new = "# a.example/x v1.1.0\n## explicit; go 1.17\na.example/x\na.example/x/in\n\
            # b.example/y v1.0.0\n## explicit\nb.example/y\nb.example/y/new\n\
            # c.example/z v1.0.0\nc.example/z/in\n";
        let (was, is) = (Listed::of(old), Listed::of(new));
        for (path, goes) in [
            ("modules.txt", true),
            ("a.example/x/in/data/words.txt", true),
            ("b.example/y/y.go", false),
            ("b.example/y/header.h", false),
            ("b.example/y/new/new.go", true),
            ("b.example/y/old/old.go", true),
            ("c.example/z/LICENSE", true),
            ("README.md", false),
        ] {
            assert_eq!(moved(path, &was, &is), goes, "{path}");
        }
    }

    #[test]
    fn a_file_is_of_the_module_that_go_got_it_from() {
        let list = "# a.example/x v1.0.0\n## explicit; go 1.17\na.example/x\na.example/x/in\n\
            # b.example/y v1.0.0 => c.example/z v1.2.0\nb.example/y/y\n\
            # d.example/w v1.0.0 => ./w\nd.example/w\n";
        let listed = Listed::of(list);
        let source =
            |path: &str| listed.source(path).map(|(module, rest)| format!("{module} {rest}"));
        let told = |path: &str| source(path).unwrap_or_default();
        assert_eq!(told("a.example/x/in/data/words.txt"), "a.example/x@v1.0.0 in/data/words.txt");
        assert_eq!(told("b.example/y/y/y.go"), "c.example/z@v1.2.0 y/y.go");
        assert_eq!(source("d.example/w/w.go"), None);
        assert_eq!(source("modules.txt"), None);
    }

    #[test]
    fn a_workspace_vendors_for_its_modules() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("go.work", "go 1.22\n\nuse ./a\n");
        write("vendor/modules.txt", "## workspace\n");
        write("c/vendor/modules.txt", "");
        let at = |inside: &str| vendored_at(&super::super::TOOL, folder.path(), Path::new(inside));
        assert_eq!(at("a"), Some(PathBuf::new()));
        assert_eq!(at("b"), None);
        assert_eq!(at("c"), Some(PathBuf::from("c")));
        assert_eq!(at(""), Some(PathBuf::new()));
    }
}
