//! What several tests of the index need.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trimtab_advisories::{BuildReport, Index, Sources, build};

/// Writes records as loose files of one folder.
pub(crate) fn loose(folder: &Path, records: &[Value]) {
    fs::create_dir_all(folder.join("all")).unwrap();
    for (i, record) in records.iter().enumerate() {
        fs::write(folder.join(format!("all/{i}.json")), serde_json::to_vec(record).unwrap())
            .unwrap();
    }
}

/// Writes records as one `all.zip`.
pub(crate) fn zipped(zip: &Path, records: &[Value]) {
    fs::create_dir_all(zip.parent().unwrap()).unwrap();
    let mut out = zip::ZipWriter::new(File::create(zip).unwrap());
    for (i, record) in records.iter().enumerate() {
        let options = zip::write::SimpleFileOptions::default();
        out.start_file(format!("{i}.json"), options).unwrap();
        out.write_all(&serde_json::to_vec(record).unwrap()).unwrap();
    }
    out.finish().unwrap();
}

/// Builds an index of loose records.
pub(crate) fn index_of(folder: &Path, records: &[Value]) -> (Index, BuildReport, PathBuf) {
    loose(&folder.join("in"), records);
    let target = folder.join("index.db");
    let sources = Sources { osv: vec![folder.join("in")], ..Sources::default() };
    let report = build(&sources, &target, &mut ()).unwrap();
    (Index::open(&target).unwrap(), report, target)
}

/// The records of every case in the corpus.
pub(crate) fn corpus_records() -> Vec<Value> {
    cases().iter().flat_map(|(_, case)| case["records"].as_array().unwrap().clone()).collect()
}

/// Every case in the corpus, by file name.
pub(crate) fn cases() -> Vec<(String, Value)> {
    let folder = trimtab_testkit::repository().join("corpus/advisories");
    let mut cases: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, serde_json::from_slice(&fs::read(path).unwrap()).unwrap())
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}
