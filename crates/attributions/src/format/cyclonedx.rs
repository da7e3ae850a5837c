//! CycloneDX in JSON with `vulnerabilities`, as scanners write it (Trivy, Grype, Dependency-Track).
//!
//! A vulnerability becomes one attribution for each component that it affects. What an `analysis` says is
//! a statement, and the business of decisions; here it only leaves its mark. Traps: a vector stands
//! often without its prefix, and `method` says which it is; a reference may be a purl, or lead into another
//! document (`urn:cdx:…#ref`).

use std::collections::HashMap;

use super::Format;
use crate::document::{Document, MAX_DEPTH};
use crate::json::Node;
use crate::packages;
use crate::reading::{Entry, Reading};

pub(super) const FORMAT: Format = Format {
    id: "cyclonedx",
    name: "CycloneDX with vulnerabilities (JSON)",
    tool: "CycloneDX",
    words: &[],
    sniff,
    read,
};

fn sniff(document: &Document) -> bool {
    document.json().at("bomFormat").text() == Some("CycloneDX")
}

fn read(document: &Document, reading: &mut Reading) {
    let root = document.json();
    let metadata = root.at("metadata");
    let tools = metadata.at("tools");
    let tool = [tools.item(0), tools.at("components").item(0), tools.at("services").item(0)];
    if let Some(tool) = tool.iter().find(|tool| tool.at("name").is_some()) {
        reading.tool(tool.at("name").text(), tool.at("version").text());
    }
    reading.created(metadata.at("timestamp").text());
    reading.target(metadata.path(&["component", "name"]).text());
    if !root.at("vulnerabilities").is_array() {
        reading.incomplete("it is an inventory, without a list of vulnerabilities");
    }
    let components = components(root);
    for found in root.at("vulnerabilities").items() {
        let mut references =
            found.at("affects").items().filter_map(|affected| affected.at("ref").text());
        let mut any = false;
        for reference in &mut references {
            any = true;
            let local = match reference.strip_prefix("urn:cdx:") {
                Some(rest) => rest.rsplit_once('#').map_or(rest, |(_, local)| local),
                None => reference,
            };
            let component = components.get(local).copied().unwrap_or(Node::NONE);
            vulnerability(found, component, local, reading);
        }
        if !any {
            vulnerability(found, Node::NONE, "", reading);
        }
    }
}

/// The components by their references.
fn components(root: Node<'_>) -> HashMap<&str, Node<'_>> {
    let mut all = HashMap::new();
    let mut open = vec![(root.path(&["metadata", "component"]), 0)];
    open.extend(root.at("components").items().map(|component| (component, 0)));
    while let Some((component, depth)) = open.pop() {
        if let Some(reference) = component.at("bom-ref").text() {
            all.insert(reference, component);
        }
        if depth < MAX_DEPTH {
            open.extend(component.at("components").items().map(|inner| (inner, depth + 1)));
        }
    }
    all
}

fn vulnerability(found: Node<'_>, component: Node<'_>, reference: &str, reading: &mut Reading) {
    let purl =
        component.at("purl").text().or_else(|| reference.starts_with("pkg:").then_some(reference));
    let (group, own) = (component.at("group").text(), component.at("name").text());
    let whole = match (group, own) {
        (Some(group), Some(own)) if purl.is_none() => Some(format!("{group}/{own}")),
        _ => None,
    };
    let state = found.path(&["analysis", "state"]).text();
    let says_no = |state: &&str| {
        matches!(*state, "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree")
    };
    let mut entry = Entry {
        purl,
        name: whole.as_deref().or(own),
        version: component.at("version").text(),
        fixed: recommended(found, own),
        text: found.at("description").text(),
        dismissed: state.filter(says_no).map(str::to_owned),
        ..Entry::default()
    };
    entry.ids_of(found.at("id").texts());
    entry.ids_of(found.at("references").few().filter_map(|other| other.at("id").text()));
    for rating in found.at("ratings").few() {
        entry.words.extend(rating.at("severity").text());
        let prefix = prefix(rating.at("method").text());
        match rating.at("vector").text() {
            Some(vector) if vector.starts_with("CVSS:") => entry.vectors.push(vector.to_owned()),
            Some(vector) => entry.vectors.push(format!("{prefix}{vector}")),
            None => entry.scores.extend(rating.at("score").written()),
        }
    }
    entry.cwes_of(found.at("cwes").few().filter_map(Node::written));
    reading.add(&entry);
}

/// The versions that a recommendation in Trivy's words names for a package:
/// `Upgrade a to version 1.1, 2.1; Upgrade b to version 3`.
fn recommended<'v>(found: Node<'v>, name: Option<&str>) -> Vec<&'v str> {
    let own = |part: &&str| {
        let package = part.split_once(" to version ").map(|(package, _)| package);
        let package = package.and_then(|package| package.rsplit([':', '/']).next());
        package.is_some() && package == name
    };
    let text = found.at("recommendation").text().unwrap_or_default();
    text.split("Upgrade ")
        .filter(own)
        .filter_map(|part| part.split_once(" to version "))
        .flat_map(|(_, versions)| versions.split(';'))
        .flat_map(packages::named_in)
        .collect()
}

/// The prefix of the vectors of a method, by the CycloneDX specification.
pub(super) fn prefix(method: Option<&str>) -> &'static str {
    match method {
        Some("CVSSv3") => "CVSS:3.0/",
        Some("CVSSv31") => "CVSS:3.1/",
        Some("CVSSv4") => "CVSS:4.0/",
        _ => "",
    }
}
