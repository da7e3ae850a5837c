//! Projects, and what must not change of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use trimtab_connect::apply::{Author, Tree};
use trimtab_connect::update::Change;

/// Runs git in a folder; what it wrote.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let settings =
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
    let ran = Command::new("git").arg("-C").arg(folder).args(settings).args(args).output().unwrap();
    assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

/// Files in a folder.
pub(crate) fn files(folder: &Path, all: &[(&str, &str)]) {
    for (name, text) in all {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A repository with one commit, in `project`, and a hook and settings that must not run.
pub(crate) fn project(all: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    fs::create_dir(&root).unwrap();
    files(&root, all);
    git(&root, &["init", "-q"]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "First"]);
    for (name, value) in [("user.name", "Ann"), ("user.email", "ann@example.org")] {
        git(&root, &["config", name, value]);
    }
    for hook in ["post-checkout", "pre-commit", "reference-transaction", "post-commit", "pre-push"]
    {
        let path = root.join(".git/hooks").join(hook);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "#!/bin/sh\ntouch \"$(git rev-parse --git-common-dir)/RAN\"\n").unwrap();
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// Every file below a folder but the objects of git and what it writes about our own branches.
pub(crate) fn state(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in ignore::WalkBuilder::new(folder).standard_filters(false).build() {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        let ours = path.contains(".git/objects/")
            || path.contains("refs/heads/trimtab")
            || path.contains("logs/refs/heads/trimtab");
        if entry.file_type().unwrap().is_file() && !ours {
            all.insert(path, fs::read(entry.path()).unwrap());
        }
    }
    all
}

pub(crate) fn author(root: &Path) -> Author {
    Author::configured(root, "2026-11-28T10:00:00Z".parse().unwrap()).unwrap()
}

pub(crate) fn change(path: &str, text: &str) -> Change {
    Change { path: path.to_owned(), before: None, after: Some(text.into()) }
}

pub(crate) fn tree(root: &Path) -> Tree {
    Tree::of(root, "HEAD", None).unwrap()
}
