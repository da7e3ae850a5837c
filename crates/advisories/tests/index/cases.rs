//! The cases of `corpus/advisories`: each trap of advisory data with its expected answers. The
//! naive evaluation is asked too, so that both stand against what was written by hand.

use crate::common::{cases, index_of};
use serde_json::Value;
use trimtab_advisories::{Affected, Entry, Index, Verdict};
use trimtab_model::{Ecosystem, Version};
use trimtab_testkit::naive;

#[test]
fn every_case_is_answered_as_written() {
    for (name, case) in cases() {
        let folder = tempfile::tempdir().unwrap();
        let records = case["records"].as_array().unwrap();
        let (index, report, _) = index_of(folder.path(), records);
        index.verify().unwrap();
        for question in case["ask"].as_array().unwrap() {
            ask(&name, &index, question);
            ask_naive(&name, records, question);
        }
        for id in texts(&case["withdrawn"]) {
            let found = index.id(&id).unwrap().unwrap();
            assert!(found.withdrawn && found.group.is_none(), "{name}: {id}");
            assert!(index.advisory(&id).unwrap().is_none(), "{name}: {id}");
        }
        for package in case["absent"].as_array().into_iter().flatten() {
            let ecosystem = Ecosystem::parse(package["ecosystem"].as_str().unwrap()).unwrap();
            let found = index.package(ecosystem.family, package["package"].as_str().unwrap());
            assert!(found.unwrap().is_none(), "{name}: {package}");
        }
        for group in case["groups"].as_array().into_iter().flatten() {
            check_group(&name, &index, &texts(group));
        }
        for (ecosystem, count) in case["unknown_ecosystems"].as_object().into_iter().flatten() {
            assert_eq!(Some(report.unknown_ecosystems[&**ecosystem]), count.as_u64(), "{name}");
        }
        let malformed = case["malformed"].as_u64().unwrap_or(0);
        assert_eq!(
            (report.malformed, report.diagnostics.len() as u64),
            (malformed, malformed),
            "{name}"
        );
    }
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Asked by any of its ids in any case, a group has just these.
fn check_group(name: &str, index: &Index, expected: &[String]) {
    for id in expected {
        let found = index.id(&id.to_lowercase()).unwrap().unwrap();
        let group = index.group(found.group.unwrap()).unwrap();
        let ids: Vec<String> = group.ids.iter().map(|id| id.text.to_uppercase()).collect();
        let mut wanted: Vec<String> = expected.iter().map(|id| id.to_uppercase()).collect();
        wanted.sort();
        assert_eq!(ids, wanted, "{name}: {id}");
    }
}

fn ask(name: &str, index: &Index, question: &Value) {
    let place = format!("{name}: {question}");
    let text = |key: &str| question[key].as_str().unwrap_or_else(|| panic!("{place}"));
    let family = Ecosystem::parse(text("ecosystem")).unwrap().family;
    let package = index.package(family, &family.normalise(text("package"))).unwrap();
    let package = package.unwrap_or_else(|| panic!("not found: {place}"));
    let entries: Vec<Entry<'_>> = package
        .entries()
        .filter(|e| index.advisory_at(e.advisory()).unwrap().id() == text("id"))
        .collect();
    assert_eq!(entries.len() as u64, question["entries"].as_u64().unwrap_or(1), "{place}");
    let version = Version::parse(family.scheme(), text("version"));
    let verdicts: Vec<Verdict<'_>> = entries
        .iter()
        .map(|entry| match &version {
            Ok(version) => entry.verdict(version),
            Err(_) => entry.verdict_of_text(text("version")),
        })
        .collect();
    // Where a record speaks of a package more than once, the gravest answer counts.
    let best = (0..entries.len()).min_by_key(|i| match verdicts[*i].affected {
        Affected::Yes => 0,
        Affected::Unknown => 1,
        Affected::No => 2,
    });
    let (entry, verdict) = (&entries[best.unwrap()], &verdicts[best.unwrap()]);
    let affected = match verdict.affected {
        Affected::Yes => "yes",
        Affected::No => "no",
        Affected::Unknown => "unknown",
    };
    assert_eq!(affected, text("affected"), "{place}");
    for (key, value) in [
        ("by_list", verdict.by_list),
        ("by_range", verdict.by_range),
        ("contradiction", verdict.contradiction),
        ("hint", verdict.hint),
        ("beyond_hint", verdict.beyond_hint),
    ] {
        assert!(question[key].as_bool().is_none_or(|expected| expected == value), "{key}: {place}");
    }
    for (key, value) in [
        ("interval", Some(verdict.interval.to_string())),
        ("release", entry.release().map(str::to_owned)),
        ("kind", Some(entry.kind().as_str().to_owned())),
    ] {
        let expected = question[key].as_str();
        assert!(expected.is_none() || expected == value.as_deref(), "{key} is {value:?}: {place}");
    }
    let above: Option<Vec<String>> =
        version.as_ref().ok().map(|v| entry.fixes_above(v).map(str::to_owned).collect());
    let symbols = entry.symbols();
    let symbols =
        symbols.map(|s| format!("{}::{}", s.path.unwrap_or_default(), s.name.unwrap_or_default()));
    for (key, value) in [
        ("fixed", Some(entry.fixed().map(str::to_owned).collect())),
        ("fixes_above", above),
        ("symbols", Some(symbols.collect())),
        ("platforms", Some(entry.platforms().map(str::to_owned).collect())),
    ] {
        if question[key].is_array() {
            assert_eq!(value, Some(texts(&question[key])), "{key}: {place}");
        }
    }
}

/// The naive evaluation of the same record gives the same.
fn ask_naive(name: &str, records: &[Value], question: &Value) {
    let place = format!("{name}: {question}");
    let family = Ecosystem::parse(question["ecosystem"].as_str().unwrap()).unwrap().family;
    let wanted = family.normalise(question["package"].as_str().unwrap());
    let record = records.iter().find(|record| record["id"] == question["id"]).unwrap();
    let mut answers = Vec::new();
    for affected in record["affected"].as_array().unwrap() {
        if naive::package(affected).is_some_and(|(e, name)| e.family == family && *name == *wanted)
        {
            let version = question["version"].as_str().unwrap();
            answers.push(naive::evaluate(affected, family, version).affected);
        }
    }
    let answer = if answers.contains(&naive::Affected::Yes) {
        "yes"
    } else if answers.contains(&naive::Affected::Unknown) {
        "unknown"
    } else {
        "no"
    };
    assert_eq!(Some(answer), question["affected"].as_str(), "naively, {place}");
}
