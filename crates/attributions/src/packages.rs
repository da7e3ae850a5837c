//! From a tool's word for a kind of package, and the name in the tool's spelling, to a purl. Each
//! tool has a table of its words in its file.

use trimtab_model::Purl;

/// A line of a tool's table: its word, the purl type, and the namespace that the word implies
/// (`debian` means `pkg:deb/debian/…`).
pub(crate) type Word = (&'static str, &'static str, &'static str);

/// Files that list packages of one kind, for tools that name the file and not the kind.
const FILES: &[Word] = &[
    ("build.gradle", "maven", ""),
    ("build.sbt", "maven", ""),
    ("bun.lock", "npm", ""),
    ("Cargo.lock", "cargo", ""),
    ("composer.lock", "composer", ""),
    ("conan.lock", "conan", ""),
    ("Gemfile.lock", "gem", ""),
    ("go.mod", "golang", ""),
    ("go.sum", "golang", ""),
    ("gradle.lockfile", "maven", ""),
    ("mix.lock", "hex", ""),
    ("package-lock.json", "npm", ""),
    ("packages.lock.json", "nuget", ""),
    ("Pipfile.lock", "pypi", ""),
    ("pnpm-lock.yaml", "npm", ""),
    ("poetry.lock", "pypi", ""),
    ("pom.xml", "maven", ""),
    ("pubspec.lock", "pub", ""),
    ("requirements.txt", "pypi", ""),
    ("uv.lock", "pypi", ""),
    ("yarn.lock", "npm", ""),
];

/// The name of a file that lists packages of one kind, from its path. It determines the kind.
pub(crate) fn file_of(path: &str) -> Option<&str> {
    let name = path.rsplit(['/', '\\']).next()?;
    FILES.iter().any(|(file, ..)| *file == name).then_some(name)
}

/// The line of a word in a tool's table, without regard to case, or that of a file.
pub(crate) fn find(words: &[Word], word: &str) -> Option<Word> {
    words.iter().chain(FILES).copied().find(|(known, ..)| known.eq_ignore_ascii_case(word))
}

/// The purl of a package that a tool names in the spelling of its ecosystem. `None` where the name
/// does not say which package it is, as a Maven artifact without its group.
pub(crate) fn purl(
    (_, purl_type, implied): Word,
    name: &str,
    version: Option<&str>,
    release: Option<&str>,
) -> Option<Purl> {
    let (namespace, name) = parts(purl_type, name)?;
    let namespace = if implied.is_empty() { namespace } else { implied };
    let distro = release.map(|release| format!("{implied}-{release}"));
    let distro = distro.as_deref().filter(|_| !implied.is_empty());
    Purl::build(
        purl_type,
        Some(namespace),
        name,
        version,
        distro.map(|distro| ("distro", distro)),
        None,
    )
    .ok()
}

/// Namespace and name, from the spelling of an ecosystem.
fn parts<'n>(purl_type: &str, name: &'n str) -> Option<(&'n str, &'n str)> {
    let name = name.trim();
    let last = || name.rsplit_once('/').unwrap_or(("", name));
    let parts = match purl_type {
        "maven" => name.split_once(':').or_else(|| name.split_once('/'))?,
        "npm" if name.starts_with('@') => name.split_once('/')?,
        "golang" | "composer" | "github" | "swift" | "hex" | "vscode-extension" | "conda" => last(),
        _ => ("", name),
    };
    let clean =
        |part: &str| !part.contains(char::is_whitespace) && !part.contains(char::is_control);
    let whole = !parts.1.is_empty() && clean(parts.0) && clean(parts.1);
    // `group:artifact:version` and an npm name with a path in it are something else.
    let single = match purl_type {
        "maven" | "pypi" | "gem" | "cargo" | "nuget" | "npm" | "deb" | "apk" | "rpm" => {
            !parts.1.contains(['/', ':'])
        }
        _ => true,
    };
    (whole && single).then_some(parts)
}

/// A distribution and its release, from `debian:12` or `debian 12`.
pub(crate) fn distribution(text: &str) -> (Option<&str>, Option<&str>) {
    match text.rsplit_once([':', ' ']) {
        Some((name, release)) => (Some(name.trim()), Some(release.trim())),
        None => (Some(text), None),
    }
}

/// The versions that a range names as the first good ones: what follows `>=`, `~>`, `^`, `~` and
/// `=`, and versions without an operator.
pub(crate) fn named_in(range: &str) -> impl Iterator<Item = &str> {
    let mut operator = "";
    range.split([',', '|', ' ', '\'']).filter_map(move |word| {
        let version = word.trim_start_matches(['>', '<', '=', '~', '^', '!']);
        let own = word.get(..word.len() - version.len()).unwrap_or_default();
        let before = std::mem::take(&mut operator);
        if version.is_empty() {
            operator = own;
            return None;
        }
        let used = if own.is_empty() { before } else { own };
        let digit = version.bytes().any(|b| b.is_ascii_digit());
        (digit && matches!(used, "" | "=" | "==" | ">=" | "~>" | "^" | "~" | "~="))
            .then_some(version)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_purls_by_the_rules_of_their_type() {
        let of = |purl_type, implied, name| {
            purl(("", purl_type, implied), name, Some("1"), Some("12")).map(|p| p.to_string())
        };
        for (purl_type, implied, name, wanted) in [
            ("npm", "", "@a/b", Some("pkg:npm/%40a/b@1")),
            ("npm", "", "a/b", None),
            ("maven", "", "g.h:a", Some("pkg:maven/g.h/a@1")),
            ("maven", "", "a", None),
            ("maven", "", "g:a:1", None),
            ("pypi", "", "Zope.Interface", Some("pkg:pypi/zope-interface@1")),
            ("golang", "", "gopkg.in/yaml.v2", Some("pkg:golang/gopkg.in/yaml.v2@1")),
            ("composer", "", "Guzzle/http", Some("pkg:composer/guzzle/http@1")),
            ("deb", "debian", "apt", Some("pkg:deb/debian/apt@1?distro=debian-12")),
            ("swift", "", "a", None),
            ("gem", "", "glibc (used in libc6)", None),
            ("gem", "", "", None),
        ] {
            assert_eq!(of(purl_type, implied, name).as_deref(), wanted, "{purl_type} {name}");
        }
    }

    #[test]
    fn the_first_good_versions_of_a_range_are_named() {
        let named = |range| named_in(range).collect::<Vec<_>>();
        assert_eq!(named(">= 2.6.9 < 3.0.0 || >= 3.1.0"), ["2.6.9", "3.1.0"]);
        assert_eq!(named("~> 2.1.3"), ["2.1.3"]);
        assert_eq!(named("'>= 1.16.2'"), ["1.16.2"]);
        assert_eq!(named(">=1.1.0"), ["1.1.0"]);
        assert_eq!(named("1.2, 1.3"), ["1.2", "1.3"]);
        assert_eq!(named("<0.0.0"), Vec::<&str>::new());
        assert_eq!(named("*"), Vec::<&str>::new());
    }
}
