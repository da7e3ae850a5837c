//! `cargo xtask test`: all that CI runs. Every step runs, whatever the ones before it said; the
//! last line counts what passed and failed.

use std::path::Path;

use crate::run::run as command;
use crate::{tidy, tools};

/// Counts of tests and steps.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    fn step(&mut self, name: &str, ok: bool) {
        if ok {
            self.passed += 1;
        } else {
            self.failed += 1;
            eprintln!("FAILED: {name}");
        }
    }

    /// Adds the counts of `test result:` lines.
    fn tests(&mut self, out: &str) {
        for line in out.lines().filter(|l| l.starts_with("test result:")) {
            let count = |word: &str| {
                let before = line.split(&format!(" {word}")).next()?;
                before.rsplit(' ').next()?.parse::<usize>().ok()
            };
            self.passed += count("passed").unwrap_or(0);
            self.failed += count("failed").unwrap_or(0);
        }
    }
}

/// Runs everything; whether all of it passed.
pub(crate) fn run_all(root: &Path) -> (usize, usize) {
    let mut tally = Tally::default();
    tools::install(root);
    tally.step("format", command(root, "cargo", &["fmt", "--all", "--check"], &[]).ok);
    let lint = ["clippy", "--quiet", "--workspace", "--", "-D", "warnings"];
    tally.step("lint", command(root, "cargo", &lint, &[]).ok);
    // A test ends at the first surprise: there, `unwrap` and `panic` are how it says so.
    let mut lint_tests =
        vec!["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    lint_tests.extend([
        "-A",
        "clippy::unwrap_used",
        "-A",
        "clippy::panic",
        "-A",
        "unfulfilled_lint_expectations",
    ]);
    tally.step("lint of tests", command(root, "cargo", &lint_tests, &[]).ok);
    // Snapshots are never written here: a missing one is a failure.
    let strict = [("INSTA_UPDATE", "no"), ("CI", "true")];
    let tests = command(root, "cargo", &["test", "--workspace", "--no-fail-fast"], &strict);
    tally.tests(&tests.out);
    if !tests.ok && tally.failed == 0 {
        tally.step("tests did not build or did not end", false);
    }
    let docs = ["doc", "--quiet", "--workspace", "--no-deps"];
    tally.step(
        "docs",
        command(
            root,
            "cargo",
            &docs,
            &[("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links")],
        )
        .ok,
    );
    let policy = ["deny", "--log-level", "error", "check", "licenses", "bans", "sources"];
    tally.step("dependency policy", command(root, "cargo", &policy, &[]).ok);
    let found = tidy::run(root);
    tally.passed += found.rules;
    tally.failed += found.broken.len();
    found.report();
    (tally.passed, tally.failed)
}

/// Runs everything and prints the closing line.
pub(crate) fn run(root: &Path) -> bool {
    let (passed, failed) = run_all(root);
    println!("{passed} passed, {failed} failed");
    failed == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_counted() {
        let mut tally = Tally::default();
        tally.tests("x\ntest result: FAILED. 12 passed; 3 failed; 0 ignored\ntest result: ok. 5 passed; 0 failed;");
        assert_eq!((tally.passed, tally.failed), (17, 3));
    }
}
