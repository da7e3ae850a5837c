//! Snyk (`snyk test --json`), one project or several.
//!
//! Traps: a vulnerability occurs once for each path to its package; what `.snyk` ignores is in
//! `filtered.ignore`; packages of a distribution are named `source/binary`, and their manager is
//! `debian:12`; findings about licences have the type `license`.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "snyk", name: "Snyk", tool: "Snyk", words: WORDS, sniff, read };

/// Package managers (`packageManager`), without what follows the colon.
const WORDS: &[Word] = &[
    ("alpine", "apk", "alpine"),
    ("amzn", "rpm", "amzn"),
    ("cargo", "cargo", ""),
    ("centos", "rpm", "centos"),
    ("cocoapods", "cocoapods", ""),
    ("composer", "composer", ""),
    ("conan", "conan", ""),
    ("debian", "deb", "debian"),
    ("golang", "golang", ""),
    ("golangdep", "golang", ""),
    ("gomodules", "golang", ""),
    ("govendor", "golang", ""),
    ("gradle", "maven", ""),
    ("hex", "hex", ""),
    ("maven", "maven", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("oracle", "rpm", "oracle"),
    ("paket", "nuget", ""),
    ("pip", "pypi", ""),
    ("pipenv", "pypi", ""),
    ("pnpm", "npm", ""),
    ("poetry", "pypi", ""),
    ("pub", "pub", ""),
    ("rhel", "rpm", "redhat"),
    ("rocky", "rpm", "rocky"),
    ("rubygems", "gem", ""),
    ("sbt", "maven", ""),
    ("sles", "rpm", "suse"),
    ("swift", "swift", ""),
    ("ubuntu", "deb", "ubuntu"),
    ("wolfi", "apk", "wolfi"),
    ("yarn", "npm", ""),
    ("yarn-workspace", "npm", ""),
];

fn is_project(node: Node<'_>) -> bool {
    node.at("vulnerabilities").is_array()
        && (node.at("packageManager").is_some() || node.at("projectName").is_some())
        && (node.at("ok").is_some() || node.at("dependencyCount").is_some())
}

fn sniff(document: &Document) -> bool {
    let root = document.json();
    is_project(root) || is_project(root.item(0))
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    for project in root.items().chain([root]).filter(|node| is_project(*node)) {
        reading.target(project.first(&["projectName", "path"]));
        for found in project.at("vulnerabilities").items() {
            vulnerability(found, project, None, reading);
        }
        for ignored in project.path(&["filtered", "ignore"]).items() {
            let why = ignored.path(&["filtered", "ignored"]).item(0).at("reason").text();
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            vulnerability(ignored, project, Some(format!("ignored{why}")), reading);
        }
    }
}

fn vulnerability(
    found: Node<'_>,
    project: Node<'_>,
    dismissed: Option<String>,
    reading: &mut Reading,
) {
    let is_licence = found.at("type").text() == Some("license") || found.at("license").is_some();
    if is_licence {
        reading.leave_out("a licence");
        return;
    }
    let manager = found.at("packageManager").text().or_else(|| project.at("packageManager").text());
    let (kind, release) = match manager.and_then(|text| text.split_once(':')) {
        Some((kind, release)) => (Some(kind), Some(release)),
        None => (manager, None),
    };
    let name = found.first(&["name", "packageName", "moduleName"]).map(|name| match release {
        Some(_) => name.rsplit('/').next().unwrap_or(name),
        None => name,
    });
    let mut entry = Entry {
        kind,
        name,
        version: found.at("version").text(),
        release,
        words: found.at("severity").texts().collect(),
        fixed: found
            .at("fixedIn")
            .texts()
            .chain(found.at("nearestFixedInVersion").text())
            .collect(),
        places: project
            .first(&["displayTargetFile", "targetFile"])
            .map(|file| (file, None))
            .into_iter()
            .collect(),
        title: found.at("title").text(),
        text: found.at("description").text(),
        dismissed,
        ..Entry::default()
    };
    entry.ids_of(found.at("id").texts());
    for key in ["CVE", "GHSA", "RUSTSEC"] {
        entry.ids_of(found.path(&["identifiers", key]).texts());
    }
    entry.vectors.extend(found.first(&["CVSSv3", "CVSSv4"]).map(str::to_owned));
    if entry.vectors.is_empty() {
        entry.scores.extend(found.at("cvssScore").written());
    }
    entry.cwes_of(found.path(&["identifiers", "CWE"]).texts().map(str::to_owned));
    reading.add(&entry);
}
