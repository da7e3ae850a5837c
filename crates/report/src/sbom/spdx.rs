//! SPDX 2.3 JSON (ISO/IEC 5962 and its successor).
//!
//! SPDX has no place for relation, scope, groups and the like: they stand in the package's comment,
//! one `trimtab:name=value` a line, and our reader takes them back. Free licence names become
//! `LicenseRef-` licences of the document. `created` must be there: see [`Options`].

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::{Map, Value, json};
use trimtab_model::scan::Scan;
use trimtab_model::{HashAlgorithm, Scope};

use super::Options;
use super::cyclonedx::lines;
use super::facts::{self, Digest, Licence};
use crate::distinct::{Distinct, Item, Root};

/// Writes a document without a timestamp of its own.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    write_with(scan, &Options::default(), out)
}

/// Writes a document.
///
/// # Errors
/// Writing fails.
pub fn write_with(scan: &Scan, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let distinct = Distinct::of(scan);
    let mut digest = Digest::default();
    document(scan, &distinct, options, "", &mut digest)?;
    document(scan, &distinct, options, &digest.uuid(), out)
}

fn document(
    scan: &Scan,
    distinct: &Distinct<'_>,
    options: &Options,
    uuid: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name = json!(facts::one_line(&scan.target));
    out.write_all(b"{\n\"spdxVersion\": \"SPDX-2.3\",\n\"dataLicense\": \"CC0-1.0\",\n")?;
    writeln!(out, "\"SPDXID\": \"SPDXRef-DOCUMENT\",\n\"name\": {name},")?;
    writeln!(out, "\"documentNamespace\": \"{}\",", namespace(scan, uuid))?;
    let info = json!({ "created": created(scan, options), "creators": creators(scan) });
    writeln!(out, "\"creationInfo\": {info},")?;
    let root = root(distinct);
    writeln!(out, "\"documentDescribes\": [{}],", json!(root))?;
    out.write_all(b"\"packages\": [")?;
    let target = (distinct.root == Root::Target).then(|| target(scan));
    let items = distinct.items.iter().map(|item| package(scan, item));
    lines(out, target.into_iter().chain(items))?;
    out.write_all(b"],\n")?;
    let licences = licences(distinct);
    if !licences.is_empty() {
        out.write_all(b"\"hasExtractedLicensingInfos\": [")?;
        lines(
            out,
            licences.iter().map(|(id, name)| match name {
                Some(name) => json!({ "licenseId": id, "name": name, "extractedText": name }),
                None => json!({ "licenseId": id, "extractedText": NO_TEXT }),
            }),
        )?;
        out.write_all(b"],\n")?;
    }
    out.write_all(b"\"relationships\": [")?;
    lines(out, relationships(distinct).map(|(from, kind, to)| {
        json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
    }))?;
    out.write_all(b"]\n}\n")
}

/// What stands for the text of a licence that a component only names.
pub(super) const NO_TEXT: &str = "The licence's text is not known";

/// The id of the scanned folder or file, where it is the root.
const TARGET: &str = "SPDXRef-Target";

pub(super) fn namespace(scan: &Scan, uuid: &str) -> String {
    format!("https://spdx.org/spdxdocs/{}-{uuid}", word(&scan.target))
}

/// A text with only the characters that an SPDX identifier may have.
fn word(text: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    text.chars().take(60).map(plain).collect()
}

pub(super) fn created(scan: &Scan, options: &Options) -> String {
    let data = || scan.index.as_ref()?.data_date.as_ref()?.parse::<jiff::Timestamp>().ok();
    let time = options.timestamp.or_else(data).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn creators(scan: &Scan) -> Vec<String> {
    let tool = format!("Tool: {}-{}", crate::TOOL, crate::TOOL_VERSION);
    let authors = facts::authors(scan).into_iter().map(|name| format!("Organization: {name}"));
    std::iter::once(tool).chain(authors).collect()
}

/// The id of an item.
pub(super) fn id(item: &Item<'_>) -> String {
    let digest = blake3::hash(item.id.as_bytes()).to_hex();
    format!("SPDXRef-{}-{}-{}", word(item.purl.purl_type()), word(item.purl.name()), &digest[..16])
}

/// The id of what the document describes.
pub(super) fn root(distinct: &Distinct<'_>) -> String {
    match distinct.root {
        Root::Own(at) => distinct.items.get(at as usize).map_or(TARGET.to_owned(), id),
        Root::Target => TARGET.to_owned(),
    }
}

fn target(scan: &Scan) -> Value {
    json!({
        "SPDXID": TARGET,
        "name": facts::one_line(&scan.target),
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "comment": "trimtab:root=folder",
    })
}

fn package(scan: &Scan, item: &Item<'_>) -> Value {
    let mut value = Map::new();
    let mut put = |key: &str, entry: Value| drop(value.insert(key.into(), entry));
    put("SPDXID", json!(id(item)));
    put("name", json!(facts::one_line(&crate::group::name(item.purl))));
    if let Some(version) = item.purl.version() {
        put("versionInfo", json!(facts::one_line(version)));
    }
    if let Some(supplier) = item.supplier {
        put("supplier", json!(format!("Organization: {}", facts::one_line(supplier))));
    }
    put("downloadLocation", json!(download(item)));
    put("filesAnalyzed", json!(false));
    let sums: Vec<Value> = checksums(item)
        .map(|(name, hex)| json!({ "algorithm": name, "checksumValue": hex }))
        .collect();
    if !sums.is_empty() {
        put("checksums", json!(sums));
    }
    put("licenseConcluded", json!("NOASSERTION"));
    put("licenseDeclared", json!(declared(item)));
    put("copyrightText", json!("NOASSERTION"));
    let references = references(item).into_iter().map(|(category, kind, locator)| {
        json!({ "referenceCategory": category, "referenceType": kind, "referenceLocator": locator })
    });
    put("externalRefs", references.collect());
    if let Some(places) = source_info(scan, item) {
        put("sourceInfo", json!(places));
    }
    put("comment", json!(comment(item)));
    Value::Object(value)
}

pub(super) fn download<'s>(item: &Item<'s>) -> &'s str {
    facts::reference(item).map_or("NOASSERTION", |(_, url)| url)
}

pub(super) fn checksums(item: &Item<'_>) -> impl Iterator<Item = (&'static str, String)> {
    item.hashes.iter().filter_map(|hash| {
        let name = match hash.algorithm {
            HashAlgorithm::Sha1 => "SHA1",
            HashAlgorithm::Sha224 => "SHA224",
            HashAlgorithm::Sha256 => "SHA256",
            HashAlgorithm::Sha384 => "SHA384",
            HashAlgorithm::Sha512 => "SHA512",
            HashAlgorithm::GoH1 => return None,
            other => other.as_str(),
        };
        Some((name, hash.hex()))
    })
}

fn licence_id(name: &str) -> String {
    format!("LicenseRef-{}", &blake3::hash(name.as_bytes()).to_hex()[..16])
}

pub(super) fn declared(item: &Item<'_>) -> String {
    match facts::licence(item) {
        Some(Licence::Expression(text)) => text.into_owned(),
        Some(Licence::Name(name)) => licence_id(&name),
        None => "NOASSERTION".to_owned(),
    }
}

/// The licences that the document must define: free names, and what expressions refer to.
pub(super) fn licences(distinct: &Distinct<'_>) -> BTreeMap<String, Option<String>> {
    let mut all = BTreeMap::new();
    for item in &distinct.items {
        match facts::licence(item) {
            Some(Licence::Name(name)) => {
                all.insert(licence_id(&name), Some(name.into_owned()));
            }
            Some(Licence::Expression(text)) => {
                let words = text.split([' ', '(', ')']).filter(|w| w.starts_with("LicenseRef-"));
                all.extend(words.map(|w| (w.to_owned(), None)));
            }
            None => {}
        }
    }
    all
}

pub(super) fn references(item: &Item<'_>) -> Vec<(&'static str, &'static str, String)> {
    let mut all = vec![("PACKAGE-MANAGER", "purl", item.purl_text().to_owned())];
    if let Some(cpe) = item.cpe.filter(|cpe| facts::is_cpe23(cpe)) {
        all.push(("SECURITY", "cpe23Type", cpe.to_owned()));
    }
    all
}

pub(super) fn source_info(scan: &Scan, item: &Item<'_>) -> Option<String> {
    let places = facts::places(scan, item).map(|(path, line)| match line {
        Some(line) => format!("{}:{line}", facts::one_line(path)).into(),
        None => facts::one_line(path),
    });
    let places = places.collect::<Vec<_>>().join(", ");
    (!places.is_empty()).then(|| format!("listed in {places}"))
}

pub(super) fn comment(item: &Item<'_>) -> String {
    let lines = facts::properties(item, false).into_iter().map(|(name, v)| format!("{name}={v}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Who depends on what. The scope of a direct dependency is told by the kind of relationship.
pub(super) fn relationships<'a>(
    distinct: &'a Distinct<'_>,
) -> impl Iterator<Item = (String, &'static str, String)> + 'a {
    let describes = std::iter::once(("SPDXRef-DOCUMENT".to_owned(), "DESCRIBES", root(distinct)));
    let target = distinct.from_target.iter().filter(|_| distinct.root == Root::Target);
    let target = target.filter_map(|to| {
        let item = distinct.items.get(*to as usize)?;
        Some(needs(TARGET.to_owned(), item, true))
    });
    let edges = distinct.edges.iter().filter_map(|(from, to)| {
        let (from, to) = (distinct.items.get(*from as usize)?, distinct.items.get(*to as usize)?);
        Some(needs(id(from), to, from.relation == trimtab_model::Relation::Own))
    });
    describes.chain(target).chain(edges)
}

fn needs(from: String, item: &Item<'_>, by_project: bool) -> (String, &'static str, String) {
    let kind = match item.scope {
        Scope::Test => "TEST_DEPENDENCY_OF",
        Scope::Development => "DEV_DEPENDENCY_OF",
        Scope::Build => "BUILD_DEPENDENCY_OF",
        Scope::Optional => "OPTIONAL_DEPENDENCY_OF",
        Scope::Runtime | Scope::Unknown => "DEPENDS_ON",
    };
    match kind {
        kind if by_project && kind != "DEPENDS_ON" => (id(item), kind, from),
        _ => (from, "DEPENDS_ON", id(item)),
    }
}
