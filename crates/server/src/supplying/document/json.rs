//! `CycloneDX` and SPDX 2 as JSON: the members that are looked at, without the rest in memory.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use trimtab_engine::supplier::obligations::{Format, version};
use trimtab_engine::supplier::quality::{Component, Sbom};

use super::{Said, says, spdx};

/// What a document says. `None`: it is of neither format, or cannot be read.
pub(super) fn read(text: &str) -> Option<Said> {
    let raw: Raw = serde_json::from_str(text).ok()?;
    let (format, number, at, is) = if raw.bom_format.text() == Some("CycloneDX") {
        let at = raw.metadata.as_ref().and_then(|of| of.timestamp.text());
        (Format::CycloneDx, raw.spec_version.text(), at, raw.cyclonedx())
    } else {
        let number = raw.spdx_version.text().and_then(spdx::number)?;
        let at = raw.creation_info.as_ref().and_then(|of| of.created.text());
        (Format::Spdx, Some(number), at, raw.spdx())
    };
    let at = at.and_then(|at| at.parse().ok());
    Some(Said { format, version: number.and_then(version), at, is })
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
    relationship_type: Text,
    related_spdx_element: Text,
}

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
        let packages: HashSet<&str> =
            self.packages.iter().filter_map(|one| one.id.text()).collect();
        let related = spdx::related(
            &packages,
            self.relationships.iter().map(|one| {
                let [from, kind, to] =
                    [&one.spdx_element_id, &one.relationship_type, &one.related_spdx_element]
                        .map(|text| text.text().unwrap_or_default());
                (from, kind, to)
            }),
        );
        let about = self.creation_info.as_ref();
        let creators = about.into_iter().flat_map(|of| of.creators.iter().flatten());
        Sbom {
            author: creators.filter_map(Text::text).any(spdx::is_author),
            timestamp: about.is_some_and(|of| of.created.says()),
            components: self
                .packages
                .iter()
                .map(|one| Component {
                    supplier: one.supplier.says(),
                    name: one.name.says(),
                    version: one.version_info.says(),
                    identifier: one
                        .external_refs
                        .iter()
                        .flatten()
                        .any(|of| of.reference_type.text().is_some_and(spdx::is_id)),
                    relationship: one.id.text().is_some_and(|id| related.contains(id)),
                    licence: one.license_concluded.says() || one.license_declared.says(),
                    hash: one.checksums.is_there(),
                })
                .collect(),
        }
    }
}
