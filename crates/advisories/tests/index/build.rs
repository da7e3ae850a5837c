//! Building: the same data gives the same bytes, repeats are one record, bad archives are caught,
//! what changed is told.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::common::{corpus_records, index_of, loose, zipped};
use serde_json::{Value, json};
use trimtab_advisories::{BuildError, Diff, Index, Phase, Progress, Sources, build};

fn sources(paths: &[&Path]) -> Sources {
    Sources { osv: paths.iter().map(|p| p.to_path_buf()).collect(), ..Sources::default() }
}

#[test]
fn order_and_packing_of_the_input_do_not_show_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut records: Vec<Value> = corpus_records()
        .into_iter()
        .filter(|r| r["id"].as_str().is_some_and(|id| id.contains('-')))
        .collect();
    loose(&at("a"), &records);
    build(&sources(&[&at("a")]), &at("a.db"), &mut ()).unwrap();
    let expected = fs::read(at("a.db")).unwrap();
    for round in 0..5usize {
        // A deterministic shuffle.
        records.sort_by_key(|r| blake3::hash(format!("{round}{r}").as_bytes()).to_hex());
        let (left, right) = records.split_at(records.len() / (round + 1));
        let name = format!("{round}");
        zipped(&at(&name).join("Z/all.zip"), left);
        loose(&at(&name), right);
        // Repeats do not matter either.
        zipped(&at(&name).join("Y/all.zip"), &left[..left.len() / 2]);
        let target = at(&format!("{round}.db"));
        build(&sources(&[&at(&name)]), &target, &mut ()).unwrap();
        assert!(fs::read(&target).unwrap() == expected, "round {round}");
    }
}

#[test]
fn of_a_repeated_record_the_newest_counts() {
    let record = |modified: &str, fixed: &str, extra: Value| {
        let mut record = json!({"id": "GHSA-x", "modified": modified, "affected": [
            {"package": {"ecosystem": "npm", "name": "a"},
             "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": fixed}]}]}]});
        record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        record
    };
    let old = record("2025-01-01T00:00:00Z", "1.0.0", json!({}));
    let new = record("2026-01-01T00:00:00Z", "2.0.0", json!({}));
    for records in [[old.clone(), new.clone()], [new.clone(), old.clone()]] {
        let folder = tempfile::tempdir().unwrap();
        let (index, report, _) = index_of(folder.path(), &records);
        assert_eq!((report.records, report.advisories), (2, 1));
        let package = index.package(trimtab_model::Family::Npm, "a").unwrap().unwrap();
        let fixed: Vec<&str> = package.entries().flat_map(|e| e.fixed()).collect();
        assert_eq!(fixed, ["2.0.0"]);
    }
    // Taken back later: gone.
    let gone =
        record("2026-02-01T00:00:00Z", "2.0.0", json!({"withdrawn": "2026-02-01T00:00:00Z"}));
    let folder = tempfile::tempdir().unwrap();
    let (index, report, _) = index_of(folder.path(), &[gone, new]);
    assert_eq!((report.advisories, report.withdrawn), (0, 1));
    assert!(index.package(trimtab_model::Family::Npm, "a").unwrap().is_none());
}

#[test]
fn without_a_usable_source_the_old_index_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (_, _, target) = index_of(folder.path(), &corpus_records());
    let before = fs::read(&target).unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("empty")).unwrap();
    fs::create_dir_all(at("bad/npm")).unwrap();
    fs::write(at("bad/npm/all.zip"), b"PK\x03\x04 and then nothing").unwrap();
    fs::write(at("kev.json"), b"{\"vulnerabilities\": 7").unwrap();
    let good = at("in");
    for wrong in [
        sources(&[&at("nowhere")]),
        sources(&[&at("empty")]),
        sources(&[&good, &at("bad")]),
        Sources { kev: Some(at("kev.json")), ..sources(&[&good]) },
        Sources { epss: Some(at("kev.json")), ..sources(&[&good]) },
        Sources { lifecycle: Some(at("missing.json")), ..sources(&[&good]) },
    ] {
        let error = build(&wrong, &target, &mut ()).unwrap_err();
        assert!(!matches!(error, BuildError::Write { .. }), "{error}");
        assert!(fs::read(&target).unwrap() == before);
        assert!(!at("index.db.new").exists(), "what was begun is cleaned up");
    }
    let error = build(&sources(&[&good]), &at("no/such/folder.db"), &mut ()).unwrap_err();
    assert!(matches!(error, BuildError::Write { .. }), "{error}");
}

#[test]
fn an_archive_that_lies_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("in/npm/all.zip");
    fs::create_dir_all(zip.parent().unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(fs::File::create(&zip).unwrap());
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    out.start_file("bomb.json", options).unwrap();
    let blanks = vec![b' '; 1 << 20];
    for _ in 0..20 {
        out.write_all(&blanks).unwrap();
    }
    out.start_file("good.json", options).unwrap();
    out.write_all(br#"{"id": "GHSA-good", "modified": "2026-01-01T00:00:00Z"}"#).unwrap();
    out.start_file("../../escape.json", options).unwrap();
    out.write_all(br#"{"id": "GHSA-also", "affected": [[[[[[[["#).unwrap();
    out.start_file("deep.json", options).unwrap();
    out.write_all("[".repeat(100_000).as_bytes()).unwrap();
    out.start_file("modified_id.csv", options).unwrap();
    out.finish().unwrap();
    let target = folder.path().join("index.db");
    let report = build(&sources(&[&folder.path().join("in")]), &target, &mut ()).unwrap();
    assert_eq!((report.records, report.malformed), (1, 3));
    assert!(report.diagnostics.iter().any(|d| d.message.contains("larger than")));
    assert!(report.diagnostics.iter().all(|d| d.file.is_some() && d.help.is_some()));

    // The directory says that an entry is small; what comes out counts.
    let mut bytes = fs::read(&zip).unwrap();
    let lie = 20u32 << 20;
    let places: Vec<usize> =
        (0..bytes.len() - 4).filter(|i| bytes[*i..*i + 4] == lie.to_le_bytes()).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + 4].copy_from_slice(&7u32.to_le_bytes());
    }
    fs::write(&zip, &bytes).unwrap();
    let report = build(&sources(&[&folder.path().join("in")]), &target, &mut ()).unwrap();
    assert_eq!((report.records, report.malformed), (1, 3));
}

#[test]
fn a_damaged_archive_is_a_diagnostic_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("in/npm/all.zip");
    zipped(&zip, &corpus_records()[..4]);
    let bytes = fs::read(&zip).unwrap();
    let target = folder.path().join("index.db");
    let mut whole = 0;
    for at in (0..bytes.len()).step_by(5) {
        let mut broken = bytes.clone();
        broken[at] ^= 0x55;
        fs::write(&zip, &broken).unwrap();
        if let Ok(report) = build(&sources(&[&folder.path().join("in")]), &target, &mut ()) {
            whole += u64::from(report.malformed == 0);
        }
    }
    // Only bytes that mean nothing (times, attributes) go unseen.
    assert!(whole < bytes.len() as u64 / 10, "{whole} of {}", bytes.len() / 5);
}

#[test]
fn the_sources_beside_a_folder_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for file in [
        "osv/npm/all.zip",
        "osv-malicious/npm/all.zip",
        "kev/known_exploited_vulnerabilities.json",
        "kev/known_exploited_vulnerabilities_schema.json",
        "epss/epss_scores-2026-01-30.csv.gz",
        "epss/epss_scores-2026-01-29.csv.gz",
        "lifecycle/endoflife.json",
    ] {
        fs::create_dir_all(at(file).parent().unwrap()).unwrap();
        fs::write(at(file), b"").unwrap();
    }
    for start in [folder.path().to_path_buf(), at("osv")] {
        let found = Sources::beside(&start);
        let real = |path: &Path| fs::canonicalize(path).unwrap();
        assert_eq!(real(&found.osv[0]), real(&at("osv")));
        assert_eq!(real(&found.malicious[0]), real(&at("osv-malicious")));
        assert_eq!(
            real(&found.kev.unwrap()),
            real(&at("kev/known_exploited_vulnerabilities.json"))
        );
        assert_eq!(real(&found.epss.unwrap()), real(&at("epss/epss_scores-2026-01-30.csv.gz")));
        assert_eq!(real(&found.lifecycle.unwrap()), real(&at("lifecycle/endoflife.json")));
    }
    assert_eq!(Sources::beside(&at("osv/npm/all.zip")).kev, None);
}

#[test]
fn progress_comes_in_order_and_to_its_end() {
    struct Log(Vec<(Phase, u64, u64)>);
    impl Progress for Log {
        fn report(&mut self, phase: Phase, done: u64, total: u64) {
            self.0.push((phase, done, total));
        }
    }
    let folder = tempfile::tempdir().unwrap();
    loose(&folder.path().join("in"), &corpus_records());
    let mut log = Log(Vec::new());
    build(&sources(&[&folder.path().join("in")]), &folder.path().join("x.db"), &mut log).unwrap();
    for phase in [Phase::Reading, Phase::Sorting, Phase::Writing] {
        let last = log.0.iter().rev().find(|(p, _, _)| *p == phase).unwrap();
        assert_eq!(last.1, last.2, "{phase:?}");
    }
}

/// The shared data's own lists of what changed between two commits of each source.
#[test]
fn the_difference_of_two_indexes_is_what_changed() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let data = shared.join("data");
    for (name, of) in [
        ("crates.io", "osv/crates.io"),
        ("Go", "osv/Go"),
        ("PyPI", "osv/PyPI"),
        ("RubyGems", "osv/RubyGems"),
        ("Packagist", "osv/Packagist"),
        ("crates.io-730d", "osv/crates.io"),
    ] {
        let changes: Value = serde_json::from_slice(
            &fs::read(data.join(format!("osv-delta/{name}/changes.json"))).unwrap(),
        )
        .unwrap();
        let list = |key: &str| -> Vec<String> {
            let mut list: Vec<String> = changes[key]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_str().unwrap().to_owned())
                .collect();
            list.sort();
            list
        };
        let folder = tempfile::tempdir().unwrap();
        let zip_of = |path: &Path| {
            let copy = folder.path().join("one");
            let _ = fs::remove_dir_all(&copy);
            fs::create_dir_all(&copy).unwrap();
            fs::copy(path, copy.join("all.zip")).unwrap();
            let mut records = Vec::new();
            trimtab_testkit::naive::for_each_record(&copy, |r| records.push(r)).unwrap();
            records
        };
        let now = zip_of(&data.join(of).join("all.zip"));
        let before = zip_of(&data.join(format!("osv-delta/{name}/before.zip")));
        let added = list("added");
        let id = |r: &Value| r["id"].as_str().unwrap().to_owned();
        let replaced: Vec<String> = before.iter().map(id).collect();
        let mut old: Vec<Value> = now
            .iter()
            .filter(|r| !added.contains(&id(r)) && !replaced.contains(&id(r)))
            .cloned()
            .collect();
        old.extend(before.iter().cloned());
        let build_at = |name: &str, records: &[Value]| {
            zipped(&folder.path().join(name).join("all.zip"), records);
            let target = folder.path().join(format!("{name}.db"));
            build(&sources(&[&folder.path().join(name)]), &target, &mut ()).unwrap();
            Index::open(&target).unwrap()
        };
        let (old_index, new_index) = (build_at("old", &old), build_at("new", &now));
        assert!(Diff::between(&new_index, &new_index).unwrap().is_empty());
        let diff = Diff::between(&old_index, &new_index).unwrap();
        let texts =
            |list: &[Box<str>]| -> Vec<String> { list.iter().map(ToString::to_string).collect() };
        let gone = |records: &[Value], wanted: &str| {
            records.iter().any(|r| r["id"] == *wanted && r["withdrawn"].is_string())
        };
        // Records that are withdrawn are in no index, so they cannot be added or changed.
        let expected: Vec<String> = added.into_iter().filter(|a| !gone(&now, a)).collect();
        assert_eq!(texts(&diff.added), expected, "{name}");
        assert_eq!(texts(&diff.removed), list("removed"), "{name}");
        let withdrawn: Vec<String> =
            list("withdrawn").into_iter().filter(|w| !gone(&before, w)).collect();
        assert_eq!(texts(&diff.withdrawn), withdrawn, "{name}");
        // Where only a text changed that the index does not keep, nothing changed.
        let modified = list("modified");
        assert!(diff.changed.iter().all(|id| modified.iter().any(|m| **m == **id)), "{name}");
        eprintln!("{name}: {} of {} modified records changed", diff.changed.len(), modified.len());
    }
}
