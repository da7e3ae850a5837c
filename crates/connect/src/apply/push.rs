//! Sending a branch to the user's git host, by git and with the user's own credentials.

use std::path::Path;

use trimtab_model::{Code, Diagnostic};

use super::plumbing::{Whose, attempt, git, line};
use super::publish::{ours, tip};

/// Where a repository is kept: `HOST` and `PATH` of `https://HOST/PATH.git` or `git@HOST:PATH.git`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The host, without user and port, in lower case. Empty: a folder of this machine.
    pub host: String,
    /// The port, where the address names one of HTTP.
    pub port: Option<u16>,
    /// Whether its pages come over plain HTTP.
    pub plain: bool,
    /// The path, without leading slash and `.git`.
    pub path: String,
}

impl Remote {
    /// Reads an address as git takes it.
    pub fn read(address: &str) -> Remote {
        let trimmed = |path: &str| {
            let path = path.trim_matches('/');
            path.strip_suffix(".git").unwrap_or(path).to_owned()
        };
        let here =
            || Remote { host: String::new(), port: None, plain: false, path: trimmed(address) };
        let (host, path, scheme) = match address.split_once("://") {
            Some(("file", _)) => return here(),
            Some((scheme, rest)) => match rest.split_once('/') {
                Some((host, path)) => (host, path, scheme),
                None => (rest, "", scheme),
            },
            None => match address.split_once(':') {
                Some((host, path)) if !host.contains(['/', '\\']) && host.len() > 1 => {
                    (host, path, "ssh")
                }
                _ => return here(),
            },
        };
        let host = host.rsplit('@').next().unwrap_or(host);
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok()),
            None => (host, None),
        };
        let http = matches!(scheme, "http" | "https");
        Remote {
            host: name.to_lowercase(),
            port: port.filter(|_| http),
            plain: scheme == "http",
            path: trimmed(path),
        }
    }
}

/// The address of a remote of the user's repository.
///
/// # Errors
/// There is no such remote.
pub fn remote(repository: &Path, name: &str) -> Result<Remote, Diagnostic> {
    let output =
        attempt(Whose::Users, repository, &["remote", "get-url", "--push", "--", name], &[])?;
    if !output.is_well() {
        return Err(Diagnostic::new(Code::Usage, format!("there is no remote `{name}`"))
            .help("name one with --remote; `git remote` lists them"));
    }
    Ok(Remote::read(String::from_utf8_lossy(&output.stdout).trim()))
}

/// Sends a branch. One that is there already is written over only if all of it is Trimtab's, and if
/// it has not moved meanwhile.
///
/// # Errors
/// The host does not take it, or somebody else worked on the branch.
pub fn push(repository: &Path, remote: &str, branch: &str, base: &str) -> Result<(), Diagnostic> {
    let full = format!("refs/heads/{branch}");
    let Some(tip) = tip(repository, &full)? else {
        return Err(Diagnostic::new(Code::BatchUnknown, format!("there is no branch `{branch}`")));
    };
    let there = line(Whose::Users, repository, &["ls-remote", "--", remote, &full])?;
    let there = there.split_whitespace().next().unwrap_or_default().to_owned();
    if there == tip {
        return Ok(());
    }
    if !there.is_empty() {
        let known = attempt(Whose::Users, repository, &["cat-file", "-e", &there], &[])?;
        if !known.is_well() {
            let message =
                format!("`{branch}` of `{remote}` has a commit that is not in this clone");
            return Err(Diagnostic::new(Code::BranchTaken, message).help(format!(
                "somebody else pushed to it: run `git fetch {remote} {branch}` to see what"
            )));
        }
        ours(repository, branch, "", &there, base)?;
    }
    replace(repository, remote, &full, &there, &full)
}

/// Has a name of the host point to what `source` names here, empty: to nothing, if it is at the commit `there` (empty: it is
/// not there), and at no other.
fn replace(
    repository: &Path,
    remote: &str,
    full: &str,
    there: &str,
    source: &str,
) -> Result<(), Diagnostic> {
    let lease = format!("--force-with-lease={full}:{there}");
    let spec = format!("{source}:{full}");
    let args = ["push", "--quiet", "--no-verify", &lease, "--", remote, &spec];
    git(Whose::Users, repository, &args, &[]).map(|_| ())
}

/// Removes a branch of the host that is at a commit, and at no other. False: it is not there, or somebody moved it, and it
/// stays.
///
/// # Errors
/// The remote does not answer, or does not let it go.
pub fn discard(
    repository: &Path,
    remote: &str,
    branch: &str,
    tip: &str,
) -> Result<bool, Diagnostic> {
    let full = format!("refs/heads/{branch}");
    let there = line(Whose::Users, repository, &["ls-remote", "--", remote, &full])?;
    if tip.is_empty() || there.split_whitespace().next() != Some(tip) {
        return Ok(false);
    }
    replace(repository, remote, &full, tip, "")?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::Remote;

    #[test]
    fn addresses_of_git_are_read() {
        for (address, host, port, path) in [
            ("https://git.example/a/b.git", "git.example", None, "a/b"),
            ("https://me:pw@git.example:8443/a/b/", "git.example", Some(8443), "a/b"),
            ("git@Git.Example:a/b.git", "git.example", None, "a/b"),
            ("ssh://git@git.example:2222/a/b/c.git", "git.example", None, "a/b/c"),
            ("/srv/git/a.git", "", None, "srv/git/a"),
            ("file:///srv/a", "", None, "file:///srv/a"),
            ("../a", "", None, "../a"),
        ] {
            let read = Remote::read(address);
            assert_eq!((&*read.host, read.port, &*read.path), (host, port, path), "{address}");
        }
    }
}
