//! `CycloneDX` as XML. What is an object with members in JSON is an element with attributes and elements here.

use std::collections::HashSet;

use trimtab_engine::supplier::obligations::{Format, version};
use trimtab_engine::supplier::quality::{Component, Sbom};
use trimtab_extract::format::cyclonedx_xml;
use trimtab_extract::read::xml::{self, Element};

use super::{Said, says};

/// What a document says. `None`: it is no `CycloneDX`, or cannot be read.
pub(super) fn read(text: &str) -> Option<Said> {
    let doc = xml::parse(text).ok()?;
    let root = doc.root();
    let number = cyclonedx_xml::version(root)?;
    let about = root.child("metadata");
    let at = about.and_then(|of| of.child_text("timestamp"));
    let authors = ["authors", "manufacturer", "manufacture", "supplier"];
    let is = Sbom {
        author: about.is_some_and(|of| authors.iter().any(|name| has(of, name))),
        timestamp: at.is_some_and(says),
        components: components(root),
    };
    let at = at.and_then(|at| at.parse().ok());
    Some(Said { format: Format::CycloneDx, version: version(number), at, is })
}

/// Those of the document and those inside them.
fn components(root: Element<'_>) -> Vec<Component> {
    let mut related: HashSet<&str> = HashSet::new();
    let lists = root.all("dependencies");
    let mut waiting: Vec<Element<'_>> = lists.flat_map(|list| list.all("dependency")).collect();
    while let Some(one) = waiting.pop() {
        related.extend(one.attribute("ref"));
        waiting.extend(one.all("dependency"));
    }
    let mut all = Vec::new();
    waiting.extend(listed(root));
    while let Some(one) = waiting.pop() {
        waiting.extend(listed(one));
        let states = |name: &str| one.child_text(name).is_some_and(says);
        let id = one.attribute("bom-ref").or_else(|| one.child_text("purl"));
        all.push(Component {
            supplier: ["supplier", "manufacturer", "publisher"].iter().any(|name| has(one, name)),
            name: states("name"),
            version: states("version"),
            identifier: states("purl") || has(one, "cpe") || has(one, "swid"),
            relationship: id.is_some_and(|id| related.contains(id)),
            licence: has(one, "licenses"),
            hash: has(one, "hashes"),
        });
    }
    all
}

/// The components directly inside.
fn listed<'d>(of: Element<'d>) -> impl Iterator<Item = Element<'d>> {
    of.child("components").into_iter().flat_map(|list| list.all("component"))
}

/// Whether there is an element of this name with something in it.
fn has(of: Element<'_>, name: &str) -> bool {
    of.child(name).is_some_and(|is| {
        is.children().next().is_some() || is.attributes().next().is_some() || says(is.text())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_have_no_time_and_a_graph_under_another_prefix() {
        let text = "<b:bom xmlns:b='http://cyclonedx.org/schema/bom/1.1' \
            xmlns:dg='http://cyclonedx.org/schema/ext/dependency-graph/1.0'><b:components>\
            <b:component bom-ref='a'><b:name>a</b:name><b:version/><b:hashes/><b:cpe> </b:cpe>\
            <b:swid tagId='a'/></b:component></b:components>\
            <dg:dependencies><dg:dependency ref='a'/></dg:dependencies></b:bom>";
        let said = read(text).unwrap();
        assert_eq!((said.version, said.at), (Some((1, 1)), None));
        let one =
            Component { name: true, identifier: true, relationship: true, ..Component::default() };
        assert_eq!(said.is, Sbom { components: vec![one], ..Sbom::default() });
    }

    #[test]
    fn what_is_no_cyclonedx_or_cut_is_unknown() {
        assert!(read("<bom/>").is_none());
        assert!(read("<bom xmlns='http://cyclonedx.org/schema/bom/1.5'>").is_none());
        assert!(read("<vex xmlns='http://cyclonedx.org/schema/bom/1.5'/>").is_none());
        assert!(read("<bom xmlns='http://cyclonedx.org/schema/bom/1.5'>&a;</bom>").is_none());
    }
}
