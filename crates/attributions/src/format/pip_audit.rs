//! `pip-audit --format json`: a list of packages, since 2.0 in an object.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "pip-audit", name: "pip-audit", tool: "pip-audit", words: WORDS, sniff, read };

const WORDS: &[Word] = &[("pypi", "pypi", "")];

fn packages(document: &Document) -> Vec<Node<'_>> {
    let root = document.json();
    root.items().chain(root.at("dependencies").items()).collect()
}

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let package = |node: &Node<'_>| {
        node.at("name").is_some()
            && (node.at("vulns").is_array() || node.at("skip_reason").is_some())
    };
    let none = root.at("dependencies").is_array() && root.at("fixes").is_array();
    none || packages(document).first().is_some_and(package)
}

fn read(document: &Document, reading: &mut Reading) {
    for package in packages(document) {
        if package.at("skip_reason").is_some() {
            reading.leave_out("a package that the tool skipped");
        }
        for found in package.at("vulns").items() {
            let mut entry = Entry {
                kind: Some("pypi"),
                name: package.at("name").text(),
                version: package.at("version").text(),
                fixed: found.at("fix_versions").texts().collect(),
                text: found.at("description").text(),
                ..Entry::default()
            };
            entry.ids_of(found.at("id").texts());
            entry.ids_of(found.at("aliases").texts());
            reading.add(&entry);
        }
    }
}
