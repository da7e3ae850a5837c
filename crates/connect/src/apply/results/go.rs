//! `go test`: with `-json` one event a line, else in words.

use serde::Deserialize;

use super::{Results, Verdict};

/// An event, as far as it is read. Without a test it is about the package.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    package: Option<String>,
    test: Option<String>,
}

pub(super) fn read_json(lines: &[String], results: &mut Results) {
    for line in lines.iter().filter(|line| line.starts_with('{')) {
        let Ok(event) = serde_json::from_str::<Event>(line) else { continue };
        let verdict = match event.action.as_str() {
            "pass" => Verdict::Passed,
            "fail" => Verdict::Failed,
            "skip" => Verdict::Skipped,
            _ => continue,
        };
        let Some(package) = event.package else { continue };
        match event.test {
            Some(test) => results.add(&format!("{package} {test}"), verdict),
            None => results.add(&package, verdict),
        }
    }
}

pub(super) fn read_text(lines: &[String], results: &mut Results) {
    // The package of tests is told after them.
    let mut waiting: Vec<(String, Verdict)> = Vec::new();
    for line in lines {
        let trimmed = line.trim_start();
        let test = [("--- PASS: ", Verdict::Passed), ("--- FAIL: ", Verdict::Failed)]
            .into_iter()
            .chain([("--- SKIP: ", Verdict::Skipped)])
            .find_map(|(mark, verdict)| Some((trimmed.strip_prefix(mark)?, verdict)));
        if let Some((rest, verdict)) = test {
            let name = rest.rsplit_once(" (").map_or(rest, |(name, _)| name);
            waiting.push((name.to_owned(), verdict));
            continue;
        }
        let mut parts = line.split('\t').map(str::trim);
        let verdict = match parts.next() {
            Some("ok") => Verdict::Passed,
            Some("FAIL") => Verdict::Failed,
            Some("?") => Verdict::Skipped,
            _ => continue,
        };
        let package = parts.next().and_then(|rest| rest.split(' ').next());
        let Some(package) = package.filter(|name| !name.is_empty()) else { continue };
        results.add(package, verdict);
        for (name, verdict) in waiting.drain(..) {
            results.add(&format!("{package} {name}"), verdict);
        }
    }
}
