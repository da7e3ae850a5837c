//! GitHub's Dependabot alerts: the list of the REST API, and the answers of the GraphQL API.
//!
//! Traps: neither says the installed version; GraphQL writes ecosystems in capitals; an alert that is
//! `dismissed`, `auto_dismissed` or `fixed` is still in the list.

use super::Format;
use crate::document::Document;
use crate::json::Node;
use crate::packages::Word;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "dependabot",
    name: "GitHub Dependabot alerts",
    tool: "GitHub Dependabot",
    words: WORDS,
    sniff,
    read,
};

/// Ecosystems of GitHub's advisories.
const WORDS: &[Word] = &[
    ("actions", "github", ""),
    ("composer", "composer", ""),
    ("erlang", "hex", ""),
    ("go", "golang", ""),
    ("maven", "maven", ""),
    ("npm", "npm", ""),
    ("nuget", "nuget", ""),
    ("pip", "pypi", ""),
    ("pub", "pub", ""),
    ("rubygems", "gem", ""),
    ("rust", "cargo", ""),
    ("swift", "swift", ""),
];

fn is_rest(node: Node<'_>) -> bool {
    node.at("security_advisory").is_object() && node.at("security_vulnerability").is_object()
}

/// The repositories of an answer of GraphQL, with their alerts.
fn repositories<'v>(root: Node<'v>) -> impl Iterator<Item = Node<'v>> {
    let data = root.at("data");
    let lists = ["search", "organization", "viewer", "user"];
    let one = [data.at("repository")];
    let many = lists.into_iter().flat_map(move |key| {
        let list = data.at(key);
        list.at("nodes").items().chain(list.path(&["repositories", "nodes"]).items())
    });
    one.into_iter().chain(many).filter(|node| node.at("vulnerabilityAlerts").is_some())
}

fn sniff(document: &Document) -> bool {
    document.values().any(|node| is_rest(node) || repositories(node).next().is_some())
}

fn read(document: &Document, reading: &mut Reading) {
    for node in document.values() {
        if is_rest(node) {
            rest(node, reading);
        }
        for repository in repositories(node) {
            reading.target(repository.first(&["nameWithOwner", "name"]));
            for alert in repository.path(&["vulnerabilityAlerts", "nodes"]).items() {
                graphql(alert, reading);
            }
        }
    }
}

fn rest(alert: Node<'_>, reading: &mut Reading) {
    reading.target(alert.path(&["repository", "full_name"]).text());
    let advisory = alert.at("security_advisory");
    let vulnerability = alert.at("security_vulnerability");
    let state = alert.at("state").text();
    let mut entry = Entry {
        words: vulnerability
            .at("severity")
            .texts()
            .chain(advisory.at("severity").texts())
            .collect(),
        fixed: vulnerability.path(&["first_patched_version", "identifier"]).texts().collect(),
        places: alert
            .path(&["dependency", "manifest_path"])
            .text()
            .map(|path| (path, None))
            .into_iter()
            .collect(),
        dismissed: state.filter(|state| *state != "open").map(|state| {
            let why = alert.at("dismissed_reason").text().map(|why| format!(": {why}"));
            format!("{state}{}", why.unwrap_or_default())
        }),
        ..Entry::default()
    };
    entry.ids_of(advisory.at("ghsa_id").texts());
    entry.ids_of(advisory.at("cve_id").texts());
    let cwes = advisory.at("cwes").items().filter_map(|cwe| cwe.at("cwe_id").text());
    entry.cwes_of(cwes.map(str::to_owned));
    entry.vectors.extend(
        [
            advisory.path(&["cvss_severities", "cvss_v4", "vector_string"]),
            advisory.path(&["cvss", "vector_string"]),
        ]
        .iter()
        .filter_map(|vector| vector.text())
        .map(str::to_owned),
    );
    common(entry, advisory, vulnerability.at("package"), reading);
}

fn graphql(alert: Node<'_>, reading: &mut Reading) {
    let vulnerability = alert.at("securityVulnerability");
    let advisory = vulnerability.at("advisory");
    let state = alert.at("state").text().filter(|state| !state.eq_ignore_ascii_case("open"));
    let dismissed = state.or_else(|| alert.at("dismissedAt").text().map(|_| "dismissed"));
    let mut entry = Entry {
        words: vulnerability.at("severity").texts().collect(),
        fixed: vulnerability.path(&["firstPatchedVersion", "identifier"]).texts().collect(),
        places: alert
            .first(&["vulnerableManifestPath", "vulnerableManifestFilename"])
            .map(|path| (path, None))
            .into_iter()
            .collect(),
        version: alert
            .at("vulnerableRequirements")
            .text()
            .and_then(|required| required.strip_prefix("= ")),
        dismissed: dismissed.map(|state| {
            let why = alert.at("dismissReason").text().map(|why| format!(": {why}"));
            format!("{state}{}", why.unwrap_or_default())
        }),
        ..Entry::default()
    };
    entry.vectors.extend(advisory.path(&["cvss", "vectorString"]).text().map(str::to_owned));
    let cwes = advisory.path(&["cwes", "nodes"]).items().filter_map(|cwe| cwe.at("cweId").text());
    entry.cwes_of(cwes.map(str::to_owned));
    common(entry, advisory, vulnerability.at("package"), reading);
}

/// What both call the same.
fn common<'r>(mut entry: Entry<'r>, advisory: Node<'r>, package: Node<'r>, reading: &mut Reading) {
    entry.kind = package.at("ecosystem").text();
    entry.name = package.at("name").text();
    entry.title = advisory.at("summary").text();
    entry.text = advisory.at("description").text();
    entry.ids_of(advisory.at("identifiers").items().filter_map(|id| id.at("value").text()));
    reading.add(&entry);
}
