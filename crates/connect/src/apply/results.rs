//! What a run of tests says about each of them, out of what the runner wrote. One file per notation,
//! one table line each; which one it is shows by itself.

mod go;
mod junit;
mod libtest;
mod marks;
mod pytest;
mod tap;
mod unittest;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::SystemTime;

use super::kept::{Kept, plain};

/// The most tests that are told apart.
const MOST: usize = 200_000;
/// The longest name, in bytes.
const NAME: usize = 400;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was not run.
    Skipped,
    /// Well.
    Passed,
    /// Not well.
    Failed,
}

/// The tests of a run, by name. Of several with one name the worst counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Results {
    /// The verdict of each.
    pub tests: BTreeMap<Box<str>, Verdict>,
}

impl Results {
    /// Whether nothing is known of any test.
    pub fn is_empty(&self) -> bool {
        self.tests.is_empty()
    }

    /// How many ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.tests.values().filter(|v| **v == verdict).count()
    }

    /// What a runner wrote. Empty: it is not understood.
    pub fn read(text: &str) -> Results {
        let lines: Vec<String> = text.lines().map(plain).collect();
        let all = NOTATIONS.iter().map(|read| {
            let mut results = Results::default();
            read(&lines, &mut results);
            results
        });
        // The first of those that understand the most.
        all.reduce(|best, next| if next.tests.len() > best.tests.len() { next } else { best })
            .unwrap_or_default()
    }

    /// What runners left as JUnit files below a folder since a moment.
    pub fn files(folder: &Path, since: SystemTime) -> Results {
        let mut results = Results::default();
        junit::read(folder, since, &mut results);
        results
    }

    /// The last lines that a run wrote, at most so many: of events for programs what people read, as far as it is of tests that
    /// failed.
    pub fn last_words(&self, output: &Kept, lines: usize) -> Vec<String> {
        let text = output.text();
        let told = go::told(text.lines(), self);
        if told.is_empty() {
            return output.last(lines);
        }
        let from = told.len().saturating_sub(lines);
        told.iter().skip(from).map(|line| super::kept::told(line)).collect()
    }

    /// What `go vet` found, as `go test` wrote it. Empty: nothing, or it was not run.
    pub fn vet(output: &Kept) -> Vec<String> {
        let text = output.text();
        let lines: Vec<String> = text.lines().map(plain).collect();
        go::vet(&lines)
    }

    /// What was not built, as `go test` wrote it.
    pub fn unbuilt(output: &Kept) -> Vec<String> {
        let text = output.text();
        let lines: Vec<String> = text.lines().map(plain).collect();
        go::unbuilt(&lines)
    }

    fn add(&mut self, name: &str, verdict: Verdict) {
        let name = name.trim();
        if name.is_empty() || self.tests.len() >= MOST {
            return;
        }
        let end = name.char_indices().map(|(at, _)| at).find(|at| *at >= NAME);
        let name = name.get(..end.unwrap_or(name.len())).unwrap_or(name);
        let held = self.tests.entry(name.into()).or_insert(verdict);
        *held = (*held).max(verdict);
    }
}

/// Reads a notation out of the lines of an output.
type Read = fn(&[String], &mut Results);

/// Every notation.
const NOTATIONS: &[Read] = &[
    libtest::read,
    go::read_json,
    go::read_text,
    pytest::read,
    tap::read,
    unittest::read,
    marks::read,
];
