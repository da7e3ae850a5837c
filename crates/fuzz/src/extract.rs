//! The formats: bytes to an inventory, and on to Trimtab's own JSON and back.
//!
//! An input is a small tree. Its first line is the file's path; `=== path` lines begin further
//! files, the neighbours that a format may read. For libFuzzer a first byte picks the format.

use trimtab_extract::{FORMATS, FileView, Files, Format, MemoryFiles};
use trimtab_model::scan::Scan;
use trimtab_model::{Diagnostic, Inventory};

use crate::{Target, seeds};

const NEXT: &[u8] = b"\n=== ";

/// One target for each format of the registry.
pub(crate) fn targets() -> Vec<Target> {
    let mut seeds = seeds::trees();
    let target = |format: &&'static Format| {
        let format = *format;
        let own = seeds.remove(format.id).unwrap_or_default();
        Target::new(format!("extract-{}", format.id), move |bytes| run(format, bytes), own)
    };
    FORMATS.iter().map(target).collect()
}

/// The first byte picks the format; the rest is the tree.
pub fn any(bytes: &[u8]) {
    let Some((pick, rest)) = bytes.split_first() else { return };
    if let Some(format) = FORMATS.get(usize::from(*pick) % FORMATS.len()) {
        run(format, rest);
    }
}

/// An input from a tree, its first file first.
pub(crate) fn input(tree: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (i, (path, content)) in tree.iter().enumerate() {
        if i > 0 {
            bytes.extend_from_slice(NEXT);
        }
        bytes.extend_from_slice(path.as_bytes());
        bytes.push(b'\n');
        bytes.extend_from_slice(content);
    }
    bytes
}

fn tree(bytes: &[u8]) -> Vec<(String, &[u8])> {
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(NEXT.len()).position(|w| w == NEXT) {
        parts.push(&rest[..at]);
        rest = &rest[at + NEXT.len()..];
    }
    parts.push(rest);
    let file = |part: &'_ [u8]| part.iter().position(|b| *b == b'\n').unwrap_or(part.len());
    let split = |part| {
        let (path, content): (&[u8], &[u8]) = <[u8]>::split_at(part, file(part));
        let path = String::from_utf8_lossy(path).trim().trim_matches('/').to_owned();
        (path, content.get(1..).unwrap_or_default())
    };
    parts.into_iter().take(32).map(split).collect()
}

fn run(format: &Format, bytes: &[u8]) {
    let tree = tree(bytes);
    let mut files = MemoryFiles::default();
    for (path, content) in tree.iter().rev() {
        files.insert(path, content);
    }
    let Some((path, content)) = tree.first() else { return };
    if let Some(sniff) = format.sniff {
        let _ = sniff(content);
    }
    let view = FileView { path, bytes: content, files: &files as &dyn Files };
    let mut inventory = Inventory::default();
    match (format.extract)(&view) {
        Ok(mut file) => {
            file.path = path.as_str().into();
            file.format = format.id.into();
            file.settle();
            check_lines(content, &file.diagnostics);
            let lines = lines(content);
            for component in &file.components {
                assert!(component.line.is_none_or(|l| l >= 1 && l <= lines), "a line outside");
            }
            inventory.files.push(file);
        }
        Err(diagnostic) => {
            check_lines(content, std::slice::from_ref(&diagnostic));
            inventory.diagnostics.push(diagnostic);
        }
    }
    let scan = Scan {
        target: "x".into(),
        inventory,
        index: None,
        findings: Vec::new(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    };
    crate::scan::round_trip(&scan);
}

/// The line after the last one is where a file ends.
fn lines(content: &[u8]) -> u32 {
    let breaks = content.iter().filter(|b| matches!(b, b'\n' | b'\r')).count();
    u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(2)
}

fn check_lines(content: &[u8], diagnostics: &[Diagnostic]) {
    let lines = lines(content);
    for diagnostic in diagnostics.iter().filter(|d| d.file.is_none()) {
        assert!(diagnostic.line.is_none_or(|l| l >= 1 && l <= lines), "{diagnostic:?} of {lines}");
    }
}
