//! composer.lock against other projects' suites, real projects, and cases of our own.

mod compare;

use std::collections::BTreeSet;

use trimtab_model::{Component, Scope};

fn groups(component: &Component) -> BTreeSet<String> {
    let development = component.scope == Scope::Development;
    if development { BTreeSet::from(["dev".to_owned()]) } else { BTreeSet::new() }
}

#[test]
fn composer_lock_suites() {
    compare::run("composer-lock", "scalibr", "composerlock", groups, &[]);
    compare::run("composer-lock", "trivy", "php-composer", groups, &[]);
}

#[test]
fn own_cases() {
    compare::own_cases("composer-lock");
}

#[test]
fn projects_have_their_totals() {
    let group = |c: &Component, group: &str| c.groups.iter().any(|g| &**g == group);
    compare::totals("composer-lock", "composer.lock", "packages", |c| group(c, "packages"), false);
    let development = |c: &Component| group(c, "packages-dev");
    compare::totals("composer-lock", "composer.lock", "packages_dev", development, false);
}

#[test]
fn mutated_files_never_panic() {
    compare::mutate("composer-lock", "lockfiles/scalibr/composerlock/two-packages.json");
}
