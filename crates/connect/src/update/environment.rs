//! What a package manager sees of the environment: what finds programs and the network, what
//! configures the tool itself, and what the caller lets through. Nothing of Trimtab's, and no
//! credential that happens to stand there.

use std::ffi::OsString;

/// Variables that every program sees.
const EVERY: &[&str] = &[
    "PATH",
    "HOME",
    "USERPROFILE",
    "USER",
    "LOGNAME",
    "LANG",
    "TMPDIR",
    "TEMP",
    "TMP",
    "SystemRoot",
    "SYSTEMROOT",
    "ComSpec",
    "COMSPEC",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "ProgramData",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "JAVA_HOME",
];

/// Of all variables, those that a tool sees: by the beginnings of the names of its own, and by the
/// full names of others.
pub(crate) fn seen(
    all: impl Iterator<Item = (OsString, OsString)>,
    own: &[&str],
    others: &[String],
) -> Vec<(OsString, OsString)> {
    all.filter(|(name, _)| {
        name.to_str().is_some_and(|name| {
            !name.starts_with("TRIMTAB")
                && (EVERY.contains(&name)
                    || name.starts_with("LC_")
                    || own.iter().any(|begin| name.starts_with(begin))
                    || others.iter().any(|other| other == name))
        })
    })
    .collect()
}

/// Values that must not be told: of variables whose name speaks of a secret.
pub(crate) fn secrets(seen: &[(OsString, OsString)]) -> Vec<String> {
    const WORDS: &[&str] = &["TOKEN", "PASS", "SECRET", "AUTH", "KEY", "CREDENTIAL"];
    seen.iter()
        .filter(|(name, _)| {
            let name = name.to_string_lossy().to_uppercase();
            WORDS.iter().any(|word| name.contains(word))
        })
        .filter_map(|(_, value)| value.to_str().map(str::to_owned))
        .filter(|value| value.len() >= 4)
        .collect()
}

/// A text without those values, and without what stands before `@` in an address.
pub(crate) fn without(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret, "[hidden]");
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ')' | '>' | '?'))
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority.rfind('@') {
            Some(user) => {
                out.push_str("[hidden]");
                out.push_str(authority.get(user..).unwrap_or_default());
            }
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_seen() {
        let all = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("npm_config_x", "1"),
            ("TRIMTAB_TOKEN", "s"),
            ("GITHUB_TOKEN", "s"),
            ("NPM_TOKEN", "s3cr3t"),
        ];
        let all = all.iter().map(|(n, v)| (OsString::from(n), OsString::from(v)));
        let others = ["NPM_TOKEN".to_owned(), "TRIMTAB_TOKEN".to_owned()];
        let seen = seen(all, &["npm_config_"], &others);
        let names: Vec<_> = seen.iter().map(|(n, _)| n.to_string_lossy()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "npm_config_x", "NPM_TOKEN"]);
        assert_eq!(secrets(&seen), ["s3cr3t"]);
    }

    #[test]
    fn words_are_told_without_secrets() {
        let hidden = ["s3cr3t".to_owned()];
        assert_eq!(
            without("GET https://me:pw@registry.example/a?x s3cr3t b@c", &hidden),
            "GET https://[hidden]@registry.example/a?x [hidden] b@c"
        );
        assert_eq!(without("https://a b://c@d", &[]), "https://a b://[hidden]@d");
    }
}
