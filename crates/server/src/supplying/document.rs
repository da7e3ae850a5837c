//! What a document of a supplier says of itself: its format, when it was made, and which elements its components carry.
//! `CycloneDX` and SPDX 2 as JSON are looked into; of other formats that the scanner reads this is unknown.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trimtab_engine::supplier::obligations::{Format, Version, version};
use trimtab_engine::supplier::quality::{self, Component, Element, Part, Quality, Sbom};
use trimtab_model::evidence::VexStatus;
use trimtab_store::Supplied;

/// The most names of vulnerabilities that are kept of a VEX document.
const NAMED: usize = 2000;

/// What was read in a document, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// `cyclonedx`, `spdx`. `None`: it could not be told.
    pub(crate) format: Option<String>,
    pub(crate) version: Option<String>,
    /// Element, how often, out of how many.
    pub(crate) parts: Vec<(String, usize, usize)>,
    /// Who states, of a VEX document.
    pub(crate) author: Option<String>,
    pub(crate) statements: usize,
    /// What it is about, and whether it says how they are affected.
    pub(crate) named: Vec<(String, bool)>,
}

impl Told {
    /// As the store has it.
    pub(crate) fn of(is: &Supplied) -> Told {
        serde_json::from_value(is.is.told.clone()).unwrap_or_default()
    }

    /// How good it is. `None`: it was not looked into.
    pub(crate) fn quality(&self) -> Option<Quality> {
        let part = |(word, have, of): &(String, usize, usize)| {
            let element = Element::ALL.into_iter().find(|element| element.as_str() == word)?;
            Some(Part { element, have: *have, of: *of })
        };
        let parts: Vec<Part> = self.parts.iter().filter_map(part).collect();
        (!parts.is_empty()).then(|| Quality::of_parts(parts))
    }

    /// Its format with its version.
    pub(crate) fn format(&self) -> Option<(Format, Version)> {
        Some((Format::from_word(self.format.as_deref()?)?, version(self.version.as_deref()?)?))
    }

    /// The same for people.
    pub(crate) fn format_words(&self) -> Option<String> {
        let (format, _) = self.format()?;
        Some(format!("{} {}", format.words(), self.version.as_deref().unwrap_or_default()))
    }
}

/// What an SBOM says of itself, and when it was made.
pub(crate) fn sbom(bytes: &[u8]) -> (Told, Option<Timestamp>) {
    let Ok(raw) = serde_json::from_slice::<Raw>(bytes) else {
        return (Told::default(), None);
    };
    let (format, number, made, is) = if raw.bom_format == "CycloneDX" {
        let made = raw.metadata["timestamp"].as_str();
        (Format::CycloneDx, raw.spec_version.as_str(), made, raw.cyclonedx())
    } else if let Some(number) = raw.spdx_version.as_str().and_then(|v| v.strip_prefix("SPDX-")) {
        let made = raw.creation_info["created"].as_str();
        (Format::Spdx, Some(number), made, raw.spdx())
    } else {
        return (Told::default(), None);
    };
    let parts = quality::of(&is).parts;
    let told = Told {
        format: Some(format.as_str().to_owned()),
        version: number.filter(|number| version(number).is_some()).map(ToOwned::to_owned),
        parts: parts.iter().map(|p| (p.element.as_str().to_owned(), p.have, p.of)).collect(),
        ..Told::default()
    };
    (told, made.and_then(|made| made.parse().ok()))
}

/// What a VEX document is about.
pub(crate) fn vex(document: &trimtab_decisions::vex::VexDocument) -> (Told, Option<Timestamp>) {
    let mut named: Vec<(String, bool)> = Vec::new();
    for statement in &document.statements {
        let stated = statement.status != VexStatus::UnderInvestigation;
        for id in std::iter::once(&statement.vulnerability).chain(&statement.aliases) {
            named.push((id.to_string(), stated));
        }
    }
    named.sort();
    named.dedup();
    named.truncate(NAMED);
    let told = Told {
        format: Some(document.format.as_str().to_owned()),
        author: document.author.as_deref().map(ToOwned::to_owned),
        statements: document.statements.len(),
        named,
        ..Told::default()
    };
    (told, document.statements.iter().filter_map(|statement| statement.at).max())
}

/// What is looked at of either format; of other members nothing is held.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Raw {
    bom_format: Value,
    spec_version: Value,
    metadata: Value,
    components: Vec<Listed>,
    dependencies: Vec<Depends>,
    spdx_version: Value,
    creation_info: Value,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    #[serde(rename = "bom-ref")]
    reference: Value,
    name: Value,
    version: Value,
    purl: Value,
    cpe: Value,
    swid: Value,
    supplier: Value,
    manufacturer: Value,
    publisher: Value,
    licenses: Value,
    hashes: Value,
    components: Vec<Listed>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Depends {
    r#ref: Value,
    depends_on: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: Value,
    name: Value,
    version_info: Value,
    supplier: Value,
    license_concluded: Value,
    license_declared: Value,
    checksums: Value,
    external_refs: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: Value,
    related_spdx_element: Value,
}

/// Whether a text says something.
fn says(value: &Value) -> bool {
    let said = value.as_str().map(str::trim);
    said.is_some_and(|text| !matches!(text, "" | "NOASSERTION" | "NONE" | "unknown"))
}

/// Whether there is something: a text that says something, a list or an object with something in it.
fn is_there(value: &Value) -> bool {
    match value {
        Value::Array(all) => !all.is_empty(),
        Value::Object(all) => !all.is_empty(),
        other => says(other),
    }
}

impl Raw {
    fn cyclonedx(&self) -> Sbom {
        let mut related: HashSet<&str> = HashSet::new();
        for depends in &self.dependencies {
            related.extend(depends.r#ref.as_str());
            let needed = depends.depends_on.as_array().into_iter().flatten();
            related.extend(needed.filter_map(Value::as_str));
        }
        let mut is = Sbom {
            author: ["authors", "manufacturer", "manufacture", "supplier"]
                .iter()
                .any(|member| is_there(&self.metadata[*member])),
            timestamp: says(&self.metadata["timestamp"]),
            components: Vec::new(),
        };
        let mut waiting: Vec<&Listed> = self.components.iter().collect();
        while let Some(one) = waiting.pop() {
            waiting.extend(&one.components);
            let id = one.reference.as_str().or_else(|| one.purl.as_str());
            is.components.push(Component {
                supplier: [&one.supplier, &one.manufacturer, &one.publisher]
                    .into_iter()
                    .any(is_there),
                name: says(&one.name),
                version: says(&one.version),
                identifier: [&one.purl, &one.cpe, &one.swid].into_iter().any(is_there),
                relationship: id.is_some_and(|id| related.contains(id)),
                licence: is_there(&one.licenses),
                hash: is_there(&one.hashes),
            });
        }
        is
    }

    fn spdx(&self) -> Sbom {
        let mut related: HashSet<&str> = HashSet::new();
        for relationship in &self.relationships {
            related.extend(relationship.spdx_element_id.as_str());
            related.extend(relationship.related_spdx_element.as_str());
        }
        let creators = self.creation_info["creators"].as_array().into_iter().flatten();
        let mut creators = creators.filter_map(Value::as_str);
        Sbom {
            author: creators
                .any(|who| who.starts_with("Organization:") || who.starts_with("Person:")),
            timestamp: says(&self.creation_info["created"]),
            components: self
                .packages
                .iter()
                .map(|one| Component {
                    supplier: says(&one.supplier),
                    name: says(&one.name),
                    version: says(&one.version_info),
                    identifier: is_there(&one.external_refs),
                    relationship: one.id.as_str().is_some_and(|id| related.contains(id)),
                    licence: says(&one.license_concluded) || says(&one.license_declared),
                    hash: is_there(&one.checksums),
                })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cyclonedx_document_is_looked_into() {
        let text = r#"{ "bomFormat": "CycloneDX", "specVersion": "1.5",
            "metadata": { "timestamp": "2026-03-01T09:00:00Z", "tools": [{ "name": "x" }] },
            "components": [
                { "bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1",
                  "supplier": { "name": "A" }, "licenses": [{ "license": { "id": "MIT" } }],
                  "components": [{ "name": "inner", "version": "" }] },
                { "bom-ref": "b", "name": "b", "version": "2", "hashes": [] }],
            "dependencies": [{ "ref": "a", "dependsOn": ["b"] }] }"#;
        let (told, made) = sbom(text.as_bytes());
        assert_eq!(told.format_words().as_deref(), Some("CycloneDX 1.5"));
        assert_eq!(made, Some("2026-03-01T09:00:00Z".parse().unwrap()));
        let have: Vec<(usize, usize)> =
            told.parts.iter().map(|(_, have, of)| (*have, *of)).collect();
        // Supplier, name, version, identifier, relationship, author, timestamp, licence, hash.
        let expected = [(1, 3), (3, 3), (2, 3), (1, 3), (2, 3), (0, 1), (1, 1), (1, 3), (0, 3)];
        assert_eq!(have, expected, "a tool is no author");
        assert!(told.quality().unwrap().score.is_some());
    }

    #[test]
    fn an_spdx_document_is_looked_into() {
        let text = r#"{ "spdxVersion": "SPDX-2.3",
            "creationInfo": { "created": "2026-03-01T09:00:00Z", "creators": ["Organization: A"] },
            "packages": [
                { "SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1", "supplier": "NOASSERTION",
                  "licenseConcluded": "NOASSERTION", "licenseDeclared": "MIT",
                  "checksums": [{ "algorithm": "SHA256", "checksumValue": "0" }],
                  "externalRefs": [{ "referenceType": "purl", "referenceLocator": "pkg:npm/a@1" }] }],
            "relationships": [{ "spdxElementId": "SPDXRef-DOCUMENT",
                "relatedSpdxElement": "SPDXRef-a", "relationshipType": "DESCRIBES" }] }"#;
        let (told, _) = sbom(text.as_bytes());
        assert_eq!(told.format(), Some((Format::Spdx, (2, 3))));
        assert_eq!(told.quality().unwrap().score, Some(88.0), "all but the supplier");
    }

    #[test]
    fn what_cannot_be_looked_into_is_unknown() {
        for text in ["", "{}", "[]", "{\"bomFormat\":\"CycloneDX\",\"components\":7}", "<bom/>"] {
            let (told, made) = sbom(text.as_bytes());
            assert_eq!((told.quality(), told.format(), made), (None, None, None), "{text}");
        }
        // Without components there is nothing to tell of.
        let (told, _) = sbom(br#"{ "bomFormat": "CycloneDX", "specVersion": "1.6" }"#);
        assert_eq!(told.quality().unwrap().score, None);
        let odd =
            br#"{ "bomFormat": "CycloneDX", "specVersion": 7, "components": [{ "name": 5 }] }"#;
        assert_eq!(sbom(odd).0.format(), None);
    }
}
