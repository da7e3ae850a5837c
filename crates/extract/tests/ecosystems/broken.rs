//! Broken input of every format: a reader may refuse it, and never faults.

use std::path::PathBuf;

use proptest::prelude::*;
use trimtab_extract::view::MemoryFiles;

use crate::read;
use crate::table::{FORMATS, SUITES};

/// Real files of every format, to be broken.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let corpus = trimtab_testkit::repository().join("corpus/lockfiles");
    let mut samples = Vec::new();
    let mut add = |format: &'static str, folder: PathBuf| {
        let mut waiting = vec![folder];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    waiting.push(path);
                } else if let Ok(bytes) = std::fs::read(&path)
                    && bytes.len() < 20_000
                {
                    samples.push((format, bytes));
                }
            }
        }
    };
    for format in FORMATS {
        add(format, corpus.join(format.replace('-', "_")));
    }
    if let Some(shared) = trimtab_testkit::shared() {
        for (suite, folder, format) in SUITES {
            add(format, shared.join("corpus/lockfiles").join(suite).join(folder));
        }
    }
    samples
}

fn broken(bytes: &[u8], cut: usize, flips: &[(usize, u8)], copy: (usize, usize, usize)) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for (at, value) in flips {
        let len = out.len().max(1);
        if let Some(byte) = out.get_mut(at % len) {
            *byte = *value;
        }
    }
    let len = out.len() + 1;
    let (from, to) = ((copy.0 % len).min(copy.1 % len), (copy.0 % len).max(copy.1 % len));
    let piece = out[from..to].to_vec();
    let at = copy.2 % len;
    out.splice(at..at, piece);
    out.truncate(cut % (out.len() + 1));
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_files_never_fault(
        pick in any::<prop::sample::Index>(),
        cut in any::<usize>(),
        flips in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4),
        copy in any::<(usize, usize, usize)>(),
    ) {
        thread_local! {
            static SAMPLES: Vec<(&'static str, Vec<u8>)> = samples();
        }
        SAMPLES.with(|samples| {
            if !samples.is_empty() {
                let (format, bytes) = pick.get(samples);
                check(format, &broken(bytes, cut, &flips, copy));
            }
        });
    }

    #[test]
    fn arbitrary_text_never_faults(text in "[ -~\n]{0,200}", at in 0..FORMATS.len()) {
        check(FORMATS[at], text.as_bytes());
    }
}

fn check(format: &str, bytes: &[u8]) {
    let result = read(format, "a/b", bytes, &MemoryFiles::default());
    match result {
        Ok(file) => {
            let count = u32::try_from(file.components.len()).expect("small");
            assert!(file.edges.iter().all(|(a, b)| *a < count && *b < count));
            assert!(file.components.iter().all(|c| !c.purl.name().is_empty()));
        }
        Err(diagnostic) => {
            assert_ne!(diagnostic.code, trimtab_model::Code::ParserFault, "{format}");
        }
    }
}
