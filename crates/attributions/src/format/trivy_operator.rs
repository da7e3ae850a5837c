//! Trivy Operator: `VulnerabilityReport` of a cluster, alone or in a list (`kubectl get -o json`).

use super::{Format, trivy};
use crate::document::Document;
use crate::json::Node;
use crate::packages;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "trivy-operator",
    name: "Trivy Operator",
    tool: "Trivy",
    words: trivy::WORDS,
    sniff,
    read,
};

fn is_report(node: Node<'_>) -> bool {
    let kind = node.at("kind").text();
    matches!(kind, Some("VulnerabilityReport" | "ClusterVulnerabilityReport"))
        && node.at("report").is_object()
}

fn sniff(document: &Document) -> bool {
    let root = document.json();
    is_report(root) || is_report(root.at("items").item(0))
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    for whole in root.at("items").items().chain([root]).filter(|node| is_report(*node)) {
        let report = whole.at("report");
        reading.tool(
            report.path(&["scanner", "name"]).text(),
            report.path(&["scanner", "version"]).text(),
        );
        reading.created(report.at("updateTimestamp").text());
        let artifact = report.at("artifact");
        let image = artifact.at("repository").text().map(|repository| {
            let tag = artifact.at("tag").text().map(|tag| format!(":{tag}"));
            format!("{repository}{}", tag.unwrap_or_default())
        });
        reading.target(image.as_deref());
        for found in report.at("vulnerabilities").items() {
            let os = report.path(&["os", "family"]).text();
            let is_os = found.at("class").text().is_none_or(|class| class == "os-pkgs");
            let own = found.at("packageType").text();
            let mut entry = Entry {
                purl: found.at("packagePURL").text(),
                kind: own.or(os.filter(|_| is_os)),
                name: found.at("resource").text(),
                version: found.at("installedVersion").text(),
                release: report.path(&["os", "name"]).text().filter(|_| is_os),
                words: found.at("severity").texts().collect(),
                fixed: found.at("fixedVersion").texts().flat_map(packages::named_in).collect(),
                title: found.at("title").text(),
                text: found.at("description").text(),
                ..Entry::default()
            };
            entry.ids_of(found.at("vulnerabilityID").texts());
            entry.scores.extend(found.at("score").written());
            let place = found.first(&["packagePath", "target"]).or(image.as_deref());
            entry.places.extend(place.map(|place| (place, None)));
            reading.add(&entry);
        }
    }
}
