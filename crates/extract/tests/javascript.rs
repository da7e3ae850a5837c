//! The lockfiles of npm, yarn, pnpm, bun and deno, and `package.json`: other projects' suites,
//! real projects, and our own cases.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod cases;
mod projects;
mod suites;

const MEMBER: &str = "what a member of the workspace asks for is asked for directly";

#[test]
fn scalibr_package_lock() {
    suites::run("scalibr", "packagelockjson", &["package-lock"], &[]);
}

#[test]
fn scalibr_yarn() {
    suites::run("scalibr", "yarnlock", &["yarn-v1", "yarn-berry"], &[]);
}

#[test]
fn scalibr_pnpm() {
    suites::run("scalibr", "pnpmlock", &["pnpm-lock"], &[]);
}

#[test]
fn scalibr_bun() {
    suites::run("scalibr", "bunlock", &["bun-lock"], &[]);
}

#[test]
fn scalibr_package_json() {
    suites::run(
        "scalibr",
        "packagejson",
        &["package-json"],
        &[("package-with-deps.json", "what is asked for is not a version: `>2.0.0` is not 2.0.1")],
    );
}

#[test]
fn trivy_npm() {
    suites::run(
        "trivy",
        "nodejs-npm",
        &["package-lock"],
        &[
            ("package-lock_v3_with_workspace_as_object.json", MEMBER),
            ("package-lock_v3_without_root_deps_field.json", MEMBER),
            (
                "package-lock_v3_broken_link.json",
                "an entry is listed even if the link to it is broken; the link is told",
            ),
        ],
    );
}

#[test]
fn trivy_yarn() {
    suites::run(
        "trivy",
        "nodejs-yarn",
        &["yarn-v1", "yarn-berry"],
        &[("yarn_v2_happy.lock", "a package that yarn patches is still that package")],
    );
}

#[test]
fn trivy_pnpm() {
    suites::run(
        "trivy",
        "nodejs-pnpm",
        &["pnpm-lock"],
        &[
            (
                "pnpm-lock_v6_with_dev.yaml",
                "development dependencies are listed and marked (TRAPS 35)",
            ),
            (
                "pnpm-lock_v9_multiple_documents.yaml",
                "the package manager that the lockfile pins is run, and so listed",
            ),
            (
                "pnpm-lock_v9_same-vers-diff-peers.yaml",
                "snapshots of one package are one component, with the strongest scope of them",
            ),
        ],
    );
}

#[test]
fn trivy_package_json() {
    suites::run("trivy", "nodejs-packagejson", &["package-json"], &[]);
}

#[test]
fn real_projects_give_the_counts_of_the_index() {
    projects::check(&[
        ("package-lock.json", |index| {
            let count = |key: &str| index.get(key).and_then(serde_json::Value::as_u64);
            count("packages_without_root_and_links").or_else(|| count("dependency_entries_nested"))
        }),
        ("yarn.lock", |index| {
            let count = |key: &str| index.get(key).and_then(serde_json::Value::as_u64);
            count("entries_with_version")
                .or_else(|| Some(count("entries_with_resolution")? - count("of_these_workspace")?))
        }),
        ("pnpm-lock.yaml", |index| index.get("packages_keys")?.as_u64()),
        // Of version 2 the index counts the two parts of `npm`.
        ("deno.lock", |index| {
            (index.get("version")? != "2")
                .then_some(index.get("npm")?.as_u64()? + index.get("jsr")?.as_u64()?)
        }),
        ("bun.lock", |index| index.get("packages_keys")?.as_u64()),
    ]);
}

#[test]
fn own_cases() {
    cases::run(&[
        "package-lock",
        "yarn-v1",
        "yarn-berry",
        "pnpm-lock",
        "bun-lock",
        "deno-lock",
        "package-json",
    ]);
}
