//! CycloneDX 1.6 JSON (ECMA-424): the inventory, and with findings also `vulnerabilities`.
//!
//! Components are distinct (see [`crate::distinct`]); each one's places are its evidence. What the
//! format has no word for stands in properties named `trimtab:*`. Only components whose file tells
//! of dependencies stand in `dependencies`: what is left out there is unknown, by the standard's
//! own words.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;

use super::facts::{self, Digest, Licence};
use super::{Options, weighed};
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
    serde_json::to_writer_pretty(&mut *out, &metadata(scan, distinct, options)?)?;
    out.write_all(b",\n\"components\": [")?;
    let listed = (0u32..).zip(&distinct.items).filter(|(at, _)| distinct.root != Root::Own(*at));
    lines(out, listed.map(|(_, item)| component(scan, item, "library")))?;
    out.write_all(b"],\n\"dependencies\": [")?;
    lines(out, dependencies(distinct).map(|(id, on)| Dependency { on, id }))?;
    out.write_all(b"]")?;
    if scan.index.is_some() {
        out.write_all(b",\n\"vulnerabilities\": [")?;
        lines(out, scan.findings.iter().map(|f| vulnerability(scan, distinct, f)))?;
        out.write_all(b"]")?;
    }
    out.write_all(b"\n}\n")
}

/// One value a line: large documents stay readable by line, and are never in memory as a whole.
pub(super) fn lines(
    out: &mut dyn Write,
    values: impl Iterator<Item = impl Serialize>,
) -> io::Result<()> {
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

fn metadata(
    scan: &Scan,
    distinct: &Distinct<'_>,
    options: &Options,
) -> Result<Value, serde_json::Error> {
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
            let item = distinct.items.get(at as usize);
            item.map(|item| serde_json::to_value(component(scan, item, "application")))
                .transpose()?
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
    let said = weighed::metadata(scan);
    if !said.is_empty() {
        metadata.insert("properties".into(), serde_json::to_value(properties(said))?);
    }
    Ok(Value::Object(metadata))
}

/// A component as it is written: straight from the item, without a tree of values between, which
/// took most of the time that a document takes. Keys stand in the order of the alphabet, as
/// everywhere in the document.
#[derive(Serialize)]
struct Component<'a> {
    #[serde(rename = "bom-ref")]
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpe: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence<'a>>,
    #[serde(rename = "externalReferences", skip_serializing_if = "Option::is_none")]
    references: Option<[Reference<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Sum>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licenses: Option<[Choice<'a>; 1]>,
    name: Cow<'a, str>,
    properties: Vec<Property<'a>>,
    purl: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier: Option<Named<'a>>,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Cow<'a, str>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    occurrences: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    location: Cow<'a, str>,
}

#[derive(Serialize)]
struct Reference<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    url: &'a str,
}

#[derive(Serialize)]
struct Sum {
    alg: &'static str,
    content: String,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Choice<'a> {
    Expression(Cow<'a, str>),
    License(Named<'a>),
}

#[derive(Serialize)]
struct Named<'a> {
    name: Cow<'a, str>,
}

#[derive(Serialize)]
struct Property<'a> {
    name: &'static str,
    value: Cow<'a, str>,
}

fn component<'a>(scan: &'a Scan, item: &'a Item<'_>, kind: &'static str) -> Component<'a> {
    let named = |text: &'a str| Named { name: facts::one_line(text) };
    let occurrences: Vec<Place<'a>> = facts::places(scan, item)
        .map(|(path, line)| Place { line, location: facts::clean(path) })
        .collect();
    Component {
        id: &item.id,
        cpe: item.cpe.filter(|cpe| facts::is_cpe23(cpe)),
        evidence: (!occurrences.is_empty()).then_some(Evidence { occurrences }),
        references: facts::reference(item).map(|(kind, url)| [Reference { kind, url }]),
        group: item.purl.namespace().map(facts::one_line),
        hashes: (item.hashes.iter().filter(|h| facts::is_plain(h)))
            .map(|h| Sum { alg: h.algorithm.as_str(), content: h.hex() })
            .collect(),
        licenses: facts::licence(item).map(|licence| match licence {
            Licence::Expression(text) => [Choice::Expression(text)],
            Licence::Name(name) => [Choice::License(Named { name })],
        }),
        name: facts::one_line(item.purl.name()),
        properties: properties(facts::properties(item, true)),
        purl: item.purl_text(),
        scope: facts::scope(item.scope),
        supplier: item.supplier.map(named),
        kind,
        version: item.purl.version().map(facts::one_line),
    }
}

fn properties<'a>(all: Vec<(&'static str, Cow<'a, str>)>) -> Vec<Property<'a>> {
    all.into_iter().map(|(name, value)| Property { name, value }).collect()
}

#[derive(Serialize)]
struct Dependency<'a> {
    #[serde(rename = "dependsOn")]
    on: Vec<&'a str>,
    #[serde(rename = "ref")]
    id: &'a str,
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

fn vulnerability(scan: &Scan, distinct: &Distinct<'_>, finding: &Finding) -> Value {
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
    let levels = weighed::ratings(scan, finding).into_iter().map(|level| {
        json!({
            "source": { "name": level.charter }, "severity": level.severity,
            "method": level.method, "justification": level.reason,
        })
    });
    put("ratings", std::iter::once(json!(rating)).chain(levels).collect());
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
    if let Some(analysis) = weighed::analysis(scan, finding) {
        let mut said = Map::new();
        said.insert("state".into(), json!(analysis.state));
        if let Some(response) = analysis.response {
            said.insert("response".into(), json!([response]));
        }
        said.insert("detail".into(), json!(analysis.detail));
        put("analysis", Value::Object(said));
    }
    let mut more = facts::finding_properties(finding);
    more.extend(weighed::properties(scan, finding));
    put("properties", json!(properties(more)));
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
