//! What an update did to the tests, told apart from what was so before it.

use super::results::{Results, Verdict};
use super::trial::{Ended, Trial};

/// How many of the last lines of a run are told where tests are not run any more.
const SAID: usize = 3;
/// What Python's `unittest` puts before the name of a module that cannot be loaded.
const UNLOADED: &str = "unittest.loader._FailedTest.";

/// What runs before and after an update come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Nothing that passed before fails now.
    Unharmed,
    /// The update broke something.
    Broke,
    /// It cannot be told.
    Untold,
}

/// The difference between two runs of the tests. Names are in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The judgement.
    pub judgement: Judgement,
    /// Why, in words.
    pub why: String,
    /// Tests that fail now and did not before.
    pub broken: Vec<Box<str>>,
    /// Tests that failed before and do now.
    pub before: Vec<Box<str>>,
    /// Tests that failed before and pass now.
    pub mended: Vec<Box<str>>,
    /// Tests that passed before and are not run any more.
    pub gone: Vec<Box<str>>,
}

/// Compares the run before an update with the one after it.
pub fn difference(before: &Trial, after: &Trial) -> Difference {
    let was = |name: &str| before.results.tests.get(name).copied();
    let is = |name: &str| after.results.tests.get(name).copied();
    let of = |trial: &Trial, wanted: &dyn Fn(&str, Verdict) -> bool| -> Vec<Box<str>> {
        let tests = trial.results.tests.iter().filter(|(name, verdict)| wanted(name, **verdict));
        tests.map(|(name, _)| name.clone()).collect()
    };
    let failed = |verdict| verdict == Verdict::Failed;
    // Of a file that could not be loaded before, no test was known: what fails in it now is nothing new.
    let unloaded: Vec<String> = of(before, &|_, v| failed(v))
        .iter()
        .filter_map(|name| match name.strip_prefix(UNLOADED) {
            Some(module) => Some(format!("{module}.")),
            None => name.ends_with(".py").then(|| format!("{name}::")),
        })
        .collect();
    let failed_before = |name: &str| {
        was(name).is_some_and(failed) || unloaded.iter().any(|file| name.starts_with(&**file))
    };
    let broken = of(after, &|name, v| failed(v) && !failed_before(name));
    let both = of(after, &|name, v| failed(v) && failed_before(name));
    let mended = of(after, &|name, v| v == Verdict::Passed && was(name).is_some_and(failed));
    let gone = of(before, &|name, v| v == Verdict::Passed && is(name).is_none());
    let passed = before.results.count(Verdict::Passed);
    let (judgement, why) = match (&before.ended, &after.ended) {
        (Ended::NotRun(why), _) => (
            Judgement::Untold,
            format!("the tests cannot be run, already before the update: {why}"),
        ),
        (_, Ended::NotRun(why)) => {
            (Judgement::Broke, format!("the tests can no longer be run: {why}"))
        }
        (_, Ended::Well) if passed > 0 && after.results.count(Verdict::Passed) == 0 => {
            (Judgement::Broke, "no test runs any longer".to_owned())
        }
        (_, Ended::Well) => (Judgement::Unharmed, "the tests pass".to_owned()),
        (before, after) if before.is_limit() && after.is_limit() => {
            (Judgement::Untold, format!("the tests were {before} before the update too"))
        }
        (_, after) if after.is_limit() => {
            (Judgement::Broke, format!("the tests were {after}, which they were not before"))
        }
        (_, Ended::Failed(_)) if !broken.is_empty() => {
            let count = broken.len();
            let test = if count == 1 { "test fails" } else { "tests fail" };
            let why = format!("{count} {test} that did not before{}", unbuilt(before, after));
            (Judgement::Broke, why)
        }
        (Ended::Well, Ended::Failed(_)) => {
            (Judgement::Broke, "the tests passed before and fail now".to_owned())
        }
        (Ended::Failed(_), Ended::Failed(_)) if both.is_empty() => (
            Judgement::Untold,
            "the tests failed before the update too, and do not say which ones".to_owned(),
        ),
        (Ended::Failed(_), Ended::Failed(_)) if !gone.is_empty() => {
            (Judgement::Broke, no_longer_run(gone.len(), after))
        }
        (Ended::Failed(_), Ended::Failed(_)) if after.results.count(Verdict::Passed) == 0 => {
            (Judgement::Untold, "no test passes, before or after the update".to_owned())
        }
        (Ended::Failed(_), Ended::Failed(_)) => {
            (Judgement::Unharmed, "only tests that failed before fail".to_owned())
        }
        (before, _) => (Judgement::Untold, format!("the tests were {before} before the update")),
    };
    Difference { judgement, why, broken, before: both, mended, gone }
}

/// What the first is that is not built after an update, where it was before: tests that fail for that name nothing else.
fn unbuilt(before: &Trial, after: &Trial) -> String {
    let was = Results::unbuilt(&before.output);
    let new = Results::unbuilt(&after.output).into_iter().find(|told| !was.contains(told));
    new.map_or_else(String::new, |told| format!("; {told}"))
}

/// How many are not run any more, with the last that the run wrote of it: what does not build names no test.
fn no_longer_run(count: usize, after: &Trial) -> String {
    let said = after.results.last_words(&after.output, SAID);
    let mut text = format!("{count} that passed no longer run");
    if !said.is_empty() {
        text += &format!("; the run ended with: {}", said.join(" / "));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::apply::kept::Kept;

    fn failed(text: &str) -> Trial {
        let mut output = Kept::new(10_000);
        output.take(text.as_bytes());
        let results = Results::read(text);
        Trial { ended: Ended::Failed(Some(1)), results, output, time: Duration::ZERO }
    }

    #[test]
    fn a_test_of_a_file_that_could_not_be_loaded_is_nothing_new() {
        let before = failed("ERROR tests/a.py - ImportError\nERROR tests/b.py\n");
        let after = failed("PASSED tests/a.py::one\nFAILED tests/a.py::two - assert\n");
        let told = difference(&before, &after);
        assert_eq!(told.judgement, Judgement::Unharmed, "{told:?}");
        assert_eq!(told.before, ["tests/a.py::two".into()]);
        // Of a file that was loaded it is.
        let before = failed("ERROR tests/b.py\nPASSED tests/a.py::one\n");
        assert_eq!(difference(&before, &after).judgement, Judgement::Broke);
    }

    #[test]
    fn a_test_of_a_module_that_could_not_be_loaded_is_nothing_new() {
        let before = failed("tests.b (unittest.loader._FailedTest.tests.b) ... ERROR\n");
        let text =
            "test_x (tests.b.T.test_x) ... ok\ntest_y (tests.b.T.test_y) ... FAIL\n".to_owned();
        let told = difference(&before, &failed(&text));
        assert_eq!(told.judgement, Judgement::Unharmed, "{told:?}");
        assert_eq!(told.before, ["tests.b.T.test_y".into()]);
        let other = text + "test_z (tests.c.T.test_z) ... FAIL\n";
        assert_eq!(difference(&before, &failed(&other)).judgement, Judgement::Broke);
    }

    #[test]
    fn where_no_test_passes_nothing_is_told() {
        let both = failed("ERROR tests/a.py - ImportError\n");
        assert_eq!(difference(&both, &both).judgement, Judgement::Untold);
        let one = failed("ERROR tests/a.py\nPASSED tests/b.py::one\n");
        assert_eq!(difference(&one, &one).judgement, Judgement::Unharmed);
    }

    #[test]
    fn what_does_not_build_is_told_with_the_tests_that_fail_for_it() {
        let before = failed("ok  \ta.example/a\t0.1s\n# a.example/old\na.go:1:1: undefined: x\n");
        let after = "# a.example/old\na.go:1:1: undefined: x\n# b.example/b\n/m/b@v1/b.go:7:2: undefined: y\n\
                     FAIL\ta.example/a [build failed]\n";
        let told = difference(&before, &failed(after));
        let why =
            "1 test fails that did not before; b.example/b is not built: b.go:7:2: undefined: y";
        assert_eq!((told.judgement, &*told.why), (Judgement::Broke, why));
    }

    #[test]
    fn what_is_not_run_any_more_is_told_with_the_words_of_the_run() {
        let before =
            failed("--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL\ta.example/a\t0.1s\n");
        let after = failed(
            "--- FAIL: TestB (0.00s)\n./parser.go:703:17: non-constant format string\nFAIL\ta.example/a [build failed]\n",
        );
        let told = difference(&before, &after);
        assert_eq!(told.judgement, Judgement::Broke, "{told:?}");
        assert!(told.why.contains("parser.go:703"), "{}", told.why);
    }
}
