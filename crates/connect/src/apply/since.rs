//! What changed in a repository between two commits, beside what names and locks packages.

use std::path::Path;

use trimtab_model::Diagnostic;

use super::plumbing::{Whose, attempt, line};

/// Names of files that name or lock packages.
const NAMES: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "Directory.Packages.props",
    "Gemfile",
    "Gemfile.lock",
    "build.gradle",
    "build.gradle.kts",
    "composer.json",
    "composer.lock",
    "gems.locked",
    "gems.rb",
    "go.mod",
    "go.sum",
    "gradle.lockfile",
    "libs.versions.toml",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "package.json",
    "packages.lock.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "poetry.lock",
    "pom.xml",
    "pyproject.toml",
    "uv.lock",
    "yarn.lock",
];

/// The commit that is checked out. `None`: there is none, or no repository.
pub fn at(repository: &Path) -> Option<String> {
    line(Whose::Users, repository, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).ok()
}

/// Whether files other than those that name or lock packages differ between two commits. `None`: the repository has not both.
///
/// # Errors
/// Git cannot be run.
pub fn code_differs(repository: &Path, from: &str, to: &str) -> Result<Option<bool>, Diagnostic> {
    let is_commit = |text: &str| text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_commit(from) || !is_commit(to) {
        return Ok(None);
    }
    let args = ["diff", "--name-only", "--no-renames", "-z", from, to, "--"];
    let told = attempt(Whose::Users, repository, &args, &[])?;
    let mut paths = told.stdout.split(|b| *b == 0).filter(|path| !path.is_empty());
    Ok(told.is_well().then(|| paths.any(|path| !is_of_packages(&String::from_utf8_lossy(path)))))
}

fn is_of_packages(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ends = |end: &str| name.rsplit_once('.').is_some_and(|(_, last)| last == end);
    let is_list = name.starts_with("requirements") && (ends("txt") || ends("in"));
    NAMES.contains(&name) || is_list || ends("csproj")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_packages_is_told_from_code() {
        for path in ["a/package.json", "Cargo.lock", "requirements-dev.txt", "x/App.csproj"] {
            assert!(is_of_packages(path), "{path}");
        }
        for path in ["src/main.rs", "package.json/x", "requirements.md", "a.lock"] {
            assert!(!is_of_packages(path), "{path}");
        }
    }

    #[test]
    fn what_is_no_commit_is_not_asked_for() {
        let folder = Path::new(".");
        assert_eq!(code_differs(folder, "--output=x", "HEAD").unwrap(), None);
    }

    #[test]
    fn what_people_mend_is_told_from_what_is_locked() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let run = |args: &[&str]| {
            let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
            line(Whose::Ours, root, &[&who[..], args].concat()).unwrap()
        };
        run(&["init", "-q", "."]);
        let commit = |name: &str, text: &str| {
            std::fs::write(root.join(name), text).unwrap();
            run(&["add", "."]);
            run(&["commit", "-q", "-m", "x"]);
            at(root).unwrap()
        };
        let first = commit("main.js", "1");
        let locked = commit("package-lock.json", "{}");
        let mended = commit("main.js", "2");
        assert_eq!(code_differs(root, &first, &locked).unwrap(), Some(false));
        assert_eq!(code_differs(root, &first, &mended).unwrap(), Some(true));
        assert_eq!(code_differs(root, &"0".repeat(40), &mended).unwrap(), None);
    }
}
