//! Large SPDX 3 documents in JSON-LD, read in parts: first the graph, in the words of SPDX 2, then the licences, which are
//! elements of their own, then the packages, a block at a time with the licences that they name.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::graph::{Graph, Packages, name};
use super::json::{Members, walk};
use super::spdx3_licences::Licences;
use super::{Distinct, Refused};

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
    let mut first = First { graph: Graph::default(), has_context: false };
    walk(path, &mut first)?;
    if !first.has_context {
        return Err(Refused::Unreadable("this is no SPDX 3 document".to_owned()));
    }
    let packages = first.graph.read()?;
    let mut licences = Licences::default();
    walk(path, &mut licences)?;
    let mut second = Second { block, licences, packages, waiting: Vec::new() };
    walk(path, &mut second)?;
    second.flush()?;
    Ok(second.packages.finish())
}

/// The identifier of an element and its type, which may be written with the name of its profile or as a URI.
pub(super) fn identity(element: &Value) -> Option<(&str, &str)> {
    let text = |names: [&str; 2]| names.iter().find_map(|name| element[*name].as_str());
    let kind = text(["type", "@type"]).unwrap_or_default();
    Some((text(["spdxId", "@id"])?, kind))
}

fn last_word(kind: &str) -> &str {
    kind.rsplit(['/', '_']).next().unwrap_or(kind)
}

/// The texts of a member that holds one or several.
pub(super) fn texts<'d>(element: &'d Value, member: &str) -> impl Iterator<Item = &'d str> {
    let value = &element[member];
    let several = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(several)
}

/// The ends of a relationship of which there is something to say: the first, its type, and the others.
pub(super) fn relationship<'d>(
    element: &'d Value,
    kind: &str,
) -> Option<(&'d str, &'d str, Vec<&'d str>)> {
    if !matches!(last_word(kind), "Relationship" | "LifecycleScopedRelationship") {
        return None;
    }
    let (from, kind) = (element["from"].as_str()?, element["relationshipType"].as_str()?);
    Some((from, kind, texts(element, "to").collect()))
}

/// The first walk: the graph.
struct First {
    graph: Graph,
    has_context: bool,
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

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Some((id, kind)) = identity(&value) else { return Ok(()) };
        match last_word(kind) {
            "Package" => {
                let name = &value["name"];
                let is_name = name.as_str().is_some_and(|name| !name.trim().is_empty())
                    || name.is_number()
                    || name.is_boolean();
                let is_named = is_name || id.starts_with("pkg:") || has_purl(&value);
                return self.graph.package(is_named, Some(id), "");
            }
            "SpdxDocument" | "Sbom" => {
                return texts(&value, "rootElement").try_for_each(|id| self.graph.describes(id));
            }
            _ => {}
        }
        let Some((from, kind, to)) = relationship(&value, kind) else { return Ok(()) };
        if kind == "describes" {
            return to.into_iter().try_for_each(|id| self.graph.describes(id));
        }
        if !to.is_empty() && OF_LICENCES_AND_FILES.contains(&kind) {
            return Ok(());
        }
        match word(kind, value["scope"].as_str()) {
            Some((kind, is_reversed)) if !to.is_empty() => to.into_iter().try_for_each(|to| {
                let (from, to) = if is_reversed { (to, from) } else { (from, to) };
                self.graph.relationship(from, kind, to)
            }),
            // That it is related to anything tells a root from what is only listed as one.
            _ => self.graph.relationship(from, "CONTAINS", "NONE"),
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

/// Whether a package states a purl.
fn has_purl(package: &Value) -> bool {
    let is_purl = |identifier: &Value| {
        let kind = identifier["externalIdentifierType"].as_str();
        matches!(kind, Some("packageUrl" | "packageURL" | "purl"))
    };
    package["software_packageUrl"].is_string()
        || package["externalIdentifier"].as_array().is_some_and(|all| all.iter().any(is_purl))
}

/// The third walk: the packages.
struct Second {
    block: usize,
    licences: Licences,
    packages: Packages,
    /// With the identifiers that the document has for them.
    waiting: Vec<(String, Value)>,
}

impl Members for Second {
    fn wants(&self, list: &str) -> bool {
        list == "@graph"
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Some((id, kind)) = identity(&value) else { return Ok(()) };
        if last_word(kind) != "Package" {
            return Ok(());
        }
        let Some(at) = self.packages.next() else { return Ok(()) };
        let id = id.to_owned();
        // An identifier that is a purl stands in for one that is not stated.
        let by_id = id.starts_with("pkg:") && !has_purl(&value);
        let Value::Object(members) = value else { return Ok(()) };
        let mut kept: Map<String, Value> =
            members.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect();
        if by_id {
            kept.insert("software_packageUrl".to_owned(), id.as_str().into());
        }
        kept.insert("type".to_owned(), "software_Package".into());
        kept.insert("spdxId".to_owned(), name(at).into());
        self.waiting.push((id, kept.into()));
        if self.waiting.len() >= self.block { self.flush() } else { Ok(()) }
    }
}

impl Second {
    /// Has the waiting packages read as a document of their own.
    fn flush(&mut self) -> Result<(), Refused> {
        let packages = std::mem::take(&mut self.waiting);
        if packages.is_empty() {
            return Ok(());
        }
        let (mut graph, mut licences, mut added) = (Vec::new(), Vec::new(), HashSet::new());
        for (id, package) in packages {
            for (kind, licence) in self.licences.of(&id) {
                self.licences.add(licence, &mut added, &mut licences);
                graph.push(
                    json!({ "type": "Relationship", "spdxId": "r", "from": package["spdxId"],
                    "relationshipType": kind, "to": [licence] }),
                );
            }
            graph.push(package);
        }
        // Last, so that nothing stands for them.
        graph.append(&mut licences);
        let context = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
        self.packages.read(&json!({ "@context": context, "@graph": graph }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::large::tests::{below, same};
    use crate::ingest::large::{ENTRY, Form};

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

    #[test]
    fn what_is_damaged_or_beyond_bounds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let long = "x".repeat(usize::try_from(ENTRY).unwrap() - 100);
        let licence = |n| {
            format!(
                "{{\"type\": \"simplelicensing_LicenseExpression\", \"spdxId\": \"l{n}\", \
                 \"simplelicensing_licenseExpression\": \"{long}\"}}, "
            )
        };
        let package = "{\"type\": \"software_Package\", \"spdxId\": \"a\", \"name\": \"a\"}";
        let head =
            "{\"@context\": \"https://spdx.org/rdf/3.0.1/spdx-context.jsonld\", \"@graph\": [";
        let licences: String = (0..20).map(licence).collect();
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
