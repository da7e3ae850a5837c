//! What is not known about a report, or was not taken: counted while it is read and reported at its
//! end.

use std::collections::BTreeMap;

use trimtab_model::{Code, Diagnostic};

use crate::reading::MAX_LIST;

/// Kinds of packages that are named in a diagnostic.
const MAX_TOLD: usize = 8;

/// Kinds of packages that are counted apart: a report may invent words without end.
const MAX_WORDS: usize = 1_000;

/// Why an attribution names no component.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Nameless {
    /// The tool's word for the kind of package is not known.
    Word(Box<str>),
    /// The report does not say of which kind the package is.
    NoKind,
    /// The name is none that the kind of package has.
    Name,
    /// There is no package.
    NoPackage,
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Unknown {
    nameless: BTreeMap<Nameless, usize>,
    /// Attributions about a component without a version.
    pub(crate) without_version: usize,
    /// Attributions without an id.
    pub(crate) without_id: usize,
    /// Attributions beyond a bound.
    pub(crate) full: usize,
    /// Items of lists beyond a bound.
    pub(crate) cut: usize,
}

impl Unknown {
    /// Counts an attribution that names no component.
    pub(crate) fn nameless(&mut self, why: Nameless) {
        let why = match why {
            Nameless::Word(_) if self.nameless.len() > MAX_WORDS => Nameless::Word("…".into()),
            why => why,
        };
        *self.nameless.entry(why).or_default() += 1;
    }

    /// What is to be known of a report with so many attributions.
    pub(crate) fn told(&self, total: usize) -> Vec<Diagnostic> {
        let count = |kind: fn(&Nameless) -> bool| -> usize {
            self.nameless.iter().filter(|(why, _)| kind(why)).map(|(_, n)| n).sum()
        };
        let words = self.nameless.iter().filter_map(|(why, n)| match why {
            Nameless::Word(word) => Some(format!("`{word}` {n}")),
            _ => None,
        });
        let words = words.take(MAX_TOLD).collect::<Vec<_>>().join(", ");
        let component = "they are kept by name, and belong to no component";
        let of = |n: usize, what: &str| (n, format!("{n} of {total} attributions {what}"));
        let all = [
            (
                Code::EcosystemUnknown,
                of(
                    count(|why| matches!(why, Nameless::Word(_))),
                    &format!("are about packages of a kind that is not known: {words}"),
                ),
                component,
            ),
            (
                Code::EcosystemUnknown,
                of(
                    count(|why| matches!(why, Nameless::NoKind)),
                    "are about packages whose kind the report does not say",
                ),
                "they are kept by name, and belong to no component; if the tool has a richer format, send that",
            ),
            (
                Code::EcosystemUnknown,
                of(
                    count(|why| matches!(why, Nameless::Name)),
                    "name packages in a spelling that their kind does not have",
                ),
                component,
            ),
            (
                Code::EcosystemUnknown,
                of(
                    count(|why| matches!(why, Nameless::NoPackage)),
                    "name a vulnerability and no package",
                ),
                "they belong to no component; if the tool has a richer format, send that",
            ),
            (
                Code::VersionUnknown,
                of(self.without_version, "name a package without its version"),
                "they are about the package in whatever version the inventory lists",
            ),
            (
                Code::VersionUnknown,
                of(self.without_id, "name no vulnerability by an id"),
                "they are kept by title, and are joined with no other source",
            ),
            (
                Code::FileLimit,
                (
                    self.full,
                    format!("{} attributions beyond the first {total} were not taken", self.full),
                ),
                "split the report, or have the tool report fewer projects at a time",
            ),
            (
                Code::EntryIgnored,
                (
                    self.cut,
                    format!("{} items beyond {MAX_LIST} of a list were not taken", self.cut),
                ),
                "the attributions themselves are kept",
            ),
        ];
        all.into_iter()
            .filter(|(_, (n, _), _)| *n > 0)
            .map(|(code, (_, message), help)| Diagnostic::new(code, message).help(help))
            .collect()
    }
}
