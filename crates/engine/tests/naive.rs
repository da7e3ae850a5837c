//! The engine against a naive matcher that reads the records themselves: all of the shared
//! projects × all of the shared advisories. Same findings by the same advisories, same unknowns.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod common;

use std::collections::BTreeSet;
use std::fmt::Debug;

use trimtab_advisories::{Index, Sources, build};
use trimtab_engine::vulnerability::is_exploited;
use trimtab_engine::{Matching, match_inventory};
use trimtab_model::Purl;
use trimtab_testkit::naive;
use trimtab_testkit::naive::matching::{World, components};

#[test]
fn agrees_with_the_naive_matcher_on_everything() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let data = shared.join("data");
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("index");
    build(&Sources::beside(&data), &target, &mut ()).unwrap();
    let index = Index::open(&target).unwrap();

    let options = trimtab_extract::Options::default();
    let inventory = trimtab_extract::scan_path(&shared.join("corpus/projects"), &options);
    let matching = match_inventory(&inventory, &index).unwrap();
    let (findings, unknowns) = common::answer(&matching);

    let components: BTreeSet<(Purl, bool)> = components(&inventory);
    assert_eq!(matching.components, components.len());
    let mut world = World::about(components.iter().map(|(purl, _)| purl));
    for of in ["osv", "osv-malicious"] {
        naive::for_each_record(&data.join(of), |record| world.add(record)).unwrap();
    }
    let (expected, expected_unknowns) = world.matching(&components);

    same(&findings, &expected);
    same(&unknowns, &expected_unknowns);
    // Agreement on nothing would prove nothing.
    assert!(findings.len() > 1000 && unknowns.len() > 100, "the corpus has become small");
    exploitation_is_known_by_any_name(&index, &matching);
    eprintln!(
        "{} components, {} findings and {} unknowns agree",
        components.len(),
        findings.len(),
        unknowns.len()
    );
}

/// By whatever id a vulnerability is asked for, it is exploited where the finding says so.
fn exploitation_is_known_by_any_name(index: &Index, matching: &Matching) {
    let mut exploited = 0;
    for finding in &matching.findings {
        let is = &finding.vulnerability;
        for id in std::iter::once(&is.id).chain(&is.aliases) {
            assert_eq!(is_exploited(index, id).unwrap(), is.kev.is_some(), "{id}");
        }
        exploited += usize::from(is.kev.is_some());
    }
    assert!(exploited > 0, "no finding of the corpus is known to be exploited");
    assert!(!is_exploited(index, "CVE-0000-0000").unwrap());
}

fn same<T: Ord + Debug>(engine: &BTreeSet<T>, naive: &BTreeSet<T>) {
    let first = |a: &BTreeSet<T>, b: &BTreeSet<T>| {
        a.difference(b).take(20).map(|one| format!("{one:#?}")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(first(engine, naive), "", "only the engine says so");
    assert_eq!(first(naive, engine), "", "only the naive matcher says so");
}
