//! The expected results of other projects' suites (`corpus/lockfiles/<suite>/<format>/expected.json`),
//! compared with what we read. A difference is a failure unless a table gives its reason.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trimtab_model::FileInventory;

/// One case of a suite.
#[derive(Debug, Clone)]
pub struct Case {
    /// `scalibr/cargolock: two packages`.
    pub name: String,
    /// The file to read.
    pub file: PathBuf,
    /// The case as the suite states it: `packages`, `dependencies`, `error`, `options`.
    pub expected: Value,
}

impl Case {
    /// Whether reading must fail.
    pub fn must_fail(&self) -> bool {
        self.expected.get("error").and_then(Value::as_bool) == Some(true)
    }

    /// The expected packages as `name@version`, without repeats.
    pub fn packages(&self) -> BTreeSet<String> {
        let text = |package: &Value, key: &str| {
            package.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let packages = self.expected.get("packages").and_then(Value::as_array);
        packages
            .into_iter()
            .flatten()
            .map(|p| format!("{}@{}", text(p, "name"), text(p, "version")))
            .collect()
    }
}

/// The cases of one folder of a suite, as `("scalibr", "cargolock")`. Empty if there is no shared corpus.
#[expect(
    clippy::panic,
    reason = "development only: without its expectations a suite cannot be run"
)]
pub fn cases(suite: &str, format: &str) -> Vec<Case> {
    let Some(shared) = crate::shared() else { return Vec::new() };
    let folder = shared.join("corpus/lockfiles").join(suite).join(format);
    let file = folder.join("expected.json");
    let bytes = std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let expected: Value =
        serde_json::from_slice(&bytes).expect("the suite's expected.json is JSON");
    let cases = expected.get("cases").and_then(Value::as_array).cloned().unwrap_or_default();
    cases
        .into_iter()
        .map(|case| {
            let text = |key: &str| case.get(key).and_then(Value::as_str).unwrap_or_default();
            Case {
                name: format!("{suite}/{format}: {}", text("case")),
                file: folder.join(text("file")),
                expected: case.clone(),
            }
        })
        .collect()
}

/// `name@version` of what we read, in the spelling of the ecosystem's advisories; an unknown
/// version is empty. Own packages are included.
pub fn listed(file: &FileInventory) -> BTreeSet<String> {
    let name = |purl: &trimtab_model::Purl| match trimtab_model::Ecosystem::of(purl) {
        Some(ecosystem) => ecosystem.family.package_name(purl).into_owned(),
        None => match purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", purl.name()),
            None => purl.name().to_owned(),
        },
    };
    file.components
        .iter()
        .map(|c| format!("{}@{}", name(&c.purl), c.purl.version().unwrap_or_default()))
        .collect()
}

/// What is missing from and what is too much in `ours`, as lines for a failure message; empty if equal.
pub fn difference(expected: &BTreeSet<String>, ours: &BTreeSet<String>) -> Vec<String> {
    let missing = expected.difference(ours).map(|p| format!("  missing: {p}"));
    let extra = ours.difference(expected).map(|p| format!("  extra:   {p}"));
    missing.chain(extra).collect()
}

/// A path below the shared folder in the form that tables of deviations use.
pub fn short(path: &Path) -> String {
    let shared = crate::shared().unwrap_or_default();
    path.strip_prefix(&shared).unwrap_or(path).display().to_string()
}
