//! `dotnet list package --vulnerable --format json`.

use super::Format;
use crate::document::Document;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "dotnet-list",
    name: "dotnet list package --vulnerable",
    tool: "dotnet list package",
    words: WORDS,
    sniff,
    read,
};

const WORDS: &[Word] = &[("nuget", "nuget", "")];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("projects").is_array()
        && root.at("parameters").text().is_some_and(|asked| asked.contains("--vulnerable"))
}

fn read(document: &Document, reading: &mut Reading) {
    for project in document.json().at("projects").items() {
        let path = project.at("path").text();
        for framework in project.at("frameworks").items() {
            let packages = ["topLevelPackages", "transitivePackages"];
            for package in packages.iter().flat_map(|key| framework.at(key).items()) {
                for found in package.at("vulnerabilities").items() {
                    let mut entry = Entry {
                        kind: Some("nuget"),
                        name: package.at("id").text(),
                        version: package.at("resolvedVersion").text(),
                        words: found.at("severity").texts().collect(),
                        places: path.map(|path| (path, None)).into_iter().collect(),
                        ..Entry::default()
                    };
                    entry.ids_in(found.first(&["advisoryurl", "advisoryUrl"]));
                    reading.add(&entry);
                }
            }
        }
    }
}
