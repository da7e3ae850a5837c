//! What the .NET formats share: NuGet's names, versions and requirements, and the project files
//! beside a lockfile.
//!
//! NuGet compares names without regard to case; the purl keeps the spelling of the file. A bare
//! version in a project file means "at least", and NuGet takes the lowest that exists: for a
//! package that is asked for directly, that is this version, so it counts as an exact pin.

use std::collections::HashMap;

use trimtab_model::{Component, Purl, Scope};

use super::msbuild::Project;
use crate::view::{self, FileView};

/// A purl of a NuGet package.
pub(crate) fn purl(name: &str, version: &str) -> Purl {
    Purl::new("nuget", None, name).with_version(version)
}

/// The one version that a requirement of a project file leads to; `None` if it floats.
pub(crate) fn exact(requirement: &str) -> Option<&str> {
    let text = requirement.trim();
    let version = match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        Some(inner) => inner.trim(),
        None => text,
    };
    let plain = version.starts_with(|c: char| c.is_ascii_digit())
        && version.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
    plain.then_some(version)
}

/// Splits `Name/1.2.3`, the key of libraries in files that the .NET tools write.
pub(crate) fn split_key(key: &str) -> Option<(&str, &str)> {
    key.split_once('/').filter(|(name, version)| !name.is_empty() && !version.is_empty())
}

/// Whether a path is a project file with package references.
pub(crate) fn is_project(path: &str) -> bool {
    let name = view::file_name(path).to_ascii_lowercase();
    [".csproj", ".fsproj", ".vbproj"]
        .iter()
        .any(|ext| name.len() > ext.len() && name.ends_with(ext))
}

/// The project files in the folder of a file, as far as they can be read, with their names. Where
/// a single file is scanned, neighbours are not listed; the custom of naming a project like its
/// folder then finds it.
pub(crate) fn sibling_projects(view: &FileView<'_>) -> Vec<(String, Project)> {
    let here = view::folder(view.path);
    let claimed = view.files.claimed();
    let start = claimed.partition_point(|path| path.as_str() < here);
    let mut paths: Vec<String> = claimed
        .iter()
        .skip(start)
        .take_while(|path| path.starts_with(here))
        .filter(|path| view::folder(path) == here && is_project(path))
        .take(16)
        .cloned()
        .collect();
    if paths.is_empty() && !here.is_empty() {
        let like_folder = |ext| format!("{here}/{}.{ext}", view::file_name(here));
        paths.extend(["csproj", "fsproj", "vbproj"].map(like_folder));
    }
    paths
        .into_iter()
        .filter_map(|path| {
            let bytes = view.files.read(&path)?.ok()?;
            let sibling = FileView { path: &path, bytes: &bytes, files: view.files };
            let stem = sibling.name().rsplit_once('.')?.0.to_owned();
            Some((stem, Project::read(&sibling).ok()?))
        })
        .collect()
}

/// The scope that the project files beside a lockfile give to what they ask for, by lower-case name.
pub(crate) fn scopes(projects: &[(String, Project)]) -> HashMap<String, Scope> {
    let mut scopes = HashMap::new();
    for (_, project) in projects {
        for reference in &project.references {
            let scope = scopes.entry(reference.name.to_ascii_lowercase()).or_insert(Scope::Unknown);
            *scope = reference.scope.max(*scope);
        }
    }
    scopes
}

/// Adds the name of a group that a component is in, once.
pub(crate) fn add_group(component: &mut Component, group: &str) {
    if !component.groups.iter().any(|g| &**g == group) {
        component.groups.push(group.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_possible_version_is_exact() {
        for text in ["1.2.3", "[1.2.3]", " 1.0.0-beta.1+x ", "[ 1.0 ]", "3"] {
            assert!(exact(text).is_some(), "{text}");
        }
        for text in ["", "1.*", "*", "[1.0,2.0)", "(1.0,)", "[1.0,)", "$(V)", "1.0.0-*", "latest"] {
            assert_eq!(exact(text), None, "{text}");
        }
    }
}
