//! When the versions in a changed lockfile were published, as far as the lockfile says so: `uv.lock` has the time of each
//! file of a release.

use std::collections::BTreeMap;

use jiff::Timestamp;
use toml_edit::{DocumentMut, Item, Table, Value};
use trimtab_model::Purl;

use super::change::Change;
use super::sources::{LOCKFILE, packages, text};

/// Of the versions in the lockfiles after some changes, when each was published: the time of its earliest file. Versions
/// whose time the lockfile does not tell are left out, and so is what is from no registry.
pub fn published(changes: &[Change]) -> BTreeMap<Purl, Timestamp> {
    let is_lockfile = |change: &&Change| change.path.rsplit('/').next() == Some(LOCKFILE);
    let texts = changes.iter().filter(is_lockfile).filter_map(|change| change.after.as_deref());
    let mut all = BTreeMap::new();
    for bytes in texts {
        let document = std::str::from_utf8(bytes).ok().and_then(|t| t.parse::<DocumentMut>().ok());
        let Some(document) = document else { continue };
        for package in packages(&document) {
            if let Some((purl, at)) = one(package) {
                all.insert(purl, at);
            }
        }
    }
    all
}

fn one(package: &Table) -> Option<(Purl, Timestamp)> {
    let (name, version) = (text(package, "name"), text(package, "version"));
    package.get("source")?.get("registry")?;
    let at = uploaded(package)?;
    let is_named = !name.is_empty() && !version.is_empty();
    is_named.then(|| (Purl::new("pypi", None, name).with_version(version), at))
}

/// When the earliest file of a package in `uv.lock` was uploaded.
pub(crate) fn uploaded(package: &Table) -> Option<Timestamp> {
    let sdist = package.get("sdist").and_then(Item::as_value);
    let wheels = package.get("wheels").and_then(Item::as_array).into_iter().flatten();
    let time = |file: &Value| {
        file.as_inline_table()?.get("upload-time")?.as_str()?.parse::<Timestamp>().ok()
    };
    sdist.into_iter().chain(wheels).filter_map(time).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_as_old_as_its_earliest_file() {
        let lock = r#"version = 1

[[package]]
name = "here"
version = "0.1.0"
source = { virtual = "." }

[[package]]
name = "Left_Pad"
version = "1.1"
source = { registry = "https://registry.example/simple" }
sdist = { url = "https://registry.example/left_pad-1.1.tar.gz", upload-time = "2026-01-30T10:00:00.5Z" }
wheels = [
    { url = "https://registry.example/left_pad-1.1-py3-none-any.whl", upload-time = "2026-01-29T09:00:00Z" },
    { url = "https://registry.example/left_pad-1.1-py2-none-any.whl" },
]

[[package]]
name = "untold"
version = "2.0"
source = { registry = "https://registry.example/simple" }
wheels = [
    { url = "https://registry.example/untold-2.0-py3-none-any.whl" },
]

[[package]]
name = "cloned"
version = "3.0"
source = { git = "https://registry.example/cloned#1" }
sdist = { url = "https://registry.example/cloned-3.0.tar.gz", upload-time = "2026-01-01T00:00:00Z" }
"#;
        let change = |path: &str, after: Option<&str>| Change {
            path: path.to_owned(),
            before: None,
            after: after.map(|text| text.as_bytes().to_vec()),
        };
        let left: Purl = "pkg:pypi/left-pad@1.1".parse().unwrap();
        let at: Timestamp = "2026-01-29T09:00:00Z".parse().unwrap();
        let told = published(&[change("api/uv.lock", Some(lock)), change("uv.lock", None)]);
        assert_eq!(told, BTreeMap::from([(left, at)]));
        assert!(published(&[change("poetry.lock", Some(lock))]).is_empty());
        assert!(published(&[change("uv.lock", Some("[[package"))]).is_empty());
    }
}
