//! What commits of a branch say of batches: which are in it, and which were taken back and stay so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt, line};
use super::publish::is_id;
use super::revert::{BATCH, ROLLBACK};

/// The most commits that are looked at.
const MOST: &str = "--max-count=20000";
/// The most commits that one merge brought, of those that are looked at.
const MERGED: &str = "--max-count=1000";
/// The most commits that were reverted, of which it is asked whether they are merges.
const LOOKED: usize = 2000;
/// The most commits that one message reverts.
const REVERTED: usize = 20;
/// What git itself writes into the message of a revert.
const REVERTS: &str = "This reverts commit ";

/// What one commit says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// The commit.
    pub id: String,
    /// When it was made: seconds since 1970.
    pub seconds: i64,
    /// The batches that it belongs to.
    pub batches: Vec<String>,
    /// The batches that it takes back, with all older commits of theirs.
    pub rollbacks: Vec<String>,
    /// The commits that it reverts; of a merge, all that it brought.
    pub reverts: Vec<String>,
}

/// What the commits of a branch say, newest first: of those that say something.
///
/// # Errors
/// Git fails.
pub fn said(repository: &Path, tip: &str) -> Result<Vec<Said>, Diagnostic> {
    let format = format!(
        "--format=%H %ct%x1f%(trailers:key={BATCH},valueonly,separator=%x2C)%x1f%(trailers:key={ROLLBACK},valueonly,separator=%x2C)%x1f%B"
    );
    let (batch, rollback) = (format!("--grep=^{BATCH}:"), format!("--grep=^{ROLLBACK}:"));
    let reverts = format!("--grep={REVERTS}");
    // No message holds the character that ends an entry.
    let args =
        ["log", "-z", MOST, &format, &batch, &rollback, &reverts, "--end-of-options", tip, "--"];
    let log = line(Whose::Users, repository, &args)?;
    let mut all: Vec<Said> = log.split('\0').filter_map(read).collect();
    let mut looked = 0;
    for said in &mut all {
        let named = std::mem::take(&mut said.reverts);
        for commit in named {
            looked += 1;
            if looked <= LOOKED
                && let Some(brought) = brought(repository, &commit)?
            {
                said.reverts.extend(brought);
            }
            said.reverts.push(commit);
        }
    }
    Ok(all)
}

/// One commit out of the log. `None`: it is none.
fn read(entry: &str) -> Option<Said> {
    let mut parts = entry.splitn(4, '\x1f');
    let (id, seconds) = parts.next()?.trim().split_once(' ')?;
    let (id, seconds) = (Some(id).filter(|id| is_id(id))?.to_owned(), seconds.parse().ok()?);
    let list = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let (batches, rollbacks) = (list(parts.next()?), list(parts.next()?));
    let reverts = parts.next()?.split(REVERTS).skip(1).filter_map(|rest| {
        let id: String = rest.chars().take_while(char::is_ascii_hexdigit).take(64).collect();
        is_id(&id).then_some(id)
    });
    let reverts = reverts.take(REVERTED);
    Some(Said { id, seconds, batches, rollbacks, reverts: reverts.collect() })
}

/// The commits that a merge brought. `None`: it is no merge, or not here.
fn brought(repository: &Path, commit: &str) -> Result<Option<Vec<String>>, Diagnostic> {
    let second = format!("{commit}^2");
    let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &second];
    if !attempt(Whose::Users, repository, &args, &[])?.is_well() {
        return Ok(None);
    }
    let range = format!("{commit}^1..{commit}");
    let args = ["rev-list", MERGED, "--end-of-options", &range, "--"];
    let list = line(Whose::Users, repository, &args)?;
    Ok(Some(list.lines().map(str::to_owned).collect()))
}

/// The commit that took a batch back, where one did and was not reverted itself. Where `tip` is a commit of the batch,
/// it alone counts; else (it was squashed, or rebased) all of the batch's.
pub fn taken_back(all: &[Said], batch: &str, tip: Option<&str>) -> Option<String> {
    let mut undone: BTreeMap<&str, &str> = BTreeMap::new();
    let mut rolled: BTreeMap<&str, &str> = BTreeMap::new();
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut by = None;
    let mut stands = false;
    // The newest first: a commit that is undone undoes nothing.
    for said in all {
        let of_batch = said.batches.iter().any(|name| name == batch);
        let direct = undone.get(&*said.id).copied();
        if of_batch {
            let taken = direct.or_else(|| rolled.get(batch).copied());
            if tip == Some(&*said.id) {
                return taken.map(str::to_owned);
            }
            seen.insert(&said.id);
            match taken {
                Some(commit) => by = by.or(Some(commit)),
                None => stands = true,
            }
        }
        if direct.is_none() {
            for commit in &said.reverts {
                undone.entry(commit).or_insert(&said.id);
            }
            for name in &said.rollbacks {
                rolled.entry(name).or_insert(&said.id);
            }
        }
    }
    by.filter(|_| !stands && !seen.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(id: &str, batch: &str, reverts: &[&str], rollback: &str) -> Said {
        let list = |name: &str| if name.is_empty() { Vec::new() } else { vec![name.to_owned()] };
        Said {
            id: id.to_owned(),
            seconds: 0,
            batches: list(batch),
            rollbacks: list(rollback),
            reverts: reverts.iter().map(|id| (*id).to_owned()).collect(),
        }
    }

    #[test]
    fn a_revert_counts_until_it_is_reverted() {
        let one = commit("1", "b", &[], "");
        let revert = commit("2", "", &["1"], "");
        let again = commit("3", "", &["2"], "");
        let rollback = commit("4", "", &[], "b");
        let newer = commit("5", "b", &[], "");
        let of = |all: &[&Said], tip| {
            let all: Vec<Said> = all.iter().map(|said| (*said).clone()).collect();
            taken_back(&all, "b", tip)
        };
        assert_eq!(of(&[&one], None), None);
        assert_eq!(of(&[&revert, &one], None).as_deref(), Some("2"));
        assert_eq!(of(&[&again, &revert, &one], Some("1")), None);
        assert_eq!(of(&[&rollback, &one], Some("1")).as_deref(), Some("4"));
        // What came after stands, and is told apart by the last commit of its branch.
        assert_eq!(of(&[&newer, &rollback, &one], None), None);
        assert_eq!(of(&[&newer, &rollback, &one], Some("5")), None);
        assert_eq!(of(&[&newer, &rollback, &one], Some("1")).as_deref(), Some("4"));
        assert_eq!(of(&[&revert], None), None);
    }

    #[test]
    fn messages_are_read() {
        let id = "a".repeat(40);
        let text = format!(
            "{id} 7\x1fb, c\x1f\x1fRevert \"x\"\n\nThis reverts commit {id}, reversing\nchanges made to b.\nThis reverts commit 12.\n"
        );
        let said = read(&text).unwrap();
        assert_eq!(said.seconds, 7);
        assert_eq!((said.batches, said.reverts), (vec!["b".to_owned(), "c".to_owned()], vec![id]));
    }
}
