//! `yarn audit --json` (Yarn 1) and `yarn npm audit --json` (Yarn 2 and later): a JSON value a line.
//!
//! Traps: Yarn 1 says an advisory once for each path to the package; Yarn 2 mixes deprecations in,
//! whose id ends in `(deprecation)`, and its keys are column titles.

use super::{Format, npm_audit, npm_audit_1};
use crate::document::Document;
use crate::json::Node;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "yarn-audit",
    name: "yarn audit",
    tool: "yarn audit",
    words: npm_audit::WORDS,
    sniff,
    read,
};

fn is_classic(node: Node<'_>) -> bool {
    matches!(node.at("type").text(), Some("auditAdvisory" | "auditSummary" | "auditAction"))
}

fn is_berry(node: Node<'_>) -> bool {
    node.at("value").is_some() && node.path(&["children", "Issue"]).is_some()
}

fn sniff(document: &Document) -> bool {
    document.values().any(|node| is_classic(node) || is_berry(node))
}

fn read(document: &Document, reading: &mut Reading) {
    for node in document.values() {
        if node.at("type").text() == Some("auditAdvisory") {
            let data = node.at("data");
            let path = data.path(&["resolution", "path"]).text();
            npm_audit_1::advisory(data.at("advisory"), path, reading);
        } else if is_berry(node) {
            berry(node, reading);
        } else if let (Some("info" | "warning" | "error"), Some(said)) =
            (node.at("type").text(), node.at("data").text())
            && said.contains("lockfile")
        {
            reading.incomplete(said);
        }
    }
}

fn berry(node: Node<'_>, reading: &mut Reading) {
    let about = node.at("children");
    let id = about.at("ID").written();
    if id.as_deref().is_some_and(|id| id.ends_with("(deprecation)")) {
        reading.leave_out("a deprecated package");
        return;
    }
    let versions: Vec<Option<&str>> = match about.at("Tree Versions").texts().count() {
        0 => vec![None],
        _ => about.at("Tree Versions").texts().map(Some).collect(),
    };
    let mut entry = Entry {
        kind: Some("npm"),
        name: node.at("value").text(),
        words: about.at("Severity").texts().collect(),
        places: about.at("Dependents").texts().map(|by| (by, None)).collect(),
        title: about.at("Issue").text(),
        ..Entry::default()
    };
    entry.ids_in(about.at("URL").text());
    if entry.ids.is_empty() {
        entry.ids.extend(id.as_deref().map(|id| format!("npm:{id}")));
    }
    for version in versions {
        entry.version = version;
        reading.add(&entry);
    }
}
