//! A gate as SARIF 2.1.0: one rule per rule of a policy, one result per verdict.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use trimtab_model::Level;

use super::{Gate, Verdict, WHOLE};
use crate::sarif::{Run, location};

/// Writes a log with one run. What is unknown is a `warning`, what is only said a `note`. A verdict about the
/// target as a whole is shown at the first line of `trimtab.toml`: services refuse results without a place.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    for verdict in &gate.verdicts {
        rules.entry(verdict.full_rule()).or_insert_with(|| rule(verdict));
    }
    let positions: BTreeMap<&str, usize> =
        rules.keys().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    let results = gate.verdicts.iter().zip(gate.fingerprints()).map(|(verdict, fingerprint)| {
        let id = verdict.full_rule();
        let mut result = json!({
            "ruleId": id,
            "ruleIndex": positions.get(id.as_str()).copied().unwrap_or(0),
            "level": verdict.effect.severity(),
            "message": { "text": format!("{}\n{}", verdict.message, verdict.next_step()) },
            "locations": [location(verdict.file.as_deref().unwrap_or(WHOLE), verdict.line)],
            "partialFingerprints": { "trimtabVerdict/v1": fingerprint },
            "properties": {
                "effect": verdict.effect.as_str(),
                "finding": verdict.finding,
                "level": verdict.level.map(Level::as_str),
                "new": verdict.new,
            },
        });
        match verdict.new {
            Some(true) => result["baselineState"] = json!("new"),
            Some(false) => result["baselineState"] = json!("unchanged"),
            None => {}
        }
        result
    });
    let results = results.collect();
    let level = if gate.incomplete { "error" } else { "note" };
    let notifications = vec![json!({
        "descriptor": { "id": "gate" },
        "level": level,
        "message": { "text": format!("{}. {}", gate.headline(), gate.summary()) },
    })];
    Run { rules: rules.into_values().collect(), results, notifications, complete: !gate.incomplete }
        .write(out)
}

/// The rule of a verdict. Nothing here depends on which of its verdicts came first.
fn rule(verdict: &Verdict) -> Value {
    let about = format!("Rule {} of the policy {}.", verdict.rule, verdict.policy);
    json!({
        "id": verdict.full_rule(),
        "shortDescription": { "text": about },
        "fullDescription": { "text": about },
        "help": { "text": "Each result says what breaks the rule and the next step." },
        "properties": { "tags": ["security", "dependency", "policy"] },
    })
}
