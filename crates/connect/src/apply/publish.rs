//! The one thing that is written to the user's repository: a branch.

use std::path::Path;

use trimtab_model::{Code, Diagnostic};

use super::plumbing::{Whose, attempt, git, line};
use super::revert::ROLLBACK;
use super::tree::Tree;

/// A branch that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its name.
    pub branch: String,
    /// The commit that it is at.
    pub commit: String,
    /// Where it was before. `None`: it is new.
    pub before: Option<String>,
}

/// Writes what a copy has as a branch of the user's repository: first the objects, then the
/// reference in one step, and only if the branch is still as it was looked at. Killed before that
/// step, the repository has a few more objects that nothing names, which git sweeps in time.
///
/// # Errors
/// The project has no repository, the branch is checked out or holds commits of somebody else, or
/// git fails.
pub fn publish(tree: &Tree, branch: &str) -> Result<Published, Diagnostic> {
    let Some(repository) = tree.repository() else {
        return Err(Diagnostic::new(Code::Usage, "the project is not in a git repository")
            .help("write a patch instead: --output patch=FILE"));
    };
    let full = format!("refs/heads/{branch}");
    let fits = attempt(Whose::Users, repository, &["check-ref-format", &full], &[])?.is_well();
    if !fits || branch.starts_with('-') {
        let message = format!("`{branch}` is not a valid branch name");
        return Err(Diagnostic::new(Code::Usage, message)
            .help("use letters, digits and dashes in the name of the batch"));
    }
    let commit = tree.head()?;
    let before = tip(repository, &full)?;
    if let Some(before) = &before {
        ours(repository, branch, &full, before, tree.base())?;
    }
    let root = tree.root();
    let root = root.to_string_lossy();
    let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance"];
    let rest = ["--no-recurse-submodules", &*root, "HEAD"];
    git(Whose::Users, repository, &[&fetch[..], &rest[..]].concat(), &[])?;
    // Nought: there must be none yet.
    let nought = "0".repeat(commit.len());
    let old = before.as_deref().unwrap_or(&nought);
    let reason = format!("trimtab apply: {branch}");
    git(Whose::Users, repository, &["update-ref", "-m", &reason, &full, &commit, old], &[])?;
    Ok(Published { branch: branch.to_owned(), commit, before })
}

/// Where a reference is. `None`: there is none.
pub(super) fn tip(repository: &Path, full: &str) -> Result<Option<String>, Diagnostic> {
    let args = ["rev-parse", "--verify", "--quiet", full];
    let output = attempt(Whose::Users, repository, &args, &[])?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    Ok(output.is_well().then_some(text))
}

/// The most merges in a branch that are looked into.
const MERGES: usize = 50;

/// The most bases that a branch's own commits may name.
const BASES: usize = 20;

/// Commits of a branch that its base has not, and that hold work of somebody else, newest first. What lies below the
/// base that a commit of ours names was there before it, if no commit of ours lies there as well: what people put on
/// that stays theirs. A merge holds some if it is not what git makes of it by itself.
pub(super) fn strange(repository: &Path, tip: &str, base: &str) -> Result<Vec<String>, Diagnostic> {
    let mut except = vec![format!("^{base}")];
    let named = "--format=%(trailers:key=Trimtab-Base,valueonly,separator=%x2C)";
    let first = except.concat();
    const OURS: &str = "--grep=^Trimtab-Batch:";
    let args = ["log", "--max-count=1000", OURS, named, tip, &first, "--"];
    let log = line(Whose::Users, repository, &args)?;
    let mut bases: Vec<&str> = log.lines().flat_map(|line| line.split(',')).collect();
    bases.sort_unstable();
    bases.dedup();
    for named in bases.into_iter().filter(|named| is_id(named)).take(BASES) {
        let args = ["merge-base", "--is-ancestor", named, tip];
        if !attempt(Whose::Users, repository, &args, &[])?.is_well() {
            continue;
        }
        let args = ["log", "--max-count=1", OURS, "--format=%H", named, &first, "--"];
        if line(Whose::Users, repository, &args)?.is_empty() {
            except.push(format!("^{named}"));
        }
    }
    let format = "--format=%H %P|%(trailers:key=Trimtab-Batch,valueonly,separator=%x2C)";
    let except: Vec<&str> = except.iter().map(String::as_str).collect();
    let args = [&["log", "--max-count=1000", format, tip], &*except, &["--"]].concat();
    let log = line(Whose::Users, repository, &args)?;
    let (mut all, mut merges) = (Vec::new(), 0);
    for entry in log.lines() {
        let (ids, of) = entry.split_once('|').unwrap_or((entry, ""));
        let mut ids = ids.split_whitespace();
        let Some(commit) = ids.next().filter(|_| of.is_empty()) else { continue };
        if ids.count() > 1 && merges < MERGES {
            merges += 1;
            let args = ["show", "--remerge-diff", "--format=", "--name-only", commit, "--"];
            let shown = attempt(Whose::Users, repository, &args, &[])?;
            if shown.is_well() && shown.stdout.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
        }
        all.push(commit.to_owned());
    }
    Ok(all)
}

/// Whether a text is the full name of a commit.
pub(super) fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Whether a branch that exists is ours to write anew: every commit of it that the base has not is
/// one of Trimtab's, and nobody has it checked out.
pub(super) fn ours(
    repository: &Path,
    branch: &str,
    full: &str,
    tip: &str,
    base: &str,
) -> Result<(), Diagnostic> {
    let trees = line(Whose::Users, repository, &["worktree", "list", "--porcelain"])?;
    if trees.lines().any(|line| line == format!("branch {full}")) {
        return Err(Diagnostic::new(Code::BranchTaken, format!("`{branch}` is checked out"))
            .help("switch to another branch, and try again"));
    }
    // Below a branch that began at an older base lie commits of others that are on it as well.
    let merged = |commit: &str| -> Result<bool, Diagnostic> {
        let named = ["branch", "--all", "--contains", commit, "--format=%(refname)"];
        let text = line(Whose::Users, repository, &named)?;
        Ok(text.lines().any(|name| name != full && !name.contains("/trimtab/")))
    };
    // What takes a batch back says of which, and is on a branch of its own.
    let takes_back = |commit: &str| -> Result<bool, Diagnostic> {
        if !full.starts_with("refs/heads/trimtab/rollback-") {
            return Ok(false);
        }
        let format = format!("--format=%(trailers:key={ROLLBACK},valueonly)");
        let args = ["log", "--max-count=1", &format, commit, "--"];
        Ok(!line(Whose::Users, repository, &args)?.trim().is_empty())
    };
    for commit in strange(repository, tip, base)? {
        if !takes_back(&commit)? && !merged(&commit)? {
            let message = format!("`{branch}` has commit {commit}, which Trimtab did not make");
            return Err(Diagnostic::new(Code::BranchTaken, message).help(format!(
                "keep it with git branch -m {branch} NAME, or discard it with git branch -D {branch}"
            )));
        }
    }
    Ok(())
}
