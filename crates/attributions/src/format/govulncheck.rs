//! `govulncheck -format json`: values one after another, or gathered into a list.
//!
//! Traps: a `finding` stands once for each trace; the first frame is the vulnerable module, the last
//! one where our code calls it. Findings at the level of a module say that nothing calls it.

use std::collections::BTreeMap;

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "govulncheck",
    name: "govulncheck",
    tool: "govulncheck",
    words: WORDS,
    sniff,
    read,
};

const WORDS: &[Word] = &[("go", "golang", "")];

fn sniff(document: &Document) -> bool {
    document.values().any(|node| {
        node.path(&["config", "protocol_version"]).is_some()
            || node.path(&["finding", "osv"]).is_some()
    })
}

fn read(document: &Document, reading: &mut Reading) {
    let mut records: BTreeMap<&str, Node<'_>> = BTreeMap::new();
    for node in document.values() {
        let config = node.at("config");
        reading.tool(config.at("scanner_name").text(), config.at("scanner_version").text());
        if let Some(id) = node.path(&["osv", "id"]).text() {
            records.insert(id, node.at("osv"));
        }
    }
    // The traces to one vulnerable module at one version are one attribution with several places.
    type Key<'r> = (&'r str, Option<&'r str>, Option<&'r str>);
    let mut found: BTreeMap<Key<'_>, Vec<Node<'_>>> = BTreeMap::new();
    for finding in document.values().map(|node| node.at("finding")) {
        if let Some(id) = finding.at("osv").text() {
            let frame = finding.at("trace").item(0);
            let key = (id, frame.at("module").text(), frame.at("version").text());
            found.entry(key).or_default().push(finding);
        }
    }
    for ((id, module, version), findings) in found {
        let record = records.get(id).copied().unwrap_or(Node::NONE);
        let mut entry = Entry {
            kind: Some("go"),
            name: module,
            version,
            fixed: findings.iter().filter_map(|f| f.at("fixed_version").text()).collect(),
            title: record.at("summary").text(),
            text: record.at("details").text(),
            ..Entry::default()
        };
        entry.ids_of([id]);
        entry.ids_of(record.at("aliases").texts());
        for finding in findings {
            let place = finding.at("trace").items().last().map(|frame| frame.at("position"));
            let file = place
                .and_then(|place| Some((place.at("filename").text()?, place.at("line").line())));
            entry.places.extend(file);
        }
        reading.add(&entry);
    }
}
