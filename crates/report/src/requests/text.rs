//! The requests of a repository for people: a line for each, what asks for attention first.

use std::io::{self, Write};

use super::json::{Document, Step};
use crate::inert::one_line;
use crate::table::count;

/// The most of what is over that is listed; how many more there are is told.
const OVER: usize = 10;

/// Writes it.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let limit = document.limit.map_or(String::new(), |limit| format!(" of at most {limit}"));
    let commit = document.commit.get(..12).unwrap_or(&document.commit);
    writeln!(
        out,
        "{}{limit} open, for {} at {commit}",
        count(document.open, "request"),
        one_line(&document.base)
    )?;
    let is_over = |step: &&Step| matches!(step.what.as_str(), "done" | "over");
    let told: Vec<&Step> = document.steps.iter().filter(|step| !is_over(step)).collect();
    let over: Vec<&Step> = document.steps.iter().filter(is_over).collect();
    section("", &told, out)?;
    section("Over", over.get(..OVER).unwrap_or(&over), out)?;
    if let Some(more) = over.len().checked_sub(OVER).filter(|more| *more > 0) {
        writeln!(out, "  and {more} more")?;
    }
    for (told, line) in [
        (!document.planned, "There is no plan here: run trimtab plan to compare requests with it."),
        (
            !document.scanned,
            "The base could not be scanned completely: nothing is assumed to be gone.",
        ),
        (document.cut, "The host has older requests that were not checked."),
    ] {
        if told {
            writeln!(out, "\n{line}")?;
        }
    }
    let acts = ["update", "rebase", "supersede", "obsolete", "skip", "merge", "open"];
    let waiting = document.steps.iter().filter(|step| acts.contains(&step.what.as_str())).count();
    if waiting > 0 && !document.synced {
        let is = |what: &str| document.steps.iter().any(|step| step.what == what);
        let open = if is("open") { " --open" } else { "" };
        let merge = if is("merge") { " --merge" } else { "" };
        writeln!(
            out,
            "\nDo {}: trimtab requests --sync{open}{merge}",
            if waiting == 1 { "it" } else { "all of it" }
        )?;
    }
    Ok(())
}

fn section(title: &str, steps: &[&Step], out: &mut dyn Write) -> io::Result<()> {
    if steps.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    if !title.is_empty() {
        writeln!(out, "{title}")?;
    }
    let number = |step: &Step| step.number.map_or("-".to_owned(), |number| format!("#{number}"));
    let width = |of: &dyn Fn(&Step) -> usize| steps.iter().map(|step| of(step)).max().unwrap_or(0);
    let numbers = width(&|step| number(step).chars().count());
    let whats = width(&|step| step.what.chars().count());
    let names = width(&|step| step.batch.chars().count().min(40));
    for step in steps {
        writeln!(
            out,
            "  {:<numbers$}  {:<names$}  {:<whats$}  {}",
            number(step),
            one_line(&step.batch),
            step.what,
            one_line(&step.why),
        )?;
        if let Some(became) = &step.became {
            writeln!(out, "  {:<numbers$}  {}", "", one_line(became))?;
        }
    }
    Ok(())
}
