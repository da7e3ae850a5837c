//! The cases of `corpus/matching`: small worlds of advisories and components, with every finding
//! and every unknown that must come out, and nothing else. The naive matcher is asked too.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;
use trimtab_advisories::{Index, Sources, build};
use trimtab_engine::{Matching, match_inventory};
use trimtab_model::advisory::CvssVersion;
use trimtab_model::finding::Finding;
use trimtab_model::{Component, FileInventory, Inventory, Origin, Purl};
use trimtab_testkit::naive::matching::{World, components};

/// A small world. Fields that are only for people are not read.
#[derive(Deserialize)]
struct Case {
    advisories: Vec<Value>,
    components: Vec<Listed>,
    #[serde(default)]
    findings: Vec<Expected>,
    #[serde(default)]
    unknowns: Vec<ExpectedUnknown>,
}

/// A component: a purl, or a purl with where it comes from and what the file asks for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Purl(String),
    From {
        purl: String,
        git: Option<String>,
        url: Option<String>,
        path: Option<String>,
        requirement: Option<String>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    purl: String,
    id: String,
    /// Who says affected.
    by: Vec<String>,
    /// Who of the group says not affected, or cannot say.
    #[serde(default)]
    not_by: Vec<String>,
    #[serde(default)]
    aliases: Option<Vec<String>>,
    #[serde(default = "high")]
    confidence: String,
    #[serde(default)]
    doubts: Vec<String>,
    nearest_fix: Option<String>,
    kind: Option<String>,
    severity: Option<ExpectedSeverity>,
    reason: Option<String>,
    symbols: Option<Vec<String>>,
}

fn high() -> String {
    "high".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedSeverity {
    rating: String,
    score_tenths: Option<u8>,
    cvss: Option<String>,
    from: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedUnknown {
    purl: String,
    reason: String,
    #[serde(default)]
    advisories: Vec<String>,
}

#[test]
fn every_case_comes_out_as_written() {
    let folder = trimtab_testkit::repository().join("corpus/matching");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    assert!(paths.len() >= 15, "cases are missing");
    // All of them run, so that one mistake does not hide another.
    let wrong = paths.iter().filter(|path| panic::catch_unwind(|| check_file(path)).is_err());
    assert_eq!(wrong.count(), 0, "cases that came out otherwise, see above");
}

fn check_file(path: &Path) {
    let name = path.file_name().unwrap().to_string_lossy();
    let case = serde_json::from_slice(&fs::read(path).unwrap());
    check(&name, &case.unwrap_or_else(|e| panic!("{name}: {e}")));
}

fn check(name: &str, case: &Case) {
    let folder = tempfile::tempdir().unwrap();
    let index = index_of(folder.path(), &case.advisories);
    let inventory = inventory(&case.components);
    let matching = match_inventory(&inventory, &index).unwrap();
    findings(name, case, &matching);
    let mut unknowns: Vec<String> = (matching.unknowns.iter())
        .map(|u| format!("{} {} {:?}", u.purl, u.reason.as_str(), u.advisories))
        .collect();
    let mut expected: Vec<String> = (case.unknowns.iter())
        .map(|u| format!("{} {} {:?}", u.purl, u.reason, u.advisories))
        .collect();
    unknowns.sort();
    expected.sort();
    assert_eq!(unknowns, expected, "{name}: unknowns");

    let mut world = World::everything();
    case.advisories.iter().for_each(|record| world.add(record.clone()));
    let naive = world.matching(&components(&inventory));
    assert_eq!(common::answer(&matching), naive, "{name}: engine and naive matcher");
}

fn index_of(folder: &Path, records: &[Value]) -> Index {
    let osv = folder.join("osv/all");
    fs::create_dir_all(&osv).unwrap();
    for (i, record) in records.iter().enumerate() {
        fs::write(osv.join(format!("{i}.json")), serde_json::to_vec(record).unwrap()).unwrap();
    }
    let target = folder.join("index");
    let sources = Sources { osv: vec![folder.join("osv")], ..Sources::default() };
    let report = build(&sources, &target, &mut ()).unwrap();
    assert_eq!(report.malformed, 0);
    Index::open(&target).unwrap()
}

fn inventory(listed: &[Listed]) -> Inventory {
    let mut file = FileInventory { path: "case".into(), ..FileInventory::default() };
    for one in listed {
        let (purl, origin) = match one {
            Listed::From { purl, git: Some(url), .. } => {
                (purl, Origin::Git { url: (**url).into(), commit: None })
            }
            Listed::From { purl, url: Some(url), .. } => (purl, Origin::Url((**url).into())),
            Listed::From { purl, path: Some(path), .. } => (purl, Origin::Path((**path).into())),
            Listed::Purl(purl) | Listed::From { purl, .. } => (purl, Origin::Unstated),
        };
        let purl: Purl = purl.parse().unwrap_or_else(|e| panic!("{purl}: {e}"));
        let mut component = Component::new(purl);
        component.origin = origin;
        if let Listed::From { requirement: Some(requirement), .. } = one {
            component.requirement = Some((**requirement).into());
        }
        file.add(component);
    }
    Inventory { files: vec![file], ..Inventory::default() }
}

fn findings(name: &str, case: &Case, matching: &Matching) {
    let key = |purl: &str, id: &str| format!("{purl} {id}");
    let mut expected: BTreeMap<String, &Expected> =
        case.findings.iter().map(|e| (key(&e.purl, &e.id), e)).collect();
    assert_eq!(expected.len(), case.findings.len(), "{name}: a finding is written twice");
    for finding in &matching.findings {
        let key = key(&finding.purl.to_string(), &finding.vulnerability.id);
        let wanted = expected.remove(&key);
        finding_is(
            &format!("{name}: {key}"),
            finding,
            wanted.unwrap_or_else(|| {
                panic!("{name}: nobody expects {key} by {:#?}", finding.attributions)
            }),
        );
    }
    let missing: Vec<&String> = expected.keys().collect();
    assert!(missing.is_empty(), "{name}: missing are {missing:?}");
}

fn finding_is(place: &str, finding: &Finding, wanted: &Expected) {
    let by = |affected: bool| -> Vec<&str> {
        let who = finding.attributions.iter().filter(|a| a.affected == affected);
        who.map(|a| &*a.advisory.id).collect()
    };
    assert_eq!(by(true), wanted.by, "{place}: by");
    assert_eq!(by(false), wanted.not_by, "{place}: not by");
    assert_eq!(finding.confidence.as_str(), wanted.confidence, "{place}: confidence");
    let doubts: Vec<&str> = finding.doubts.iter().map(|d| d.code()).collect();
    assert_eq!(doubts, wanted.doubts, "{place}: doubts");
    assert_eq!(finding.nearest_fix.as_deref(), wanted.nearest_fix.as_deref(), "{place}: fix");
    let vulnerability = &finding.vulnerability;
    if let Some(aliases) = &wanted.aliases {
        let found: Vec<&str> = vulnerability.aliases.iter().map(|a| &**a).collect();
        assert_eq!(found, *aliases, "{place}: aliases");
    }
    let kind = wanted.kind.as_deref().unwrap_or("vulnerability");
    assert_eq!(vulnerability.kind.as_str(), kind, "{place}: kind");
    if let Some(severity) = &wanted.severity {
        let found = &vulnerability.severity;
        assert_eq!(found.rating.as_str(), severity.rating, "{place}: rating");
        assert_eq!(found.score_tenths, severity.score_tenths, "{place}: score");
        assert_eq!(found.cvss.map(CvssVersion::as_str), severity.cvss.as_deref(), "{place}: cvss");
        assert_eq!(found.from.as_deref(), severity.from.as_deref(), "{place}: from");
    }
    if let Some(reason) = &wanted.reason {
        let first = finding.attributions.iter().find(|a| a.affected);
        assert_eq!(first.map(|a| &*a.reason), Some(&**reason), "{place}: reason");
    }
    if let Some(symbols) = &wanted.symbols {
        let found: Vec<&str> =
            finding.attributions.iter().flat_map(|a| &a.symbols).map(|s| &**s).collect();
        assert_eq!(found, *symbols, "{place}: symbols");
    }
}
