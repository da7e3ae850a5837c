//! Markdown (CommonMark with tables), for pull requests and tickets.

use std::io::{self, Write};

use trimtab_model::scan::Scan;

use crate::group::{self, Group};
use crate::summary::Summary;
use crate::table::{count, meaning, thousands};

/// Writes a report: headline, table of components, then every finding.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let summary = Summary::of(scan);
    writeln!(out, "# Dependencies of {}\n", inert(&scan.target))?;
    headline(scan, &summary, out)?;
    let groups = Group::all(scan);
    if !groups.is_empty() {
        writeln!(out, "| | package | version | findings | worst | exploited | fix |")?;
        writeln!(out, "|---|---|---|---:|---|---|---|")?;
        for group in &groups {
            row(group, out)?;
        }
        writeln!(out)?;
        for group in &groups {
            details(scan, group, out)?;
        }
    }
    unknowns(scan, out)?;
    diagnostics(scan, out)
}

fn headline(scan: &Scan, summary: &Summary, out: &mut dyn Write) -> io::Result<()> {
    let listed =
        format!("{} in {}", count(summary.components, "component"), count(summary.files, "file"));
    let Some(index) = &scan.index else {
        return writeln!(out, "{listed}. Findings are unknown: there was no advisory index.\n");
    };
    let ratings: Vec<_> = summary.by_rating.iter().rev().map(|(r, n)| format!("{n} {r}")).collect();
    let findings = match summary.findings {
        0 => "no known vulnerability".to_owned(),
        n => format!("{} ({})", count(n, "finding"), ratings.join(", ")),
    };
    let exploited = summary.known_exploited.map_or("unknown".to_owned(), |n| n.to_string());
    let date = index.data_date.as_deref().and_then(|d| d.get(..10)).unwrap_or("unknown date");
    writeln!(
        out,
        "**{findings}** in {listed}. Known to be exploited: {exploited}. Matched with {} advisories of {date}.\n",
        thousands(index.advisories)
    )?;
    if let Some(weighing) = &scan.weighing {
        let load = crate::table::range(weighing.load, weighing.load);
        let charter = format!("{} {}", weighing.charter, weighing.version);
        writeln!(out, "Load **{load}**, by {}.\n", inert(&charter))?;
    }
    if scan.is_incomplete() {
        writeln!(out, "**Incomplete:** not everything could be examined; see the end.\n")?;
    }
    Ok(())
}

fn row(group: &Group<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(worst) = group.worst() else { return Ok(()) };
    let exploited = group.findings.iter().filter(|f| f.vulnerability.kev.is_some()).count();
    let fix = match group.fix() {
        Some((fix, all)) if all == group.findings.len() => inert(fix),
        Some((fix, some)) => format!("{} (fixes {some} of {})", inert(fix), group.findings.len()),
        None => "none named".to_owned(),
    };
    writeln!(
        out,
        "| {} | {} | {} | {} | {} | {} | {fix} |",
        group::shape(group::drawn_rating(worst), false),
        inert(&worst.package),
        inert(worst.version()),
        group.findings.len(),
        group::gravity(worst),
        if exploited > 0 { exploited.to_string() } else { "no".to_owned() },
    )
}

fn details(scan: &Scan, group: &Group<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Some(worst) = group.worst() else { return Ok(()) };
    writeln!(out, "## {} {}\n", inert(&worst.package), inert(worst.version()))?;
    for occurrence in group.occurrences() {
        let Some((file, component)) = group::place(scan, *occurrence) else { continue };
        let line = component.line.map_or(String::new(), |l| format!(":{l}"));
        let way = group::way(scan, *occurrence);
        let way = if way.len() > 1 {
            format!(", by {}", inert(&way.join(" → ")))
        } else {
            String::new()
        };
        writeln!(out, "- {}{line} ({}{way})", inert(&file.path), component.scope)?;
    }
    if let Some(assessed) = group::assessed(scan, worst) {
        writeln!(out, "- By the charter: {}", inert(&meaning(scan, assessed, " · ")))?;
    }
    writeln!(out)?;
    writeln!(out, "| vulnerability | severity | EPSS | exploited | fixed in | what |")?;
    writeln!(out, "|---|---|---:|---|---|---|")?;
    for finding in &group.findings {
        let v = &finding.vulnerability;
        let id = match v
            .references
            .iter()
            .find(|r| r.starts_with("https://") && !r.contains([')', ' ', '|']))
        {
            Some(url) => format!("[{}]({url})", inert(&v.id)),
            None => inert(&v.id),
        };
        let doubts: Vec<_> = finding.doubts.iter().map(|d| d.as_str()).collect();
        let doubts = if doubts.is_empty() {
            String::new()
        } else {
            format!(" *In doubt: {}.*", doubts.join("; "))
        };
        writeln!(
            out,
            "| {id} | {} | {} | {} | {} | {}{doubts} |",
            group::gravity(finding),
            v.epss.map_or("unknown".to_owned(), |e| group::percent(e.probability)),
            if v.kev.is_some() { "yes" } else { "no" },
            finding.nearest_fix.as_deref().map_or("none named".to_owned(), inert),
            inert(&group::told(scan, finding)),
        )?;
    }
    writeln!(out)
}

fn unknowns(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    if scan.unknowns.is_empty() {
        return Ok(());
    }
    writeln!(out, "## Not judged\n")?;
    for unknown in &scan.unknowns {
        writeln!(
            out,
            "- `{}`: {}",
            unknown.purl.to_string().replace('`', ""),
            unknown.reason.as_str()
        )?;
    }
    writeln!(out)
}

fn diagnostics(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let mut all = scan.inventory.all_diagnostics().chain(&scan.diagnostics).peekable();
    if all.peek().is_none() {
        return Ok(());
    }
    writeln!(out, "## Problems\n")?;
    for diagnostic in all {
        let line = diagnostic.line.map_or(String::new(), |l| format!(":{l}"));
        let place =
            diagnostic.file.as_deref().map_or(String::new(), |f| format!(" {}{line}:", inert(f)));
        writeln!(out, "- `{}`{place} {}", diagnostic.code, inert(&diagnostic.message))?;
    }
    Ok(())
}

/// Text in which nothing is markup: what advisories and lockfiles say is data.
pub(crate) fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // A mention would notify somebody.
            '@' => out.push_str("@\u{200B}"),
            c if crate::inert::is_command(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_others_wrote_is_no_markup() {
        assert_eq!(
            super::inert("a|b <img> [x](y) @org"),
            "a\\|b \\<img\\> \\[x\\](y) @\u{200B}org"
        );
    }
}
