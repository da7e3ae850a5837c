//! What became of batches on the branch that is checked out: when each was merged, and whether it was taken back.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt, line};
use super::publish::is_id;
use super::taken_back::{Said, said, taken_back};
use crate::requests::BRANCHES;

/// The most commits of the branch itself that are looked at.
const MOST: &str = "--max-count=20000";
/// For how many batches is asked when they came.
const ASKED: usize = 100;

/// A batch that was carried out. Names recur: commits say more.
#[derive(Debug, Clone, Copy, Default)]
pub struct Carried<'b> {
    /// Its name.
    pub name: &'b str,
    /// The commit that its branch was written at. `None`: that was not kept.
    pub commit: Option<&'b str>,
    /// When it was carried out: what is older is another one of that name.
    pub from: Option<Timestamp>,
    /// When the next one of that name was.
    pub until: Option<Timestamp>,
    /// Whether it is known when it came.
    pub is_dated: bool,
}

/// What became of a batch that `HEAD` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    /// When it came. `None`: that is not known (of one that came without a merge, as it was written), or was not asked.
    pub at: Option<Timestamp>,
    /// Whether it was taken back, and stays so.
    pub taken_back: bool,
}

/// What became of batches, in their order. `None`: `HEAD` has it not. Nothing is known where there is no commit, and
/// where a branch of ours is checked out, which has its batch before it is merged.
///
/// # Errors
/// Git fails.
pub fn merged(
    repository: &Path,
    batches: &[Carried<'_>],
) -> Result<Vec<Option<Merged>>, Diagnostic> {
    let head = ["rev-parse", "--verify", "--quiet", "HEAD"];
    if batches.is_empty()
        || !attempt(Whose::Users, repository, &head, &[])?.is_well()
        || is_request(repository, batches)?
    {
        return Ok(vec![None; batches.len()]);
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
    let (mut all, mut asked) = (Vec::new(), 0);
    for batch in batches {
        // As it was written; else (it was squashed, or rebased) the oldest commit of its name is the first that came.
        let written = commits.iter().find(|said| batch.commit == Some(&*said.id));
        let Some(first) = written.or_else(|| commits.iter().rfind(|said| batch.is_in(said))) else {
            all.push(None);
            continue;
        };
        let is_written = written.is_some() || batch.is_begun(first);
        let at = match own.get(&*first.id) {
            _ if batch.is_dated => None,
            // When the branch was moved on to it, git does not keep.
            Some(_) if is_written => None,
            Some(at) => Some(*at),
            None if asked < ASKED => {
                asked += 1;
                brought(repository, &first.id, &own)?
            }
            None => None,
        };
        // All of its commits: of several, one that was taken back is not the batch.
        let back = taken_back(&batch.alone(&commits), batch.name, None);
        all.push(Some(Merged { at, taken_back: back.is_some() }));
    }
    Ok(all)
}

impl Carried<'_> {
    /// Whether a commit is one of this batch.
    fn is_in(&self, said: &Said) -> bool {
        self.commit == Some(&*said.id)
            || said.batches.iter().any(|name| name == self.name) && self.is_within(said)
    }

    /// Whether a commit is of the time between it and the next one of its name.
    fn is_within(&self, said: &Said) -> bool {
        self.from.is_none_or(|from| from.as_second() <= said.seconds)
            && self.until.is_none_or(|until| said.seconds < until.as_second())
    }

    /// Whether a commit is of the moment at which it was carried out, where the commit itself was not kept.
    fn is_begun(&self, said: &Said) -> bool {
        self.commit.is_none() && self.from.is_some_and(|from| from.as_second() == said.seconds)
    }

    /// What commits say, without other batches of this name.
    fn alone(&self, commits: &[Said]) -> Vec<Said> {
        let mut all = commits.to_vec();
        for said in all.iter_mut().filter(|said| !self.is_in(said)) {
            said.batches.retain(|name| name != self.name);
        }
        all
    }
}

/// Whether a branch of ours is checked out, or what a host would make of it and its base. A pipeline often has neither
/// the branch nor its name, but the commit that was written.
fn is_request(repository: &Path, batches: &[Carried<'_>]) -> Result<bool, Diagnostic> {
    let (local, remote) = (format!("refs/heads/{BRANCHES}"), format!("refs/remotes/*/{BRANCHES}*"));
    let is_ours = |commit: &str| -> Result<bool, Diagnostic> {
        let at = format!("--points-at={commit}");
        let args = ["for-each-ref", "--count=1", "--format=%(refname)", &at, &local, &remote];
        let found = attempt(Whose::Users, repository, &args, &[])?;
        Ok(found.is_well() && !found.stdout.is_empty())
    };
    // A branch has a name: one of ours may stand where another is that was moved on to it.
    let branch = attempt(Whose::Users, repository, &["symbolic-ref", "-q", "HEAD"], &[])?;
    if branch.is_well() {
        return Ok(String::from_utf8_lossy(&branch.stdout).trim().starts_with(&local));
    }
    for commit in ["HEAD", "HEAD^2"] {
        let args = ["rev-parse", "--verify", "--quiet", commit];
        let found = attempt(Whose::Users, repository, &args, &[])?;
        if !found.is_well() {
            continue;
        }
        let id = String::from_utf8_lossy(&found.stdout);
        let is_written = |batch: &Carried<'_>| batch.commit == Some(id.trim());
        if batches.iter().any(is_written) || is_ours(commit)? {
            return Ok(true);
        }
    }
    Ok(false)
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
