//! Python's `unittest` with `-v`: `test_a (tests.test_x.Case.test_a) ... ok`, where the first line of a docstring may stand between.
//! Before Python 3.11 the test itself is not named again in the brackets.

use super::{Results, Verdict};

pub(super) fn read(lines: &[String], results: &mut Results) {
    // The name that waits for its verdict: what a test writes stands in between.
    let mut open: Option<String> = None;
    for line in lines {
        let line = line.trim_end();
        if let Some(name) = name(line) {
            open = Some(name);
        }
        let told = line.rsplit_once(" ... ").map_or(line, |(_, told)| told).trim();
        if let Some(verdict) = verdict(told)
            && let Some(name) = open.take()
        {
            results.add(&name, verdict);
        }
    }
}

/// `test_a (tests.test_x.Case)` as `tests.test_x.Case.test_a`; a module that cannot be loaded is a test of its own.
fn name(line: &str) -> Option<String> {
    let (test, rest) = line.split_once(" (")?;
    let (within, after) = rest.split_once(')')?;
    let is_name = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || more.contains(c))
    };
    let ends = after.is_empty() || after.starts_with(" ... ");
    if !ends || !is_name(test, "_.") || !is_name(within, "_.<>") || !within.contains('.') {
        return None;
    }
    let is_whole = within.strip_suffix(test).is_some_and(|rest| rest.ends_with('.'));
    Some(if is_whole { within.to_owned() } else { format!("{within}.{test}") })
}

fn verdict(told: &str) -> Option<Verdict> {
    Some(match told {
        "ok" | "expected failure" => Verdict::Passed,
        "FAIL" | "ERROR" | "unexpected success" => Verdict::Failed,
        told if told.starts_with("skipped ") => Verdict::Skipped,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_tells_is_read() {
        let text = "test_add (tests.test_a.Sum.test_add) ... ok\n\
            test_old (tests.test_a.Sum) ... FAIL\n\
            test_doc (tests.test_a.Sum.test_doc)\n\
            Adds two (numbers). ... ok\n\
            test_loud (tests.test_a.Sum.test_loud) ... it writes\n\
            ok\n\
            test_not (tests.test_a.Sum.test_not) ... skipped 'no (network)'\n\
            test_known (tests.test_a.Sum.test_known) ... expected failure\n\
            tests.test_b (unittest.loader._FailedTest.tests.test_b) ... ERROR\n\
            setUpClass (tests.test_c.All) ... ERROR\n\n\
            ======\nFAIL: test_old (tests.test_a.Sum)\n------\nAssertionError: ok\n\
            Ran 8 tests in 0.001s\n\nFAILED (failures=1, errors=2)\n";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut results = Results::default();
        read(&lines, &mut results);
        let all: Vec<(&str, Verdict)> = results.tests.iter().map(|(n, v)| (&**n, *v)).collect();
        let (passed, failed) = (Verdict::Passed, Verdict::Failed);
        assert_eq!(
            all,
            [
                ("tests.test_a.Sum.test_add", passed),
                ("tests.test_a.Sum.test_doc", passed),
                ("tests.test_a.Sum.test_known", passed),
                ("tests.test_a.Sum.test_loud", passed),
                ("tests.test_a.Sum.test_not", Verdict::Skipped),
                ("tests.test_a.Sum.test_old", failed),
                ("tests.test_c.All.setUpClass", failed),
                ("unittest.loader._FailedTest.tests.test_b", failed),
            ]
        );
    }
}
