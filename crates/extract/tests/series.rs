//! A tree that changes is read as each of its states is by itself: whatever files come, go and change, in whatever
//! order, and though most of them are not read again.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use trimtab_extract::series::Series;
use trimtab_extract::{MemoryFiles, scan_files};
use trimtab_model::{Diagnostic, FileInventory};

/// Files of our own cases whose readers look at each other: path in a case, bytes.
fn seeds() -> Vec<(String, Arc<Vec<u8>>)> {
    let corpus = trimtab_testkit::repository().join("corpus/lockfiles");
    let mut all = Vec::new();
    for format in ["package-lock", "package-json", "cargo-lock", "cargo-toml", "pom-xml", "go-mod"]
    {
        collect(&corpus.join(format), &mut all);
    }
    assert!(all.len() > 10, "{}", all.len());
    all
}

fn collect(folder: &Path, all: &mut Vec<(String, Arc<Vec<u8>>)>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, all);
        } else {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            all.push((name, Arc::new(std::fs::read(&path).unwrap())));
        }
    }
}

type State = BTreeMap<String, Arc<Vec<u8>>>;

/// Files and faults of a state that is read by itself.
fn alone(state: &State) -> (Vec<FileInventory>, Vec<Diagnostic>) {
    let mut files = MemoryFiles::default();
    for (path, bytes) in state {
        files.insert(path, bytes);
    }
    let inventory = scan_files(&files);
    (inventory.files, inventory.diagnostics)
}

fn in_series(
    series: &mut Series,
    changed: Vec<(String, Option<Arc<Vec<u8>>>)>,
) -> (Vec<FileInventory>, Vec<Diagnostic>) {
    let (mut files, mut faults) = (Vec::new(), Vec::new());
    for read in series.next(changed).values() {
        for one in read.iter() {
            match one {
                Ok(file) => files.push(file.clone()),
                Err(fault) => faults.push(fault.clone()),
            }
        }
    }
    files.sort_by(|a, b| (&a.path, &a.format).cmp(&(&b.path, &b.format)));
    faults.sort();
    (files, faults)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_series_reads_what_each_state_is(
        steps in prop::collection::vec(
            prop::collection::vec((0..4usize, any::<prop::sample::Index>(), any::<bool>()), 1..4),
            1..8,
        )
    ) {
        let seeds = seeds();
        let folders = ["", "a/", "a/b/", "c/"];
        let mut state = State::new();
        let mut series = Series::default();
        for step in steps {
            let mut changed = Vec::new();
            for (folder, seed, stays) in step {
                let (name, bytes) = seed.get(&seeds);
                let path = format!("{}{name}", folders[folder]);
                match stays {
                    true => drop(state.insert(path.clone(), Arc::clone(bytes))),
                    false => drop(state.remove(&path)),
                }
                changed.push((path, stays.then(|| Arc::clone(bytes))));
            }
            prop_assert_eq!(in_series(&mut series, changed), alone(&state));
        }
    }
}

#[test]
fn what_has_not_changed_is_not_read_again() {
    let lock = |name: &str| {
        let text = format!("version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"1.0.0\"\n");
        Some(Arc::new(text.into_bytes()))
    };
    let mut series = Series::default();
    let path = |name: &str| format!("{name}/Cargo.lock");
    let first = series.next([(path("one"), lock("one")), (path("two"), lock("two"))]);
    let (one, two) = (Arc::clone(&first["one/Cargo.lock"]), Arc::clone(&first["two/Cargo.lock"]));
    let then = series.next([(path("two"), lock("other"))]);
    assert!(Arc::ptr_eq(&one, &then["one/Cargo.lock"]));
    assert!(!Arc::ptr_eq(&two, &then["two/Cargo.lock"]));
}
