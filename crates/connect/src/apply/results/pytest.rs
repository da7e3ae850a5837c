//! pytest: the summary of `-rA` (`PASSED a.py::b`), and the lines of `-v` (`a.py::b PASSED [ 50%]`).

use super::{Results, Verdict};

fn verdict(word: &str) -> Option<Verdict> {
    Some(match word {
        "PASSED" | "XFAIL" => Verdict::Passed,
        "FAILED" | "ERROR" | "XPASS" => Verdict::Failed,
        "SKIPPED" => Verdict::Skipped,
        _ => return None,
    })
}

pub(super) fn read(lines: &[String], results: &mut Results) {
    for line in lines {
        let line = line.trim();
        let mut words = line.split(' ');
        let (Some(first), Some(second)) = (words.next(), words.next()) else { continue };
        if let Some(verdict) = verdict(first) {
            // `FAILED a.py::b[x y] - why`; an error of collection names a file only.
            let rest = line.get(first.len()..).unwrap_or_default().trim();
            let name = rest.split(" - ").next().unwrap_or(rest);
            if name.contains("::") || name.ends_with(".py") {
                results.add(name, verdict);
            }
        } else if let Some(verdict) = verdict(second).filter(|_| first.contains("::")) {
            results.add(first, verdict);
        }
    }
}
