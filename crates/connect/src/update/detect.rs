//! Which package managers a folder uses: by its lockfiles, else by its manifests.

use std::path::Path;

use super::yarn_lock::Keys;
use super::{TOOLS, Tool, pip};
use crate::registry::small_file;

/// Names in a folder that are looked at.
const MOST: usize = 20_000;

/// The package managers that a folder uses, at most one for an ecosystem.
pub fn detect(folder: &Path) -> Vec<&'static Tool> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(MOST).flatten();
    let names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let called = folder.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let text = |name: &str| String::from_utf8(small_file(&folder.join(name))?).ok();
    detect_among(&called, &names, &text)
}

/// The folder of the project that a file belongs to, by the path of the file: its own, but for a version catalogue of Gradle, which
/// lies in a folder `gradle` below the build.
pub fn project_of(path: &str) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match folder.strip_suffix("gradle") {
        Some(above)
            if name.ends_with(".versions.toml") && (above.is_empty() || above.ends_with('/')) =>
        {
            above.trim_end_matches('/')
        }
        _ => folder,
    }
}

/// As [`detect`], of the name of a folder, names of files in it and their texts.
pub fn detect_among(
    folder: &str,
    names: &[String],
    text: &dyn Fn(&str) -> Option<String>,
) -> Vec<&'static Tool> {
    let has = |wanted: &str| names.iter().any(|name| name == wanted);
    let mut found: Vec<&'static Tool> = Vec::new();
    let mut add = |tool: &'static Tool| {
        if !found.iter().any(|other| other.purl_type == tool.purl_type) {
            found.push(tool);
        }
    };
    for tool in TOOLS {
        let locked = tool.lockfiles.iter().any(|name| has(name));
        let yarn = tool.lockfiles.contains(&"yarn.lock");
        let own = !yarn || is_berry(&has, text) == (tool.id == "yarn-berry");
        if locked && own && (tool.id != "pip-tools" || names.iter().any(|n| (tool.manifest)(n))) {
            add(tool);
        }
    }
    let named = named(text);
    for tool in TOOLS {
        let chosen = match tool.id {
            "npm" | "pnpm" | "yarn" | "yarn-berry" => {
                has("package.json") && tool.id == named.unwrap_or("npm")
            }
            "uv" | "poetry" => {
                let table = format!("[tool.{}", tool.id);
                text("pyproject.toml").is_some_and(|text| text.contains(&table))
            }
            "pip" => names.iter().any(|name| pip::is_file(&format!("{folder}/{name}"))),
            _ => names.iter().any(|name| (tool.manifest)(name)),
        };
        if chosen {
            add(tool);
        }
    }
    found
}

/// What `packageManager` of `package.json` names.
fn named(text: &dyn Fn(&str) -> Option<String>) -> Option<&'static str> {
    let manifest: serde_json::Value = serde_json::from_str(&text("package.json")?).ok()?;
    let (name, version) = manifest["packageManager"].as_str()?.split_once('@')?;
    match name {
        "pnpm" => Some("pnpm"),
        "yarn" if version.starts_with("1.") => Some("yarn"),
        "yarn" => Some("yarn-berry"),
        _ => None,
    }
}

/// Whether a lockfile of yarn is of yarn 2 or later.
fn is_berry(has: &impl Fn(&str) -> bool, text: &dyn Fn(&str) -> Option<String>) -> bool {
    match Keys::of(&text("yarn.lock").unwrap_or_default()) {
        Some(keys) => keys == Keys::Berry,
        None => has(".yarnrc.yml") || named(text) == Some("yarn-berry"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_catalogue_belongs_to_the_build_above() {
        for (path, folder) in [
            ("gradle/libs.versions.toml", ""),
            ("a/b/gradle/libs.versions.toml", "a/b"),
            ("a/libs.versions.toml", "a"),
            ("agradle/libs.versions.toml", "agradle"),
            ("gradle/requirements.txt", "gradle"),
            ("package.json", ""),
        ] {
            assert_eq!(project_of(path), folder, "{path}");
        }
    }

    #[test]
    fn package_managers_are_told_apart() {
        for (files, expected) in [
            (&[("package.json", "{}")][..], &["npm"][..]),
            (&[("package.json", "{}"), ("pnpm-lock.yaml", "")], &["pnpm"]),
            (&[("package.json", "{}"), ("yarn.lock", "# yarn lockfile v1\n")], &["yarn"]),
            (
                &[("package.json", "{}"), ("yarn.lock", "__metadata:\n  version: 8\n")],
                &["yarn-berry"],
            ),
            (&[("package.json", "{\"packageManager\": \"yarn@4.1.0\"}")], &["yarn-berry"]),
            (&[("package.json", "{\"packageManager\": \"yarn@1.22.0\"}")], &["yarn"]),
            (&[("package.json", "{\"packageManager\": \"pnpm@10.0.0\"}")], &["pnpm"]),
            (
                &[("Cargo.toml", ""), ("package.json", "{}"), ("package-lock.json", "{}")],
                &["npm", "cargo"],
            ),
            (&[("pyproject.toml", "[tool.poetry]\n")], &["poetry"]),
            (&[("pyproject.toml", "[project]\n"), ("uv.lock", "")], &["uv"]),
            (&[("requirements.in", ""), ("requirements.txt", "")], &["pip-tools"]),
            (&[("settings.gradle.kts", "")], &["gradle"]),
            (&[("requirements.txt", "")], &["pip"]),
            (&[("go.mod", ""), ("go.sum", "")], &["go"]),
            (&[("pom.xml", "")], &["maven"]),
            (&[("build.gradle.kts", "")], &["gradle"]),
            (&[("Gemfile", ""), ("Gemfile.lock", "")], &["bundler"]),
            (&[("composer.json", "")], &["composer"]),
            (&[("a.csproj", "")], &["dotnet"]),
            (&[("readme.txt", "")], &[]),
        ] {
            let names: Vec<String> = files.iter().map(|(n, _)| (*n).to_owned()).collect();
            let text =
                |name: &str| files.iter().find(|(n, _)| *n == name).map(|(_, t)| (*t).to_owned());
            let mut found: Vec<_> =
                detect_among("app", &names, &text).iter().map(|t| t.id).collect();
            found.sort_unstable();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{files:?}");
        }
    }

    #[test]
    fn files_of_requirements_are_known_by_their_folder_too() {
        let found = |folder: &str, names: &[&str]| -> Vec<&str> {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            detect_among(folder, &names, &|_| None).iter().map(|tool| tool.id).collect()
        };
        assert_eq!(found("requirements", &["base.txt", "constraints.txt", "dev.txt"]), ["pip"]);
        assert_eq!(found("requirements", &["base.in", "base.txt"]), ["pip-tools"]);
        assert_eq!(found("app", &["base.txt"]), [] as [&str; 0]);
        assert_eq!(found("app", &["dev-requirements.txt"]), ["pip"]);
    }
}
