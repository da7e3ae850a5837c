//! Reading `exceptions.toml`. An invalid decision is left out, with the place of the fault: what
//! cannot be read is not in force. The others are read.

use std::collections::HashMap;
use std::ops::Range;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};
use trimtab_model::context::Role;
use trimtab_model::decision::{Decisions, Exception, Justification, NotAffected, Reach, Signatory};
use trimtab_model::{Code, Diagnostic, Purl};

use super::entries::entry;
use super::shape::{Common, Entry, File, Side, Unaffected};
use crate::place::{At, Day, Lines};

/// The version of the format that is read and written.
pub const FORMAT: u32 = 1;

/// The most decisions that a file may have.
const MAX_DECISIONS: usize = 100_000;

/// The most mistakes in the file's syntax that are reported: what follows the first often results
/// from it.
const MAX_SLIPS: usize = 10;

/// The most faults of a file that are reported.
const MAX_FAULTS: usize = 1_000;

/// Reads a file. `file` is its name in diagnostics and in [`Exception::file`].
pub fn read(text: &str, file: &str) -> (Decisions, Vec<Diagnostic>) {
    let mut reader = Reader {
        text,
        file,
        lines: Lines::of(text),
        faults: Vec::new(),
        first: HashMap::new(),
        noun: EXCEPTION,
    };
    let mut all = Decisions::default();
    let (mut root, slips) = DeTable::parse_recoverable(text);
    if !slips.is_empty() {
        // One slip of the language hides the borders of what follows: no decision is read.
        slips.iter().take(MAX_SLIPS).for_each(|slip| reader.slip(WHOLE, slip));
        return (all, reader.faults);
    }
    let mut list = |name: &str| match root.get_ref().get(name).map(Spanned::get_ref) {
        Some(DeValue::Array(_)) => match root.get_mut().remove(name).map(Spanned::into_inner) {
            Some(DeValue::Array(entries)) => entries,
            _ => DeArray::new(),
        },
        _ => DeArray::new(),
    };
    let (exceptions, not_affected) = (list("exception"), list("not-affected"));
    let parsed = match File::deserialize(Deserializer::from(root)) {
        Ok(parsed) => parsed,
        Err(fault) => {
            reader.slip(WHOLE, &fault);
            return (all, reader.faults);
        }
    };
    if parsed.format.value != FORMAT {
        let message = format!("exceptions of format {}, of which 1 is read", parsed.format.value);
        let fault = reader.fault(Code::FormatVersion, message, &parsed.format.span);
        reader.faults.push(fault.help("write `format = 1`, or use a newer build"));
        return (all, reader.faults);
    }
    if exceptions.len().saturating_add(not_affected.len()) > MAX_DECISIONS {
        let message = format!("more than {MAX_DECISIONS} decisions");
        reader.faults.push(Diagnostic::new(Code::FileLimit, message).in_file(file));
        return (all, reader.faults);
    }
    for value in exceptions {
        if reader.is_full() {
            return (all, reader.faults);
        }
        let entry = entry::<Entry>(value, &mut |slip| reader.slip("the exception", slip));
        all.exceptions.extend(entry.and_then(|entry| reader.exception(&entry)));
    }
    reader.noun = DECISION;
    for value in not_affected {
        if reader.is_full() {
            break;
        }
        let entry = entry::<Unaffected>(value, &mut |slip| reader.slip("the decision", slip));
        all.not_affected.extend(entry.and_then(|entry| reader.not_affected(&entry)));
    }
    (all, reader.faults)
}

/// What the file is called.
const WHOLE: &str = "the exceptions";

/// What a decision is called, without article and with one.
type Noun = (&'static str, &'static str);
const EXCEPTION: Noun = ("exception", "an exception");
const DECISION: Noun = ("decision", "a decision");

struct Reader<'t> {
    text: &'t str,
    file: &'t str,
    lines: Lines,
    faults: Vec<Diagnostic>,
    /// Where each id occurs first.
    first: HashMap<String, usize>,
    /// What is read.
    noun: Noun,
}

/// What every decision has, checked.
struct Sound {
    id: Box<str>,
    reach: Reach,
    reason: Box<str>,
    author: Signatory,
    approver: Option<Signatory>,
    created: Option<Date>,
    expires: Option<Date>,
    line: u32,
}

impl Reader<'_> {
    /// What the parser says of `what`.
    fn slip(&mut self, what: &str, fault: &toml::de::Error) {
        let message = fault.message();
        let help = if message.contains("unknown field") {
            "remove it or correct its name; `docs/exceptions.md` lists the fields"
        } else if message.contains("missing field") {
            "add it; `docs/exceptions.md` says what each field means"
        } else if what == WHOLE {
            "correct the line; until then no decision of this file holds"
        } else {
            "correct the line; until then it does not hold"
        };
        let first = message.lines().next().unwrap_or_default();
        let said = format!("{what} cannot be read: {first}");
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

    /// Whether so much is wrong that no more is read.
    fn is_full(&mut self) -> bool {
        let full = self.faults.len() >= MAX_FAULTS;
        if full {
            let message = format!("more than {MAX_FAULTS} faults; the rest is not read");
            self.faults.push(Diagnostic::new(Code::FileLimit, message).in_file(self.file));
        }
        full
    }

    /// An exception, if nothing is wrong with it.
    fn exception(&mut self, entry: &Entry) -> Option<Exception> {
        let before = self.faults.len();
        let sound = self.sound(&Common::from(entry))?;
        let control = self.said("control", entry.control.as_ref());
        let ticket = self.said("ticket", entry.ticket.as_ref());
        if self.faults.len() > before {
            return None;
        }
        Some(Exception {
            id: sound.id,
            reach: sound.reach,
            reason: sound.reason,
            author: sound.author,
            approver: sound.approver,
            created: sound.created,
            expires: sound.expires,
            control,
            ticket,
            file: self.file.into(),
            line: sound.line,
        })
    }

    /// A decision that something does not matter, if nothing is wrong with it.
    fn not_affected(&mut self, entry: &Unaffected) -> Option<NotAffected> {
        let before = self.faults.len();
        let sound = self.sound(&Common::from(entry))?;
        let justification = self.justification(entry, &sound.id);
        let evidence = self.said("evidence", entry.evidence.as_ref());
        if self.faults.len() > before {
            return None;
        }
        Some(NotAffected {
            id: sound.id,
            reach: sound.reach,
            justification: justification?,
            reason: sound.reason,
            author: sound.author,
            approver: sound.approver,
            created: sound.created,
            expires: sound.expires,
            evidence,
            file: self.file.into(),
            line: sound.line,
        })
    }

    /// The label of a decision.
    fn justification(&mut self, entry: &Unaffected, id: &str) -> Option<Justification> {
        let (message, span) = match &entry.justification {
            Some(text) => match Justification::from_label(text.value.trim()) {
                Some(label) => return Some(label),
                None => (
                    format!("`{}` of the decision `{id}` is not a valid justification", text.value),
                    &text.span,
                ),
            },
            None => (format!("the decision `{id}` gives no justification"), &entry.id.span),
        };
        let labels: Vec<_> = Justification::ALL.iter().map(|label| label.as_str()).collect();
        let help = format!("say in `justification` one of: {}", labels.join(", "));
        let fault = self.fault(Code::DecisionUnjustified, message, span).help(help);
        self.faults.push(fault);
        None
    }

    /// What every decision has. `None` if its id was there before.
    fn sound(&mut self, entry: &Common<'_>) -> Option<Sound> {
        let (noun, _) = self.noun;
        let key = entry.id.value.trim().to_owned();
        if let Some(at) = self.first.get(&key) {
            let line = self.lines.at(*at);
            self.wrong(
                format!("the {noun} `{key}` appears twice, first in line {line}"),
                &entry.id.span,
                &format!("give each {noun} an id of its own; the second one is not used"),
            );
            return None;
        }
        self.first.insert(key, entry.id.span.start);
        let id = self.needed("id", entry.id);
        let reason = self.needed("reason", entry.reason);
        let author = self.needed("author", entry.author);
        let vulnerability = self.said("vulnerability", entry.vulnerability);
        let package = entry.package.and_then(|package| self.package(package));
        let path = self.path(entry.path);
        let system = self.said("system", entry.system);
        let environment = self.said("environment", entry.environment);
        let lacks = match (entry.vulnerability, entry.package) {
            (None, _) if self.noun == DECISION => Some((
                "no vulnerability",
                "add `vulnerability = \"CVE-…\"`: nobody has looked at one that is not known yet",
            )),
            (None, None) => Some((
                "neither a vulnerability nor a package",
                "add `vulnerability = \"CVE-…\"`, `package = \"pkg:…\"`, or both",
            )),
            _ => None,
        };
        if let Some((what, help)) = lacks {
            self.wrong(format!("the {noun} `{id}` names {what}"), &entry.id.span, help);
        }
        let approver = self.said("approver", entry.approver);
        if let (None, Some(role)) = (entry.approver, entry.approver_role) {
            self.wrong(
                format!("the {noun} `{id}` has the role of an approver, but no approver"),
                &role.span,
                "say who approved it in `approver`, or remove `approver-role`",
            );
        }
        let created = entry.created.and_then(|day| self.day("created", day));
        let expires = entry.expires.and_then(|day| self.day("expires", day));
        if let (Some(from), Some(to), Some(at)) = (created, expires, entry.expires)
            && to < from
        {
            self.wrong(
                format!("the {noun} `{id}` ends on {to}, before it begins on {from}"),
                &at.span,
                "correct `created` or `expires`",
            );
        }
        let role = |side: Option<&At<Side>>| side.map(|side| role(side.value));
        Some(Sound {
            id,
            reach: Reach { vulnerability, package, path, system, environment },
            reason,
            author: Signatory { name: author, role: role(entry.author_role) },
            approver: approver.map(|name| Signatory { name, role: role(entry.approver_role) }),
            created,
            expires,
            line: self.lines.at(entry.id.span.start),
        })
    }

    fn needed(&mut self, name: &str, text: &At<String>) -> Box<str> {
        let value = text.value.trim();
        if value.is_empty() {
            let (_, one) = self.noun;
            let help = format!("say it; {one} without it does not hold");
            self.wrong(format!("`{name}` of {one} is empty"), &text.span, &help);
        }
        value.into()
    }

    fn said(&mut self, name: &str, text: Option<&At<String>>) -> Option<Box<str>> {
        let text = text?;
        if text.value.trim().is_empty() {
            let message = format!("`{name}` of {} is empty", self.noun.1);
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

    fn day(&mut self, name: &str, day: &At<Day>) -> Option<Date> {
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
