//! Our own cases, `corpus/reports/`: what is read of each, and that every format has one.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod shown;

use std::collections::BTreeSet;
use std::path::PathBuf;

use trimtab_attributions::{FORMATS, claims, read};
use trimtab_testkit::repository;

/// The files of a format's folder, in order.
fn cases(format: &str) -> Vec<PathBuf> {
    let folder = repository().join("corpus/reports").join(format);
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().map(|file| file.unwrap().path()).collect();
    all.sort();
    all
}

#[test]
fn every_case_is_read_as_it_is_meant() {
    for format in FORMATS {
        let cases = cases(format.id);
        assert!(!cases.is_empty(), "{} has no case", format.id);
        let mut out = String::new();
        for path in cases {
            let bytes = std::fs::read(&path).unwrap();
            let ids: Vec<&str> = claims(&bytes).unwrap().iter().map(|format| format.id).collect();
            assert_eq!(ids, [format.id], "{}", path.display());
            let report = read(&bytes).unwrap();
            assert!(!report.attributions.is_empty() || !report.left_out.is_empty());
            out.push_str(&format!("== {}\n", path.file_name().unwrap().to_string_lossy()));
            out.push_str(&shown::whole(&report));
        }
        insta::assert_snapshot!(format.id.replace('-', "_"), out);
    }
}

#[test]
fn the_tables_are_sorted_and_of_types_that_the_model_knows() {
    let mut ids = BTreeSet::new();
    for format in FORMATS {
        assert!(ids.insert(format.id), "{} appears twice", format.id);
        let words: Vec<_> = format.words().collect();
        let lower = |word: &str| word.to_ascii_lowercase();
        assert!(
            words.iter().map(|(word, ..)| lower(word)).collect::<BTreeSet<_>>().len()
                == words.len(),
            "{} has a word twice",
            format.id
        );
        for (word, purl_type, namespace) in words {
            let distribution = matches!(purl_type, "deb" | "rpm" | "apk");
            assert_eq!(distribution, !namespace.is_empty(), "{}: {word}", format.id);
            assert!(trimtab_model::purl::is_valid_type(purl_type), "{}: {word}", format.id);
        }
    }
}
