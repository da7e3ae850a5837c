//! `npm audit --json` of npm 7 and later (report version 2).
//!
//! Traps: a package stands here because of its own vulnerability (`via` holds an object) or because it
//! depends on one that has (`via` holds a name): only the first is an attribution. The installed version
//! is not said. `fixAvailable` is about the package that is to be upgraded, which is often another one.

use super::Format;
use crate::document::Document;
use crate::packages::Word;
use crate::reading::{Entry, MAX_LIST, Reading};

pub(super) const FORMAT: Format =
    Format { id: "npm-audit", name: "npm audit", tool: "npm audit", words: WORDS, sniff, read };

pub(super) const WORDS: &[Word] = &[("npm", "npm", "")];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("auditReportVersion").is_some() && root.at("vulnerabilities").is_object()
}

fn read(document: &Document, reading: &mut Reading) {
    for (key, package) in document.json().at("vulnerabilities").members() {
        let name = package.at("name").text().unwrap_or(key);
        for via in package.at("via").items() {
            if !via.is_object() {
                reading.leave_out("a package that only depends on one with a vulnerability");
                continue;
            }
            let mut entry = Entry {
                kind: Some("npm"),
                name: via.at("dependency").text().or(Some(name)),
                words: via.at("severity").texts().collect(),
                places: package
                    .at("nodes")
                    .texts()
                    .take(MAX_LIST)
                    .map(|node| (node, None))
                    .collect(),
                title: via.at("title").text(),
                ..Entry::default()
            };
            let fix = package.at("fixAvailable");
            if fix.at("name").text() == entry.name {
                entry.fixed.extend(fix.at("version").text());
            }
            entry.ids_in(via.at("url").text());
            if entry.ids.is_empty() {
                entry.ids.extend(via.at("source").written().map(|id| format!("npm:{id}")));
            }
            entry.vectors.extend(via.path(&["cvss", "vectorString"]).text().map(str::to_owned));
            entry.cwes_of(via.at("cwe").texts().map(str::to_owned));
            reading.add(&entry);
        }
    }
}
