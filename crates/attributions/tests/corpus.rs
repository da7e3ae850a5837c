//! Every report of the shared corpus is read, and what another importer's tests assert of it holds;
//! where it does not, the table below says why. A line that no longer applies fails, too.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test ends at the first surprise")]

mod shown;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trimtab_attributions::{Attributed, FORMATS, Report, claims, read};
use trimtab_model::{Code, Diagnostic};
use trimtab_testkit::shared;

/// Reports that are refused, with the code.
const REFUSED: &[(&str, Code, &str)] = &[
    ("csaf/csaf_many_vuln.json", Code::ReportUnknown, "statements are read as decisions"),
    ("csaf/csaf_unsupported_version.json", Code::ReportUnknown, "statements are read as decisions"),
    ("openvex/openvex_many_vuln.json", Code::ReportUnknown, "statements are read as decisions"),
    ("openvex/openvex_not_a_document.json", Code::ReportUnknown, "it is no document at all"),
    (
        "osv_scanner/no_findings.json",
        Code::FileTruncated,
        "an empty file is no report without findings",
    ),
    ("spdx/spdx_3_unsupported.json", Code::ReportUnknown, "SPDX 3 is read as an inventory"),
];

/// Counts of ours that differ, with the reason.
const COUNTS: &[(&str, usize, &str)] = &[
    ("anchore_grype/check_all_fields.json", 6, "they merge two matches of one package"),
    ("aws_inspector2/aws_inspector2_many_vul.json", 10, "two findings name two packages each"),
    (
        "azure_security_center_recommendations/many_vulns.csv",
        0,
        "settings of resources, no package",
    ),
    ("cargo_audit/many_findings.json", 7, "three unmaintained crates have advisories, too"),
    ("generic/generic_report1.csv", 0, "no package and no id: a web application"),
    (
        "npm_audit_7_plus/many_vulns.json",
        3,
        "three more only depend on a package with a vulnerability",
    ),
    ("sarif/appendix_k.sarif", 0, "a flaw in code"),
    ("sarif/dependency_check.sarif", 9, "four results have prose for an id, and no package"),
    ("sarif/flawfinder.sarif", 0, "flaws in code"),
    ("semgrep/high-medium-low-severities.json", 0, "flaws in code"),
    ("semgrep/many_findings.json", 0, "flaws in code"),
    ("semgrep/sca-deployments-vulns.json", 22, "they merge findings of several repositories"),
    ("trivy/kubernetes.json", 10, "the other ten are misconfigurations"),
    ("trivy/license_scheme.json", 0, "licences"),
    ("twistlock/many_vulns.json", 5, "the sixth is about compliance"),
    ("yarn_audit/yarn2_audit_issue9911.json", 1, "three are deprecations"),
];

/// Asserted facts that do not hold of what is read: report, finding, fact, reason.
const FACTS: &[(&str, &str, &str, &str)] = &[
    (
        "azure_security_center_recommendations/many_vulns.csv",
        "0",
        "cwe",
        "settings of resources are left out",
    ),
    (
        "azure_security_center_recommendations/many_vulns.csv",
        "0",
        "severity",
        "settings of resources are left out",
    ),
    (
        "azure_security_center_recommendations/many_vulns.csv",
        "1",
        "cwe",
        "settings of resources are left out",
    ),
    (
        "azure_security_center_recommendations/many_vulns.csv",
        "1",
        "severity",
        "settings of resources are left out",
    ),
    (
        "azure_security_center_recommendations/many_vulns.csv",
        "2",
        "cwe",
        "settings of resources are left out",
    ),
    (
        "azure_security_center_recommendations/many_vulns.csv",
        "2",
        "severity",
        "settings of resources are left out",
    ),
    (
        "bundler_audit/version_9.0.txt",
        "0",
        "severity",
        "the tool says `Unknown`, they put medium for it",
    ),
    (
        "bundler_audit/version_9.0.txt",
        "1",
        "severity",
        "the tool says `Unknown`, they put medium for it",
    ),
    (
        "bundler_audit/version_9.0.txt",
        "2",
        "severity",
        "the tool says `Unknown`, they put medium for it",
    ),
    (
        "bundler_audit/version_9.0.txt",
        "3",
        "severity",
        "the tool says `Unknown`, they put medium for it",
    ),
    (
        "cargo_audit/many_findings.json",
        "0",
        "severity",
        "the tool says nothing, they put high for it",
    ),
    (
        "cargo_audit/many_findings.json",
        "1",
        "severity",
        "the tool says nothing, they put high for it",
    ),
    (
        "cargo_audit/many_findings.json",
        "2",
        "severity",
        "the tool says nothing, they put high for it",
    ),
    (
        "cargo_audit/many_findings.json",
        "3",
        "severity",
        "the tool says nothing, they put high for it",
    ),
    (
        "cyclonedx/valid-vulnerability-1.4.json",
        "0",
        "cvssv3",
        "the document says CVSSv3, which CycloneDX defines as 3.0",
    ),
    (
        "dependency_check/multiple_vulnerabilities_has_multiple_findings.xml",
        "5",
        "component_version",
        "only a file is named, they guess a package from evidence",
    ),
    (
        "dependency_check/multiple_vulnerabilities_has_multiple_findings.xml",
        "6",
        "component_name",
        "only a file is named, they guess a package from evidence",
    ),
    (
        "dependency_check/multiple_vulnerabilities_has_multiple_findings.xml",
        "6",
        "component_version",
        "only a file is named, they guess a package from evidence",
    ),
    (
        "govulncheck/many_vulns_new_version.json",
        "0",
        "severity",
        "the tool says nothing, they put info for it",
    ),
    ("npm_audit_7_plus/many_vulns.json", "0", "cwe", "a number of theirs for every npm report"),
    (
        "osv_scanner/some_findings.json",
        "0",
        "severity",
        "the tool says nothing, they put low for it",
    ),
    ("sarif/appendix_k.sarif", "0", "severity", "flaws in code are left out"),
    ("sarif/flawfinder.sarif", "0", "cwe", "flaws in code are left out"),
    ("sarif/flawfinder.sarif", "0", "severity", "flaws in code are left out"),
    ("sarif/flawfinder.sarif", "20", "cwe", "flaws in code are left out"),
    ("sarif/flawfinder.sarif", "20", "severity", "flaws in code are left out"),
    ("sarif/flawfinder.sarif", "52", "cwe", "flaws in code are left out"),
    ("sarif/flawfinder.sarif", "52", "severity", "flaws in code are left out"),
    ("semgrep/many_findings.json", "0", "cwe", "flaws in code are left out"),
    ("semgrep/many_findings.json", "0", "severity", "flaws in code are left out"),
    ("semgrep/many_findings.json", "2", "cwe", "flaws in code are left out"),
    ("semgrep/many_findings.json", "2", "severity", "flaws in code are left out"),
    ("trivy/license_scheme.json", "0", "severity", "licences are left out"),
    ("yarn_audit/yarn2_audit_issue9911.json", "1", "severity", "deprecations are left out"),
];

fn reports() -> Option<Vec<(String, PathBuf)>> {
    let folder = shared()?.join("corpus/reports");
    let mut all = Vec::new();
    for tool in std::fs::read_dir(&folder).unwrap() {
        let tool = tool.unwrap().path();
        if !tool.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(tool).unwrap() {
            let file = file.unwrap().path();
            all.push((file.strip_prefix(&folder).unwrap().to_string_lossy().into_owned(), file));
        }
    }
    all.sort();
    Some(all)
}

fn report(path: &Path) -> Result<Report, Diagnostic> {
    read(&std::fs::read(path).unwrap())
}

#[test]
fn every_report_is_read_or_refused_with_a_reason() {
    let Some(all) = reports() else { return };
    let mut refused: BTreeMap<&str, Code> =
        REFUSED.iter().map(|(name, code, _)| (*name, *code)).collect();
    assert!(all.len() > 80);
    let mut wrong = Vec::new();
    for (name, path) in &all {
        match (report(path), refused.remove(name.as_str())) {
            (Ok(_), None) => {}
            (Ok(_), Some(_)) => {
                wrong.push(format!("{name} is read, and the table says that it is refused"));
            }
            (Err(fault), expected) => {
                if expected != Some(fault.code) {
                    wrong.push(format!("{name}: {}: {}", fault.code, fault.message));
                }
                assert!(fault.help.is_some(), "{name} is refused without a next step");
            }
        }
    }
    assert!(wrong.is_empty() && refused.is_empty(), "{wrong:#?} {refused:?}");
}

#[test]
fn every_report_is_in_one_format() {
    let Some(all) = reports() else { return };
    for (name, path) in &all {
        let Ok(claims) = claims(&std::fs::read(path).unwrap()) else { continue };
        let ids: Vec<&str> = claims.iter().map(|format| format.id).collect();
        assert!(ids.len() <= 1, "{name} is {ids:?}");
    }
}

#[test]
fn counts_are_those_of_another_importer_or_the_table_says_why() {
    let Some(folder) = shared() else { return };
    let folder = folder.join("corpus/reports");
    let expected = std::fs::read(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).unwrap();
    let mut known: BTreeMap<&str, usize> =
        COUNTS.iter().map(|(name, count, _)| (*name, *count)).collect();
    let mut wrong = Vec::new();
    for (name, case) in &expected {
        let Ok(report) = report(&folder.join(name)) else { continue };
        let theirs = usize::try_from(case["findings"].as_u64().unwrap()).unwrap();
        let ours = report.attributions.len();
        let wanted = known.remove(name.as_str());
        if wanted == Some(theirs) {
            wrong.push(format!("{name} has a line without need"));
        }
        if ours != wanted.unwrap_or(theirs) {
            wrong.push(format!("{name}: {ours}, they {theirs}, left out {:?}", report.left_out));
        }
    }
    assert!(wrong.is_empty() && known.is_empty(), "{wrong:#?} {known:?}");
}

#[test]
fn asserted_facts_hold_or_the_table_says_why() {
    let Some(folder) = shared() else { return };
    let folder = folder.join("corpus/reports");
    let expected = std::fs::read(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).unwrap();
    let mut known: Vec<(&str, &str, &str)> =
        FACTS.iter().map(|(name, at, fact, _)| (*name, *at, *fact)).collect();
    let (mut wrong, mut held) = (Vec::new(), 0);
    for (name, case) in &expected {
        let Ok(report) = report(&folder.join(name)) else { continue };
        for (at, facts) in case["asserted"].as_object().into_iter().flatten() {
            let facts = facts.as_object().unwrap();
            let is_known = |fact: &str| {
                known.iter().any(|(n, a, f)| *n == name.as_str() && *a == at.as_str() && *f == fact)
            };
            let (excepted, others): (Vec<_>, Vec<_>) =
                facts.iter().partition(|(fact, _)| is_known(fact));
            // One attribution of which all of them hold; none of which the excepted hold, too.
            let fits =
                |one: &&Attributed| others.iter().all(|(fact, value)| holds(one, fact, value));
            let fitting: Vec<&Attributed> = report.attributions.iter().filter(fits).collect();
            held += others.len();
            if fitting.is_empty() && !others.is_empty() {
                wrong.push(format!("{name} {at}: {others:?}"));
            }
            for (fact, value) in &excepted {
                if fitting.iter().any(|one| holds(one, fact, value)) {
                    wrong.push(format!("{name} {at} {fact} has a line without need"));
                }
            }
            known.retain(|(n, a, f)| {
                !(*n == name.as_str() && *a == at.as_str() && facts.contains_key(*f))
            });
        }
    }
    eprintln!("{held} asserted facts hold, {} do not and are explained", FACTS.len());
    assert!(wrong.is_empty() && known.is_empty(), "{wrong:#?} {known:?}");
}

/// Whether a fact of the other importer holds of an attribution.
fn holds(one: &Attributed, fact: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match fact {
        // It writes Maven's as `group:artifact` or the artifact alone, and keeps what the tool wrote.
        "component_name" => {
            let purl = one.component.as_ref().map(|purl| {
                let whole =
                    purl.namespace().map(|namespace| format!("{namespace}:{}", purl.name()));
                purl.name() == text || whole.as_deref() == Some(text)
            });
            purl == Some(true) || one.package.as_deref() == Some(text)
        }
        "component_version" => {
            let purl = one.component.as_ref().and_then(|purl| purl.version());
            purl == Some(text) || one.version.as_deref() == Some(text)
        }
        "vulnerability_id" => one.ids.iter().any(|id| &**id == text),
        "cvssv3" if value.is_null() => {
            !one.severity.vectors.iter().any(|v| v.starts_with("CVSS:3"))
        }
        "cvssv3" => one.severity.vectors.iter().any(|vector| &**vector == text),
        "cwe" => {
            let number = text.trim_start_matches("CWE-").to_owned();
            let number = value.as_u64().map_or(number, |n| n.to_string());
            one.cwes.iter().any(|cwe| **cwe == format!("CWE-{number}"))
                || (number == "0" && one.cwes.is_empty())
        }
        "severity" => one.severity.words.iter().any(|word| of_theirs(word) == text),
        other => panic!("unknown fact {other}"),
    }
}

/// The other importer's five words for severity.
fn of_theirs(word: &str) -> &'static str {
    match word.to_ascii_lowercase().as_str() {
        "critical" => "Critical",
        "high" | "important" | "error" => "High",
        "medium" | "moderate" | "warning" => "Medium",
        "low" | "minor" => "Low",
        _ => "Info",
    }
}

/// `cargo test -p trimtab-attributions --test corpus table -- --nocapture` prints what is read of
/// every report.
#[test]
fn a_table_of_all_reports() {
    let Some(all) = reports() else { return };
    let (mut out, mut total) = (String::new(), 0);
    for (name, path) in &all {
        out.push_str(&shown::line(name, report(path)));
        total += report(path).map_or(0, |report| report.attributions.len());
    }
    eprintln!("{out}{} reports, {total} attributions, {} formats", all.len(), FORMATS.len());
    insta::assert_snapshot!(out);
}
