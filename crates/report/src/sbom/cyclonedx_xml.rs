//! CycloneDX 1.6 XML: what [`super::cyclonedx`] says, in the order that the XML schema asks for.

use std::borrow::Cow;
use std::io::{self, Write};

use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;

use super::cyclonedx::{TARGET, affected, dependencies};
use super::facts::{self, Digest, Licence};
use super::{Options, weighed};
use crate::distinct::{Distinct, Item, Root};
use crate::xml::Xml;

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
    document(scan, &distinct, options, "", &mut Xml { out: &mut digest })?;
    document(scan, &distinct, options, &digest.uuid(), &mut Xml { out })
}

fn properties(all: &[(&'static str, Cow<'_, str>)], xml: &mut Xml<'_>) -> io::Result<()> {
    xml.open("properties", &[])?;
    for (name, value) in all {
        xml.text("property", &[("name", name)], value)?;
    }
    xml.close("properties")
}

fn document(
    scan: &Scan,
    distinct: &Distinct<'_>,
    options: &Options,
    uuid: &str,
    xml: &mut Xml<'_>,
) -> io::Result<()> {
    xml.declaration()?;
    let serial = format!("urn:uuid:{uuid}");
    xml.open(
        "bom",
        &[
            ("xmlns", "http://cyclonedx.org/schema/bom/1.6"),
            ("serialNumber", &serial),
            ("version", "1"),
        ],
    )?;
    metadata(scan, distinct, options, xml)?;
    xml.open("components", &[])?;
    for (at, item) in (0u32..).zip(&distinct.items) {
        if distinct.root != Root::Own(at) {
            component(scan, item, "library", xml)?;
        }
    }
    xml.close("components")?;
    xml.open("dependencies", &[])?;
    for (id, on) in dependencies(distinct) {
        xml.open("dependency", &[("ref", id)])?;
        for to in on {
            xml.tag("dependency", &[("ref", to)], "/>\n")?;
        }
        xml.close("dependency")?;
    }
    xml.close("dependencies")?;
    if scan.index.is_some() {
        xml.open("vulnerabilities", &[])?;
        for finding in &scan.findings {
            vulnerability(scan, distinct, finding, xml)?;
        }
        xml.close("vulnerabilities")?;
    }
    xml.close("bom")
}

fn metadata(
    scan: &Scan,
    distinct: &Distinct<'_>,
    options: &Options,
    xml: &mut Xml<'_>,
) -> io::Result<()> {
    xml.open("metadata", &[])?;
    if let Some(timestamp) = options.timestamp {
        xml.text("timestamp", &[], &timestamp.to_string())?;
    }
    let phases = facts::phases(scan);
    if !phases.is_empty() {
        xml.open("lifecycles", &[])?;
        for phase in phases {
            xml.open("lifecycle", &[])?;
            xml.text("phase", &[], phase)?;
            xml.close("lifecycle")?;
        }
        xml.close("lifecycles")?;
    }
    xml.open("tools", &[])?;
    xml.open("components", &[])?;
    xml.open("component", &[("type", "application")])?;
    xml.text("name", &[], crate::TOOL)?;
    xml.text("version", &[], crate::TOOL_VERSION)?;
    xml.close("component")?;
    xml.close("components")?;
    xml.close("tools")?;
    let authors = facts::authors(scan);
    if !authors.is_empty() {
        xml.open("authors", &[])?;
        for name in authors {
            xml.open("author", &[])?;
            xml.text("name", &[], &name)?;
            xml.close("author")?;
        }
        xml.close("authors")?;
    }
    let own = match distinct.root {
        Root::Own(at) => distinct.items.get(at as usize),
        Root::Target => None,
    };
    match own {
        Some(item) => component(scan, item, "application", xml)?,
        None => {
            xml.open("component", &[("type", "application"), ("bom-ref", TARGET)])?;
            xml.text("name", &[], &facts::one_line(&scan.target))?;
            properties(&[("trimtab:root", "folder".into())], xml)?;
            xml.close("component")?;
        }
    }
    let said = weighed::metadata(scan);
    if !said.is_empty() {
        properties(&said, xml)?;
    }
    xml.close("metadata")
}

fn component(scan: &Scan, item: &Item<'_>, kind: &str, xml: &mut Xml<'_>) -> io::Result<()> {
    xml.open("component", &[("type", kind), ("bom-ref", &item.id)])?;
    if let Some(supplier) = item.supplier {
        xml.open("supplier", &[])?;
        xml.text("name", &[], &facts::one_line(supplier))?;
        xml.close("supplier")?;
    }
    if let Some(namespace) = item.purl.namespace() {
        xml.text("group", &[], &facts::one_line(namespace))?;
    }
    xml.text("name", &[], &facts::one_line(item.purl.name()))?;
    if let Some(version) = item.purl.version() {
        xml.text("version", &[], &facts::one_line(version))?;
    }
    if let Some(scope) = facts::scope(item.scope) {
        xml.text("scope", &[], scope)?;
    }
    if item.hashes.iter().any(|h| facts::is_plain(h)) {
        xml.open("hashes", &[])?;
        for hash in item.hashes.iter().filter(|h| facts::is_plain(h)) {
            xml.text("hash", &[("alg", hash.algorithm.as_str())], &hash.hex())?;
        }
        xml.close("hashes")?;
    }
    if let Some(licence) = facts::licence(item) {
        xml.open("licenses", &[])?;
        match licence {
            Licence::Expression(text) => xml.text("expression", &[], &text)?,
            Licence::Name(text) => {
                xml.open("license", &[])?;
                xml.text("name", &[], &text)?;
                xml.close("license")?;
            }
        }
        xml.close("licenses")?;
    }
    if let Some(cpe) = item.cpe.filter(|cpe| facts::is_cpe23(cpe)) {
        xml.text("cpe", &[], cpe)?;
    }
    xml.text("purl", &[], &item.purl.to_string())?;
    if let Some((kind, url)) = facts::reference(item) {
        xml.open("externalReferences", &[])?;
        xml.open("reference", &[("type", kind)])?;
        xml.text("url", &[], url)?;
        xml.close("reference")?;
        xml.close("externalReferences")?;
    }
    properties(&facts::properties(item, true), xml)?;
    let places: Vec<_> = facts::places(scan, item).collect();
    if !places.is_empty() {
        xml.open("evidence", &[])?;
        xml.open("occurrences", &[])?;
        for (path, line) in places {
            xml.open("occurrence", &[])?;
            xml.text("location", &[], path)?;
            if let Some(line) = line {
                xml.text("line", &[], &line.to_string())?;
            }
            xml.close("occurrence")?;
        }
        xml.close("occurrences")?;
        xml.close("evidence")?;
    }
    xml.close("component")
}

fn source(name: &str, xml: &mut Xml<'_>) -> io::Result<()> {
    xml.open("source", &[])?;
    xml.text("name", &[], name)?;
    xml.close("source")
}

fn vulnerability(
    scan: &Scan,
    distinct: &Distinct<'_>,
    finding: &Finding,
    xml: &mut Xml<'_>,
) -> io::Result<()> {
    let about = &finding.vulnerability;
    xml.open("vulnerability", &[("bom-ref", &format!("{}/{}", about.id, finding.purl))])?;
    xml.text("id", &[], &about.id)?;
    source(facts::database(&about.id), xml)?;
    if !about.aliases.is_empty() {
        xml.open("references", &[])?;
        for id in &about.aliases {
            xml.open("reference", &[])?;
            xml.text("id", &[], id)?;
            source(facts::database(id), xml)?;
            xml.close("reference")?;
        }
        xml.close("references")?;
    }
    ratings(scan, finding, xml)?;
    if facts::cwes(finding).next().is_some() {
        xml.open("cwes", &[])?;
        for cwe in facts::cwes(finding) {
            xml.text("cwe", &[], &cwe.to_string())?;
        }
        xml.close("cwes")?;
    }
    if let Some(summary) = &about.summary {
        xml.text("description", &[], summary)?;
    }
    if let Some(text) = facts::recommendation(finding) {
        xml.text("recommendation", &[], &text)?;
    }
    if about.references.iter().any(|url| facts::is_url(url)) {
        xml.open("advisories", &[])?;
        for url in about.references.iter().filter(|url| facts::is_url(url)) {
            xml.open("advisory", &[])?;
            xml.text("url", &[], url)?;
            xml.close("advisory")?;
        }
        xml.close("advisories")?;
    }
    let (published, updated) = facts::dates(finding);
    if let Some(date) = published {
        xml.text("published", &[], &date)?;
    }
    if let Some(date) = updated {
        xml.text("updated", &[], &date)?;
    }
    if let Some(analysis) = weighed::analysis(scan, finding) {
        xml.open("analysis", &[])?;
        xml.text("state", &[], analysis.state)?;
        if let Some(response) = analysis.response {
            xml.open("responses", &[])?;
            xml.text("response", &[], response)?;
            xml.close("responses")?;
        }
        xml.text("detail", &[], &analysis.detail)?;
        xml.close("analysis")?;
    }
    xml.open("affects", &[])?;
    for (id, version) in affected(distinct, finding) {
        xml.open("target", &[])?;
        xml.text("ref", &[], id)?;
        if let Some(version) = version {
            xml.open("versions", &[])?;
            xml.open("version", &[])?;
            xml.text("version", &[], version)?;
            xml.text("status", &[], "affected")?;
            xml.close("version")?;
            xml.close("versions")?;
        }
        xml.close("target")?;
    }
    xml.close("affects")?;
    let mut more = facts::finding_properties(finding);
    more.extend(weighed::properties(scan, finding));
    properties(&more, xml)?;
    xml.close("vulnerability")
}

fn ratings(scan: &Scan, finding: &Finding, xml: &mut Xml<'_>) -> io::Result<()> {
    let severity = &finding.vulnerability.severity;
    xml.open("ratings", &[])?;
    xml.open("rating", &[])?;
    if let Some(from) = &severity.from {
        source(from, xml)?;
    }
    if let Some(tenths) = severity.score_tenths {
        xml.text("score", &[], &format!("{}.{}", tenths / 10, tenths % 10))?;
    }
    xml.text("severity", &[], severity.rating.as_str())?;
    if let Some(cvss) = severity.cvss {
        xml.text("method", &[], facts::method(cvss))?;
    }
    if let Some(vector) = &severity.vector {
        xml.text("vector", &[], vector)?;
    }
    xml.close("rating")?;
    for level in weighed::ratings(scan, finding) {
        xml.open("rating", &[])?;
        source(&level.charter, xml)?;
        xml.text("severity", &[], level.severity)?;
        xml.text("method", &[], level.method)?;
        xml.text("justification", &[], &level.reason)?;
        xml.close("rating")?;
    }
    xml.close("ratings")
}
