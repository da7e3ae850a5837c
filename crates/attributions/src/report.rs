//! What a report says, in our words but with nothing of ours added.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_model::{Diagnostic, Purl};

use crate::format::Format;

/// A report of another scanner.
#[derive(Debug, Clone)]
pub struct Report {
    /// The format that it is in.
    pub format: &'static Format,
    /// The tool that made it, as it names itself; else the name of the format.
    pub tool: Box<str>,
    /// The tool's version, where the report says it.
    pub tool_version: Option<Box<str>>,
    /// When it was made, where the report says it.
    pub created: Option<Timestamp>,
    /// What was scanned, as the report names it: an image, a project, a path.
    pub target: Option<Box<str>>,
    /// What it says, in its order.
    pub attributions: Vec<Attributed>,
    /// What was left out, by kind, with counts: licences, secrets, flaws of code without a package.
    pub left_out: BTreeMap<&'static str, usize>,
    /// What the person who sent it should know.
    pub diagnostics: Vec<Diagnostic>,
}

/// What the tool says about one vulnerability in one package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributed {
    /// The component, with its version where the report gives one. `None`: which package is meant
    /// is not known, and the report's diagnostics count it.
    pub component: Option<Purl>,
    /// The package's name as written.
    pub package: Option<Box<str>>,
    /// The package's version as written.
    pub version: Option<Box<str>>,
    /// The ids of the vulnerability, aliases among them, in the order given, each once.
    pub ids: Vec<Box<str>>,
    /// How grave the tool says it is.
    pub severity: Said,
    /// The versions that the report names as fixed, in the order given.
    pub fixed: Vec<Box<str>>,
    /// Where the tool saw it.
    pub places: Vec<Place>,
    /// One line about the vulnerability, without addresses.
    pub title: Option<Box<str>>,
    /// More about it: short, without addresses.
    pub text: Option<Box<str>>,
    /// Weaknesses (`CWE-79`), in the order given.
    pub cwes: Vec<Box<str>>,
    /// The tool's own mark that this does not count (a false positive, suppressed, dismissed,
    /// not affected), in its words. `None`: the report marks nothing.
    pub dismissed: Option<Box<str>>,
}

/// How grave a flaw is in the tool's own words: never mixed with our own rating.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Its words, as written (`HIGH`, `moderate`), the main one first.
    pub words: Vec<Box<str>>,
    /// CVSS vectors, in the order given. The prefix is added if the format gives the version beside
    /// the vector.
    pub vectors: Vec<Box<str>>,
    /// Scores without a vector, as written.
    pub scores: Vec<Box<str>>,
}

/// A place that a report names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, as written, without `file://`.
    pub file: Box<str>,
    /// One-based line.
    pub line: Option<u32>,
}
