//! Which host keeps a repository, at which address, with which token.

use super::api::{Api, Login};
use super::azure::Azure;
use super::bitbucket::Bitbucket;
use super::gitea::Gitea;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::{Host, HostError};
use crate::apply::Remote;
use crate::http::Patience;
use crate::retry::Clock;
use crate::url::Url;

/// Which software a host runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea or Forgejo.
    Gitea,
    /// Azure DevOps.
    Azure,
    /// Bitbucket Cloud.
    Bitbucket,
}

/// What is known of a kind of host: its word, the hosts of that name or below it that are known to
/// be one, the API's address of these, and where tokens stand in the environment.
type Line =
    (Kind, &'static str, &'static [&'static str], Option<&'static str>, &'static [&'static str]);

/// Every kind.
pub const KINDS: &[Line] = &[
    (
        Kind::GitHub,
        "github",
        &["github.com"],
        Some("https://api.github.com"),
        &["TRIMTAB_HOST_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
    ),
    (Kind::GitLab, "gitlab", &["gitlab.com"], None, &["TRIMTAB_HOST_TOKEN", "GITLAB_TOKEN"]),
    (
        Kind::Gitea,
        "gitea",
        &["codeberg.org", "gitea.com"],
        None,
        &["TRIMTAB_HOST_TOKEN", "GITEA_TOKEN", "FORGEJO_TOKEN"],
    ),
    (
        Kind::Azure,
        "azure",
        &["dev.azure.com", "visualstudio.com"],
        None,
        &["TRIMTAB_HOST_TOKEN", "AZURE_DEVOPS_EXT_PAT", "SYSTEM_ACCESSTOKEN"],
    ),
    (
        Kind::Bitbucket,
        "bitbucket",
        &["bitbucket.org"],
        Some("https://api.bitbucket.org/2.0"),
        &["TRIMTAB_HOST_TOKEN", "BITBUCKET_TOKEN"],
    ),
];

impl Kind {
    fn line(self) -> &'static Line {
        // Every kind has its line: a test sees to it.
        KINDS.iter().find(|line| line.0 == self).unwrap_or(&KINDS[0])
    }

    /// The word used in all output.
    pub fn as_str(self) -> &'static str {
        self.line().1
    }

    /// Reads the word. `None` if it is not one.
    pub fn from_word(word: &str) -> Option<Kind> {
        KINDS.iter().find(|line| line.1 == word).map(|line| line.0)
    }

    /// The kind of a host that is known by its name.
    pub fn of(host: &str) -> Option<Kind> {
        let known = |name: &&str| host == *name || host.ends_with(&format!(".{name}"));
        KINDS.iter().find(|line| line.2.iter().any(known)).map(|line| line.0)
    }
}

/// A repository on a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Which software.
    pub kind: Kind,
    /// Where its API is. `None`: where that kind of host has it.
    pub api: Option<Url>,
    /// Where git has the repository.
    pub remote: Remote,
}

/// Connects to the host of a repository. `variable`: the environment, for the token.
///
/// # Errors
/// There is no token, the address does not fit the kind of host, or a token is not sent there.
pub fn connect<'c>(
    place: &Place,
    variable: &dyn Fn(&str) -> Option<String>,
    patience: Patience,
    clock: &'c dyn Clock,
) -> Result<Box<dyn Host + 'c>, HostError> {
    let (kind, word, _, public, variables) = place.kind.line();
    let token = variables.iter().find_map(|name| variable(name).filter(|v| !v.trim().is_empty()));
    let token = token.map(|token| token.trim().to_owned()).ok_or_else(|| {
        HostError::Denied(format!(
            "there is none: set {} to one for {word}",
            variables.join(" or ")
        ))
    })?;
    let remote = &place.remote;
    let parts: Vec<&str> = remote.path.split('/').filter(|part| !part.is_empty()).collect();
    let unlike = || HostError::Refused(format!("`{}` is not a repository of {word}", remote.path));
    let two = || match parts.as_slice() {
        [owner, name] => Ok(((*owner).to_owned(), (*name).to_owned())),
        _ => Err(unlike()),
    };
    let scheme = if remote.plain { "http" } else { "https" };
    let port = remote.port.map_or(String::new(), |port| format!(":{port}"));
    let site = format!("{scheme}://{}{port}", remote.host);
    let address = |usual: String| -> Result<Url, HostError> {
        if let Some(api) = &place.api {
            return Ok(api.clone());
        }
        let is_public = Kind::of(&remote.host).is_some();
        let text = public.filter(|_| is_public).map_or(usual, str::to_owned);
        text.parse().map_err(|_| HostError::Refused(format!("`{text}` is not an address")))
    };
    let api = |address: Url, login: Login, headers: &[(&'static str, &str)]| {
        Api::new(address, &login, headers, patience, clock)
    };
    Ok(match kind {
        Kind::GitHub => {
            let (owner, name) = two()?;
            let headers =
                [("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28")];
            let api = api(address(format!("{site}/api/v3"))?, Login::Bearer(token), &headers)?;
            Box::new(GitHub { api, owner, name })
        }
        Kind::GitLab => {
            if parts.len() < 2 {
                return Err(unlike());
            }
            let api = api(address(format!("{site}/api/v4"))?, Login::Private(token), &[])?;
            Box::new(GitLab { api, project: parts.join("/") })
        }
        Kind::Gitea => {
            let (owner, name) = two()?;
            let api = api(address(format!("{site}/api/v1"))?, Login::Token(token), &[])?;
            Box::new(Gitea { api, owner, name })
        }
        Kind::Azure => {
            // `ORGANISATION/PROJECT/_git/NAME`, or by SSH `v3/ORGANISATION/PROJECT/NAME`.
            let (above, name) = match parts.as_slice() {
                ["v3", organisation, project, name] => {
                    (format!("https://dev.azure.com/{organisation}/{project}"), *name)
                }
                [above @ .., "_git", name] => (format!("{site}/{}", above.join("/")), *name),
                _ => return Err(unlike()),
            };
            let pages = format!("{above}/_git/{name}");
            // A name is nothing; the token is the password.
            let api = api(address(above)?, Login::Basic(String::new(), token), &[])?;
            let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy().into_owned();
            Box::new(Azure { api, name, pages })
        }
        Kind::Bitbucket => {
            let (workspace, name) = two()?;
            let login = match token.split_once(':') {
                // A person's token goes with the address of their mail.
                Some((person, word)) => Login::Basic(person.to_owned(), word.to_owned()),
                None => Login::Bearer(token),
            };
            let api = api(address(format!("{site}/2.0"))?, login, &[])?;
            Box::new(Bitbucket { api, workspace, name })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_known_by_name_or_told() {
        for (host, kind) in [
            ("github.com", Some(Kind::GitHub)),
            ("ssh.dev.azure.com", Some(Kind::Azure)),
            ("me.visualstudio.com", Some(Kind::Azure)),
            ("evilgithub.com", None),
            ("git.example", None),
        ] {
            assert_eq!(Kind::of(host), kind, "{host}");
        }
        for (kind, word, ..) in KINDS {
            assert_eq!((Kind::from_word(word), kind.as_str()), (Some(*kind), *word));
        }
    }
}
