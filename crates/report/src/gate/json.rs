//! Trimtab's own JSON of a gate: everything, versioned. The shape is published as
//! `docs/schemas/gate-1.schema.json`; adding a member keeps the version.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Effect, Gate};
use crate::json::shape::Tool;

/// What the `format` member says.
pub const FORMAT: &str = "trimtab-gate";

/// The version of the shape that this build writes.
pub const VERSION: u32 = 1;

/// The JSON Schema (2020-12) of the shape.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document).to_value()
}

/// The result of a gate.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "Gate")]
pub struct Document {
    /// Always `trimtab-gate`.
    pub format: String,
    /// Version of this shape.
    pub version: u32,
    /// What wrote it.
    pub tool: Tool,
    /// The name of what was gated.
    pub target: String,
    /// How it ends.
    #[schemars(extend("enum" = ["pass", "fail", "not yet known"]))]
    pub outcome: String,
    /// The outcome in one sentence.
    pub headline: String,
    /// Whether everything that should have been looked at was. If false, the absence of a verdict means
    /// nothing.
    pub complete: bool,
    /// The charter's name and version.
    pub charter: String,
    /// Which agreement judged a change that touches it: the one `before`, the one `after`, or `both`, of which
    /// the stricter counts. Absent: the change touches none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["before", "after", "both", null]))]
    pub agreement: Option<String>,
    /// The policies that were asked, those without a verdict too.
    pub policies: Vec<String>,
    /// What it was compared with. Absent: it was not compared, so nothing says what this change brought in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// Counts.
    pub summary: Summary,
    /// What the rules said: what fails first, what this change brought in before the rest.
    pub verdicts: Vec<Verdict>,
}

/// Counts.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// Verdicts that fail the gate.
    pub denied: usize,
    /// Verdicts that say that data is missing.
    pub unknown: usize,
    /// Verdicts that are only said.
    pub warned: usize,
    /// Findings of the target, those without a verdict too.
    pub findings: usize,
    /// Findings that this change brought in. Absent: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_findings: Option<usize>,
    /// Findings that exceptions accept.
    pub accepted: usize,
    /// Findings that do not matter, by decisions.
    #[serde(default)]
    pub not_affected: usize,
}

/// What one rule says about one thing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// `deny` fails the gate, `unknown` says that data is missing, `warn` is only said.
    #[schemars(extend("enum" = ["deny", "unknown", "warn"]))]
    pub effect: String,
    /// The policy that the rule belongs to.
    pub policy: String,
    /// The rule.
    pub rule: String,
    /// What is wrong, in words.
    pub message: String,
    /// What to do next.
    pub next_step: String,
    /// The finding that it is about. Absent: it is about none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// The level of the finding. Absent: unknown, or it is about no finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The file that it is about, relative to the target. Absent: it is about the target as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// One-based line in that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whether this change brought it in. Absent: nothing was compared, or it cannot be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<bool>,
    /// Stays the same when lines move; no two verdicts of a document share one.
    pub fingerprint: String,
}

/// Writes the document.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, out: &mut dyn Write) -> io::Result<()> {
    crate::inert::write_json(&document(gate), out)?;
    out.write_all(b"\n")
}

fn document(gate: &Gate) -> Document {
    let verdict = |(v, fingerprint): (&super::Verdict, String)| Verdict {
        effect: v.effect.as_str().to_owned(),
        policy: v.policy.to_string(),
        rule: v.rule.to_string(),
        message: v.message.to_string(),
        next_step: v.next_step().to_owned(),
        finding: v.finding.as_deref().map(str::to_owned),
        level: v.level.map(|level| level.as_str().to_owned()),
        file: v.file.as_deref().map(str::to_owned),
        line: v.line,
        new: v.new,
        fingerprint,
    };
    Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        tool: Tool { name: crate::TOOL.to_owned(), version: crate::TOOL_VERSION.to_owned() },
        target: gate.target.to_string(),
        outcome: gate.outcome.as_str().to_owned(),
        headline: format!("{}.", gate.headline()),
        complete: !gate.incomplete,
        charter: gate.charter.to_string(),
        agreement: gate.agreement.map(str::to_owned),
        policies: gate.policies.iter().map(ToString::to_string).collect(),
        against: gate.against.as_deref().map(str::to_owned),
        summary: Summary {
            denied: gate.of(Effect::Deny),
            unknown: gate.of(Effect::Unknown),
            warned: gate.of(Effect::Warn),
            findings: gate.findings,
            new_findings: gate.new_findings,
            accepted: gate.accepted,
            not_affected: gate.not_affected,
        },
        verdicts: gate.verdicts.iter().zip(gate.fingerprints()).map(verdict).collect(),
    }
}
