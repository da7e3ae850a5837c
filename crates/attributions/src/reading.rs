//! A report while it is read: formats hand over entries as the tool spells them; here they become
//! attributions, are bounded, and what is not known is counted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::fmt::strtime;
use trimtab_model::{Code, Diagnostic, Purl};

use crate::format::Format;
use crate::report::{Attributed, Place, Report, Said};
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
const MAX_NAME: usize = 512;

/// What all texts of a report hold together at most, in bytes.
const MAX_TOTAL: usize = 128 << 20;

/// Kinds of packages that are named in a diagnostic.
const MAX_TOLD: usize = 8;

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

/// Why an attribution names no component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Nameless {
    /// The tool's word for the kind of package is not known.
    Word(Box<str>),
    /// The report does not say of which kind the package is.
    NoKind,
    /// The name is none that the kind of package has.
    Name,
    /// There is no package.
    NoPackage,
}

/// A report that is read.
pub(crate) struct Reading {
    report: Report,
    left: usize,
    nameless: BTreeMap<Nameless, usize>,
    without_version: usize,
    without_id: usize,
    full: usize,
    cut: usize,
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
            nameless: BTreeMap::new(),
            without_version: 0,
            without_id: 0,
            full: 0,
            cut: 0,
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

    /// Counts something that is no attribution.
    pub(crate) fn leave_out(&mut self, what: &'static str) {
        *self.report.left_out.entry(what).or_default() += 1;
    }

    /// Takes an entry over.
    pub(crate) fn add(&mut self, entry: Entry<'_>) {
        let named = [entry.purl, entry.name].iter().flatten().any(|text| !text.trim().is_empty());
        let declared: Vec<Box<str>> = bounded(entry.ids.iter(), |id| ids::declared(id).map(Box::from), &mut self.cut);
        // What names no package must name a vulnerability that others know, too.
        if !named && !declared.iter().any(|id| ids::known(id).is_some()) {
            self.leave_out("an entry that names neither a package nor a known vulnerability");
            return;
        }
        if self.report.attributions.len() >= MAX_ATTRIBUTIONS {
            self.full += 1;
            return;
        }
        let component = self.component(&entry);
        let short = |said: Option<&str>, most| said.and_then(|said| text::short(said, most));
        let name = |said: &&str| text::name(said, MAX_NAME);
        let attributed = Attributed {
            package: match (&component, entry.name) {
                (_, Some(said)) => text::name(said, MAX_NAME),
                (Some(purl), None) => Some(purl.name().into()),
                (None, None) => None,
            },
            version: entry.version.and_then(|said| text::name(said, MAX_NAME)),
            component,
            ids: declared,
            severity: Said {
                words: bounded(entry.words.iter(), |word| text::short(word, 40), &mut self.cut),
                vectors: bounded(entry.vectors.iter(), |v| text::name(v, MAX_NAME), &mut self.cut),
                scores: bounded(entry.scores.iter(), |s| text::name(s, 40), &mut self.cut),
            },
            fixed: bounded(entry.fixed.iter(), name, &mut self.cut),
            places: bounded(entry.places.iter(), |place| self::place(place), &mut self.cut),
            title: short(entry.title, MAX_TITLE),
            text: short(entry.text, MAX_TEXT),
            cwes: bounded(entry.cwes.iter(), |said| weakness(said), &mut self.cut),
            dismissed: short(entry.dismissed.as_deref(), MAX_TITLE),
        };
        let weight = weight(&attributed);
        if weight > self.left {
            self.full += 1;
            return;
        }
        self.left -= weight;
        self.without_id += usize::from(attributed.ids.is_empty());
        self.report.attributions.push(attributed);
    }

    /// The component of an entry; what is not known is counted.
    fn component(&mut self, entry: &Entry<'_>) -> Option<Purl> {
        let version = entry.version.and_then(|version| text::name(version, MAX_NAME));
        let written = entry.purl.filter(|text| text.len() <= 4 * MAX_NAME);
        let component = match written.and_then(|text| Purl::parse(text).ok()) {
            Some(mut purl) => {
                if let (None, Some(version)) = (purl.version(), &version) {
                    purl.set_version(version);
                }
                Ok(purl)
            }
            None => self.named(entry, version.as_deref()),
        };
        match component {
            Ok(component) => {
                self.without_version += usize::from(component.version().is_none());
                Some(component)
            }
            Err(why) => {
                // A report may invent words without end: those beyond a bound are not told apart.
                let why = match why {
                    Nameless::Word(_) if self.nameless.len() > 1_000 => Nameless::Word("…".into()),
                    why => why,
                };
                *self.nameless.entry(why).or_default() += 1;
                None
            }
        }
    }

    fn named(&self, entry: &Entry<'_>, version: Option<&str>) -> Result<Purl, Nameless> {
        let Some(name) = entry.name.and_then(|name| text::name(name, MAX_NAME)) else {
            return Err(if entry.purl.is_some() { Nameless::Name } else { Nameless::NoPackage });
        };
        let kind = entry.kind.map(str::trim).filter(|kind| !kind.is_empty());
        let kind = kind.ok_or(Nameless::NoKind)?;
        let word = packages::find(self.report.format.words, kind).ok_or_else(|| {
            Nameless::Word(text::short(kind, 40).unwrap_or_else(|| "…".into()))
        })?;
        packages::purl(word, &name, version, entry.release).ok_or(Nameless::Name)
    }

    /// The report, with what is to be known about it.
    pub(crate) fn finish(mut self) -> Report {
        let mut told = Vec::new();
        let total = self.report.attributions.len();
        let mut count = |code, count: usize, what: String, help: &str| {
            if count > 0 {
                told.push(Diagnostic::new(code, what).help(help));
            }
        };
        let nameless = |kind: fn(&Nameless) -> bool| -> usize {
            self.nameless.iter().filter(|(why, _)| kind(why)).map(|(_, n)| n).sum()
        };
        let words = nameless(|why| matches!(why, Nameless::Word(_)));
        let named = self.nameless.iter().filter_map(|(why, n)| match why {
            Nameless::Word(word) => Some(format!("`{word}` {n}")),
            _ => None,
        });
        let named = named.take(MAX_TOLD).collect::<Vec<_>>().join(", ");
        let id = self.report.format.id;
        count(
            Code::EcosystemUnknown,
            words,
            format!("{words} of {total} attributions are about packages of a kind that is not known: {named}"),
            "they are kept by name, and belong to no component; please report the words",
        );
        let no_kind = nameless(|why| matches!(why, Nameless::NoKind));
        count(
            Code::EcosystemUnknown,
            no_kind,
            format!("{no_kind} of {total} attributions are about packages whose kind the report does not say"),
            "they are kept by name, and belong to no component; if the tool has a richer format, send that",
        );
        let names = nameless(|why| matches!(why, Nameless::Name));
        count(
            Code::EcosystemUnknown,
            names,
            format!("{names} of {total} attributions name packages in a spelling that their kind does not have"),
            "they are kept by name, and belong to no component",
        );
        let none = nameless(|why| matches!(why, Nameless::NoPackage));
        count(
            Code::EcosystemUnknown,
            none,
            format!("{none} of {total} attributions name a vulnerability and no package"),
            "they belong to no component; if the tool has a richer format, send that",
        );
        count(
            Code::VersionUnknown,
            self.without_version,
            format!("{} of {total} attributions name a package without its version", self.without_version),
            "they are about the package in whatever version the inventory lists",
        );
        count(
            Code::VersionUnknown,
            self.without_id,
            format!("{} of {total} attributions name no vulnerability by an id", self.without_id),
            "they are kept by title, and are joined with no other source",
        );
        count(
            Code::FileLimit,
            self.full,
            format!("{} attributions beyond the first {total} were not taken", self.full),
            "split the report, or have the tool report fewer projects at a time",
        );
        count(
            Code::EntryIgnored,
            self.cut,
            format!("{} ids, versions and places beyond {MAX_LIST} of one attribution were not taken", self.cut),
            "the attributions themselves are kept",
        );
        for (what, n) in &self.report.left_out {
            let message = format!("left out of the {id} report, {n} times: {what}");
            told.push(Diagnostic::new(Code::EntryIgnored, message));
        }
        self.report.diagnostics.extend(told);
        self.report
    }
}

/// What is taken of a list: the first items that can be read, each once.
fn bounded<I, T: PartialEq>(
    items: impl Iterator<Item = I>,
    read: impl Fn(I) -> Option<T>,
    cut: &mut usize,
) -> Vec<T> {
    let mut all = Vec::new();
    for item in items {
        if all.len() >= MAX_LIST {
            *cut += 1;
            continue;
        }
        all.extend(read(item).filter(|item| !all.contains(item)));
    }
    all
}

/// A place, without the scheme of a file and with one slash at its beginning.
fn place((file, line): &(&str, Option<u32>)) -> Option<Place> {
    let file = match file.trim().strip_prefix("file:") {
        Some(rest) if rest.starts_with("//") => {
            let path = rest.trim_start_matches('/');
            // A drive is no folder of the root.
            let drive = path.as_bytes().get(1) == Some(&b':');
            if drive { path.to_owned() } else { format!("/{path}") }
        }
        Some(rest) => rest.to_owned(),
        None => file.trim().to_owned(),
    };
    text::name(&file, MAX_NAME).map(|file| Place { file, line: *line })
}

/// A weakness as `CWE-79`, from that, from what follows it, or from the number alone.
fn weakness(said: &str) -> Option<Box<str>> {
    let said = said.trim();
    let number = match said.get(..4) {
        Some(start) if start.eq_ignore_ascii_case("CWE-") => said.get(4..)?,
        _ => said,
    };
    let number: String = number.chars().take_while(char::is_ascii_digit).take(6).collect();
    let number: u32 = number.parse().ok()?;
    (number > 0).then(|| format!("CWE-{number}").into())
}

/// A moment in one of the ways in which tools write it. One without a zone says no moment.
fn moment(said: &str) -> Option<Timestamp> {
    let said = said.trim();
    said.parse().ok().or_else(|| {
        let read = strtime::parse("%Y-%m-%d %H:%M:%S %z", said);
        read.ok()?.to_timestamp().ok()
    })
}

/// What an attribution holds, in bytes.
fn weight(one: &Attributed) -> usize {
    let list = |texts: &[Box<str>]| texts.iter().map(|text| text.len() + 16).sum::<usize>();
    let said = &one.severity;
    let texts = [&one.package, &one.version, &one.title, &one.text, &one.dismissed];
    256 + texts.iter().filter_map(|text| text.as_deref()).map(str::len).sum::<usize>()
        + [&one.ids, &said.words, &said.vectors, &said.scores, &one.fixed, &one.cwes]
            .iter()
            .map(|texts| list(texts))
            .sum::<usize>()
        + one.places.iter().map(|place| place.file.len() + 24).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_weaknesses_and_moments_are_read_as_tools_write_them() {
        let file = |said| place(&(said, None)).map(|place| place.file.to_string());
        assert_eq!(file("file:////src/a.js").as_deref(), Some("/src/a.js"));
        assert_eq!(file("file:///C:/code/a.c").as_deref(), Some("C:/code/a.c"));
        assert_eq!(file("src/a.c").as_deref(), Some("src/a.c"));
        assert_eq!(file("file:").as_deref(), None);
        assert_eq!(weakness("cwe-79: Cross-site Scripting").as_deref(), Some("CWE-79"));
        assert_eq!(weakness("502").as_deref(), Some("CWE-502"));
        assert_eq!(weakness("CWE-00 Bad"), None);
        assert_eq!(weakness("NVD-CWE-noinfo"), None);
        for said in [
            "2021-09-16T17:25:23Z",
            "2021-09-16T19:25:23.5+02:00",
            "2021-09-16T13:25:23.000-0400",
            "2021-09-16 19:25:23 +0200",
        ] {
            assert_eq!(moment(said).map(Timestamp::as_second), Some(1_631_813_123), "{said}");
        }
        assert_eq!(moment("2021-09-16 19:25:23"), None);
    }
}
