//! Large SPDX 3 documents in JSON-LD, read in parts: first the graph, in the words of SPDX 2, then the licences, which are
//! elements of their own, then the packages, a block at a time with the licences that they name.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::graph::{Graph, Packages, is_named, name, purl};
use super::json::{Members, Wanted, walk, weight};
use super::spdx3_licences::{Added, Licences};
use super::{Distinct, MOST_LINKS, Refused, WAITING};

/// What is read of a package beside its identifier.
const KEPT: [&str; 5] = [
    "name",
    "software_packageVersion",
    "software_packageUrl",
    "software_downloadLocation",
    "externalIdentifier",
];

/// Reads a document by blocks of packages.
pub(super) fn in_blocks(path: &Path, block: usize) -> Result<Distinct, Refused> {
    let mut first = First::default();
    walk(path, &mut first)?;
    if !first.has_context {
        return Err(Refused::Unreadable("this is no SPDX 3 document".to_owned()));
    }
    let packages = first.graph.read()?;
    let mut licences = Licences::default();
    walk(path, &mut licences)?;
    let mut second = Second::new(block, licences, packages);
    walk(path, &mut second)?;
    second.flush()?;
    second.packages.finish()
}

/// The identifier of an element and its type, which may be written with the name of its profile or as a URI.
pub(super) fn identity(element: &Value) -> Option<(&str, &str)> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| element[*name].as_str());
    let kind = text(["type", "@type"]).unwrap_or_default();
    Some((text(["spdxId", "@id"])?, kind))
}

pub(super) fn last_word(kind: &str) -> &str {
    kind.rsplit(['/', '_']).next().unwrap_or(kind)
}

pub(super) fn is_relationship(kind: &str) -> bool {
    matches!(last_word(kind), "Relationship" | "LifecycleScopedRelationship")
}

/// The first walk: the graph.
#[derive(Default)]
struct First {
    graph: Graph,
    has_context: bool,
    /// Digests of what the next element names as the other ends of a relationship, and as roots.
    to: Vec<u64>,
    roots: Vec<u64>,
}

impl Members for First {
    fn wants(&self, list: &str) -> bool {
        list == "@graph"
    }

    fn keeps(&self, member: &str) -> bool {
        member == "@context"
    }

    fn member(&mut self, _: String, _: Value) {
        self.has_context = true;
    }

    fn of_item(&self, member: &str) -> Wanted {
        match member {
            "name"
            | "software_packageUrl"
            | "externalIdentifier"
            | "from"
            | "relationshipType"
            | "scope" => Wanted::Whole,
            "to" | "rootElement" => Wanted::Texts,
            _ => of_identity(member),
        }
    }

    fn text(&mut self, member: &str, id: &str) -> Result<(), Refused> {
        let id = self.graph.digest(id);
        let all = if member == "to" { &mut self.to } else { &mut self.roots };
        all.push(id);
        if all.len() > MOST_LINKS {
            return Err(Refused::Unreadable(format!("it has more than {MOST_LINKS} links")));
        }
        Ok(())
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let (to, roots) = (std::mem::take(&mut self.to), std::mem::take(&mut self.roots));
        let Some((id, kind)) = identity(&value) else { return Ok(()) };
        match last_word(kind) {
            "Package" => {
                let is_named = is_named(&value["name"], purl(stated(&value), Some(id)));
                return self.graph.package(is_named, Some(id), "");
            }
            "SpdxDocument" | "Sbom" => {
                return roots.into_iter().try_for_each(|id| self.graph.describes(id));
            }
            _ => {}
        }
        let ends = (value["from"].as_str(), value["relationshipType"].as_str());
        let (true, (Some(from), Some(kind))) = (is_relationship(kind), ends) else { return Ok(()) };
        let from = self.graph.digest(from);
        if kind == "describes" {
            return to.into_iter().try_for_each(|id| self.graph.describes(id));
        }
        if !to.is_empty() && OF_LICENCES_AND_FILES.contains(&kind) {
            return Ok(());
        }
        match word(kind, value["scope"].as_str()) {
            Some((kind, is_reversed)) if !to.is_empty() => to.into_iter().try_for_each(|to| {
                let (from, to) = if is_reversed { (to, from) } else { (from, to) };
                self.graph.relate(from, kind, to)
            }),
            // That it is related to anything tells a root from what is only listed as one.
            _ => self.graph.relate(from, "CONTAINS", self.graph.digest("NONE")),
        }
    }
}

const OF_LICENCES_AND_FILES: [&str; 3] =
    ["hasDeclaredLicense", "hasConcludedLicense", "hasDistributionArtifact"];

/// The word of SPDX 2 for a relationship, and whether it says it from the other end.
fn word(kind: &str, scope: Option<&str>) -> Option<(&'static str, bool)> {
    let needs = match scope {
        Some("runtime") => ("RUNTIME_DEPENDENCY_OF", true),
        Some("development") => ("DEV_DEPENDENCY_OF", true),
        Some("build") => ("BUILD_DEPENDENCY_OF", true),
        Some("test") => ("TEST_DEPENDENCY_OF", true),
        _ => ("DEPENDS_ON", false),
    };
    Some(match kind {
        "hasProvidedDependency" => ("BUILD_DEPENDENCY_OF", true),
        "usesTool" if needs.0 == "DEPENDS_ON" => ("BUILD_DEPENDENCY_OF", true),
        "dependsOn" | "hasStaticLink" | "hasDynamicLink" | "hasPrerequisite" | "hasInput"
        | "usesTool" => needs,
        "hasOptionalDependency" | "hasOptionalComponent" => ("OPTIONAL_DEPENDENCY_OF", true),
        "contains" => ("CONTAINS", false),
        _ => return None,
    })
}

/// The members that say what an element is.
fn of_identity(member: &str) -> Wanted {
    match member {
        "type" | "@type" | "spdxId" | "@id" => Wanted::Whole,
        _ => Wanted::Not,
    }
}

/// The purl that a package states: of several identifiers, the last.
fn stated(package: &Value) -> Option<&str> {
    let is_purl = |identifier: &&Value| {
        let kind = identifier["externalIdentifierType"].as_str();
        matches!(kind, Some("packageUrl" | "packageURL" | "purl"))
    };
    let identifiers = &package["externalIdentifier"];
    let identified = || identifiers.as_array()?.iter().rfind(is_purl)?["identifier"].as_str();
    package["software_packageUrl"].as_str().or_else(identified)
}

/// The third walk: the packages.
struct Second {
    block: usize,
    licences: Licences,
    packages: Packages,
    /// Packages that wait, with the relationships that state their licences.
    waiting: Vec<Value>,
    count: usize,
    weight: usize,
    /// The licences of these.
    added: Added,
}

impl Members for Second {
    fn wants(&self, list: &str) -> bool {
        list == "@graph"
    }

    fn of_item(&self, member: &str) -> Wanted {
        if KEPT.contains(&member) { Wanted::Whole } else { of_identity(member) }
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Some((id, kind)) = identity(&value) else { return Ok(()) };
        if last_word(kind) != "Package" {
            return Ok(());
        }
        let Some(at) = self.packages.next() else { return Ok(()) };
        let mut kept = Map::new();
        for member in ["name", "software_packageVersion", "software_downloadLocation"] {
            if let Some(value) = value.get(member) {
                kept.insert(member.to_owned(), value.clone());
            }
        }
        if let Some(purl) = purl(stated(&value), Some(id)) {
            kept.insert("software_packageUrl".to_owned(), purl.into());
        }
        kept.insert("type".to_owned(), "software_Package".into());
        kept.insert("spdxId".to_owned(), name(at).into());
        let kept = kept.into();
        self.weight += weight(&kept);
        self.waiting.push(kept);
        for (kind, licence) in self.licences.of(id) {
            self.licences.add(licence, &mut self.added);
            let stated = json!({ "type": "Relationship", "spdxId": "r", "from": name(at),
                "relationshipType": kind, "to": [licence] });
            self.weight += weight(&stated);
            self.waiting.push(stated);
        }
        self.count += 1;
        let is_full = self.count >= self.block || self.weight + self.added.weight >= WAITING;
        if is_full { self.flush() } else { Ok(()) }
    }
}

impl Second {
    fn new(block: usize, licences: Licences, packages: Packages) -> Second {
        let (waiting, added) = (Vec::new(), Added::default());
        Second { block, licences, packages, waiting, count: 0, weight: 0, added }
    }

    /// Has the waiting packages read as a document of their own.
    fn flush(&mut self) -> Result<(), Refused> {
        let mut graph = std::mem::take(&mut self.waiting);
        // Last, so that nothing stands for them.
        graph.append(&mut std::mem::take(&mut self.added).graph);
        (self.count, self.weight) = (0, 0);
        if graph.is_empty() {
            return Ok(());
        }
        let context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
        self.packages.read(&json!({ "@context": context, "@graph": graph }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::large::Form;
    use crate::ingest::large::tests::{below, same};

    /// Licences of every kind, the last of more members than are read.
    fn licences() -> Vec<Value> {
        let many: Vec<String> = (0..300).map(|n| format!("urn:l:{n}")).collect();
        let mut all = vec![
            json!({ "type": "simplelicensing_LicenseExpression", "spdxId": "urn:l:0",
                "simplelicensing_licenseExpression": "MIT" }),
            json!({ "type": "simplelicensing_LicenseExpression", "spdxId": "urn:l:1",
                "simplelicensing_licenseExpression": "LicenseRef-1",
                "simplelicensing_customIdToUri": [{ "key": "LicenseRef-1", "value": "urn:l:4" }] }),
            json!({ "type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": "urn:l:2",
                "expandedlicensing_member": ["urn:l:0", "urn:l:3", "https://spdx.org/licenses/ISC"] }),
            json!({ "type": "expandedlicensing_DisjunctiveLicenseSet", "spdxId": "urn:l:3",
                "expandedlicensing_member": ["urn:l:4", "urn:l:5"] }),
            json!({ "type": "expandedlicensing_CustomLicense", "spdxId": "urn:l:4", "name": "Ours" }),
            json!({ "type": "expandedlicensing_OrLaterOperator", "spdxId": "urn:l:5",
                "expandedlicensing_subjectLicense": "https://spdx.org/licenses/GPL-2.0" }),
            json!({ "type": "expandedlicensing_WithAdditionOperator", "spdxId": "urn:l:6",
                "expandedlicensing_subjectExtendableLicense": "urn:l:5",
                "expandedlicensing_subjectAddition": "https://spdx.org/licenses/Classpath" }),
            json!({ "type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": "urn:l:7",
                "expandedlicensing_member": ["urn:l:7", "urn:l:0"] }),
            json!({ "type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": "urn:l:8",
                "expandedlicensing_member": many }),
        ];
        all.extend((9..300).map(|n| {
            json!({ "type": "expandedlicensing_ListedLicense", "spdxId": format!("urn:l:{n}"),
                "name": "MIT" })
        }));
        all
    }

    #[test]
    fn a_document_in_parts_says_what_the_whole_says() {
        let mut below = below(9);
        const KINDS: [&str; 10] = [
            "dependsOn",
            "hasStaticLink",
            "hasOptionalDependency",
            "hasProvidedDependency",
            "usesTool",
            "contains",
            "describes",
            "hasDistributionArtifact",
            "hasDeclaredLicense",
            "other",
        ];
        const SCOPES: [&str; 6] = ["runtime", "development", "build", "test", "design", ""];
        let mut read = 0;
        for round in 0..300 {
            let count = 1 + below(9);
            let mut graph =
                vec![json!({ "type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1" })];
            for n in 0..count {
                let p = if below(4) == 0 { below(count) } else { n };
                let id = if below(8) == 0 { below(count) } else { n };
                let mut one = json!({ "type": "software_Package", "spdxId": format!("urn:p:{id}"),
                    "name": format!("p{p}"), "software_packageVersion": "1.0.0" });
                match below(10) {
                    0 => drop(one.as_object_mut().unwrap().remove("spdxId")),
                    1 => drop(one.as_object_mut().unwrap().remove("name")),
                    2 => one["spdxId"] = format!("pkg:npm/q{p}@2.0.0").into(),
                    3 => one["software_downloadLocation"] = "file:a".into(),
                    4 | 5 => {
                        one["externalIdentifier"] = json!([{ "externalIdentifierType": "packageUrl",
                            "identifier": format!("pkg:npm/p{p}@1.0.0") }]);
                    }
                    6 => one["type"] = "https://spdx.org/rdf/3.0.1/terms/Software/Package".into(),
                    _ => one["software_packageUrl"] = format!("pkg:npm/p{p}@1.0.0").into(),
                }
                graph.push(one);
                for kind in ["hasDeclaredLicense", "hasConcludedLicense"] {
                    if below(2) == 0 {
                        graph.push(
                            json!({ "type": "Relationship", "spdxId": format!("urn:r:{kind}{n}"),
                            "from": format!("urn:p:{id}"), "relationshipType": kind,
                            "to": [format!("urn:l:{}", below(10))] }),
                        );
                    }
                }
            }
            if round % 2 == 0 {
                graph.extend(licences());
            }
            for n in 0..below(12) {
                let mut end = || match below(12) {
                    0 => "urn:nobody".to_owned(),
                    _ => format!("urn:p:{}", below(count)),
                };
                let (from, to, more) = (end(), end(), end());
                let to = match below(8) {
                    0 => json!([]),
                    1 => json!(to),
                    2 => json!([to, more]),
                    _ => json!([to]),
                };
                let at = |n: u64| usize::try_from(n).unwrap();
                graph.push(
                    json!({ "type": "LifecycleScopedRelationship", "spdxId": format!("urn:n:{n}"),
                    "from": from, "to": to, "relationshipType": KINDS[at(below(10))],
                    "scope": SCOPES[at(below(6))] }),
                );
            }
            if round % 3 == 0 {
                let roots: Vec<String> =
                    (0..=below(2)).map(|_| format!("urn:p:{}", below(count))).collect();
                graph.push(
                    json!({ "type": "SpdxDocument", "spdxId": "urn:d", "rootElement": roots }),
                );
            }
            let from = usize::try_from(below(4)).unwrap().min(graph.len());
            graph.rotate_left(from);
            let document = json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
                "@graph": graph })
            .to_string();
            read += usize::from(same(Form::Spdx3, document.as_bytes(), &document));
        }
        assert!(read > 200, "{read}");
    }

    fn document(graph: &[Value]) -> String {
        let context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
        json!({ "@context": context, "@graph": graph }).to_string()
    }

    #[test]
    fn lists_of_identifiers_may_be_as_long_as_they_like() {
        let mut many: Vec<String> = (0..42_000).map(|n| format!("urn:{n:0100}")).collect();
        many.push("urn:a".to_owned());
        let package = |id: &str| json!({ "type": "software_Package", "spdxId": format!("urn:{id}"), "name": id });
        let text = document(&[
            package("app"),
            package("a"),
            json!({ "type": "software_Sbom", "spdxId": "urn:s", "element": many,
                "rootElement": ["urn:app"] }),
            json!({ "type": "Relationship", "spdxId": "urn:r", "to": many,
                "relationshipType": "dependsOn", "from": "urn:app" }),
            json!({ "type": "Relationship", "spdxId": "urn:t", "to": many,
                "relationshipType": "contains", "from": "urn:app" }),
            json!({ "type": "expandedlicensing_DisjunctiveLicenseSet", "spdxId": "urn:l",
                "expandedlicensing_member": many }),
        ]);
        assert!(same(Form::Spdx3, text.as_bytes(), "long"));
    }

    #[test]
    fn what_is_stated_and_no_purl_counts_as_in_the_whole() {
        let a = json!({ "type": "software_Package", "spdxId": "urn:a",
            "software_packageUrl": "pkg:bad" });
        let b = json!({ "type": "software_Package", "spdxId": "urn:b", "name": "b",
            "software_packageUrl": "nonsense", "externalIdentifier":
            [{ "externalIdentifierType": "packageUrl", "identifier": "pkg:npm/no@1" }] });
        let c = json!({ "type": "software_Package", "spdxId": "pkg:npm/c@1", "externalIdentifier": [
            { "externalIdentifierType": "purl", "identifier": "pkg:npm/no@1" },
            { "externalIdentifierType": "purl", "identifier": "" }] });
        let d = json!({ "type": "software_Package", "spdxId": "pkg:bad" });
        let link = |from: &str, to: &str| {
            json!({ "type": "Relationship", "spdxId": "urn:r", "from": from,
            "relationshipType": "dependsOn", "to": to })
        };
        for (packages, is_read) in
            [(vec![&a, &b, &c, &d], true), (vec![&c], true), (vec![&a], false), (vec![&d], false)]
        {
            let mut graph: Vec<Value> = packages.into_iter().cloned().collect();
            graph.extend([link("urn:a", "urn:b"), link("pkg:bad", "pkg:npm/c@1")]);
            let text = document(&graph);
            assert_eq!(same(Form::Spdx3, text.as_bytes(), &text), is_read, "{text}");
        }
    }

    #[test]
    fn licences_too_long_are_left_out_as_in_the_whole() {
        let name = "x".repeat(1000);
        let members = |count: usize| vec!["urn:custom"; count];
        let mut graph = vec![
            json!({ "type": "expandedlicensing_CustomLicense", "spdxId": "urn:custom",
                "name": name, "simplelicensing_licenseText": "x".repeat(5 << 20) }),
            json!({ "type": "expandedlicensing_CustomLicense", "spdxId": "urn:long",
                "name": "x".repeat(20_000) }),
            json!({ "type": "simplelicensing_LicenseExpression", "spdxId": "urn:own",
                "simplelicensing_licenseExpression": " LicenseRef-1 ",
                "simplelicensing_customIdToUri": [{ "key": "LicenseRef-0", "value": "urn:custom" },
                    { "key": "LicenseRef-1", "value": "urn:long" }] }),
        ];
        for (n, count) in [(0, 10), (1, 20), (2, 300)] {
            graph.push(json!({ "type": "expandedlicensing_ConjunctiveLicenseSet",
                "spdxId": format!("urn:l:{n}"), "expandedlicensing_member": members(count) }));
        }
        for (n, licence) in ["custom", "long", "own", "l:0", "l:1", "l:2"].into_iter().enumerate() {
            let id = format!("urn:p:{n}");
            graph.push(json!({ "type": "software_Package", "spdxId": id, "name": licence }));
            graph.push(json!({ "type": "Relationship", "spdxId": "urn:r", "from": id,
                "relationshipType": "hasDeclaredLicense", "to": format!("urn:{licence}") }));
        }
        let text = document(&graph);
        assert!(same(Form::Spdx3, text.as_bytes(), "licences"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        std::fs::write(&path, &text).unwrap();
        let read = in_blocks(&path, 10).unwrap().0;
        let of = |name: &str| {
            let one = read.iter().find(|one| one.name == name).unwrap();
            one.licence.as_ref().map(String::len)
        };
        assert_eq!((of("custom"), of("long"), of("own")), (Some(1000), None, Some(12)));
        assert_eq!((of("l:0"), of("l:1"), of("l:2")), (Some(10 * 1000 + 9 * 5), None, None));
    }

    #[test]
    fn blocks_are_bounded_by_what_they_weigh() {
        let mut graph = Graph::default();
        (0..12).for_each(|n| graph.package(true, Some(&format!("urn:{n}")), "").unwrap());
        let packages = graph.read().unwrap();
        let mut second = Second::new(1000, Licences::default(), packages);
        let long = "x".repeat(3 << 20);
        for n in 0..12 {
            let one = json!({ "type": "software_Package", "spdxId": format!("urn:{n}"),
                "name": format!("p{n}"), "software_downloadLocation": long });
            second.item(one).unwrap();
            assert!(second.weight < WAITING);
        }
        assert_eq!(second.count, 0);
        assert_eq!(second.packages.finish().unwrap().0.len(), 12);
    }

    #[test]
    fn what_is_damaged_or_beyond_bounds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let long = vec![format!("\"{}\"", "x".repeat(600)); 200].join(",");
        let licence = |n| {
            format!(
                "{{\"type\": \"expandedlicensing_ConjunctiveLicenseSet\", \"spdxId\": \"l{n}\", \
                 \"expandedlicensing_member\": [{long}]}}, "
            )
        };
        let package = "{\"type\": \"software_Package\", \"spdxId\": \"a\", \"name\": \"a\"}";
        let head =
            "{\"@context\": \"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\", \"@graph\": [";
        let licences: String = (0..600).map(licence).collect();
        for text in [
            format!("{head}{package}"),
            format!("{head}]}}"),
            format!("{{\"@graph\": [{package}]}}"),
            format!("{head}{licences}{package}]}}"),
        ] {
            std::fs::write(&path, &text).unwrap();
            assert!(in_blocks(&path, 10).is_err(), "{}", &text[..text.len().min(120)]);
        }
        std::fs::write(&path, format!("{head}{}{package}]}}", licence(0))).unwrap();
        assert_eq!(in_blocks(&path, 10).unwrap().0.len(), 1);
    }
}
