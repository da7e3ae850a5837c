//! Clair (`clair-scanner`), which knows packages of distributions only.
//!
//! Trap: `unapproved` lists what no allow list names; the rest was approved by whoever keeps that list.

use std::collections::HashSet;

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "clair", name: "Clair (clair-scanner)", tool: "Clair", words: WORDS, sniff, read };

/// Distributions, before the colon of `namespace`.
const WORDS: &[Word] = &[
    ("alpine", "apk", "alpine"),
    ("amzn", "rpm", "amzn"),
    ("centos", "rpm", "centos"),
    ("debian", "deb", "debian"),
    ("ol", "rpm", "oracle"),
    ("oracle", "rpm", "oracle"),
    ("rhel", "rpm", "redhat"),
    ("suse", "rpm", "suse"),
    ("ubuntu", "deb", "ubuntu"),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("image").is_some()
        && root.at("unapproved").is_array()
        && root.at("vulnerabilities").is_array()
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    reading.target(root.at("image").text());
    let unapproved: HashSet<&str> = root.at("unapproved").items().filter_map(Node::text).collect();
    for found in root.at("vulnerabilities").items() {
        let (kind, release) = match found.at("namespace").text() {
            Some(namespace) => packages::distribution(namespace),
            None => (None, None),
        };
        let id = found.at("vulnerability").text();
        let mut entry = Entry {
            kind,
            name: found.at("featurename").text(),
            version: found.at("featureversion").text(),
            release,
            words: found.at("severity").texts().collect(),
            fixed: found.at("fixedby").texts().collect(),
            text: found.at("description").text(),
            dismissed: id
                .is_some_and(|id| !unapproved.contains(id))
                .then(|| "on the allow list".to_owned()),
            ..Entry::default()
        };
        entry.ids_of(id);
        reading.add(&entry);
    }
}
