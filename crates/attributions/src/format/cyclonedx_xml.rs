//! CycloneDX in XML with `vulnerabilities`. See [`super::cyclonedx`] for what is taken; before version
//! 1.4 vulnerabilities stood in an extension inside their component, by a namespace of their own.

use std::collections::HashMap;

use super::{Format, cyclonedx};
use crate::document::Document;
use crate::reading::{Entry, MAX_LIST, Reading};
use crate::xml::Element;

pub(super) const FORMAT: Format = Format {
    id: "cyclonedx-xml",
    name: "CycloneDX with vulnerabilities (XML)",
    tool: "CycloneDX",
    words: &[],
    sniff,
    read,
};

fn sniff(document: &Document) -> bool {
    document.xml("bom").is_some()
}

fn read(document: &Document, reading: &mut Reading) {
    let Some(root) = document.xml("bom") else { return };
    let metadata = root.child("metadata");
    if let Some(metadata) = metadata {
        reading.created(metadata.said("timestamp"));
        reading.target(metadata.child("component").and_then(|component| component.said("name")));
        let tools = metadata.child("tools");
        let tool = tools.and_then(|tools| {
            tools.child("tool").or_else(|| tools.child("components")?.child("component"))
        });
        reading.tool(tool.and_then(|t| t.said("name")), tool.and_then(|t| t.said("version")));
    }
    let (mut components, mut inside) = (HashMap::new(), false);
    let mut open: Vec<&Element> = metadata.into_iter().chain(root.child("components")).collect();
    while let Some(list) = open.pop() {
        for component in list.children("component") {
            let part = Part::of(component);
            if let Some(reference) = component.attribute("bom-ref") {
                components.insert(reference, part);
            }
            open.extend(component.child("components"));
            let own = component.child("vulnerabilities");
            inside |= own.is_some();
            for found in own.into_iter().flat_map(|own| own.children("vulnerability")) {
                vulnerability(found, &[part], reading);
            }
        }
    }
    let all = root.child("vulnerabilities");
    if all.is_none() && !inside {
        reading.incomplete("it is an inventory, without a list of vulnerabilities");
    }
    for found in all.into_iter().flat_map(|all| all.children("vulnerability")) {
        let affects = found.child("affects").map(Element::all).unwrap_or_default();
        let affected = affects.iter().map(|target| {
            let reference = target.said("ref").unwrap_or_default();
            let listed = components.get(reference).copied().unwrap_or_default();
            let purl = reference.starts_with("pkg:").then_some(reference);
            Part { purl: listed.purl.or(purl), ..listed }
        });
        vulnerability(found, &affected.collect::<Vec<_>>(), reading);
    }
}

/// What is known of a component.
#[derive(Clone, Copy, Default)]
struct Part<'e> {
    purl: Option<&'e str>,
    name: Option<&'e str>,
    version: Option<&'e str>,
}

impl<'e> Part<'e> {
    fn of(component: &'e Element) -> Part<'e> {
        Part {
            purl: component.said("purl"),
            name: component.said("name"),
            version: component.said("version"),
        }
    }
}

/// One attribution for each component that is affected; one without, where none is named.
fn vulnerability<'e>(found: &'e Element, affected: &[Part<'e>], reading: &mut Reading) {
    let state = found.child("analysis").and_then(|analysis| analysis.said("state"));
    let says_no = |state: &&str| {
        matches!(*state, "not_affected" | "false_positive" | "resolved" | "resolved_with_pedigree")
    };
    let mut entry = Entry {
        text: found.said("description"),
        dismissed: state.filter(says_no).map(str::to_owned),
        ..Entry::default()
    };
    entry.ids_of(found.said("id"));
    let others = found.child("references").map(Element::all).unwrap_or_default();
    entry.ids_of(others.iter().filter_map(|other| other.said("id")));
    let ratings = found.child("ratings").map(Element::all).unwrap_or_default();
    for rating in ratings.iter().take(MAX_LIST) {
        entry.words.extend(rating.said("severity"));
        let prefix = cyclonedx::prefix(rating.said("method"));
        match rating.said("vector") {
            Some(vector) if vector.starts_with("CVSS:") => entry.vectors.push(vector.to_owned()),
            Some(vector) => entry.vectors.push(format!("{prefix}{vector}")),
            None => entry.scores.extend(rating.said("score").map(str::to_owned)),
        }
    }
    let cwes = found.child("cwes").map(Element::all).unwrap_or_default();
    entry.cwes_of(cwes.iter().filter_map(Element::text).map(str::to_owned));
    let none = [Part::default()];
    for part in if affected.is_empty() { &none } else { affected } {
        (entry.purl, entry.name, entry.version) = (part.purl, part.name, part.version);
        reading.add(&entry);
    }
}
