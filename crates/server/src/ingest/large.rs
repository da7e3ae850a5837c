//! Large documents, read in parts: each part is a document of its own for the scanner's own reader, and beside that
//! only the links are kept. What comes out is what the whole document would give, without the whole in memory.

mod cyclonedx;
mod cyclonedx_xml;
mod graph;
mod json;
mod saved_scan;
mod spdx;
mod spdx3;
mod spdx3_licences;
mod spdx_tag;

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use trimtab_model::{Component, Diagnostic, Relation, Scope};
use trimtab_store::NewComponent;

use super::{Distinct, MOST_COMPONENTS, Refused, Said, named};

/// Documents above this are read so.
const LARGE: u64 = 32 << 20;
/// How many components are in a block.
const BLOCK: usize = 2000;
/// The most bytes of one entry, and of what the document says about itself.
const ENTRY: u64 = 4 << 20;
/// The most bytes in memory of entries that wait to be read.
const WAITING: usize = 16 << 20;
/// The most bytes of what is kept of all components.
const MOST_KEPT: usize = 512 << 20;
/// The most links.
const MOST_LINKS: usize = 10_000_000;
/// How much of a document is looked at to tell its format.
const START: u64 = 64 << 10;

/// Reads a document, if it is large and of a format that is read in parts.
pub(super) fn read(path: &Path) -> Result<Option<Distinct>, Refused> {
    let file = File::open(path).map_err(internal)?;
    if file.metadata().map_err(internal)?.len() <= LARGE {
        return Ok(None);
    }
    let mut start = Vec::new();
    file.take(START).read_to_end(&mut start).map_err(internal)?;
    form(path, &start).map(|form| form.read(path, BLOCK)).transpose()
}

/// The formats that are read in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Form {
    CycloneDx,
    CycloneDxXml,
    Spdx,
    SpdxTag,
    Spdx3,
    SavedScan,
}

impl Form {
    fn read(self, path: &Path, block: usize) -> Result<Distinct, Refused> {
        match self {
            Form::CycloneDx => cyclonedx::in_blocks(path, block),
            Form::CycloneDxXml => cyclonedx_xml::in_blocks(path, block),
            Form::Spdx => spdx::in_blocks(block, &|members| json::walk(path, members)),
            Form::SpdxTag => spdx::in_blocks(block, &|members| spdx_tag::walk(path, members)),
            Form::Spdx3 => spdx3::in_blocks(path, block),
            Form::SavedScan => saved_scan::read(path),
        }
    }

    /// The format of which a document in JSON with this member is.
    fn with(member: &str) -> Option<Form> {
        Some(match member {
            "bomFormat" => Form::CycloneDx,
            "spdxVersion" | "SPDXID" => Form::Spdx,
            "@graph" => Form::Spdx3,
            _ => return None,
        })
    }
}

/// The format of a document, if it is one of these.
fn form(path: &Path, start: &[u8]) -> Option<Form> {
    let text = String::from_utf8_lossy(start);
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        return match trimtab_extract::registry::sniff(start)?.id {
            "cyclonedx-xml" => Some(Form::CycloneDxXml),
            // Of YAML, the version often stands at the end, so that its start looks the same.
            "spdx-tag" if has_version(start) => Some(Form::SpdxTag),
            _ => None,
        };
    }
    if text.chars().take(200).collect::<String>().contains("\"trimtab-scan\"") {
        return Some(Form::SavedScan);
    }
    // What tells it may stand at the end.
    let mut telling = Telling(Cell::new(None));
    drop(json::walk(path, &mut telling));
    telling.0.get()
}

/// Whether a line states the version of SPDX as a tag.
fn has_version(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    start.split(|b| *b == b'\n').any(|line| line.trim_ascii_start().starts_with(b"SPDXVersion:"))
}

/// Looks for the member that tells the format.
struct Telling(Cell<Option<Form>>);

impl json::Members for Telling {
    // What is wanted as a list and is none ends the walk, and so does the first item of one.
    fn wants(&self, member: &str) -> bool {
        self.0.set(Form::with(member));
        self.0.get().is_some()
    }

    fn item(&mut self, _: Value) -> Result<(), Refused> {
        Err(Refused::Unreadable("the format is known".to_owned()))
    }
}

impl From<Diagnostic> for Refused {
    fn from(diagnostic: Diagnostic) -> Refused {
        Refused::Unreadable(super::told(&diagnostic))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn internal(error: std::io::Error) -> Refused {
    Refused::Internal(error.to_string())
}

/// Where parts are written for the scanner's own reader. They have no neighbours, and a name that says nothing.
struct Part(TempDir);

impl Part {
    fn new() -> Result<Part, Refused> {
        tempfile::tempdir().map(Part).map_err(internal)
    }

    /// What the scanner's reader finds in a part.
    fn scanned(
        &self,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<Vec<Component>, Refused> {
        let path = self.0.path().join("document");
        let mut out = File::create(&path).map(BufWriter::new).map_err(internal)?;
        write(&mut out).and_then(|()| out.flush()).map_err(internal)?;
        drop(out);
        let inventory = trimtab_extract::scan_path(&path, &trimtab_extract::Options::default());
        if inventory.files.is_empty() {
            let why = inventory.all_diagnostics().next();
            return Err(Refused::Unreadable(why.map_or_else(String::new, super::told)));
        }
        // Of one file, which it nearly always is, nothing is copied.
        let mut files = inventory.files.into_iter().map(|file| file.components);
        let mut components = files.next().unwrap_or_default();
        components.extend(files.flatten());
        Ok(components)
    }
}

/// Components by purl, each once.
#[derive(Default)]
struct Rows {
    all: Vec<(NewComponent, Scope)>,
    of: HashMap<String, usize>,
    /// Bytes of their texts.
    kept: usize,
}

impl Rows {
    /// Adds an entry to the row of its purl, with the stronger of two scopes; gives the row's position.
    fn add(&mut self, component: &Component, scope: Scope) -> Result<usize, Refused> {
        let new = named(component);
        let at = *self.of.entry(new.purl.clone()).or_insert(self.all.len());
        match self.all.get_mut(at) {
            None => {
                let other = [&new.version, &new.licence].into_iter().flatten();
                let other: usize = other.map(String::len).sum();
                // The purl is kept twice.
                self.kept += 2 * new.purl.len() + new.package.len() + new.name.len() + other;
                if self.kept > MOST_KEPT {
                    let message = format!("its components have texts above {MOST_KEPT} bytes");
                    return Err(Refused::Unreadable(message));
                }
                self.all.push((new, scope));
            }
            Some((is, held)) => {
                is.registry |= new.registry;
                *held = (*held).max(scope);
            }
        }
        Ok(at)
    }
}

/// Keeps the nearer of two relations.
fn nearer(held: &mut Option<Relation>, relation: Relation) {
    let is = relation == Relation::Direct || held.is_none_or(|held| held == Relation::Unknown);
    if is && *held != Some(Relation::Direct) {
        *held = Some(relation);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::ingest::Original;

    /// What is said, by purl.
    pub(super) fn sorted(read: Distinct) -> Vec<String> {
        let one = |(c, s): (NewComponent, Said)| {
            format!("{c:?} {:?} {:?} {}", s.scope, s.relation, s.files)
        };
        let mut all: Vec<String> = read.0.into_iter().zip(read.1).map(one).collect();
        all.sort();
        all
    }

    /// Holds a document in parts against the whole; whether it can be read at all.
    pub(super) fn same(form: Form, document: &[u8], about: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        // As the store keeps it: its name says nothing.
        let path = folder.path().join("document");
        std::fs::write(&path, document).unwrap();
        let whole = crate::ingest::inventory(Original::Held(document.to_vec())).map(sorted);
        // What is long in blocks of one takes long, too.
        let blocks: &[usize] = if document.len() > 1 << 17 { &[50, 1000] } else { &[1, 3, 1000] };
        for block in blocks.iter().copied() {
            match (&whole, form.read(&path, block).map(sorted)) {
                (Ok(whole), Ok(parts)) => assert_eq!(parts, *whole, "{block} {about}"),
                (whole, parts) => {
                    let (whole, parts) = (whole.as_ref().err(), parts.err());
                    assert_eq!(whole.is_some(), parts.is_some(), "{whole:?} {parts:?} {about}");
                }
            }
        }
        whole.is_ok()
    }

    /// Numbers that look random, each below what is asked for.
    pub(super) fn below(mut state: u64) -> impl FnMut(u64) -> u64 {
        move |n| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        }
    }

    /// All files of the project's corpus and the shared one.
    fn corpus() -> Vec<PathBuf> {
        let shared = std::env::var("TRIMTAB_SHARED")
            .map_or_else(|_| trimtab_testkit::repository().join("../shared"), PathBuf::from);
        let own = trimtab_testkit::repository().join("corpus");
        let mut folders = vec![own, shared.join("corpus")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    Ok(kind) if kind.is_file() => found.push(entry.path()),
                    _ => {}
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn every_document_of_the_corpus_in_parts_says_what_the_whole_says() {
        let mut read = HashMap::from([
            (Form::CycloneDx, 0),
            (Form::CycloneDxXml, 0),
            (Form::Spdx, 0),
            (Form::SpdxTag, 0),
            (Form::Spdx3, 0),
        ]);
        for path in corpus() {
            let Ok(document) = std::fs::read(&path) else { continue };
            let start = document.get(..START as usize).unwrap_or(&document);
            let Some(form) = form(&path, start) else { continue };
            // The scanner's reader tells formats by more than one member.
            let is_read = trimtab_extract::registry::sniff(&document);
            if is_read.is_some() && same(form, &document, &path.display().to_string()) {
                *read.entry(form).or_insert(0) += 1;
            }
        }
        assert!(read.values().all(|count| *count > 0), "{read:?}");
    }

    #[test]
    fn what_is_kept_of_components_is_bounded() {
        let mut rows = Rows { kept: MOST_KEPT - 100, ..Rows::default() };
        let mut component = Component::new("pkg:npm/a@1".parse().unwrap());
        assert!(rows.add(&component, Scope::Runtime).is_ok());
        component.licence = Some("x".repeat(100).into());
        // It is there already, without that.
        assert!(rows.add(&component, Scope::Runtime).is_ok());
        component.purl = "pkg:npm/b@1".parse().unwrap();
        assert!(rows.add(&component, Scope::Runtime).is_err());
    }

    #[test]
    fn the_format_is_told_wherever_its_member_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let long = "x".repeat(usize::try_from(START).unwrap());
        for (text, expected) in [
            (format!("{{\"a\": \"{long}\", \"bomFormat\": 1}}"), Some(Form::CycloneDx)),
            (format!("{{\"packages\": [\"{long}\"], \"SPDXID\": 1}}"), Some(Form::Spdx)),
            ("\u{feff}{\"@context\": 1, \"@graph\": []".to_owned(), Some(Form::Spdx3)),
            ("{\"format\": \"trimtab-scan\"".to_owned(), Some(Form::SavedScan)),
            ("{\"a\": {\"bomFormat\": 1}}".to_owned(), None),
            ("SPDXVersion: SPDX-2.3\n".to_owned(), Some(Form::SpdxTag)),
            ("\u{feff}SPDXVersion: SPDX-2.3\n".to_owned(), Some(Form::SpdxTag)),
            ("DataLicense: CC0-1.0\nSPDXVersion: SPDX-2.3\n".to_owned(), Some(Form::SpdxTag)),
            // YAML, with its version behind what is looked at.
            (format!("SPDXID: SPDXRef-DOCUMENT\npackages:\n- name: {long}\n"), None),
            (
                "<?xml?><bom xmlns='http://cyclonedx.org/schema/bom/1.5'>".to_owned(),
                Some(Form::CycloneDxXml),
            ),
            ("<project>".to_owned(), None),
        ] {
            std::fs::write(&path, &text).unwrap();
            let start = text.as_bytes().get(..START as usize).unwrap_or(text.as_bytes());
            assert_eq!(form(&path, start), expected, "{}", &text[..40.min(text.len())]);
        }
    }
}
