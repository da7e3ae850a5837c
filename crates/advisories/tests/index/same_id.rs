//! One id in two files: an update lays changed records loose beside the archive that has their
//! older text, and the newer `modified` must win, in whatever order the files are read.

use std::fs;

use serde_json::{Value, json};
use trimtab_advisories::{Index, Sources, build};

use super::common::zipped;

fn record(modified: &str, version: &str, withdrawn: bool) -> Value {
    let mut record = json!({
        "id": "X-1", "modified": modified,
        "affected": [{"package": {"ecosystem": "npm", "name": "p"}, "versions": [version]}]
    });
    if withdrawn {
        record["withdrawn"] = json!(modified);
    }
    record
}

/// What the index of an archive and a loose record beside it says: the listed version.
fn outcome(archived: &Value, loose: &Value) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let npm = folder.path().join("osv/npm");
    zipped(&npm.join("all.zip"), std::slice::from_ref(archived));
    fs::write(npm.join("X-1.json"), loose.to_string()).unwrap();
    let target = folder.path().join("index");
    let sources = Sources { osv: vec![npm], ..Sources::default() };
    build(&sources, &target, &mut ()).unwrap();
    let index = Index::open(&target).unwrap();
    let package = index.package(trimtab_model::Family::Npm, "p").unwrap()?;
    let entry = package.entries().next()?;
    ["1.0.0", "2.0.0"].into_iter().map(str::to_owned).find(|version| {
        let version = trimtab_model::Version::parse(trimtab_model::Scheme::SemVer, version);
        entry.verdict(&version.unwrap()).affected == trimtab_advisories::Affected::Yes
    })
}

#[test]
fn the_newest_record_wins_wherever_it_lies() {
    let old = record("2026-01-01T00:00:00Z", "1.0.0", false);
    // A fraction of a second, and another zone: later all the same.
    let new = record("2026-01-02T01:00:00.5+01:00", "2.0.0", false);
    assert_eq!(outcome(&old, &new).as_deref(), Some("2.0.0"));
    assert_eq!(outcome(&new, &old).as_deref(), Some("2.0.0"));
}

#[test]
fn a_later_withdrawal_takes_the_record_away() {
    let old = record("2026-01-01T00:00:00Z", "1.0.0", false);
    let gone = record("2026-01-02T00:00:00Z", "1.0.0", true);
    assert_eq!(outcome(&old, &gone), None);
    assert_eq!(outcome(&gone, &old), None);
}
