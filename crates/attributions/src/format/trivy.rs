//! Trivy (`--format json`), schema 2 and the list of results before it, and its report on a cluster.
//!
//! Traps: what Trivy was told to ignore stands apart (`ExperimentalModifiedFindings`, written with
//! `--show-suppressed`); a status `not_affected` is the word of the distribution; `FixedVersion` holds
//! several versions with commas; a vulnerability's own rating (`Severity`) and those of its sources
//! (`CVSS`) are different things.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::{self, Word};
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format =
    Format { id: "trivy", name: "Trivy", tool: "Trivy", words: WORDS, sniff, read };

/// Kinds of targets (`Type`): families of operating systems, and kinds of lockfiles and packages.
pub(super) const WORDS: &[Word] = &[
    ("alma", "rpm", "almalinux"),
    ("alpine", "apk", "alpine"),
    ("amazon", "rpm", "amzn"),
    ("azurelinux", "rpm", "azurelinux"),
    ("bun", "npm", ""),
    ("bundler", "gem", ""),
    ("cargo", "cargo", ""),
    ("cbl-mariner", "rpm", "mariner"),
    ("centos", "rpm", "centos"),
    ("chainguard", "apk", "chainguard"),
    ("cocoapods", "cocoapods", ""),
    ("composer", "composer", ""),
    ("composer-vendor", "composer", ""),
    ("conan", "conan", ""),
    ("conda-environment", "conda", ""),
    ("conda-pkg", "conda", ""),
    ("debian", "deb", "debian"),
    ("dotnet-core", "nuget", ""),
    ("echo", "deb", "echo"),
    ("fedora", "rpm", "fedora"),
    ("gemspec", "gem", ""),
    ("gobinary", "golang", ""),
    ("gomod", "golang", ""),
    ("gradle", "maven", ""),
    ("hex", "hex", ""),
    ("jar", "maven", ""),
    ("julia", "julia", ""),
    ("minimos", "apk", "minimos"),
    ("node-pkg", "npm", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("opensuse", "rpm", "opensuse"),
    ("opensuse-leap", "rpm", "opensuse"),
    ("opensuse-tumbleweed", "rpm", "opensuse"),
    ("opensuse.leap", "rpm", "opensuse"),
    ("opensuse.tumbleweed", "rpm", "opensuse"),
    ("oracle", "rpm", "oracle"),
    ("packages-props", "nuget", ""),
    ("photon", "rpm", "photon"),
    ("pip", "pypi", ""),
    ("pipenv", "pypi", ""),
    ("pnpm", "npm", ""),
    ("poetry", "pypi", ""),
    ("pom", "maven", ""),
    ("pub", "pub", ""),
    ("pylock", "pypi", ""),
    ("python-pkg", "pypi", ""),
    ("redhat", "rpm", "redhat"),
    ("rocky", "rpm", "rocky"),
    ("rustbinary", "cargo", ""),
    ("rust-binary", "cargo", ""),
    ("sbt", "maven", ""),
    ("sles", "rpm", "suse"),
    ("suse linux enterprise micro", "rpm", "suse"),
    ("suse linux enterprise server", "rpm", "suse"),
    ("swift", "swift", ""),
    ("ubuntu", "deb", "ubuntu"),
    ("uv", "pypi", ""),
    ("wolfi", "apk", "wolfi"),
    ("yarn", "npm", ""),
];

fn sniff(document: &Document) -> bool {
    let root = document.json();
    let cluster = root.at("ClusterName").is_some()
        && ["Vulnerabilities", "Misconfigurations", "Resources", "Findings"]
            .iter()
            .any(|key| root.at(key).is_array());
    let scan = (root.at("SchemaVersion").is_some() || root.at("ArtifactName").is_some())
        && (root.at("Results").is_array() || root.at("ArtifactType").is_some());
    let first = root.item(0);
    cluster || scan || (first.at("Target").is_some() && first.at("Vulnerabilities").is_some())
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    reading.tool(None, root.path(&["Trivy", "Version"]).text());
    reading.created(root.at("CreatedAt").text());
    reading.target(root.first(&["ArtifactName", "ClusterName"]));
    let release = root.path(&["Metadata", "OS", "Name"]).text();
    for one in root.at("Results").items().chain(root.items()) {
        result(one, release, reading);
    }
    for kind in ["Vulnerabilities", "Misconfigurations", "Resources", "Findings"] {
        for resource in root.at(kind).items() {
            for inner in resource.at("Results").items() {
                result(inner, None, reading);
            }
        }
    }
}

fn result(result: Node<'_>, release: Option<&str>, reading: &mut Reading) {
    for found in result.at("Vulnerabilities").items() {
        let dismissed = found.at("Status").text().filter(|status| *status == "not_affected");
        vulnerability(found, result, release, dismissed.map(str::to_owned), reading);
    }
    for modified in result.at("ExperimentalModifiedFindings").items() {
        if modified.at("Type").text().is_none_or(|kind| kind == "vulnerability") {
            let status = modified.at("Status").text().unwrap_or("ignored");
            let why = modified.at("Statement").text().map(|why| format!(": {why}"));
            let mark = format!("{status}{}", why.unwrap_or_default());
            vulnerability(modified.at("Finding"), result, release, Some(mark), reading);
        }
    }
    for (key, what) in [
        ("Licenses", "a licence"),
        ("Secrets", "a secret"),
        ("Misconfigurations", "a misconfiguration"),
    ] {
        result.at(key).items().for_each(|_| reading.leave_out(what));
    }
}

fn vulnerability(
    found: Node<'_>,
    result: Node<'_>,
    release: Option<&str>,
    dismissed: Option<String>,
    reading: &mut Reading,
) {
    let target = result.at("Target").text();
    // `image (debian 10.4)` says the release where the report on a cluster does not.
    let release = release.or_else(|| {
        target?.rsplit_once(" (")?.1.strip_suffix(')')?.split_once(' ').map(|(_, number)| number)
    });
    let mut entry = Entry {
        purl: found.path(&["PkgIdentifier", "PURL"]).text(),
        kind: result.at("Type").text(),
        name: found.at("PkgName").text(),
        version: found.at("InstalledVersion").text(),
        release,
        words: found.at("Severity").texts().collect(),
        fixed: found.at("FixedVersion").texts().flat_map(packages::named_in).collect(),
        title: found.at("Title").text(),
        text: found.at("Description").text(),
        dismissed,
        ..Entry::default()
    };
    entry.ids_of(found.at("VulnerabilityID").texts());
    entry.ids_of(found.at("VendorIDs").texts());
    entry.cwes_of(found.at("CweIDs").texts().map(str::to_owned));
    for (_, source) in found.at("CVSS").members() {
        for key in ["V40Vector", "V3Vector", "V2Vector"] {
            entry.vectors.extend(source.at(key).text().map(str::to_owned));
        }
    }
    let line = found.path(&["Locations"]).item(0).at("StartLine").line();
    let file = found.at("PkgPath").text().or(target);
    entry.places.extend(file.map(|file| (file, line)));
    reading.add(&entry);
}
