//! Any events, in any order, with any nonsense among them: the index says what the naive
//! evaluation says.

use crate::common::index_of;
use proptest::prelude::*;
use serde_json::{Value, json};
use trimtab_advisories::Affected;
use trimtab_model::{Family, Version};
use trimtab_testkit::naive;

const VERSIONS: &[&str] = &[
    "0",
    "0.0.1",
    "1.0.0-alpha",
    "1.0.0",
    "1.0.0+build",
    "1.2.0",
    "1.10.0",
    "2.0.0-rc.1",
    "2.0.0",
    "3.1",
    "nonsense",
    "*",
    "1!1.0",
    "1.0.post1",
    "1:0.5-1",
    "2.0~rc1",
];

fn event() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec![
        "introduced",
        "introduced",
        "fixed",
        "fixed",
        "last_affected",
        "limit",
    ]);
    (kind, prop::sample::select(VERSIONS)).prop_map(|(kind, version)| json!({kind: version}))
}

fn range() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["SEMVER", "ECOSYSTEM", "ECOSYSTEM", "GIT"]);
    (kind, prop::collection::vec(event(), 0..7))
        .prop_map(|(kind, events)| json!({"type": kind, "events": events}))
}

fn affected() -> impl Strategy<Value = Value> {
    let ecosystem =
        prop::sample::select(vec!["npm", "PyPI", "Debian:12", "Go", "Maven", "RubyGems"]);
    let ranges = prop::collection::vec(range(), 0..4);
    let versions = prop::collection::vec(prop::sample::select(VERSIONS), 0..4);
    (ecosystem, ranges, versions).prop_map(|(ecosystem, ranges, versions)| {
        json!({"package": {"ecosystem": ecosystem, "name": "p"}, "ranges": ranges, "versions": versions})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn the_index_agrees_with_the_naive_evaluation(
        all in prop::collection::vec(affected(), 1..16)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let records: Vec<Value> = all
            .iter()
            .enumerate()
            .map(|(i, a)| json!({"id": format!("T-{i:04}"), "affected": [a]}))
            .collect();
        let (index, _, _) = index_of(folder.path(), &records);
        index.verify().unwrap();
        for family in [Family::Npm, Family::PyPI, Family::Debian, Family::Go, Family::Maven, Family::RubyGems] {
            let Some(package) = index.package(family, "p").unwrap() else { continue };
            for entry in package.entries() {
                let id = index.advisory_at(entry.advisory()).unwrap().id();
                let affected = &all[id[2..].parse::<usize>().unwrap()];
                for text in VERSIONS {
                    let verdict = match Version::parse(family.scheme(), text) {
                        Ok(version) => entry.verdict(&version),
                        Err(_) => entry.verdict_of_text(text),
                    };
                    let answer = naive::evaluate(affected, family, text);
                    let expected = match answer.affected {
                        naive::Affected::Yes => Affected::Yes,
                        naive::Affected::No => Affected::No,
                        naive::Affected::Unknown => Affected::Unknown,
                    };
                    prop_assert_eq!(verdict.affected, expected, "{} at {}", affected, text);
                    prop_assert_eq!(verdict.by_list, answer.by_list, "{} at {}", affected, text);
                }
            }
        }
    }
}
