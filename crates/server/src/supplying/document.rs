//! What a document of a supplier says of itself: its format, when it was made, and which elements its components carry.
//! `CycloneDX` (JSON, XML), SPDX 2 (JSON, tag-value) and SPDX 3 (JSON-LD) are looked into, by the same rules; of other
//! formats that the scanner reads this is unknown.

#[cfg(test)]
mod alike;
mod cyclonedx_xml;
mod json;
mod spdx;
mod spdx3;
mod spdx_tag;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trimtab_decisions::vex::VexDocument;
use trimtab_engine::supplier::obligations::{Format, Version, version};
use trimtab_engine::supplier::quality::{self, Element, Part, Quality, Sbom};
use trimtab_extract::read::text;
use trimtab_extract::registry;
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
    let is_xml = bytes.iter().find(|byte| byte.is_ascii_graphic()) == Some(&b'<');
    let (mut objects, mut members, mut lines) = (0usize, 0usize, 0usize);
    for byte in bytes {
        match byte {
            // Of an element both tags, and of an attribute the sign.
            b'<' | b'=' if is_xml => members += 1,
            b'{' if !is_xml => objects += 1,
            b',' | b'[' if !is_xml => members += 1,
            b'\n' => lines += 1,
            _ => {}
        }
    }
    objects <= OBJECTS && members <= MEMBERS && lines <= MEMBERS
}

/// When a document was made by its own word, if that may be.
fn made(at: Option<Timestamp>) -> Option<Timestamp> {
    at.filter(|at| at.as_second() >= FIRST)
}

/// What an SBOM says, whatever its format.
struct Said {
    format: Format,
    version: Option<Version>,
    /// When it was made.
    at: Option<Timestamp>,
    is: Sbom,
}

/// What an SBOM says of itself, and when it was made.
pub(crate) fn sbom(bytes: &[u8]) -> (Told, Option<Timestamp>) {
    let Some(said) = text::decode(bytes).ok().and_then(|text| read(&text)) else {
        return (Told::default(), None);
    };
    let parts = quality::of(&said.is).parts;
    let told = Told {
        format: Some(said.format.as_str().to_owned()),
        version: said.version.map(|(major, minor)| format!("{major}.{minor}")),
        parts: parts.iter().map(|p| (p.element.as_str().to_owned(), p.have, p.of)).collect(),
        ..Told::default()
    };
    (told, made(said.at))
}

/// Reads an SBOM by the reader of its format. `None`: there is none, or it cannot be read.
fn read(text: &str) -> Option<Said> {
    match registry::sniff(text.as_bytes()).map(|format| format.id) {
        Some("cyclonedx-xml") => cyclonedx_xml::read(text),
        Some("spdx-tag") => spdx_tag::read(text),
        Some("spdx3-json") => spdx3::read(text),
        _ => json::read(text),
    }
}

/// Whether a text says something.
fn says(text: &str) -> bool {
    !matches!(text.trim(), "" | "NOASSERTION" | "NONE" | "unknown")
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
        assert!(is_bounded(b"\xEF\xBB\xBF<bom a='{'><b/></bom>"));
        assert!(!is_bounded("<a/>".repeat(MEMBERS + 1).as_bytes()));
        assert!(!is_bounded("\n".repeat(MEMBERS + 1).as_bytes()));
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
