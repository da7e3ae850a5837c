//! Who merged a commit into the branch that is checked out, as git tells it: the author of the merge that brought it. Of
//! what was squashed, rebased or moved on to, git does not tell who did it.

use std::collections::HashSet;
use std::path::Path;

use jiff::Timestamp;
use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt, line};
use super::publish::is_id;

/// The most commits that are looked at.
const MOST: usize = 20_000;

/// Who merged a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merger {
    /// The merge.
    pub commit: String,
    /// The address of its author.
    pub address: String,
    /// When it was committed.
    pub at: Option<Timestamp>,
}

/// Who merged a commit. `None`: it is not merged, nobody tells, or more came after it than is looked at.
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
    let (range, most) = (format!("{commit}..HEAD"), format!("--max-count={MOST}"));
    let args = ["rev-list", &most, "--first-parent", &range, "--"];
    let own = line(Whose::Users, repository, &args)?;
    let args = ["rev-list", &most, "--ancestry-path", "--topo-order", &range, "--"];
    let after = line(Whose::Users, repository, &args)?;
    // Of a list that was cut the oldest is missing: another would be taken for the merge.
    if own.lines().count() >= MOST || after.lines().count() >= MOST {
        return Ok(None);
    }
    let own: HashSet<&str> = own.lines().collect();
    let Some(merge) = after.lines().rev().find(|id| own.contains(id)) else { return Ok(None) };
    let args = ["log", "--max-count=1", "--format=%P%n%ae%n%ct", merge, "--"];
    let told = line(Whose::Users, repository, &args)?;
    let mut lines = told.lines();
    let parents: Vec<&str> = lines.next().unwrap_or_default().split_whitespace().collect();
    let address = lines.next().unwrap_or_default().trim().to_lowercase();
    let at = lines.next().and_then(|text| Timestamp::from_second(text.trim().parse().ok()?).ok());
    // What stands on the branch itself came without a merge.
    let is_own = parents.first().is_none_or(|first| first.eq_ignore_ascii_case(commit));
    let is_told = parents.len() > 1 && !is_own && address.contains('@');
    Ok(is_told.then(|| Merger { commit: merge.to_owned(), address, at }))
}
