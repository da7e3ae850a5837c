//! JFrog Xray (`rows` of its reports, "unified").
//!
//! Trap: a component is written `scheme://name:version`, with the distribution and its release
//! before the name for packages of one (`deb://debian:buster:apt:1.8`).

use super::Format;
use crate::document::Document;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "xray", name: "JFrog Xray", tool: "JFrog Xray", words: WORDS, sniff, read };

/// Schemes of components, and distributions.
const WORDS: &[Word] = &[
    ("alpine", "apk", "alpine"),
    ("cargo", "cargo", ""),
    ("centos", "rpm", "centos"),
    ("composer", "composer", ""),
    ("conan", "conan", ""),
    ("cran", "cran", ""),
    ("debian", "deb", "debian"),
    ("gav", "maven", ""),
    ("go", "golang", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("pypi", "pypi", ""),
    ("rhel", "rpm", "redhat"),
    ("rubygems", "gem", ""),
    ("ubuntu", "deb", "ubuntu"),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("total_rows").is_some() && root.at("rows").is_array()
}

struct Component<'c> {
    kind: &'c str,
    release: Option<&'c str>,
    name: &'c str,
    version: Option<&'c str>,
}

fn component(text: &str) -> Option<Component<'_>> {
    let (scheme, rest) = text.split_once("://")?;
    let (name, version) = match rest.rsplit_once(':') {
        Some((name, version)) => (name, Some(version)),
        None => (rest, None),
    };
    Some(match (scheme, name.split_once(':')) {
        ("deb" | "rpm", Some((kind, rest))) => match rest.split_once(':') {
            Some((release, name)) => Component { kind, release: Some(release), name, version },
            None => Component { kind, release: None, name: rest, version },
        },
        ("alpine", Some((release, name))) => {
            Component { kind: scheme, release: Some(release), name, version }
        }
        _ => Component { kind: scheme, release: None, name, version },
    })
}

fn read(document: &Document, reading: &mut Reading) {
    for row in document.json().at("rows").items() {
        let written = row.at("vulnerable_component").text();
        let component = written.and_then(component);
        let mut entry = Entry {
            kind: component.as_ref().map(|c| c.kind),
            name: component.as_ref().map(|c| c.name).or(written),
            version: component.as_ref().and_then(|c| c.version),
            release: component.as_ref().and_then(|c| c.release),
            words: row.at("severity").texts().collect(),
            fixed: row.at("fixed_versions").texts().map(|v| v.trim_matches(['[', ']'])).collect(),
            places: row.at("path").text().map(|path| (path, None)).into_iter().collect(),
            title: row.at("summary").text(),
            text: row.at("description").text(),
            ..Entry::default()
        };
        for cve in row.at("cves").items() {
            entry.ids_of(cve.at("cve").texts());
            for key in ["cvss_v3_vector", "cvss_v2_vector"] {
                let vector = cve.at(key).text();
                entry.vectors.extend(vector.map(|v| v.trim_start_matches("CVSS:2.0/").to_owned()));
            }
            entry.cwes_of(cve.at("cwe").texts().map(str::to_owned));
        }
        entry.ids_of(row.at("issue_id").texts());
        reading.add(&entry);
    }
}
