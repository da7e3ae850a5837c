//! Gradle's `verification-metadata.xml`: the artefacts that a build may use, with checksums.
//!
//! Follows the Gradle manual, "Verifying dependencies" and its schema `dependency-verification`.
//! The list grows with every artefact that was ever resolved, build plugins and parent poms
//! included, and Gradle removes nothing from it by itself: it is what may be used, its scope
//! unknown. A component of which only a pom is listed is marked `type=pom`: it holds no code.

use std::collections::HashMap;

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Hash, HashAlgorithm, Purl,
};

use crate::read::xml::{self, Element};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "gradle-verification-metadata",
    title: "Gradle verification metadata",
    family: Some(Family::Maven),
    kind: FormatKind::Lockfile,
    names: "verification-metadata.xml",
    claims: |path| view::file_name(path) == "verification-metadata.xml",
    sniff: Some(|bytes| contains(bytes, b"<verification-metadata")),
    extract,
};

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let head = bytes.get(..4096).unwrap_or(bytes);
    head.windows(needle.len()).any(|window| window == needle)
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = xml::decode(view.bytes)?;
    let doc = xml::parse(&text)?;
    let root = doc.root();
    if root.name() != "verification-metadata" {
        return Err(Diagnostic::new(
            Code::FileMalformed,
            "the XML is not Gradle's `verification-metadata`",
        )
        .at_line(root.line()));
    }
    let mut out = FileInventory::default();
    let mut seen: HashMap<Purl, u32> = HashMap::new();
    for entry in root.all("components").flat_map(|list| list.all("component")) {
        let stated = |name| entry.attribute(name).map(str::trim).filter(|v| !v.is_empty());
        let (Some(group), Some(name), Some(version)) =
            (stated("group"), stated("name"), stated("version"))
        else {
            out.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    "a component lacks one of `group`, `name` and `version`",
                )
                .at_line(entry.line()),
            );
            continue;
        };
        let artefacts =
            || entry.all("artifact").filter_map(|a| a.attribute("name").map(|n| (a, n)));
        let is_description = |name: &str| name.ends_with(".pom") || name.ends_with(".module");
        let mut purl = Purl::new("maven", Some(group), name).with_version(version);
        if artefacts().next().is_some() && artefacts().all(|(_, n)| is_description(n)) {
            purl = purl.with_qualifier("type", "pom");
        }
        let at = *seen.entry(purl.clone()).or_insert_with(|| {
            let mut component = Component::new(purl);
            component.line = Some(entry.line());
            out.add(component)
        });
        let stem = format!("{name}-{version}.");
        if let Some(component) = out.components.get_mut(at as usize) {
            // The component's own archive; sources, variants and descriptions have other names.
            for (artefact, _) in
                artefacts().filter(|(_, n)| n.starts_with(&stem) && !is_description(n))
            {
                component.hashes.extend(checksums(artefact));
            }
            component.hashes.sort();
            component.hashes.dedup();
        }
    }
    Ok(out)
}

/// The checksums of an artefact, with those that are trusted as well.
fn checksums(artefact: Element<'_>) -> impl Iterator<Item = Hash> {
    artefact.children().flat_map(|sum| {
        let algorithm = match sum.name() {
            "md5" => Some(HashAlgorithm::Md5),
            "sha1" => Some(HashAlgorithm::Sha1),
            "sha256" => Some(HashAlgorithm::Sha256),
            "sha512" => Some(HashAlgorithm::Sha512),
            _ => None,
        };
        let trusted = sum.all("also-trust").filter_map(|t| t.attribute("value"));
        let values = sum.attribute("value").into_iter().chain(trusted);
        values.filter_map(move |value| Hash::from_hex(algorithm?, value)).collect::<Vec<_>>()
    })
}
