//! What single texts of an SBOM say: versions, repositories, our own properties; and by which
//! names and top-level keys a file is told to be one.

use trimtab_model::{Hash, HashAlgorithm, Origin, Purl, Relation, Scope};

use super::sbom::Entry;

/// What stands for "no version" in the wild.
pub(super) fn known(version: &str) -> Option<&str> {
    let version = version.trim();
    let none = version.is_empty()
        || ["unknown", "noassertion", "none", "n/a"]
            .iter()
            .any(|w| version.eq_ignore_ascii_case(w));
    (!none).then_some(version)
}

/// Whether what stands in the place of a version is a range. Generators that read manifests
/// without lockfiles write those (`^1.2`, `>= 1, < 2`, `[1.0,2.0)`).
pub(super) fn is_range(version: &str) -> bool {
    match version.as_bytes() {
        [b'^' | b'~' | b'<' | b'>' | b'=' | b'!' | b'*', ..] => true,
        [b'[' | b'(', ..] => version.contains(','),
        _ => version.contains("||") || version.contains(", "),
    }
}

/// Older generators write Alpine packages as `pkg:alpine/name`.
pub(super) fn standard(purl: Purl) -> Purl {
    if purl.purl_type() != "alpine" || purl.namespace().is_some() {
        return purl;
    }
    let qualifiers: Vec<(&str, &str)> = purl.qualifiers().collect();
    Purl::build("apk", Some("alpine"), purl.name(), purl.version(), qualifiers, purl.subpath())
        .unwrap_or(purl)
}

/// Where a purl's own qualifiers say that a package comes from. Generators write `vcs_url` on
/// language packages that were installed from a repository instead of the registry.
pub(super) fn origin_of(purl: &Purl) -> Origin {
    let language = matches!(
        purl.purl_type(),
        "npm" | "pypi" | "cargo" | "gem" | "composer" | "pub" | "hex" | "golang"
    );
    if let Some(url) = purl.qualifier("vcs_url").filter(|_| language) {
        return git(url);
    }
    match purl.qualifier("download_url") {
        Some(url) if url.starts_with("file:") => Origin::Path(url.into()),
        _ => purl
            .qualifier("repository_url")
            .map_or(Origin::Unstated, |u| Origin::Registry(u.into())),
    }
}

/// A repository with the commit that its URL pins (`git+https://host/repo@commit`, `…#commit`).
fn git(url: &str) -> Origin {
    let (base, commit) = match url.rsplit_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => match url.rsplit_once('@') {
            // The `@` of `git+ssh://git@host/…` is no pin.
            Some((base, pin)) if !pin.contains(['/', ':']) => (base, Some(pin)),
            _ => (url, None),
        },
    };
    Origin::Git { url: base.into(), commit: commit.filter(|c| !c.is_empty()).map(Into::into) }
}

/// Where a distribution reference points. Some generators write a package's home repository
/// there, so that a repository's URL does not mean that the package was taken from it.
pub(super) fn distribution(url: &str) -> Origin {
    if url.starts_with("file:") || url.starts_with('.') {
        Origin::Path(url.into())
    } else {
        Origin::Registry(url.into())
    }
}

/// Takes over what one of our own properties says. Our writers put there what a format has no
/// place for; other names are left alone.
pub(super) fn property<'d>(entry: &mut Entry<'d>, name: &str, value: &'d str) {
    match name {
        "trimtab:relation" => {
            entry.relation = Some(match value {
                "own" => Relation::Own,
                "direct" => Relation::Direct,
                "transitive" => Relation::Transitive,
                _ => Relation::Unknown,
            });
            entry.own |= value == "own";
        }
        "trimtab:scope" => {
            entry.scope_is_stated = true;
            entry.scope = match value {
                "test" => Scope::Test,
                "development" => Scope::Development,
                "build" => Scope::Build,
                "optional" => Scope::Optional,
                "runtime" => Scope::Runtime,
                _ => Scope::Unknown,
            };
        }
        "trimtab:member" => entry.member = Some(value),
        "trimtab:group" => entry.groups.push(value.into()),
        "trimtab:requirement" => entry.requirement = Some(value),
        "trimtab:licence" => entry.licence = Some(value.into()),
        "trimtab:hash" => {
            let hash = value.split_once(':').and_then(|(name, hex)| {
                let algorithm = match name {
                    "h1" => HashAlgorithm::GoH1,
                    "SHA-224" => HashAlgorithm::Sha224,
                    _ => return super::cyclonedx::hash(name, hex),
                };
                Hash::from_hex(algorithm, hex)
            });
            entry.hashes.extend(hash);
        }
        "trimtab:cpe" => entry.cpe = Some(value),
        "trimtab:origin" => entry.origin = stated_origin(value),
        _ => {}
    }
}

/// The origin in our own property: `git <url> <commit>`, `url <url>`, `path <path>`.
fn stated_origin(value: &str) -> Option<Origin> {
    let (kind, place) = value.split_once(' ')?;
    match kind {
        "registry" => Some(Origin::Registry(place.into())),
        "git" => {
            let (url, commit) = place.split_once(' ').unwrap_or((place, ""));
            let commit = (!commit.is_empty()).then(|| commit.into());
            Some(Origin::Git { url: url.into(), commit })
        }
        "url" => Some(Origin::Url(place.into())),
        "path" => Some(Origin::Path(place.into())),
        _ => None,
    }
}

/// Text for a message: the first hundred characters.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(100).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The text of a top-level key of a JSON object, or an empty text where its value is no text;
/// `None` if there is no such key. Looks at the whole text, nests nothing and needs no tree: made
/// for telling formats apart, also where the file is cut off.
pub(super) fn top_level<'b>(bytes: &'b [u8], key: &str) -> Option<&'b [u8]> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let start = bytes.iter().position(|b| !b.is_ascii_whitespace())?;
    if bytes.get(start) != Some(&b'{') {
        return None;
    }
    let (mut at, mut depth, mut is_key, mut found) = (start + 1, 1usize, true, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                let end = string_end(bytes, at + 1)?;
                let text = bytes.get(at + 1..end)?;
                if depth == 1 && is_key {
                    found = text == key.as_bytes();
                } else if depth == 1 && found {
                    return Some(text);
                }
                at = end;
            }
            b':' if depth == 1 => is_key = false,
            b',' if depth == 1 => is_key = true,
            b'{' | b'[' if found => return Some(b""),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.checked_sub(1).filter(|d| *d > 0)?;
            }
            b if found && !is_key && !b.is_ascii_whitespace() => return Some(b""),
            _ => {}
        }
        at += 1;
    }
    None
}

fn string_end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Whether a file's name, in lower case, is one of `names` or ends with one of `endings`.
pub(super) fn named(path: &str, names: &[&str], endings: &[&str]) -> bool {
    let name = crate::view::file_name(path);
    if name.len() > 255 {
        return false;
    }
    let name = name.to_ascii_lowercase();
    names.contains(&name.as_str())
        || endings.iter().any(|e| name.len() > e.len() && name.ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_level_keys_are_found_without_a_tree() {
        let json = br#"{ "a": {"spdxVersion": "no"}, "b": ["x", "spdxVersion"], "spdxVersion": "SPDX-2.3", "c": 1 }"#;
        assert_eq!(top_level(json, "spdxVersion"), Some(&b"SPDX-2.3"[..]));
        assert_eq!(top_level(json, "a"), Some(&b""[..]));
        assert_eq!(top_level(json, "c"), Some(&b""[..]));
        assert_eq!(top_level(json, "d"), None);
        assert_eq!(
            top_level(br#"{"a": "x\"", "bomFormat": "CycloneDX", "comp"#, "bomFormat"),
            Some(&b"CycloneDX"[..])
        );
        assert_eq!(top_level(b"[1]", "a"), None);
        assert_eq!(top_level(b"{\"a\\", "a"), None);
    }

    #[test]
    fn repositories_and_their_commits_are_told_apart() {
        let of = |url: &str| match git(url) {
            Origin::Git { url, commit } => (url.to_string(), commit.map(|c| c.to_string())),
            other => panic!("{other:?}"),
        };
        assert_eq!(of("git+https://h/r@abc"), ("git+https://h/r".into(), Some("abc".into())));
        assert_eq!(
            of("git+ssh://git@h/r.git#abc"),
            ("git+ssh://git@h/r.git".into(), Some("abc".into()))
        );
        assert_eq!(of("git+ssh://git@h/r.git"), ("git+ssh://git@h/r.git".into(), None));
    }
}
