//! A batch for people: the text of a request for a change.

use std::io::{self, Write};

use super::json::{Document, Move, Run};
use crate::few::{NAMED, few};
use crate::markdown::inert;
use crate::table::count;

/// The most of one kind of thing that is listed; how many more there are is told.
const MOST: usize = 40;
/// The most files that are named.
const FILES: usize = 6;

/// Writes a batch.
///
/// # Errors
/// Writing fails.
pub fn write(batch: &Document, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", inert(&super::message::title(batch)))?;
    writeln!(
        out,
        "{} Batch `{}`, planned for {}.\n",
        sentence(&batch.why),
        code(&batch.batch),
        inert(&batch.window)
    )?;
    files(batch, out)?;
    findings(batch, out)?;
    moves(batch, out)?;
    edits(batch, out)?;
    list("Requirements", &batch.needs, out)?;
    list("Manual changes replaced by the published version", &batch.lost, out)?;
    tests(batch, out)?;
    list("Why these actions", &batch.why_these, out)?;
    list("Why now", &batch.why_now, out)?;
    let not: Vec<String> = batch
        .actions
        .iter()
        .filter(|action| action.outcome != "done")
        .map(|action| format!("{}: {}", action.what, action.why))
        .collect();
    list("Not done", &not, out)?;
    list("What would get worse", &batch.worse, out)?;
    if !batch.rollback.is_empty() {
        writeln!(out, "## How to revert\n\n```sh")?;
        for line in &batch.rollback {
            writeln!(out, "{}", code(line))?;
        }
        writeln!(out, "```\n")?;
    }
    Ok(())
}

/// Which files change: of what is vendored there are many.
fn files(batch: &Document, out: &mut dyn Write) -> io::Result<()> {
    if batch.files.is_empty() {
        return Ok(());
    }
    let shown = batch.files.iter().take(FILES).map(|path| format!("`{}`", code(path)));
    let shown: Vec<String> = shown.collect();
    let more = match batch.files.len() - shown.len() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    writeln!(out, "Changed files: {}{more}.\n", shown.join(", "))
}

/// What changes in manifests: which ranges are there from now on.
fn edits(batch: &Document, out: &mut dyn Write) -> io::Result<()> {
    if batch.edits.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Changed manifests\n")?;
    for edit in batch.edits.iter().take(FILES) {
        writeln!(out, "`{}`:\n\n```diff", code(&edit.file))?;
        for line in edit.lines.iter().take(MOST) {
            writeln!(out, "{}", code(line))?;
        }
        writeln!(out, "```")?;
        more(edit.lines.len(), out)?;
    }
    let left = batch.edits.len().saturating_sub(FILES);
    if left > 0 {
        writeln!(out, "And {} more.\n", count(left, "manifest"))?;
    }
    Ok(())
}

fn findings(batch: &Document, out: &mut dyn Write) -> io::Result<()> {
    if batch.removes.is_empty() {
        return Ok(());
    }
    let load = batch.load.map_or(String::new(), |load| format!(", load {load:.1}"));
    let levels = levels(batch);
    writeln!(
        out,
        "## Removed findings\n\n{}{levels}{load}.\n",
        count(batch.removes.len(), "finding")
    )?;
    writeln!(out, "| level | vulnerability | package | deadline | exploited |")?;
    writeln!(out, "|---|---|---|---|---|")?;
    for finding in batch.removes.iter().take(MOST) {
        let exploited = match finding.exploited {
            Some(true) => "**yes**",
            Some(false) => "none known",
            None => "unknown",
        };
        let none = || if finding.undated { "unknown" } else { "none" }.to_owned();
        writeln!(
            out,
            "| {} | {} | {} | {} | {exploited} |",
            finding.level.as_deref().map_or("unknown".to_owned(), inert),
            inert(&finding.vulnerability),
            named(&finding.package),
            finding.deadline.as_deref().map_or_else(none, |d| inert(d.get(..10).unwrap_or(d))),
        )?;
    }
    more(batch.removes.len(), out)
}

/// A purl with a scope of npm as people write it.
fn named(purl: &str) -> String {
    inert(&purl.replace("%40", "@"))
}

/// How many findings go of each level, the gravest first: `: 2 high, 1 of unknown level`. Empty: there is one only.
fn levels(batch: &Document) -> String {
    let of = |level: Option<&str>| {
        batch.removes.iter().filter(|finding| finding.level.as_deref() == level).count()
    };
    let known = ["critical", "high", "medium", "low"].map(|level| (level, of(Some(level))));
    let mut all: Vec<String> =
        known.iter().filter(|(_, n)| *n > 0).map(|(level, n)| format!("{n} {level}")).collect();
    let unknown = of(None);
    all.extend((unknown > 0).then(|| format!("{unknown} of unknown level")));
    if batch.removes.len() > 1 { format!(": {}", all.join(", ")) } else { String::new() }
}

fn moves(batch: &Document, out: &mut dyn Write) -> io::Result<()> {
    if batch.moves.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Changed versions\n\n| package | from | to | changelog |\n|---|---|---|---|")?;
    let versions = |all: &[String]| match all {
        [] => "—".to_owned(),
        all => inert(&all.join(", ")),
    };
    for moved in batch.sorted_moves().into_iter().take(MOST) {
        let told = batch.changelogs.iter().find(|changelog| {
            changelog.package.strip_prefix(&moved.package).is_some_and(|rest| rest.starts_with('@'))
        });
        let page = told.map(|told| told.page.as_str()).filter(|page| is_plain(page));
        writeln!(
            out,
            "| {} | {} | {} | {} |",
            named(&moved.package),
            versions(&moved.from),
            versions(&moved.to),
            page.map_or("unknown".to_owned(), |page| format!("[page]({page})")),
        )?;
    }
    more(batch.moves.len(), out)?;
    come_and_go(batch, out)
}

/// What comes in and goes with what was asked for: at the end of a long table nobody sees it.
fn come_and_go(batch: &Document, out: &mut dyn Write) -> io::Result<()> {
    let names = |is_such: fn(&Move) -> bool| {
        let such = batch.moves.iter().filter(|moved| is_such(moved));
        let mut names: Vec<String> = such.map(|moved| named(&moved.package)).collect();
        names.sort();
        names
    };
    let added = names(|moved| moved.from.is_empty());
    let removed = names(|moved| moved.to.is_empty());
    let told: Vec<String> = [(added, "added"), (removed, "removed")]
        .iter()
        .filter(|(names, _)| !names.is_empty())
        .map(|(names, what)| {
            format!("{} {what}: {}.", count(names.len(), "package"), few(names, NAMED))
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    writeln!(out, "{}\n", told.join(" "))
}

fn tests(batch: &Document, out: &mut dyn Write) -> io::Result<()> {
    let tests = &batch.tests;
    writeln!(out, "## Tests\n\n{}\n", sentence(&tests.why))?;
    if let Some(command) = &tests.command {
        writeln!(out, "`{}`, run {}.\n", code(command), count(tests.runs, "time"))?;
    }
    if tests.before.is_some() || tests.after.is_some() {
        writeln!(
            out,
            "| | result | passed | failed | skipped | time |\n|---|---|---:|---:|---:|---:|"
        )?;
        row("before", tests.before.as_ref(), out)?;
        row("after", tests.after.as_ref(), out)?;
        writeln!(out)?;
    }
    if !tests.vet.is_empty() {
        writeln!(
            out,
            "With the higher `go` line, these `go vet` checks fail. Both runs skip vet (`-vet=off`); plain `go test` fails until \
             they are fixed:\n"
        )?;
        items(&tests.vet, out)?;
    }
    for (title, names) in [
        ("Fail now, did not before", &tests.broken),
        ("Failed before and after", &tests.failed_before),
        ("Failed before, pass now", &tests.mended),
        ("No longer run", &tests.gone),
        ("Flaky: failed once, passed when run again", &tests.wavering),
    ] {
        if !names.is_empty() {
            writeln!(out, "{title}:\n")?;
            items(names, out)?;
        }
    }
    items(&tests.confined, out)?;
    let failed = tests.after.as_ref().filter(|run| !run.last.is_empty());
    if let Some(run) = failed {
        writeln!(out, "Last lines of the run after the update:\n")?;
        for line in &run.last {
            writeln!(out, "    {}", code(line))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn row(name: &str, run: Option<&Run>, out: &mut dyn Write) -> io::Result<()> {
    let Some(run) = run else { return writeln!(out, "| {name} | not run | | | | |") };
    let number = |number: Option<usize>| number.map_or("unknown".to_owned(), |n| n.to_string());
    writeln!(
        out,
        "| {name} | {} | {} | {} | {} | {} s |",
        inert(&run.ended),
        number(run.passed),
        number(run.failed),
        number(run.skipped),
        run.seconds
    )
}

fn list(title: &str, all: &[String], out: &mut dyn Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "## {title}\n")?;
    for line in all.iter().take(MOST) {
        writeln!(out, "- {}", marked(line))?;
    }
    more(all.len(), out)
}

fn items(all: &[String], out: &mut dyn Write) -> io::Result<()> {
    for line in all.iter().take(MOST) {
        writeln!(out, "- {}", inert(line))?;
    }
    more(all.len(), out)
}

fn more(count: usize, out: &mut dyn Write) -> io::Result<()> {
    match count.saturating_sub(MOST) {
        0 => writeln!(out),
        more => writeln!(out, "\nand {more} more.\n"),
    }
}

/// A text as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    marked(&format!("{first}{}.", letters.as_str().trim_end_matches('.')))
}

/// A text of ours, in which what stands between two backticks is code; nothing else in it is markup.
fn marked(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let is_even = parts.len().is_multiple_of(2);
    let part = |(at, part): (usize, &&str)| match at % 2 {
        0 => inert(part),
        // The last of an odd number of marks opens nothing.
        _ if is_even && at + 1 == parts.len() => format!("\\`{}", inert(part)),
        _ => format!("`{}`", code(part)),
    };
    parts.iter().enumerate().map(part).collect()
}

/// A text within code: what would end it, or turns the direction of text, is taken out.
fn code(text: &str) -> String {
    text.chars().filter(|c| *c != '`' && !crate::inert::is_command(*c)).collect()
}

/// Whether an address can stand in a link as it is.
fn is_plain(page: &str) -> bool {
    page.starts_with("https://") && !page.contains([')', '(', ' ', '|', '<', '>', '"', '\\'])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_code_is_shown_as_code() {
        assert_eq!(marked("the line `go` of a_b"), "the line `go` of a\\_b");
        assert_eq!(marked("`<b>` and <b>"), "`<b>` and \\<b\\>");
        assert_eq!(marked("one ` only <b>"), "one \\` only \\<b\\>");
        assert_eq!(sentence("`a` is done"), "`a` is done.");
    }

    #[test]
    fn what_fails_now_is_told_with_the_tests() {
        let tests = json!({
            "judgement": "broke", "why": "1 test fails that did not before", "command": "npm test",
            "before": null, "after": null, "broken": ["cart › adds"], "failed_before": ["old"],
            "mended": [], "gone": [], "wavering": [], "runs": 2, "confined": [],
        });
        let told: Document = serde_json::from_value(json!({
            "format": "trimtab-applied", "version": 1, "target": "app", "now": "2026-06-01T09:00:00Z",
            "batch": "first-npm", "window": "first", "place": "package-lock.json", "tool": "npm",
            "outcome": "none", "why": "", "base": "b0", "branch": null, "commits": [], "request": null,
            "actions": [], "moves": [], "load": null, "removes": [], "worse": [], "tests": tests,
            "changelogs": [], "why_these": [], "why_now": [], "rollback": [],
            "files": ["package-lock.json", "package.json"],
            "edits": [{
                "file": "package.json", "lines": ["-    \"left\": \"^1.0.0\"", "+    \"left\": \"^1.2.0\"``` x"],
            }],
        }))
        .unwrap();
        let mut out = Vec::new();
        write(&told, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("Fail now, did not before:\n\n- cart › adds\n"), "{text}");
        assert!(text.contains("Failed before and after:\n\n- old\n"), "{text}");
        let files = "Changed files: `package-lock.json`, `package.json`.\n\n";
        assert!(text.contains(files), "{text}");
        let edits = "## Changed manifests\n\n`package.json`:\n\n```diff\n-    \"left\": \"^1.0.0\"\n+    \"left\": \"^1.2.0\" x\n```\n\n";
        assert!(text.contains(edits), "{text}");
    }

    #[test]
    fn what_comes_and_goes_along_is_named_below_the_table() {
        let moved = |name: &str, from: &[&str], to: &[&str]| {
            let package = format!("pkg:npm/{name}");
            json!({ "package": package, "from": from, "to": to })
        };
        let mut moves = vec![moved("new", &[], &["1.0.0"]), moved("left", &["1.0.0"], &["1.0.1"])];
        moves.extend((1..=7).map(|n| moved(&format!("old{n}"), &["1.0.0"], &[])));
        let told: Document = serde_json::from_value(json!({
            "format": "trimtab-applied", "version": 1, "target": "app", "now": "2026-06-01T09:00:00Z",
            "batch": "first-npm", "window": "first", "place": "package-lock.json", "tool": "npm",
            "outcome": "none", "why": "", "base": "b0", "branch": null, "commits": [], "request": null,
            "actions": [], "moves": moves, "load": null, "removes": [], "worse": [],
            "tests": {
                "judgement": "kept", "why": "", "command": null, "before": null, "after": null,
                "broken": [], "failed_before": [], "mended": [], "gone": [], "wavering": [],
                "runs": 0, "confined": [],
            },
            "changelogs": [], "why_these": [], "why_now": [], "rollback": [], "files": [],
            "edits": [],
        }))
        .unwrap();
        let mut out = Vec::new();
        write(&told, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let added = "\n1 package added: pkg:npm/new. 7 packages removed: pkg:npm/old1, ";
        assert!(text.contains(added), "{text}");
        assert!(text.contains("pkg:npm/old5 and 2 more.\n\n"), "{text}");
    }
}
