//! What is said of packages whose package manager Trimtab does not run.

/// Package managers that Trimtab does not run, by the names of their files.
const UNDRIVEN: &[(&str, &str)] = &[
    ("Package.resolved", "Swift's package manager"),
    ("Package.swift", "Swift's package manager"),
    ("Pipfile", "Pipenv"),
    ("Pipfile.lock", "Pipenv"),
    ("Podfile.lock", "CocoaPods"),
    ("bun.lock", "Bun"),
    ("conan.lock", "Conan"),
    ("deno.lock", "Deno"),
    ("mix.lock", "Mix"),
    ("pdm.lock", "PDM"),
    ("pixi.lock", "pixi"),
    ("pubspec.lock", "pub"),
    ("stack.yaml.lock", "Stack"),
];

/// Why nothing was tried for a package of a file that no package manager is known for, and what to do.
pub(super) fn undriven(path: &str, package: &str, to: &str) -> (String, String) {
    let file = path.rsplit('/').next().unwrap_or(path);
    match UNDRIVEN.iter().find(|(name, _)| *name == file) {
        Some((_, manager)) => (
            format!("{path} belongs to {manager}, which Trimtab does not run"),
            format!("raise {package} to {to} with {manager}"),
        ),
        None if path.is_empty() => (
            "no known package manager writes its file".to_owned(),
            format!("raise {package} to {to} by hand"),
        ),
        None => (
            format!("no known package manager writes {path}"),
            format!("raise {package} to {to} in {path} by hand"),
        ),
    }
}
