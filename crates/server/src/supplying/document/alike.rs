//! The same software in every format that is looked into is told of alike.

use super::{Told, sbom};

const CYCLONEDX_JSON: &str = r#"{ "bomFormat": "CycloneDX", "specVersion": "1.6",
    "metadata": { "timestamp": "2026-03-01T09:00:00Z", "tools": [{ "name": "x" }],
        "manufacturer": { "name": "Acme" } },
    "components": [
        { "type": "library", "bom-ref": "a", "name": "a", "version": "1", "purl": "pkg:npm/a@1",
          "supplier": { "name": "Acme" }, "licenses": [{ "license": { "id": "MIT" } }],
          "hashes": [{ "alg": "SHA-1", "content": "da39a3ee5e6b4b0d3255bfef95601890afd80709" }] },
        { "type": "library", "bom-ref": "b", "name": "b", "version": "2",
          "components": [{ "type": "library", "bom-ref": "c", "name": "c" }] }],
    "dependencies": [{ "ref": "a", "dependsOn": ["b"] }] }"#;

const CYCLONEDX_XML: &str = r#"<?xml version="1.0"?>
<bom xmlns="http://cyclonedx.org/schema/bom/1.6">
  <metadata>
    <timestamp>2026-03-01T09:00:00Z</timestamp>
    <tools><tool><name>x</name></tool></tools>
    <manufacturer><name>Acme</name></manufacturer>
  </metadata>
  <components>
    <component type="library" bom-ref="a">
      <supplier><name>Acme</name></supplier>
      <name>a</name>
      <version>1</version>
      <hashes><hash alg="SHA-1">da39a3ee5e6b4b0d3255bfef95601890afd80709</hash></hashes>
      <licenses><license><id>MIT</id></license></licenses>
      <purl>pkg:npm/a@1</purl>
    </component>
    <component type="library" bom-ref="b">
      <name>b</name>
      <version>2</version>
      <components><component type="library" bom-ref="c"><name>c</name></component></components>
    </component>
  </components>
  <dependencies><dependency ref="a"><dependency ref="b"/></dependency></dependencies>
</bom>"#;

const SPDX_JSON: &str = r#"{ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
    "creationInfo": { "created": "2026-03-01T09:00:00Z",
        "creators": ["Tool: x", "Organization: Acme"] },
    "packages": [
        { "SPDXID": "SPDXRef-a", "name": "a", "versionInfo": "1",
          "supplier": "Organization: Acme", "licenseConcluded": "NOASSERTION",
          "licenseDeclared": "MIT", "checksums": [{ "algorithm": "SHA1",
              "checksumValue": "da39a3ee5e6b4b0d3255bfef95601890afd80709" }],
          "externalRefs": [{ "referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
              "referenceLocator": "pkg:npm/a@1" }] },
        { "SPDXID": "SPDXRef-b", "name": "b", "versionInfo": "2", "supplier": "NOASSERTION" },
        { "SPDXID": "SPDXRef-c", "name": "c", "licenseConcluded": "NOASSERTION" }],
    "files": [{ "SPDXID": "SPDXRef-f", "fileName": "./f" }],
    "relationships": [
        { "spdxElementId": "SPDXRef-DOCUMENT", "relatedSpdxElement": "SPDXRef-c",
          "relationshipType": "DESCRIBES" },
        { "spdxElementId": "SPDXRef-c", "relatedSpdxElement": "SPDXRef-f",
          "relationshipType": "CONTAINS" },
        { "spdxElementId": "SPDXRef-a", "relatedSpdxElement": "SPDXRef-b",
          "relationshipType": "DEPENDS_ON" }] }"#;

const SPDX_TAG: &str = "SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
Creator: Tool: x
Creator: Organization: Acme
Created: 2026-03-01T09:00:00Z

# The packages
PackageName: a
SPDXID: SPDXRef-a
PackageVersion: 1
PackageSupplier: Organization: Acme
PackageLicenseConcluded: NOASSERTION
PackageLicenseDeclared: MIT
PackageChecksum: SHA1: da39a3ee5e6b4b0d3255bfef95601890afd80709
ExternalRef: PACKAGE-MANAGER purl pkg:npm/a@1
PackageName: b
SPDXID: SPDXRef-b
PackageVersion: 2
PackageSupplier: NOASSERTION
PackageName: c
SPDXID: SPDXRef-c
PackageLicenseConcluded: NOASSERTION

FileName: ./f
SPDXID: SPDXRef-f

Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-c
Relationship: SPDXRef-c CONTAINS SPDXRef-f
Relationship: SPDXRef-a DEPENDS_ON SPDXRef-b
";

const SPDX_3: &str = r#"{ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
        { "type": "CreationInfo", "@id": "_:made", "specVersion": "3.0.1",
          "created": "2026-03-01T09:00:00Z", "createdBy": ["urn:acme"],
          "createdUsing": ["urn:x"] },
        { "type": "Tool", "spdxId": "urn:x", "name": "x" },
        { "type": "Organization", "spdxId": "urn:acme", "name": "Acme" },
        { "type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:made",
          "rootElement": ["urn:c"] },
        { "type": "software_Package", "spdxId": "urn:a", "name": "a",
          "software_packageVersion": "1", "suppliedBy": "urn:acme",
          "software_packageUrl": "pkg:npm/a@1",
          "verifiedUsing": [{ "type": "Hash", "algorithm": "sha1",
              "hashValue": "da39a3ee5e6b4b0d3255bfef95601890afd80709" }] },
        { "type": "software_Package", "spdxId": "urn:b", "name": "b",
          "software_packageVersion": "2", "externalIdentifier": [{ "type": "ExternalIdentifier",
              "externalIdentifierType": "email", "identifier": "b@acme.example" }] },
        { "type": "software_Package", "spdxId": "urn:c", "name": "c",
          "verifiedUsing": [{ "type": "PackageVerificationCode", "algorithm": "sha1",
              "hashValue": "da39a3ee5e6b4b0d3255bfef95601890afd80709" }] },
        { "type": "software_File", "spdxId": "urn:f", "name": "./f" },
        { "type": "simplelicensing_LicenseExpression", "spdxId": "urn:mit",
          "simplelicensing_licenseExpression": "MIT" },
        { "type": "Relationship", "spdxId": "urn:1", "from": "urn:a",
          "relationshipType": "hasDeclaredLicense", "to": ["urn:mit"] },
        { "type": "Relationship", "spdxId": "urn:2", "from": "urn:c",
          "relationshipType": "hasConcludedLicense",
          "to": ["https://spdx.org/rdf/3.0.1/terms/Licensing/NoAssertion"] },
        { "type": "Relationship", "spdxId": "urn:3", "from": "urn:d",
          "relationshipType": "describes", "to": ["urn:c"] },
        { "type": "Relationship", "spdxId": "urn:4", "from": "urn:c",
          "relationshipType": "contains", "to": ["urn:f"] },
        { "type": "LifecycleScopedRelationship", "spdxId": "urn:5", "from": "urn:a",
          "relationshipType": "dependsOn", "to": ["urn:b"] }] }"#;

const ALL: [(&str, &str); 5] = [
    (CYCLONEDX_JSON, "CycloneDX 1.6"),
    (CYCLONEDX_XML, "CycloneDX 1.6"),
    (SPDX_JSON, "SPDX 2.3"),
    (SPDX_TAG, "SPDX 2.3"),
    (SPDX_3, "SPDX 3.0"),
];

fn have(told: &Told) -> Vec<(usize, usize)> {
    told.parts.iter().map(|(_, have, of)| (*have, *of)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_software_scores_alike_in_every_format() {
        let at: jiff::Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
        // Supplier, name, version, identifier, relationship, author, timestamp, licence, hash.
        let expected = [(1, 3), (3, 3), (2, 3), (1, 3), (2, 3), (1, 1), (1, 1), (1, 3), (1, 3)];
        for (text, format) in ALL {
            for text in [text.to_owned(), format!("\u{feff}{text}")] {
                let (told, made) = sbom(text.as_bytes());
                assert_eq!(told.format_words().as_deref(), Some(format));
                assert_eq!((have(&told), made), (expected.to_vec(), Some(at)), "{format}");
                // 12 × (1 + 3 + 2 + 1 + 2) ÷ 3, twice 12, and 8 × (1 + 1) ÷ 3.
                let score = told.quality().unwrap().score.unwrap();
                assert!((score - (60.0 + 16.0 / 3.0)).abs() < 1e-9, "{format}: {score}");
            }
        }
    }

    #[test]
    fn what_says_nothing_is_missed_alike_in_every_format() {
        let expected = [(1, 3), (3, 3), (2, 3), (1, 3), (2, 3), (1, 1), (1, 1), (0, 3), (1, 3)];
        for (text, format) in ALL {
            let no_licence = text
                .replace("MIT", "NOASSERTION")
                .replace(r#"[{ "license": { "id": "NOASSERTION" } }]"#, "[]")
                .replace("<license><id>NOASSERTION</id></license>", "");
            let (told, _) = sbom(no_licence.as_bytes());
            assert_eq!(have(&told), expected, "{format}");
            // A time that cannot be is stated all the same.
            let (told, made) = sbom(text.replace("2026-03-01T09", "1999-03-01T09").as_bytes());
            assert_eq!((told.format_words().as_deref(), made), (Some(format), None));
            assert_eq!(have(&told)[6], (1, 1), "{format}");
        }
    }

    #[test]
    fn what_is_cut_or_hostile_is_unknown() {
        let types = CYCLONEDX_XML.replace("<bom ", "<!DOCTYPE bom [<!ENTITY a \"b\">]><bom ");
        let entity = CYCLONEDX_XML.replace("<name>c<", "<name>&c;<");
        let deep = CYCLONEDX_XML.replace("<tools>", &format!("<tools>{}", "<a>".repeat(5000)));
        let list = format!("\"@graph\": [{}", "[".repeat(5000));
        let nested = SPDX_3.replace("\"@graph\": [", &list);
        for text in [types, entity, deep, nested] {
            let (told, made) = sbom(text.as_bytes());
            assert_eq!((told.quality(), told.format(), made), (None, None, None));
        }
        for (text, format) in [ALL[0], ALL[1], ALL[2], ALL[4]] {
            let (told, _) = sbom(&text.as_bytes()[..text.len() - 20]);
            assert_eq!(told, Told::default(), "{format}");
        }
    }

    #[test]
    fn real_documents_of_the_same_software_score_alike() {
        let Some(shared) = trimtab_testkit::shared() else { return };
        let folder = shared.join("corpus/sbom");
        let (keycloak, laravel) = ("bom-examples/keycloak-10.0.2", "bom-examples/laravel-7.12.0");
        let spdx = "spdx-examples/software";
        for (folder_of, one, other, most) in [
            (keycloak, "bom.json", "bom.xml", 903),
            (laravel, "bom.1.2.json", "bom.1.2.xml", 62),
            (laravel, "bom.1.4.json", "bom.1.4.xml", 62),
            (spdx, "example1/spdx2.2/example1.spdx", "example1/spdx3.0/example1.json", 1),
            (spdx, "example4/spdx2.2/example4-bin.spdx", "example4/spdx3.0/example4-bin.json", 3),
            (spdx, "example6/spdx2.2/example6-lib.spdx", "example6/spdx3.0/example6-lib.json", 5),
            (
                spdx,
                "example10/spdx2.3/hello-source.spdx.json",
                "example10/spdx3.0/hello-source.spdx3.json",
                1,
            ),
        ] {
            let read = |name: &str| {
                let (told, made) = sbom(&std::fs::read(folder.join(folder_of).join(name)).unwrap());
                (have(&told), made)
            };
            let (parts, made) = read(one);
            assert_eq!(parts[1], (most, most), "{one}: each has a name");
            assert_eq!((parts, made), read(other), "{one}");
        }
    }
}
