//! Grype (`-o json`), and its own `ignoredMatches`.
//!
//! Trap: `relatedVulnerabilities` names the same vulnerability in other databases (the CVE of a
//! GHSA); their vectors are theirs, and come after those of the match.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "grype", name: "Grype", tool: "grype", words: WORDS, sniff, read };

/// Kinds of packages (`artifact.type`); for those of a distribution its name (`distro.name`).
pub(super) const WORDS: &[Word] = &[
    ("alma", "rpm", "almalinux"),
    ("almalinux", "rpm", "almalinux"),
    ("alpine", "apk", "alpine"),
    ("amazonlinux", "rpm", "amzn"),
    ("azurelinux", "rpm", "azurelinux"),
    ("centos", "rpm", "centos"),
    ("chainguard", "apk", "chainguard"),
    ("conan", "conan", ""),
    ("dart-pub", "pub", ""),
    ("debian", "deb", "debian"),
    ("dotnet", "nuget", ""),
    ("echo", "deb", "echo"),
    ("fedora", "rpm", "fedora"),
    ("gem", "gem", ""),
    ("github-action", "github", ""),
    ("go-module", "golang", ""),
    ("hackage", "hackage", ""),
    ("hex", "hex", ""),
    ("java-archive", "maven", ""),
    ("mariner", "rpm", "mariner"),
    ("minimos", "apk", "minimos"),
    ("npm", "npm", ""),
    ("opensuse-leap", "rpm", "opensuse"),
    ("oraclelinux", "rpm", "oracle"),
    ("php-composer", "composer", ""),
    ("photon", "rpm", "photon"),
    ("pod", "cocoapods", ""),
    ("python", "pypi", ""),
    ("R-package", "cran", ""),
    ("redhat", "rpm", "redhat"),
    ("rhel", "rpm", "redhat"),
    ("rockylinux", "rpm", "rocky"),
    ("rust-crate", "cargo", ""),
    ("sles", "rpm", "suse"),
    ("swift", "swift", ""),
    ("ubuntu", "deb", "ubuntu"),
    ("wolfi", "apk", "wolfi"),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("matches").is_array()
        && (root.at("descriptor").is_some() || root.at("source").is_some())
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    let descriptor = root.at("descriptor");
    reading.tool(descriptor.at("name").text(), descriptor.at("version").text());
    reading.created(descriptor.at("timestamp").text());
    let target = root.path(&["source", "target"]);
    reading.target(target.text().or_else(|| target.first(&["userInput", "path", "name"])));
    for one in root.at("matches").items() {
        found(root, one, None, reading);
    }
    for ignored in root.at("ignoredMatches").items() {
        let reason =
            ignored.at("appliedIgnoreRules").items().find_map(|rule| rule.at("reason").text());
        let mark = match reason {
            Some(reason) => format!("ignored: {reason}"),
            None => "ignored".to_owned(),
        };
        found(root, ignored, Some(mark), reading);
    }
}

fn found(root: Node<'_>, found: Node<'_>, dismissed: Option<String>, reading: &mut Reading) {
    let (own, artifact) = (found.at("vulnerability"), found.at("artifact"));
    let distro = root.at("distro");
    let (kind, release) = match artifact.at("type").text() {
        Some("deb" | "rpm" | "apk") => (distro.at("name").text(), distro.at("version").text()),
        kind => (kind, None),
    };
    let related = || found.at("relatedVulnerabilities").items();
    let mut entry = Entry {
        purl: artifact.at("purl").text(),
        kind,
        name: artifact.at("name").text(),
        version: artifact.at("version").text(),
        release,
        words: own.at("severity").texts().collect(),
        fixed: own.path(&["fix", "versions"]).texts().collect(),
        text: own
            .at("description")
            .text()
            .or_else(|| related().find_map(|other| other.at("description").text())),
        places: artifact
            .at("locations")
            .items()
            .filter_map(|place| Some((place.at("path").text()?, None)))
            .collect(),
        dismissed,
        ..Entry::default()
    };
    for vulnerability in [own].into_iter().chain(related()) {
        entry.ids_of(vulnerability.at("id").texts());
        let vectors = vulnerability.at("cvss").items().filter_map(|cvss| cvss.at("vector").text());
        entry.vectors.extend(vectors.map(str::to_owned));
        let cwes = vulnerability.at("cwes").items().filter_map(|cwe| cwe.at("cwe").text());
        entry.cwes_of(cwes.map(str::to_owned));
    }
    reading.add(&entry);
}
