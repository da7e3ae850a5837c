//! Whether source files name a package: a plain search for its name in the source and settings of the folder, within
//! bounds. What is loaded by a computed name, by another name or by the custom of a tool is not seen, so that its
//! answer is weak evidence and told as such.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use trimtab_model::{Purl, Scope};

use super::loads::{OTHERWISE, loads};

/// The most files and bytes that are read, the largest file, and how deep folders go.
const FILES: usize = 20_000;
const BYTES: u64 = 256 << 20;
const LARGEST: u64 = 4 << 20;
const DEEPEST: usize = 40;
/// Folders of what others wrote or what was built.
const NOT_OURS: &[&str] = &["node_modules", "bower_components", "vendor", "target", ".git"];

/// What is looked at to tell text from what is none.
const HEAD: u64 = 8 << 10;
/// How many characters of a document are its beginning.
const BEGIN: usize = 400;
/// What our own documents and bills of material have there: that they list a package is no use of it.
const LISTS: [&str; 3] = ["\"trimtab-", "\"bomFormat\"", "\"spdxVersion\""];

/// Whose imports carry the name of the package: the type of purls, endings of source and of settings that name
/// packages, and files that name every package. Of npm all text is looked at, as scripts and templates run packages.
const KINDS: &[(&str, &[&str], &[&str])] = &[
    (
        "npm",
        &[
            "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "astro", "html",
            "json", "json5", "yaml", "yml", "toml", "sh", "css", "scss", "less", "md", "mdx",
        ],
        &[
            "package-lock.json",
            "npm-shrinkwrap.json",
            "pnpm-lock.yaml",
            "yarn.lock",
            "bun.lock",
            ".pnp.cjs",
            "exceptions.toml",
        ],
    ),
    ("cargo", &["rs"], &[]),
    ("golang", &["go"], &[]),
    (
        "pypi",
        &[],
        &["poetry.lock", "uv.lock", "pdm.lock", "Pipfile", "Pipfile.lock", "exceptions.toml"],
    ),
    ("maven", &[], &["gradle.lockfile", "exceptions.toml"]),
    ("composer", &[], &["composer.lock", "symfony.lock", "exceptions.toml"]),
];
/// Folders of Python's environments, which hold what is installed.
const INSTALLED: &[&str] = &[".venv", "venv", ".tox", ".nox", "site-packages", "__pycache__"];
/// Parts of names that tools of npm find by custom: no file need name them.
const CUSTOM: &[&str] =
    &["plugin", "preset", "loader", "config", "karma-", "grunt-", "gulp-", "types/", "adapter"];

/// What a search came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    /// A file names it, from the folder.
    By(String),
    /// None that was read does.
    Nowhere,
    /// It cannot be told, in words.
    Untold(&'static str),
}

/// Looks whether a file below a folder names a package: by its own name, or, where imports of its ecosystem carry others, by
/// these.
pub(super) fn named(
    folder: &Path,
    package: &Purl,
    scope: Scope,
    names: Option<&[String]>,
) -> Named {
    let kind = KINDS.iter().find(|kind| kind.0 == package.purl_type());
    let by_name = matches!(package.purl_type(), "npm" | "cargo" | "golang");
    let Some((_, endings, every)) = kind.filter(|_| by_name || names.is_some()) else {
        return Named::Untold("imports of its ecosystem do not carry the name of the package");
    };
    // What a module of Go provides a tool by has no scope, and no source names it.
    let is_tool = scope == Scope::Unknown && package.purl_type() == "golang";
    if is_tool || !matches!(scope, Scope::Runtime | Scope::Unknown) {
        return Named::Untold("tools are run, and not imported");
    }
    let full = match package.namespace() {
        Some(namespace) => format!("{namespace}/{}", package.name()),
        None => package.name().to_owned(),
    };
    if package.purl_type() == "npm" && CUSTOM.iter().any(|part| full.contains(part)) {
        return Named::Untold("tools find a package of such a name by custom");
    }
    if names.is_some() && OTHERWISE.iter().any(|part| full.to_lowercase().contains(part)) {
        return Named::Untold("others load a package of such a name when it is there");
    }
    let is_npm = package.purl_type() == "npm";
    // All text is looked at: settings, templates and scripts name modules and classes too.
    let is_any = is_npm || names.is_some();
    let word = match package.purl_type() {
        "cargo" => full.replace('-', "_"),
        _ => full,
    };
    let mut left = (FILES, BYTES);
    let mut waiting = vec![(folder.to_owned(), 0)];
    while let Some((at, depth)) = waiting.pop() {
        let Ok(entries) = fs::read_dir(&at) else {
            return Named::Untold("a folder cannot be read");
        };
        let mut all: Vec<PathBuf> = Vec::new();
        for entry in entries {
            let Ok(entry) = entry else { return Named::Untold("a folder cannot be read") };
            all.push(entry.path());
        }
        all.sort();
        for path in all {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let Ok(about) = fs::symlink_metadata(&path) else {
                return Named::Untold("a file cannot be read");
            };
            if about.is_dir() {
                let is_source = is_npm && ["vendor", "target"].contains(&name);
                let is_installed = package.purl_type() == "pypi" && INSTALLED.contains(&name);
                if is_source || !NOT_OURS.contains(&name) && !is_installed {
                    if depth == DEEPEST {
                        return Named::Untold("folders are too deep to be searched");
                    }
                    waiting.push((path, depth + 1));
                }
                continue;
            }
            if about.is_symlink() {
                if path.is_dir() || is_source(&path, endings) || names.is_some() {
                    return Named::Untold("sources behind a link are not searched");
                }
                continue;
            }
            let manifest = name == "Cargo.toml" && package.purl_type() == "cargo";
            let is_source = is_source(&path, endings);
            if !about.is_file() || every.contains(&name) || !(is_any || is_source || manifest) {
                continue;
            }
            if is_any && !is_source && !is_text(&path) {
                continue;
            }
            left = match (left.0.checked_sub(1), left.1.checked_sub(about.len())) {
                (Some(files), Some(bytes)) if about.len() <= LARGEST => (files, bytes),
                _ => return Named::Untold("there is more source than is searched"),
            };
            let Ok(bytes) = fs::read(&path) else { return Named::Untold("a file cannot be read") };
            let text = String::from_utf8_lossy(&bytes);
            let begin: String = text.chars().take(BEGIN).collect();
            let lists = LISTS.iter().any(|mark| begin.contains(mark));
            if lists && name.ends_with(".json") && name != "package.json" {
                continue;
            }
            let found = match name {
                _ if names.is_some() => names.is_some_and(|all| loads(name, &text, package, all)),
                "package.json" if is_npm => in_settings(&text, &word),
                // Another name for it is given here.
                "Cargo.toml" => renames(&text, package.name()),
                _ if is_npm => begins(&text, &word),
                _ if package.purl_type() == "cargo" => imports(&text, &word),
                _ => has(&text, &word),
            };
            if found {
                let shown = path.strip_prefix(folder).unwrap_or(&path);
                return Named::By(shown.display().to_string().replace('\\', "/"));
            }
        }
    }
    Named::Nowhere
}

fn is_source(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // Settings of tools, such as `.babelrc`, have no ending.
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    endings.contains(&ending) || name.ends_with("rc") && name.starts_with('.')
}

/// Whether a file begins like text. What cannot be read is taken for it.
fn is_text(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_err() || !head.contains(&0)
}

/// Whether a text has a word that no longer name ends with; `left-runtime` is a program of `left` as likely as not.
fn begins(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|rest| rest.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|rest| rest.chars().next());
        !before.is_some_and(|c| is_part(c) || c == '-') && !after.is_some_and(is_part)
    })
}

/// Whether a source of cargo may name a crate: its library may be called by a part of its name (`rust-crypto` is
/// `crypto`, `md-5` is `md5`).
fn imports(text: &str, word: &str) -> bool {
    let part = |part: &str| part.len() > 3 && has(text, part);
    has(text, word) || has(text, &word.replace('_', "")) || word.split('_').any(part)
}

/// Whether a text has a word that is no part of a longer name.
fn has(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|rest| rest.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|rest| rest.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// Whether a manifest of npm names a package elsewhere than where it is depended on.
fn in_settings(text: &str, word: &str) -> bool {
    // Another name for it is given here, which source files have.
    if text.contains(&format!("\"npm:{word}@")) {
        return true;
    }
    let Ok(serde_json::Value::Object(mut all)) = serde_json::from_str(text) else { return true };
    all.retain(|key, _| !matches!(&**key, "dependencies" | "name" | "overrides" | "resolutions"));
    begins(&serde_json::Value::Object(all).to_string(), word)
}

/// Whether a manifest of cargo gives the package another name, or a feature is made of it.
fn renames(text: &str, name: &str) -> bool {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    compact.contains(&format!("package=\"{name}\""))
        || compact.contains(&format!("\"{name}/"))
        || compact.contains(&format!("\"dep:{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)], package: &str) -> Named {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        named(folder.path(), &package.parse().unwrap(), Scope::Runtime, None)
    }

    #[test]
    fn what_source_names_is_found() {
        let by = |file: &str| Named::By(file.to_owned());
        let manifest = ("package.json", r#"{"dependencies": {"left": "1"}, "scripts": {}}"#);
        for (file, text, package, expected) in [
            ("src/a.ts", "import left from 'left';", "pkg:npm/left@1.0.0", by("src/a.ts")),
            ("a.js", "require(\"left/deep\")", "pkg:npm/left", by("a.js")),
            ("a.js", "require('@a/left')", "pkg:npm/%40a/left", by("a.js")),
            (".babelrc", "[\"left\"]", "pkg:npm/left", by(".babelrc")),
            ("a.js", "require('over-left'), leftish()", "pkg:npm/left", Named::Nowhere),
            ("Procfile", "web: left-runtime app.js", "pkg:npm/left", by("Procfile")),
            (
                "plan.json",
                "{\"format\": \"trimtab-plan\", \"x\": \"left\"}",
                "pkg:npm/left",
                Named::Nowhere,
            ),
            ("yarn.lock", "left@^1:\n  version \"1.0.0\"\n", "pkg:npm/left", Named::Nowhere),
            ("src/target/a.js", "require('left')", "pkg:npm/left", by("src/target/a.js")),
            ("logo.png", "\0left", "pkg:npm/left", Named::Nowhere),
            ("src/lib.rs", "use crypto::md5;", "pkg:cargo/rust-crypto", by("src/lib.rs")),
            ("src/lib.rs", "use md5::Md5;", "pkg:cargo/md-5", by("src/lib.rs")),
            ("node_modules/a/a.js", "require('left')", "pkg:npm/left", Named::Nowhere),
            ("package-lock.json", "\"left\"", "pkg:npm/left", Named::Nowhere),
            ("src/lib.rs", "use some_crate::X;", "pkg:cargo/some-crate", by("src/lib.rs")),
            ("src/lib.rs", "use some_crates::X;", "pkg:cargo/some-crate", Named::Nowhere),
            (
                "Cargo.toml",
                "x = { package = \"some-crate\" }",
                "pkg:cargo/some-crate",
                by("Cargo.toml"),
            ),
            (
                "a/main.go",
                "import \"example.org/x/y/z\"",
                "pkg:golang/example.org/x/y",
                by("a/main.go"),
            ),
            (
                "main.go",
                "import \"example.org/x/yz\"",
                "pkg:golang/example.org/x/y",
                Named::Nowhere,
            ),
        ] {
            assert_eq!(found(&[manifest, (file, text)], package), expected, "{file} {text}");
        }
    }

    #[test]
    fn a_manifest_names_it_by_what_it_runs() {
        let runs = r#"{"dependencies": {"left": "1"}, "scripts": {"a": "left ."}}"#;
        assert_eq!(
            found(&[("package.json", runs)], "pkg:npm/left"),
            Named::By("package.json".to_owned())
        );
    }

    #[test]
    fn another_name_is_a_use() {
        let alias = r#"{"dependencies": {"foo": "npm:left@1.0.0"}}"#;
        assert_eq!(
            found(&[("package.json", alias), ("a.js", "require('foo')")], "pkg:npm/left"),
            Named::By("package.json".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_told_is_not_called_unused() {
        let untold = |package: &str| matches!(found(&[], package), Named::Untold(_));
        assert!(untold("pkg:pypi/pyyaml"), "imported as `yaml`");
        assert!(untold("pkg:npm/eslint-plugin-left") && untold("pkg:npm/%40types/left"));
        let folder = tempfile::tempdir().unwrap();
        let tool = named(folder.path(), &"pkg:npm/left".parse().unwrap(), Scope::Development, None);
        assert!(matches!(tool, Named::Untold(_)));
        let of_go = "pkg:golang/example.org/x/y".parse().unwrap();
        assert!(matches!(named(folder.path(), &of_go, Scope::Unknown, None), Named::Untold(_)));
        assert_eq!(named(folder.path(), &of_go, Scope::Runtime, None), Named::Nowhere);
        assert_eq!(found(&[], "pkg:npm/left"), Named::Nowhere);
        // A name of ours is no mark of a list.
        let manifest = r#"{"name": "trimtab-web", "scripts": {"a": "left ."}}"#;
        assert!(matches!(found(&[("package.json", manifest)], "pkg:npm/left"), Named::By(_)));
    }
}
