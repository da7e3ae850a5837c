//! Reading what `trimtab gate` and `trimtab check-new` wrote.

use serde_json::Value;
use trimtab_model::Purl;
use trimtab_report::gate::json as gate;
use trimtab_report::selection::json as selection;
use trimtab_store::{Judgement, NewVerdict, VerdictReason, VerdictSource};

use super::{Change, NAME};
use crate::confirming;
use crate::problem::Problem;

/// The most judgements in one document of `check-new`: one a line.
const PACKAGES: usize = 50;
/// The most reasons of one judgement.
const REASONS: usize = 2_000;

/// Reads what `trimtab gate` or `trimtab check-new` wrote as JSON.
///
/// # Errors
/// In words, what it is not.
pub(crate) fn read(bytes: &[u8], asset: i64, change: &Change) -> Result<Vec<NewVerdict>, Problem> {
    let mut all = Vec::new();
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        let wrong = |e| Problem::invalid(format!("Not valid JSON: {e}."));
        let document = document.map_err(wrong)?;
        if all.len() >= PACKAGES {
            let detail = format!("It has more than {PACKAGES} judgements: send them in parts.");
            return Err(Problem::invalid(detail));
        }
        let format = document["format"].as_str().unwrap_or_default().to_owned();
        let text = document.to_string();
        all.push(match format.as_str() {
            selection::FORMAT => of_selection(
                &confirming::read(text.as_bytes(), selection::FORMAT, selection::VERSION)?,
                asset,
                change,
            )?,
            _ => of_gate(
                confirming::read(text.as_bytes(), gate::FORMAT, gate::VERSION)?,
                asset,
                change,
            )?,
        });
    }
    if all.is_empty() {
        return Err(Problem::invalid(
            "The body is empty: send the output of `trimtab gate --format json`.",
        ));
    }
    Ok(all)
}

fn few(reasons: usize) -> Result<(), Problem> {
    match reasons > REASONS {
        true => Err(Problem::invalid(format!("It has more than {REASONS} reasons."))),
        false => Ok(()),
    }
}

fn of_gate(is: gate::Document, asset: i64, change: &Change) -> Result<NewVerdict, Problem> {
    few(is.verdicts.len())?;
    let judgement = match is.outcome.as_str() {
        "pass" => Judgement::Passed,
        "fail" => Judgement::Refused,
        "not yet known" => Judgement::Unknown,
        _ => return Err(Problem::invalid("`outcome` must be pass, fail or not yet known.")),
    };
    let counts = |effect: &str| is.verdicts.iter().any(|verdict| verdict.effect == effect);
    if counts("deny") != (judgement == Judgement::Refused) {
        let detail = "`outcome` and `verdicts` disagree: a gate fails where a rule denies.";
        return Err(Problem::invalid(detail));
    }
    let mut reasons: Vec<VerdictReason> = is
        .verdicts
        .iter()
        .filter(|verdict| matches!(verdict.effect.as_str(), "deny" | "unknown"))
        .map(|verdict| VerdictReason {
            rule: format!("{}/{}", verdict.policy, verdict.rule),
            refuses: verdict.effect == "deny",
            text: verdict.message.clone(),
            next: verdict.next_step.clone(),
            vulnerability: verdict.finding.clone().filter(|name| !name.is_empty()),
            package: None,
            level: verdict.level.clone(),
            finding: None,
            brought: verdict.new,
        })
        .collect();
    reasons.sort_by_key(|reason| !reason.refuses);
    Ok(NewVerdict {
        asset,
        source: VerdictSource::Gate,
        judgement,
        revision: change.revision.clone(),
        branch: change.branch.clone(),
        snapshot: change.snapshot,
        headline: is.headline,
        charter: is.charter,
        reasons,
    })
}

fn of_selection(
    is: &selection::Document,
    asset: i64,
    change: &Change,
) -> Result<NewVerdict, Problem> {
    few(is.reasons.len())?;
    let judgement = match is.verdict.as_str() {
        "allow" | "warn" => Judgement::Passed,
        "deny" => Judgement::Refused,
        "unknown" => Judgement::Unknown,
        _ => return Err(Problem::invalid("`verdict` must be allow, warn, unknown or deny.")),
    };
    if is.package.chars().count() > NAME || is.package.parse::<Purl>().is_err() {
        return Err(Problem::invalid("`package` must be a purl such as pkg:npm/lodash@4.17.21."));
    }
    let mut reasons: Vec<VerdictReason> = is
        .reasons
        .iter()
        .filter(|reason| matches!(reason.verdict.as_str(), "deny" | "unknown"))
        .map(|reason| VerdictReason {
            rule: format!("check-new/{}", reason.rule),
            refuses: reason.verdict == "deny",
            text: reason.found.clone(),
            package: Some(is.package.clone()),
            brought: Some(true),
            ..VerdictReason::default()
        })
        .collect();
    reasons.sort_by_key(|reason| !reason.refuses);
    let may = match judgement {
        Judgement::Passed => "may be added",
        Judgement::Refused => "may not be added",
        Judgement::Unknown => "is not known well enough to be added",
    };
    Ok(NewVerdict {
        asset,
        source: VerdictSource::CheckNew,
        judgement,
        revision: Some(is.package.clone()),
        branch: change.branch.clone(),
        snapshot: None,
        headline: format!("{} {may}.", is.package),
        charter: String::new(),
        reasons,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_gate_that_contradicts_itself_is_not_believed() {
        let verdict = |effect: &str| {
            json!({ "effect": effect, "policy": "p", "rule": "r", "message": "m",
                "next_step": "n", "finding": "CVE-2026-1", "fingerprint": "f" })
        };
        let document = |outcome: &str, effects: &[&str]| {
            let verdicts: Vec<Value> = effects.iter().map(|e| verdict(e)).collect();
            json!({ "format": "trimtab-gate", "version": 1, "tool": { "name": "trimtab",
                "version": "0" }, "target": "shop", "outcome": outcome, "headline": "h",
                "complete": true, "charter": "c 1", "policies": [], "summary": { "denied": 0,
                "unknown": 0, "warned": 0, "findings": 0, "accepted": 0 }, "verdicts": verdicts })
            .to_string()
        };
        let read = |outcome: &str, effects: &[&str]| {
            let all = read(document(outcome, effects).as_bytes(), 1, &Change::default());
            all.map(|all| (all[0].judgement, all[0].reasons.len()))
        };
        assert_eq!(read("pass", &["warn"]).unwrap(), (Judgement::Passed, 0));
        assert_eq!(read("fail", &["unknown", "deny"]).unwrap(), (Judgement::Refused, 2));
        assert_eq!(read("not yet known", &["unknown"]).unwrap(), (Judgement::Unknown, 1));
        for (outcome, effects) in
            [("pass", &["deny"][..]), ("fail", &["warn"]), ("not yet known", &["deny"]), ("", &[])]
        {
            assert_eq!(read(outcome, effects).unwrap_err().status, 422, "{outcome}");
        }
    }
}
