//! Addresses of repositories and archives, as lockfiles state them.

use std::borrow::Cow;

use trimtab_model::Origin;

/// A URL without the user and password that it may carry: they must not end up in an SBOM.
pub(super) fn without_credentials(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else { return Cow::Borrowed(url) };
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority);
    match authority.rsplit_once('@') {
        // The user `git` of an SSH address is part of the address.
        Some((user, _)) if scheme.ends_with("ssh") && !user.contains(':') => Cow::Borrowed(url),
        Some((_, host)) => Cow::Owned(format!("{scheme}://{host}{path}")),
        None => Cow::Borrowed(url),
    }
}

/// Whether a reference is a commit: a tag or branch may move.
pub(super) fn is_commit(reference: &str) -> bool {
    (7..=64).contains(&reference.len()) && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The origin of a repository with a reference, which counts only if it is a commit.
pub(super) fn git(url: &str, reference: Option<&str>) -> Origin {
    let commit = reference.filter(|r| is_commit(r)).map(Into::into);
    Origin::Git { url: without_credentials(url).into(), commit }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out() {
        for (url, clean) in [
            ("https://user:secret@x.example/a?b@c", "https://x.example/a?b@c"),
            ("https://token@x.example", "https://x.example"),
            ("ssh://git@x.example/a.git", "ssh://git@x.example/a.git"),
            ("ssh://git:secret@x.example/a", "ssh://x.example/a"),
            ("https://x.example/@scope/a", "https://x.example/@scope/a"),
            ("git@x.example:a.git", "git@x.example:a.git"),
        ] {
            assert_eq!(without_credentials(url), clean);
        }
    }

    #[test]
    fn only_a_commit_pins_a_repository() {
        let commit = |reference| match git("https://x.example/a", Some(reference)) {
            Origin::Git { commit, .. } => commit,
            _ => None,
        };
        assert_eq!(commit("0123abc").as_deref(), Some("0123abc"));
        assert_eq!(commit("v1.2.3"), None);
        assert_eq!(commit("fed"), None);
    }
}
