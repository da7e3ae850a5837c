//! Every report of the shared corpus is read, and what another importer's tests assert of it holds;
//! where it does not, the table below says why. A line that no longer applies fails, too.

mod shown;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trimtab_attributions::{Attributed, FORMATS, Report, claims, read};
use trimtab_model::{Code, Diagnostic};
use trimtab_testkit::shared;

/// Reports that are refused, with the code.
const REFUSED: &[(&str, Code, &str)] = &[
];

/// Counts of ours that differ, with the reason.
const COUNTS: &[(&str, usize, &str)] = &[
];

/// Asserted facts that do not hold of what is read: report, finding, fact, reason.
const FACTS: &[(&str, &str, &str, &str)] = &[
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
    let mut refused: BTreeMap<&str, Code> = REFUSED.iter().map(|(name, code, _)| (*name, *code)).collect();
    assert!(all.len() > 80);
    let mut wrong = Vec::new();
    for (name, path) in &all {
        match (report(path), refused.remove(name.as_str())) {
            (Ok(_), None) => {}
            (Ok(_), Some(_)) => wrong.push(format!("{name} is read, and the table says that it is refused")),
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
    let mut known: BTreeMap<&str, usize> = COUNTS.iter().map(|(name, count, _)| (*name, *count)).collect();
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
            let is_known =
                |fact: &str| known.iter().any(|(n, a, f)| *n == name.as_str() && *a == at.as_str() && *f == fact);
            let (excepted, others): (Vec<_>, Vec<_>) = facts.iter().partition(|(fact, _)| is_known(fact));
            // One attribution of which all of them hold; none of which the excepted hold, too.
            let fits = |one: &&Attributed| others.iter().all(|(fact, value)| holds(one, fact, value));
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
            known.retain(|(n, a, f)| !(*n == name.as_str() && *a == at.as_str() && facts.contains_key(*f)));
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
                let whole = purl.namespace().map(|namespace| format!("{namespace}:{}", purl.name()));
                purl.name() == text || whole.as_deref() == Some(text)
            });
            purl == Some(true) || one.package.as_deref() == Some(text)
        }
        "component_version" => {
            let purl = one.component.as_ref().and_then(|purl| purl.version());
            purl == Some(text) || one.version.as_deref() == Some(text)
        }
        "vulnerability_id" => one.ids.iter().any(|id| &**id == text),
        "cvssv3" if value.is_null() => !one.severity.vectors.iter().any(|v| v.starts_with("CVSS:3")),
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
