//! What is not made of the ledger again, by name: numbers of addresses that are compared, and what stands elsewhere.

use std::sync::LazyLock;

/// Numbers of the addresses that are compared, which the ledger alone does not tell; each with the reason, which says how many
/// places a `*` takes in. Grows shorter.
pub(super) const UNTOLD: &[(&str, &str, &str)] = &[
    ("/", "jobs given up", "of the queue"),
    ("/", "in team upkeep", "of trackers and accounts"),
    ("/", "upkeep tasks of the server", "of the server"),
];

/// A list beside this file, read once. It is no part of what is built: to work on the script builds nothing anew.
fn list(name: &str) -> String {
    let path = trimtab_testkit::repository().join("crates/server/tests/server/year").join(name);
    std::fs::read_to_string(path).unwrap()
}

/// What stands at addresses of the walk and is not compared at any: kind of address, place, and why. One line each; a `*` at
/// the end of a place stands for all that begins so.
static LEFT: LazyLock<String> = LazyLock::new(|| list("left.txt"));
/// How many of what there may be, and of what is compared at least: who makes more of it again counts down, and nobody up.
static BOUNDS: LazyLock<String> = LazyLock::new(|| list("bounds.txt"));

/// A bound, by its name.
pub(super) fn most(name: &str) -> usize {
    let lines = BOUNDS.lines().filter_map(|line| line.split_once('\t'));
    let found = lines.filter(|(is, _)| *is == name).find_map(|(_, rest)| rest.split('\t').next());
    found.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no bound of {name}"))
}

/// The lines of what is left; of one with a `*`, its reason begins with how many places it may take in.
pub(super) fn left() -> Vec<(&'static str, &'static str, &'static str)> {
    let lines = LEFT.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let line = |line: &'static str| {
        let mut parts = line.split('\t');
        let mut next = || parts.next().unwrap_or_else(|| panic!("a line of three parts: {line}"));
        (next(), next(), next())
    };
    lines.map(line).collect()
}

/// Columns of lists that are empty when the year ends: kind of address, and table with column. Of all others of which the
/// script says what a row may be, one is there.
static EMPTY: LazyLock<String> = LazyLock::new(|| list("empty.txt"));

/// The lines of what is empty.
pub(super) fn empty() -> Vec<(&'static str, &'static str)> {
    let lines = EMPTY.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('\t')).collect()
}

/// How many places a line takes in: one, where it does not say how many.
pub(super) fn bound(why: &str) -> usize {
    let many = why.split_once(" places: ").and_then(|(many, _)| many.parse().ok());
    many.unwrap_or(1)
}
