//! OPA's own published conformance cases, for the built-ins that policies may call here and the language that they are
//! written in. Nothing of them is in this repository: Go's client gets them.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod deviations;
mod suite;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use deviations::{DEVIATIONS, FOLDERS, NOT_CLAIMED};
use suite::Case;

/// How the cases of a folder went.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    right: usize,
    differ: usize,
    left_out: usize,
}

#[test]
fn opa_conformance() {
    let Some(module) = suite::module() else { return };
    let cases = suite::cases(&module);
    assert!(cases.len() > 4000, "{}", cases.len());
    let absent = absent(&module);
    let mut counts: BTreeMap<&str, Count> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut expected = expected();
    let mut by_folder = vec![0; FOLDERS.len()];
    for (case, outcome) in cases.iter().zip(asked(&cases, &absent)) {
        let count = counts.entry(&case.folder).or_default();
        let (suite, note) = (case.suite, &*case.note);
        match outcome {
            Outcome::LeftOut => count.left_out += 1,
            Outcome::Right => count.right += 1,
            Outcome::Differs(difference) => {
                count.differ += 1;
                let folder = FOLDERS.iter().position(|(s, f, ..)| *s == suite && *f == case.folder);
                if let Some(of) = folder {
                    by_folder[of] += 1;
                } else if !expected.remove(&(suite, note)) {
                    wrong.push(format!("{suite}!{note}: {difference}"));
                }
            }
        }
    }
    let (mut right, mut differ, mut left_out) = (0, 0, 0);
    for (folder, count) in &counts {
        let Count { right: r, differ: d, left_out: l } = count;
        eprintln!("{folder:40} {r:4} right {d:4} differ {l:4} left out");
        (right, differ, left_out) = (right + r, differ + d, left_out + l);
    }
    eprintln!("{} cases: {right} right, {differ} differ, {left_out} left out", cases.len());
    for ((suite, folder, want, why), count) in FOLDERS.iter().zip(by_folder) {
        if count != *want {
            wrong.push(format!("{suite}/{folder}: {count} differ, not {want}: {why}"));
        }
    }
    wrong.extend(
        expected.iter().map(|(suite, note)| {
            format!("{suite}!{note}: no longer differs, or is no longer there")
        }),
    );
    assert!(wrong.is_empty(), "{} are not as the table says:\n{}", wrong.len(), wrong.join("\n"));
}

/// The table of deviations, case by case.
fn expected() -> BTreeSet<(&'static str, &'static str)> {
    let mut all = BTreeSet::new();
    for class in DEVIATIONS {
        assert!(!class.reason.is_empty() && !class.notes.is_empty());
        for note in class.notes {
            let suites = match note.split_once('!') {
                Some((suite, note)) => vec![(suite, note)],
                None => vec![("v0", *note), ("v1", *note)],
            };
            for one in suites {
                assert!(all.insert(one), "{one:?} appears twice");
            }
        }
    }
    all
}

/// Every built-in of OPA that policies cannot call here.
fn absent(module: &Path) -> BTreeSet<String> {
    let all = std::fs::read(module.join("capabilities.json")).unwrap();
    let all: serde_json::Value = serde_json::from_slice(&all).unwrap();
    let page = trimtab_testkit::repository().join("docs/policies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, there) = page.split_once("\n## Built-ins\n").unwrap();
    let (there, not_there) = there.split_once("\nNot there").unwrap();
    let (not_there, _) = not_there.split_once("\n### ").unwrap();
    let mut absent = BTreeSet::new();
    for builtin in all["builtins"].as_array().unwrap() {
        let name = builtin["name"].as_str().unwrap();
        if builtin.get("infix").is_some() || name.starts_with("internal.") {
            continue;
        }
        let on_page = |part: &str| part.contains(&format!("`{name}`"));
        let mut families = name.match_indices('.').map(|(at, _)| format!("`{}.*`", &name[..at]));
        let off = on_page(not_there) || families.any(|family| not_there.contains(&family));
        assert!(on_page(there) != off, "docs/policies.md must say whether there is `{name}`");
        if off {
            absent.insert(name.to_owned());
        }
    }
    absent
}

enum Outcome {
    Right,
    Differs(String),
    LeftOut,
}

/// Asks every case, on all cores.
fn asked(cases: &[Case], absent: &BTreeSet<String>) -> Vec<Outcome> {
    let next = Mutex::new(cases.iter().enumerate());
    let take = || next.lock().unwrap().next();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut all: Vec<(usize, Outcome)> = std::thread::scope(|scope| {
        let work = || std::iter::from_fn(take).map(|(i, case)| (i, one(case, absent))).collect();
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| -> Vec<_> { thread.join().unwrap() }).collect()
    });
    all.sort_by_key(|(i, _)| *i);
    all.into_iter().map(|(_, outcome)| outcome).collect()
}

fn one(case: &Case, absent: &BTreeSet<String>) -> Outcome {
    let called = |text: &str, name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            let part =
                |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
            !part(before) && !part(after)
        })
    };
    let left_out = case.texts().any(|text| {
        absent.iter().any(|name| called(text, name))
            || NOT_CLAIMED.iter().any(|(mark, _)| text.contains(mark))
    });
    if left_out {
        return Outcome::LeftOut;
    }
    case.differs().map_or(Outcome::Right, Outcome::Differs)
}
