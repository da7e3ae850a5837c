//! Who merged a commit into the branch that is checked out, as git tells it: the author of the merge that brought it. Of
//! what was squashed, rebased or moved on to, git does not tell who did it.

use std::collections::HashSet;
use std::path::Path;

use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt, line};
use super::publish::is_id;

/// The most commits that are looked at.
const MOST: &str = "--max-count=20000";

/// Who merged a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merger {
    /// The merge.
    pub commit: String,
    /// The address of its author.
    pub address: String,
}

/// Who merged a commit. `None`: it is not merged, or nobody tells.
///
/// # Errors
/// Git fails.
pub fn merger(repository: &Path, commit: &str) -> Result<Option<Merger>, Diagnostic> {
    if !is_id(commit) {
        return Ok(None);
    }
    let has = ["merge-base", "--is-ancestor", commit, "HEAD"];
    if !attempt(Whose::Users, repository, &has, &[])?.is_well() {
        return Ok(None);
    }
    let args = ["rev-list", MOST, "--first-parent", "HEAD", "--"];
    let own = line(Whose::Users, repository, &args)?;
    let own: HashSet<&str> = own.lines().collect();
    // What stands on the branch itself came without a merge.
    if own.contains(commit) {
        return Ok(None);
    }
    let range = format!("{commit}..HEAD");
    let args = ["rev-list", MOST, "--ancestry-path", "--topo-order", &range, "--"];
    let after = line(Whose::Users, repository, &args)?;
    let Some(merge) = after.lines().rev().find(|id| own.contains(id)) else { return Ok(None) };
    let args = ["log", "--max-count=1", "--format=%P%n%ae", merge, "--"];
    let told = line(Whose::Users, repository, &args)?;
    let mut lines = told.lines();
    let parents = lines.next().unwrap_or_default().split_whitespace().count();
    let address = lines.next().unwrap_or_default().trim().to_lowercase();
    Ok((parents > 1 && address.contains('@')).then(|| Merger { commit: merge.to_owned(), address }))
}
