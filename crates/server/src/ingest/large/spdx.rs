//! Large SPDX 2 documents, in JSON or as tags and values, read in parts: first the graph, then the packages, a block at
//! a time. Each part is a document of its own for the scanner's own reader.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};

use super::graph::{Graph, Packages, name};
use super::json::Members;
use super::{Distinct, Refused};

/// What is read of a package beside its identifier.
const KEPT: [&str; 7] = [
    "name",
    "versionInfo",
    "licenseDeclared",
    "licenseConcluded",
    "downloadLocation",
    "comment",
    "externalRefs",
];
/// The most licences that a document defines itself.
const MOST_LICENCES: usize = 100_000;

/// Goes through a document.
pub(super) type Walk<'w> = &'w dyn Fn(&mut dyn Members) -> Result<(), Refused>;

/// Reads a document by blocks of packages.
pub(super) fn in_blocks(block: usize, walk: Walk<'_>) -> Result<Distinct, Refused> {
    let mut first = First {
        graph: Graph::default(),
        list: None,
        version: Value::Null,
        licences: HashMap::new(),
    };
    walk(&mut first)?;
    let mut second = Second {
        block,
        version: first.version,
        licences: first.licences,
        packages: first.graph.read()?,
        waiting: Vec::new(),
    };
    walk(&mut second)?;
    second.flush()?;
    Ok(second.packages.finish())
}

/// The purl that a package states.
fn is_purl(reference: &Value) -> bool {
    let kind = reference["referenceType"].as_str().unwrap_or_default();
    kind.rsplit('/').next() == Some("purl")
}

/// The first walk: the graph.
struct First {
    graph: Graph,
    /// The list that is being read.
    list: Option<List>,
    version: Value,
    /// Names of licences that the document defines, by their identifiers.
    licences: HashMap<String, String>,
}

#[derive(Clone, Copy, PartialEq)]
enum List {
    Described,
    Packages,
    Licences,
    Relationships,
}

impl List {
    fn of(name: &str) -> Option<List> {
        Some(match name {
            "documentDescribes" => List::Described,
            "packages" => List::Packages,
            "hasExtractedLicensingInfos" => List::Licences,
            "relationships" => List::Relationships,
            _ => return None,
        })
    }
}

impl First {
    fn package(&mut self, value: &Value) -> Result<(), Refused> {
        let is_name = value["name"].as_str().is_some_and(|name| !name.trim().is_empty())
            || value["name"].is_number()
            || value["name"].is_boolean();
        let id = value["SPDXID"].as_str();
        let by_id = id.is_some_and(|id| id.starts_with("pkg:"));
        let references = value["externalRefs"].as_array();
        let is_named = is_name || by_id || references.is_some_and(|all| all.iter().any(is_purl));
        self.graph.package(is_named, id, value["comment"].as_str().unwrap_or_default())
    }

    fn relationship(&mut self, value: &Value) -> Result<(), Refused> {
        let text = |member: &str| value[member].as_str();
        let ends = (text("spdxElementId"), text("relationshipType"), text("relatedSpdxElement"));
        let (Some(from), Some(kind), Some(to)) = ends else { return Ok(()) };
        self.graph.relationship(from, kind, to)
    }
}

impl Members for First {
    fn wants(&self, list: &str) -> bool {
        List::of(list).is_some()
    }

    fn keeps(&self, member: &str) -> bool {
        member == "spdxVersion"
    }

    fn member(&mut self, _: String, value: Value) {
        self.version = value;
    }

    fn list(&mut self, list: &str) {
        self.list = List::of(list);
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        match self.list {
            Some(List::Packages) if value.is_object() => self.package(&value),
            Some(List::Relationships) => self.relationship(&value),
            Some(List::Described) => value.as_str().map_or(Ok(()), |id| self.graph.describes(id)),
            Some(List::Licences) => {
                if let (Some(id), Some(name)) =
                    (value["licenseId"].as_str(), value["name"].as_str())
                    && self.licences.len() < MOST_LICENCES
                    // What says nothing does not take the place of what was said before.
                    && !matches!(name.trim(), "" | "NOASSERTION" | "NONE")
                {
                    self.licences.insert(id.to_owned(), name.to_owned());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The second walk: the packages.
struct Second {
    block: usize,
    version: Value,
    licences: HashMap<String, String>,
    packages: Packages,
    waiting: Vec<Value>,
}

impl Members for Second {
    fn wants(&self, list: &str) -> bool {
        list == "packages"
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Value::Object(members) = value else { return Ok(()) };
        if let Some(at) = self.packages.next() {
            self.waiting.push(kept(members, at).into());
        }
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
        let licences: BTreeSet<&str> = packages
            .iter()
            .flat_map(|p| [&p["licenseDeclared"], &p["licenseConcluded"]])
            .filter_map(|licence| Some(licence.as_str()?.trim()))
            .collect();
        let named = |id: &&str| Some(json!({ "licenseId": *id, "name": self.licences.get(*id)? }));
        let licences: Vec<Value> = licences.iter().filter_map(named).collect();
        let document = json!({ "spdxVersion": self.version, "SPDXID": "SPDXRef-DOCUMENT",
            "hasExtractedLicensingInfos": licences, "packages": packages });
        self.packages.read(&document)
    }
}

/// What is kept of a package: of references only the one that identifies it; its place is its identifier.
fn kept(members: Map<String, Value>, at: usize) -> Map<String, Value> {
    let id = members.get("SPDXID").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut kept: Map<String, Value> =
        members.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect();
    let mut references = match kept.remove("externalRefs") {
        Some(Value::Array(references)) => references,
        _ => Vec::new(),
    };
    references.retain(is_purl);
    for reference in &mut references {
        if let Value::Object(members) = reference {
            members.retain(|key, _| matches!(&**key, "referenceType" | "referenceLocator"));
        }
    }
    // An identifier that is a purl stands in for one that is not stated.
    if references.is_empty() && id.starts_with("pkg:") {
        references.push(json!({ "referenceType": "purl", "referenceLocator": id }));
    }
    kept.insert("externalRefs".to_owned(), references.into());
    kept.insert("SPDXID".to_owned(), name(at).into());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::large::Form;
    use crate::ingest::large::tests::{below, same};

    #[test]
    fn documents_with_everything_that_relations_depend_on_say_what_the_whole_says() {
        let mut below = below(7);
        const KINDS: [&str; 10] = [
            "DEPENDS_ON",
            "DEPENDENCY_OF",
            "DEV_DEPENDENCY_OF",
            "RUNTIME_DEPENDENCY_OF",
            "TEST_DEPENDENCY_OF",
            "CONTAINS",
            "CONTAINED_BY",
            "DESCRIBES",
            "DESCRIBED_BY",
            "OTHER",
        ];
        let mut read = 0;
        for round in 0..300 {
            let count = 1 + below(9);
            let mut packages = Vec::new();
            for n in 0..count {
                // Now and then two are the same package, and two have one identifier.
                let p = if below(4) == 0 { below(count) } else { n };
                let id = if below(8) == 0 { below(count) } else { n };
                let reference = json!({ "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl", "referenceLocator": format!("pkg:npm/p{p}@1.0.0") });
                let mut one = json!({ "SPDXID": format!("SPDXRef-{id}"), "name": format!("p{p}"),
                    "versionInfo": "1.0.0", "downloadLocation": "NOASSERTION",
                    "externalRefs": [reference] });
                match below(9) {
                    0 => drop(one.as_object_mut().unwrap().remove("SPDXID")),
                    1 => drop(one.as_object_mut().unwrap().remove("externalRefs")),
                    2 => drop(one.as_object_mut().unwrap().remove("name")),
                    8 if below(2) == 0 => {
                        one = json!({ "SPDXID": format!("pkg:npm/r{p}@3.0.0") });
                    }
                    3 => one["licenseDeclared"] = "LicenseRef-1".into(),
                    4 => one["comment"] = "trimtab:scope=development".into(),
                    5 => one["comment"] = "trimtab:root=folder".into(),
                    6 => one["SPDXID"] = format!("pkg:npm/q{p}@2.0.0").into(),
                    7 => one["downloadLocation"] = "https://registry.example/p.tgz".into(),
                    _ => one["licenseConcluded"] = "MIT".into(),
                }
                packages.push(one);
            }
            let relationships: Vec<Value> = (0..below(12))
                .map(|_| {
                    let mut end = || match below(12) {
                        0 => "SPDXRef-DOCUMENT".to_owned(),
                        1 => "SPDXRef-nobody".to_owned(),
                        _ => format!("SPDXRef-{}", below(count)),
                    };
                    let (from, to) = (end(), end());
                    json!({ "spdxElementId": from, "relatedSpdxElement": to,
                        "relationshipType": KINDS[usize::try_from(below(10)).unwrap()] })
                })
                .collect();
            let mut document = json!({ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
                "name": "d", "packages": packages, "relationships": relationships,
                "hasExtractedLicensingInfos":
                    [{ "licenseId": "LicenseRef-1", "name": "Ours", "extractedText": "long" }] });
            if round % 3 == 0 {
                document["documentDescribes"] = json!([format!("SPDXRef-{}", below(count))]);
            }
            let text = document.to_string();
            read += usize::from(same(Form::Spdx, text.as_bytes(), &text));
        }
        assert!(read > 200, "{read}");
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        for text in ["{\"spdxVersion\": \"SPDX-2.3\", \"packages\": [{", "{\"packages\": 3}", "[]"]
        {
            std::fs::write(&path, text).unwrap();
            assert!(Form::Spdx.read(&path, 10).is_err(), "{text}");
        }
    }
}
