//! CycloneDX JSON, 1.2–1.7 (ECMA-424). See `cyclonedx.rs` for the words, `sbom.rs` for identity
//! and relation.
//!
//! Components inside components count like any other, with an edge from the outer one. Services
//! are counted and left out. Later versions only add, so an unknown version is read as well.

use trimtab_model::{Code, Diagnostic, DocumentInfo, FileInventory};

use super::cyclonedx::{self, Licence};
use super::sbom::{self, Bill, Entry, Link};
use crate::read::json::{self, Flavour};
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "cyclonedx-json",
    title: "CycloneDX JSON",
    family: None,
    kind: FormatKind::Sbom,
    names: "bom.json,*.bom.json,*.cdx.json,*.cyclonedx.json,sbom.json,*.sbom.json",
    claims: |path| {
        sbom::named(
            path,
            &["bom.json", "cyclonedx.json", "cdx.json", "sbom.json"],
            &[
                ".bom.json",
                "-bom.json",
                "_bom.json",
                ".cdx.json",
                "-cdx.json",
                "_cdx.json",
                ".cyclonedx.json",
                "-cyclonedx.json",
                "_cyclonedx.json",
                ".sbom.json",
                "-sbom.json",
                "_sbom.json",
                ".cdx",
            ],
        )
    },
    sniff: Some(sniff),
    extract,
};

fn sniff(bytes: &[u8]) -> bool {
    sbom::top_level(bytes, "bomFormat") == Some(b"CycloneDX")
        || sbom::top_level(bytes, "$schema")
            .is_some_and(|s| s.starts_with(b"http://cyclonedx.org/schema/bom"))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = json::parse(&text, Flavour::Strict)?;
    let root = doc.root();
    let is_bom = root.str("bomFormat") == Some("CycloneDX")
        || (root.get("specVersion").is_some() && root.get("components").is_some());
    if !is_bom {
        return Err(Diagnostic::new(Code::FileMalformed, "this is no CycloneDX document")
            .at_line(root.line())
            .help("a CycloneDX document says \"bomFormat\": \"CycloneDX\""));
    }
    let mut bill = Bill::default();
    bill.document(document(root));
    if let Some(product) = root.path(&["metadata", "component"]) {
        if is_folder(product) {
            product.str("bom-ref").into_iter().for_each(|id| bill.other(id));
        } else {
            components(&mut bill, std::iter::once(product), true);
        }
    }
    if let Some(list) = root.get("components") {
        components(&mut bill, list.items(), false);
    }
    services(&mut bill, root);
    for dependency in root.get("dependencies").into_iter().flat_map(Value::items) {
        let Some(from) = dependency.str("ref") else { continue };
        for to in dependency.get("dependsOn").into_iter().flat_map(Value::texts) {
            bill.link_ids(from, to, Link::Needs(trimtab_model::Scope::Unknown));
        }
    }
    Ok(bill.finish())
}

/// Whether the document is about a folder that we scanned ourselves, not about a package.
fn is_folder(product: Value<'_>) -> bool {
    properties(product).any(|(name, value)| name == "trimtab:root" && value == "folder")
}

fn properties<'d>(value: Value<'d>) -> impl Iterator<Item = (&'d str, &'d str)> {
    let list = value.get("properties").into_iter().flat_map(Value::items);
    list.filter_map(|p| Some((p.str("name")?, p.str("value")?)))
}

/// Adds components and those inside them, in the order of the document, without recursion.
fn components<'d>(bill: &mut Bill<'d>, top: impl Iterator<Item = Value<'d>>, own: bool) {
    let mut waiting: Vec<(Value<'d>, Option<u32>)> = top.map(|c| (c, None)).collect();
    waiting.reverse();
    while let Some((value, parent)) = waiting.pop() {
        if value.kind() != Kind::Map {
            bill.malformed(value.line(), "a component is not an object".to_owned());
            continue;
        }
        let mut entry = Entry { line: value.line(), own, ..Entry::default() };
        let inner = fill(bill, &mut entry, value);
        // A document may list its product once more among its components.
        let product = entry
            .id
            .filter(|_| !own && parent.is_none())
            .and_then(|id| bill.position(id).filter(|at| bill.is_own(*at)));
        let position = product.or_else(|| bill.add(entry));
        if let (Some(from), Some(to)) = (parent, position) {
            bill.link(from, to, Link::Contains);
        }
        if let Some(inner) = inner {
            let first = waiting.len();
            waiting.extend(inner.items().map(|c| (c, position)));
            waiting[first..].reverse();
        }
    }
}

/// Reads one component; gives back the list of those inside it.
fn fill<'d>(bill: &mut Bill<'d>, entry: &mut Entry<'d>, value: Value<'d>) -> Option<Value<'d>> {
    let (mut inner, mut props, mut scope, mut evidence) = (None, None, None, None);
    let (mut publisher, mut supplier, mut manufacturer, mut author) = (None, None, None, None);
    for (key, value) in value.entries() {
        match key.as_str().unwrap_or_default() {
            "bom-ref" => entry.id = value.as_str(),
            "purl" => entry.purl = value.as_str(),
            "group" => entry.group = value.as_str(),
            "name" => entry.name = value.scalar(),
            "version" => entry.version = value.scalar(),
            "versionRange" => entry.requirement = value.as_str(),
            "cpe" => entry.cpe = value.as_str(),
            "scope" => scope = value.as_str(),
            "hashes" => hashes(bill, entry, value),
            "licenses" => entry.licence = licence(value),
            "supplier" => supplier = value.str("name"),
            "manufacturer" => manufacturer = value.str("name"),
            "publisher" => publisher = value.as_str(),
            "author" => author = value.as_str(),
            "externalReferences" => references(entry, value),
            "evidence" => evidence = value.get("licenses"),
            "properties" => props = Some(value),
            "components" => inner = Some(value),
            _ => {}
        }
    }
    entry.scope = cyclonedx::scope(scope);
    entry.supplier = [supplier, manufacturer, publisher, author]
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty());
    if entry.licence.is_none() {
        entry.licence = evidence.and_then(licence);
    }
    for property in props.into_iter().flat_map(Value::items) {
        if let (Some(name), Some(value)) = (property.str("name"), property.str("value")) {
            cyclonedx::property(entry, name, value);
            entry.own |= entry.purl.is_none() && cyclonedx::is_listing_file(name, value);
        }
    }
    inner
}

fn hashes<'d>(bill: &mut Bill<'d>, entry: &mut Entry<'d>, list: Value<'d>) {
    for item in list.items() {
        let name = item.str("alg").unwrap_or_default();
        let content = item.str("content").unwrap_or_default();
        match cyclonedx::hash(name, content) {
            Some(hash) => entry.hashes.push(hash),
            None if cyclonedx::is_other_hash(name) => {}
            None => {
                let of = sbom::short(name);
                bill.malformed(item.line(), format!("a hash `{of}` cannot be read"));
            }
        }
    }
}

fn licence(list: Value<'_>) -> Option<Box<str>> {
    let all: Vec<Licence<'_>> = list
        .items()
        .filter_map(|item| {
            let inner = item.get("license").unwrap_or(item);
            let expression = item.str("expression").or_else(|| inner.str("id"));
            let is_concluded = inner.str("acknowledgement") == Some("concluded");
            Some(Licence {
                text: expression.or_else(|| inner.str("name"))?,
                is_expression: expression.is_some(),
                is_concluded,
            })
        })
        .collect();
    cyclonedx::licence(&all)
}

fn references(entry: &mut Entry<'_>, list: Value<'_>) {
    let mut all = list.items();
    let distribution = all.find(|r| r.str("type") == Some("distribution"));
    if let Some(url) = distribution.and_then(|r| r.str("url")).filter(|u| !u.is_empty()) {
        entry.distribution(url);
    }
}

/// Counts services and notes their identifiers, which dependencies may name.
fn services<'d>(bill: &mut Bill<'d>, root: Value<'d>) {
    let Some(list) = root.get("services") else { return };
    let (mut count, mut waiting) = (0, vec![list]);
    while let Some(list) = waiting.pop() {
        for service in list.items() {
            count += 1;
            service.str("bom-ref").into_iter().for_each(|id| bill.other(id));
            waiting.extend(service.get("services"));
        }
    }
    bill.ignored(count, "service", list.line());
}

fn document(root: Value<'_>) -> DocumentInfo {
    let mut info = DocumentInfo {
        format_version: root.get("specVersion").and_then(Value::scalar).map(Into::into),
        identifier: root.str("serialNumber").map(Into::into),
        ..DocumentInfo::default()
    };
    let Some(metadata) = root.get("metadata") else { return info };
    info.created = metadata.str("timestamp").map(Into::into);
    let items = |key: &str| metadata.get(key).into_iter().flat_map(Value::items);
    let people = items("authors").filter_map(|a| a.str("name").or_else(|| a.str("email")));
    let firms = ["manufacturer", "manufacture", "supplier"];
    let firms = firms.iter().filter_map(|key| metadata.get(key)?.str("name"));
    info.authors = people.chain(firms).filter(|n| !n.is_empty()).map(Into::into).collect();
    let tools = metadata.path(&["tools", "components"]).or_else(|| metadata.get("tools"));
    info.tools = tools
        .into_iter()
        .flat_map(Value::items)
        .filter_map(|tool| {
            let name = tool.str("name")?;
            Some(match tool.get("version").and_then(Value::scalar) {
                Some(version) => format!("{name} {version}").into(),
                None => name.into(),
            })
        })
        .collect();
    info.contexts = items("lifecycles")
        .filter_map(|l| l.str("phase").or_else(|| l.str("name")))
        .map(Into::into)
        .collect();
    info
}
