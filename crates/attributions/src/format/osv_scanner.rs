//! OSV-Scanner (`--format json`).
//!
//! Traps: a vulnerability's `affected` lists other packages, too: only the versions for the package
//! at hand are fixed ones. Groups (`groups`) repeat the ids; severities are vectors.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "osv-scanner",
    name: "OSV-Scanner",
    tool: "OSV-Scanner",
    words: WORDS,
    sniff,
    read,
};

/// Ecosystems by OSV's names, without what follows the colon.
const WORDS: &[Word] = &[
    ("AlmaLinux", "rpm", "almalinux"),
    ("Alpaquita", "apk", "alpaquita"),
    ("Alpine", "apk", "alpine"),
    ("Azure Linux", "rpm", "azurelinux"),
    ("Bioconductor", "bioconductor", ""),
    ("Bitnami", "bitnami", ""),
    ("Chainguard", "apk", "chainguard"),
    ("ConanCenter", "conan", ""),
    ("CRAN", "cran", ""),
    ("crates.io", "cargo", ""),
    ("Debian", "deb", "debian"),
    ("Echo", "deb", "echo"),
    ("GitHub Actions", "github", ""),
    ("Go", "golang", ""),
    ("Hackage", "hackage", ""),
    ("Hex", "hex", ""),
    ("Julia", "julia", ""),
    ("Mageia", "rpm", "mageia"),
    ("Maven", "maven", ""),
    ("MinimOS", "apk", "minimos"),
    ("npm", "npm", ""),
    ("NuGet", "nuget", ""),
    ("opam", "opam", ""),
    ("openEuler", "rpm", "openeuler"),
    ("openSUSE", "rpm", "opensuse"),
    ("Packagist", "composer", ""),
    ("Photon OS", "rpm", "photon"),
    ("Pub", "pub", ""),
    ("PyPI", "pypi", ""),
    ("Red Hat", "rpm", "redhat"),
    ("Rocky Linux", "rpm", "rocky"),
    ("RubyGems", "gem", ""),
    ("SUSE", "rpm", "suse"),
    ("SwiftURL", "swift", ""),
    ("Ubuntu", "deb", "ubuntu"),
    ("VSCode", "vscode-extension", ""),
    ("Wolfi", "apk", "wolfi"),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let results = root.at("results");
    match results.items().next() {
        Some(first) => first.at("packages").is_array() && first.at("source").is_some(),
        None => results.is_some() && root.at("experimental_config").is_some(),
    }
}

fn read(document: &Document, reading: &mut Reading) {
    for result in document.json().at("results").items() {
        let path = result.path(&["source", "path"]).text();
        for item in result.at("packages").items() {
            let package = item.at("package");
            item.at("licenses_violations").items().for_each(|_| reading.leave_out("a licence"));
            for osv in item.at("vulnerabilities").items() {
                vulnerability(osv, package, path, reading);
            }
        }
    }
}

fn vulnerability(osv: Node<'_>, package: Node<'_>, path: Option<&str>, reading: &mut Reading) {
    let ecosystem = package.at("ecosystem").text();
    let (kind, release) = match ecosystem.and_then(|text| text.split_once(':')) {
        Some((kind, release)) => (Some(kind), release.split(':').next()),
        None => (ecosystem, None),
    };
    let name = package.at("name").text();
    let same = |affected: &Node<'_>| affected.path(&["package", "name"]).text() == name;
    let affected = || osv.at("affected").items().filter(same);
    let mut entry = Entry {
        kind,
        name,
        version: package.at("version").text(),
        release,
        words: osv.path(&["database_specific", "severity"]).texts().collect(),
        fixed: affected()
            .flat_map(|affected| affected.at("ranges").items())
            .filter(|range| range.at("type").text() != Some("GIT"))
            .flat_map(|range| range.at("events").items())
            .filter_map(|event| event.at("fixed").text())
            .collect(),
        places: path.map(|path| (path, None)).into_iter().collect(),
        title: osv.at("summary").text(),
        text: osv.at("details").text(),
        ..Entry::default()
    };
    entry.ids_of(osv.at("id").texts());
    entry.ids_of(osv.at("aliases").texts());
    let vectors =
        osv.at("severity").items().chain(affected().flat_map(|a| a.at("severity").items()));
    entry.vectors.extend(vectors.filter_map(|s| s.at("score").text()).map(str::to_owned));
    entry.cwes_of(osv.path(&["database_specific", "cwe_ids"]).texts().map(str::to_owned));
    let cwes = affected().flat_map(|a| a.path(&["database_specific", "cwes"]).items());
    entry.cwes_of(cwes.filter_map(|cwe| cwe.at("cweId").text()).map(str::to_owned));
    reading.add(&entry);
}
