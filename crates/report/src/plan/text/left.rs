//! What is left open, and why.

use std::io;

use anstyle::Style as Ansi;
use trimtab_model::Level;

use super::super::json::{Accept, Finding, Left};
use super::super::words::{brief, number};
use super::{Page, level, name, version};
use crate::group::{rating_of, shape};
use crate::inert::one_line;
use crate::table::{colour, count};

/// Files of an edit that nobody confirmed, and lines of each, that are shown.
const EDITS: (usize, usize) = (3, 6);

impl Page<'_> {
    pub(super) fn left(&mut self) -> io::Result<()> {
        let plan = self.plan;
        if plan.left.is_empty() {
            return Ok(());
        }
        self.blank()?;
        let load: f64 =
            plan.left.iter().filter_map(|l| self.finding(&l.finding)).map(|f| f.weight).sum();
        let title =
            format!("Left open: {}, load {}", count(plan.left.len(), "finding"), number(load));
        self.say("", &title, Ansi::new().bold())?;
        // Findings of one component that stay for one reason are one entry.
        let mut groups: Vec<(&str, Vec<(&Left, &Finding)>)> = Vec::new();
        for left in &plan.left {
            let Some(finding) = plan.findings.iter().find(|f| f.name == left.finding) else {
                continue;
            };
            match groups.iter_mut().find(|(p, all)| {
                *p == finding.package && all.first().is_some_and(|(l, _)| l.why == left.why)
            }) {
                Some((_, all)) => all.push((left, finding)),
                None => groups.push((&finding.package, vec![(left, finding)])),
            }
        }
        let shown = self.shown(groups.len());
        for (package, all) in &groups[..shown] {
            self.stays(package, all)?;
        }
        if shown < groups.len() {
            let more = count(groups.len() - shown, "more component");
            self.say("  ", &format!("and {more}: --verbose shows all"), Ansi::new().dimmed())?;
        }
        Ok(())
    }

    fn stays(&mut self, package: &str, all: &[(&Left, &Finding)]) -> io::Result<()> {
        let ascii = self.lines.style.ascii;
        let worst = all.iter().map(|(_, finding)| level(finding)).max().unwrap_or(Level::Low);
        let mark = shape(rating_of(worst), ascii).to_string();
        let mark = self.lines.paint(colour(rating_of(worst)), &mark);
        write!(self.lines.out, "  {mark} ")?;
        let version = match version(package) {
            none if none.is_empty() => "(version unknown)".to_owned(),
            version => version,
        };
        let what = match all {
            [(_, one)] => one.vulnerability.clone(),
            _ => count(all.len(), "finding"),
        };
        let Some((left, _)) = all.first() else { return Ok(()) };
        let style = self.lines.style;
        let why = if style.verbose { left.why.clone() } else { brief(&left.why, style.ascii) };
        let text = format!("{} {version}, {what}: {why}", name(package));
        self.lines.wrapped(4, "      ", &text, Ansi::new())?;
        if let Some(next) = &left.next {
            let text = format!("next: {next}");
            self.lines.paragraph("      ", "        ", &text, Ansi::new())?;
        }
        for change in left.edit.iter().take(EDITS.0) {
            writeln!(self.lines.out, "      edit: {}", one_line(&change.path))?;
            let ends = |line: &&str| ["+++ ", "--- "].iter().any(|end| line.starts_with(end));
            let lines = change.diff.lines().filter(|line| !ends(line));
            let lines = lines.filter(|line| line.starts_with(['+', '-']));
            for line in lines.take(EDITS.1) {
                writeln!(self.lines.out, "        {}", one_line(line))?;
            }
        }
        if self.lines.style.verbose {
            // Lines of a file are not folded: people copy them.
            let accepted = all.iter().filter_map(|(left, _)| left.accept.as_ref());
            for line in accepted.flat_map(Accept::lines) {
                writeln!(self.lines.out, "      {}", one_line(&line))?;
            }
        }
        Ok(())
    }
}
