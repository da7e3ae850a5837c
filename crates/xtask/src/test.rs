//! `cargo xtask test`: all that CI runs. Every step runs, whatever the ones before it said; the
//! last line counts what passed and failed.

use std::path::Path;

use crate::run::{beside, quietly, run as command};
use crate::{lanes, tidy, tools};

/// Where the drawing of cases begins, for tests of laws.
const SEED: &str = "PROPTEST_RNG_SEED";

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

/// Runs everything; how much passed and failed.
pub(crate) fn run_all(root: &Path) -> (usize, usize) {
    let mut tally = Tally::default();
    tally.step("format", command(root, "cargo", &["fmt", "--all", "--check"], &[]).ok);
    let build = ["test", "--workspace", "--no-run", "--quiet", "--message-format=json"];
    // Tools come over the network, and wait: what is ours is built meanwhile.
    let (missing, built) = std::thread::scope(|scope| {
        let tools = scope.spawn(|| tools::install(root));
        let built = quietly(root, "cargo", &build);
        (tools.join().unwrap_or_else(|_| vec!["their installation ended early".to_owned()]), built)
    });
    tally.step(&format!("tools: {}", missing.join(", ")), missing.is_empty());
    tally.step("tests build", built.ok);
    let programs = lanes::programs(&built.out);
    tally.step("programs of tests were built", !programs.is_empty());
    // While tests run, which often wait, the rest is built, at a lower priority.
    let (tests, checks) = std::thread::scope(|scope| {
        let checks = scope.spawn(|| checks(root));
        (lanes::run(programs, &strict_env(&seed())), checks.join())
    });
    tally.tests(&tests.out);
    if !tests.ok && tally.failed == 0 {
        tally.step("tests did not end", false);
    }
    let broken = || vec![("the checks beside the tests ended early", false)];
    for (name, ok) in checks.unwrap_or_else(|_| broken()) {
        tally.step(name, ok);
    }
    // Examples in comments are built against what is there: after everything else, for nothing may be built meanwhile.
    let examples = command(
        root,
        "cargo",
        &["test", "--workspace", "--doc", "--no-fail-fast"],
        &strict_env(&seed()),
    );
    tally.tests(&examples.out);
    tally.step("examples in comments", examples.ok);
    let found = tidy::run(root);
    tally.passed += found.rules;
    tally.failed += found.broken.len();
    found.report();
    (tally.passed, tally.failed)
}

/// Where the drawing of cases begins: where the caller says, or always at the same place.
fn seed() -> String {
    std::env::var(SEED).unwrap_or_else(|_| "20260102".to_owned())
}

/// Snapshots are never written here: a missing one is a failure. Drawn cases are the same in every run, so that a
/// change is judged by what it changes; `cargo xtask laws` draws new ones.
fn strict_env(seed: &str) -> [(&str, &str); 3] {
    [("INSTA_UPDATE", "no"), ("CI", "true"), (SEED, seed)]
}

/// What is checked without running anything of ours, each by its name.
fn checks(root: &Path) -> Vec<(&'static str, bool)> {
    let cargo = |args: &[&str], env: &[(&str, &str)]| beside(root, "cargo", args, env).ok;
    // A test ends at the first surprise by `unwrap` or `panic`: its program says so at its top, and all is looked at once.
    let lint = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    let docs = ["doc", "--quiet", "--workspace", "--no-deps"];
    let strict = [("RUSTDOCFLAGS", "-D warnings -A rustdoc::private-intra-doc-links")];
    let policy = ["deny", "--log-level", "error", "check", "licenses", "bans", "sources"];
    // The one that builds nothing first: who runs the tests looks at what is built before they run.
    vec![
        ("dependency policy", cargo(&policy, &[])),
        ("lint", cargo(&lint, &[])),
        ("docs", cargo(&docs, &strict)),
    ]
}

/// Runs the files of tests that draw cases, with cases that were not drawn before, as often as is asked.
pub(crate) fn laws(root: &Path, rounds: u64) -> bool {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let first = now.map_or(0, |since| since.as_secs());
    let names = with_laws(root);
    let mut arguments = vec!["test", "--workspace"];
    arguments.extend(names.iter().flat_map(|name| ["--test", name]));
    (first..first.saturating_add(rounds)).all(|seed| {
        println!("{SEED}={seed}");
        command(root, "cargo", &arguments, &[(SEED, &seed.to_string())]).ok
    })
}

/// Names of the files of tests with laws.
fn with_laws(root: &Path) -> Vec<String> {
    let folders = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten();
    let tests = folders(&root.join("crates")).flat_map(|c| folders(&c.path().join("tests")));
    let files = tests.map(|file| file.path()).filter(|path| {
        path.extension().is_some_and(|e| e == "rs")
            && std::fs::read_to_string(path).is_ok_and(|text| text.contains("proptest!"))
    });
    let mut names: Vec<String> =
        files.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort_unstable();
    names
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
