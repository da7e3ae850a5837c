//! SPDX 2 in JSON whose packages refer to advisories (category `SECURITY`).
//!
//! Trap: references of type `fix` name the same vulnerability again, and a CPE is none. A reference in
//! which no id stands says nothing that could be joined, and is left out.

use super::Format;
use crate::document::Document;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "spdx",
    name: "SPDX 2 with references to advisories",
    tool: "SPDX",
    words: &[],
    sniff,
    read,
};

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("spdxVersion").text().is_some_and(|version| version.starts_with("SPDX-2"))
        && root.at("packages").is_array()
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    let creation = root.at("creationInfo");
    let tool = creation.at("creators").texts().find_map(|who| who.strip_prefix("Tool: "));
    // `syft-1.50.0`: the version is what follows the last hyphen, if it begins with a digit.
    let parts = tool.and_then(|tool| tool.rsplit_once('-'));
    match parts.filter(|(_, version)| version.starts_with(|c: char| c.is_ascii_digit())) {
        Some((name, version)) => reading.tool(Some(name), Some(version)),
        None => reading.tool(tool, None),
    }
    reading.created(creation.at("created").text());
    reading.target(root.at("name").text());
    let mut any = false;
    for package in root.at("packages").items() {
        let references = || package.at("externalRefs").items();
        let purl = references()
            .filter(|reference| reference.at("referenceType").text() == Some("purl"))
            .find_map(|reference| reference.at("referenceLocator").text());
        for reference in references() {
            let category = reference.at("referenceCategory").text();
            let kind = reference.at("referenceType").text();
            if category != Some("SECURITY") || !matches!(kind, Some("advisory" | "url")) {
                continue;
            }
            any = true;
            let mut entry = Entry {
                purl,
                name: package.at("name").text(),
                version: package.at("versionInfo").text(),
                text: reference.at("comment").text(),
                ..Entry::default()
            };
            entry.ids_in(reference.at("referenceLocator").text());
            if entry.ids.is_empty() {
                reading.leave_out("a reference in which no id stands");
                continue;
            }
            reading.add(&entry);
        }
    }
    if !any {
        reading.incomplete("it is an inventory, without references to advisories");
    }
}
