//! A report while it is read: formats hand over entries as the tool spells them; here they become
//! attributions, are bounded, and what is not known is counted.

use std::collections::BTreeMap;

use trimtab_model::{Code, Diagnostic, Purl};

use crate::format::Format;
use crate::parts::{bounded, moment, place, weakness, weight};
use crate::report::{Attributed, Report, Said};
use crate::unknown::{Nameless, Unknown};
use crate::{ids, packages, text};

/// The most attributions of a report.
pub const MAX_ATTRIBUTIONS: usize = 200_000;

/// The most items of a list in an attribution: ids, fixed versions, places.
pub const MAX_LIST: usize = 64;

/// The longest title, in characters.
pub const MAX_TITLE: usize = 200;

/// The longest text about a vulnerability, in characters.
pub const MAX_TEXT: usize = 600;

/// The longest name, version or path, in bytes.
pub(crate) const MAX_NAME: usize = 512;

/// What all texts of a report hold together at most, in bytes.
const MAX_TOTAL: usize = 128 << 20;

/// What a tool says about one vulnerability in one package, as it spells it.
#[derive(Debug, Default)]
pub(crate) struct Entry<'r> {
    /// The purl, where the tool writes one.
    pub(crate) purl: Option<&'r str>,
    /// The tool's word for the kind of package.
    pub(crate) kind: Option<&'r str>,
    /// The package's name in the spelling of its ecosystem.
    pub(crate) name: Option<&'r str>,
    /// Its version.
    pub(crate) version: Option<&'r str>,
    /// The release of the distribution, for packages of one.
    pub(crate) release: Option<&'r str>,
    /// Ids, as the report declares them.
    pub(crate) ids: Vec<String>,
    pub(crate) words: Vec<&'r str>,
    pub(crate) vectors: Vec<String>,
    pub(crate) scores: Vec<String>,
    pub(crate) fixed: Vec<&'r str>,
    pub(crate) places: Vec<(&'r str, Option<u32>)>,
    pub(crate) title: Option<&'r str>,
    pub(crate) text: Option<&'r str>,
    pub(crate) cwes: Vec<String>,
    pub(crate) dismissed: Option<String>,
}

impl<'r> Entry<'r> {
    /// Adds ids that a report declares.
    pub(crate) fn ids_of(&mut self, texts: impl IntoIterator<Item = &'r str>) {
        self.ids.extend(texts.into_iter().take(MAX_LIST).map(str::to_owned));
    }

    /// Adds the ids that stand in a text or an address.
    pub(crate) fn ids_in(&mut self, text: Option<&str>) {
        self.ids.extend(text.into_iter().flat_map(ids::within).take(MAX_LIST));
    }

    /// Adds weaknesses: `CWE-79`, `CWE-79: Cross-site Scripting`, or the number alone.
    pub(crate) fn cwes_of(&mut self, texts: impl IntoIterator<Item = String>) {
        self.cwes.extend(texts.into_iter().take(MAX_LIST));
    }
}

/// A report that is read.
pub(crate) struct Reading {
    report: Report,
    left: usize,
    unknown: Unknown,
}

impl Reading {
    pub(crate) fn new(format: &'static Format) -> Reading {
        Reading {
            report: Report {
                format,
                tool: format.tool.into(),
                tool_version: None,
                created: None,
                target: None,
                attributions: Vec::new(),
                left_out: BTreeMap::new(),
                diagnostics: Vec::new(),
            },
            left: MAX_TOTAL,
            unknown: Unknown::default(),
        }
    }

    /// Who made the report; what is missing leaves what is known.
    pub(crate) fn tool(&mut self, name: Option<&str>, version: Option<&str>) {
        if let Some(name) = name.and_then(|name| text::short(name, MAX_TITLE)) {
            self.report.tool = name;
        }
        if let Some(version) = version.and_then(|version| text::name(version, MAX_NAME)) {
            self.report.tool_version = Some(version);
        }
    }

    /// When it was made.
    pub(crate) fn created(&mut self, said: Option<&str>) {
        self.report.created = self.report.created.or_else(|| moment(said?));
    }

    /// What was scanned.
    pub(crate) fn target(&mut self, said: Option<&str>) {
        if self.report.target.is_none() {
            self.report.target = said.and_then(|said| text::name(said, MAX_NAME));
        }
    }

    /// Not everything was examined, or the report does not say what was.
    pub(crate) fn incomplete(&mut self, said: &str) {
        if self.report.diagnostics.iter().any(|d| d.code == Code::ReportIncomplete) {
            return;
        }
        let said = text::short(said, MAX_TITLE).unwrap_or_default();
        let message = format!("what is missing in the report may not be gone: {said}");
        self.report.diagnostics.push(
            Diagnostic::new(Code::ReportIncomplete, message)
                .help("look at what the scanner said when it ran, and send its report again"),
        );
    }

    /// Counts something that is no attribution.
    pub(crate) fn leave_out(&mut self, what: &'static str) {
        *self.report.left_out.entry(what).or_default() += 1;
    }

    /// Takes an entry over.
    pub(crate) fn add(&mut self, entry: &Entry<'_>) {
        let cut = &mut self.unknown.cut;
        let declared: Vec<Box<str>> =
            bounded(entry.ids.iter(), |id| ids::declared(id).map(Box::from), cut);
        let written = entry.purl.filter(|purl| purl.len() <= 4 * MAX_NAME);
        let written = written.and_then(|purl| Purl::parse(purl).ok());
        let package = entry.name.and_then(|name| text::name(name, MAX_NAME));
        // What names no package must name a vulnerability that others know, too.
        let named = written.is_some() || package.is_some();
        if !named && !declared.iter().any(|id| ids::known(id).is_some()) {
            self.leave_out("an entry that names neither a package nor a known vulnerability");
            return;
        }
        if self.report.attributions.len() >= MAX_ATTRIBUTIONS {
            self.unknown.full += 1;
            return;
        }
        let short = |said: Option<&str>, most| said.and_then(|said| text::short(said, most));
        let name = |said: &&str| text::name(said, MAX_NAME);
        let version = entry.version.as_ref().and_then(name);
        let component = match written {
            Some(purl) => Ok(at_version(purl, version.as_deref())),
            None => self.named(entry, package.as_deref(), version.as_deref()),
        };
        let cut = &mut self.unknown.cut;
        let attributed = Attributed {
            package: package.or_else(|| component.as_ref().ok().map(|purl| purl.name().into())),
            version,
            component: component.as_ref().ok().cloned(),
            ids: declared,
            severity: Said {
                words: bounded(entry.words.iter(), |word| text::short(word, 40), cut),
                vectors: bounded(entry.vectors.iter(), |v| text::name(v, MAX_NAME), cut),
                scores: bounded(entry.scores.iter(), |s| text::name(s, 40), cut),
            },
            fixed: bounded(entry.fixed.iter(), name, cut),
            places: bounded(entry.places.iter(), place, cut),
            title: short(entry.title, MAX_TITLE),
            text: short(entry.text, MAX_TEXT),
            cwes: bounded(entry.cwes.iter(), |said| weakness(said), cut),
            dismissed: short(entry.dismissed.as_deref(), MAX_TITLE),
        };
        let weight = weight(&attributed);
        if weight > self.left {
            self.unknown.full += 1;
            return;
        }
        self.left -= weight;
        match component {
            Ok(purl) => self.unknown.without_version += usize::from(purl.version().is_none()),
            Err(why) => self.unknown.nameless(why),
        }
        self.unknown.without_id += usize::from(attributed.ids.is_empty());
        self.report.attributions.push(attributed);
    }

    /// The component of an entry without a purl.
    fn named(
        &self,
        entry: &Entry<'_>,
        name: Option<&str>,
        version: Option<&str>,
    ) -> Result<Purl, Nameless> {
        let Some(name) = name else {
            let said = entry.purl.is_some() || entry.name.is_some();
            return Err(if said { Nameless::Name } else { Nameless::NoPackage });
        };
        let kind = entry.kind.map(str::trim).filter(|kind| !kind.is_empty());
        let kind = kind.ok_or(Nameless::NoKind)?;
        let word = packages::find(self.report.format.words, kind)
            .ok_or_else(|| Nameless::Word(text::short(kind, 40).unwrap_or_else(|| "…".into())))?;
        packages::purl(word, name, version, entry.release).ok_or(Nameless::Name)
    }

    /// The report, with what is to be known about it.
    pub(crate) fn finish(mut self) -> Report {
        let total = self.report.attributions.len();
        self.report.diagnostics.extend(self.unknown.told(total));
        let id = self.report.format.id;
        for (what, n) in &self.report.left_out {
            let message = format!("left out of the {id} report, {n} times: {what}");
            self.report.diagnostics.push(Diagnostic::new(Code::EntryIgnored, message));
        }
        self.report
    }
}

/// A purl at the version that stands beside it, if it has none and its type allows that one.
fn at_version(purl: Purl, version: Option<&str>) -> Purl {
    match version {
        Some(version) if purl.version().is_none() => {
            let whole = purl.clone().with_version(version);
            Purl::parse(&whole.to_string()).unwrap_or(purl)
        }
        _ => purl,
    }
}
