//! Markdown for a comment on a merge request. Its first line is a mark that no page shows, by which CI finds the
//! comment of an earlier run and writes over it.
//!
//! Text of others is data: nothing in it is markup, mentions nobody, and stands at the beginning of a line, where
//! GitLab would take `/close` as an order.

use std::io::{self, Write};

use super::{Effect, Gate, Section, Verdict, cut};
use crate::markdown::inert;

/// Bytes of one group of verdicts. The four that can meet, with what stands around them, stay below the 65,536
/// characters that GitHub takes for a comment.
const GROUP: usize = 15_000;
/// Characters of one text.
const TEXT: usize = 400;

/// Writes the comment.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}\n\n{}", marker(&gate.target), body(gate))
}

/// The first line of the comment. The same target gives the same mark; what is no letter, digit or `-._~/` in it
/// is encoded as in URLs, so that it does not end the comment of HTML.
pub fn marker(target: &str) -> String {
    let name = match crate::sarif::uri(target) {
        long if long.len() > 200 => crate::sarif::fingerprint(&[target]),
        name => name,
    };
    format!("<!-- trimtab-gate:{name} -->")
}

/// All but the mark.
pub(super) fn body(gate: &Gate) -> String {
    let mut text = format!("### {}: {}\n\n", inert(&cut(&gate.target, TEXT)), gate.headline());
    if gate.incomplete {
        text.push_str("**Incomplete:** not everything could be examined; the log says what.\n\n");
    }
    for (section, verdicts) in gate.sections() {
        let title = match (section, &gate.against) {
            (Section::Brought, Some(against)) => {
                format!("{} (against {})", section.title(), inert(&cut(against, TEXT)))
            }
            _ => section.title().to_owned(),
        };
        match section {
            Section::Before => folded(&title, &verdicts, &mut text),
            Section::All | Section::Brought | Section::Undated => {
                text.push_str(&format!("**{title}**\n\n"));
                table(&verdicts, &mut text);
            }
            Section::Unknown => {
                text.push_str(&format!("**{title}**\n\n"));
                list(&verdicts, &mut text);
            }
        }
    }
    text.push_str(&format!("{}\n", inert(&cut(&gate.summary(), 4 * TEXT))));
    text
}

fn table(verdicts: &[&Verdict], text: &mut String) {
    text.push_str("| | what | rule | place | next step |\n|---|---|---|---|---|\n");
    let more = fill(verdicts, text, |v| {
        format!(
            "| {} {} | {}{} | {} | {} | {} |\n",
            v.shape(false),
            effect(v),
            told(&v.message),
            finding(v),
            told(&v.full_rule()),
            v.place().map_or(String::new(), |place| told(&place)),
            told(v.next_step()),
        )
    });
    if more > 0 {
        text.push_str(&format!("| | and {more} more: the report has all | | | |\n"));
    }
    text.push('\n');
}

fn list(verdicts: &[&Verdict], text: &mut String) {
    let more = fill(verdicts, text, |v| {
        let place = v.place().map_or(String::new(), |place| format!(", {}", told(&place)));
        let warning = if v.effect == Effect::Warn { "warning: " } else { "" };
        format!(
            "- {} {warning}{}{} ({}{place}). {}\n",
            v.shape(false),
            told(&v.message),
            finding(v),
            told(&v.full_rule()),
            told(v.next_step()),
        )
    });
    if more > 0 {
        text.push_str(&format!("- and {more} more: the report has all\n"));
    }
    text.push('\n');
}

fn folded(title: &str, verdicts: &[&Verdict], text: &mut String) {
    let n = verdicts.len();
    text.push_str(&format!("<details><summary>{title}: {n}</summary>\n\n"));
    list(verdicts, text);
    text.push_str("</details>\n\n");
}

/// Adds a line for each verdict while there is room; how many were left out.
fn fill(verdicts: &[&Verdict], text: &mut String, line: impl Fn(&Verdict) -> String) -> usize {
    let mut room = GROUP;
    for (at, verdict) in verdicts.iter().enumerate() {
        let line = line(verdict);
        if line.len() > room {
            return verdicts.len() - at;
        }
        room -= line.len();
        text.push_str(&line);
    }
    0
}

fn effect(verdict: &Verdict) -> String {
    match (verdict.effect, verdict.level_word()) {
        (Effect::Warn, "none") => "warning".to_owned(),
        (Effect::Warn, level) => format!("{level}, warning"),
        (_, "none") => "denied".to_owned(),
        (_, level) => level.to_owned(),
    }
}

fn finding(verdict: &Verdict) -> String {
    verdict.finding.as_deref().map_or(String::new(), |id| format!(" (finding {})", told(id)))
}

fn told(text: &str) -> String {
    inert(&cut(text, TEXT))
}
