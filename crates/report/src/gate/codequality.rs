//! GitLab's code quality report: a JSON list in the shape of Code Climate's issues, of which GitLab reads
//! `description`, `check_name`, `fingerprint`, `severity`, `location.path` and `location.lines.begin`.

use std::io::{self, Write};

use serde_json::{Value, json};
use trimtab_model::Level;

use super::{Effect, Gate, Verdict, WHOLE, one_line};

/// Writes the report. A verdict about the target as a whole is shown at the first line of `trimtab.toml`.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, out: &mut dyn Write) -> io::Result<()> {
    let issues: Vec<Value> = gate
        .verdicts
        .iter()
        .zip(gate.fingerprints())
        .map(|(verdict, fingerprint)| {
            let path = verdict.file.as_deref().unwrap_or(WHOLE);
            json!({
                "description": description(verdict),
                "check_name": verdict.full_rule(),
                "fingerprint": fingerprint,
                "severity": severity(verdict),
                // GitLab joins the path to the repository's.
                "location": { "path": path, "lines": { "begin": verdict.line.unwrap_or(1) } },
            })
        })
        .collect();
    crate::inert::write_json(&issues, out)?;
    out.write_all(b"\n")
}

fn description(verdict: &Verdict) -> String {
    let message = one_line(&verdict.message);
    format!("{}. Next: {}", message.trim_end_matches('.'), one_line(verdict.next_step()))
}

/// What fails the gate is at least `major`; what is unknown stands above what is only said.
fn severity(verdict: &Verdict) -> &'static str {
    match (verdict.effect, verdict.level) {
        (Effect::Deny, Some(Level::Critical)) => "blocker",
        (Effect::Deny, Some(Level::High)) => "critical",
        (Effect::Deny, _) => "major",
        (Effect::Unknown, _) => "minor",
        (Effect::Warn, _) => "info",
    }
}
