//! Writing `exceptions.toml`: the exceptions in their order, one field a line, byte-identical for
//! equal exceptions. Comments are not kept; `read` of what is written gives the same exceptions.

use std::fmt::Write;

use trimtab_model::decision::{Exception, Signatory};

use super::FORMAT;

/// The text of a file with these exceptions.
pub fn write(exceptions: &[Exception]) -> String {
    let mut out = format!("format = {FORMAT}\n");
    for exception in exceptions {
        let reach = &exception.reach;
        out.push_str("\n[[exception]]\n");
        text(&mut out, "id", Some(&exception.id));
        text(&mut out, "vulnerability", reach.vulnerability.as_deref());
        text(&mut out, "package", reach.package.as_ref().map(ToString::to_string).as_deref());
        text(&mut out, "path", reach.path.as_deref());
        text(&mut out, "system", reach.system.as_deref());
        text(&mut out, "environment", reach.environment.as_deref());
        text(&mut out, "reason", Some(&exception.reason));
        signatory(&mut out, "author", Some(&exception.author));
        signatory(&mut out, "approver", exception.approver.as_ref());
        for (name, day) in [("created", exception.created), ("expires", exception.expires)] {
            if let Some(day) = day {
                // Writing to a string does not fail.
                let _ = writeln!(out, "{name} = {day}");
            }
        }
        text(&mut out, "control", exception.control.as_deref());
        text(&mut out, "ticket", exception.ticket.as_deref());
    }
    out
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
