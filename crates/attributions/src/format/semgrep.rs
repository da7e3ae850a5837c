//! Semgrep: the results of a scan (`semgrep --json`), and findings of Supply Chain from its API.
//!
//! Only what names a package is taken; results of rules about code are counted and left out. Trap: the
//! ecosystem of a rule is not always that of the package that it matched; it is taken as said.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "semgrep", name: "Semgrep", tool: "Semgrep", words: WORDS, sniff, read };

/// Ecosystems of Supply Chain.
const WORDS: &[Word] = &[
    ("cargo", "cargo", ""),
    ("cocoapods", "cocoapods", ""),
    ("composer", "composer", ""),
    ("gem", "gem", ""),
    ("gomod", "golang", ""),
    ("hex", "hex", ""),
    ("maven", "maven", ""),
    ("mix", "hex", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("opam", "opam", ""),
    ("pub", "pub", ""),
    ("pypi", "pypi", ""),
    ("swiftpm", "swift", ""),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let results = root.at("results");
    let scan = match results.items().next() {
        Some(first) => first.at("check_id").is_some(),
        None => results.is_array() && root.at("errors").is_array(),
    };
    scan || root.at("vulns").item(0).at("matchedDependency").is_some()
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    reading.tool(None, root.at("version").text());
    if let Some(fault) = root.at("errors").items().next() {
        reading.incomplete(fault.at("message").text().unwrap_or("it reports errors"));
    }
    for result in root.at("results").items() {
        match result.path(&["extra", "sca_info"]) {
            info if info.is_object() => scanned(result, info, reading),
            _ => reading.leave_out("a finding in code, without a package"),
        }
    }
    for found in root.at("vulns").items() {
        supply_chain(found, reading);
    }
}

/// A result of a scan by a rule of Supply Chain.
fn scanned(result: Node<'_>, info: Node<'_>, reading: &mut Reading) {
    let package = info.path(&["dependency_match", "found_dependency"]);
    let (extra, lockfile) = (result.at("extra"), info.path(&["dependency_match", "lockfile"]));
    let metadata = extra.at("metadata");
    let mut entry = Entry {
        kind: package.at("ecosystem").text(),
        name: package.at("package").text(),
        version: package.at("version").text(),
        words: metadata.at("sca-severity").texts().chain(extra.at("severity").texts()).collect(),
        fixed: metadata
            .at("sca-fix-versions")
            .items()
            .flat_map(Node::members)
            .filter_map(|(_, version)| version.text())
            .collect(),
        text: extra.at("message").text(),
        dismissed: extra.at("is_ignored").is_true().then(|| "ignored".to_owned()),
        ..Entry::default()
    };
    let line = package.at("line_number").line();
    entry.places.extend(lockfile.text().map(|file| (file, line)));
    entry.places.extend(
        result.at("path").text().map(|file| (file, result.path(&["start", "line"]).line())),
    );
    for key in ["cve", "ghsa", "sca-vuln-database-identifier"] {
        entry.ids_of(metadata.at(key).texts());
    }
    for url in metadata.at("references").texts() {
        entry.ids_in(Some(url));
    }
    entry.cwes_of(metadata.at("cwe").texts().map(str::to_owned));
    reading.add(&entry);
}

/// A finding from the API.
fn supply_chain(found: Node<'_>, reading: &mut Reading) {
    let (advisory, package) = (found.at("advisory"), found.at("matchedDependency"));
    let name = package.at("name").text();
    if name.is_none() {
        reading.leave_out("a finding without a package");
        return;
    }
    reading.target(found.at("repositoryName").text());
    let file = found.at("dependencyFileLocation");
    let status = found.path(&["triage", "status"]).text();
    let open = |status: &&str| matches!(*status, "NEW" | "OPEN" | "PROVISIONALLY_IGNORED");
    let mut entry = Entry {
        kind: advisory.at("ecosystem").text(),
        name,
        version: package.at("versionSpecifier").text(),
        words: advisory.at("severity").texts().collect(),
        fixed: advisory
            .at("safeDependencies")
            .items()
            .filter(|safe| safe.at("name").text() == name)
            .chain([found.at("closestSafeDependency")])
            .filter_map(|safe| safe.at("versionSpecifier").text())
            .collect(),
        places: file
            .at("path")
            .text()
            .map(|path| (path, file.at("startLine").line()))
            .into_iter()
            .collect(),
        title: advisory.at("title").text(),
        text: advisory.at("description").text(),
        dismissed: status.filter(|status| !open(status)).map(|status| {
            let why = found.path(&["triage", "dismissReason"]).text();
            let why = why.filter(|why| *why != "UNKNOWN_REASON").map(|why| format!(": {why}"));
            format!("{status}{}", why.unwrap_or_default())
        }),
        ..Entry::default()
    };
    let references = advisory.at("references");
    entry.ids_of(references.at("cveIds").texts());
    for url in references.at("urls").texts() {
        entry.ids_in(Some(url));
    }
    entry.cwes_of(references.at("cweIds").texts().map(str::to_owned));
    reading.add(&entry);
}
