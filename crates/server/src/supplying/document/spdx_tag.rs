//! SPDX 2 as tag-value, by the scanner's own reader of tags. See there for the traps.

use std::collections::HashSet;

use trimtab_engine::supplier::obligations::{Format, version};
use trimtab_engine::supplier::quality::{Component, Sbom};
use trimtab_extract::format::spdx_tag::Tags;

use super::{Said, says, spdx};

/// What a document says. `None`: it is no SPDX 2, or it is cut.
pub(super) fn read(text: &str) -> Option<Said> {
    let mut tags = Tags::of(text);
    let (mut number, mut created, mut author) = (None, None, false);
    let mut packages: Vec<(Option<&str>, Component)> = Vec::new();
    let mut relationships = Vec::new();
    // Whether an id is that of the last package.
    let mut in_package = false;
    for (_, tag) in tags.by_ref() {
        let Some((name, value)) = tag else { continue };
        match name {
            "SPDXVersion" => number = spdx::number(value),
            "Created" => created = Some(value),
            "Creator" => author |= spdx::is_author(value),
            "PackageName" => {
                let is = Component { name: says(value), ..Component::default() };
                packages.push((None, is));
                in_package = true;
            }
            "FileName" | "SnippetSPDXID" | "LicenseID" => in_package = false,
            "Relationship" => {
                let mut words = value.split_ascii_whitespace();
                if let (Some(from), Some(kind), Some(to)) =
                    (words.next(), words.next(), words.next())
                {
                    relationships.push((from, kind, to));
                }
            }
            _ => match packages.last_mut() {
                Some((id, _)) if name == "SPDXID" && in_package => *id = Some(value),
                Some((_, is)) => detail(is, name, value),
                None => {}
            },
        }
    }
    let number = number.filter(|_| !tags.is_cut())?;
    let ids: HashSet<&str> = packages.iter().filter_map(|(id, _)| *id).collect();
    let related = spdx::related(&ids, relationships.into_iter());
    let components = packages.into_iter().map(|(id, is)| Component {
        relationship: id.is_some_and(|id| related.contains(id)),
        ..is
    });
    let is =
        Sbom { author, timestamp: created.is_some_and(says), components: components.collect() };
    let at = created.and_then(|at| at.parse().ok());
    Some(Said { format: Format::Spdx, version: version(number), at, is })
}

/// Takes over a detail of a package.
fn detail(is: &mut Component, name: &str, value: &str) {
    match name {
        "PackageVersion" => is.version = says(value),
        "PackageSupplier" => is.supplier = says(value),
        "PackageLicenseConcluded" | "PackageLicenseDeclared" => is.licence |= says(value),
        "PackageChecksum" => is.hash |= says(value),
        // Category, type, locator.
        "ExternalRef" => {
            let kind = value.split_ascii_whitespace().nth(1);
            is.identifier |= kind.is_some_and(spdx::is_id);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_what_began_last() {
        let text = "SPDXVersion: SPDX-2.2\nSPDXID: SPDXRef-DOCUMENT\n\
            PackageName: a\nSPDXID: SPDXRef-a\nPackageComment: <text>PackageName: b\n\
            SPDXID: SPDXRef-b</text>\nPackageVersion: 1\n\
            FileName: ./f\nSPDXID: SPDXRef-f\nFileChecksum: SHA1: 00\n\
            Relationship: SPDXRef-a CONTAINS SPDXRef-f\nRelationship: SPDXRef-x\n";
        let said = read(text).unwrap();
        assert_eq!((said.version, said.at), (Some((2, 2)), None));
        let one = Component { name: true, version: true, ..Component::default() };
        assert_eq!(said.is.components, [one], "a file is nothing that is needed");
        let more = format!("{text}Relationship: SPDXRef-f BUILD_TOOL_OF SPDXRef-a\n");
        assert!(read(&more).unwrap().is.components[0].relationship);
    }

    #[test]
    fn what_is_cut_or_no_spdx_is_unknown() {
        let text = "SPDXVersion: SPDX-2.2\nPackageName: a\nPackageComment: <text>b\n";
        assert!(read(text).is_none());
        assert!(read(&format!("{text}</text>\n")).is_some());
        assert!(read("SPDXVersion: 2.2\nPackageName: a\n").is_none());
    }
}
