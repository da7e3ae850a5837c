//! Writing `exceptions.toml`: the decisions in their order, one field a line, byte-identical for
//! equal decisions. `read` of what is written gives the same decisions. To a file that people keep,
//! exceptions are appended, so that their comments stay.

use std::collections::HashSet;
use std::fmt::Write;

use jiff::civil::Date;
use trimtab_model::decision::{Decisions, Exception, NotAffected, Reach, Signatory};
use trimtab_model::{Code, Diagnostic, DiagnosticSeverity};

use super::{FORMAT, read};

/// The text of a file with these decisions.
pub fn write(decisions: &Decisions) -> String {
    let mut out = format!("format = {FORMAT}\n");
    entries(&mut out, &decisions.exceptions);
    for decision in &decisions.not_affected {
        not_affected(&mut out, decision);
    }
    out
}

/// The text of a file with more exceptions at its end, and how many were added. What is there stays
/// as it is. An exception about the same as one that is there is not added again; one whose id is
/// taken gets a number.
///
/// # Errors
/// The file is not sound; it is to be corrected first.
pub fn append(
    text: &str,
    file: &str,
    more: &[Exception],
) -> Result<(String, usize), Vec<Diagnostic>> {
    if text.trim().is_empty() {
        return append(&write(&Decisions::default()), file, more);
    }
    let sound = |text: &str| {
        let (all, faults) = read(text, file);
        match faults.iter().any(|f| f.code.severity() == DiagnosticSeverity::Error) {
            true => Err(faults),
            false => Ok(all),
        }
    };
    let there = sound(text)?;
    let about = |exception: &Exception| {
        let mut reach = exception.reach.clone();
        let id = reach.vulnerability.map(|id| id.to_ascii_lowercase());
        reach.vulnerability = None;
        format!("{id:?} {reach:?}")
    };
    let mut decided: HashSet<String> = there.exceptions.iter().map(about).collect();
    let exceptions = there.exceptions.iter().map(|exception| exception.id.clone());
    let others = there.not_affected.iter().map(|decision| decision.id.clone());
    let mut ids: HashSet<Box<str>> = exceptions.chain(others).collect();
    let mut added = Vec::new();
    for exception in more {
        if !decided.insert(about(exception)) {
            continue;
        }
        let mut new = exception.clone();
        let mut number = 1;
        while !ids.insert(new.id.clone()) {
            number += 1;
            new.id = format!("{}-{number}", exception.id).into();
        }
        added.push(new);
    }
    let mut out = text.to_owned();
    if !out.ends_with('\n') {
        out.push('\n');
    }
    entries(&mut out, &added);
    // A list in brackets takes no tables after it.
    sound(&out).map_err(|mut faults| {
        let message = "exceptions cannot be appended to this file";
        let help = "write each exception as a table of its own: `[[exception]]`";
        faults.push(Diagnostic::new(Code::ConfigMalformed, message).in_file(file).help(help));
        faults
    })?;
    Ok((out, added.len()))
}

fn entries(out: &mut String, exceptions: &[Exception]) {
    for exception in exceptions {
        out.push_str("\n[[exception]]\n");
        text(out, "id", Some(&exception.id));
        reach(out, &exception.reach);
        text(out, "reason", Some(&exception.reason));
        signatory(out, "author", Some(&exception.author));
        signatory(out, "approver", exception.approver.as_ref());
        days(out, exception.created, exception.expires);
        text(out, "control", exception.control.as_deref());
        text(out, "ticket", exception.ticket.as_deref());
    }
}

fn not_affected(out: &mut String, decision: &NotAffected) {
    out.push_str("\n[[not-affected]]\n");
    text(out, "id", Some(&decision.id));
    reach(out, &decision.reach);
    text(out, "justification", Some(decision.justification.as_str()));
    text(out, "reason", Some(&decision.reason));
    signatory(out, "author", Some(&decision.author));
    signatory(out, "approver", decision.approver.as_ref());
    days(out, decision.created, decision.expires);
    text(out, "evidence", decision.evidence.as_deref());
}

fn reach(out: &mut String, reach: &Reach) {
    text(out, "vulnerability", reach.vulnerability.as_deref());
    text(out, "package", reach.package.as_ref().map(ToString::to_string).as_deref());
    text(out, "path", reach.path.as_deref());
    text(out, "system", reach.system.as_deref());
    text(out, "environment", reach.environment.as_deref());
}

fn days(out: &mut String, created: Option<Date>, expires: Option<Date>) {
    for (name, day) in [("created", created), ("expires", expires)] {
        if let Some(day) = day {
            // Writing to a string does not fail.
            let _ = writeln!(out, "{name} = {day}");
        }
    }
}

fn signatory(out: &mut String, name: &str, who: Option<&Signatory>) {
    let Some(who) = who else { return };
    text(out, name, Some(&who.name));
    text(out, &format!("{name}-role"), who.role.map(trimtab_model::Role::as_str));
}

fn text(out: &mut String, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    let _ = writeln!(out, "{name} = {}", toml::Value::String(value.to_owned()));
}
