//! Dependency-Track's findings (its File Packaging Format, `/api/v1/finding/project/…/export`).

use super::Format;
use crate::document::Document;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "dependency-track",
    name: "Dependency-Track findings",
    tool: "Dependency-Track",
    words: &[],
    sniff,
    read,
};

fn sniff(document: &Document) -> bool {
    document.json().path(&["meta", "application"]).text() == Some("Dependency-Track")
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    reading.tool(None, root.path(&["meta", "version"]).text());
    reading.created(root.path(&["meta", "timestamp"]).text());
    reading.target(root.path(&["project", "name"]).text());
    for found in root.at("findings").items() {
        let (component, own) = (found.at("component"), found.at("vulnerability"));
        let analysis = found.at("analysis");
        let state = analysis.at("state").text();
        let says_no =
            |state: &&str| matches!(*state, "NOT_AFFECTED" | "FALSE_POSITIVE" | "RESOLVED");
        let suppressed = analysis.at("isSuppressed").is_true().then_some("suppressed");
        let marks = [suppressed, state.filter(says_no)];
        let marks = marks.iter().flatten().copied().collect::<Vec<_>>().join(": ");
        let mut entry = Entry {
            purl: component.at("purl").text(),
            name: component.at("name").text(),
            version: component.at("version").text(),
            words: own.at("severity").texts().collect(),
            fixed: own.at("patchedVersions").texts().flat_map(crate::packages::named_in).collect(),
            title: own.at("title").text(),
            text: own.at("description").text(),
            dismissed: (!marks.is_empty()).then_some(marks),
            ..Entry::default()
        };
        entry.ids_of(own.at("vulnId").texts());
        for alias in own.at("aliases").items() {
            for key in ["cveId", "ghsaId", "sonatypeId", "osvId", "snykId", "gsdId"] {
                entry.ids_of(alias.at(key).texts());
            }
        }
        for key in ["cvssV4Vector", "cvssV3Vector", "cvssV2Vector"] {
            entry.vectors.extend(own.at(key).text().map(|v| v.trim_matches(['(', ')']).to_owned()));
        }
        if entry.vectors.is_empty() {
            let score =
                ["cvssV3BaseScore", "cvssV2BaseScore"].iter().find_map(|key| own.at(key).written());
            entry.scores.extend(score);
        }
        entry.cwes_of(own.at("cwes").items().filter_map(|cwe| cwe.at("cweId").written()));
        entry.cwes_of(own.at("cweId").written());
        reading.add(&entry);
    }
}
