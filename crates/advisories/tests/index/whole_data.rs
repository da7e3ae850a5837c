//! The index against the naive evaluation, over all of the shared data: every bound, versions
//! just listed, and a few that no record names.

use std::collections::HashMap;

use trimtab_advisories::{Affected, Index, Sources, build};
use trimtab_model::{Family, Purl, Version};
use trimtab_testkit::naive;

/// Versions to ask about beside those that a record names.
const OTHERS: &[&str] = &["0", "0.0.1", "1.0.0", "1.2.3-rc.1", "2:1.0-1", "99999.0.0", "odd one"];
/// The most versions to ask about that one item names.
const MOST: usize = 6;

#[test]
fn the_index_says_what_the_records_say() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let data = shared.join("data");
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("index.db");
    let sources = Sources::beside(&data);
    let report = build(&sources, &target, &mut ()).unwrap();
    assert_eq!((report.malformed, report.withdrawn), (0, 98));
    assert_eq!((report.kev, report.products), (1501, 464));
    let index = Index::open(&target).unwrap();
    index.verify().unwrap();

    let mut seen: HashMap<String, u64> = HashMap::new();
    let (mut questions, mut unknown) = (0u64, 0u64);
    for of in [data.join("osv"), data.join("osv-malicious")] {
        naive::for_each_record(&of, |record| {
            let id = record["id"].as_str().unwrap();
            if record["withdrawn"].is_string() {
                assert!(index.id(id).unwrap().unwrap().withdrawn, "{id}");
                return;
            }
            *seen.entry(id.to_owned()).or_default() += 1;
            let advisory = index.advisory(id).unwrap().unwrap();
            assert_eq!(advisory.id(), id);
            // Several items about one package come in the order of the record.
            let mut before: HashMap<(Family, String), usize> = HashMap::new();
            for affected in record["affected"].as_array().into_iter().flatten() {
                let Some((ecosystem, name)) = naive::package(affected) else { continue };
                let family = ecosystem.family;
                let package = index.package(family, &name).unwrap().unwrap();
                let nth = before.entry((family, name)).or_default();
                let mut entries = package.entries().filter(|e| e.advisory() == advisory.number());
                let entry = entries.nth(*nth).unwrap();
                *nth += 1;
                assert_eq!(entry.release(), ecosystem.release.as_deref(), "{id}");
                let named = naive::versions_named(affected);
                let step = named.len().div_ceil(MOST).max(1);
                let asked = named.iter().step_by(step).map(String::as_str);
                for text in asked.chain(OTHERS.iter().copied()) {
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
                    assert_eq!(verdict.affected, expected, "{id} {affected} at {text}");
                    assert_eq!(verdict.by_list, answer.by_list, "{id} {affected} at {text}");
                    questions += 1;
                    unknown += u64::from(expected == Affected::Unknown);
                }
            }
        })
        .unwrap();
    }
    assert_eq!(seen.len() as u64, report.advisories);
    eprintln!("{questions} questions agree, {unknown} of them unknown");
    feeds_are_there(&index);
}

fn feeds_are_there(index: &Index) {
    let info = index.info().unwrap();
    assert_eq!(info.kev.as_deref(), Some("2026.01.29"));
    assert_eq!(info.epss.as_deref(), Some("2026-01-30"));
    // Facts from the catalogue and the day's scores.
    let kev = index.kev("cve-2021-44228").unwrap().unwrap();
    assert_eq!(kev.added, Some(jiff::civil::date(2021, 12, 10)));
    assert_eq!(kev.ransomware, Some(true));
    assert!(index.epss("CVE-2021-44228").unwrap().unwrap().probability > 0.9);
    assert!(index.kev("CVE-0000-0000").unwrap().is_none());
    let products = index.lifecycle(&Purl::new("npm", Some("@adonisjs"), "core")).unwrap();
    assert_eq!(&*products[0].title, "AdonisJS");
    assert_eq!(products[0].cycles.len(), 3);
    let group = index.id("CVE-2021-44228").unwrap().unwrap().group.unwrap();
    assert!(index.group(group).unwrap().ids.iter().any(|id| id.text == "GHSA-jfh8-c2jp-5v3q"));
}
