//! What an update did to the tests, told apart from what was so before it.

use super::results::Verdict;
use super::trial::{Ended, Trial};

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
    let broken = of(after, &|name, v| failed(v) && !was(name).is_some_and(failed));
    let both = of(after, &|name, v| failed(v) && was(name).is_some_and(failed));
    let mended = of(after, &|name, v| v == Verdict::Passed && was(name).is_some_and(failed));
    let gone = of(before, &|name, v| v == Verdict::Passed && is(name).is_none());
    let passed = before.results.count(Verdict::Passed);
    let (judgement, why) = match (&before.ended, &after.ended) {
        (Ended::NotRun(why), _) => (Judgement::Untold, format!("the tests were not run: {why}")),
        (_, Ended::NotRun(why)) => {
            (Judgement::Broke, format!("the tests cannot be run any more: {why}"))
        }
        (_, Ended::Well) if passed > 0 && after.results.count(Verdict::Passed) == 0 => {
            (Judgement::Broke, "no test is run any more".to_owned())
        }
        (_, Ended::Well) => (Judgement::Unharmed, "the tests pass".to_owned()),
        (before, after) if before.is_limit() && after.is_limit() => {
            (Judgement::Untold, format!("the tests were {before} before the update as well"))
        }
        (_, after) if after.is_limit() => {
            (Judgement::Broke, format!("the tests were {after}, and were not before"))
        }
        (_, Ended::Failed(_)) if !broken.is_empty() => {
            let count = broken.len();
            let test = if count == 1 { "test fails" } else { "tests fail" };
            (Judgement::Broke, format!("{count} {test} that did not before"))
        }
        (Ended::Well, Ended::Failed(_)) => {
            (Judgement::Broke, "the tests passed before, and fail now".to_owned())
        }
        (Ended::Failed(_), Ended::Failed(_)) if both.is_empty() => (
            Judgement::Untold,
            "the tests failed before the update as well, and do not say which".to_owned(),
        ),
        (Ended::Failed(_), Ended::Failed(_)) if !gone.is_empty() => {
            (Judgement::Broke, format!("{} that passed are not run any more", gone.len()))
        }
        (Ended::Failed(_), Ended::Failed(_)) => {
            (Judgement::Unharmed, "only what failed before fails".to_owned())
        }
        (before, _) => (Judgement::Untold, format!("the tests were {before} before the update")),
    };
    Difference { judgement, why, broken, before: both, mended, gone }
}
