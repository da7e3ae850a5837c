//! Manifests that no lockfile speaks for, and the lockfiles of conda: our own cases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;

#[test]
fn manifests_of_python() {
    cases::run(&["pipfile", "setuptools"]);
}

#[test]
fn manifests_of_other_languages() {
    cases::run(&[
        "gemfile",
        "composer-json",
        "pubspec-yaml",
        "mix-exs",
        "package-swift",
        "podfile",
        "conanfile",
        "julia-project",
        "gradle-build",
    ]);
}

#[test]
fn conda() {
    cases::run(&["conda-lock", "conda-explicit", "pixi-lock", "environment-yml"]);
}
