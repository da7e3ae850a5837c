//! GitLab's security reports on dependencies and container images (schema 14 and 15).
//!
//! Traps: the kind of a package is not beside it but in `dependency_files`, by the file's path, or is
//! the operating system's; times have no zone and are UTC by the schema; `cve` is a key for comparing
//! and no CVE. Reports of GitLab's other scanners have the same shape: what has no package is left out.

use std::collections::HashMap;

use super::Format;
use crate::document::Document;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "gitlab",
    name: "GitLab dependency and container scanning",
    tool: "GitLab",
    words: WORDS,
    sniff,
    read,
};

/// Package managers and distributions.
const WORDS: &[Word] = &[
    ("alma", "rpm", "almalinux"),
    ("alpine", "apk", "alpine"),
    ("amazon", "rpm", "amzn"),
    ("bundler", "gem", ""),
    ("cargo", "cargo", ""),
    ("cbl-mariner", "rpm", "mariner"),
    ("centos", "rpm", "centos"),
    ("composer", "composer", ""),
    ("conan", "conan", ""),
    ("debian", "deb", "debian"),
    ("fedora", "rpm", "fedora"),
    ("go", "golang", ""),
    ("gradle", "maven", ""),
    ("maven", "maven", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("opensuse", "rpm", "opensuse"),
    ("opensuse.leap", "rpm", "opensuse"),
    ("oracle", "rpm", "oracle"),
    ("photon", "rpm", "photon"),
    ("pip", "pypi", ""),
    ("pipenv", "pypi", ""),
    ("pnpm", "npm", ""),
    ("poetry", "pypi", ""),
    ("redhat", "rpm", "redhat"),
    ("rocky", "rpm", "rocky"),
    ("sbt", "maven", ""),
    ("setuptools", "pypi", ""),
    ("swift", "swift", ""),
    ("ubuntu", "deb", "ubuntu"),
    ("uv", "pypi", ""),
    ("wolfi", "apk", "wolfi"),
    ("yarn", "npm", ""),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let scan = root.at("scan");
    root.at("vulnerabilities").is_array()
        && root.at("version").is_some()
        && (scan.at("type").is_some()
            || scan.at("scanner").is_some()
            || root.at("remediations").is_array())
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    let scan = root.at("scan");
    reading.tool(scan.path(&["scanner", "name"]).text(), scan.path(&["scanner", "version"]).text());
    let utc = |text: &str| if text.ends_with('Z') { text.to_owned() } else { format!("{text}Z") };
    reading.created(scan.at("end_time").text().map(utc).as_deref());
    if scan.at("status").text() == Some("failure") {
        reading.incomplete("the scan failed");
    }
    let managers: HashMap<&str, &str> = root
        .at("dependency_files")
        .items()
        .filter_map(|file| Some((file.at("path").text()?, file.at("package_manager").text()?)))
        .collect();
    for found in root.at("vulnerabilities").items() {
        let location = found.at("location");
        let dependency = location.at("dependency");
        let (file, system) = (location.at("file").text(), location.at("operating_system").text());
        let name = dependency.path(&["package", "name"]).text();
        if name.is_none() {
            reading.leave_out("a vulnerability without a package");
            continue;
        }
        reading.target(location.at("image").text());
        let (kind, release) = match (system, file) {
            (Some(system), _) => packages::distribution(system),
            (None, Some(file)) => {
                (managers.get(file).copied().or_else(|| packages::file_of(file)), None)
            }
            (None, None) => (None, None),
        };
        let identifiers = || found.at("identifiers").items();
        let wanted = |kind: &str| !matches!(kind, "cwe" | "gemnasium" | "wasc" | "owasp");
        let mut entry = Entry {
            kind,
            name,
            version: dependency.at("version").text(),
            release,
            words: found.at("severity").texts().collect(),
            places: file
                .or_else(|| location.at("image").text())
                .map(|file| (file, location.at("start_line").line()))
                .into_iter()
                .collect(),
            title: found.first(&["name", "message"]),
            text: found.at("description").text(),
            dismissed: found
                .at("flags")
                .items()
                .find_map(|flag| flag.at("type").text())
                .map(str::to_owned),
            ..Entry::default()
        };
        for id in identifiers().filter(|id| id.at("type").text().is_some_and(wanted)) {
            entry.ids_of(id.at("value").texts());
        }
        // Where GitLab's own database has nothing else, the address names it.
        if entry.ids.is_empty() {
            identifiers().for_each(|id| {
                let page = id.at("url").text().and_then(|url| url.rsplit('/').next());
                let own = page.and_then(|page| page.strip_suffix(".yml"));
                entry.ids.extend(own.map(str::to_owned));
            });
        }
        let cwes = identifiers().filter(|id| id.at("type").text() == Some("cwe"));
        entry.cwes_of(cwes.filter_map(|id| id.at("value").text()).map(str::to_owned));
        let vectors = found.at("cvss_vectors").items().filter_map(|cvss| cvss.at("vector").text());
        entry.vectors.extend(vectors.map(str::to_owned));
        reading.add(&entry);
    }
}
