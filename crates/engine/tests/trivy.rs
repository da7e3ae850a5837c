//! Trivy's matching fixtures: its lockfiles, its advisory database (turned into OSV records here),
//! and the vulnerabilities that its own tests expect. Nothing may be missing, and every difference
//! stands in [`DIFFERENCES`] with its reason.
//!
//! Not taken: `gomod-vex` and the `vex` folder (VEX is a later step of the loop), `gomod-skip`
//! (`gomod` with folders left out), `npm-ubuntu-severity` (another order of sources for the word of
//! severity), and the goldens of other output formats (their findings are those of `npm` and `pom`).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use trimtab_advisories::{Index, Sources, build};
use trimtab_engine::match_inventory;
use trimtab_model::{Family, Purl, Version};

/// Golden, and the folder that was scanned for it.
const GOLDENS: &[(&str, &str)] = &[
    ("cargo.lock", "cargo"),
    ("composer.lock", "composer"),
    ("conan", "conan"),
    ("gomod", "gomod"),
    ("npm", "npm"),
    ("npm-with-dev", "npm"),
    ("nuget", "nuget"),
    ("pip", "pip"),
    ("pipenv", "pipenv"),
    ("pom", "pom"),
    ("test-repo", "trivy-ci-test"),
];

/// Golden, file, purl, id → what differs, and why.
const DIFFERENCES: &[(&str, &str)] = &[(
    "conan conan.lock pkg:conan/pcre@8.43 CVE-2020-14155",
    "fix 8.44, theirs 8.45: the range ends before 8.44, only the list of patched versions says 8.45",
)];

/// What both say of a finding: the fixed versions, the word of severity.
type Facts = (BTreeSet<String>, String);

#[test]
fn nothing_that_trivy_finds_is_missing() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let corpus = shared.join("corpus/matching/trivy");
    let folder = tempfile::tempdir().unwrap();
    let index = index(&corpus.join("db"), folder.path());
    let mut differences = Vec::new();
    let mut compared = 0;
    for (golden, scanned) in GOLDENS {
        let expected = golden_findings(&corpus.join(format!("golden/{golden}.json")));
        let found = findings(&corpus.join("repo").join(scanned), &index);
        compared += expected.len();
        let all: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
        for key in all {
            let difference = match (found.get(key), expected.get(key)) {
                (Some(_), None) => "ours only".to_owned(),
                (None, _) => "theirs only".to_owned(),
                (Some((ours, rating)), Some((theirs, word))) => {
                    let fix = ours.iter().all(|fix| theirs.contains(fix));
                    match (fix && ours.is_empty() == theirs.is_empty(), rating == word) {
                        (true, true) => continue,
                        (false, _) => format!("fix {ours:?}, theirs {theirs:?}"),
                        (_, false) => format!("severity {rating}, theirs {word}"),
                    }
                }
            };
            differences.push((format!("{golden} {key}"), difference));
        }
    }
    assert!(compared >= 18, "goldens have become empty");
    let unexplained: Vec<_> =
        differences.iter().filter(|(key, _)| !DIFFERENCES.iter().any(|(k, _)| k == key)).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert_eq!(differences.len(), DIFFERENCES.len(), "a difference is gone: take it off the list");
}

fn golden_findings(path: &Path) -> BTreeMap<String, Facts> {
    let golden: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let mut found = BTreeMap::new();
    for result in golden["Results"].as_array().into_iter().flatten() {
        for one in result["Vulnerabilities"].as_array().into_iter().flatten() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let purl: Purl = text(&one["PkgIdentifier"]["PURL"]).parse().unwrap();
            let key =
                format!("{} {purl} {}", text(&result["Target"]), text(&one["VulnerabilityID"]));
            let fixes = text(&one["FixedVersion"]);
            let fixes = fixes.split(',').map(version_of).filter(|v| !v.is_empty());
            let facts = (fixes.map(str::to_owned).collect(), text(&one["Severity"]).to_lowercase());
            found.insert(key, facts);
        }
    }
    found
}

fn findings(folder: &Path, index: &Index) -> BTreeMap<String, Facts> {
    let inventory = trimtab_extract::scan_path(folder, &trimtab_extract::Options::default());
    let matching = match_inventory(&inventory, index).unwrap();
    let mut found = BTreeMap::new();
    for finding in &matching.findings {
        for occurrence in &finding.occurrences {
            let file = &inventory.files[occurrence.file as usize].path;
            let fix = finding.nearest_fix.as_deref().map(|fix| version_of(fix).to_owned());
            let rating = finding.vulnerability.severity.rating.as_str().to_owned();
            let key = format!("{file} {} {}", finding.purl, finding.vulnerability.id);
            found.insert(key, (fix.into_iter().collect(), rating));
        }
    }
    found
}

/// A version without comparator and without Go's `v`.
fn version_of(text: &str) -> &str {
    text.trim().trim_start_matches(['<', '>', '=', ' ', 'v'])
}

fn index(db: &Path, folder: &Path) -> Index {
    let read = |name: &str| -> Value {
        yaml_serde::from_str(&fs::read_to_string(db.join(name)).unwrap()).unwrap()
    };
    let details = read("vulnerability.yaml");
    let mut records: BTreeMap<String, Value> = BTreeMap::new();
    for name in ["composer", "conan", "go", "java", "nodejs", "nuget", "python", "ruby", "rust"] {
        for source in list(&read(&format!("{name}.yaml"))) {
            let (ecosystem, database) =
                source["bucket"].as_str().unwrap().split_once("::").unwrap();
            for package in list(&source["pairs"]) {
                for advisory in list(&package["pairs"]) {
                    let id = advisory["key"].as_str().unwrap();
                    let record = records.entry(id.to_owned()).or_insert_with(|| {
                        let severity = severity(&details, id, database);
                        json!({"id": id, "affected": [], "database_specific": {"severity": severity}})
                    });
                    let affected = affected(ecosystem, &package["bucket"], &advisory["value"]);
                    record["affected"].as_array_mut().unwrap().push(affected);
                }
            }
        }
    }
    let osv = folder.join("osv/all");
    fs::create_dir_all(&osv).unwrap();
    for (id, record) in &records {
        fs::write(osv.join(format!("{id}.json")), record.to_string()).unwrap();
    }
    let target = folder.join("index");
    let sources = Sources { osv: vec![folder.join("osv")], ..Sources::default() };
    assert_eq!(build(&sources, &target, &mut ()).unwrap().malformed, 0);
    Index::open(&target).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The database's own word, else the NVD's.
fn severity(details: &Value, id: &str, database: &str) -> Option<&'static str> {
    let pairs = list(&details[0]["pairs"]);
    let found = pairs.iter().find(|pair| pair["key"] == id)?;
    let words = &found["value"]["VendorSeverity"];
    let own = if database.starts_with("GitHub") { &words["ghsa"] } else { &Value::Null };
    let number = own.as_f64().or_else(|| words["nvd"].as_f64())?;
    ["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"].get(number as usize).copied()
}

fn affected(ecosystem: &str, name: &Value, advisory: &Value) -> Value {
    let family = match ecosystem {
        "composer" => Family::Packagist,
        "conan" => Family::ConanCenter,
        "go" => Family::Go,
        "maven" => Family::Maven,
        "npm" => Family::Npm,
        "nuget" => Family::NuGet,
        "pip" => Family::PyPI,
        "rubygems" => Family::RubyGems,
        "cargo" => Family::CratesIo,
        other => panic!("{other} is no ecosystem"),
    };
    let texts = |key: &str| list(&advisory[key]).iter().filter_map(Value::as_str);
    let mut ranges: Vec<Value> = Vec::new();
    for text in texts("VulnerableVersions") {
        let (low, high) = bounds(text);
        let mut events = vec![json!({"introduced": low.unwrap_or("0")})];
        // What is patched tells where an inclusive range really ends.
        events.extend(high.map(|(high, inclusive)| {
            let fixed = || least_above(family, high, texts("PatchedVersions"));
            match inclusive.then(fixed).flatten() {
                Some(fixed) => json!({"fixed": fixed}),
                None if inclusive => json!({"last_affected": high}),
                None => json!({"fixed": high}),
            }
        }));
        ranges.push(json!({"type": "ECOSYSTEM", "events": events}));
    }
    if ranges.is_empty() {
        // Everything that is not patched.
        let mut events = vec![json!({"introduced": "0"})];
        for text in texts("PatchedVersions") {
            let (low, high) = bounds(text);
            events.extend(low.map(|low| json!({"fixed": low})));
            events.extend(high.map(|(high, _)| json!({"introduced": high})));
        }
        ranges.push(json!({"type": "ECOSYSTEM", "events": events}));
    }
    json!({"package": {"ecosystem": family.osv_name(), "name": name}, "ranges": ranges})
}

/// The least patched version above another.
fn least_above<'a>(
    family: Family,
    above: &str,
    patched: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let parse = |text| Version::parse(family.scheme(), text).ok();
    let higher = patched.filter(|text| family.compare(text, above).is_some_and(Ordering::is_gt));
    higher.min_by(|a, b| parse(a).zip(parse(b)).and_then(|(a, b)| a.compare(&b)).unwrap())
}

/// From and to of `>= 1, < 2`, `[1,2)`, `< 2`; whether the end is inside.
fn bounds(text: &str) -> (Option<&str>, Option<(&str, bool)>) {
    let (mut low, mut high) = (None, None);
    if let Some(interval) = text.strip_prefix('[') {
        let (from, to) = interval.split_once(',').unwrap();
        return (Some(from), Some((to.trim_end_matches([')', ']']), to.ends_with(']'))));
    }
    for part in text.split(',').map(str::trim) {
        let version = part.trim_start_matches(['<', '>', '=', ' ']);
        match part.strip_suffix(version).unwrap().trim() {
            ">=" if version != "0" => low = Some(version),
            ">=" => {}
            "<" => high = Some((version, false)),
            "<=" => high = Some((version, true)),
            other => panic!("{other} is no comparator"),
        }
    }
    (low, high)
}
