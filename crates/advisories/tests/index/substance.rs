//! When an advisory last changed in substance: through changes that matter, and not through others.

use std::fs;
use std::path::Path;

use crate::common::loose;
use serde_json::{Value, json};
use trimtab_advisories::index::Previous;
use trimtab_advisories::{BuildReport, Index, Sources, build};
use trimtab_model::advisory::Changed;

fn record() -> Value {
    json!({
        "id": "GHSA-x", "published": "2024-01-01T00:00:00Z", "modified": "2024-03-01T00:00:00Z",
        "summary": "Bad", "details": "Very bad.", "aliases": ["CVE-1", "PYSEC-1"],
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"}],
        "references": [{"type": "WEB", "url": "https://a.example"}],
        "affected": [
            {"package": {"ecosystem": "npm", "name": "a"},
             "ranges": [
                {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.2.0"}]},
                {"type": "GIT", "repo": "https://b.example", "events": [{"introduced": "0"}]}],
             "versions": ["1.0.0", "1.1.0"]},
            {"package": {"ecosystem": "Go", "name": "b.example/m"},
             "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}]}],
             "ecosystem_specific": {"imports": [{"path": "b.example/m/p", "symbols": ["F", "G"]}]}}],
        "database_specific": {"severity": "HIGH", "cwe_ids": ["CWE-79"]}
    })
}

fn update(folder: &Path, records: &[Value]) -> (Index, BuildReport) {
    let _ = fs::remove_dir_all(folder.join("in"));
    loose(&folder.join("in"), records);
    let sources = Sources { osv: vec![folder.join("in")], ..Sources::default() };
    let report = build(&sources, &folder.join("index.db"), &mut ()).unwrap();
    (Index::open(&folder.join("index.db")).unwrap(), report)
}

fn between(after: &str, by: &str) -> Changed {
    let at = |day: &str| format!("{day}T00:00:00Z").parse().ok();
    Changed { after: at(after), by: at(by) }
}

fn changed(index: &Index) -> Changed {
    index.advisory("GHSA-x").unwrap().unwrap().changed()
}

/// The record with a value put at a JSON pointer, touched in May.
fn with(pointer: &str, value: Value) -> Value {
    let mut all = record();
    *all.pointer_mut(pointer).unwrap() = value;
    all["modified"] = json!("2024-05-01T00:00:00Z");
    all
}

#[test]
fn substance_is_what_matters() {
    let zero = json!([{"introduced": "0"}, {"fixed": "1.3.0"}]);
    let substantial = [
        with("/affected/0/ranges/0/events", zero),
        with("/affected/0/ranges/0/type", json!("ECOSYSTEM")),
        with("/affected/0/versions", json!(["1.0.0"])),
        with("/affected/0/package/name", json!("c")),
        with("/affected/1/ecosystem_specific/imports/0/symbols", json!(["F"])),
        with("/affected/1/ecosystem_specific/imports/0/path", json!("b.example/m")),
        with("/severity/0/score", json!("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")),
        with("/severity", json!([])),
        with("/database_specific/severity", json!("CRITICAL")),
        with("/aliases", json!(["CVE-1"])),
        with("/affected", json!([])),
    ];
    let wording = [
        with("/summary", json!("Worse")),
        with("/details", json!("Other words.")),
        with("/references", json!([])),
        with("/database_specific/cwe_ids", json!(["CWE-80"])),
        with("/aliases", json!(["PYSEC-1", "CVE-1"])),
        with("/affected/0/versions", json!(["1.1.0", "1.0.0", "1.0.0"])),
        with("/affected/0/ranges/0/events", json!([{"fixed": "1.2.0"}, {"introduced": "0"}])),
        with("/affected/0/ranges/0/events", json!([{"introduced": "0", "fixed": "1.2.0"}])),
        with("/affected/0/ranges/1/events", json!([{"introduced": "abc"}])),
        with("/affected/1/ecosystem_specific/imports/0/symbols", json!(["G", "F"])),
    ];
    for (cases, wanted) in [
        (&substantial[..], between("2024-03-01", "2024-05-01")),
        (&wording[..], between("2024-01-01", "2024-03-01")),
    ] {
        for case in cases {
            let folder = tempfile::tempdir().unwrap();
            let (index, report) = update(folder.path(), &[record()]);
            assert_eq!(report.previous, Previous::None);
            assert_eq!(changed(&index), between("2024-01-01", "2024-03-01"));
            let (index, report) = update(folder.path(), std::slice::from_ref(case));
            assert_eq!(report.previous, Previous::Kept);
            assert_eq!(changed(&index), wanted, "{case}");
            index.verify().unwrap();
        }
    }
}

#[test]
fn a_change_is_remembered_from_build_to_build() {
    let folder = tempfile::tempdir().unwrap();
    let at = |month: u32, fixed: &str, words: &str| {
        let mut all = record();
        all["modified"] = json!(format!("2024-{month:02}-01T00:00:00Z"));
        all["affected"][0]["ranges"][0]["events"][1]["fixed"] = json!(fixed);
        all["summary"] = json!(words);
        all
    };
    update(folder.path(), &[at(3, "1.2.0", "a")]);
    update(folder.path(), &[at(5, "1.3.0", "a")]);
    // Words change twice: the change of May stays the last one.
    update(folder.path(), &[at(6, "1.3.0", "b")]);
    let (index, _) = update(folder.path(), &[at(7, "1.3.0", "c")]);
    assert_eq!(changed(&index), between("2024-03-01", "2024-05-01"));
    // The same data after the same index: the same bytes.
    let bytes = || fs::read(folder.path().join("index.db")).unwrap();
    let first = bytes();
    update(folder.path(), &[at(7, "1.3.0", "c")]);
    assert!(bytes() == first);
    // The database says nothing of its change: the newest date of the data stands for it.
    let other = json!({"id": "GHSA-y", "modified": "2024-09-01T00:00:00Z"});
    let (index, _) = update(folder.path(), &[at(7, "1.4.0", "c"), other.clone()]);
    assert_eq!(changed(&index), between("2024-07-01", "2024-09-01"));
    // A record that is new is known as far as it tells itself.
    let new = index.advisory("GHSA-y").unwrap().unwrap().changed();
    assert_eq!(new, Changed { after: None, by: "2024-09-01T00:00:00Z".parse().ok() });
    // Taken back, and back again: a new one.
    let mut gone = at(10, "1.4.0", "c");
    gone["withdrawn"] = json!("2024-10-01T00:00:00Z");
    update(folder.path(), &[gone, other]);
    let (index, _) = update(folder.path(), &[at(11, "1.4.0", "c")]);
    assert_eq!(changed(&index), between("2024-01-01", "2024-11-01"));
}

#[test]
fn dates_that_make_no_sense_are_no_knowledge() {
    for (published, modified, wanted) in [
        (json!("2024-01-01T00:00:00Z"), json!(null), (Some("2024-01-01T00:00:00Z"), None)),
        (json!(null), json!("x"), (None, None)),
        (
            json!("2024-05-01T00:00:00Z"),
            json!("2024-01-01T00:00:00Z"),
            (Some("2024-01-01T00:00:00Z"), Some("2024-05-01T00:00:00Z")),
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut all = record();
        all["published"] = published;
        all["modified"] = modified;
        let (index, _) = update(folder.path(), &[all]);
        let at = |text: Option<&str>| text.map(|t| t.parse().unwrap());
        assert_eq!(changed(&index), Changed { after: at(wanted.0), by: at(wanted.1) });
    }
}

#[test]
fn an_index_that_cannot_be_read_is_told_and_replaced() {
    let folder = tempfile::tempdir().unwrap();
    update(folder.path(), &[record()]);
    let path = folder.path().join("index.db");
    let mut bytes = fs::read(&path).unwrap();
    let first = bytes.clone();
    let middle = bytes.len() / 2;
    for byte in &mut bytes[4096..middle] {
        *byte ^= 0x55;
    }
    fs::write(&path, &bytes).unwrap();
    let (index, report) = update(folder.path(), &[record()]);
    assert!(matches!(report.previous, Previous::Lost(_)), "{:?}", report.previous);
    assert_eq!(changed(&index), between("2024-01-01", "2024-03-01"));
    assert!(fs::read(&path).unwrap() == first);
}
