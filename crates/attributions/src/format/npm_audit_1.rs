//! `npm audit --json` of npm 6, which pnpm and Yarn's first version still speak (`advisories`).
//!
//! Trap: an advisory's number is npm's own. It is taken as `npm:1179` where nothing better is said.

use super::{Format, npm_audit};
use crate::document::Document;
use crate::json::Node;
use crate::packages;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "npm-audit-1",
    name: "npm audit (npm 6, pnpm)",
    tool: "npm audit",
    words: npm_audit::WORDS,
    sniff,
    read,
};

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let counts = root.path(&["metadata", "vulnerabilities"]);
    root.at("advisories").is_object() && counts.is_object()
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    for (_, advisory) in root.at("advisories").members() {
        self::advisory(advisory, None, reading);
    }
    root.at("muted").items().for_each(|_| reading.leave_out("a muted advisory"));
}

/// One attribution for each version that is installed; that of a path only, where one is asked for.
pub(super) fn advisory(advisory: Node<'_>, path: Option<&str>, reading: &mut Reading) {
    let found: Vec<Node<'_>> = advisory
        .at("findings")
        .items()
        .filter(|f| path.is_none_or(|path| f.at("paths").texts().any(|own| own == path)))
        .collect();
    let found = if found.is_empty() { vec![Node::NONE] } else { found };
    let mut entry = Entry {
        kind: Some("npm"),
        name: advisory.at("module_name").text(),
        words: advisory.at("severity").texts().collect(),
        fixed: advisory.at("patched_versions").texts().flat_map(packages::named_in).collect(),
        title: advisory.at("title").text(),
        text: advisory.at("overview").text(),
        ..Entry::default()
    };
    entry.ids_of(advisory.at("cves").texts());
    entry.ids_of(advisory.at("github_advisory_id").texts());
    entry.ids_in(advisory.at("url").text());
    if entry.ids.is_empty() {
        entry.ids.extend(advisory.at("id").written().map(|id| format!("npm:{id}")));
    }
    entry.vectors.extend(advisory.path(&["cvss", "vectorString"]).text().map(str::to_owned));
    entry.cwes_of(advisory.at("cwe").texts().map(str::to_owned));
    for found in found {
        entry.version = found.at("version").text();
        entry.places = match path {
            Some(path) => vec![(path, None)],
            None => found.at("paths").texts().map(|path| (path, None)).collect(),
        };
        reading.add(&entry);
    }
}
