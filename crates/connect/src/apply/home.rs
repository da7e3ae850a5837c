//! A home for tests: empty, but for links to what package managers have fetched and to the
//! toolchains. No credential that stands in the user's home is in it.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Caches and toolchains below a home, with the variable that names another place for the first part.
const LINKED: &[(&str, Option<(&str, &str)>)] = &[
    (".cargo/registry", Some(("CARGO_HOME", "registry"))),
    (".cargo/git", Some(("CARGO_HOME", "git"))),
    (".cargo/bin", Some(("CARGO_HOME", "bin"))),
    (".rustup", Some(("RUSTUP_HOME", ""))),
    ("go/pkg/mod", Some(("GOMODCACHE", ""))),
    (".cache/go-build", Some(("GOCACHE", ""))),
    (".m2/repository", None),
    (".m2/wrapper", None),
    (".gradle/caches", None),
    (".gradle/wrapper", None),
    (".cache/uv", Some(("UV_CACHE_DIR", ""))),
    (".local/share/uv", None),
    (".local/bin", None),
    (".cache/pypoetry", None),
    (".cache/node", None),
    (".pyenv", Some(("PYENV_ROOT", ""))),
    (".nvm", Some(("NVM_DIR", ""))),
    (".sdkman/candidates", None),
    (".asdf", None),
    (".local/share/mise", None),
    (".gem", None),
];

/// Files that cargo and others read, of which the parts that could hold a secret are taken out.
const TOLD: &[(&str, Option<(&str, &str)>)] =
    &[(".cargo/config.toml", Some(("CARGO_HOME", "config.toml")))];

/// Fills a folder as a home. What the user's home has not is left out.
pub(crate) fn fill(home: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> io::Result<()> {
    let users = variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from);
    let source = |below: &str, named: &Option<(&str, &str)>| -> Option<PathBuf> {
        let elsewhere = named.and_then(|(name, rest)| {
            let folder = variable(name).filter(|value| !value.is_empty())?;
            Some(if rest.is_empty() { folder.into() } else { Path::new(&folder).join(rest) })
        });
        elsewhere.or_else(|| Some(users.as_ref()?.join(below)))
    };
    for (below, named) in LINKED {
        let Some(from) = source(below, named).filter(|path| path.is_dir()) else { continue };
        let to = home.join(below);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        #[cfg(unix)]
        let made = std::os::unix::fs::symlink(&from, &to);
        #[cfg(windows)]
        let made = std::os::windows::fs::symlink_dir(&from, &to);
        match made {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    for (below, named) in TOLD {
        let Some(text) = source(below, named).and_then(|path| fs::read_to_string(path).ok()) else {
            continue;
        };
        let to = home.join(below);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&to, without_tokens(&text))?;
    }
    Ok(())
}

/// A configuration without what it says about credentials. What is not TOML is empty.
fn without_tokens(text: &str) -> String {
    fn clean(table: &mut dyn toml_edit::TableLike) {
        let secret = |key: &str| {
            let key = key.to_lowercase();
            ["token", "secret", "password", "credential"].iter().any(|word| key.contains(word))
        };
        let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
        for key in keys {
            if secret(&key) {
                table.remove(&key);
            } else if let Some(inner) =
                table.get_mut(&key).and_then(toml_edit::Item::as_table_like_mut)
            {
                clean(inner);
            }
        }
    }
    let Ok(mut document) = text.parse::<toml_edit::DocumentMut>() else { return String::new() };
    document.remove("env");
    clean(document.as_table_mut());
    document.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_has_caches_and_no_credentials() {
        let (users, home) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [".cargo/registry", ".ssh", "elsewhere"] {
            fs::create_dir_all(users.path().join(folder)).unwrap();
        }
        fs::write(users.path().join(".npmrc"), "//registry.example/:_authToken=s3cr3t").unwrap();
        let config = "[registries.a]\nindex = \"x\"\ntoken = \"s3cr3t\"\n[env]\nA = \"s3cr3t\"\n";
        fs::write(users.path().join(".cargo/config.toml"), config).unwrap();
        let elsewhere = users.path().join("elsewhere");
        let variable = |name: &str| match name {
            "HOME" => Some(users.path().into()),
            "GOMODCACHE" => Some(elsewhere.clone().into()),
            _ => None,
        };
        fill(home.path(), &variable).unwrap();
        assert!(home.path().join(".cargo/registry").is_symlink());
        assert_eq!(fs::read_link(home.path().join("go/pkg/mod")).unwrap(), elsewhere);
        assert!(!home.path().join(".ssh").exists() && !home.path().join(".npmrc").exists());
        let told = fs::read_to_string(home.path().join(".cargo/config.toml")).unwrap();
        assert_eq!(told, "[registries.a]\nindex = \"x\"\n");
        fill(home.path(), &variable).unwrap();
    }
}
