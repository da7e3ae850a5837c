//! What is broken, hostile or of nobody: an error that says what to do, or a report within bounds.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::fmt::Write;
use std::path::PathBuf;

use proptest::prelude::*;
use trimtab_attributions::{
    FORMATS, MAX_ATTRIBUTIONS, MAX_BYTES, MAX_LIST, MAX_TEXT, MAX_TITLE, Report, read,
};
use trimtab_model::{Code, Purl};
use trimtab_testkit::{repository, shared};

#[test]
fn what_is_no_report_names_the_known_ones() {
    for (bytes, code) in [
        (&b""[..], Code::FileTruncated),
        (b"\n \t", Code::FileTruncated),
        (b"hello", Code::ReportUnknown),
        (b"[INFO] Scanning for projects...", Code::ReportUnknown),
        (b"null", Code::ReportUnknown),
        (b"{}", Code::ReportUnknown),
        (b"[]", Code::ReportUnknown),
        (b"{\"runs\": 1, \"version\": \"2.1.0\"}", Code::ReportUnknown),
        (b"{\"matches\": [", Code::FileTruncated),
        (b"{\"matches\": [}", Code::FileMalformed),
        (b"<bom><components>", Code::FileTruncated),
        (b"<html></html>", Code::ReportUnknown),
        (b"\xff\xfe\x00\xd8", Code::FileNotText),
        (b"\x80\x81", Code::FileNotText),
        (b"<!DOCTYPE bom [<!ENTITY a \"b\">]><bom>&a;</bom>", Code::EntityRefused),
        (b"<bom>&a;</bom>", Code::EntityRefused),
    ] {
        let fault = read(bytes).unwrap_err();
        assert_eq!(fault.code, code, "{}: {}", String::from_utf8_lossy(bytes), fault.message);
        let help = fault.help.unwrap();
        for format in FORMATS {
            assert!(help.contains(format.name), "{help} does not name {}", format.name);
        }
    }
    let vex = read(b"{\"@context\": \"https://openvex.dev/ns/v0.2.0\", \"statements\": []}");
    assert!(vex.unwrap_err().help.unwrap().contains("VEX"));
}

#[test]
fn bounds_hold() {
    let code = |bytes: &[u8]| read(bytes).unwrap_err().code;
    assert_eq!(code(&vec![b' '; MAX_BYTES + 1]), Code::FileTooLarge);
    assert_eq!(code("[".repeat(1 << 20).as_bytes()), Code::FileTooDeep);
    assert_eq!(code("{\"a\":".repeat(1 << 19).as_bytes()), Code::FileTooDeep);
    assert_eq!(code("<a>".repeat(1 << 20).as_bytes()), Code::FileTooDeep);
    assert_eq!(code(format!("[{}0]", "0,".repeat(4 << 20)).as_bytes()), Code::FileLimit);
    assert_eq!(code(format!("<a>{}</a>", "<b/>".repeat(4 << 20)).as_bytes()), Code::FileLimit);
}

#[test]
fn a_report_with_too_much_is_cut_and_says_so() {
    let one = |i: usize| {
        format!("{{\"name\":\"a{i}\",\"version\":\"1\",\"vulns\":[{{\"id\":\"PYSEC-2026-{i}\"}}]}}")
    };
    let many: Vec<String> = (0..MAX_ATTRIBUTIONS + 5).map(one).collect();
    let report = read(format!("[{}]", many.join(",")).as_bytes()).unwrap();
    assert_eq!(report.attributions.len(), MAX_ATTRIBUTIONS);
    let told = report.diagnostics.iter().find(|d| d.code == Code::FileLimit).unwrap();
    assert!(told.message.starts_with("5 attributions"), "{}", told.message);

    let mut ids = String::new();
    (0..MAX_LIST + 7).for_each(|i| write!(ids, "\"CVE-2026-{}\",", 1000 + i).unwrap());
    let long = "x ".repeat(10_000);
    let bytes = format!(
        "[{{\"name\":\"a\",\"version\":\"1\",\"vulns\":[{{\"id\":\"PYSEC-2026-1\",\"aliases\":[{ids}\"CVE-2026-1\"],\"description\":\"{long}\"}}]}}]"
    );
    let report = read(bytes.as_bytes()).unwrap();
    assert_eq!(report.attributions[0].ids.len(), MAX_LIST);
    within_bounds(&report);
}

#[test]
fn the_table_of_a_csv_is_bounded() {
    let head = "Date,Title,CweId,Url,Severity,Description,Mitigation,FalsePositive,CVE\n";
    let rows = ",a,,,,,,,CVE-2026-1\n".repeat(MAX_ATTRIBUTIONS + 10);
    let report = read([head, &rows].concat().as_bytes()).unwrap();
    assert_eq!(report.attributions.len(), MAX_ATTRIBUTIONS);
    assert!(report.diagnostics.iter().any(|d| d.code == Code::FileLimit));
    let wide = [head, &",".repeat(1 << 20)].concat();
    assert_eq!(read(wide.as_bytes()).unwrap().left_out.values().sum::<usize>(), 1);
}

#[test]
fn a_hostile_report_leaves_no_address_and_no_trick_in_its_texts() {
    let report = read(
        br#"[{"name":"a","version":"1","vulns":[{"id":"PYSEC-2026-1","description":"<script src='https://evil.example/x'> click javascript:\u202ehttp\u200b://evil.example (ftp://a)// \u0007"}]},
            {"name":"b\u0000c","version":"1","vulns":[{"id":"PYSEC-2026-2"}]}]"#,
    )
    .unwrap();
    let text = report.attributions[0].text.as_deref().unwrap();
    assert!(!text.contains("evil") && !text.contains('\u{202e}'), "{text}");
    assert_eq!(report.attributions.len(), 2);
    // A name with a control character names nothing.
    assert_eq!(
        (&report.attributions[1].component, &report.attributions[1].package),
        (&None, &None)
    );
    within_bounds(&report);
}

/// What many entries share is looked at a bounded number of times: each of these would take hours
/// if every entry looked at all of it.
#[test]
fn what_entries_share_costs_little_each_time() {
    const MANY: usize = 60_000;
    let list = |item: &str| vec![item; MANY].join(",");
    let spaces = " ".repeat(MANY * 10);
    let cyclonedx = format!(
        r#"{{"bomFormat":"CycloneDX","vulnerabilities":[{{"id":"CVE-2026-1","description":"{spaces}","ratings":[{}],"cwes":[{}],"affects":[{}]}}]}}"#,
        list(r#"{"severity":"low"}"#),
        list("79"),
        list(r#"{"ref":"pkg:npm/a@1"}"#),
    );
    let npm = format!(
        r#"{{"auditReportVersion":2,"vulnerabilities":{{"a":{{"name":"a","nodes":[{}],"via":[{}]}}}}}}"#,
        list(r#""n""#),
        list(r#"{"name":"a","url":"https://a.example/CVE-2026-1"}"#),
    );
    let sarif = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"a","rules":[{{"id":"CVE-2026-1","fullDescription":{{"text":"{spaces}"}},"help":{{"text":"{spaces}"}},"properties":{{"tags":[{}],"purls":[{}]}}}}]}}}},"results":[{}]}}]}}"#,
        list(r#""CWE-79""#),
        list(r#""pkg:npm/a@1""#),
        list(r#"{"ruleId":"CVE-2026-1"}"#),
    );
    let xml = format!(
        "<analysis><dependencies><dependency>{}<filePath>a</filePath><identifiers>{}</identifiers><vulnerabilities>{}</vulnerabilities></dependency></dependencies></analysis>",
        "<junk/>".repeat(MANY),
        "<package/>".repeat(MANY),
        "<vulnerability><name>CVE-2026-1</name></vulnerability>".repeat(MANY),
    );
    for report in [cyclonedx, npm, sarif, xml] {
        let report = read(report.as_bytes()).unwrap();
        assert_eq!(report.attributions.len(), MANY, "{}", report.format.id);
        within_bounds(&report);
    }
}

/// Seeds: our own cases, and the reports of the shared corpus that are not large.
fn seeds() -> Vec<Vec<u8>> {
    let mut folders = vec![repository().join("corpus/reports")];
    folders.extend(shared().map(|shared| shared.join("corpus/reports")));
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    let all = files.iter().map(|path| std::fs::read(path).unwrap());
    all.filter(|bytes| bytes.len() < 40_000).collect()
}

fn within_bounds(report: &Report) {
    assert!(report.attributions.len() <= MAX_ATTRIBUTIONS);
    for one in &report.attributions {
        assert!(one.component.is_some() || one.package.is_some() || !one.ids.is_empty());
        for list in [&one.ids, &one.fixed, &one.cwes, &one.severity.words, &one.severity.vectors] {
            assert!(list.len() <= MAX_LIST);
        }
        assert!(one.places.len() <= MAX_LIST);
        for (text, most) in
            [(&one.title, MAX_TITLE), (&one.text, MAX_TEXT), (&one.dismissed, MAX_TITLE)]
        {
            let text = text.as_deref().unwrap_or("x");
            // An ellipsis says that it was cut.
            assert!(!text.is_empty() && text.chars().count() <= most + 1, "{text}");
            assert!(!text.contains("://") && !text.contains(char::is_control), "{text}");
        }
        if let Some(purl) = &one.component {
            assert_eq!(Purl::parse(&purl.to_string()).as_ref(), Ok(purl));
        }
    }
    let all = report.attributions.len();
    let none = report.attributions.iter().filter(|one| one.component.is_none()).count();
    let told = report.diagnostics.iter().any(|d| d.code == Code::EcosystemUnknown);
    assert_eq!(none > 0, told, "{none} of {all} have no component");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_spoiled_report_never_panics_and_stays_within_bounds(
        which in any::<prop::sample::Index>(),
        other in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        len in 0usize..40,
        noise in proptest::collection::vec(any::<u8>(), 0..12),
        kind in 0u8..5,
    ) {
        thread_local!(static SEEDS: Vec<Vec<u8>> = seeds());
        let bytes = SEEDS.with(|seeds| {
            let (mut bytes, other) = (which.get(seeds).clone(), other.get(seeds));
            let at = at.index(bytes.len() + 1);
            let end = (at + len).min(bytes.len());
            match kind {
                0 => bytes.truncate(at),
                1 => drop(bytes.splice(at..end, noise.clone())),
                2 => drop(bytes.splice(at..end, other.iter().take(len).copied())),
                3 => drop(bytes.drain(at..end)),
                // A value for another: the shapes of JSON in each other's place.
                _ => {
                    let value = [&b"null"[..], b"[]", b"{}", b"\"\"", b"-1", b"1e999", b"true"];
                    let value = value[usize::from(noise.first().copied().unwrap_or(0)) % value.len()];
                    let start = bytes[..at].iter().rposition(|b| *b == b':').map_or(at, |p| p + 1);
                    let end = bytes[start..].iter().position(|b| matches!(b, b',' | b'}' | b'\n'));
                    let end = end.map_or(bytes.len(), |p| start + p);
                    bytes.splice(start..end, value.iter().copied());
                }
            }
            bytes
        });
        match read(&bytes) {
            Ok(report) => within_bounds(&report),
            Err(fault) => prop_assert!(fault.help.is_some()),
        }
    }
}
