//! SPDX 3 as JSON-LD, in the compact form that the scanner reads. See there for the traps.
//!
//! What is a member in SPDX 2 is often an element of its own here: people, licences, the time. Only what is looked at
//! of each is kept, so that many who name the same element cost no more.

use std::collections::{HashMap, HashSet};

use trimtab_engine::supplier::obligations::{Format, version};
use trimtab_engine::supplier::quality::{Component, Sbom};
use trimtab_extract::read::json::{self, Flavour};
use trimtab_extract::read::tree::{Kind, Value};

use super::{Said, says};

/// The types of identifiers that are the same everywhere; others are addresses and advisories.
const IDS: [&str; 8] =
    ["packageUrl", "packageURL", "purl", "cpe22", "cpe23", "swid", "gitoid", "swhid"];
/// What listed licences begin with.
const LICENCES: &str = "https://spdx.org/licenses/";

/// What a document says. `None`: it is no SPDX 3, or cannot be read.
pub(super) fn read(text: &str) -> Option<Said> {
    let doc = json::parse(text, Flavour::Strict).ok()?;
    let root = doc.root();
    root.get("@context")?;
    let mut graph = Graph::default();
    for element in root.get("@graph")?.items() {
        graph.element(element);
    }
    graph.said()
}

/// What is looked at of an element that others name.
#[derive(Debug, Default)]
struct Known<'d> {
    kind: &'d str,
    is_named: bool,
    /// It is an expression of licences that says nothing.
    is_unsaid: bool,
    has_hash: bool,
}

#[derive(Debug, Default)]
struct Graph<'d> {
    elements: HashMap<&'d str, Known<'d>>,
    packages: Vec<(Option<&'d str>, Value<'d>)>,
    relationships: Vec<Value<'d>>,
    creations: Vec<(Option<&'d str>, Value<'d>)>,
    /// When and by whom the document was made: there, or by its id.
    made: Option<Value<'d>>,
}

/// Who stands in relationships of which kind.
#[derive(Debug, Default)]
struct Ends<'d> {
    related: HashSet<&'d str>,
    licensed: HashSet<&'d str>,
    hashed: HashSet<&'d str>,
}

impl<'d> Graph<'d> {
    fn element(&mut self, element: Value<'d>) {
        let (mut id, mut made, mut known) = (None, None, Known::default());
        for (key, value) in element.entries() {
            match key.as_str().unwrap_or_default() {
                "spdxId" | "@id" => id = value.as_str(),
                "type" | "@type" => known.kind = last(value.as_str().unwrap_or_default()),
                "name" => known.is_named = states(value),
                "simplelicensing_licenseExpression" => known.is_unsaid = !states(value),
                "verifiedUsing" => known.has_hash = several(value).any(is_hash),
                "creationInfo" => made = Some(value),
                _ => {}
            }
        }
        match known.kind {
            "Package" => self.packages.push((id, element)),
            "Relationship" | "LifecycleScopedRelationship" => self.relationships.push(element),
            "CreationInfo" => self.creations.push((id, element)),
            "SpdxDocument" => self.made = made,
            _ => {}
        }
        if let Some(id) = id {
            self.elements.insert(id, known);
        }
    }

    fn said(&self) -> Option<Said> {
        if self.elements.is_empty() {
            return None;
        }
        let made = self.made();
        let created = made.and_then(|of| of.str("created"));
        let by = made.and_then(|of| of.get("createdBy"));
        let is_author = |who: &str| {
            let known = self.elements.get(who);
            known.is_some_and(|of| of.is_named && matches!(of.kind, "Organization" | "Person"))
        };
        let ends = self.ends();
        let components = self.packages.iter().map(|(id, of)| self.component(*id, *of, &ends));
        let is = Sbom {
            author: by.is_some_and(|by| texts(by).any(is_author)),
            timestamp: created.is_some_and(says),
            components: components.collect(),
        };
        let number = made.and_then(|of| of.get("specVersion")?.scalar());
        let at = created.and_then(|at| at.parse().ok());
        Some(Said { format: Format::Spdx, version: number.and_then(version), at, is })
    }

    /// When and by whom the document was made: as it says itself, or the only one that anything was made by.
    fn made(&self) -> Option<Value<'d>> {
        let named = self.made.and_then(|made| match made.as_str() {
            Some(id) => self.creations.iter().find(|(is, _)| *is == Some(id)).map(|(_, of)| *of),
            None => Some(made).filter(|made| made.kind() == Kind::Map),
        });
        named.or(match self.creations.as_slice() {
            [(_, only)] => Some(*only),
            _ => None,
        })
    }

    fn ends(&self) -> Ends<'d> {
        let mut ends = Ends::default();
        for of in &self.relationships {
            let (Some(from), Some(to)) = (of.str("from"), of.get("to")) else { continue };
            let kind = of.str("relationshipType").unwrap_or_default();
            for to in texts(to) {
                match kind {
                    "hasDeclaredLicense" | "hasConcludedLicense" => {
                        ends.licensed.extend(Some(from).filter(|_| self.is_licence(to)));
                    }
                    "hasDistributionArtifact" => {
                        let file = self.elements.get(to).filter(|file| file.has_hash);
                        ends.hashed.extend(file.map(|_| from));
                    }
                    _ if self.is_between(from, kind, to) => ends.related.extend([from, to]),
                    _ => {}
                }
            }
        }
        ends
    }

    /// Whether a relationship tells what needs what. Which files a package has does not, nor does that the document
    /// describes it, nor what is known of licences and vulnerabilities.
    fn is_between(&self, from: &str, kind: &str, to: &str) -> bool {
        let kind_of = |id: &str| self.elements.get(id).map(|of| of.kind);
        let is_software = |id: &str| {
            // What is not in the document is of another one, or says that there is nothing.
            let software = ["Package", "File", "Snippet", "AIPackage", "DatasetPackage"];
            kind_of(id).is_none_or(|kind| software.contains(&kind))
        };
        let is_listing = kind == "contains" && matches!(kind_of(to), Some("File" | "Snippet"));
        kind != "describes" && !is_listing && is_software(from) && is_software(to)
    }

    /// Whether what a package is said to be under says something.
    fn is_licence(&self, id: &str) -> bool {
        let is_none = |word: &str| {
            matches!(last(word), "NoAssertion" | "NoAssertionLicense" | "None" | "NoneLicense")
        };
        match self.elements.get(id) {
            Some(of) => !of.is_unsaid && !is_none(of.kind) && !is_none(id),
            None => id.starts_with(LICENCES),
        }
    }

    fn component(&self, id: Option<&str>, package: Value<'d>, ends: &Ends<'d>) -> Component {
        let stands_in = |set: &HashSet<&str>| id.is_some_and(|id| set.contains(id));
        let is_named = |who: &str| self.elements.get(who).is_some_and(|of| of.is_named);
        let mut is = Component {
            relationship: stands_in(&ends.related),
            licence: stands_in(&ends.licensed),
            hash: stands_in(&ends.hashed),
            ..Component::default()
        };
        for (key, value) in package.entries() {
            match key.as_str().unwrap_or_default() {
                "name" => is.name = states(value),
                "software_packageVersion" => is.version = states(value),
                "software_packageUrl" => is.identifier |= states(value),
                "externalIdentifier" => {
                    is.identifier |= several(value).any(|of| is_id(of, "externalIdentifierType"));
                }
                "software_contentIdentifier" => {
                    let kind = "software_contentIdentifierType";
                    is.identifier |= several(value).any(|of| is_id(of, kind));
                }
                "suppliedBy" => is.supplier = texts(value).any(is_named),
                "verifiedUsing" => is.hash |= several(value).any(is_hash),
                _ => {}
            }
        }
        is
    }
}

/// The last part of a word, which may be written with the name of its profile or as an address.
fn last(word: &str) -> &str {
    word.rsplit(['/', '_']).next().unwrap_or(word)
}

fn states(value: Value<'_>) -> bool {
    value.as_str().is_some_and(says)
}

/// The text or texts of a member that holds one or several.
fn texts<'d>(value: Value<'d>) -> impl Iterator<Item = &'d str> {
    value.as_str().into_iter().chain(value.texts())
}

/// The object or objects of a member that holds one or several.
fn several<'d>(value: Value<'d>) -> impl Iterator<Item = Value<'d>> {
    Some(value).filter(|of| of.kind() == Kind::Map).into_iter().chain(value.items())
}

fn is_id(of: Value<'_>, kind: &str) -> bool {
    of.str(kind).is_some_and(|kind| IDS.contains(&kind))
}

/// A package's verification code has the same members and is no digest of an archive.
fn is_hash(of: Value<'_>) -> bool {
    let kind = of.str("type").or_else(|| of.str("@type")).unwrap_or_default();
    of.str("hashValue").is_some_and(says) && last(kind) != "PackageVerificationCode"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of the first package in a graph of these elements beside it.
    fn first(elements: &str) -> Component {
        let package = r#"{ "spdxId": "urn:a", "type": "software_Package", "name": "a" }"#;
        let text = format!(r#"{{ "@context": "x", "@graph": [{package}, {elements}] }}"#);
        read(&text).unwrap().is.components[0]
    }

    #[test]
    fn only_what_is_needed_is_a_relationship() {
        let others = r#"{ "spdxId": "urn:f", "type": "software_File", "name": "f",
                "verifiedUsing": [{ "type": "Hash", "algorithm": "sha1", "hashValue": "00" }] },
            { "spdxId": "urn:d", "type": "SpdxDocument" },
            { "spdxId": "urn:v", "type": "security_Vulnerability", "name": "v" }"#;
        for (from, kind, to, is_related) in [
            ("urn:a", "dependsOn", "urn:elsewhere", true),
            ("urn:f", "generates", "urn:a", true),
            ("urn:a", "dependsOn", "https://spdx.org/rdf/3.0.1/terms/Core/NoneElement", true),
            ("urn:a", "contains", "urn:f", false),
            ("urn:d", "describes", "urn:a", false),
            ("urn:a", "hasAssociatedVulnerability", "urn:v", false),
            ("urn:a", "hasDistributionArtifact", "urn:f", false),
        ] {
            let relationship = format!(
                r#"{{ "spdxId": "urn:r", "type": "Relationship", "from": "{from}",
                    "relationshipType": "{kind}", "to": ["{to}"] }}"#
            );
            let is = first(&format!("{others}, {relationship}"));
            assert_eq!(is.relationship, is_related, "{from} {kind} {to}");
            assert_eq!(is.hash, kind == "hasDistributionArtifact", "{kind}");
        }
    }

    #[test]
    fn a_licence_says_something() {
        let expression = |text: &str| {
            format!(
                r#"{{ "spdxId": "urn:l", "type": "simplelicensing_LicenseExpression",
                    "simplelicensing_licenseExpression": "{text}" }}"#
            )
        };
        for (to, text, says) in [
            ("urn:l", "MIT", true),
            ("urn:l", "NOASSERTION", false),
            ("https://spdx.org/licenses/MIT", "", true),
            ("urn:elsewhere", "", false),
            ("expandedlicensing_NoAssertionLicense", "", false),
        ] {
            let relationship = format!(
                r#"{{ "spdxId": "urn:r", "type": "Relationship", "from": "urn:a",
                    "relationshipType": "hasConcludedLicense", "to": ["{to}"] }}"#
            );
            let is = first(&format!("{}, {relationship}", expression(text)));
            assert_eq!((is.licence, is.relationship), (says, false), "{to} {text}");
        }
    }

    #[test]
    fn of_several_times_the_documents_own_counts() {
        let made = |of: &str, by: &str| {
            let text = format!(
                r#"{{ "@context": "x", "@graph": [
                {{ "@id": "_:1", "type": "CreationInfo", "specVersion": "3.0.1", "created": "2026-03-01T09:00:00Z" }},
                {{ "@id": "_:2", "type": "CreationInfo", "specVersion": "3.0.0", "created": "2026-04-01T09:00:00Z" }},
                {{ "spdxId": "urn:d", "type": "{of}", "creationInfo": {by} }}] }}"#
            );
            read(&text).unwrap().at.map(|at| at.to_string())
        };
        let second = Some("2026-04-01T09:00:00Z".to_owned());
        assert_eq!(made("SpdxDocument", r#""_:2""#), second);
        assert_eq!(made("SpdxDocument", r#"{ "created": "2026-04-01T09:00:00Z" }"#), second);
        assert_eq!(made("software_Sbom", r#""_:2""#), None, "nobody says which");
    }
}
