//! Large SPDX 2 documents, in JSON or as tags and values, read in parts: first the graph, then the packages, a block at
//! a time. Each part is a document of its own for the scanner's own reader.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use trimtab_extract::format::spdx_graph::is_licence_name;

use super::graph::{Graph, Packages, is_named, name, purl};
use super::json::{Members, Wanted, weight};
use super::{Distinct, Refused, WAITING};

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
/// The most bytes of their identifiers and names.
const LICENCES: usize = 64 << 20;

/// Goes through a document.
pub(super) type Walk<'w> = &'w dyn Fn(&mut dyn Members) -> Result<(), Refused>;

/// Reads a document by blocks of packages.
pub(super) fn in_blocks(block: usize, walk: Walk<'_>) -> Result<Distinct, Refused> {
    let mut first = First {
        graph: Graph::default(),
        list: None,
        version: Value::Null,
        licences: HashMap::new(),
        bytes: 0,
    };
    walk(&mut first)?;
    let mut second = Second {
        block,
        version: first.version,
        licences: first.licences,
        packages: first.graph.read()?,
        waiting: Vec::new(),
        weight: 0,
    };
    walk(&mut second)?;
    second.flush()?;
    second.packages.finish()
}

/// The purl that a package states.
fn stated(references: &Value) -> Option<&str> {
    references.as_array()?.iter().find_map(|reference| {
        let kind = reference["referenceType"].as_str().unwrap_or_default();
        reference["referenceLocator"].as_str().filter(|_| kind.rsplit('/').next() == Some("purl"))
    })
}

/// The first walk: the graph.
struct First {
    graph: Graph,
    /// The list that is being read.
    list: Option<List>,
    version: Value,
    /// Names of licences that the document defines, by their identifiers.
    licences: HashMap<String, String>,
    /// Of these.
    bytes: usize,
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
        let id = value["SPDXID"].as_str();
        let is_named = is_named(&value["name"], purl(stated(&value["externalRefs"]), id));
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

    fn of_item(&self, member: &str) -> Wanted {
        match member {
            "SPDXID" | "name" | "externalRefs" | "comment" | "licenseId" | "spdxElementId"
            | "relationshipType" | "relatedSpdxElement" => Wanted::Whole,
            _ => Wanted::Not,
        }
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        match self.list {
            Some(List::Packages) if value.is_object() => self.package(&value),
            Some(List::Relationships) => self.relationship(&value),
            Some(List::Described) => value.as_str().map_or(Ok(()), |id| {
                let id = self.graph.digest(id);
                self.graph.describes(id)
            }),
            Some(List::Licences) => {
                if let (Some(id), Some(name)) =
                    (value["licenseId"].as_str(), value["name"].as_str())
                    && self.licences.len() < MOST_LICENCES
                    // What says nothing does not take the place of what was said before.
                    && is_licence_name(name)
                    && self.bytes + id.len() + name.len() <= LICENCES
                {
                    self.bytes += id.len() + name.len();
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
    /// Of what waits.
    weight: usize,
}

impl Members for Second {
    fn wants(&self, list: &str) -> bool {
        list == "packages"
    }

    fn of_item(&self, member: &str) -> Wanted {
        let is_kept = member == "SPDXID" || KEPT.contains(&member);
        if is_kept { Wanted::Whole } else { Wanted::Not }
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Value::Object(members) = value else { return Ok(()) };
        if let Some(at) = self.packages.next() {
            let kept = kept(members, at).into();
            self.weight += weight(&kept);
            self.waiting.push(kept);
        }
        let is_full = self.waiting.len() >= self.block || self.weight >= WAITING;
        if is_full { self.flush() } else { Ok(()) }
    }
}

impl Second {
    /// Has the waiting packages read as a document of their own.
    fn flush(&mut self) -> Result<(), Refused> {
        let packages = std::mem::take(&mut self.waiting);
        self.weight = 0;
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
    let references = kept.remove("externalRefs").unwrap_or_default();
    if let Some(purl) = purl(stated(&references), Some(&id)) {
        let reference = json!({ "referenceType": "purl", "referenceLocator": purl });
        kept.insert("externalRefs".to_owned(), json!([reference]));
    }
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
    fn what_is_stated_and_no_purl_counts_as_in_the_whole() {
        let reference = |purl: &str| json!([{ "referenceType": "purl", "referenceLocator": purl }]);
        let a = json!({ "SPDXID": "SPDXRef-a", "externalRefs": reference("pkg:bad") });
        let b = json!({ "SPDXID": "SPDXRef-b", "name": "b", "externalRefs": reference("pkg:bad") });
        let c = json!({ "SPDXID": "pkg:npm/c@1", "externalRefs": reference("nonsense") });
        let d = json!({ "SPDXID": "pkg:bad" });
        let link = |from: &str, to: &str| {
            json!({ "spdxElementId": from, "relationshipType": "DEPENDS_ON",
            "relatedSpdxElement": to })
        };
        for (packages, is_read) in
            [(vec![&a, &b, &c, &d], true), (vec![&c], true), (vec![&a], false), (vec![&d], false)]
        {
            let text = json!({ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
                "packages": packages, "relationships": [link("SPDXRef-a", "SPDXRef-b"),
                link("pkg:bad", "pkg:npm/c@1")] })
            .to_string();
            assert_eq!(same(Form::Spdx, text.as_bytes(), &text), is_read, "{text}");
        }
    }

    #[test]
    fn what_is_not_read_may_be_as_long_as_it_likes() {
        let files: Vec<String> = (0..42_000).map(|n| format!("SPDXRef-{n:0100}")).collect();
        let long = "x".repeat(5 << 20);
        let text = json!({ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
            "packages": [{ "SPDXID": "SPDXRef-a", "name": "a", "hasFiles": files,
                "licenseDeclared": "LicenseRef-1" }],
            "hasExtractedLicensingInfos":
                [{ "licenseId": "LicenseRef-1", "name": "Ours", "extractedText": long }] })
        .to_string();
        assert!(same(Form::Spdx, text.as_bytes(), "long"));
    }

    #[test]
    fn names_of_licences_are_bounded_by_their_bytes() {
        let mut first = First {
            graph: Graph::default(),
            list: Some(List::Licences),
            version: Value::Null,
            licences: HashMap::new(),
            bytes: LICENCES - 100,
        };
        for (id, name) in [("a", "x".repeat(99)), ("b", "x".repeat(99)), ("c", String::new())] {
            first.item(json!({ "licenseId": id, "name": name })).unwrap();
        }
        assert_eq!(first.licences.keys().collect::<Vec<_>>(), ["a"]);
        first.bytes = 0;
        first.item(json!({ "licenseId": "d", "name": "x".repeat((16 << 10) + 1) })).unwrap();
        assert_eq!(first.licences.len(), 1);
    }

    #[test]
    fn blocks_are_bounded_by_what_they_weigh() {
        let mut graph = Graph::default();
        (0..12).for_each(|_| graph.package(true, None, "").unwrap());
        let mut second = Second {
            block: 1000,
            version: "SPDX-2.3".into(),
            licences: HashMap::new(),
            packages: graph.read().unwrap(),
            waiting: Vec::new(),
            weight: 0,
        };
        let long = "x".repeat(3 << 20);
        for n in 0..12 {
            second.item(json!({ "name": format!("p{n}"), "comment": long })).unwrap();
            assert!(second.weight < WAITING);
        }
        assert_eq!(second.waiting.len(), 0);
        assert_eq!(second.packages.finish().unwrap().0.len(), 12);
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
