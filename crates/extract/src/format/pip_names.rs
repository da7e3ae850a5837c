//! What the names of requirements files say, by custom: that they are such files, and what their
//! packages are for.

use trimtab_model::Scope;

use crate::view;

/// Whether a path is that of a requirements file.
pub(super) fn claims(path: &str) -> bool {
    let name = view::file_name(path).to_ascii_lowercase();
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let folder = view::file_name(view::folder(path));
    match extension {
        // A constraint file says which version, not that anything is there.
        "txt" | "in" if stem.contains("constraint") || stem == "readme" => false,
        "txt" | "in" => stem.contains("requirement") || folder == "requirements",
        "lock" => stem.starts_with("requirements"),
        _ => false,
    }
}

/// What the file's name says that its packages are for.
pub(super) fn scope(path: &str) -> Scope {
    let name = view::file_name(path).to_ascii_lowercase();
    let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
    let mut scope = None;
    for word in stem.split(['-', '_', '.', ' ']) {
        let said = match word {
            "dev" | "devel" | "develop" | "development" | "lint" | "linting" | "linters"
            | "docs" | "doc" | "typing" | "mypy" | "ci" | "style" | "format" | "release"
            | "tools" | "local" | "debug" => Scope::Development,
            "test" | "tests" | "testing" | "coverage" => Scope::Test,
            "build" => Scope::Build,
            "optional" | "extras" | "extra" => Scope::Optional,
            "main" | "base" | "prod" | "production" | "common" | "deploy" | "core" | "runtime" => {
                Scope::Runtime
            }
            _ => continue,
        };
        scope = scope.max(Some(said));
    }
    let plain = stem == "requirements";
    scope.unwrap_or(if plain { Scope::Runtime } else { Scope::Unknown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_claimed_by_custom() {
        for path in [
            "requirements.txt",
            "a/dev-requirements.txt",
            "requirements/main.txt",
            "requirements_test.in",
            "requirements.lock",
            "b/requirements-dev.lock",
            "Requirements.txt",
        ] {
            assert!(claims(path), "{path}");
        }
        for path in
            ["constraints.txt", "requirements/constraints.txt", "requirements.md", "notes.txt"]
        {
            assert!(!claims(path), "{path}");
        }
    }

    #[test]
    fn names_tell_what_packages_are_for() {
        assert_eq!(scope("requirements.txt"), Scope::Runtime);
        assert_eq!(scope("requirements/tests.txt"), Scope::Test);
        assert_eq!(scope("dev_requirements.txt"), Scope::Development);
        assert_eq!(scope("requirements/base.in"), Scope::Runtime);
        assert_eq!(scope("requirements-odd.txt"), Scope::Unknown);
    }
}
