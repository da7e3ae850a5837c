//! Branches with batches that are carried out and not merged, as this repository knows them: no host is asked.

use std::collections::BTreeMap;
use std::path::Path;

use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt};
use super::revert::BATCH;
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
    let mut all: BTreeMap<String, bool> = BTreeMap::new();
    for (tip, name) in listed.lines().filter_map(|line| line.split_once(' ')).take(MOST) {
        let (sent, batch) = match name.strip_prefix("refs/heads/") {
            Some(local) => (false, local.strip_prefix(BRANCHES)),
            None => {
                let rest = name.strip_prefix("refs/remotes/").and_then(|rest| rest.split_once('/'));
                (true, rest.and_then(|(_, branch)| branch.strip_prefix(BRANCHES)))
            }
        };
        let Some(batch) = batch.filter(|batch| !batch.is_empty()) else { continue };
        if !carries(repository, tip, batch)? {
            continue;
        }
        // What was merged before the branch was made is another batch of that name.
        let since = said(repository, &format!("{tip}..HEAD"))?;
        let carried = since.iter().any(|said| said.batches.iter().any(|held| held == batch));
        if !carried || taken_back(&since, batch, None).is_some() {
            *all.entry(batch.to_owned()).or_default() |= sent;
        }
    }
    Ok(all.into_iter().map(|(batch, sent)| Unmerged { batch, sent }).collect())
}

/// Whether a commit that `HEAD` has not carries the batch.
fn carries(repository: &Path, tip: &str, batch: &str) -> Result<bool, Diagnostic> {
    let format = format!("--format=%(trailers:key={BATCH},valueonly)");
    let args = ["log", "--max-count=200", &format, tip, "^HEAD", "--"];
    let log = attempt(Whose::Users, repository, &args, &[])?;
    let text = String::from_utf8_lossy(&log.stdout).into_owned();
    Ok(log.is_well() && text.lines().any(|line| line.trim() == batch))
}
