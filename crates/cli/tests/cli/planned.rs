//! `trimtab plan` and `trimtab apply` on small projects of `corpus/planned`, resolved by the real package managers
//! against their registries; and on universes of declared packages, which a registry of ours offers. A package manager
//! that is not installed, or that reaches no registry, skips its case and says so.
mod askers;
mod case;
mod choice;
mod companions;
mod enabled;
mod known;
mod life;
mod outage;
mod raised;
mod second;
mod smaller;
mod stacked;
mod universe;
mod unmet;

use self::case::confirmed;

#[test]
fn cargo() {
    confirmed("cargo");
}

#[test]
fn go() {
    confirmed("go");
}

#[test]
fn maven() {
    confirmed("maven");
}

#[test]
fn what_a_list_of_versions_manages_is_planned_by_mavens_tree() {
    confirmed("maven-managed");
}

#[test]
fn npm() {
    confirmed("npm");
}

#[test]
fn pip_tools() {
    confirmed("pip-tools");
}

#[test]
fn what_is_locked_without_a_wheel_moves_along() {
    confirmed("pip-tools-wheels");
}

#[test]
fn pnpm() {
    confirmed("pnpm");
}

#[test]
fn poetry() {
    confirmed("poetry");
}

#[test]
fn uv() {
    confirmed("uv");
}

#[test]
fn a_version_that_has_a_wheel_is_taken() {
    confirmed("uv-wheels");
}

#[test]
fn yarn() {
    confirmed("yarn");
}

#[test]
fn yarn_berry() {
    confirmed("yarn-berry");
}

#[test]
fn several_parents_of_one_package_are_raised_together() {
    confirmed("cargo-parents");
}

#[test]
fn what_is_locked_is_relocked_with_what_holds_it() {
    confirmed("cargo-askers");
}

#[test]
fn the_line_of_the_standard_library_is_raised() {
    confirmed("go-standard");
}

#[test]
fn what_comes_along_and_is_not_named_moves_with_it() {
    confirmed("go-along");
}

#[test]
fn what_the_project_does_not_allow_is_raised_with_what_asks_for_it() {
    confirmed("uv-companions");
}

#[test]
fn what_no_source_names_and_nothing_mends_is_removed() {
    confirmed("npm-last");
}

#[test]
fn what_npm_is_told_to_force_is_raised_where_it_stands() {
    confirmed("npm-forced");
}

#[test]
fn what_a_member_of_a_workspace_brings_is_forced() {
    confirmed("npm-forced-workspace");
}

#[test]
fn what_pnpm_is_told_to_force_is_raised_where_it_stands() {
    confirmed("pnpm-forced");
}

#[test]
fn what_yarn_is_told_to_force_is_raised_where_it_stands() {
    confirmed("yarn-forced");
}

#[test]
fn what_is_beyond_the_last_affected_version_is_a_fix() {
    confirmed("npm-beyond");
}

#[test]
fn what_loads_by_the_modules_of_its_wheel_and_is_named_nowhere_is_removed() {
    confirmed("uv-last");
}

#[test]
fn what_loads_by_the_packages_of_its_jar_and_is_named_nowhere_is_removed() {
    confirmed("maven-last");
}
