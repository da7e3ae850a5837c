//! The saved scan: what can be read can be written in every format, and as itself again.

use trimtab_model::scan::Scan;
use trimtab_report as report;

use crate::Target;

pub(crate) fn target() -> Target {
    Target::new("scan", run, seeds())
}

/// Reads a saved scan and writes it in every format.
pub fn run(bytes: &[u8]) {
    let Ok(scan) = report::json::read(bytes) else { return };
    let mut out = Vec::new();
    let written = [
        report::table::write(&scan, report::table::Style::default(), &mut out),
        report::sarif::write(&scan, &mut out),
        report::markdown::write(&scan, &mut out),
        report::html::write(&scan, &mut out),
        report::gitlab::write(&scan, &mut out),
        report::csv::write(&scan, &mut out),
    ];
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    round_trip(&scan);
}

/// What is written is read as the same.
pub(crate) fn round_trip(scan: &Scan) {
    let write = |scan: &Scan| {
        let mut out = Vec::new();
        report::json::write(scan, &mut out).expect("memory can be written to");
        out
    };
    let first = write(scan);
    let read = report::json::read(&first[..]);
    assert!(read.is_ok(), "a saved scan cannot be read again: {:?}", read.err());
    let second = read.map(|scan| write(&scan)).unwrap_or_default();
    assert!(first == second, "a saved scan changes when read and written");
}

/// A scan with something of everything: the shape is the only thing that a seed must have.
fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (_, tree) in crate::seeds::trees().into_iter().flat_map(|(id, all)| {
        all.into_iter().take(1).map(move |bytes| (id, bytes)).collect::<Vec<_>>()
    }) {
        let mut files = trimtab_extract::MemoryFiles::default();
        let at = tree.iter().position(|b| *b == b'\n').unwrap_or(0);
        files.insert(&String::from_utf8_lossy(&tree[..at]), &tree[at..]);
        let scan = Scan {
            target: "x".into(),
            inventory: trimtab_extract::scan_files(&files),
            index: None,
            findings: Vec::new(),
            unknowns: Vec::new(),
            weighing: None,
            diagnostics: Vec::new(),
        };
        let mut out = Vec::new();
        report::json::write(&scan, &mut out).expect("memory can be written to");
        seeds.push(out);
    }
    seeds
}
