//! Findings in the shape that DefectDojo takes from anywhere ("generic findings"), JSON and CSV.

use super::Format;
use crate::document::Document;
use crate::reading::{Entry, Reading};
use crate::table::Table;

pub(super) const FORMAT: Format = Format {
    id: "generic",
    name: "DefectDojo generic findings",
    tool: "generic findings",
    words: &[],
    sniff,
    read,
};

/// Members that say that a finding does not count.
const MARKS: &[(&str, &str)] = &[
    ("false_p", "false positive"),
    ("risk_accepted", "risk accepted"),
    ("out_of_scope", "out of scope"),
    ("duplicate", "duplicate"),
];

fn sniff(document: &Document) -> bool {
    let first = document.json().at("findings").item(0);
    let json = first.at("title").is_some()
        && first.at("severity").is_some()
        && first.at("description").is_some()
        && first.at("findingArn").text().is_none();
    let head = document.text().and_then(|text| text.lines().next());
    let columns = ["Date", "Title", "CweId", "Severity", "Mitigation", "FalsePositive"];
    json || head.is_some_and(|head| columns.iter().all(|column| head.contains(column)))
}

fn read(document: &Document, reading: &mut Reading) {
    if let Some(text) = document.text() {
        return rows(text, reading);
    }
    let root = document.json();
    reading.tool(root.first(&["type", "name"]), root.at("version").text());
    for found in root.at("findings").items() {
        let mark = MARKS.iter().find(|(key, _)| found.at(key).is_true());
        let mut entry = Entry {
            name: found.at("component_name").text(),
            version: found.at("component_version").text(),
            words: found.at("severity").texts().collect(),
            fixed: found.at("fix_version").texts().collect(),
            places: found
                .at("file_path")
                .text()
                .map(|file| (file, found.at("line").line()))
                .into_iter()
                .collect(),
            title: found.at("title").text(),
            text: found.at("description").text(),
            dismissed: mark.map(|(_, mark)| (*mark).to_owned()),
            ..Entry::default()
        };
        entry.ids_of(found.at("vulnerability_ids").texts());
        entry.ids_of(found.at("cve").texts());
        entry.vectors.extend(found.at("cvssv3").text().map(str::to_owned));
        entry.cwes_of(found.at("cwe").written());
        reading.add(&entry);
    }
}

fn rows(text: &str, reading: &mut Reading) {
    let table = Table::read(text);
    for row in table.rows() {
        let yes = |column| row.first(column).is_some_and(|said| said.eq_ignore_ascii_case("true"));
        let mut entry = Entry {
            name: row.first("ComponentName"),
            version: row.first("ComponentVersion"),
            words: row.first("Severity").into_iter().collect(),
            title: row.first("Title"),
            text: row.first("Description"),
            dismissed: yes("FalsePositive").then(|| "false positive".to_owned()),
            ..Entry::default()
        };
        for column in ["CVE", "VulnerabilityId", "Vulnerability Id"] {
            entry.ids_of(row.first(column));
        }
        entry.vectors.extend(row.first("CVSSV3").map(str::to_owned));
        entry.cwes_of(row.first("CweId").map(str::to_owned));
        reading.add(&entry);
    }
    table.tell(reading);
}
