//! What a document of a supplier says of itself: its format, when it was made, and which elements its components carry.
//! `CycloneDX` and SPDX 2 as JSON are looked into; of other formats that the scanner reads this is unknown.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use trimtab_decisions::vex::VexDocument;
use trimtab_engine::supplier::obligations::{Format, Version, version};
use trimtab_engine::supplier::quality::{self, Component, Element, Part, Quality, Sbom};
use trimtab_model::evidence::VexStatus;
use trimtab_store::Supplied;

/// The most names of vulnerabilities that are kept of a VEX document, and how long they are together, in bytes.
const NAMED: usize = 2000;
const ALL_NAMED: usize = 64 << 10;
/// The longest name of a vulnerability, and of an author that is kept.
const LONGEST: usize = 200;
/// The most objects of a document, and the most members and lists: what is held of it is some times as large.
const OBJECTS: usize = 400_000;
const MEMBERS: usize = 2_000_000;
/// Before 2000 nobody made one.
const FIRST: i64 = 946_684_800;

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
    /// Whether it names more than is kept.
    pub(crate) cut: bool,
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

/// Whether what is held of a document is no more than a few times its bytes.
pub(crate) fn is_bounded(bytes: &[u8]) -> bool {
    let (mut objects, mut members) = (0usize, 0usize);
    for byte in bytes {
        match byte {
            b'{' => objects += 1,
            b',' | b'[' => members += 1,
            _ => {}
        }
    }
    objects <= OBJECTS && members <= MEMBERS
}

/// When a document was made by its own word, if that may be.
fn made(at: Option<Timestamp>) -> Option<Timestamp> {
    at.filter(|at| at.as_second() >= FIRST)
}

/// What an SBOM says of itself, and when it was made.
pub(crate) fn sbom(bytes: &[u8]) -> (Told, Option<Timestamp>) {
    let Ok(raw) = serde_json::from_slice::<Raw>(bytes) else {
        return (Told::default(), None);
    };
    let (format, number, at, is) = if raw.bom_format.text() == Some("CycloneDX") {
        let at = raw.metadata.as_ref().and_then(|of| of.timestamp.text());
        (Format::CycloneDx, raw.spec_version.text(), at, raw.cyclonedx())
    } else if let Some(number) = raw.spdx_version.text().and_then(|v| v.strip_prefix("SPDX-")) {
        let at = raw.creation_info.as_ref().and_then(|of| of.created.text());
        (Format::Spdx, Some(number), at, raw.spdx())
    } else {
        return (Told::default(), None);
    };
    let parts = quality::of(&is).parts;
    let number = number.and_then(version);
    let told = Told {
        format: Some(format.as_str().to_owned()),
        version: number.map(|(major, minor)| format!("{major}.{minor}")),
        parts: parts.iter().map(|p| (p.element.as_str().to_owned(), p.have, p.of)).collect(),
        ..Told::default()
    };
    (told, made(at.and_then(|at| at.parse().ok())))
}

/// The names that a VEX document gives to vulnerabilities.
fn names(document: &VexDocument) -> impl Iterator<Item = (&str, VexStatus)> {
    document.statements.iter().flat_map(|statement| {
        let ids = std::iter::once(&statement.vulnerability).chain(&statement.aliases);
        ids.map(move |id| (&**id, statement.status))
    })
}

/// Whether all names of vulnerabilities in a VEX document are such that they can be kept and looked for.
pub(crate) fn is_well_named(document: &VexDocument) -> bool {
    names(document).all(|(id, _)| id.len() <= LONGEST && !id.chars().any(char::is_control))
}

/// A name as sources write it: how letters are written makes no other vulnerability.
fn written(id: &str) -> String {
    match id.split_at_checked(5) {
        Some((start, rest)) if start.eq_ignore_ascii_case("ghsa-") => {
            format!("GHSA-{}", rest.to_ascii_lowercase())
        }
        Some((start, _)) if start.to_ascii_lowercase().starts_with("cve-") => {
            id.to_ascii_uppercase()
        }
        _ => id.to_owned(),
    }
}

/// What a VEX document is about.
pub(crate) fn vex(document: &VexDocument) -> (Told, Option<Timestamp>) {
    let stated = |status: VexStatus| status != VexStatus::UnderInvestigation;
    let mut named: Vec<(String, bool)> =
        names(document).map(|(id, status)| (written(id), stated(status))).collect();
    named.sort();
    named.dedup();
    let (all, mut long) = (named.len(), 0);
    named.truncate(NAMED);
    named.retain(|(id, _)| {
        long += id.len();
        long <= ALL_NAMED
    });
    let author = document.author.as_deref();
    let told = Told {
        format: Some(document.format.as_str().to_owned()),
        author: author.map(|author| author.chars().take(LONGEST).collect()),
        statements: document.statements.len(),
        cut: named.len() < all,
        named,
        ..Told::default()
    };
    (told, made(document.statements.iter().filter_map(|statement| statement.at).max()))
}

/// What is looked at of either format; of other members nothing is held.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Raw {
    bom_format: Text,
    spec_version: Text,
    metadata: Option<Metadata>,
    components: Vec<Listed>,
    dependencies: Vec<Depends>,
    spdx_version: Text,
    creation_info: Option<Creation>,
    packages: Vec<Package>,
    relationships: Vec<Relationship>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Metadata {
    timestamp: Text,
    authors: Found,
    manufacturer: Found,
    manufacture: Found,
    supplier: Found,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Listed {
    #[serde(rename = "bom-ref")]
    reference: Text,
    name: Found,
    version: Found,
    purl: Text,
    cpe: Found,
    swid: Found,
    supplier: Found,
    manufacturer: Found,
    publisher: Found,
    licenses: Found,
    hashes: Found,
    components: Vec<Listed>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Depends {
    r#ref: Text,
    depends_on: Option<Vec<Text>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Creation {
    created: Text,
    creators: Option<Vec<Text>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID")]
    id: Text,
    name: Found,
    version_info: Found,
    supplier: Found,
    license_concluded: Found,
    license_declared: Found,
    checksums: Found,
    external_refs: Option<Vec<Reference>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reference {
    reference_type: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Relationship {
    spdx_element_id: Text,
    related_spdx_element: Text,
}

/// The types of references of SPDX 2 that are ids; others are addresses and advisories.
const IDS: [&str; 6] = ["purl", "cpe22Type", "cpe23Type", "swid", "gitoid", "swh"];
/// What stands for the document itself in relationships of SPDX.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// A text, where a member is one.
#[derive(Debug, Default)]
struct Text(Option<Box<str>>);

/// What is there; more of it is not held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Found {
    /// Nothing, or nothing that says something.
    #[default]
    Nothing,
    /// A text that says something.
    Text,
    /// A list or an object with something in it.
    Inside,
}

impl Text {
    fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }

    fn says(&self) -> bool {
        self.text().is_some_and(says)
    }
}

impl Found {
    /// Whether it is a text that says something.
    fn says(self) -> bool {
        self == Found::Text
    }

    fn is_there(self) -> bool {
        self != Found::Nothing
    }
}

/// Whether a text says something.
fn says(text: &str) -> bool {
    !matches!(text.trim(), "" | "NOASSERTION" | "NONE" | "unknown")
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        from.deserialize_any(Look).map(|(text, _)| Text(text))
    }
}

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Found, D::Error> {
        from.deserialize_any(Look).map(|(text, inside)| match text {
            Some(text) if says(&text) => Found::Text,
            None if inside => Found::Inside,
            _ => Found::Nothing,
        })
    }
}

/// A value as its text, or whether there is something in it.
struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = (Option<Box<str>>, bool);

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("any value")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok((None, false))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok((None, false))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok((None, false))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok((None, false))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok((None, false))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok((Some(text.into()), false))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut inside = false;
        while all.next_element::<IgnoredAny>()?.is_some() {
            inside = true;
        }
        Ok((None, inside))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
        let mut inside = false;
        while all.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            inside = true;
        }
        Ok((None, inside))
    }
}

impl Raw {
    fn cyclonedx(&self) -> Sbom {
        let mut related: HashSet<&str> = HashSet::new();
        for depends in &self.dependencies {
            related.extend(depends.r#ref.text());
            let needed = depends.depends_on.iter().flatten();
            related.extend(needed.filter_map(Text::text));
        }
        let about = self.metadata.as_ref();
        let mut is = Sbom {
            author: about.is_some_and(|of| {
                [of.authors, of.manufacturer, of.manufacture, of.supplier]
                    .into_iter()
                    .any(Found::is_there)
            }),
            timestamp: about.is_some_and(|of| of.timestamp.says()),
            components: Vec::new(),
        };
        let mut waiting: Vec<&Listed> = self.components.iter().collect();
        while let Some(one) = waiting.pop() {
            waiting.extend(&one.components);
            let id = one.reference.text().or_else(|| one.purl.text());
            is.components.push(Component {
                supplier: [one.supplier, one.manufacturer, one.publisher]
                    .into_iter()
                    .any(Found::is_there),
                name: one.name.says(),
                version: one.version.says(),
                identifier: one.purl.says() || one.cpe.is_there() || one.swid.is_there(),
                relationship: id.is_some_and(|id| related.contains(id)),
                licence: one.licenses.is_there(),
                hash: one.hashes.is_there(),
            });
        }
        is
    }

    fn spdx(&self) -> Sbom {
        let mut related: HashSet<&str> = HashSet::new();
        for relationship in &self.relationships {
            let ends = [&relationship.spdx_element_id, &relationship.related_spdx_element];
            // That the document describes it tells of nothing that it needs.
            if ends.iter().all(|end| end.text() != Some(DOCUMENT)) {
                related.extend(ends.into_iter().filter_map(Text::text));
            }
        }
        let about = self.creation_info.as_ref();
        let creators = about.into_iter().flat_map(|of| of.creators.iter().flatten());
        let mut creators = creators.filter_map(Text::text);
        let is_id = |of: &Reference| of.reference_type.text().is_some_and(|is| IDS.contains(&is));
        Sbom {
            author: creators
                .any(|who| who.starts_with("Organization:") || who.starts_with("Person:")),
            timestamp: about.is_some_and(|of| of.created.says()),
            components: self
                .packages
                .iter()
                .map(|one| Component {
                    supplier: one.supplier.says(),
                    name: one.name.says(),
                    version: one.version_info.says(),
                    identifier: one.external_refs.iter().flatten().any(is_id),
                    relationship: one.id.text().is_some_and(|id| related.contains(id)),
                    licence: one.license_concluded.says() || one.license_declared.says(),
                    hash: one.checksums.is_there(),
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
        assert_eq!(
            told.quality().unwrap().score,
            Some(76.0),
            "no supplier, and nothing in a relationship"
        );
    }

    #[test]
    fn an_address_is_no_id() {
        let text = r#"{ "spdxVersion": "SPDX-2.3.1", "creationInfo": null, "packages": [
            { "SPDXID": "SPDXRef-a", "name": ["a"], "externalRefs": [{ "referenceType": "url" }] },
            { "SPDXID": "SPDXRef-b", "name": "b", "externalRefs": null }],
            "relationships": [{ "spdxElementId": "SPDXRef-a", "relatedSpdxElement": "SPDXRef-b" }] }"#;
        let (told, _) = sbom(text.as_bytes());
        assert_eq!(told.version.as_deref(), Some("2.3"));
        let have: Vec<usize> = told.parts.iter().map(|(_, have, _)| *have).collect();
        assert_eq!(have, [0, 1, 0, 0, 2, 0, 0, 0, 0]);
    }

    #[test]
    fn a_time_that_cannot_be_is_unknown() {
        for time in ["-009999-01-02T01:59:59Z", "1999-12-31T23:59:59Z", "soon"] {
            let text = format!(
                r#"{{ "bomFormat": "CycloneDX", "specVersion": "1.5.x",
                    "metadata": {{ "timestamp": "{time}" }} }}"#
            );
            let (told, made) = sbom(text.as_bytes());
            assert_eq!((told.version, made), (None, None), "{time}");
        }
    }

    #[test]
    fn what_would_be_large_is_not_looked_into() {
        assert!(is_bounded(br#"{ "components": [{}, {}] }"#));
        assert!(!is_bounded("{},".repeat(OBJECTS + 1).as_bytes()));
        assert!(!is_bounded("0,".repeat(MEMBERS + 1).as_bytes()));
    }

    #[test]
    fn names_of_vulnerabilities_are_kept_as_sources_write_them() {
        let of = |name: &str| {
            let text = serde_json::json!({ "@context": "https://openvex.dev/ns/v0.2.0",
                "@id": "https://northwind.example/vex/1", "author": "Northwind",
                "timestamp": "2026-01-01T00:00:00Z", "version": 1,
                "statements": [{ "vulnerability": { "name": name },
                    "products": [{ "@id": "pkg:npm/moment" }], "status": "fixed" }] })
            .to_string();
            trimtab_decisions::vex::read(text.as_bytes()).0.unwrap()
        };
        let (told, _) = vex(&of("cve-2026-1"));
        assert_eq!((told.named, told.cut), (vec![("CVE-2026-1".to_owned(), true)], false));
        assert_eq!(written("ghsa-ABCD-efgh-ijkl"), "GHSA-abcd-efgh-ijkl");
        assert_eq!(written("x"), "x");
        assert!(is_well_named(&of("CVE-2026-1")));
        assert!(!is_well_named(&of("CVE-2026-1\u{0}")));
        assert!(!is_well_named(&of(&"x".repeat(LONGEST + 1))));
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
