//! What a newer index makes it necessary to look at again.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use trimtab_advisories::index::Touched;
use trimtab_advisories::{Index, Sources, build};

use crate::common::loose;

fn index(folder: &Path, records: &[Value]) -> Index {
    let records_at = folder.join("in");
    let _ = fs::remove_dir_all(&records_at);
    loose(&records_at, records);
    let path = folder.join(format!("{}.db", records.len()));
    build(&Sources { osv: vec![records_at], ..Sources::default() }, &path, &mut ()).unwrap();
    Index::open(&path).unwrap()
}

/// One flaw, told by a record of each package that has it.
fn told(id: &str, package: &str) -> Value {
    json!({
        "id": id, "published": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
        "aliases": ["GHSA-1"],
        "affected": [{"package": {"ecosystem": "npm", "name": package},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]
    })
}

#[test]
fn a_record_of_one_package_has_its_whole_group_weighed_again() {
    let folder = tempfile::tempdir().unwrap();
    let other = json!({
        "id": "GHSA-2", "published": "2026-01-01T00:00:00Z", "modified": "2026-01-01T00:00:00Z",
        "affected": [{"package": {"ecosystem": "npm", "name": "other"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}]}]}]
    });
    let before = index(folder.path(), &[told("A-1", "left"), other.clone()]);
    let after = index(folder.path(), &[told("A-1", "left"), told("A-2", "right"), other]);
    let touched = Touched::between(&before, &after).unwrap();
    let names: BTreeSet<&str> = touched.vulnerabilities.iter().map(|id| &**id).collect();
    // What a finding in `left` goes by is among them, though only `right` has a new record.
    assert_eq!(names, BTreeSet::from(["A-1", "A-2", "GHSA-1"]));
    let packages: Vec<&str> = touched.packages.iter().map(|(_, name)| &**name).collect();
    assert_eq!(packages, ["left", "right"]);
}
