//! What became of batches on the branch that is checked out: when each was merged, and whether it was taken back.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use jiff::Timestamp;
use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt, line};
use super::publish::is_id;
use super::taken_back::{said, taken_back};

/// The most commits of the branch itself that are looked at.
const MOST: &str = "--max-count=20000";
/// For how many batches is asked when they came.
const ASKED: usize = 100;

/// What became of a batch that `HEAD` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// When it came. `None`: that is not known.
    pub at: Option<Timestamp>,
    /// Whether it was taken back, and stays so.
    pub taken_back: bool,
}

/// The batches among some that `HEAD` has, by name. Empty where there is no commit.
///
/// # Errors
/// Git fails.
pub fn merged(repository: &Path, batches: &[&str]) -> Result<BTreeMap<String, Merged>, Diagnostic> {
    let head = ["rev-parse", "--verify", "--quiet", "HEAD"];
    if batches.is_empty() || !attempt(Whose::Users, repository, &head, &[])?.is_well() {
        return Ok(BTreeMap::new());
    }
    let commits = said(repository, "HEAD")?;
    // The branch itself, without what merges brought, the newest first.
    let args = ["log", MOST, "--first-parent", "--format=%H %ct", "HEAD", "--"];
    let log = line(Whose::Users, repository, &args)?;
    let own: HashMap<&str, Timestamp> = log
        .lines()
        .filter_map(|text| {
            let (commit, seconds) = text.split_once(' ')?;
            Some((commit, Timestamp::from_second(seconds.parse().ok()?).ok()?))
        })
        .collect();
    let mut all = BTreeMap::new();
    for name in batches {
        // The oldest commit of it is the first that came.
        let of = |said: &&super::Said| said.batches.iter().any(|batch| batch == name);
        let Some(first) = commits.iter().rfind(of) else { continue };
        let at = match own.get(&*first.id) {
            Some(at) => Some(*at),
            None if all.len() < ASKED => brought(repository, &first.id, &own)?,
            None => None,
        };
        let taken_back = taken_back(&commits, name, None).is_some();
        all.insert((*name).to_owned(), Merged { at, taken_back });
    }
    Ok(all)
}

/// When a merge brought a commit: the oldest one of the branch itself that has it.
fn brought(
    repository: &Path,
    commit: &str,
    own: &HashMap<&str, Timestamp>,
) -> Result<Option<Timestamp>, Diagnostic> {
    if !is_id(commit) {
        return Ok(None);
    }
    let range = format!("{commit}..HEAD");
    let args = ["rev-list", MOST, "--ancestry-path", "--topo-order", &range, "--"];
    let listed = line(Whose::Users, repository, &args)?;
    Ok(listed.lines().rev().find_map(|commit| own.get(commit).copied()))
}
