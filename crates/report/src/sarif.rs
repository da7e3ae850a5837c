//! SARIF 2.1.0 (OASIS), in the way code scanning services read it: one rule per vulnerability, one
//! result per finding and file, fingerprints that survive version changes of the package.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Value, json};
use trimtab_model::advisory::{Kind, Rating};
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;
use trimtab_model::{Diagnostic, DiagnosticSeverity};

use crate::group;

/// Writes a SARIF log with one run.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let mut rules: BTreeMap<&str, Value> = BTreeMap::new();
    for finding in &scan.findings {
        rules.entry(&finding.vulnerability.id).or_insert_with(|| rule(finding));
    }
    let positions: BTreeMap<&str, usize> =
        rules.keys().enumerate().map(|(i, id)| (*id, i)).collect();
    let results: Vec<Value> = scan
        .findings
        .iter()
        .flat_map(|f| results(scan, f, positions.get(&*f.vulnerability.id).copied().unwrap_or(0)))
        .collect();
    let notifications: Vec<Value> =
        scan.inventory.all_diagnostics().chain(&scan.diagnostics).map(notification).collect();
    let run = Run {
        rules: rules.into_values().collect(),
        results,
        notifications,
        complete: !scan.is_incomplete(),
    };
    run.write(out)
}

/// What a run of the program has to say, whichever verb made it.
pub(crate) struct Run {
    /// Descriptors that results point to by `ruleIndex`.
    pub(crate) rules: Vec<Value>,
    /// Results.
    pub(crate) results: Vec<Value>,
    /// What the program says about its own run.
    pub(crate) notifications: Vec<Value>,
    /// Whether everything was examined.
    pub(crate) complete: bool,
}

impl Run {
    /// Writes a log with this run.
    ///
    /// # Errors
    /// Writing fails.
    pub(crate) fn write(self, out: &mut dyn Write) -> io::Result<()> {
        let log = json!({
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": { "driver": {
                    "name": crate::TOOL,
                    "version": crate::TOOL_VERSION,
                    "semanticVersion": crate::TOOL_VERSION,
                    "rules": self.rules,
                }},
                "columnKind": "unicodeCodePoints",
                "invocations": [{
                    "executionSuccessful": self.complete,
                    "toolExecutionNotifications": self.notifications,
                }],
                "results": self.results,
            }],
        });
        crate::inert::write_json(&log, out)?;
        out.write_all(b"\n")
    }
}

/// A place in a file. Services want a line to show the result at; line 1 stands for the whole file.
pub(crate) fn location(file: &str, line: Option<u32>) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(file) },
        "region": { "startLine": line.unwrap_or(1) },
    }})
}

fn rule(finding: &Finding) -> Value {
    let vulnerability = &finding.vulnerability;
    let summary = vulnerability.summary.as_deref().unwrap_or(&vulnerability.id);
    let mut properties = json!({
        "tags": ["security", "dependency", vulnerability.kind.as_str()],
        "aliases": vulnerability.aliases,
        "cwes": vulnerability.cwes,
    });
    // Code scanning services sort by this member; a missing one means unknown, which is the truth.
    if let Some(score) = security_severity(finding) {
        properties["security-severity"] = json!(score);
    }
    let mut rule = json!({
        "id": vulnerability.id,
        "shortDescription": { "text": summary },
        "fullDescription": { "text": summary },
        "help": { "text": help(finding) },
        "defaultConfiguration": { "level": level(finding) },
        "properties": properties,
    });
    if let Some(url) = vulnerability.references.iter().find(|r| r.starts_with("http")) {
        rule["helpUri"] = json!(url);
    }
    rule
}

fn help(finding: &Finding) -> String {
    let vulnerability = &finding.vulnerability;
    let mut text = format!("{}: {}.", vulnerability.id, group::gravity(finding));
    if !vulnerability.aliases.is_empty() {
        text.push_str(&format!(" Also known as {}.", vulnerability.aliases.join(", ")));
    }
    for reference in &vulnerability.references {
        text.push_str(&format!("\n{reference}"));
    }
    text
}

fn security_severity(finding: &Finding) -> Option<String> {
    if finding.vulnerability.kind == Kind::Malicious {
        return Some("10.0".to_owned());
    }
    let tenths = finding.vulnerability.severity.score_tenths?;
    Some(format!("{}.{}", tenths / 10, tenths % 10))
}

fn level(finding: &Finding) -> &'static str {
    match (finding.vulnerability.kind, group::drawn_rating(finding)) {
        (Kind::Malicious, _) | (_, Rating::Critical | Rating::High) => "error",
        (Kind::Unmaintained | Kind::Notice, _) | (_, Rating::Low | Rating::None) => "note",
        (_, Rating::Medium | Rating::Unknown) => "warning",
    }
}

fn results(scan: &Scan, finding: &Finding, rule: usize) -> Vec<Value> {
    let mut results: Vec<Value> = Vec::new();
    let mut last = None;
    for occurrence in &finding.occurrences {
        let Some((file, component)) = group::place(scan, *occurrence) else { continue };
        if last == Some(occurrence.file) {
            continue;
        }
        last = Some(occurrence.file);
        let way = group::way(scan, *occurrence);
        let mut result = json!({
            "ruleId": finding.vulnerability.id,
            "ruleIndex": rule,
            "level": level(finding),
            "message": { "text": message(finding, &way) },
            "locations": [location(&file.path, component.line)],
            "partialFingerprints": { "trimtabFinding/v1": finding_fingerprint(finding, &file.path) },
            "properties": {
                "purl": finding.purl.to_string(),
                "scope": component.scope.as_str(),
                "confidence": finding.confidence.as_str(),
                "doubts": finding.doubts.iter().map(|d| d.code()).collect::<Vec<_>>(),
                "fixedIn": finding.nearest_fix,
                "knownExploited": finding.vulnerability.kev.is_some(),
                "epss": finding.vulnerability.epss.map(|e| e.probability),
            },
        });
        if let Some(assessed) = group::assessed_at(scan, finding, *occurrence) {
            let a = &assessed.assessment;
            result["properties"]["level"] = json!(a.level.as_str());
            result["properties"]["system"] = json!(a.system);
            result["properties"]["deadline"] = json!(a.deadline.at().map(|at| at.to_string()));
            if let Some((id, _)) = &assessed.exception {
                // What people accepted is shown as such, and not as open.
                let accepted =
                    json!([{ "kind": "external", "status": "accepted", "justification": **id }]);
                result["suppressions"] = accepted;
            }
            if let Some(decision) = &assessed.not_affected {
                let why = format!(
                    "not affected by decision {}: {} ({})",
                    decision.id,
                    decision.reason,
                    decision.justification.as_str()
                );
                result["suppressions"] =
                    json!([{ "kind": "external", "status": "accepted", "justification": why }]);
            }
        }
        results.push(result);
    }
    results
}

fn message(finding: &Finding, way: &[String]) -> String {
    let summary = finding.vulnerability.summary.as_deref().unwrap_or("no summary");
    let fix = match &finding.nearest_fix {
        Some(fix) => format!("fixed in {fix}"),
        None => "no fix is named".to_owned(),
    };
    let mut text = format!(
        "{} {}: {summary} ({}); {fix}.",
        finding.package,
        finding.version(),
        finding.vulnerability.id
    );
    if way.len() > 1 {
        text.push_str(&format!(" It came in by {}.", way.join(" → ")));
    }
    text
}

/// Stable across versions of the package, runs and machines: the finding's key (TRAPS 25) and file.
fn finding_fingerprint(finding: &Finding, path: &str) -> String {
    let ecosystem = finding.ecosystem.family.osv_name();
    fingerprint(&[ecosystem, &finding.package, &finding.vulnerability.id, path])
}

/// 32 hexadecimal digits of what must stay the same for a result to be the same.
pub(crate) fn fingerprint(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.finalize().to_hex().chars().take(32).collect()
}

fn notification(diagnostic: &Diagnostic) -> Value {
    let level = match diagnostic.code.severity() {
        DiagnosticSeverity::Error => "error",
        DiagnosticSeverity::Warning => "warning",
        DiagnosticSeverity::Note => "note",
    };
    let mut value = json!({
        "descriptor": { "id": diagnostic.code.as_str() },
        "level": level,
        "message": { "text": diagnostic.message },
    });
    if let Some(file) = &diagnostic.file {
        value["locations"] = json!([location(file, diagnostic.line)]);
    }
    value
}

/// A relative path as a URI reference (RFC 3986): all but unreserved characters and `/` encoded.
pub(crate) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn paths_become_uris() {
        assert_eq!(super::uri("a b/c+é.lock"), "a%20b/c%2B%C3%A9.lock");
    }
}
