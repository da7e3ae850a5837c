//! How branches of a remote stand: read without writing anything but objects into the user's repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use trimtab_model::{Code, Diagnostic};

use super::plumbing::{Whose, attempt, git, line};
use super::publish::strange;
use crate::requests::life::Standing;

/// The most branches whose objects are fetched at once.
const MOST: usize = 200;

/// The tips of a remote's branches that are of interest.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heads {
    /// Of the base. `None`: the remote has no such branch.
    pub base: Option<String>,
    /// Of Trimtab's branches, by name.
    pub ours: BTreeMap<String, String>,
}

/// Asks a remote where the base and Trimtab's branches are, and fetches the objects of the base and of the branches
/// that `wanted` picks. No reference changes: not of the user's branches, not of what is known of the remote.
///
/// # Errors
/// The remote does not answer.
pub fn heads(
    repository: &Path,
    remote: &str,
    base: &str,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Heads, Diagnostic> {
    const HEADS: &str = "refs/heads/";
    let full = format!("{HEADS}{base}");
    let pattern = format!("{HEADS}{}*", crate::requests::BRANCHES);
    let told = line(Whose::Users, repository, &["ls-remote", "--", remote, &full, &pattern])?;
    let mut heads = Heads::default();
    for (id, name) in told.lines().filter_map(|line| line.split_once('\t')) {
        match name.strip_prefix(HEADS) {
            Some(name) if name == base => heads.base = Some(id.to_owned()),
            Some(name) if name.starts_with(crate::requests::BRANCHES) => {
                heads.ours.insert(name.to_owned(), id.to_owned());
            }
            _ => {}
        }
    }
    if heads.base.is_none() {
        return Err(Diagnostic::new(Code::Usage, format!("`{remote}` has no branch `{base}`"))
            .help("name the target branch of the requests with --base"));
    }
    let picked = heads.ours.keys().filter(|name| wanted(name)).take(MOST);
    let refs: Vec<String> = picked.map(|name| format!("{HEADS}{name}")).collect();
    let mut args = vec!["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap="];
    args.extend(["--no-auto-maintenance", "--no-recurse-submodules", "--", remote, &full]);
    args.extend(refs.iter().map(String::as_str));
    git(Whose::Users, repository, &args, &[])?;
    Ok(heads)
}

/// How a branch stands to its base. Both are commits that the repository has.
///
/// # Errors
/// Git fails.
pub fn standing(repository: &Path, base: &str, tip: &str) -> Result<Standing, Diagnostic> {
    let whose = Whose::Users;
    let joined = attempt(whose, repository, &["merge-base", base, tip], &[])?;
    if !joined.is_well() {
        let shallow = line(whose, repository, &["rev-parse", "--is-shallow-repository"])?;
        let why = match shallow.trim() {
            "true" => "this clone is shallow: run git fetch --unshallow",
            _ => "its branch shares no history with the base, or was not fetched",
        };
        return Ok(Standing::Unknown(why.to_owned()));
    }
    let joined = String::from_utf8_lossy(&joined.stdout).trim().to_owned();
    if let Some(commit) = strange(repository, tip, base)?.into_iter().next() {
        return Ok(Standing::Others(commit));
    }
    if joined == base {
        return Ok(Standing::UpToDate);
    }
    let changed = |to: &str| -> Result<BTreeSet<Vec<u8>>, Diagnostic> {
        let args = ["diff", "--name-only", "--no-renames", "-z", &joined, to, "--"];
        let list = git(whose, repository, &args, &[])?;
        Ok(list.split(|b| *b == 0).filter(|f| !f.is_empty()).map(<[u8]>::to_vec).collect())
    };
    let touched = !changed(base)?.is_disjoint(&changed(tip)?);
    Ok(Standing::Behind { touched })
}
