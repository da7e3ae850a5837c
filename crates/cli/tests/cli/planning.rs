//! What the tests of planning have in common: folders, an index of advisories, what holds of every plan.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use trimtab_report::plan::json::Document;

use crate::command::{Terminal, run_in};

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).into_iter().flatten().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

/// All files of a folder, with their bytes.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => waiting.push(entry.path()),
                false => drop(all.insert(entry.path(), fs::read(entry.path()).unwrap())),
            }
        }
    }
    all
}

/// An index of a folder of advisories, in a folder for data.
pub(crate) fn indexed(from: &Path, data: &Path) {
    let db = data.join("advisories.index").display().to_string();
    let from = from.display().to_string();
    let ran = run_in(
        Some(data.to_owned()),
        &["db", "update", "--from", &from, "--db", &db],
        "",
        Terminal::default(),
    );
    assert_eq!(ran.exit as u8, 0, "{}", ran.err);
}

/// What holds of every plan.
pub(crate) fn sums(plan: &Document) {
    let weights: f64 = plan.findings.iter().map(|finding| finding.weight).sum();
    assert!(
        (weights - plan.load).abs() <= 0.01 * plan.findings.len() as f64,
        "{weights} {}",
        plan.load
    );
    let mut gone: Vec<&String> = plan.batches.iter().flat_map(|batch| &batch.removes).collect();
    let removed = gone.len();
    gone.sort();
    gone.dedup();
    assert_eq!(gone.len(), removed, "no finding is counted twice");
    let left: Vec<&String> = plan.left.iter().map(|left| &left.finding).collect();
    assert!(gone.iter().all(|finding| !left.contains(finding)));
    assert_eq!(removed + left.len(), plan.findings.len(), "each finding is gone or told");
    for action in &plan.actions {
        assert!(action.proposal.read().is_some(), "{:?}", action.proposal);
        assert!(action.brings.is_empty());
    }
    for batch in &plan.batches {
        assert!(batch.actions.iter().all(|name| plan.actions.iter().any(|a| a.name == *name)));
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        assert!(batch.name.bytes().all(plain), "{}", batch.name);
    }
}

pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let who = ["-c", "init.defaultBranch=main"];
    let ran = Command::new("git").arg("-C").arg(folder).args(who).args(args).output().unwrap();
    assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}
