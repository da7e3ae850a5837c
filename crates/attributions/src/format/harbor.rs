//! Harbor: what its scanner adapter says of an image (`…/additions/vulnerabilities`). It does not say
//! of which kind the packages are.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "harbor", name: "Harbor", tool: "Harbor", words: &[], sniff, read };

/// The reports: each under the media type of its format.
fn reports(document: &Document) -> impl Iterator<Item = Node<'_>> {
    document
        .json()
        .members()
        .into_iter()
        .filter(|(key, _)| key.starts_with("application/vnd.") && key.contains("vuln"))
        .map(|(_, report)| report)
}

fn sniff(document: &Document) -> bool {
    reports(document).next().is_some()
}

fn read(document: &Document, reading: &mut Reading) {
    for report in reports(document) {
        let scanner = report.at("scanner");
        reading.tool(scanner.at("name").text(), scanner.at("version").text());
        reading.created(report.at("generated_at").text());
        for found in report.at("vulnerabilities").items() {
            let mut entry = Entry {
                name: found.at("package").text(),
                version: found.at("version").text(),
                words: found.at("severity").texts().collect(),
                fixed: found.at("fix_version").texts().collect(),
                text: found.at("description").text(),
                ..Entry::default()
            };
            entry.ids_of(found.at("id").texts());
            entry.cwes_of(found.at("cwe_ids").texts().map(str::to_owned));
            let cvss = found.at("preferred_cvss");
            for key in ["vector_v3", "vector_v2"] {
                entry.vectors.extend(cvss.at(key).text().map(str::to_owned));
            }
            reading.add(&entry);
        }
    }
}
