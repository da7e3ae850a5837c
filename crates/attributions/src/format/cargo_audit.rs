//! `cargo audit --json`: vulnerabilities, and warnings that have an advisory (unmaintained, unsound).
//!
//! Trap: a yanked version is a warning without an advisory, and is no vulnerability.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "cargo-audit",
    name: "cargo audit",
    tool: "cargo audit",
    words: WORDS,
    sniff,
    read,
};

const WORDS: &[Word] = &[("cargo", "cargo", "")];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.path(&["vulnerabilities", "list"]).is_array()
        && (root.at("lockfile").is_some() || root.at("database").is_some())
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    for found in root.path(&["vulnerabilities", "list"]).items() {
        advisory(found, None, reading);
    }
    for (kind, warnings) in root.at("warnings").members() {
        for warning in warnings.items() {
            if warning.at("advisory").is_object() {
                advisory(warning, Some(kind), reading);
            } else {
                reading.leave_out("a warning without an advisory (a yanked version)");
            }
        }
    }
}

fn advisory<'r>(found: Node<'r>, kind: Option<&'r str>, reading: &mut Reading) {
    let (advisory, package) = (found.at("advisory"), found.at("package"));
    let mut entry = Entry {
        kind: Some("cargo"),
        name: package.at("name").text().or_else(|| advisory.at("package").text()),
        version: package.at("version").text(),
        words: kind.or_else(|| advisory.at("informational").text()).into_iter().collect(),
        fixed: found.path(&["versions", "patched"]).texts().flat_map(packages::named_in).collect(),
        title: advisory.at("title").text(),
        text: advisory.at("description").text(),
        ..Entry::default()
    };
    entry.ids_of(advisory.at("id").texts());
    entry.ids_of(advisory.at("aliases").texts());
    entry.vectors.extend(advisory.at("cvss").text().map(str::to_owned));
    reading.add(&entry);
}
