//! The Test Anything Protocol: `ok 1 - name`, `not ok 2 - name # SKIP why`, nested by indentation.

use super::{Results, Verdict};

pub(super) fn read(lines: &[String], results: &mut Results) {
    // The headings above: their indentation and name (`# Subtest: name`).
    let mut above: Vec<(usize, String)> = Vec::new();
    for line in lines {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        if let Some(name) = text.strip_prefix("# Subtest: ") {
            above.retain(|(held, _)| *held < indent);
            above.push((indent, name.trim().to_owned()));
            continue;
        }
        let (verdict, rest) = match (text.strip_prefix("ok "), text.strip_prefix("not ok ")) {
            (Some(rest), _) => (Verdict::Passed, rest),
            (_, Some(rest)) => (Verdict::Failed, rest),
            _ => continue,
        };
        let after = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let numbered = after.len() < rest.len();
        let name = after.trim_start().trim_start_matches("- ").trim_start();
        if !numbered {
            continue;
        }
        let (name, directive) = name.split_once(" # ").unwrap_or((name, ""));
        let directive = directive.to_uppercase();
        let verdict = if directive.starts_with("SKIP") || directive.starts_with("TODO") {
            Verdict::Skipped
        } else {
            verdict
        };
        let within = above.iter().filter(|(held, _)| *held < indent).map(|(_, name)| &**name);
        let full: Vec<&str> = within.chain([name]).collect();
        results.add(&full.join(" › "), verdict);
    }
}
