//! Anchore Engine and Enterprise (`anchore-cli --json image vuln`).
//!
//! Trap: `None` is written as a word.

use super::Format;
use crate::document::Document;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "anchore-engine",
    name: "Anchore Engine",
    tool: "Anchore Engine",
    words: WORDS,
    sniff,
    read,
};

/// Kinds of packages (`package_type`); for those of a distribution the name before the colon of
/// `feed_group`.
const WORDS: &[Word] = &[
    ("alpine", "apk", "alpine"),
    ("amzn", "rpm", "amzn"),
    ("centos", "rpm", "centos"),
    ("debian", "deb", "debian"),
    ("gem", "gem", ""),
    ("go", "golang", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("ol", "rpm", "oracle"),
    ("python", "pypi", ""),
    ("rhel", "rpm", "redhat"),
    ("sles", "rpm", "suse"),
    ("ubuntu", "deb", "ubuntu"),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    root.at("imageDigest").is_some() && root.at("vulnerabilities").is_array()
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    reading.target(root.at("imageDigest").text());
    let none =
        |text: &&str| !text.eq_ignore_ascii_case("none") && !text.eq_ignore_ascii_case("n/a");
    for found in root.at("vulnerabilities").items() {
        let said = |key: &str| found.at(key).text().filter(none);
        let (kind, release) = match said("package_type") {
            Some("dpkg" | "rpm" | "apkg" | "APKG") => {
                packages::distribution(said("feed_group").unwrap_or_default())
            }
            kind => (kind, None),
        };
        let mut entry = Entry {
            kind,
            name: said("package_name"),
            version: said("package_version"),
            release,
            words: said("severity").into_iter().collect(),
            fixed: said("fix").into_iter().flat_map(packages::named_in).collect(),
            places: said("package_path").map(|path| (path, None)).into_iter().collect(),
            ..Entry::default()
        };
        entry.ids_of(said("vuln"));
        for nvd in found.at("nvd_data").items() {
            entry.ids_of(nvd.at("id").texts());
            let vector = nvd.path(&["cvss_v3", "vector_string"]).text();
            entry.vectors.extend(vector.map(str::to_owned));
        }
        reading.add(&entry);
    }
}
