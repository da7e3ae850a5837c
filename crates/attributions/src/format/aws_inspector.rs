//! Amazon Inspector (`list-findings`).
//!
//! Traps: one finding lists several packages; the version of a package of a distribution is in three
//! parts (epoch, version, release); what cannot be fixed is `NotAvailable`; closed findings stay in
//! the list.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "aws-inspector",
    name: "Amazon Inspector",
    tool: "Amazon Inspector",
    words: WORDS,
    sniff,
    read,
};

/// Package managers; for packages of a distribution (`OS`) the first word of the platform.
const WORDS: &[Word] = &[
    ("ALMALINUX", "rpm", "almalinux"),
    ("ALPINE", "apk", "alpine"),
    ("AMAZON", "rpm", "amzn"),
    ("BUNDLER", "gem", ""),
    ("CARGO", "cargo", ""),
    ("CENTOS", "rpm", "centos"),
    ("COMPOSER", "composer", ""),
    ("DEBIAN", "deb", "debian"),
    ("DOTNETCORE", "nuget", ""),
    ("FEDORA", "rpm", "fedora"),
    ("GOBINARY", "golang", ""),
    ("GOMOD", "golang", ""),
    ("GRADLE", "maven", ""),
    ("JAR", "maven", ""),
    ("MAVEN", "maven", ""),
    ("NODEPKG", "npm", ""),
    ("NPM", "npm", ""),
    ("NUGET", "nuget", ""),
    ("OPENSUSE", "rpm", "opensuse"),
    ("ORACLE", "rpm", "oracle"),
    ("PIP", "pypi", ""),
    ("PIPENV", "pypi", ""),
    ("PNPM", "npm", ""),
    ("POETRY", "pypi", ""),
    ("POM", "maven", ""),
    ("PYTHON", "pypi", ""),
    ("PYTHONPKG", "pypi", ""),
    ("REDHAT", "rpm", "redhat"),
    ("RHEL", "rpm", "redhat"),
    ("ROCKY", "rpm", "rocky"),
    ("SUSE", "rpm", "suse"),
    ("UBUNTU", "deb", "ubuntu"),
    ("YARN", "npm", ""),
];

fn sniff(document: &Document) -> bool {
    document.json().at("findings").items().next().is_some_and(|first| {
        first.at("findingArn").text().is_some_and(|arn| arn.contains(":inspector2:"))
            || (first.at("awsAccountId").is_some() && first.at("inspectorScore").is_some())
    })
}

fn read(document: &Document, reading: &mut Reading) {
    for found in document.json().at("findings").items() {
        let details = found.at("packageVulnerabilityDetails");
        if !details.is_object() {
            reading.leave_out("a finding in code or network, without a package");
            continue;
        }
        let resource = found.at("resources").item(0);
        reading.target(resource.at("id").text());
        for package in details.at("vulnerablePackages").items() {
            self::package(found, package, resource, reading);
        }
    }
}

fn package(found: Node<'_>, package: Node<'_>, resource: Node<'_>, reading: &mut Reading) {
    let details = found.at("packageVulnerabilityDetails");
    let manager = package.at("packageManager").text();
    let platform = ["awsEcrContainerImage", "awsEc2Instance"]
        .iter()
        .find_map(|key| resource.path(&["details", key, "platform"]).text());
    let (kind, release) = match (manager, platform) {
        (Some("OS"), Some(platform)) => match platform.split_once('_') {
            Some((name, release)) => {
                (Some(name), release.rsplit_once("LINUX_").map_or(Some(release), |(_, r)| Some(r)))
            }
            None => (Some(platform), None),
        },
        (manager, _) => (manager, None),
    };
    let release = release.map(|release| release.replace('_', "."));
    let version = package.at("version").text().map(|version| {
        let epoch = package.at("epoch").line().map(|epoch| format!("{epoch}:"));
        let last = package.at("release").text().map(|last| format!("-{last}"));
        format!("{}{version}{}", epoch.unwrap_or_default(), last.unwrap_or_default())
    });
    let status = found.at("status").text().filter(|status| *status != "ACTIVE");
    let mut entry = Entry {
        kind,
        name: package.at("name").text(),
        version: version.as_deref(),
        release: release.as_deref(),
        words: found.at("severity").texts().chain(details.at("vendorSeverity").texts()).collect(),
        fixed: package
            .at("fixedInVersion")
            .texts()
            .filter(|version| *version != "NotAvailable")
            // `0:` is what has no epoch.
            .map(|version| version.strip_prefix("0:").unwrap_or(version))
            .collect(),
        places: package.at("filePath").text().map(|file| (file, None)).into_iter().collect(),
        title: found.at("title").text(),
        text: found.at("description").text(),
        dismissed: status.map(str::to_owned),
        ..Entry::default()
    };
    entry.ids_of(details.at("vulnerabilityId").texts());
    entry.ids_of(details.at("relatedVulnerabilities").texts());
    let vectors = details.at("cvss").few().filter_map(|cvss| cvss.at("scoringVector").text());
    entry.vectors.extend(vectors.map(str::to_owned));
    let adjusted = found.path(&["inspectorScoreDetails", "adjustedCvss", "scoringVector"]);
    entry.vectors.extend(adjusted.text().map(str::to_owned));
    entry.cwes_of(details.at("cwes").texts().map(str::to_owned));
    reading.add(&entry);
}
