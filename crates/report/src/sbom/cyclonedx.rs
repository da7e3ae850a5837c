//! CycloneDX 1.6 JSON (ECMA-424): the inventory, and with findings also `vulnerabilities`.
//!
//! Components are distinct (see [`crate::distinct`]); each one's places are its evidence. What the
//! format has no word for stands in properties named `trimtab:*`. Only components whose file tells
//! of dependencies stand in `dependencies`: what is left out there is unknown, by the standard's
//! own words.

use std::io::{self, Write};

use serde_json::{Map, Value, json};
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;

use super::Options;
use super::facts::{self, Digest, Licence};
use crate::distinct::{Distinct, Item, Root};

/// The reference of the scanned folder or file, where it is the root.
pub(super) const TARGET: &str = "trimtab:target";

/// Writes a document without a timestamp.
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
    if distinct.items.len() > HELD {
        document(scan, &distinct, options, "", &mut digest)?;
        return document(scan, &distinct, options, &digest.uuid(), out);
    }
    // Written once, and the serial number put in: half the work of writing it twice.
    let mut text = Vec::new();
    document(scan, &distinct, options, "", &mut text)?;
    digest.write_all(&text)?;
    let place = text.windows(SERIAL.len()).position(|w| w == SERIAL.as_bytes());
    let (head, tail) = text.split_at(place.map_or(0, |at| at + SERIAL.len()));
    out.write_all(head)?;
    out.write_all(digest.uuid().as_bytes())?;
    out.write_all(tail)
}

/// Documents of at most so many components are held in memory while they are written.
const HELD: usize = 50_000;

/// What stands before the serial number; nothing that a scan says stands before it.
const SERIAL: &str = "\"serialNumber\": \"urn:uuid:";

fn document(
    scan: &Scan,
    distinct: &Distinct<'_>,
    options: &Options,
    uuid: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    out.write_all(b"{\n\"$schema\": \"http://cyclonedx.org/schema/bom-1.6.schema.json\",\n")?;
    out.write_all(b"\"bomFormat\": \"CycloneDX\",\n\"specVersion\": \"1.6\",\n")?;
    writeln!(out, "{SERIAL}{uuid}\",\n\"version\": 1,")?;
    out.write_all(b"\"metadata\": ")?;
    serde_json::to_writer_pretty(&mut *out, &metadata(scan, distinct, options))?;
    out.write_all(b",\n\"components\": [")?;
    let listed = (0u32..).zip(&distinct.items).filter(|(at, _)| distinct.root != Root::Own(*at));
    lines(out, listed.map(|(_, item)| component(scan, item, "library")))?;
    out.write_all(b"],\n\"dependencies\": [")?;
    lines(out, dependencies(distinct).map(|(id, on)| json!({ "ref": id, "dependsOn": on })))?;
    out.write_all(b"]")?;
    if scan.index.is_some() {
        out.write_all(b",\n\"vulnerabilities\": [")?;
        lines(out, scan.findings.iter().map(|f| vulnerability(distinct, f)))?;
        out.write_all(b"]")?;
    }
    out.write_all(b"\n}\n")
}

/// One value a line: large documents stay readable by line, and are never in memory as a whole.
pub(super) fn lines(out: &mut dyn Write, values: impl Iterator<Item = Value>) -> io::Result<()> {
    let mut any = false;
    // Each value is put together here first: one call of `out` a line, not one a token.
    let mut line = Vec::with_capacity(2048);
    for value in values {
        line.clear();
        line.extend_from_slice(if any { b",\n" } else { b"\n" });
        serde_json::to_writer(&mut line, &value)?;
        out.write_all(&line)?;
        any = true;
    }
    if any { out.write_all(b"\n") } else { Ok(()) }
}

fn metadata(scan: &Scan, distinct: &Distinct<'_>, options: &Options) -> Value {
    let mut metadata = Map::new();
    if let Some(timestamp) = options.timestamp {
        metadata.insert("timestamp".into(), json!(timestamp.to_string()));
    }
    let phases: Vec<Value> =
        facts::phases(scan).iter().map(|phase| json!({ "phase": phase })).collect();
    if !phases.is_empty() {
        metadata.insert("lifecycles".into(), json!(phases));
    }
    metadata.insert(
        "tools".into(),
        json!({ "components": [
            { "type": "application", "name": crate::TOOL, "version": crate::TOOL_VERSION }
        ]}),
    );
    let authors: Vec<Value> =
        facts::authors(scan).iter().map(|name| json!({ "name": name })).collect();
    if !authors.is_empty() {
        metadata.insert("authors".into(), json!(authors));
    }
    let root = match distinct.root {
        Root::Own(at) => {
            distinct.items.get(at as usize).map(|item| component(scan, item, "application"))
        }
        Root::Target => None,
    };
    let root = root.unwrap_or_else(|| {
        json!({
            "type": "application",
            "bom-ref": TARGET,
            "name": facts::one_line(&scan.target),
            "properties": [{ "name": "trimtab:root", "value": "folder" }],
        })
    });
    metadata.insert("component".into(), root);
    Value::Object(metadata)
}

fn component(scan: &Scan, item: &Item<'_>, kind: &str) -> Value {
    let mut value = Map::new();
    let mut put = |key: &str, entry: Value| drop(value.insert(key.into(), entry));
    put("type", json!(kind));
    put("bom-ref", json!(item.id));
    if let Some(supplier) = item.supplier {
        put("supplier", json!({ "name": facts::one_line(supplier) }));
    }
    if let Some(namespace) = item.purl.namespace() {
        put("group", json!(facts::one_line(namespace)));
    }
    put("name", json!(facts::one_line(item.purl.name())));
    if let Some(version) = item.purl.version() {
        put("version", json!(facts::one_line(version)));
    }
    if let Some(scope) = facts::scope(item.scope) {
        put("scope", json!(scope));
    }
    let hashes: Vec<Value> = item
        .hashes
        .iter()
        .filter(|h| facts::is_plain(h))
        .map(|h| json!({ "alg": h.algorithm.as_str(), "content": h.hex() }))
        .collect();
    if !hashes.is_empty() {
        put("hashes", json!(hashes));
    }
    match facts::licence(item) {
        Some(Licence::Expression(text)) => put("licenses", json!([{ "expression": text }])),
        Some(Licence::Name(text)) => put("licenses", json!([{ "license": { "name": text } }])),
        None => {}
    }
    if let Some(cpe) = item.cpe.filter(|cpe| facts::is_cpe23(cpe)) {
        put("cpe", json!(cpe));
    }
    put("purl", json!(item.purl.to_string()));
    if let Some((kind, url)) = facts::reference(item) {
        put("externalReferences", json!([{ "type": kind, "url": url }]));
    }
    put("properties", properties(facts::properties(item, true)));
    let places: Vec<Value> = facts::places(scan, item)
        .map(|(path, line)| match line {
            Some(line) => json!({ "location": facts::clean(path), "line": line }),
            None => json!({ "location": facts::clean(path) }),
        })
        .collect();
    if !places.is_empty() {
        put("evidence", json!({ "occurrences": places }));
    }
    Value::Object(value)
}

fn properties(all: Vec<(&'static str, String)>) -> Value {
    all.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// Who depends on what, by reference; in the order of the items, the target first.
pub(super) fn dependencies<'a>(
    distinct: &'a Distinct<'_>,
) -> impl Iterator<Item = (&'a str, Vec<&'a str>)> {
    let id = |at: &u32| distinct.items.get(*at as usize).map(|item| item.id.as_str());
    let target = (distinct.root == Root::Target)
        .then(|| (TARGET, distinct.from_target.iter().filter_map(id).collect()));
    let mut linked: Vec<u32> = distinct.edges.iter().flat_map(|(a, b)| [*a, *b]).collect();
    linked.sort_unstable();
    linked.dedup();
    let own = linked.into_iter().filter_map(move |at| {
        let first = distinct.edges.partition_point(|(from, _)| *from < at);
        let mine = distinct.edges.get(first..)?.iter().take_while(|(from, _)| *from == at);
        Some((id(&at)?, mine.filter_map(|(_, to)| id(to)).collect()))
    });
    target.into_iter().chain(own)
}

fn vulnerability(distinct: &Distinct<'_>, finding: &Finding) -> Value {
    let about = &finding.vulnerability;
    let mut value = Map::new();
    let mut put = |key: &str, entry: Value| drop(value.insert(key.into(), entry));
    put("bom-ref", json!(format!("{}/{}", about.id, finding.purl)));
    put("id", json!(about.id));
    put("source", json!({ "name": facts::database(&about.id) }));
    if !about.aliases.is_empty() {
        let aliases = about.aliases.iter();
        let aliases =
            aliases.map(|id| json!({ "id": id, "source": { "name": facts::database(id) } }));
        put("references", aliases.collect());
    }
    let severity = &about.severity;
    let mut rating = Map::new();
    if let Some(from) = &severity.from {
        rating.insert("source".into(), json!({ "name": from }));
    }
    if let Some(tenths) = severity.score_tenths {
        rating.insert("score".into(), json!(f64::from(tenths) / 10.0));
    }
    rating.insert("severity".into(), json!(severity.rating.as_str()));
    if let Some(cvss) = severity.cvss {
        rating.insert("method".into(), json!(facts::method(cvss)));
    }
    if let Some(vector) = &severity.vector {
        rating.insert("vector".into(), json!(vector));
    }
    put("ratings", json!([rating]));
    let cwes: Vec<u32> = facts::cwes(finding).collect();
    if !cwes.is_empty() {
        put("cwes", json!(cwes));
    }
    if let Some(summary) = &about.summary {
        put("description", json!(facts::clean(summary)));
    }
    if let Some(text) = facts::recommendation(finding) {
        put("recommendation", json!(text));
    }
    let links = about.references.iter().filter(|url| facts::is_url(url));
    let links: Vec<Value> = links.map(|url| json!({ "url": url })).collect();
    if !links.is_empty() {
        put("advisories", json!(links));
    }
    let (published, updated) = facts::dates(finding);
    published.into_iter().for_each(|date| put("published", json!(date)));
    updated.into_iter().for_each(|date| put("updated", json!(date)));
    let affects = affected(distinct, finding).into_iter().map(|(id, version)| match version {
        Some(version) => {
            json!({ "ref": id, "versions": [{ "version": version, "status": "affected" }] })
        }
        None => json!({ "ref": id }),
    });
    put("affects", affects.collect());
    put("properties", properties(facts::finding_properties(finding)));
    Value::Object(value)
}

/// The components that a finding is about, by reference, with their versions.
pub(super) fn affected<'a>(
    distinct: &'a Distinct<'_>,
    finding: &'a Finding,
) -> std::collections::BTreeSet<(&'a str, Option<&'a str>)> {
    let items = finding.occurrences.iter().filter_map(|at| distinct.at(*at));
    items.map(|item| (item.id.as_str(), item.purl.version())).collect()
}
