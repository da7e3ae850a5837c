//! Reading `exceptions.toml`. An exception that is not sound is left out, with the place of the
//! fault: what cannot be read does not hold. The others are read.

use std::collections::HashMap;
use std::ops::Range;

use trimtab_model::context::Role;
use trimtab_model::decision::{Exception, Reach, Signatory};
use trimtab_model::{Code, Diagnostic, Purl};

use super::shape::{Entry, File, Side};
use crate::place::{At, Day, Lines};

/// The version of the format that is read and written.
pub const FORMAT: u32 = 1;

/// The most exceptions that a file may have.
const MAX_EXCEPTIONS: usize = 100_000;

/// The most faults of a file that are said.
const MAX_FAULTS: usize = 1_000;

/// Reads a file. `file` is its name in diagnostics and in [`Exception::file`].
pub fn read(text: &str, file: &str) -> (Vec<Exception>, Vec<Diagnostic>) {
    let mut reader = Reader { text, file, lines: Lines::of(text), faults: Vec::new() };
    let parsed = match toml::from_str::<File>(text) {
        Ok(parsed) => parsed,
        Err(fault) => {
            reader.syntax(&fault);
            return (Vec::new(), reader.faults);
        }
    };
    if parsed.format.value != FORMAT {
        let message = format!("exceptions of format {}, of which 1 is read", parsed.format.value);
        let fault = reader.fault(Code::FormatVersion, message, &parsed.format.span);
        reader.faults.push(fault.help("write `format = 1`, or use a newer build"));
        return (Vec::new(), reader.faults);
    }
    if parsed.exception.len() > MAX_EXCEPTIONS {
        let message = format!("more than {MAX_EXCEPTIONS} exceptions");
        reader.faults.push(Diagnostic::new(Code::FileLimit, message).in_file(file));
        return (Vec::new(), reader.faults);
    }
    let mut first: HashMap<String, usize> = HashMap::new();
    let mut exceptions = Vec::with_capacity(parsed.exception.len());
    for entry in parsed.exception {
        if reader.faults.len() >= MAX_FAULTS {
            let message = format!("more than {MAX_FAULTS} faults; the rest is not read");
            reader.faults.push(Diagnostic::new(Code::FileLimit, message).in_file(file));
            break;
        }
        let id = entry.id.value.trim().to_owned();
        if let Some(at) = first.get(&id) {
            let line = reader.lines.at(*at);
            reader.wrong(
                format!("the exception `{id}` stands twice, first in line {line}"),
                &entry.id.span,
                "give each exception an id of its own; the second one is not used",
            );
            continue;
        }
        first.insert(id, entry.id.span.start);
        exceptions.extend(reader.exception(&entry));
    }
    (exceptions, reader.faults)
}

struct Reader<'t> {
    text: &'t str,
    file: &'t str,
    lines: Lines,
    faults: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn syntax(&mut self, fault: &toml::de::Error) {
        let message = fault.message();
        let help = if message.contains("unknown field") {
            "remove it or correct its name; `docs/exceptions.md` lists the fields"
        } else if message.contains("missing field") {
            "add it; `docs/exceptions.md` says what each field means"
        } else {
            "correct the line; until then no exception of this file holds"
        };
        let first = message.lines().next().unwrap_or_default();
        let said = format!("the exceptions cannot be read: {first}");
        let at = fault.span().unwrap_or(0..0);
        let fault = self.fault(Code::ConfigMalformed, said, &at).help(help);
        self.faults.push(fault);
    }

    fn fault(&self, code: Code, message: String, span: &Range<usize>) -> Diagnostic {
        Diagnostic::new(code, message).in_file(self.file).at_bytes(self.text, span.clone())
    }

    fn wrong(&mut self, message: String, span: &Range<usize>, help: &str) {
        let fault = self.fault(Code::ConfigMalformed, message, span).help(help);
        self.faults.push(fault);
    }

    /// An exception, if nothing is wrong with it.
    fn exception(&mut self, entry: &Entry) -> Option<Exception> {
        let before = self.faults.len();
        let id = self.needed("id", &entry.id);
        let reason = self.needed("reason", &entry.reason);
        let author = self.needed("author", &entry.author);
        let vulnerability = self.said("vulnerability", entry.vulnerability.as_ref());
        let package = entry.package.as_ref().and_then(|package| self.package(package));
        let path = self.path(entry.path.as_ref());
        let system = self.said("system", entry.system.as_ref());
        let environment = self.said("environment", entry.environment.as_ref());
        if entry.vulnerability.is_none() && entry.package.is_none() {
            self.wrong(
                format!("the exception `{id}` names neither a vulnerability nor a package"),
                &entry.id.span,
                "add `vulnerability = \"CVE-…\"`, `package = \"pkg:…\"`, or both",
            );
        }
        let approver = self.said("approver", entry.approver.as_ref());
        if let (None, Some(role)) = (&entry.approver, &entry.approver_role) {
            self.wrong(
                format!("the exception `{id}` has the role of an approver, but no approver"),
                &role.span,
                "say who approved it in `approver`, or remove `approver-role`",
            );
        }
        let created = entry.created.as_ref().and_then(|day| self.day("created", day));
        let expires = entry.expires.as_ref().and_then(|day| self.day("expires", day));
        if let (Some(from), Some(to), Some(at)) = (created, expires, &entry.expires)
            && to < from
        {
            self.wrong(
                format!("the exception `{id}` ends on {to}, before it begins on {from}"),
                &at.span,
                "correct `created` or `expires`",
            );
        }
        let control = self.said("control", entry.control.as_ref());
        let ticket = self.said("ticket", entry.ticket.as_ref());
        if self.faults.len() > before {
            return None;
        }
        let role = |side: &Option<At<Side>>| side.as_ref().map(|side| role(side.value));
        Some(Exception {
            id,
            reach: Reach { vulnerability, package, path, system, environment },
            reason,
            author: Signatory { name: author, role: role(&entry.author_role) },
            approver: approver.map(|name| Signatory { name, role: role(&entry.approver_role) }),
            created,
            expires,
            control,
            ticket,
            file: self.file.into(),
            line: self.lines.at(entry.id.span.start),
        })
    }

    fn needed(&mut self, name: &str, text: &At<String>) -> Box<str> {
        let value = text.value.trim();
        if value.is_empty() {
            let message = format!("`{name}` of an exception is empty");
            self.wrong(message, &text.span, "say it; an exception without it does not hold");
        }
        value.into()
    }

    fn said(&mut self, name: &str, text: Option<&At<String>>) -> Option<Box<str>> {
        let text = text?;
        if text.value.trim().is_empty() {
            let message = format!("`{name}` of an exception is empty");
            self.wrong(message, &text.span, "say it, or remove the line");
        }
        Some(text.value.trim().into())
    }

    fn package(&mut self, text: &At<String>) -> Option<Purl> {
        match Purl::parse(text.value.trim()) {
            Ok(purl) => Some(purl),
            Err(fault) => {
                self.wrong(
                    format!("`{}` is not a purl: {fault}", text.value),
                    &text.span,
                    "write it as `pkg:TYPE/NAMESPACE/NAME@VERSION`, such as `pkg:npm/lodash`",
                );
                None
            }
        }
    }

    fn path(&mut self, text: Option<&At<String>>) -> Option<Box<str>> {
        let text = text?;
        if let Err(fault) = super::judge::pattern(&text.value) {
            self.wrong(
                format!("`{}` is not a pattern of paths: {}", text.value, fault.kind()),
                &text.span,
                "write it relative to the root, such as `tools/**`",
            );
        }
        self.said("path", Some(text))
    }

    fn day(&mut self, name: &str, day: &At<Day>) -> Option<jiff::civil::Date> {
        if day.value.date.is_none() {
            self.wrong(
                format!("`{name}` is `{}`, which is not a day", day.value.text),
                &day.span,
                "write year, month and day, such as `2026-03-31`",
            );
        }
        day.value.date
    }
}

const fn role(side: Side) -> Role {
    match side {
        Side::Security => Role::Security,
        Side::Engineering => Role::Engineering,
        Side::Product => Role::Product,
        Side::Operations => Role::Operations,
        Side::Leadership => Role::Leadership,
        Side::Auditor => Role::Auditor,
        Side::Admin => Role::Admin,
    }
}
