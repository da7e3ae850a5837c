//! Python's `unittest` with `-v`: `test_a (tests.test_x.Case.test_a) ... ok`, where the first line of a docstring may stand between.
//! Before Python 3.11 the test itself is not named again in the brackets.

use super::{Results, Verdict};

/// How the list at the end names what failed, each below a line of its own.
const LISTED: &[&str] = &["FAIL: ", "ERROR: ", "UNEXPECTED SUCCESS: "];
const RULE: &str = "=====";

/// A name, and the last verdict that was told since.
type Open = Option<(String, Option<Verdict>)>;

pub(super) fn read(lines: &[String], results: &mut Results) {
    // What a test writes stands in between, and may look like a verdict: the last one before the next name is its own.
    let mut open: Open = None;
    let mut is_ruled = false;
    for line in lines {
        let line = line.trim_end();
        let listed = LISTED.iter().find_map(|word| line.strip_prefix(*word)).filter(|_| is_ruled);
        is_ruled = line.starts_with(RULE);
        // A part of a test that fails, or what is torn down, may show here alone.
        if let Some((failed, _)) = listed.and_then(head) {
            close(open.take(), results);
            results.add(&failed, Verdict::Failed);
        }
        if let Some(next) = name(line) {
            close(open.replace((next, None)), results);
        }
        let told = line.rsplit_once(" ... ").map_or(line, |(_, told)| told).trim();
        if let (Some(verdict), Some((_, last))) = (verdict(told), open.as_mut()) {
            *last = Some(verdict);
        }
    }
    close(open, results);
}

fn close(open: Open, results: &mut Results) {
    if let Some((name, Some(verdict))) = open {
        results.add(&name, verdict);
    }
}

/// The name that a line ends with before its verdict, of several the last: before Python 3.11 nothing is written of a test of
/// which a part fails, not even the end of its line.
fn name(line: &str) -> Option<String> {
    let line = line.strip_suffix(" ...").unwrap_or(line);
    let whole = |piece| head(piece).filter(|(_, after)| after.is_empty());
    line.rsplit(" ... ").find_map(whole).map(|(name, _)| name)
}

/// `test_a (tests.test_x.Case)` as `tests.test_x.Case.test_a`, and what follows it; a module that cannot be loaded is a test of
/// its own.
fn head(text: &str) -> Option<(String, &str)> {
    let (test, rest) = text.split_once(" (")?;
    let (within, after) = rest.split_once(')')?;
    let is_name = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || more.contains(c))
    };
    let is_within = within.contains('.') || test.ends_with("Module");
    if !is_within || !is_name(test, "_.") || !is_name(within, "_.<>") {
        return None;
    }
    let is_whole = within.strip_suffix(test).is_some_and(|rest| rest.ends_with('.'));
    let name = if is_whole { within.to_owned() } else { format!("{within}.{test}") };
    Some((name, after))
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
    fn told(text: &str) -> Vec<(String, Verdict)> {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut results = Results::default();
        read(&lines, &mut results);
        results.tests.iter().map(|(name, verdict)| (name.to_string(), *verdict)).collect()
    }

    /// As Python 3.10 and 3.11 write them.
    #[test]
    fn a_part_of_a_test_that_fails_is_seen() {
        let old = "test_x (m.T) ... test_y (m.T) ... ok\n\n\
            ======\nFAIL: test_x (m.T) (i=1)\n------\nRan 2 tests in 0.001s\n\nFAILED (failures=1)\n";
        let new = "test_x (m.T.test_x) ... \n  test_x (m.T.test_x) (i=1) ... FAIL\n\
            test_y (m.T.test_y) ... ok\n\n======\nFAIL: test_x (m.T.test_x) (i=1)\n------\n";
        let all = [
            ("m.T.test_x".to_owned(), Verdict::Failed),
            ("m.T.test_y".to_owned(), Verdict::Passed),
        ];
        assert_eq!(told(old), all);
        assert_eq!(told(new), all);
    }

    #[test]
    fn what_a_test_writes_is_not_its_verdict() {
        let text = "test_a (m.T.test_a) ... Connecting ... ok\nFAIL\n\
            test_b (m.T.test_b) ... \nERROR\nok\n\n\
            ======\nFAIL: test_a (m.T.test_a)\n------\nFAIL\n\
            ======\nERROR: setUpModule (n)\n------\n";
        let all = [
            ("m.T.test_a".to_owned(), Verdict::Failed),
            ("m.T.test_b".to_owned(), Verdict::Passed),
            ("n.setUpModule".to_owned(), Verdict::Failed),
        ];
        assert_eq!(told(text), all);
    }
}
