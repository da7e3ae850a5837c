//! How the projects of each package manager are usually tested: one table line each.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{asked, pinned};

/// How a kind of project is tested.
pub(crate) struct Runner {
    /// Its name: the package manager's, as [`crate::update::Tool::id`].
    pub(crate) id: &'static str,
    /// Whether a folder is such a project.
    pub(crate) is_project: fn(&Path) -> bool,
    /// Whether it has tests of this kind.
    pub(crate) has_tests: fn(&Path) -> bool,
    /// Fetches what tests need: with network, with the user's configuration, without code of what is
    /// fetched as far as the tool can do without.
    pub(crate) fetch: &'static [&'static [&'static str]],
    /// Builds what fetching left out, within limits.
    pub(crate) build: &'static [&'static [&'static str]],
    /// Runs the tests, within limits.
    pub(crate) test: &'static [&'static str],
    /// Why tests need the network all the same.
    pub(crate) network: Option<&'static str>,
}

/// Variables for all of them: fetching and testing must agree where things lie, and no tool asks the
/// network for what it has.
pub(crate) const SET: &[(&str, &str)] = &[
    ("CI", "1"),
    ("NO_COLOR", "1"),
    ("POETRY_VIRTUALENVS_IN_PROJECT", "true"),
    ("GOTOOLCHAIN", "local"),
    ("npm_config_audit", "false"),
    ("npm_config_fund", "false"),
    ("npm_config_update_notifier", "false"),
];

/// Variables of tests that have no network: what is missing is said at once.
pub(crate) const OFFLINE: &[(&str, &str)] = &[
    ("CARGO_NET_OFFLINE", "true"),
    ("GOPROXY", "off"),
    ("UV_OFFLINE", "1"),
    ("PIP_NO_INDEX", "1"),
    ("npm_config_offline", "true"),
    ("YARN_ENABLE_NETWORK", "0"),
];

impl Runner {
    /// The steps that fetch what tests of a project need, each in a folder.
    pub(crate) fn steps(&self, folder: &Path) -> Vec<(PathBuf, Vec<OsString>)> {
        if self.id == "pip" {
            return pinned::steps(folder);
        }
        let more = asked::options(folder, self.id);
        let words = |line: &&[&str]| line.iter().map(OsString::from).chain(more.clone()).collect();
        self.fetch.iter().map(|line| (folder.to_owned(), words(line))).collect()
    }
}

/// How else a step fetches that failed with these words. npm refuses a lockfile of which packages ask their users for something
/// else: one of npm 6, which did not look. Whether a change made it so is asked before it is carried out.
pub(crate) fn otherwise(line: &[OsString], words: &str) -> Option<Vec<OsString>> {
    let is_npm = line.first().is_some_and(|program| program == "npm");
    let is_refused = is_npm && words.contains("ERESOLVE");
    is_refused.then(|| line.iter().cloned().chain([OsString::from(UNLOOKED)]).collect())
}

const UNLOOKED: &str = "--legacy-peer-deps";
const PLUGINS: &str = "its plugins are fetched while it runs";

/// By pytest, as most are.
const UV: Runner = Runner {
    id: "uv",
    is_project: |f| has(f, "uv.lock"),
    has_tests: has_pytest,
    fetch: &[&["uv", "sync", "--frozen"]],
    build: &[],
    test: &["uv", "run", "--frozen", "--no-sync", "--offline", "pytest", "-rA", "-q"],
    network: None,
};

/// By pytest, as most are.
const POETRY: Runner = Runner {
    id: "poetry",
    is_project: |f| has(f, "poetry.lock"),
    has_tests: has_pytest,
    fetch: &[&["poetry", "install"]],
    build: &[],
    test: &["poetry", "run", "pytest", "-rA", "-q"],
    network: None,
};

/// By pytest, as most are.
const PIP: Runner = Runner {
    id: "pip",
    is_project: pinned::is_project,
    has_tests: has_pytest,
    // By its files: `pinned::steps`.
    fetch: &[],
    build: &[],
    test: &[".venv/bin/python", "-m", "pytest", "-rA", "-q"],
    network: None,
};

/// Every runner. The first of a folder counts.
pub(crate) const RUNNERS: &[Runner] = &[
    Runner {
        id: "cargo",
        is_project: |f| has(f, "Cargo.toml"),
        has_tests: |_| true,
        fetch: &[&["cargo", "fetch"]],
        build: &[],
        test: &["cargo", "test", "--workspace", "--no-fail-fast"],
        network: None,
    },
    Runner {
        id: "go",
        is_project: |f| has(f, "go.mod"),
        has_tests: |_| true,
        fetch: &[&["go", "mod", "download"]],
        build: &[],
        test: &["go", "test", "-json", "./..."],
        network: None,
    },
    Runner {
        id: "pnpm",
        is_project: |f| has(f, "pnpm-lock.yaml"),
        has_tests: has_script,
        fetch: &[&["pnpm", "install", "--frozen-lockfile", "--ignore-scripts"]],
        build: &[&["pnpm", "rebuild"]],
        test: &["pnpm", "test"],
        network: None,
    },
    Runner {
        id: "yarn-berry",
        is_project: |f| has(f, "yarn.lock") && has_text(f, "yarn.lock", "__metadata:"),
        has_tests: has_script,
        fetch: &[&["yarn", "install", "--immutable", "--mode=skip-build"]],
        build: &[&["yarn", "rebuild"]],
        test: &["yarn", "test"],
        network: None,
    },
    Runner {
        id: "yarn",
        is_project: |f| has(f, "yarn.lock"),
        has_tests: has_script,
        fetch: &[&["yarn", "install", "--frozen-lockfile", "--ignore-scripts"]],
        build: &[],
        test: &["yarn", "test"],
        network: None,
    },
    Runner {
        id: "npm",
        is_project: |f| has(f, "package-lock.json"),
        has_tests: has_script,
        fetch: &[&["npm", "ci", "--ignore-scripts"]],
        build: &[&["npm", "rebuild"]],
        test: &["npm", "test"],
        network: None,
    },
    Runner {
        id: "npm",
        is_project: |f| has(f, "package.json"),
        has_tests: has_script,
        fetch: &[&["npm", "install", "--ignore-scripts", "--no-package-lock"]],
        build: &[&["npm", "rebuild"]],
        test: &["npm", "test"],
        network: None,
    },
    Runner {
        has_tests: has_unittest,
        test: &[
            "uv",
            "run",
            "--frozen",
            "--no-sync",
            "--offline",
            "python",
            "-m",
            "unittest",
            "discover",
            "-v",
        ],
        ..UV
    },
    Runner {
        has_tests: has_unittest_below,
        test: &[
            "uv",
            "run",
            "--frozen",
            "--no-sync",
            "--offline",
            "python",
            "-m",
            "unittest",
            "discover",
            "-v",
            "-s",
            "tests",
        ],
        ..UV
    },
    UV,
    Runner {
        has_tests: has_unittest,
        test: &["poetry", "run", "python", "-m", "unittest", "discover", "-v"],
        ..POETRY
    },
    Runner {
        has_tests: has_unittest_below,
        test: &["poetry", "run", "python", "-m", "unittest", "discover", "-v", "-s", "tests"],
        ..POETRY
    },
    POETRY,
    Runner {
        id: "maven",
        is_project: |f| has(f, "pom.xml"),
        has_tests: |_| true,
        fetch: &[],
        build: &[],
        test: &["mvn", "-B", "--no-transfer-progress", "--fail-at-end", "test"],
        network: Some(PLUGINS),
    },
    Runner {
        id: "gradle",
        is_project: |f| has(f, "gradlew"),
        has_tests: |_| true,
        fetch: &[],
        build: &[],
        test: &["./gradlew", "--no-daemon", "--continue", "test"],
        network: Some(PLUGINS),
    },
    // After those of other languages, whose documentation may have requirements in files.
    Runner {
        has_tests: has_unittest,
        test: &[".venv/bin/python", "-m", "unittest", "discover", "-v"],
        ..PIP
    },
    Runner {
        has_tests: has_unittest_below,
        test: &[".venv/bin/python", "-m", "unittest", "discover", "-v", "-s", "tests"],
        ..PIP
    },
    PIP,
];

fn has(folder: &Path, name: &str) -> bool {
    folder.join(name).is_file()
}

fn has_text(folder: &Path, name: &str, text: &str) -> bool {
    crate::registry::small_file(&folder.join(name))
        .is_some_and(|bytes| String::from_utf8_lossy(&bytes).contains(text))
}

/// Whether `package.json` has a test, and not the one that `npm init` writes.
fn has_script(folder: &Path) -> bool {
    let Some(bytes) = crate::registry::small_file(&folder.join("package.json")) else {
        return false;
    };
    let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    manifest["scripts"]["test"].as_str().is_some_and(|line| !line.contains("no test specified"))
}

/// How many entries of a folder are looked at for tests.
const LOOKED: usize = 1_000;

/// Whether tests are Python's own, here or in packages below, and nothing speaks of pytest.
fn has_unittest(folder: &Path) -> bool {
    let is_package = |name: &&str| folder.join(name).join("__init__.py").is_file();
    let packages = ["tests", "test"].into_iter().filter(is_package);
    let mut places = packages.map(|name| folder.join(name)).chain([folder.to_owned()]);
    !speaks_of_pytest(folder) && places.any(|place| tests_itself(&place))
}

/// The same of a folder that is no package, which only its own name finds.
fn has_unittest_below(folder: &Path) -> bool {
    !speaks_of_pytest(folder) && tests_itself(&folder.join("tests"))
}

/// Whether a file of tests in a folder has a case of `unittest`, and none is for pytest: `unittest.mock` is for both.
fn tests_itself(folder: &Path) -> bool {
    const PYTEST: &[&str] = &["import pytest", "from pytest", "\ndef test_", "\nasync def test_"];
    let entries = std::fs::read_dir(folder).into_iter().flatten().take(LOOKED).flatten();
    let mut has_case = false;
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with("test") || !name.ends_with(".py") {
            continue;
        }
        if PYTEST.iter().any(|text| has_text(folder, &name, text)) {
            return false;
        }
        let has = |text| has_text(folder, &name, text);
        has_case |= has("unittest") && has("TestCase");
    }
    has_case
}

/// Whether a project is tested by pytest, as its files tell.
fn speaks_of_pytest(folder: &Path) -> bool {
    const MARKS: &[&str] = &["pytest.ini", "conftest.py", "tests/conftest.py", "test/conftest.py"];
    const TEXTS: &[&str] = &[
        "pyproject.toml",
        "setup.cfg",
        "setup.py",
        "tox.ini",
        "uv.lock",
        "poetry.lock",
        "requirements.txt",
        "requirements-dev.txt",
        "requirements_dev.txt",
        "requirements-test.txt",
        "requirements/dev.txt",
        "requirements/test.txt",
        "requirements/tests.txt",
        "dev-requirements.txt",
        "test-requirements.txt",
        "noxfile.py",
        "Makefile",
        "Pipfile",
    ];
    MARKS.iter().any(|name| has(folder, name))
        || TEXTS.iter().any(|name| has_text(folder, name, "pytest"))
}

/// Whether pytest would find something, as far as names tell.
fn has_pytest(folder: &Path) -> bool {
    let marks = ["pytest.ini", "conftest.py", "tox.ini"];
    folder.join("tests").is_dir()
        || folder.join("test").is_dir()
        || marks.iter().any(|name| has(folder, name))
        || has_text(folder, "pyproject.toml", "pytest")
        || std::fs::read_dir(folder).into_iter().flatten().take(1000).flatten().any(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("test_") && name.ends_with(".py")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_npm_refuses_is_fetched_otherwise() {
        let ci: Vec<OsString> = ["npm", "ci", "--ignore-scripts"].map(OsString::from).into();
        let again = otherwise(&ci, "npm error code ERESOLVE\nnpm error ERESOLVE could not resolve");
        let again = again.unwrap();
        assert_eq!(again.split_last().unwrap(), (&OsString::from("--legacy-peer-deps"), &ci[..]));
        assert!(otherwise(&ci, "npm error code E404").is_none());
        let other: Vec<OsString> = ["pnpm", "install"].map(OsString::from).into();
        assert!(otherwise(&other, "ERESOLVE").is_none());
    }
}
