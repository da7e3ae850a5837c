//! Lines with marks, as mocha, jest, vitest and `node --test` write them for people: `✓ adds (2 ms)`,
//! below the names of what they are in; and jest's files (`PASS a.test.js`).

use super::{Results, Verdict};

const PASSED: &[char] = &['✓', '✔', '√'];
const FAILED: &[char] = &['✕', '✗', '✖', '×'];
const SKIPPED: &[char] = &['○', '↓', '﹣'];
/// How names begin of what tests are in, of `node --test`.
const SUITE: &str = "▶ ";
/// How warnings of Node.js begin, which stand between the lines: no names of what tests are in.
const WARNINGS: &[&str] = &["(node:", "(Use `node --trace"];

pub(super) fn read(lines: &[String], results: &mut Results) {
    let mut above: Vec<(usize, String)> = Vec::new();
    // mocha tells failures once more, below how many there are.
    let mut told = false;
    for line in lines {
        let text = line.trim_start();
        let indent = line.chars().count() - text.chars().count();
        if text.is_empty() || WARNINGS.iter().any(|words| text.starts_with(words)) {
            continue;
        }
        let file = [("PASS ", Verdict::Passed), ("FAIL ", Verdict::Failed)]
            .into_iter()
            .find_map(|(word, verdict)| Some((text.strip_prefix(word)?, verdict)));
        if let Some((name, verdict)) = file {
            let name = name.trim();
            let name = name.split(" (").next().unwrap_or(name);
            if !name.contains(' ') && name.contains('.') {
                results.add(name, verdict);
            }
            continue;
        }
        told |= text.split_once(' ').is_some_and(|(count, rest)| {
            count.bytes().all(|b| b.is_ascii_digit()) && rest.starts_with("passing")
        });
        let first = text.chars().next().unwrap_or_default();
        let rest = text.get(first.len_utf8()..).unwrap_or_default();
        let verdict = match first {
            c if PASSED.contains(&c) => Some((Verdict::Passed, rest)),
            c if FAILED.contains(&c) => Some((Verdict::Failed, rest)),
            c if SKIPPED.contains(&c) => Some((Verdict::Skipped, rest)),
            c if c.is_ascii_digit() && !told && indent > 0 => {
                numbered(text).map(|name| (Verdict::Failed, name))
            }
            _ => None,
        };
        // What is under test may write there; of the runners only `node --test` puts names there, with a mark.
        if verdict.is_none() && indent == 0 && !text.starts_with(SUITE) {
            continue;
        }
        above.retain(|(held, _)| *held < indent);
        match verdict {
            Some((verdict, name)) => {
                let within = above.iter().map(|(_, name)| &**name);
                let full: Vec<&str> = within.chain([untimed(name)]).collect();
                results.add(&full.join(" › "), verdict);
            }
            None => above.push((indent, untimed(text.trim_start_matches(SUITE)).to_owned())),
        }
    }
}

/// mocha's failures in their place: `1) adds`.
fn numbered(text: &str) -> Option<&str> {
    let (number, name) = text.split_once(") ")?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(name)
}

/// A name without how long it took: `adds (2 ms)`, `adds 2ms`.
fn untimed(name: &str) -> &str {
    let name = name.trim();
    let is_time = |text: &str| {
        let number = text.trim_end_matches('s').trim_end_matches('m').trim_end();
        number.len() < text.len() && number.parse::<f64>().is_ok()
    };
    if let Some((before, time)) = name.strip_suffix(')').and_then(|n| n.rsplit_once(" ("))
        && is_time(time)
    {
        return before.trim_end();
    }
    match name.rsplit_once(' ') {
        Some((before, time)) if is_time(time) => before.trim_end(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_of_node_is_no_name() {
        let text = "(Use `node --trace-warnings ...` to show where)\n  levels\n(node:7) Warning: old\n    ✓ adds";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut results = Results::default();
        read(&lines, &mut results);
        let mut expected = Results::default();
        expected.add("levels › adds", Verdict::Passed);
        assert_eq!(results, expected);
    }
}
