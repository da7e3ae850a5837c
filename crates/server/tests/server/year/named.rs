//! What is not made of the ledger again, by name: numbers of addresses that are compared, and what stands elsewhere.

use std::sync::LazyLock;

/// Numbers of the addresses that are compared, which the ledger alone does not tell; each with the reason, which says how many
/// places a `*` takes in. Grows shorter.
pub(super) const UNTOLD: &[(&str, &str, &str)] = &[
    ("/api/v1/reviews/*", "/pack/end", "the time of a part is a choice"),
    (
        "/api/v1/reviews/*",
        "/pack/parts/*",
        "4 places: what a part lists is of charter, tiers and plan",
    ),
    ("/api/v1/reviews/*", "/pack/charts/0/series/0/values/12", TODAY),
    ("/api/v1/incidents/*", "/teams/*", "4 places: where a package is now is of the inventories"),
    ("/api/v1/incidents/*", "/unknown_versions", "versions are of the inventories"),
    ("/api/v1/incidents/*", "/timeline/*", "4 places: the entries themselves"),
    ("/api/v1/maturity", "/number", "some criteria are of the index, of plans and of who answers"),
    (
        "/api/v1/maturity",
        "/criteria/*",
        "4 places: what is asked for; and the index, plans, people and seals",
    ),
    ("/api/v1/maturity", "/ledger/*", "where the ledger ends"),
    ("/api/v1/maturity", "/teams/*", "as of the organisation"),
    ("/", "jobs given up", "of the queue"),
    ("/", "needs of the server", "of the server"),
    ("/boards/leadership", "maturity", "see the maturity"),
    ("/reviews", "decisions of the reviews below", "of a page of the list"),
];

const TODAY: &str = "the last is of a day that was not over, as it was kept within the hour";

/// So many are untold: who makes one again takes it off and counts down, and nobody adds one.
pub(super) const UNTOLD_MOST: usize = 14;

/// What stands at addresses of the walk and is not compared at any: kind of address, place, and why. One line each; a `*` at
/// the end of a place stands for all that begins so.
static LEFT: LazyLock<String> = LazyLock::new(|| {
    let list = trimtab_testkit::repository().join("crates/server/tests/server/year/left.txt");
    std::fs::read_to_string(list).unwrap()
});

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

/// How many places a line takes in: one, where it does not say how many.
pub(super) fn bound(why: &str) -> usize {
    let many = why.split_once(" places: ").and_then(|(many, _)| many.parse().ok());
    many.unwrap_or(1)
}
