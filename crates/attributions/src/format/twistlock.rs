//! Prisma Cloud (Twistlock): `twistcli --output-file` in JSON, and the console's CSV.
//!
//! Traps: the name of a package of a distribution may be prose (`glibc (used in libc6, libc-bin)`): it is
//! the source package, kept by name alone; findings about compliance stand beside; `status` is prose with
//! the fixed versions in it (`fixed in 1.2.3, 2.0`).

use super::Format;
use crate::document::Document;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "twistlock",
    name: "Prisma Cloud (Twistlock)",
    tool: "Prisma Cloud",
    words: WORDS,
    sniff,
    read,
};

/// Kinds of packages.
const WORDS: &[Word] = &[
    ("gem", "gem", ""),
    ("go", "golang", ""),
    ("jar", "maven", ""),
    ("java", "maven", ""),
    ("nodejs", "npm", ""),
    ("nuget", "nuget", ""),
    ("python", "pypi", ""),
];

const COLUMNS: &[&str] = &["CVE ID", "Packages", "Package Version", "Severity", "Fix Status"];

fn sniff(document: &Document) -> bool {
    let first = document.json().at("results").item(0);
    let json = first.at("complianceDistribution").is_some()
        || first.at("vulnerabilityDistribution").is_some()
        || (first.at("distro").is_some() && first.at("vulnerabilities").is_array());
    let head = document.text().and_then(|text| text.lines().next());
    json || head.is_some_and(|head| COLUMNS.iter().all(|column| head.contains(column)))
}

fn fixed(status: Option<&str>) -> Vec<&str> {
    let versions = status.and_then(|status| status.strip_prefix("fixed in "));
    versions.into_iter().flat_map(packages::named_in).collect()
}

fn read(document: &Document, reading: &mut Reading) {
    if let Some(text) = document.text() {
        return table(text, reading);
    }
    for result in document.json().at("results").items() {
        reading.target(result.first(&["name", "id"]));
        for key in ["compliances", "complianceIssues"] {
            result.at(key).items().for_each(|_| reading.leave_out("a finding about compliance"));
        }
        for found in result.at("vulnerabilities").items() {
            let mut entry = Entry {
                kind: found.at("packageType").text(),
                name: found.at("packageName").text(),
                version: found.at("packageVersion").text(),
                words: found.at("severity").texts().collect(),
                fixed: fixed(found.at("status").text()),
                places: found
                    .at("packagePath")
                    .text()
                    .map(|path| (path, None))
                    .into_iter()
                    .collect(),
                text: found.at("description").text(),
                ..Entry::default()
            };
            entry.ids_of(found.at("id").texts());
            match found.at("vector").text() {
                Some(vector) => entry.vectors.push(vector.to_owned()),
                None => entry.scores.extend(found.at("cvss").written()),
            }
            reading.add(&entry);
        }
    }
}

fn table(text: &str, reading: &mut Reading) {
    let table = crate::table::Table::read(text);
    for row in table.rows() {
        // Two columns are called `Type`; the second is that of the package.
        let mut entry = Entry {
            kind: row.last("Type"),
            name: row.first("Packages"),
            version: row.first("Package Version"),
            words: row.first("Severity").into_iter().collect(),
            fixed: fixed(row.first("Fix Status")),
            text: row.first("Description"),
            ..Entry::default()
        };
        entry.ids_of(row.first("CVE ID"));
        entry.scores.extend(row.first("CVSS").map(str::to_owned));
        reading.add(&entry);
    }
    table.tell(reading);
}
