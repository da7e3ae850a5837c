//! A home for tests: empty, but for links to what package managers have fetched and to the
//! toolchains. No credential that stands in the user's home is in it. And what of the user's home is
//! seen by its path, where the system lets the rest be hidden.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::walls::How;

/// Caches that tests of tools write to.
const CACHES: &[&str] = &[
    ".cargo/registry",
    ".cargo/git",
    "go/pkg/mod",
    ".cache/go-build",
    ".m2/repository",
    ".m2/wrapper",
    ".gradle/caches",
    ".gradle/wrapper",
    ".cache/uv",
    ".cache/pypoetry",
    ".cache/node",
];

/// Toolchains below a home that programs in `PATH` lead to, besides those that are linked.
const SEEN: &[&str] = &[
    ".local/lib",
    ".local/pipx",
    ".local/share/pipx",
    ".local/share/pnpm",
    ".local/share/fnm",
    ".local/share/pypoetry",
    ".local/share/virtualenvs",
    ".cache/pip",
    ".volta",
    ".bun",
    ".deno",
    ".jdks",
    ".rbenv",
    ".rvm",
    ".phpenv",
    ".dotnet",
    ".nuget/packages",
    ".composer/vendor",
    ".config/composer/vendor",
];

/// Variables that name folders of toolchains.
const NAMED: &[&str] = &["JAVA_HOME", "GOROOT", "GOPATH", "VOLTA_HOME", "PNPM_HOME"];

/// Parts of an installation that programs of its `bin` need.
const BESIDE_BIN: &[&str] = &["lib", "lib64", "libexec", "include", "share"];

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
    (".local/share/uv/python", None),
    (".local/share/uv/tools", None),
    (".local/bin", None),
    (".cache/pypoetry", None),
    (".cache/node", None),
    (".pyenv", Some(("PYENV_ROOT", ""))),
    (".nvm", Some(("NVM_DIR", ""))),
    (".sdkman/candidates", None),
    (".asdf", None),
    (".local/share/mise", None),
    (".gem/ruby", None),
];

/// Doors to what runs containers, and with that as another user.
const CONTAINERS: &[&str] = &[
    "/run/docker.sock",
    "/run/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
];

/// Files that cargo and others read, of which the parts that could hold a secret are taken out.
const TOLD: &[(&str, Option<(&str, &str)>)] =
    &[(".cargo/config.toml", Some(("CARGO_HOME", "config.toml")))];

/// What becomes of what is written to caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caches {
    /// It goes with the copy; the caches are as they were.
    Kept,
    /// It is in the caches: the system lays nothing over them.
    Written,
}

/// What of a home is seen.
pub(crate) struct Shown<'a> {
    pub(crate) home: &'a Path,
    pub(crate) caches: Caches,
    /// Objects of git that the copy borrows.
    pub(crate) objects: &'a [PathBuf],
    /// What the project's settings name.
    pub(crate) folders: &'a [PathBuf],
}

/// The user's home.
pub(crate) fn users(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let home = variable("HOME").or_else(|| variable("USERPROFILE")).map(PathBuf::from)?;
    home.is_absolute().then_some(home)
}

/// Where one of the linked folders is.
fn source(
    home: Option<&Path>,
    below: &str,
    named: Option<(&str, &str)>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let elsewhere = named.and_then(|(name, rest)| {
        let folder = variable(name).filter(|value| !value.is_empty())?;
        Some(if rest.is_empty() { folder.into() } else { Path::new(&folder).join(rest) })
    });
    elsewhere.or_else(|| Some(home?.join(below)))
}

impl Shown<'_> {
    /// The folders that are seen, and how; what lies outside of the home is seen anyway.
    pub(crate) fn parts(
        &self,
        variable: &dyn Fn(&str) -> Option<OsString>,
        network: bool,
    ) -> Vec<(How, PathBuf)> {
        let mut all = Vec::new();
        for (below, named) in LINKED {
            let how = match (CACHES.contains(below), self.caches) {
                (true, Caches::Kept) => How::Cache,
                (true, Caches::Written) => How::Write,
                (false, _) => How::Read,
            };
            all.extend(source(Some(self.home), below, *named, variable).map(|path| (how, path)));
        }
        let mut read: Vec<PathBuf> = SEEN.iter().map(|below| self.home.join(below)).collect();
        read.extend(NAMED.iter().filter_map(|name| variable(name)).map(PathBuf::from));
        let path = variable("PATH").unwrap_or_default();
        for folder in std::env::split_paths(&path).filter(|folder| folder.is_absolute()) {
            // An installation of its own, as `~/opt/node/bin`; not `~/bin` or `~/.local/bin`.
            let prefix = folder.parent().filter(|prefix| {
                let depth = prefix.strip_prefix(self.home).map_or(0, |p| p.iter().count());
                let is_bin = folder.file_name().is_some_and(|name| name == "bin");
                is_bin && depth > 0 && !prefix.ends_with(".local")
            });
            read.extend(BESIDE_BIN.iter().filter_map(|part| Some(prefix?.join(part))));
            read.push(folder);
        }
        read.extend(self.objects.iter().cloned());
        read.extend(self.folders.iter().map(|folder| match folder.strip_prefix("~") {
            Ok(below) => self.home.join(below),
            Err(_) => folder.clone(),
        }));
        all.extend(read.into_iter().map(|path| (How::Read, path)));
        all.retain(|(_, path)| path.is_dir());
        // Doors to others that act for the user. With network, tests may need some of them.
        let agent = variable("SSH_AUTH_SOCK").map(PathBuf::from);
        let mut doors: Vec<PathBuf> = agent.iter().cloned().collect();
        if !network {
            doors.extend(CONTAINERS.iter().map(PathBuf::from));
        }
        // What holds others comes last.
        doors.extend(variable("XDG_RUNTIME_DIR").map(PathBuf::from));
        #[cfg(unix)]
        doors.push(format!("/run/user/{}", rustix::process::getuid().as_raw()).into());
        let is_door = |path: &PathBuf| path.is_absolute() && path.starts_with("/run");
        doors.retain(|path| path.exists() && (is_door(path) || agent.as_ref() == Some(path)));
        doors.dedup();
        all.extend(doors.into_iter().map(|path| (How::Mask, path)));
        all
    }
}

/// Fills a folder as a home. What the user's home has not is left out.
pub(crate) fn fill(
    home: &Path,
    users: Option<&Path>,
    variable: &dyn Fn(&str) -> Option<OsString>,
) -> io::Result<()> {
    let source = |below: &str, named: &Option<(&str, &str)>| source(users, below, *named, variable);
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
        let uv = ".local/share/uv";
        for folder in
            [".cargo/registry", ".ssh", "elsewhere", ".gem/ruby", ".local/share/uv/credentials"]
        {
            fs::create_dir_all(users.path().join(folder)).unwrap();
        }
        fs::write(users.path().join(".npmrc"), "//registry.example/:_authToken=s3cr3t").unwrap();
        let config = "[registries.a]\nindex = \"x\"\ntoken = \"s3cr3t\"\n[env]\nA = \"s3cr3t\"\n";
        fs::write(users.path().join(".cargo/config.toml"), config).unwrap();
        let elsewhere = users.path().join("elsewhere");
        let variable = |name: &str| match name {
            "GOMODCACHE" => Some(elsewhere.clone().into()),
            _ => None,
        };
        fill(home.path(), Some(users.path()), &variable).unwrap();
        assert!(home.path().join(".cargo/registry").is_symlink());
        assert_eq!(fs::read_link(home.path().join("go/pkg/mod")).unwrap(), elsewhere);
        assert!(!home.path().join(".ssh").exists() && !home.path().join(".npmrc").exists());
        assert!(home.path().join(".gem/ruby").is_symlink() && !home.path().join(uv).exists());
        assert!(!home.path().join(".gem").is_symlink());
        let told = fs::read_to_string(home.path().join(".cargo/config.toml")).unwrap();
        assert_eq!(told, "[registries.a]\nindex = \"x\"\n");
        fill(home.path(), Some(users.path()), &variable).unwrap();
    }

    #[test]
    fn what_is_seen_of_a_home_holds_no_credentials() {
        let home = tempfile::tempdir().unwrap();
        for below in [
            ".cargo/registry",
            ".cargo/bin",
            ".ssh",
            ".aws",
            ".local/bin",
            ".local/share/keyrings",
            ".local/share/uv/credentials",
            ".local/share/uv/python",
            ".gem/ruby",
            "bin",
            "opt/node/bin",
            "opt/node/lib",
            "opt/node/etc",
            "notes",
            "project/.git/objects",
        ] {
            fs::create_dir_all(home.path().join(below)).unwrap();
        }
        let path = [".cargo/bin", ".local/bin", "bin", "opt/node/bin"].map(|p| home.path().join(p));
        let path = std::env::join_paths(&path).unwrap();
        let variable = |name: &str| (name == "PATH").then(|| path.clone());
        let objects = [home.path().join("project/.git/objects")];
        let notes = [PathBuf::from("~/notes")];
        let shown =
            Shown { home: home.path(), caches: Caches::Kept, objects: &objects, folders: &notes };
        let parts = shown.parts(&variable, false);
        let below = parts.iter().filter(|(how, _)| *how != How::Mask).map(|(how, path)| {
            (path.strip_prefix(home.path()).unwrap().to_str().unwrap().to_owned(), *how)
        });
        let told: std::collections::BTreeMap<_, _> = below.collect();
        let read = [
            ".cargo/bin",
            ".gem/ruby",
            ".local/bin",
            ".local/share/uv/python",
            "bin",
            "notes",
            "opt/node/bin",
            "opt/node/lib",
            "project/.git/objects",
        ];
        let mut expected: std::collections::BTreeMap<String, How> =
            read.map(|path| (path.to_owned(), How::Read)).into();
        expected.insert(".cargo/registry".to_owned(), How::Cache);
        assert_eq!(told, expected);
    }
}
