//! Branches with batches that are carried out and not merged, as this repository knows them: no host is asked.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt};
use super::revert::{BATCH, LEFT};
use super::taken_back::{said, taken_back};
use crate::requests::BRANCHES;

/// The most branches that are looked at.
const MOST: usize = 200;

/// A branch with a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmerged {
    /// The batch, by the name of the branch.
    pub batch: String,
    /// Whether a remote had it when it was last asked.
    pub sent: bool,
    /// Names of its actions that were left out on every branch that has it.
    pub left: BTreeSet<String>,
    /// The commits that its branches are at.
    pub tips: BTreeSet<String>,
}

/// The branches of ours that `HEAD` has not, by name: with a commit that carries their batch, and whose batch no commit
/// of `HEAD` carries since, as one that was squashed would, unless it was taken back. Empty where there is no commit.
///
/// # Errors
/// Git fails.
pub fn unmerged(repository: &Path) -> Result<Vec<Unmerged>, Diagnostic> {
    let args = [
        "for-each-ref",
        "--no-merged=HEAD",
        "--format=%(objectname) %(refname)",
        &format!("refs/heads/{BRANCHES}"),
        &format!("refs/remotes/*/{BRANCHES}*"),
    ];
    let listed = attempt(Whose::Users, repository, &args, &[])?;
    if !listed.is_well() {
        return Ok(Vec::new());
    }
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let mut all: BTreeMap<String, Unmerged> = BTreeMap::new();
    for (tip, name) in listed.lines().filter_map(|line| line.split_once(' ')).take(MOST) {
        let (sent, batch) = match name.strip_prefix("refs/heads/") {
            Some(local) => (false, local.strip_prefix(BRANCHES)),
            None => {
                let rest = name.strip_prefix("refs/remotes/").and_then(|rest| rest.split_once('/'));
                (true, rest.and_then(|(_, branch)| branch.strip_prefix(BRANCHES)))
            }
        };
        let Some(batch) = batch.filter(|batch| !batch.is_empty()) else { continue };
        let Some(left) = carries(repository, tip, batch)? else { continue };
        // What was merged before the branch was made is another batch of that name.
        let since = said(repository, &format!("{tip}..HEAD"))?;
        let carried = since.iter().any(|said| said.batches.iter().any(|held| held == batch));
        if !carried || taken_back(&since, batch, None).is_some() {
            let tips = BTreeSet::from([tip.to_owned()]);
            match all.entry(batch.to_owned()) {
                Entry::Vacant(free) => {
                    free.insert(Unmerged { batch: batch.to_owned(), sent, left, tips });
                }
                Entry::Occupied(held) => {
                    let held = held.into_mut();
                    held.sent |= sent;
                    // What one of its branches has is carried out: another may be older.
                    held.left = held.left.intersection(&left).cloned().collect();
                    held.tips.extend(tips);
                }
            }
        }
    }
    Ok(all.into_values().collect())
}

/// The actions that were left out of a batch, where a commit that `HEAD` has not carries it.
fn carries(
    repository: &Path,
    tip: &str,
    batch: &str,
) -> Result<Option<BTreeSet<String>>, Diagnostic> {
    let format = format!(
        "--format=%(trailers:key={BATCH},valueonly)%x1f%(trailers:key={LEFT},valueonly)%x1e"
    );
    let args = ["log", "--max-count=200", &format, tip, "^HEAD", "--"];
    let log = attempt(Whose::Users, repository, &args, &[])?;
    if !log.is_well() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&log.stdout).into_owned();
    let mut found = None;
    for (batches, left) in text.split('\x1e').filter_map(|commit| commit.split_once('\x1f')) {
        if batches.lines().any(|line| line.trim() == batch) {
            let left = left.lines().map(str::trim).filter(|name| !name.is_empty());
            found.get_or_insert_with(BTreeSet::new).extend(left.map(str::to_owned));
        }
    }
    Ok(found)
}
