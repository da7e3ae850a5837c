//! GitHub Actions: annotations by workflow commands on standard output, and the step's summary.
//!
//! A command is one line, `::error file=…,line=…,title=…::message`. The runner decodes `%25`, `%0D` and `%0A` in
//! the message, and `%3A` and `%2C` in properties too; encoding these keeps text of others from ending the
//! command and beginning another one. A step shows ten annotations of a kind.

use std::io::{self, Write};

use super::{Effect, Gate, Verdict, markdown, one_line};

/// Annotations of a kind that a step shows.
const SHOWN: usize = 10;

/// Writes the outcome as a line of the log, then the annotations. Where there are more of a kind than are
/// shown, the last one says how many.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}.", gate.headline())?;
    for effect in Effect::ALL {
        let all: Vec<_> = gate.verdicts.iter().filter(|v| v.effect == *effect).collect();
        let shown = if all.len() > SHOWN { SHOWN - 1 } else { all.len() };
        for verdict in &all[..shown] {
            annotation(verdict, out)?;
        }
        if shown < all.len() {
            let more = all.len() - shown;
            let kind = kind(*effect);
            writeln!(
                out,
                "::{kind} title=Trimtab::{more} more of this kind: the step's summary lists them."
            )?;
        }
    }
    Ok(())
}

/// Writes the step's summary, in Markdown: append it to the file that `GITHUB_STEP_SUMMARY` names.
///
/// # Errors
/// Writing fails.
pub fn step_summary(gate: &Gate, out: &mut dyn Write) -> io::Result<()> {
    out.write_all(markdown::body(gate).as_bytes())
}

const fn kind(effect: Effect) -> &'static str {
    match effect {
        Effect::Deny => "error",
        Effect::Unknown => "warning",
        Effect::Warn => "notice",
    }
}

fn annotation(verdict: &Verdict, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "::{} ", kind(verdict.effect))?;
    if let Some(file) = &verdict.file {
        write!(out, "file={},", property(file))?;
        if let Some(line) = verdict.line {
            write!(out, "line={line},")?;
        }
    }
    let age = match verdict.new {
        Some(true) => " (new)",
        Some(false) => " (there before)",
        None => "",
    };
    let title = property(&one_line(&format!("{}{age}", verdict.full_rule())));
    let text = format!("{}\n{}", verdict.message, verdict.next_step());
    writeln!(out, "title={title}::{}", message(&text))
}

/// A command's message: the line's end and the mark of the encoding are encoded, other characters that
/// terminals obey are spaces.
fn message(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            c if crate::inert::is_command(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A property's value: besides, what ends a property or the properties is encoded.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
