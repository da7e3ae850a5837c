//! CycloneDX XML, 1.0–1.7. See `cyclonedx.rs` for the words, `sbom.rs` for identity and relation.
//!
//! Versions 1.0 and 1.1 have no metadata and no `dependencies`; generators of 1.1 write the graph
//! as an extension under another prefix, which reads the same. Namespaces only tell that the
//! document is CycloneDX.

use trimtab_model::{Code, Diagnostic, DocumentInfo, FileInventory, Scope};

use super::cyclonedx::{self, Licence};
use super::sbom::{self, Bill, Entry, Link};
use crate::read::xml::{self, Element};
use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "cyclonedx-xml",
    title: "CycloneDX XML",
    family: None,
    kind: FormatKind::Sbom,
    names: "bom.xml,*.bom.xml,*.cdx.xml,*.cyclonedx.xml,sbom.xml,*.sbom.xml",
    claims: |path| {
        sbom::named(
            path,
            &["bom.xml", "cyclonedx.xml", "cdx.xml", "sbom.xml"],
            &[
                ".bom.xml",
                "-bom.xml",
                "_bom.xml",
                ".cdx.xml",
                "-cdx.xml",
                "_cdx.xml",
                ".cyclonedx.xml",
                "-cyclonedx.xml",
                "_cyclonedx.xml",
                ".sbom.xml",
                "-sbom.xml",
                "_sbom.xml",
            ],
        )
    },
    sniff: Some(sniff),
    extract,
};

const NAMESPACE: &str = "cyclonedx.org/schema/bom";

fn sniff(bytes: &[u8]) -> bool {
    // The namespace stands on the document's element; what comes before is short.
    let head = bytes.get(..8192).unwrap_or(bytes);
    let first = head.iter().position(|b| !b.is_ascii_whitespace() && b.is_ascii());
    let is_xml = first.and_then(|at| head.get(at)) == Some(&b'<');
    is_xml && head.windows(NAMESPACE.len()).any(|w| w == NAMESPACE.as_bytes())
}

/// The version of a document, out of the namespace of its element. `None`: it is no CycloneDX.
pub fn version(root: Element<'_>) -> Option<&str> {
    let mut namespaces = root
        .attributes()
        .filter(|(name, _)| *name == "xmlns" || name.starts_with("xmlns:"))
        .filter_map(|(_, value)| value.split_once(NAMESPACE));
    let (_, version) = namespaces.next().filter(|_| root.name() == "bom")?;
    Some(version.trim_matches('/'))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = xml::parse(&text)?;
    let root = doc.root();
    let Some(version) = version(root) else {
        return Err(Diagnostic::new(Code::FileMalformed, "this is no CycloneDX document")
            .at_line(root.line())
            .help("a CycloneDX document is a `bom` element in CycloneDX's namespace"));
    };
    let mut bill = Bill::default();
    bill.document(document(root, version));
    if let Some(product) = root.child("metadata").and_then(|m| m.child("component")) {
        if properties(product).any(|p| p == ("trimtab:root", "folder")) {
            product.attribute("bom-ref").into_iter().for_each(|id| bill.other(id));
        } else {
            components(&mut bill, std::iter::once(product), true);
        }
    }
    if let Some(list) = root.child("components") {
        components(&mut bill, list.all("component"), false);
    }
    services(&mut bill, root);
    for list in root.all("dependencies") {
        dependencies(&mut bill, list);
    }
    Ok(bill.finish())
}

fn properties<'d>(element: Element<'d>) -> impl Iterator<Item = (&'d str, &'d str)> {
    let list = element.child("properties");
    list.into_iter()
        .flat_map(|l| l.all("property"))
        .filter_map(|p| Some((p.attribute("name")?, p.text())))
}

/// Adds components and those inside them, in the order of the document, without recursion.
fn components<'d>(bill: &mut Bill<'d>, top: impl Iterator<Item = Element<'d>>, own: bool) {
    let mut waiting: Vec<(Element<'d>, Option<u32>)> = top.map(|c| (c, None)).collect();
    waiting.reverse();
    while let Some((element, parent)) = waiting.pop() {
        let mut entry = Entry { line: element.line(), own, ..Entry::default() };
        let inner = fill(bill, &mut entry, element);
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
            waiting.extend(inner.all("component").map(|c| (c, position)));
            waiting[first..].reverse();
        }
    }
}

/// Reads one component; gives back the element that holds those inside it.
fn fill<'d>(
    bill: &mut Bill<'d>,
    entry: &mut Entry<'d>,
    element: Element<'d>,
) -> Option<Element<'d>> {
    let (mut inner, mut scope, mut evidence) = (None, None, None);
    let (mut publisher, mut supplier, mut manufacturer, mut author) = (None, None, None, None);
    entry.id = element.attribute("bom-ref");
    for child in element.children() {
        let text = Some(child.text()).filter(|t| !t.is_empty());
        match child.name() {
            "purl" => entry.purl = text,
            "group" => entry.group = text,
            "name" => entry.name = text,
            "version" => entry.version = text,
            "versionRange" => entry.requirement = text,
            "cpe" => entry.cpe = text,
            "scope" => scope = text,
            "hashes" => hashes(bill, entry, child),
            "licenses" => entry.licence = licence(child),
            "supplier" => supplier = child.child_text("name"),
            "manufacturer" => manufacturer = child.child_text("name"),
            "publisher" => publisher = text,
            "author" => author = text,
            "externalReferences" => references(entry, child),
            "evidence" => evidence = child.child("licenses"),
            "components" => inner = Some(child),
            _ => {}
        }
    }
    entry.scope = cyclonedx::scope(scope);
    entry.supplier = supplier.or(manufacturer).or(publisher).or(author);
    if entry.licence.is_none() {
        entry.licence = evidence.and_then(licence);
    }
    for (name, value) in properties(element) {
        cyclonedx::property(entry, name, value);
        entry.own |= entry.purl.is_none() && cyclonedx::is_listing_file(name, value);
    }
    inner
}

fn hashes<'d>(bill: &mut Bill<'d>, entry: &mut Entry<'d>, list: Element<'d>) {
    for item in list.all("hash") {
        let name = item.attribute("alg").unwrap_or_default();
        match cyclonedx::hash(name, item.text()) {
            Some(hash) => entry.hashes.push(hash),
            None if cyclonedx::is_other_hash(name) => {}
            None => {
                let of = sbom::short(name);
                bill.malformed(item.line(), format!("a hash `{of}` cannot be read"));
            }
        }
    }
}

fn licence(list: Element<'_>) -> Option<Box<str>> {
    let all: Vec<Licence<'_>> = list
        .children()
        .filter_map(|item| {
            let expression = match item.name() {
                "expression" => Some(item.text()),
                // 1.7 wraps an expression together with its details.
                "expression-detailed" | "expressionDetailed" => {
                    item.attribute("expression").or_else(|| item.child_text("expression"))
                }
                _ => item.child_text("id"),
            };
            let is_concluded = item.attribute("acknowledgement") == Some("concluded");
            Some(Licence {
                text: expression.or_else(|| item.child_text("name"))?,
                is_expression: expression.is_some(),
                is_concluded,
            })
        })
        .collect();
    cyclonedx::licence(&all)
}

fn references(entry: &mut Entry<'_>, list: Element<'_>) {
    let mut all = list.all("reference");
    let distribution = all.find(|r| r.attribute("type") == Some("distribution"));
    if let Some(url) = distribution.and_then(|r| r.child_text("url")) {
        entry.distribution(url);
    }
}

fn dependencies<'d>(bill: &mut Bill<'d>, list: Element<'d>) {
    let mut waiting: Vec<Element<'d>> = list.all("dependency").collect();
    while let Some(dependency) = waiting.pop() {
        let Some(from) = dependency.attribute("ref") else { continue };
        for inner in dependency.all("dependency") {
            if let Some(to) = inner.attribute("ref") {
                bill.link_ids(from, to, Link::Needs(Scope::Unknown));
            }
            waiting.push(inner);
        }
    }
}

/// Counts services and notes their identifiers, which dependencies may name.
fn services<'d>(bill: &mut Bill<'d>, root: Element<'d>) {
    let Some(list) = root.child("services") else { return };
    let (mut count, mut waiting) = (0, vec![list]);
    while let Some(list) = waiting.pop() {
        for service in list.all("service") {
            count += 1;
            service.attribute("bom-ref").into_iter().for_each(|id| bill.other(id));
            waiting.extend(service.child("services"));
        }
    }
    bill.ignored(count, "service", list.line());
}

fn document(root: Element<'_>, version: &str) -> DocumentInfo {
    let mut info = DocumentInfo {
        format_version: Some(version.into()),
        identifier: root.attribute("serialNumber").map(Into::into),
        ..DocumentInfo::default()
    };
    let Some(metadata) = root.child("metadata") else { return info };
    info.created = metadata.child_text("timestamp").map(Into::into);
    let authors = metadata.child("authors").into_iter().flat_map(|a| a.all("author"));
    let people = authors.filter_map(|a| a.child_text("name").or_else(|| a.child_text("email")));
    let firms = ["manufacturer", "manufacture", "supplier"];
    let firms = firms.iter().filter_map(|name| metadata.child(name)?.child_text("name"));
    info.authors = people.chain(firms).map(Into::into).collect();
    let tools = metadata.child("tools");
    let listed = tools.into_iter().flat_map(|t| t.all("tool"));
    let listed = listed.chain(
        tools.and_then(|t| t.child("components")).into_iter().flat_map(|c| c.all("component")),
    );
    info.tools = listed
        .filter_map(|tool| {
            let name = tool.child_text("name")?;
            Some(match tool.child_text("version") {
                Some(version) => format!("{name} {version}").into(),
                None => name.into(),
            })
        })
        .collect();
    let phases = metadata.child("lifecycles").into_iter().flat_map(|l| l.all("lifecycle"));
    info.contexts = phases
        .filter_map(|l| l.child_text("phase").or_else(|| l.child_text("name")))
        .map(Into::into)
        .collect();
    info
}
