//! What is read anywhere in a charter: words, levels, durations, numbers, and that something is wrong.

use std::ops::Range;

use jiff::civil::Date;
use trimtab_model::charter::{Strictness, Term};
use trimtab_model::{Code, Exposure, Level, Role};

use super::read::{MAX_ENTRIES, Reader};
use super::{shape, words};
use crate::at::{At, nearest};

/// The words for strictness.
const STRICTNESS: &[(&str, Strictness)] =
    &[("allow", Strictness::Allow), ("warn", Strictness::Warn), ("deny", Strictness::Deny)];

impl Reader<'_> {
    /// Says that something is wrong.
    pub(super) fn wrong(&mut self, bytes: &Range<usize>, message: String, help: String) {
        self.bad = true;
        self.text.problem(Code::CharterInvalid, bytes.clone(), message, help);
    }

    /// One of some words. A mistyped one is reported with the word that was probably meant.
    pub(super) fn word<T: Copy>(
        &mut self,
        what: &str,
        at: &At<String>,
        known: &[(&str, T)],
    ) -> Option<T> {
        let found = known.iter().find(|(word, _)| *word == at.value);
        if found.is_none() {
            let words: Vec<String> = known.iter().map(|(word, _)| format!("`{word}`")).collect();
            let help = match nearest(&at.value, known.iter().map(|(word, _)| *word)) {
                Some(near) => format!("did you mean `{near}`? Use one of {}", words.join(", ")),
                None => format!("use one of {}", words.join(", ")),
            };
            self.wrong(&at.bytes, format!("`{}` is not a valid {what}", at.value), help);
        }
        found.map(|(_, value)| *value)
    }

    /// A level.
    pub(super) fn level(&mut self, at: &At<String>) -> Option<Level> {
        let known: Vec<_> = Level::ALL.iter().rev().map(|l| (l.as_str(), *l)).collect();
        self.word("level", at, &known)
    }

    /// A part that may not have more entries than are read.
    pub(super) fn bounded(&mut self, what: &str, last: Option<&At<String>>, count: usize) {
        if let Some(at) = last.filter(|_| count > MAX_ENTRIES) {
            let help = "remove what is not in use".to_owned();
            self.wrong(
                &at.bytes,
                format!("there are {count} {what}; {MAX_ENTRIES} are read"),
                help,
            );
        }
    }

    pub(super) fn role(&mut self, at: &At<String>) -> Option<Role> {
        let known: Vec<_> = Role::ALL.iter().map(|r| (r.as_str(), *r)).collect();
        self.word("side", at, &known)
    }

    pub(super) fn exposure(&mut self, at: &At<String>) -> Option<Exposure> {
        let known: Vec<_> = Exposure::ALL.iter().map(|e| (e.as_str(), *e)).collect();
        self.word("exposure", at, &known)
    }

    /// One of three strictnesses, where it is said.
    pub(super) fn strictness(&mut self, at: Option<At<String>>, into: &mut Strictness) {
        if let Some(value) = at.and_then(|at| self.word("strictness", &at, STRICTNESS)) {
            *into = value;
        }
    }

    /// A term.
    pub(super) fn term(&mut self, at: &At<String>) -> Option<Term> {
        let term = words::term(&at.value);
        if term.is_none() {
            let help = match words::meant(&at.value) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("write {}", words::TERMS),
            };
            self.wrong(&at.bytes, format!("`{}` is not a term", at.value), help);
        }
        term
    }

    /// A duration in days.
    pub(super) fn days(&mut self, at: &At<String>) -> Option<u32> {
        let days = words::days(&at.value);
        if days.is_none() {
            let meant = words::meant(&at.value).filter(|meant| words::days(meant).is_some());
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write `14 days`, `2 weeks` or `1 year`".to_owned(),
            };
            self.wrong(&at.bytes, format!("`{}` is not a duration", at.value), help);
        }
        days
    }

    /// A day.
    pub(super) fn date(&mut self, at: &At<toml::value::Datetime>) -> Option<Date> {
        let date = shape::date(at.value);
        if date.is_none() {
            let help = "write a day without a time, such as 2026-11-21".to_owned();
            self.wrong(&at.bytes, format!("`{}` is not a date", at.value), help);
        }
        date
    }

    /// The values of a table by level, from low to critical. What is left out has to be known from below it.
    pub(super) fn by_level<'s, T>(
        &mut self,
        table: &str,
        shape: &'s At<shape::ByLevel<T>>,
        laid_over: bool,
    ) -> [Option<&'s At<T>>; 4] {
        let by = &shape.value;
        let all = [&by.low, &by.medium, &by.high, &by.critical].map(Option::as_ref);
        for (level, value) in Level::ALL.iter().zip(&all).rev() {
            if value.is_none() && !laid_over {
                self.left_out(table, level.as_str(), &shape.bytes);
            }
        }
        all
    }

    /// Says that a table lacks a member that no preset gives.
    pub(super) fn left_out(&mut self, table: &str, name: &str, at: &Range<usize>) {
        let help = format!("add `{name}`, or name a `preset` that says it");
        self.wrong(at, format!("`[{table}]` has no `{name}`"), help);
    }

    /// A number between two others.
    pub(super) fn range<T: PartialOrd + Copy + std::fmt::Display>(
        &mut self,
        what: &str,
        at: &At<T>,
        least: T,
        most: T,
    ) -> Option<T> {
        let fits = at.value >= least && at.value <= most;
        if !fits {
            let help = format!("it must be between {least} and {most}");
            self.wrong(&at.bytes, format!("{what} cannot be {}", at.value), help);
        }
        fits.then_some(at.value)
    }

    /// Reads names that must be distinct. Returns the names that were taken.
    pub(super) fn distinct<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n At<String>>) {
        let mut seen: Vec<&str> = Vec::new();
        for name in names {
            if seen.contains(&name.value.as_str()) {
                let help = format!("give every {what} its own name");
                self.wrong(&name.bytes, format!("{what} `{}` appears twice", name.value), help);
            } else if name.value.trim().is_empty() {
                self.wrong(&name.bytes, format!("a {what} has no name"), "name it".to_owned());
            }
            seen.push(&name.value);
        }
    }
}
