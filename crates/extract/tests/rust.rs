//! `Cargo.lock` and `Cargo.toml`: other projects' suites, real projects, and our own cases.

mod suites;

const ASKED: &str = "what is asked for is not a version: `0.3` means any compatible one";

#[test]
fn scalibr_cargo_lock() {
    suites::run("scalibr", "cargolock", &["cargo-lock"], &[]);
}

#[test]
fn scalibr_cargo_toml() {
    suites::run("scalibr", "cargotoml", &["cargo-toml"], &[
        ("only-version-dependency.toml", ASKED),
        ("two-dependencies.toml", ASKED),
    ]);
}

#[test]
fn trivy_cargo() {
    suites::run("trivy", "rust-cargo", &["cargo-lock"], &[]);
}
