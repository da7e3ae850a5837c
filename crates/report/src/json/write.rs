//! A scan to Trimtab's JSON.

use std::io::{self, Write};

use trimtab_model::advisory::{Kev, Severity, Vulnerability};
use trimtab_model::finding::{Attribution, Finding, Occurrence, Unknown};
use trimtab_model::scan::Scan;
use trimtab_model::{Component, Diagnostic, DocumentInfo, FileInventory, Origin, Purl, Unmanaged};

use super::{FORMAT, VERSION, shape, weighing};
use crate::summary::Summary;

/// Writes the whole scan, pretty-printed, with a newline at the end.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    crate::inert::write_json(&document(scan), out)?;
    out.write_all(b"\n")
}

fn document(scan: &Scan) -> shape::Scan {
    shape::Scan {
        format: FORMAT.to_owned(),
        version: VERSION,
        tool: shape::Tool { name: crate::TOOL.to_owned(), version: crate::TOOL_VERSION.to_owned() },
        target: scan.target.to_string(),
        complete: !scan.is_incomplete(),
        index: scan.index.as_ref().map(|index| shape::Index {
            data_date: text(index.data_date.as_ref()),
            digest: index.digest.to_string(),
            advisories: index.advisories,
            kev: text(index.kev.as_ref()),
            epss: text(index.epss.as_ref()),
        }),
        summary: summary(&Summary::of(scan)),
        findings: scan.findings.iter().map(finding).collect(),
        unknowns: scan.unknowns.iter().map(unknown).collect(),
        files: scan.inventory.files.iter().map(file).collect(),
        weighing: scan.weighing.as_ref().map(weighing::write),
        diagnostics: shape::Diagnostics {
            walk: scan.inventory.diagnostics.iter().map(diagnostic).collect(),
            scan: scan.diagnostics.iter().map(diagnostic).collect(),
        },
    }
}

#[expect(clippy::borrowed_box, reason = "what `as_ref` of the model's fields gives")]
fn text(value: Option<&Box<str>>) -> Option<String> {
    value.map(ToString::to_string)
}

fn texts(values: &[Box<str>]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn summary(summary: &Summary) -> shape::Summary {
    shape::Summary {
        files: summary.files,
        components: summary.components,
        findings: summary.findings,
        affected_components: summary.affected_components,
        by_rating: summary.by_rating.iter().map(|(r, n)| (r.as_str().to_owned(), *n)).collect(),
        known_exploited: summary.known_exploited,
        malicious: summary.malicious,
        fixable: summary.fixable,
        unknown_by_reason: summary
            .unknowns
            .iter()
            .map(|(r, n)| (r.as_str().to_owned(), *n))
            .collect(),
        unmanaged: summary.unmanaged,
    }
}

fn file(file: &FileInventory) -> shape::File {
    shape::File {
        path: file.path.to_string(),
        format: file.format.to_string(),
        components: file.components.iter().map(component).collect(),
        edges: file.edges.clone(),
        unmanaged: file.unmanaged.iter().map(unmanaged).collect(),
        diagnostics: file.diagnostics.iter().map(diagnostic).collect(),
        document: file.document.as_deref().map(document_info),
    }
}

fn document_info(document: &DocumentInfo) -> shape::Document {
    shape::Document {
        format_version: text(document.format_version.as_ref()),
        identifier: text(document.identifier.as_ref()),
        authors: texts(&document.authors),
        tools: texts(&document.tools),
        created: text(document.created.as_ref()),
        contexts: texts(&document.contexts),
    }
}

fn component(component: &Component) -> shape::Component {
    shape::Component {
        purl: component.purl.to_string(),
        spelling: spelling(&component.purl),
        requirement: text(component.requirement.as_ref()),
        relation: component.relation.as_str().to_owned(),
        scope: component.scope.as_str().to_owned(),
        line: component.line,
        hashes: component
            .hashes
            .iter()
            .map(|h| format!("{}:{}", h.algorithm.as_str(), h.hex()))
            .collect(),
        origin: match &component.origin {
            Origin::Unstated => None,
            Origin::Registry(url) => Some(shape::Origin::Registry(url.to_string())),
            Origin::Git { url, commit } => {
                Some(shape::Origin::Git { url: url.to_string(), commit: text(commit.as_ref()) })
            }
            Origin::Url(url) => Some(shape::Origin::Url(url.to_string())),
            Origin::Path(path) => Some(shape::Origin::Path(path.to_string())),
        },
        licence: text(component.licence.as_ref()),
        member: text(component.member.as_ref()),
        groups: texts(&component.groups),
        entry_id: text(component.entry_id.as_ref()),
        supplier: text(component.supplier.as_ref()),
        cpe: text(component.cpe.as_ref()),
    }
}

/// Go's module paths are case-sensitive, their canonical purls are not.
fn spelling(purl: &Purl) -> Option<String> {
    if purl.purl_type() != "golang" {
        return None;
    }
    let name = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    name.bytes().any(|b| b.is_ascii_uppercase()).then_some(name)
}

fn unmanaged(unmanaged: &Unmanaged) -> shape::Unmanaged {
    shape::Unmanaged {
        reason: unmanaged.reason.as_str().to_owned(),
        package: unmanaged.package.as_ref().map(ToString::to_string),
        requirement: text(unmanaged.requirement.as_ref()),
        line: unmanaged.line,
    }
}

fn diagnostic(diagnostic: &Diagnostic) -> shape::Diagnostic {
    shape::Diagnostic {
        code: diagnostic.code.as_str().to_owned(),
        severity: diagnostic.code.severity().as_str().to_owned(),
        message: diagnostic.message.to_string(),
        file: text(diagnostic.file.as_ref()),
        line: diagnostic.line,
        help: text(diagnostic.help.as_ref()),
    }
}

fn occurrence(occurrence: &Occurrence) -> shape::Occurrence {
    shape::Occurrence { file: occurrence.file, component: occurrence.component }
}

fn finding(finding: &Finding) -> shape::Finding {
    shape::Finding {
        ecosystem: finding.ecosystem.to_string(),
        package: finding.package.to_string(),
        purl: finding.purl.to_string(),
        version: finding.version().to_owned(),
        vulnerability: vulnerability(&finding.vulnerability),
        confidence: finding.confidence.as_str().to_owned(),
        doubts: finding.doubts.iter().map(|d| d.code().to_owned()).collect(),
        nearest_fix: text(finding.nearest_fix.as_ref()),
        attributions: finding.attributions.iter().map(attribution).collect(),
        occurrences: finding.occurrences.iter().map(occurrence).collect(),
    }
}

fn vulnerability(vulnerability: &Vulnerability) -> shape::Vulnerability {
    shape::Vulnerability {
        id: vulnerability.id.to_string(),
        aliases: texts(&vulnerability.aliases),
        kind: vulnerability.kind.as_str().to_owned(),
        summary: text(vulnerability.summary.as_ref()),
        severity: severity(&vulnerability.severity),
        cwes: texts(&vulnerability.cwes),
        kev: vulnerability.kev.as_ref().map(kev),
        epss: vulnerability
            .epss
            .map(|e| shape::Epss { probability: e.probability, percentile: e.percentile }),
        references: texts(&vulnerability.references),
    }
}

fn severity(severity: &Severity) -> shape::Severity {
    shape::Severity {
        rating: severity.rating.as_str().to_owned(),
        score: severity.score_tenths.map(|tenths| f64::from(tenths) / 10.0),
        vector: text(severity.vector.as_ref()),
        cvss: severity.cvss.map(|v| v.as_str().to_owned()),
        from: text(severity.from.as_ref()),
    }
}

fn kev(kev: &Kev) -> shape::Kev {
    shape::Kev {
        cve: kev.cve.to_string(),
        added: kev.added.map(|d| d.to_string()),
        due: kev.due.map(|d| d.to_string()),
        ransomware: kev.ransomware,
    }
}

fn attribution(attribution: &Attribution) -> shape::Attribution {
    let advisory = &attribution.advisory;
    shape::Attribution {
        advisory: advisory.id.to_string(),
        database: advisory.database.to_string(),
        kind: advisory.kind.as_str().to_owned(),
        affected: attribution.affected,
        fixed: texts(&attribution.fixed),
        reason: attribution.reason.to_string(),
        symbols: texts(&attribution.symbols),
        published: advisory.published.map(|t| t.to_string()),
        modified: advisory.modified.map(|t| t.to_string()),
        changed_after: advisory.changed.after.map(|t| t.to_string()),
        changed_by: advisory.changed.by.map(|t| t.to_string()),
        summary: text(advisory.summary.as_ref()),
        url: text(advisory.url.as_ref()),
    }
}

fn unknown(unknown: &Unknown) -> shape::Unknown {
    shape::Unknown {
        purl: unknown.purl.to_string(),
        reason: unknown.reason.as_str().to_owned(),
        advisories: texts(&unknown.advisories),
        occurrences: unknown.occurrences.iter().map(occurrence).collect(),
    }
}
