//! VEX: what somebody states about whether a vulnerability matters in a product.
//!
//! [`read`] reads an OpenVEX, CSAF 2.0 or CycloneDX document, whichever it is, into [`Statement`]s;
//! [`write()`] writes any of the three from statements; [`preview`] says what statements would
//! change before anything is applied, and [`apply`] applies them. Rules of scope, conflict and age
//! are those of the module `apply`.
//!
//! What a format says in terms of its own is kept beside the statement ([`Statement::words`],
//! [`Product::identifiers`]), so that reading and writing in one format loses nothing of a
//! statement. Where a statement goes from one format to another, what has no place there is a
//! diagnostic (`vex-lossy`).

mod apply;
mod csaf;
mod cyclonedx;
mod openvex;
mod ours;
mod scope;

pub use apply::{About, Answer, Effect, Use, Why, apply, preview};
pub use ours::{accepted, fixed, not_affected};

pub(crate) use apply::harmless;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_model::decision::{Product, Statement, Word};
use trimtab_model::evidence::VexStatus;
use trimtab_model::{Code, Diagnostic, Purl};

use crate::text;

/// The most that is made of one document, in bytes. A small document can refer to one large product
/// very often.
pub const MAX_MADE: usize = 512 << 20;

/// A format of VEX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VexFormat {
    /// OpenVEX, 0.0.1 to 0.2.0; written as 0.2.0.
    OpenVex,
    /// CSAF 2.0, of every category; written as `csaf_vex`.
    Csaf,
    /// CycloneDX 1.4 to 1.7 in JSON; written as 1.6.
    CycloneDx,
}

impl VexFormat {
    /// All of them.
    pub const ALL: &[VexFormat] = &[VexFormat::OpenVex, VexFormat::Csaf, VexFormat::CycloneDx];

    /// The word used on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            VexFormat::OpenVex => "openvex",
            VexFormat::Csaf => "csaf",
            VexFormat::CycloneDx => "cyclonedx",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<VexFormat> {
        VexFormat::ALL.iter().copied().find(|format| format.as_str() == word)
    }
}

/// A document that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexDocument {
    /// Its format.
    pub format: VexFormat,
    /// Its own id. `None`: it has none.
    pub id: Option<Box<str>>,
    /// Its version, as it is written.
    pub version: Option<Box<str>>,
    /// The author of the document.
    pub author: Option<Box<str>>,
    /// When it was issued or last changed.
    pub at: Option<Timestamp>,
    /// What it says, in its order. Author, time and document are filled in.
    pub statements: Vec<Statement>,
}

/// What is passed in for a document that is written. Nothing is taken from a clock, so that the
/// same statements give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The document's id: an IRI for OpenVEX, a name of any kind otherwise.
    pub id: Box<str>,
    /// Its title, for people.
    pub title: Box<str>,
    /// The issuer.
    pub author: Box<str>,
    /// The author's address on the web (CSAF asks for one).
    pub namespace: Box<str>,
    /// When it is issued.
    pub at: Timestamp,
    /// Its version, counted from 1.
    pub version: u32,
}

/// Reads a document of any of the formats, also as the predicate of an in-toto statement.
///
/// The document is `None` if it is none of them or cannot be read at all. A statement that breaks
/// the rules of its format is left out, and said.
pub fn read(bytes: &[u8]) -> (Option<VexDocument>, Vec<Diagnostic>) {
    let text = match text(bytes) {
        Ok(text) => text,
        Err(fault) => return (None, vec![fault]),
    };
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(fault) => return (None, vec![not_json(text, &fault)]),
    };
    // An in-toto statement carries the document; whoever checks signatures has done so before.
    let carried = member(&value, "_type").is_some_and(|kind| kind.contains("in-toto.io/Statement"));
    let value = match value {
        Value::Object(mut map) if carried => map.remove("predicate").unwrap_or_default(),
        value => value,
    };
    let mut faults = Vec::new();
    let document = if member(&value, "bomFormat") == Some("CycloneDX") {
        cyclonedx::read(&value, &mut faults)
    } else if value.pointer("/document/csaf_version").is_some() {
        csaf::read(&value, &mut faults)
    } else if member(&value, "@context").is_some_and(|context| context.contains("openvex"))
        || value.get("statements").is_some_and(Value::is_array)
    {
        openvex::read(&value, &mut faults)
    } else {
        faults.push(
            malformed("the document is neither OpenVEX nor CSAF 2.0 nor CycloneDX in JSON").help(
                "convert it to one of these; CSAF must say `csaf_version`, OpenVEX `@context`",
            ),
        );
        None
    };
    (document, faults)
}

/// Writes a document. What a statement says and the format has no place for is a diagnostic; a
/// statement of another author than the issuer is left out, because nobody speaks for somebody
/// else.
pub fn write(
    format: VexFormat,
    statements: &[Statement],
    issue: &Issue,
) -> (String, Vec<Diagnostic>) {
    let mut losses = Losses::default();
    let own: Vec<&Statement> = statements
        .iter()
        .filter(|s| {
            let own = s.author.as_ref().is_none_or(|author| *author == issue.author);
            if !own {
                losses.add("the statement of another author", &s.vulnerability);
            }
            own
        })
        .collect();
    let value = match format {
        VexFormat::OpenVex => openvex::write(&own, issue, &mut losses),
        VexFormat::Csaf => csaf::write(&own, issue, &mut losses),
        VexFormat::CycloneDx => cyclonedx::write(&own, issue, &mut losses),
    };
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    (text, losses.told(format))
}

/// What has no place in a format, by kind, with the vulnerability of the first case and the count.
#[derive(Debug, Default)]
struct Losses(BTreeMap<String, (String, usize)>);

impl Losses {
    fn add(&mut self, kind: &str, vulnerability: &str) {
        let entry = self.0.entry(kind.to_owned()).or_insert_with(|| (vulnerability.to_owned(), 0));
        entry.1 += 1;
    }

    /// Terms for which the format has no member.
    fn words(&mut self, words: &[Word], known: &[&str], vulnerability: &str) {
        for word in words.iter().filter(|word| !known.contains(&&*word.name)) {
            self.add(&format!("`{}`", word.name), vulnerability);
        }
    }

    fn told(self, format: VexFormat) -> Vec<Diagnostic> {
        self.0
            .into_iter()
            .map(|(kind, (vulnerability, count))| {
                let format = format.as_str();
                Diagnostic::new(
                    Code::VexLossy,
                    format!("{kind} has no place in {format} and was left out ({count} times, first for {vulnerability})"),
                )
                .help("write it in the format that it came from, or keep the original document as well")
            })
            .collect()
    }
}

fn not_json(text: &str, fault: &serde_json::Error) -> Diagnostic {
    let line = u32::try_from(fault.line()).unwrap_or(u32::MAX).max(1);
    let start = text.split_inclusive('\n').take(fault.line().saturating_sub(1)).map(str::len).sum();
    let at = fault.column().saturating_sub(1).saturating_add(start);
    // The line is cut around the place by `at_bytes`, or left alone where the document is one line.
    let told = malformed(format!("the document is not JSON that is read: {fault}"));
    let mut told = told.at_bytes(text, at..at + 1).at_line(line);
    told.help = Some(
        "ask its author for a whole one; documents deeper than 128 levels are not read".into(),
    );
    told
}

fn malformed(message: impl Into<Box<str>>) -> Diagnostic {
    Diagnostic::new(Code::VexMalformed, message)
}

/// What may still be made of a document.
#[derive(Debug)]
struct Budget {
    left: usize,
}

impl Budget {
    fn new() -> Budget {
        Budget { left: MAX_MADE }
    }

    /// Spends some bytes. False if they are not left, once and for all.
    fn spend(&mut self, bytes: usize) -> bool {
        let enough = self.left >= bytes;
        self.left = if enough { self.left - bytes } else { 0 };
        enough
    }

    fn is_spent(&self) -> bool {
        self.left == 0
    }
}

/// What a product takes, about, in bytes.
fn weight(product: &Product) -> usize {
    let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
    let purl = |purl: &Purl| {
        let others: usize = purl.qualifiers().map(|(k, v)| k.len() + v.len()).sum();
        others + purl.name().len() + purl.namespace().map_or(0, str::len)
    };
    let identifiers: usize = product.identifiers.iter().map(|w| 32 + w.text.len()).sum();
    256 + product.id.len()
        + text(&product.name)
        + text(&product.versions)
        + product.purl.as_ref().map_or(0, purl)
        + identifiers
        + product.components.iter().map(weight).sum::<usize>()
}

fn spent() -> Diagnostic {
    Diagnostic::new(
        Code::FileLimit,
        format!(
            "the document makes more than {} MiB of statements; the rest is not read",
            MAX_MADE >> 20
        ),
    )
    .help("ask for a document for each product")
}

/// An author or id: each statement has it, so that it may not be long.
fn brief(text: Option<&str>) -> Option<Box<str>> {
    const MAX: usize = 500;
    let text = boxed(text)?;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => Some(text[..end].into()),
        None => Some(text),
    }
}

/// The text of a member.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name)?.as_str()
}

/// The items of a member that is a list.
fn items<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of a member that is a list.
fn texts<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v str> {
    items(value, name).iter().filter_map(Value::as_str)
}

fn moment(value: &Value, name: &str) -> Option<Timestamp> {
    member(value, name)?.parse().ok()
}

fn boxed(text: Option<&str>) -> Option<Box<str>> {
    text.map(str::trim).filter(|text| !text.is_empty()).map(Box::from)
}

/// A purl and the range that its qualifier `vers` carries, which is taken off.
fn purl_and_versions(text: &str) -> Option<(Purl, Option<Box<str>>)> {
    let mut purl = Purl::parse(text).ok()?;
    let versions: Option<Box<str>> = purl.qualifier("vers").map(Box::from);
    if versions.is_some() {
        purl.set_qualifier("vers", "");
    }
    Some((purl, versions))
}

/// The words of a statement or product of one name.
fn words<'w>(words: &'w [Word], name: &'w str) -> impl Iterator<Item = &'w str> {
    words.iter().filter(move |word| &*word.name == name).map(|word| &*word.text)
}

fn word<'w>(all: &'w [Word], name: &'w str) -> Option<&'w str> {
    words(all, name).next()
}

/// Sorted by name; the texts of one name keep their order.
fn sorted(mut all: Vec<Word>) -> Vec<Word> {
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

/// What is written where a format requires a reason and none was given. Read back as none.
const NO_IMPACT: &str = "No impact statement is given.";
/// What is written where a format requires an action and none was given. Read back as none.
const NO_ACTION: &str = "No action is given.";

/// Whether a statement says nothing but that something is not affected, which OpenVEX and CSAF
/// do not allow.
fn lacks_reason(statement: &Statement) -> bool {
    statement.status == VexStatus::NotAffected
        && statement.justification.is_none()
        && statement.detail.is_none()
}

/// What a product is called where a name is needed.
fn label(product: &Product) -> String {
    match (&product.name, &product.purl) {
        (Some(name), _) => name.to_string(),
        (None, Some(purl)) => purl.to_string(),
        (None, None) => product.id.to_string(),
    }
}

/// Reads the term of a status.
fn status_of(word: &str) -> Option<VexStatus> {
    [VexStatus::NotAffected, VexStatus::Fixed, VexStatus::UnderInvestigation, VexStatus::Affected]
        .into_iter()
        .find(|status| status.as_str() == word)
}

/// Percent-decodes; what is not encoded well stays.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        let hex = text.get(at + 1..at + 3).and_then(|two| u8::from_str_radix(two, 16).ok());
        match (b, hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 3;
            }
            _ => {
                out.push(*b);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
