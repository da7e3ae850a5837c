//! What a project has and a copy of its commit has not: folders that are repositories of their own, and large files of which
//! git keeps a pointer alone. Tests that need them fail with the update and without it.

use std::fs::{self, File};
use std::io::Read;

use trimtab_model::Diagnostic;

use super::plumbing::{Whose, git};
use super::tree::Tree;

/// The size of a pointer, in bytes: at least, and less than.
const POINTER: std::ops::Range<u64> = 100..1024;

/// What is missing, by paths from the top of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absent {
    /// Submodules.
    pub submodules: Vec<String>,
    /// Files of Git LFS.
    pub pointers: Vec<String>,
}

/// What a copy lacks.
///
/// # Errors
/// Git fails.
pub fn absent(tree: &Tree) -> Result<Absent, Diagnostic> {
    let text = git(Whose::Ours, &tree.root(), &["ls-files", "--stage", "-z"], &[])?;
    let mut absent = Absent::default();
    let mut files = Vec::new();
    for entry in text.split(|byte| *byte == 0) {
        let entry = String::from_utf8_lossy(entry);
        // `100644 ID 0	path`
        let Some((head, path)) = entry.split_once('\t') else { continue };
        match head.split(' ').next() {
            Some("160000") => absent.submodules.push(path.to_owned()),
            Some("100644" | "100755") => files.push(path.to_owned()),
            _ => {}
        }
    }
    // Without a rule for it there are none, and nothing is read.
    let is_rule = |path: &&String| path.rsplit('/').next() == Some(".gitattributes");
    let has_rule = |path: &String| {
        let text = fs::read_to_string(tree.root().join(path)).unwrap_or_default();
        text.contains("filter=lfs")
    };
    if files.iter().filter(is_rule).any(has_rule) {
        absent.pointers = files.into_iter().filter(|path| is_pointer(tree, path)).collect();
    }
    Ok(absent)
}

/// Whether a file is what Git LFS puts into its place.
fn is_pointer(tree: &Tree, path: &str) -> bool {
    let path = tree.root().join(path);
    // What tests or people made of it is not followed.
    let is_small = |is: fs::Metadata| is.is_file() && POINTER.contains(&is.len());
    if !path.symlink_metadata().is_ok_and(is_small) {
        return false;
    }
    let mut text = String::new();
    let read = File::open(&path).and_then(|file| file.take(POINTER.end).read_to_string(&mut text));
    read.is_ok()
        && text.starts_with("version ")
        && text.lines().any(|line| line.starts_with("oid sha256:"))
}
