//! SPDX 2.2 and 2.3 as JSON; earlier 2.x documents read the same. See `spdx.rs` for the words,
//! `sbom.rs` for identity and relation. Files and snippets are no packages.

use trimtab_model::{Code, Diagnostic, FileInventory};

use super::sbom;
use super::spdx::{Document, Package};
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "spdx-json",
    title: "SPDX 2 JSON",
    family: None,
    kind: FormatKind::Sbom,
    names: "*.spdx.json,spdx.json,sbom.json,*.sbom.json,*.spdx",
    claims: |path| {
        let name = crate::view::file_name(path);
        sbom::named(
            path,
            &["spdx.json", "sbom.json"],
            &[
                ".spdx.json",
                "-spdx.json",
                "_spdx.json",
                ".sbom.json",
                "-sbom.json",
                "_sbom.json",
                ".spdx",
            ],
        ) || (name.starts_with(".spdx.") && name.ends_with(".json"))
    },
    sniff: Some(sniff),
    extract,
};

fn sniff(bytes: &[u8]) -> bool {
    sbom::top_level(bytes, "spdxVersion").is_some() || sbom::top_level(bytes, "SPDXID").is_some()
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Strict)?;
    read(doc.root())
}

/// Reads a document from its tree: JSON and YAML alike.
pub(super) fn read(root: Value<'_>) -> Result<FileInventory, Diagnostic> {
    let version = root.get("spdxVersion").and_then(Value::scalar);
    if root.kind() != Kind::Map || (version.is_none() && root.get("SPDXID").is_none()) {
        return Err(Diagnostic::new(Code::FileMalformed, "this is no SPDX document")
            .at_line(root.line())
            .help("an SPDX 2 document says which `spdxVersion` it follows"));
    }
    if let Some(other) = version.filter(|v| !v.starts_with("SPDX-2.")) {
        let message = format!("SPDX version `{}` is not read here", sbom::short(other));
        return Err(Diagnostic::new(Code::FormatVersion, message).at_line(root.line()));
    }
    let mut document = Document::new();
    document.id = root.str("SPDXID");
    document.info.format_version = version.map(Into::into);
    document.info.identifier = root.str("documentNamespace").map(Into::into);
    document.info.created =
        root.path(&["creationInfo", "created"]).and_then(Value::scalar).map(Into::into);
    for creator in root.path(&["creationInfo", "creators"]).into_iter().flat_map(Value::texts) {
        document.creator(creator);
    }
    let list = |key: &str| root.get(key).into_iter().flat_map(Value::items);
    for id in list("documentDescribes").filter_map(Value::as_str) {
        document.describes(id);
    }
    for licence in list("hasExtractedLicensingInfos") {
        if let (Some(id), Some(name)) = (licence.str("licenseId"), licence.str("name")) {
            document.licence(id, name);
        }
    }
    for item in list("files").chain(list("snippets")) {
        item.str("SPDXID").into_iter().for_each(|id| document.bill.other(id));
    }
    for value in list("packages") {
        if value.kind() == Kind::Map {
            package(&mut document, value);
        } else {
            document.bill.malformed(value.line(), "a package is not an object".to_owned());
        }
    }
    for value in list("relationships") {
        let (mut from, mut kind, mut to) = (None, None, None);
        for (key, value) in value.entries() {
            match key.as_str() {
                Some("spdxElementId") => from = value.as_str(),
                Some("relationshipType") => kind = value.as_str(),
                Some("relatedSpdxElement") => to = value.as_str(),
                _ => {}
            }
        }
        match (from, kind, to) {
            (Some(from), Some(kind), Some(to)) => document.relationship(from, kind, to),
            _ => document.bill.malformed(value.line(), "a relationship lacks an end".to_owned()),
        }
    }
    Ok(document.finish())
}

fn package<'d>(document: &mut Document<'d>, value: Value<'d>) {
    let mut package = Package { line: value.line(), ..Package::default() };
    for (key, value) in value.entries() {
        match key.as_str().unwrap_or_default() {
            "SPDXID" => package.id = value.as_str(),
            "name" => package.name = value.scalar(),
            "versionInfo" => package.version = value.scalar(),
            "supplier" => package.supplier = value.as_str(),
            "originator" => package.originator = value.as_str(),
            "downloadLocation" => package.download = value.as_str(),
            "licenseDeclared" => package.declared = value.as_str(),
            "licenseConcluded" => package.concluded = value.as_str(),
            "comment" => package.comment = value.as_str(),
            "externalRefs" => {
                for reference in value.items() {
                    let kind = reference.str("referenceType").unwrap_or_default();
                    if let Some(locator) = reference.str("referenceLocator") {
                        package.reference(kind, locator);
                    }
                }
            }
            "checksums" => {
                for sum in value.items() {
                    let name = sum.str("algorithm").unwrap_or_default();
                    let content = sum.get("checksumValue").and_then(Value::scalar);
                    if !package.checksum(name, content.unwrap_or_default()) {
                        let of = sbom::short(name);
                        let message = format!("a checksum `{of}` cannot be read");
                        document.bill.malformed(sum.line(), message);
                    }
                }
            }
            _ => {}
        }
    }
    document.package(package);
}
