//! Syft's own JSON (schema versions 1–16 read the same in what matters here).
//!
//! Traps:
//! - `dependency-of` points from the part to the whole.
//! - Everything is contained in `source`, which says nothing about who asks for it.
//! - Relationships also link packages to files and by ownership of files; neither is a dependency.

use trimtab_model::{Code, Diagnostic, DocumentInfo, FileInventory, Hash, HashAlgorithm, Scope};

use super::cyclonedx::{self, Licence};
use super::sbom::{self, Bill, Entry, Link};
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "syft-json",
    title: "Syft JSON",
    family: None,
    kind: FormatKind::Sbom,
    names: "*.syft.json,syft.json,sbom.json,*.sbom.json",
    claims: |path| {
        sbom::named(
            path,
            &["syft.json", "sbom.json"],
            &[".syft.json", "-syft.json", "_syft.json", ".sbom.json", "-sbom.json", "_sbom.json"],
        )
    },
    sniff: Some(sniff),
    extract,
};

fn sniff(bytes: &[u8]) -> bool {
    sbom::top_level(bytes, "artifacts").is_some()
        && (sbom::top_level(bytes, "artifactRelationships").is_some()
            || sbom::top_level(bytes, "descriptor").is_some())
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Strict)?;
    let root = doc.root();
    let Some(artifacts) = root.get("artifacts").filter(|a| a.kind() == Kind::List) else {
        return Err(Diagnostic::new(Code::FileMalformed, "this is not a Syft document")
            .at_line(root.line())
            .help("a document of Syft has a list of `artifacts`"));
    };
    let mut bill = Bill::default();
    bill.document(document(root));
    let source = source(&mut bill, root);
    for artifact in artifacts.items() {
        let entry = artifact_entry(&mut bill, artifact);
        bill.add(entry);
    }
    for file in root.get("files").into_iter().flat_map(Value::items) {
        file.str("id").into_iter().for_each(|id| bill.other(id));
    }
    for relation in root.get("artifactRelationships").into_iter().flat_map(Value::items) {
        let ends = (relation.str("parent"), relation.str("child"), relation.str("type"));
        match ends {
            (Some(part), Some(whole), Some("dependency-of")) => {
                bill.link_ids(whole, part, Link::Needs(Scope::Unknown));
            }
            (Some(whole), Some(part), Some("contains")) if Some(whole) == source => {
                bill.link_ids(whole, part, Link::Contains);
            }
            _ => {}
        }
    }
    Ok(bill.finish())
}

/// The image or folder that was looked at: the project itself.
fn source<'d>(bill: &mut Bill<'d>, root: Value<'d>) -> Option<&'d str> {
    let source = root.get("source")?;
    let name = source
        .str("name")
        .or_else(|| source.path(&["metadata", "userInput"])?.as_str())
        .or_else(|| source.path(&["metadata", "path"])?.as_str())
        .or_else(|| source.path(&["target", "userInput"])?.as_str())
        .or_else(|| source.str("target"))
        .filter(|name| !name.is_empty())?;
    let id = source.str("id");
    bill.add(Entry {
        id,
        name: Some(name),
        version: source.str("version").filter(|v| !v.starts_with("sha256:")),
        line: source.line(),
        own: true,
        ..Entry::default()
    });
    id
}

fn artifact_entry<'d>(bill: &mut Bill<'d>, artifact: Value<'d>) -> Entry<'d> {
    let mut entry = Entry { line: artifact.line(), ..Entry::default() };
    for (key, value) in artifact.entries() {
        match key.as_str().unwrap_or_default() {
            "id" => entry.id = value.as_str(),
            "name" => entry.name = value.scalar(),
            "version" => entry.version = value.scalar(),
            "purl" => entry.purl = value.as_str(),
            "cpes" => {
                // Texts at first, objects since schema 15.
                let first = value.items().next();
                entry.cpe = first.and_then(|c| c.as_str().or_else(|| c.str("cpe")));
            }
            "licenses" => entry.licence = licences(value),
            "metadata" => metadata(bill, &mut entry, value),
            _ => {}
        }
    }
    entry
}

fn licences(list: Value<'_>) -> Option<Box<str>> {
    let all: Vec<Licence<'_>> = list
        .items()
        .filter_map(|item| {
            let expression = item.str("spdxExpression").filter(|e| !e.is_empty());
            Some(Licence {
                text: item.as_str().or(expression).or_else(|| item.str("value"))?,
                is_expression: expression.is_some(),
                is_concluded: item.str("type") == Some("concluded"),
            })
        })
        .collect();
    cyclonedx::licence(&all)
}

/// Digests stand in the metadata of the ecosystem's own cataloguer.
fn metadata<'d>(bill: &mut Bill<'d>, entry: &mut Entry<'d>, metadata: Value<'d>) {
    if let Some(text) = metadata.str("integrity") {
        entry.hashes.extend(Hash::from_integrity(text));
    }
    if let Some(h1) = metadata.str("h1Digest").and_then(|h| h.strip_prefix("h1:")) {
        entry.hashes.extend(Hash::from_base64(HashAlgorithm::GoH1, h1));
    }
    if let Some(sum) = metadata.str("checksum").filter(|c| c.len() == 64) {
        entry.hashes.extend(Hash::from_hex(HashAlgorithm::Sha256, sum));
    }
    for digest in metadata.get("digest").into_iter().flat_map(Value::items) {
        let (Some(name), Some(content)) = (digest.str("algorithm"), digest.str("value")) else {
            continue;
        };
        let algorithm = match name {
            "md5" => HashAlgorithm::Md5,
            "sha1" => HashAlgorithm::Sha1,
            "sha256" => HashAlgorithm::Sha256,
            "sha512" => HashAlgorithm::Sha512,
            _ => continue,
        };
        match Hash::from_hex(algorithm, content) {
            Some(hash) => entry.hashes.push(hash),
            None => bill.malformed(digest.line(), format!("a digest `{name}` cannot be read")),
        }
    }
}

fn document(root: Value<'_>) -> DocumentInfo {
    let mut info = DocumentInfo {
        format_version: root.path(&["schema", "version"]).and_then(Value::scalar).map(Into::into),
        ..DocumentInfo::default()
    };
    if let Some(name) = root.path(&["descriptor", "name"]).and_then(Value::as_str) {
        let version = root.path(&["descriptor", "version"]).and_then(Value::as_str);
        info.tools.push(match version {
            Some(version) => format!("{name} {version}").into(),
            None => name.into(),
        });
    }
    info.created = root.path(&["descriptor", "timestamp"]).and_then(Value::as_str).map(Into::into);
    info
}
