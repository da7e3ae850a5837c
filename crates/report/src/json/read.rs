//! Trimtab's JSON back to a scan.

use std::fmt;
use std::io::Read;

use trimtab_model::advisory::{
    Advisory, Changed, CvssVersion, Epss, Kev, Kind, Rating, Severity, Vulnerability,
};
use trimtab_model::finding::{
    Attribution, Confidence, Doubt, Finding, Occurrence, Unknown, UnknownReason,
};
use trimtab_model::scan::{IndexInfo, Scan};
use trimtab_model::{
    Code, Component, Diagnostic, DocumentInfo, Ecosystem, FileInventory, Hash, HashAlgorithm,
    Inventory, Origin, Purl, Relation, Scope, Unmanaged, UnmanagedReason,
};

use super::{FORMAT, VERSION, shape, weighing};

/// Why a document is not a saved scan.
#[derive(Debug)]
pub enum ReadError {
    /// It is not JSON of the published shape.
    Shape(serde_json::Error),
    /// It is some other JSON.
    OtherFormat(String),
    /// It was written by another version of Trimtab, in a shape that this one does not know.
    OtherVersion(u32),
    /// A member has a value that this build does not know.
    Value {
        /// Which member.
        member: &'static str,
        /// Its value.
        value: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Shape(e) => write!(f, "not a saved scan: {e}"),
            ReadError::OtherFormat(format) => {
                write!(f, "not a saved scan: its format is `{format}`, not `{FORMAT}`")
            }
            ReadError::OtherVersion(version) => {
                write!(
                    f,
                    "saved in version {version} of the format; this build reads version {VERSION}"
                )
            }
            ReadError::Value { member, value } => {
                write!(f, "`{value}` is not a value of `{member}`")
            }
        }
    }
}

impl std::error::Error for ReadError {}

type Result<T> = std::result::Result<T, ReadError>;

/// Reads a saved scan.
///
/// # Errors
/// The document is not one, or is of another version.
pub fn read(input: impl Read) -> Result<Scan> {
    let document: shape::Scan =
        serde_json::from_reader(std::io::BufReader::new(input)).map_err(ReadError::Shape)?;
    if document.format != FORMAT {
        return Err(ReadError::OtherFormat(document.format));
    }
    if document.version != VERSION {
        return Err(ReadError::OtherVersion(document.version));
    }
    Ok(Scan {
        target: document.target.into(),
        inventory: Inventory {
            files: each(document.files, file)?,
            diagnostics: each(document.diagnostics.walk, diagnostic)?,
        },
        index: document.index.map(|index| IndexInfo {
            data_date: boxed(index.data_date),
            digest: index.digest.into(),
            advisories: index.advisories,
            kev: boxed(index.kev),
            epss: boxed(index.epss),
        }),
        findings: each(document.findings, finding)?,
        unknowns: each(document.unknowns, unknown)?,
        weighing: match document.weighing {
            None => None,
            Some(w) => Some(
                weighing::read(w)
                    .map_err(|value| ReadError::Value { member: "weighing", value })?,
            ),
        },
        diagnostics: each(document.diagnostics.scan, diagnostic)?,
    })
}

fn each<S, T>(items: Vec<S>, convert: fn(S) -> Result<T>) -> Result<Vec<T>> {
    items.into_iter().map(convert).collect()
}

fn boxed(text: Option<String>) -> Option<Box<str>> {
    text.map(Into::into)
}

fn boxes(texts: Vec<String>) -> Vec<Box<str>> {
    texts.into_iter().map(Into::into).collect()
}

/// The value of an enumeration whose word is `value`.
fn word<T: Copy>(
    member: &'static str,
    value: &str,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> Result<T> {
    let unknown = || ReadError::Value { member, value: value.to_owned() };
    all.iter().copied().find(|t| as_str(*t) == value).ok_or_else(unknown)
}

fn parsed<T: std::str::FromStr>(member: &'static str, value: &str) -> Result<T> {
    value.parse().map_err(|_| ReadError::Value { member, value: value.to_owned() })
}

fn optional<T: std::str::FromStr>(
    member: &'static str,
    value: Option<String>,
) -> Result<Option<T>> {
    value.map(|v| parsed(member, &v)).transpose()
}

fn purl(text: &str, spelling: Option<&str>) -> Result<Purl> {
    let purl: Purl = parsed("purl", text)?;
    let Some(spelling) = spelling.filter(|_| purl.purl_type() == "golang") else { return Ok(purl) };
    let (namespace, name) =
        spelling.rsplit_once('/').map_or((None, spelling), |(ns, n)| (Some(ns), n));
    let mut spelled = Purl::new("golang", namespace, name);
    if let Some(version) = purl.version() {
        spelled = spelled.with_version(version);
    }
    for (key, value) in purl.qualifiers() {
        spelled = spelled.with_qualifier(key, value);
    }
    Ok(spelled)
}

fn file(file: shape::File) -> Result<FileInventory> {
    Ok(FileInventory {
        path: file.path.into(),
        format: file.format.into(),
        components: each(file.components, component)?,
        edges: file.edges,
        unmanaged: each(file.unmanaged, unmanaged)?,
        diagnostics: each(file.diagnostics, diagnostic)?,
        document: file.document.map(|d| Box::new(document(d))),
    })
}

fn document(document: shape::Document) -> DocumentInfo {
    DocumentInfo {
        format_version: boxed(document.format_version),
        identifier: boxed(document.identifier),
        authors: boxes(document.authors),
        tools: boxes(document.tools),
        created: boxed(document.created),
        contexts: boxes(document.contexts),
    }
}

const RELATIONS: &[Relation] =
    &[Relation::Own, Relation::Direct, Relation::Transitive, Relation::Unknown];
const SCOPES: &[Scope] = &[
    Scope::Runtime,
    Scope::Optional,
    Scope::Build,
    Scope::Development,
    Scope::Test,
    Scope::Unknown,
];
const REASONS: &[UnmanagedReason] =
    &[UnmanagedReason::NoLockfile, UnmanagedReason::FloatingVersion, UnmanagedReason::Unresolved];
const ALGORITHMS: &[HashAlgorithm] = &[
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha512,
    HashAlgorithm::Sha1,
    HashAlgorithm::Md5,
    HashAlgorithm::Sha224,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha3_256,
    HashAlgorithm::Sha3_384,
    HashAlgorithm::Sha3_512,
    HashAlgorithm::Blake2b256,
    HashAlgorithm::Blake2b384,
    HashAlgorithm::Blake2b512,
    HashAlgorithm::Blake3,
    HashAlgorithm::GoH1,
];
const RATINGS: &[Rating] =
    &[Rating::Critical, Rating::High, Rating::Medium, Rating::Low, Rating::None, Rating::Unknown];
const CVSS: &[CvssVersion] =
    &[CvssVersion::V3_1, CvssVersion::V4, CvssVersion::V3_0, CvssVersion::V2];
const CONFIDENCES: &[Confidence] = &[Confidence::High, Confidence::Medium, Confidence::Low];

/// Reads one component of a file, where a document is read in parts.
///
/// # Errors
/// It has not the published shape.
pub fn read_component(component: serde_json::Value) -> Result<Component> {
    self::component(serde_json::from_value(component).map_err(ReadError::Shape)?)
}

fn component(component: shape::Component) -> Result<Component> {
    Ok(Component {
        purl: purl(&component.purl, component.spelling.as_deref())?,
        requirement: boxed(component.requirement),
        relation: word("relation", &component.relation, RELATIONS, Relation::as_str)?,
        scope: word("scope", &component.scope, SCOPES, Scope::as_str)?,
        line: component.line,
        hashes: each(component.hashes, hash)?,
        origin: match component.origin {
            None => Origin::Unstated,
            Some(shape::Origin::Registry(url)) => Origin::Registry(url.into()),
            Some(shape::Origin::Git { url, commit }) => {
                Origin::Git { url: url.into(), commit: boxed(commit) }
            }
            Some(shape::Origin::Url(url)) => Origin::Url(url.into()),
            Some(shape::Origin::Path(path)) => Origin::Path(path.into()),
        },
        licence: boxed(component.licence),
        member: boxed(component.member),
        groups: boxes(component.groups),
        entry_id: boxed(component.entry_id),
        supplier: boxed(component.supplier),
        cpe: boxed(component.cpe),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "one signature for every conversion")]
fn hash(text: String) -> Result<Hash> {
    let unknown = || ReadError::Value { member: "hashes", value: text.clone() };
    let (algorithm, hex) = text.split_once(':').ok_or_else(unknown)?;
    let algorithm = word("hashes", algorithm, ALGORITHMS, HashAlgorithm::as_str)?;
    Hash::from_hex(algorithm, hex).ok_or_else(unknown)
}

fn unmanaged(unmanaged: shape::Unmanaged) -> Result<Unmanaged> {
    Ok(Unmanaged {
        reason: word("reason", &unmanaged.reason, REASONS, UnmanagedReason::as_str)?,
        package: optional("package", unmanaged.package)?,
        requirement: boxed(unmanaged.requirement),
        line: unmanaged.line,
    })
}

fn diagnostic(diagnostic: shape::Diagnostic) -> Result<Diagnostic> {
    Ok(Diagnostic {
        code: word("code", &diagnostic.code, Code::ALL, Code::as_str)?,
        message: diagnostic.message.into(),
        file: boxed(diagnostic.file),
        line: diagnostic.line,
        help: boxed(diagnostic.help),
        excerpt: None,
    })
}

#[expect(
    clippy::unnecessary_wraps,
    clippy::needless_pass_by_value,
    reason = "one signature for every conversion"
)]
fn occurrence(occurrence: shape::Occurrence) -> Result<Occurrence> {
    Ok(Occurrence { file: occurrence.file, component: occurrence.component })
}

fn finding(finding: shape::Finding) -> Result<Finding> {
    let ecosystem = Ecosystem::parse(&finding.ecosystem).ok_or_else(|| ReadError::Value {
        member: "ecosystem",
        value: finding.ecosystem.clone(),
    })?;
    Ok(Finding {
        ecosystem,
        purl: purl(&finding.purl, Some(&finding.package))?,
        package: finding.package.into(),
        vulnerability: vulnerability(finding.vulnerability)?,
        confidence: word("confidence", &finding.confidence, CONFIDENCES, Confidence::as_str)?,
        doubts: finding
            .doubts
            .iter()
            .map(|d| word("doubts", d, Doubt::ALL, Doubt::code))
            .collect::<Result<_>>()?,
        nearest_fix: boxed(finding.nearest_fix),
        attributions: each(finding.attributions, attribution)?,
        occurrences: each(finding.occurrences, occurrence)?,
    })
}

fn vulnerability(vulnerability: shape::Vulnerability) -> Result<Vulnerability> {
    let kev = vulnerability.kev.map(kev).transpose()?;
    Ok(Vulnerability {
        id: vulnerability.id.into(),
        aliases: boxes(vulnerability.aliases),
        kind: word("kind", &vulnerability.kind, Kind::ALL, Kind::as_str)?,
        summary: boxed(vulnerability.summary),
        severity: severity(vulnerability.severity)?,
        cwes: boxes(vulnerability.cwes),
        kev,
        epss: vulnerability
            .epss
            .map(|e| Epss { probability: e.probability, percentile: e.percentile }),
        references: boxes(vulnerability.references),
    })
}

fn severity(severity: shape::Severity) -> Result<Severity> {
    Ok(Severity {
        rating: word("rating", &severity.rating, RATINGS, Rating::as_str)?,
        score_tenths: severity.score.map(tenths).transpose()?,
        vector: boxed(severity.vector),
        cvss: severity.cvss.map(|v| word("cvss", &v, CVSS, CvssVersion::as_str)).transpose()?,
        from: boxed(severity.from),
    })
}

fn tenths(score: f64) -> Result<u8> {
    let tenths = (score * 10.0).round();
    (0..=100u8)
        .find(|t| (f64::from(*t) - tenths).abs() < 0.5)
        .ok_or_else(|| ReadError::Value { member: "score", value: score.to_string() })
}

fn kev(kev: shape::Kev) -> Result<Kev> {
    Ok(Kev {
        cve: kev.cve.into(),
        added: optional("added", kev.added)?,
        due: optional("due", kev.due)?,
        ransomware: kev.ransomware,
    })
}

fn attribution(attribution: shape::Attribution) -> Result<Attribution> {
    Ok(Attribution {
        advisory: Advisory {
            id: attribution.advisory.into(),
            database: attribution.database.into(),
            kind: word("kind", &attribution.kind, Kind::ALL, Kind::as_str)?,
            published: optional("published", attribution.published)?,
            modified: optional("modified", attribution.modified)?,
            changed: Changed {
                after: optional("changed_after", attribution.changed_after)?,
                by: optional("changed_by", attribution.changed_by)?,
            },
            summary: boxed(attribution.summary),
            url: boxed(attribution.url),
        },
        affected: attribution.affected,
        fixed: boxes(attribution.fixed),
        reason: attribution.reason.into(),
        symbols: boxes(attribution.symbols),
    })
}

fn unknown(unknown: shape::Unknown) -> Result<Unknown> {
    Ok(Unknown {
        purl: purl(&unknown.purl, None)?,
        reason: word("reason", &unknown.reason, UnknownReason::ALL, UnknownReason::as_str)?,
        advisories: boxes(unknown.advisories),
        occurrences: each(unknown.occurrences, occurrence)?,
    })
}
