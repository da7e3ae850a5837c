//! The ignore files of other tools, as exceptions.
//!
//! An import has an author (the person who imports it) and no approver, so it is not in force until
//! somebody approves it. A rule becomes exceptions that cover no more than the rule did. A rule
//! that would have to be widened (a condition that an exception does not have: a dependency path, a
//! state of the fix, a hash) is left out, with a diagnostic at its line. The last day is kept if
//! the tool has one. Tools that end a rule *at* a date end it at that day's first moment, so that
//! the day before is the last.

mod cargo_audit;
mod cargo_deny;
mod dependency_check;
mod grype;
mod osv_scanner;
mod snyk;
mod trivyignore;
mod yaml;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use trimtab_model::decision::{Exception, Reach, Signatory};
use trimtab_model::ecosystem::NameShape;
use trimtab_model::{Code, Diagnostic, Family, Purl};

use crate::place;

/// The most rules that are taken over from one file.
const MAX_RULES: usize = 100_000;

/// A tool whose ignores are read.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Its word: in ids of exceptions, and for those who name it.
    pub name: &'static str,
    /// The names of its files; one that starts with `*` is an ending.
    pub files: &'static [&'static str],
    read: fn(&str, &mut Reading<'_>),
}

/// Every tool.
pub const TOOLS: &[Tool] = &[
    Tool {
        name: "osv-scanner",
        files: &["osv-scanner.toml", ".osv-scanner.toml"],
        read: osv_scanner::read,
    },
    Tool { name: "trivy", files: &[".trivyignore"], read: trivyignore::read },
    Tool {
        name: "trivy-yaml",
        files: &[".trivyignore.yaml", ".trivyignore.yml"],
        read: trivyignore::read_yaml,
    },
    Tool { name: "grype", files: &[".grype.yaml", ".grype.yml"], read: grype::read },
    Tool { name: "snyk", files: &[".snyk"], read: snyk::read },
    Tool { name: "cargo-deny", files: &["deny.toml", ".deny.toml"], read: cargo_deny::read },
    Tool { name: "cargo-audit", files: &["audit.toml"], read: cargo_audit::read },
    Tool {
        name: "dependency-check",
        files: &["*suppression.xml", "*suppressions.xml"],
        read: dependency_check::read,
    },
];

/// The tool that a file belongs to, by its name.
pub fn tool_of(path: &str) -> Option<&'static Tool> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    TOOLS.iter().find(|tool| {
        tool.files.iter().any(|file| match file.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => name == *file,
        })
    })
}

/// The tool of a name.
pub fn tool(name: &str) -> Option<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name)
}

/// Reads a file of a tool.
///
/// `file` is its path relative to the root, for lines and for tools whose rules hold for a folder;
/// `author` is who imports it; `today` is the day on which exceptions without a beginning
/// begin.
pub fn import(
    tool: &Tool,
    bytes: &[u8],
    file: &str,
    author: &Signatory,
    today: Date,
) -> (Vec<Exception>, Vec<Diagnostic>) {
    let mut reading = Reading {
        tool: tool.name,
        file,
        author,
        today,
        ids: HashSet::new(),
        numbers: HashMap::new(),
        exceptions: Vec::new(),
        faults: Vec::new(),
    };
    match crate::text(bytes) {
        Ok(text) => (tool.read)(text, &mut reading),
        Err(fault) => reading.faults.push(fault),
    }
    if reading.is_full() {
        let message = format!("more than {MAX_RULES} rules; the rest is not read");
        reading.faults.push(Diagnostic::new(Code::FileLimit, message));
    }
    for fault in &mut reading.faults {
        fault.file = Some(file.into());
    }
    reading.faults.sort_by_key(|fault| fault.line);
    (reading.exceptions, reading.faults)
}

/// What a rule says, before it is an exception.
#[derive(Debug, Default)]
struct Rule {
    vulnerability: Option<String>,
    package: Option<Purl>,
    path: Option<String>,
    reason: Option<String>,
    created: Option<Date>,
    expires: Option<Date>,
    line: u32,
}

/// A file that is read.
struct Reading<'f> {
    tool: &'static str,
    file: &'f str,
    author: &'f Signatory,
    today: Date,
    ids: HashSet<String>,
    /// The last number that was given to an id.
    numbers: HashMap<String, u32>,
    exceptions: Vec<Exception>,
    faults: Vec<Diagnostic>,
}

impl Reading<'_> {
    /// Takes a rule over.
    fn rule(&mut self, rule: Rule) {
        if self.is_full() {
            return;
        }
        let text = |text: Option<String>| {
            text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).map(Box::<str>::from)
        };
        let vulnerability = text(rule.vulnerability);
        if vulnerability.is_none() && rule.package.is_none() {
            self.cannot(rule.line, "a rule that names neither a vulnerability nor a package");
            return;
        }
        let path = text(rule.path);
        if path.as_deref().is_some_and(crate::exceptions::is_no_pattern) {
            self.cannot(rule.line, "a path that is not a valid pattern");
            return;
        }
        let what = match (&vulnerability, &rule.package) {
            (Some(id), _) => id.to_string(),
            (None, Some(purl)) => purl.name().to_owned(),
            (None, None) => String::new(),
        };
        let base = format!("{}-{what}", self.tool);
        let mut id = base.clone();
        while !self.ids.insert(id.clone()) {
            let number = self.numbers.entry(base.clone()).or_insert(1);
            *number += 1;
            id = format!("{base}-{number}");
        }
        let told = format!("Taken over from {}, which gives no reason.", self.file);
        let reason = text(rule.reason).unwrap_or_else(|| told.into());
        // What begins in the future, or after its end, began when it ended at the latest.
        let created = rule.created.unwrap_or(self.today).min(self.today);
        self.exceptions.push(Exception {
            id: id.into(),
            reach: Reach { vulnerability, package: rule.package, path, ..Reach::default() },
            reason,
            author: self.author.clone(),
            approver: None,
            created: Some(rule.expires.map_or(created, |last| created.min(last))),
            expires: rule.expires,
            control: None,
            ticket: None,
            file: self.file.into(),
            line: rule.line,
        });
    }

    /// Whether no more rules are taken.
    fn is_full(&self) -> bool {
        self.exceptions.len() >= MAX_RULES
    }

    /// Says that a rule is left out.
    fn cannot(&mut self, line: u32, what: &str) {
        self.left_out(line, what, "the rule");
    }

    /// Says that something is left out.
    fn left_out(&mut self, line: u32, what: &str, left: &str) {
        self.faults.push(
            Diagnostic::new(
                Code::IgnoreInexpressible,
                format!("{what} cannot be said by an exception; {left} is left out"),
            )
            .at_line(line.max(1))
            .help("write an exception by hand that names the vulnerability and the package"),
        );
    }

    /// Says that the whole file is not in its tool's format.
    fn malformed(&mut self, fault: Diagnostic) {
        self.faults.push(fault.help("correct the file, or name its tool if it is of another one"));
    }

    /// The last day of a rule that ends at a date: the day before, unless a time of day follows.
    /// What is no date is a diagnostic, and the rule is left out.
    fn last_day(&mut self, text: Option<&str>, line: u32) -> Result<Option<Date>, ()> {
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let Some(day) = place::day(text) else {
            self.faults.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("`{text}` is not a date; the rule is left out"),
                )
                .at_line(line.max(1))
                .help("write it as 2026-03-31"),
            );
            return Err(());
        };
        let time = text.get(11..).unwrap_or_default();
        let midnight = !time
            .bytes()
            .take_while(|b| !matches!(b, b'Z' | b'+' | b'-'))
            .any(|b| (b'1'..=b'9').contains(&b));
        Ok(Some(if midnight { day.yesterday().unwrap_or(day) } else { day }))
    }
}

/// What TOML says is wrong, at its place.
fn toml_fault(text: &str, fault: &toml::de::Error) -> Diagnostic {
    let first = fault.message().lines().next().unwrap_or_default();
    Diagnostic::new(Code::FileMalformed, format!("the TOML cannot be read: {first}"))
        .at_bytes(text, fault.span().unwrap_or(0..0))
}

/// What follows `#` in the line of a byte: people give reasons there.
fn comment_after(text: &str, at: usize) -> Option<String> {
    let rest = text.get(at..)?.lines().next()?;
    let (before, comment) = rest.split_once('#')?;
    // After another value the comment is about that one.
    (!before.contains('"')).then(|| comment.trim().to_owned())
}

/// The purl of a package that a tool names by ecosystem and name. `None` where the name alone does
/// not say which package it is: distributions, or a Maven artifact without its group.
fn package(ecosystem: &str, name: &str, version: Option<&str>) -> Option<Purl> {
    let family = match ecosystem.to_ascii_lowercase().as_str() {
        "python" => Family::PyPI,
        "javascript" | "typescript" => Family::Npm,
        "go-module" => Family::Go,
        "ruby" => Family::RubyGems,
        "rust" | "rust-crate" => Family::CratesIo,
        "php" | "php-composer" => Family::Packagist,
        "dotnet" => Family::NuGet,
        _ => Family::from_name(ecosystem)?,
    };
    Family::from_purl_type(family.purl_type())?;
    let (namespace, name) = match family.name_shape() {
        NameShape::Plain => (None, name),
        NameShape::Slash => match name.rsplit_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, name),
        },
        NameShape::Colon => {
            let (namespace, name) = name.split_once(':')?;
            (Some(namespace), name)
        }
    };
    Purl::build(family.purl_type(), namespace, name, version, [], None).ok()
}
