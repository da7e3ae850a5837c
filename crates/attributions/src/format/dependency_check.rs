//! OWASP Dependency-Check, its report in JSON.
//!
//! Traps: packages are guessed from evidence, and one without a purl has only a file; a CPE is a
//! guess and is not taken; suppressed vulnerabilities are in a separate list; names of
//! vulnerabilities from some sources are prose or numbers of npm.

use super::Format;
use crate::cvss;
use crate::document::Document;
use crate::json::Node;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "dependency-check",
    name: "OWASP Dependency-Check (JSON)",
    tool: "OWASP Dependency-Check",
    words: &[],
    sniff,
    read,
};

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("dependencies").is_array() && root.at("scanInfo").is_some()
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    reading.tool(None, root.path(&["scanInfo", "engineVersion"]).text());
    reading.created(root.path(&["projectInfo", "reportDate"]).text());
    reading.target(root.path(&["projectInfo", "name"]).text());
    for dependency in root.at("dependencies").items() {
        let purl = dependency
            .at("packages")
            .items()
            .filter_map(|package| package.at("id").text())
            .find(|id| id.starts_with("pkg:"));
        for found in dependency.at("vulnerabilities").items() {
            vulnerability(found, dependency, purl, None, reading);
        }
        for found in dependency.at("suppressedVulnerabilities").items() {
            let notes = found.at("notes").text().map(|notes| format!(": {notes}"));
            let mark = format!("suppressed{}", notes.unwrap_or_default());
            vulnerability(found, dependency, purl, Some(mark), reading);
        }
    }
}

fn vulnerability(
    found: Node<'_>,
    dependency: Node<'_>,
    purl: Option<&str>,
    dismissed: Option<String>,
    reading: &mut Reading,
) {
    let name = found.at("name").text();
    let (v2, v3) = (found.at("cvssv2"), found.at("cvssv3"));
    let mut entry = Entry {
        purl,
        name: dependency.at("fileName").text(),
        words: found.at("severity").texts().collect(),
        places: dependency.at("filePath").text().map(|file| (file, None)).into_iter().collect(),
        text: found.at("description").text(),
        dismissed,
        ..Entry::default()
    };
    let source = found.at("source").text();
    match id(source, name) {
        Some(id) => entry.ids.push(id),
        None => entry.title = name,
    }
    entry.vectors.extend(cvss::v3(|metric| v3.at(metric).text()));
    entry.vectors.extend(cvss::v2(|metric| v2.at(metric).text()));
    entry.cwes_of(found.at("cwes").texts().map(str::to_owned));
    reading.add(&entry);
}

/// The id in the name of a vulnerability: npm's numbers say that they are npm's.
pub(super) fn id(source: Option<&str>, name: Option<&str>) -> Option<String> {
    let name = name?;
    let number = name.bytes().all(|b| b.is_ascii_digit());
    match source {
        Some("NPM") if number => Some(format!("npm:{name}")),
        _ => crate::ids::known(name),
    }
}
