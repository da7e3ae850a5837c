//! The Python formats against other projects' suites, real projects, and cases of our own.

mod compare;

use std::collections::BTreeSet;

use compare::run;
use trimtab_model::{Component, Scope};

use compare::own_cases;

fn none(_: &Component) -> BTreeSet<String> {
    BTreeSet::new()
}

/// The groups in the words of the suite: what is in the main group too is in none.
fn named(component: &Component) -> BTreeSet<String> {
    let plain = component.groups.iter().any(|g| matches!(&**g, "main" | "default"));
    component.groups.iter().filter(|_| !plain).map(ToString::to_string).collect()
}

fn poetry_groups(component: &Component) -> BTreeSet<String> {
    let mut groups = named(component);
    if component.scope == Scope::Optional {
        groups.insert("optional".to_owned());
    }
    groups
}

fn pdm_groups(component: &Component) -> BTreeSet<String> {
    let optional = component.scope == Scope::Optional;
    if optional { BTreeSet::from(["optional".to_owned()]) } else { named(component) }
}

fn pipfile_groups(component: &Component) -> BTreeSet<String> {
    let development = component.scope == Scope::Development;
    if development { BTreeSet::from(["dev".to_owned()]) } else { BTreeSet::new() }
}

#[test]
fn poetry_lock_suites() {
    run("poetry-lock", "scalibr", "poetrylock", poetry_groups, &[]);
    const EDGE: &str = "the lock states this edge of a development package";
    let deviations = [
        ("poetry_flask.lock", "extra edge pytest@5.4.3 -> atomicwrites@1.4.1", EDGE),
        ("poetry_flask.lock", "extra edge pytest@5.4.3 -> attrs@25.1.0", EDGE),
        ("poetry_flask.lock", "extra edge pytest@5.4.3 -> more-itertools@10.6.0", EDGE),
        ("poetry_flask.lock", "extra edge pytest@5.4.3 -> packaging@24.2", EDGE),
        ("poetry_flask.lock", "extra edge pytest@5.4.3 -> py@1.11.0", EDGE),
        ("poetry_flask.lock", "extra edge pytest@5.4.3 -> wcwidth@0.2.13", EDGE),
    ];
    run("poetry-lock", "trivy", "python-poetry", none, &deviations);
}

#[test]
fn uv_lock_suite() {
    run("uv-lock", "scalibr", "uvlock", named, &[]);
}

#[test]
fn pdm_lock_suite() {
    run("pdm-lock", "scalibr", "pdmlock", pdm_groups, &[]);
}

#[test]
fn pipfile_lock_suites() {
    const GIT: &str = "a dependency by git is listed, with its repository and commit";
    let deviations = [
        ("no-version.json", "extra itsdangerous@", GIT),
        ("no-version.json", "extra markupsafe@", GIT),
    ];
    run("pipfile-lock", "scalibr", "pipfilelock", pipfile_groups, &deviations);
    run("pipfile-lock", "trivy", "python-pipenv", none, &[]);
}

#[test]
fn pylock_suite() {
    run("pylock", "scalibr", "pylock", none, &[]);
}

#[test]
fn requirements_suites() {
    const BOUND: &str = "a bound is not the version in use; the component has no version";
    const ADDRESS: &str = "an archive by its address is listed, with what its file name tells";
    let deviations = [
        ("env_var.txt", "extra qwert@", "the name is known, the version is not"),
        ("example.txt", "extra keyring@", BOUND),
        ("example.txt", "missing keyring@4.1.1", BOUND),
        ("example.txt", "extra mopidy-dirble@", BOUND),
        ("example.txt", "missing mopidy-dirble@1.1", BOUND),
        ("example.txt", "extra numpy@1.9.2", ADDRESS),
        ("example.txt", "extra urllib3@", ADDRESS),
        ("example.txt", "extra wxpython-phoenix@3.0.3.dev1820+49a8884", ADDRESS),
        (
            "per_req_options.txt",
            "missing foo7@1.0 unexpected_text_before_options_stays_around",
            "not a requirement; pip refuses the line, and so do we, with a diagnostic",
        ),
        ("with_versions.txt", "extra combination-also-valid@", BOUND),
        ("with_versions.txt", "missing combination-also-valid@3.5", BOUND),
        ("with_versions.txt", "extra newspaper3k@", BOUND),
        ("with_versions.txt", "missing newspaper3k@0.2.2", BOUND),
        ("with_versions.txt", "extra pkg@", BOUND),
        ("with_versions.txt", "missing pkg@1.2.3", BOUND),
    ];
    run("requirements", "scalibr", "requirements", none, &deviations);
    const LISTED: &str = "a package without an exact version is listed without a version";
    let (bounds, plain) = ("requirements_compatible.txt", "requirements_operator.txt");
    let deviations = [
        (bounds, "extra django@", LISTED),
        (bounds, "extra eventlet@", BOUND),
        (bounds, "missing eventlet@0.18.2", BOUND),
        (bounds, "extra keyring@", BOUND),
        (bounds, "missing keyring@4.1.1", BOUND),
        (bounds, "extra mopidy-dirble@", BOUND),
        (bounds, "missing mopidy-dirble@1.1", BOUND),
        (bounds, "extra pyjwt@", BOUND),
        (bounds, "missing pyjwt@1.2", BOUND),
        (bounds, "extra python-gitlab@", BOUND),
        (bounds, "missing python-gitlab@2.0.0", BOUND),
        (plain, "extra coverage@", LISTED),
        (plain, "extra keyring@", LISTED),
        (plain, "extra mopidy-dirble@", LISTED),
        (plain, "extra numpy@", LISTED),
        (plain, "extra numpynew@", LISTED),
        (plain, "extra requests@", LISTED),
    ];
    run("requirements", "trivy", "python-pip", none, &deviations);
}

#[test]
fn pyproject_suite() {
    const BOUND: &str = "a bound is not the version in use; the component has no version";
    let deviations = [
        ("env_markers.toml", "extra requests@", BOUND),
        ("env_markers.toml", "missing requests@2.20.0", BOUND),
    ];
    run("pyproject", "scalibr", "pyprojecttoml", none, &deviations);
}

#[test]
fn own_cases_of_poetry() {
    own_cases("poetry-lock");
}

#[test]
fn own_cases_of_uv() {
    own_cases("uv-lock");
}

#[test]
fn own_cases_of_pdm() {
    own_cases("pdm-lock");
}

#[test]
fn own_cases_of_pipenv() {
    own_cases("pipfile-lock");
}

#[test]
fn own_cases_of_pylock() {
    own_cases("pylock");
}

#[test]
fn own_cases_of_requirements() {
    own_cases("requirements");
}

#[test]
fn own_cases_of_pyproject() {
    own_cases("pyproject");
}

#[test]
fn projects_have_their_totals() {
    let count = |c: &Component, group: &str| c.groups.iter().any(|g| &**g == group);
    compare::totals("uv-lock", "uv.lock", "package_tables", |_| true, true);
    compare::totals("poetry-lock", "poetry.lock", "package_tables", |_| true, false);
    compare::totals("pipfile-lock", "Pipfile.lock", "default", |c| count(c, "default"), false);
    compare::totals("pipfile-lock", "Pipfile.lock", "develop", |c| count(c, "develop"), false);
    let pinned = |c: &Component| c.purl.version().is_some();
    compare::totals("requirements", ".txt", "pinned_lines", pinned, false);
}

#[test]
fn mutated_files_never_panic() {
    compare::mutate("poetry-lock", "lockfiles/scalibr/poetrylock/multiple-packages.v2.lock");
    compare::mutate("uv-lock", "lockfiles/scalibr/uvlock/grouped-packages.lock");
    compare::mutate("pdm-lock", "lockfiles/scalibr/pdmlock/optional-dependency.toml");
    compare::mutate("pipfile-lock", "lockfiles/scalibr/pipfilelock/multiple-packages.json");
    compare::mutate("pylock", "lockfiles/scalibr/pylock/commits.toml");
    compare::mutate("requirements", "lockfiles/scalibr/requirements/per_req_options.txt");
    compare::mutate("requirements", "lockfiles/scalibr/requirements/example.txt");
    compare::mutate("pyproject", "projects/python-poetry+poetry@2019/pyproject.toml");
}

/// Every package of one name, in every version, needs all of them: edges must not grow with the
/// square of the file.
#[test]
fn many_versions_of_one_name_stay_bounded() {
    let count = 3_000;
    let mut lock = "version = 1\n".to_owned();
    for i in 0..count {
        let needs = "{ name = \"a\" }, ".repeat(2);
        lock.push_str(&format!(
            "[[package]]\nname = \"a\"\nversion = \"{i}\"\ndependencies = [{needs}]\n"
        ));
    }
    let file = compare::read_bytes("uv-lock", "uv.lock", lock.as_bytes()).unwrap();
    assert_eq!(file.components.len(), count);
    assert!(file.edges.len() <= 64 * count, "{}", file.edges.len());
}

/// Text that is no list of requirements gives a bounded number of diagnostics.
#[test]
fn prose_is_told_in_few_words() {
    let prose = "This is not a list of packages, it is prose.\n".repeat(5_000);
    let file = compare::read_bytes("requirements", "requirements.txt", prose.as_bytes()).unwrap();
    assert_eq!(file.components.len(), 0);
    assert_eq!(file.diagnostics.len(), 21);
}
