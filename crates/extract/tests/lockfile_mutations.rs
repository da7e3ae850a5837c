//! Whatever the bytes, the readers of JavaScript's and Rust's files answer and never fail: cases of
//! the corpus are cut, flipped, doubled and spliced.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use trimtab_extract::{Format, MemoryFiles, registry, walk};
use trimtab_model::Code;

const FORMATS: [&str; 9] = [
    "package-lock",
    "yarn-v1",
    "yarn-berry",
    "pnpm-lock",
    "bun-lock",
    "deno-lock",
    "package-json",
    "cargo-lock",
    "cargo-toml",
];

/// The files of our own cases: format, path in the case, bytes.
fn seeds() -> Vec<(&'static Format, String, Vec<u8>)> {
    let corpus = trimtab_testkit::repository().join("corpus/lockfiles");
    let mut all = Vec::new();
    for id in FORMATS {
        let format = registry::by_id(id).unwrap();
        for case in std::fs::read_dir(corpus.join(id)).unwrap() {
            for file in std::fs::read_dir(case.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_file() && (format.claims)(&name) {
                    all.push((format, name, std::fs::read(path).unwrap()));
                }
            }
        }
    }
    all
}

/// How to spoil a file.
#[derive(Debug, Clone)]
enum Damage {
    Cut(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    Double(prop::sample::Index, prop::sample::Index),
    Splice(prop::sample::Index, prop::sample::Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        index().prop_map(Damage::Cut),
        (index(), any::<u8>()).prop_map(|(i, b)| Damage::Flip(i, b)),
        (index(), index()).prop_map(|(a, b)| Damage::Double(a, b)),
        (index(), index()).prop_map(|(a, b)| Damage::Splice(a, b)),
    ]
}

fn spoil(bytes: &mut Vec<u8>, other: &[u8], damage: &Damage) {
    if bytes.is_empty() {
        return;
    }
    match damage {
        Damage::Cut(at) => bytes.truncate(at.index(bytes.len())),
        Damage::Flip(at, with) => {
            let at = at.index(bytes.len());
            bytes[at] = *with;
        }
        Damage::Double(from, to) => {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            let part = bytes[from.min(to)..from.max(to)].to_vec();
            let at = from.max(to);
            bytes.splice(at..at, part);
        }
        Damage::Splice(at, from) if !other.is_empty() => {
            let (at, from) = (at.index(bytes.len()), from.index(other.len()));
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        Damage::Splice(..) => {}
    }
}

fn never_a_fault(format: &Format, name: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut files = MemoryFiles::default();
    for beside in ["package.json", "Cargo.toml"] {
        files.insert(beside, bytes);
    }
    match walk::extract(format, name, bytes, &files) {
        Ok(file) => {
            let count = u32::try_from(file.components.len()).unwrap();
            prop_assert!(file.edges.iter().all(|(a, b)| *a < count && *b < count));
            let lines = u32::try_from(bytes.iter().filter(|b| **b == b'\n').count()).unwrap() + 1;
            prop_assert!(
                file.components.iter().all(|c| c.line.is_none_or(|l| l >= 1 && l <= lines))
            );
            for at in 0..count {
                let path = file.why(at);
                prop_assert!(path.is_empty() || path.last() == Some(&at));
            }
        }
        Err(diagnostic) => prop_assert_ne!(diagnostic.code, Code::ParserFault),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn spoiled_files_never_break_a_reader(
        which in any::<prop::sample::Index>(),
        with in any::<prop::sample::Index>(),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let seeds = seeds();
        let (format, name, bytes) = &seeds[which.index(seeds.len())];
        let other = &seeds[with.index(seeds.len())].2;
        let mut bytes = bytes.clone();
        for damage in &damages {
            spoil(&mut bytes, other, damage);
        }
        never_a_fault(format, name, &bytes)?;
    }

    #[test]
    fn arbitrary_bytes_never_break_a_reader(
        which in 0..FORMATS.len(),
        bytes in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let format = registry::by_id(FORMATS[which]).unwrap();
        let name = format.names.split(',').next().unwrap();
        never_a_fault(format, name, &bytes)?;
    }

    #[test]
    fn arbitrary_lines_never_break_a_reader(
        which in 0..FORMATS.len(),
        text in "([ \\t]{0,6}[-\\[\\]{}\"':,#?@/=a-z0-9.é\\\\]{0,12}\n){0,20}",
    ) {
        let format = registry::by_id(FORMATS[which]).unwrap();
        let name = format.names.split(',').next().unwrap();
        never_a_fault(format, name, text.as_bytes())?;
    }
}
