//! Taking a batch back: its commits, found by what they say of themselves, undone in a copy.

use std::path::Path;

use trimtab_model::{Code, Diagnostic};

use super::author::Author;
use super::plumbing::{Whose, attempt, git, line};
use super::tree::Tree;

/// The trailer of a commit that says to which batch it belongs.
pub(crate) const BATCH: &str = "Trimtab-Batch";
/// The trailer that names an action of the batch which is not in it.
pub(crate) const LEFT: &str = "Trimtab-Left";
/// The trailer that names the commit which a batch was carried out on.
pub(crate) const BASE: &str = "Trimtab-Base";
/// The trailer of a commit that says which batch it takes back.
pub(crate) const ROLLBACK: &str = "Trimtab-Rollback";
/// The most commits that are looked at.
const MOST: &str = "--max-count=20000";

/// What was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reverted {
    /// The commits of the batch that were undone, newest first.
    pub commits: Vec<String>,
    /// The commit that undoes them.
    pub commit: String,
    /// The files that it changes, from the top of the repository.
    pub files: Vec<String>,
}

/// The commits of a batch that a reference has and that are not taken back already, newest first.
///
/// # Errors
/// Git fails.
pub fn find(repository: &Path, batch: &str, reference: &str) -> Result<Vec<String>, Diagnostic> {
    let format = format!(
        "--format=%H %(trailers:key={BATCH},valueonly,separator=%x2C)%x09%(trailers:key={ROLLBACK},valueonly,separator=%x2C)"
    );
    let args = ["log", MOST, &format, "--end-of-options", reference, "--"];
    let log = line(Whose::Users, repository, &args)?;
    let mut found = Vec::new();
    for entry in log.lines() {
        let (head, undone) = entry.split_once('\t').unwrap_or((entry, ""));
        let (commit, of) = head.split_once(' ').unwrap_or((head, ""));
        let names = |list: &str| list.split(',').any(|name| name.trim() == batch);
        if names(undone) {
            // What is older was taken back by this one.
            break;
        }
        if names(of) {
            found.push(commit.to_owned());
        }
    }
    Ok(found)
}

/// Undoes commits in a copy, newest first, as one commit.
///
/// # Errors
/// Later changes stand in the way: which files. Or git fails.
pub fn revert(
    tree: &Tree,
    commits: &[String],
    message: &str,
    author: &Author,
) -> Result<Reverted, Diagnostic> {
    let root = tree.root();
    for commit in commits {
        let parents = line(Whose::Ours, &root, &["rev-list", "--parents", "-n", "1", commit])?;
        let merged = parents.split(' ').count() > 2;
        let mut args = vec!["revert", "--no-commit", "--no-edit"];
        args.extend(merged.then_some(["-m", "1"]).into_iter().flatten());
        args.push(commit);
        // git wants to know who, even where it commits nothing.
        let variables = author.variables();
        let set: Vec<(&str, &str)> = variables.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let output = attempt(Whose::Ours, &root, &args, &set)?;
        if output.is_well() {
            continue;
        }
        let files =
            git(Whose::Ours, &root, &["diff", "--name-only", "-z", "--diff-filter=U"], &[])?;
        let files: Vec<_> = files
            .split(|b| *b == 0)
            .filter(|f| !f.is_empty())
            .map(String::from_utf8_lossy)
            .collect();
        let message = if files.is_empty() {
            format!("commit {commit} cannot be reverted: {}", output.complaint())
        } else {
            format!(
                "commit {commit} cannot be reverted: {} has changed since in the same places",
                files.iter().map(|file| format!("`{file}`")).collect::<Vec<_>>().join(", ")
            )
        };
        return Err(Diagnostic::new(Code::RollbackConflict, message).help(format!(
            "revert by hand with git revert {}, and let the package manager write the lockfile again",
            commits.join(" ")
        )));
    }
    let output = attempt(Whose::Ours, &root, &["diff", "--cached", "--quiet"], &[])?;
    if output.is_well() {
        return Err(Diagnostic::new(
            Code::RollbackConflict,
            "nothing left to revert: later commits changed all of it",
        ));
    }
    let files = git(Whose::Ours, &root, &["diff", "--cached", "--name-only", "-z"], &[])?;
    let files = files.split(|b| *b == 0).filter(|f| !f.is_empty());
    let files = files.map(|f| String::from_utf8_lossy(f).into_owned()).collect();
    let commit = tree.record(message, author, false)?;
    Ok(Reverted { commits: commits.to_vec(), commit, files })
}
