//! `Cargo.lock` and `Cargo.toml`: other projects' suites, real projects, and our own cases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;
mod projects;
mod suites;

const ASKED: &str = "what is asked for is not a version: `0.3` means any compatible one";

#[test]
fn scalibr_cargo_lock() {
    suites::run("scalibr", "cargolock", &["cargo-lock"], &[]);
}

#[test]
fn scalibr_cargo_toml() {
    suites::run(
        "scalibr",
        "cargotoml",
        &["cargo-toml"],
        &[("only-version-dependency.toml", ASKED), ("two-dependencies.toml", ASKED)],
    );
}

#[test]
fn trivy_cargo() {
    suites::run("trivy", "rust-cargo", &["cargo-lock"], &[]);
}

#[test]
fn real_projects_give_the_counts_of_the_index() {
    projects::check(&[("Cargo.lock", |index| {
        let count = |key: &str| index.get(key).and_then(serde_json::Value::as_u64);
        // `[root]` is no package table, and yet counted as one without a source.
        let root = u64::from(count("package_tables") == Some(79));
        Some(count("package_tables")? + root - count("without_source")?)
    })]);
}

#[test]
fn own_cases() {
    cases::run(&["cargo-lock", "cargo-toml"]);
}
