//! GitLab's dependency scanning report, schema 15.2.1.
//!
//! The schema requires a start and an end time. A report is the same on every run, so both are the
//! date of the advisory data, and the start of 1970 where that is unknown.

use std::io::{self, Write};

use serde_json::{Value, json};
use trimtab_model::Relation;
use trimtab_model::advisory::{Kind, Rating};
use trimtab_model::evidence::VexStatus;
use trimtab_model::finding::Finding;
use trimtab_model::scan::{Assessed, Scan, Weighing};

use crate::group;
use crate::weighed::Decided;

/// Version of the schema that the report follows.
const SCHEMA: &str = "15.2.1";

/// Writes the report.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let time = scan
        .index
        .as_ref()
        .and_then(|index| index.data_date.as_deref()?.get(..19))
        .unwrap_or("1970-01-01T00:00:00");
    let program = json!({
        "id": crate::TOOL,
        "name": "Trimtab",
        "version": crate::TOOL_VERSION,
        "vendor": { "name": "Trimtab" },
    });
    let vulnerabilities: Vec<Value> =
        scan.findings.iter().flat_map(|f| vulnerabilities(scan, f)).collect();
    let mut messages: Vec<Value> = Vec::new();
    for diagnostic in scan.inventory.all_diagnostics().chain(&scan.diagnostics) {
        let place = diagnostic.file.as_deref().map_or(String::new(), |f| format!("{f}: "));
        let level = if diagnostic.code.makes_incomplete() { "fatal" } else { "info" };
        let value = format!("{}: {place}{}", diagnostic.code, diagnostic.message);
        messages.push(json!({ "level": level, "value": value }));
    }
    let report = json!({
        "version": SCHEMA,
        "scan": {
            "type": "dependency_scanning",
            "analyzer": program,
            "scanner": program,
            "start_time": time,
            "end_time": time,
            "status": if scan.is_incomplete() { "failure" } else { "success" },
            "messages": messages,
        },
        "vulnerabilities": vulnerabilities,
        "remediations": [],
    });
    crate::inert::write_json(&report, out)?;
    out.write_all(b"\n")
}

fn vulnerabilities(scan: &Scan, finding: &Finding) -> Vec<Value> {
    let vulnerability = &finding.vulnerability;
    let summary = vulnerability.summary.as_deref().unwrap_or(&vulnerability.id);
    let doubts: Vec<_> = finding.doubts.iter().map(|d| d.as_str()).collect();
    let description = match doubts.is_empty() {
        true => summary.to_owned(),
        false => format!("{summary} (in doubt: {})", doubts.join("; ")),
    };
    let title = format!("{} in {} {}", vulnerability.id, finding.package, finding.version());
    let solution = match &finding.nearest_fix {
        Some(fix) => format!("Raise {} to {fix} or later.", finding.package),
        None if vulnerability.kind == Kind::Malicious => format!("Remove {}.", finding.package),
        None => "No source names a fixed version.".to_owned(),
    };
    let links: Vec<Value> = vulnerability
        .references
        .iter()
        .filter(|r| r.starts_with("http://") || r.starts_with("https://"))
        .map(|url| json!({ "url": url }))
        .collect();
    let mut results = Vec::new();
    let mut last = None;
    for occurrence in &finding.occurrences {
        let Some((file, component)) = group::place(scan, *occurrence) else { continue };
        if last == Some(occurrence.file) {
            continue;
        }
        last = Some(occurrence.file);
        let key =
            format!("{}\0{}\0{}\0{}", finding.purl, vulnerability.id, file.path, finding.ecosystem);
        let mut dependency = json!({
            "package": { "name": finding.package },
            "version": finding.version(),
        });
        match component.relation {
            Relation::Direct => dependency["direct"] = json!(true),
            Relation::Transitive => dependency["direct"] = json!(false),
            Relation::Own | Relation::Unknown => {}
        }
        let assessed = group::assessed_at(scan, finding, *occurrence);
        let mut result = json!({
            "id": blake3::hash(key.as_bytes()).to_hex().as_str(),
            "name": cut(&title, 255),
            "description": description,
            "severity": severity(finding, assessed),
            "solution": cut(&solution, 7000),
            "identifiers": identifiers(finding),
            "links": links,
            "location": { "file": file.path, "dependency": dependency },
        });
        if let Some((weighing, assessed)) = scan.weighing.as_ref().zip(assessed) {
            weighed(weighing, assessed, &mut result);
        }
        results.push(result);
    }
    results
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

/// What the finding means in the system of the place, by the charter. The report has no word for a finding
/// that is accepted: it stands in the description too, which every page shows.
fn weighed(weighing: &Weighing, assessed: &Assessed, result: &mut Value) {
    let charter = crate::weighed::charter(weighing);
    let mut details = serde_json::Map::new();
    let text = |name: &str, says: &str| json!({ "type": "text", "name": name, "value": says });
    details.insert("charter".to_owned(), text("Charter", &charter));
    for fact in crate::weighed::facts(assessed) {
        details.insert(fact.short().to_owned(), text(fact.name, &fact.says));
    }
    result["details"] = Value::Object(details);
    match crate::weighed::decided(std::slice::from_ref(assessed)) {
        Some(Decided::Accepted(words)) => {
            let description = result["description"].as_str().unwrap_or_default();
            result["description"] = json!(format!("{description} ({words})"));
        }
        Some(Decided::NotAffected(words)) => result["flags"] = harmless(&words),
        Some(Decided::Stated(status @ (VexStatus::NotAffected | VexStatus::Fixed))) => {
            let words = format!("a statement that applies says: {}", status.as_str());
            result["flags"] = harmless(&words);
        }
        Some(Decided::Stated(_)) | None => {}
    }
}

/// That somebody says that the finding does not matter.
fn harmless(words: &str) -> Value {
    json!([{
        "type": "flagged-as-likely-false-positive",
        "origin": crate::TOOL,
        "description": words,
    }])
}

/// By the level where it was weighed, else by the rating.
fn severity(finding: &Finding, assessed: Option<&Assessed>) -> &'static str {
    let rating = assessed.map(|a| group::rating_of(a.assessment.level));
    match rating.unwrap_or_else(|| group::drawn_rating(finding)) {
        Rating::Critical => "Critical",
        Rating::High => "High",
        Rating::Medium => "Medium",
        Rating::Low => "Low",
        Rating::None => "Info",
        Rating::Unknown => "Unknown",
    }
}

/// The preferred id first: GitLab keys a vulnerability on the first identifier.
fn identifiers(finding: &Finding) -> Vec<Value> {
    let vulnerability = &finding.vulnerability;
    let ids = std::iter::once(&vulnerability.id).chain(&vulnerability.aliases);
    let named = ids.map(|id| {
        let kind = id.split('-').next().unwrap_or("id").to_ascii_lowercase();
        json!({ "type": if kind.is_empty() { "id".to_owned() } else { kind }, "name": id, "value": id })
    });
    let weaknesses = vulnerability
        .cwes
        .iter()
        .map(|cwe| json!({ "type": "cwe", "name": cwe, "value": cwe.trim_start_matches("CWE-") }));
    named.chain(weaknesses).collect()
}
