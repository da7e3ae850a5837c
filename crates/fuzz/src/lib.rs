//! Development only: what is fuzzed. A [`Target`] is a function that must survive any bytes, and
//! the seeds that mutations start from.
//!
//! The same functions run in two ways: `cargo test -p trimtab-fuzz` mutates seeds for a bounded
//! time with [`drive`] and needs no other tool; `cargo +nightly fuzz run NAME` (folder `fuzz/`)
//! lets libFuzzer search with coverage for as long as one likes.

mod agreement;
mod attributions;
mod decisions;
pub mod drive;
mod extract;
mod index;
mod mutate;
mod readers;
mod records;
mod scan;
mod seeds;
mod words;

/// What takes the bytes.
pub type Run = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Something that must survive any bytes: no panic, no overflow of the stack, bounded time and memory.
pub struct Target {
    /// Its name, in failures and for `TRIMTAB_FUZZ_TARGET`.
    pub name: String,
    /// The folder of `corpus/fuzz/` with what once failed.
    pub folder: &'static str,
    /// Takes the bytes.
    pub run: Run,
    /// What mutations start from.
    pub seeds: Vec<Vec<u8>>,
}

impl Target {
    fn new(
        name: impl Into<String>,
        run: impl Fn(&[u8]) + Send + Sync + 'static,
        seeds: Vec<Vec<u8>>,
    ) -> Target {
        Target { name: name.into(), folder: "", run: Box::new(run), seeds }
    }
}

/// Every target: one for each format that is read, one for each syntax, the words, the feeds, the
/// charter, the policies, the decisions, the reports of other scanners, the index, and the saved scan.
pub fn targets() -> Vec<Target> {
    let mut all = extract::targets();
    all.extend(readers::targets());
    all.extend(words::targets());
    all.extend(records::targets());
    all.extend(agreement::targets());
    all.extend(decisions::targets());
    all.extend(attributions::targets());
    all.push(index::target());
    all.push(scan::target());
    for target in &mut all {
        let name = target.name.clone();
        target.folder = match name.split_once('-') {
            Some(("extract", _)) => "extract",
            Some(("report", _)) => "report",
            _ => name.leak(),
        };
    }
    all
}

/// What libFuzzer runs.
pub mod run {
    pub use crate::agreement::{charter, history, policy, project};
    pub use crate::attributions::report;
    pub use crate::decisions::{exceptions, ignores, vex};
    pub use crate::extract::any as extract;
    pub use crate::index::run as index;
    pub use crate::readers::{in_parts, json, toml, xml, yaml};
    pub use crate::records::{epss, kev, lifecycle, osv};
    pub use crate::scan::run as scan;
    pub use crate::words::{cvss, licence, purl, vers, versions};
}
