//! What is left open, and why.

use std::cmp::Ordering;
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

/// A component, and what stays of it for one reason.
type Stays<'p> = (&'p str, Vec<(&'p Left, &'p Finding)>);

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
        let mut groups: Vec<Stays<'_>> = Vec::new();
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
        groups.sort_by(gravest_first);
        let shown = self.shown(groups.len());
        for (at, (package, all)) in groups[..shown].iter().enumerate() {
            self.stays(package, all, same_edit(&groups[..at], all))?;
        }
        if shown < groups.len() {
            let more = count(groups.len() - shown, "more component");
            self.say("  ", &format!("and {more}: --verbose shows all"), Ansi::new().dimmed())?;
        }
        Ok(())
    }

    /// `same`: the component above that has the same edit.
    fn stays(
        &mut self,
        package: &str,
        all: &[(&Left, &Finding)],
        same: Option<&str>,
    ) -> io::Result<()> {
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
        let what = match all.iter().filter(|(_, finding)| finding.exploited).count() {
            0 => what,
            n if n == all.len() => format!("{what}, known to be exploited"),
            n => format!("{what}, {n} of them known to be exploited"),
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
        if let Some(same) = same {
            writeln!(self.lines.out, "      edit: the same as of {} above", one_line(&name(same)))?;
        }
        let own = if same.is_some() { 0 } else { EDITS.0 };
        for change in left.edit.iter().take(own) {
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

/// Which of the components before it goes by the same edit: parts of one have that of the whole.
fn same_edit<'p>(before: &[Stays<'p>], all: &[(&Left, &Finding)]) -> Option<&'p str> {
    let edit = all.first().map(|(left, _)| &left.edit).filter(|edit| !edit.is_empty())?;
    let has = |(_, others): &&Stays<'p>| others.first().is_some_and(|(left, _)| left.edit == *edit);
    before.iter().find(has).map(|(package, _)| *package)
}

/// What is exploited or must go now comes before all else, then the higher level and the greater weight: what is not shown is the
/// least.
fn gravest_first((one, first): &Stays<'_>, (other, second): &Stays<'_>) -> Ordering {
    let urgency = |all: &[(&Left, &Finding)]| {
        let is_urgent = all.iter().any(|(_, finding)| finding.exploited || finding.now);
        (is_urgent, all.iter().map(|(_, finding)| level(finding)).max())
    };
    let weight =
        |all: &[(&Left, &Finding)]| all.iter().map(|(_, finding)| finding.weight).sum::<f64>();
    urgency(second)
        .cmp(&urgency(first))
        .then_with(|| weight(second).total_cmp(&weight(first)))
        .then_with(|| one.cmp(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_gravest_comes_first() {
        let left: Left = serde_json::from_value(json!({
            "finding": "a", "why": "", "blockers": [], "next": null, "edit": [], "tried": [],
            "accept": null,
        }))
        .unwrap();
        let finding = |level: &str, weight: f64, exploited: bool| -> Finding {
            serde_json::from_value(json!({
                "name": "a", "vulnerability": "OSV-TEST-1", "aliases": [], "package": "pkg:npm/a@1",
                "file": "", "level": level, "weight": weight, "deadline": null,
                "exploited": exploited, "now": false, "fix": null,
            }))
            .unwrap()
        };
        let all = [
            ("low", finding("low", 9.0, false)),
            ("high", finding("high", 1.0, false)),
            ("heavier", finding("high", 2.0, false)),
            ("exploited", finding("medium", 0.5, true)),
            ("same", finding("low", 9.0, false)),
        ];
        let mut groups: Vec<Stays<'_>> =
            all.iter().map(|(name, finding)| (*name, vec![(&left, finding)])).collect();
        groups.sort_by(gravest_first);
        let names: Vec<&str> = groups.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["exploited", "heavier", "high", "low", "same"]);
    }

    #[test]
    fn one_edit_is_shown_once() {
        let left = |diff: Option<&str>| -> Left {
            let edit: Vec<_> =
                diff.iter().map(|diff| json!({ "path": "Gemfile", "diff": diff })).collect();
            serde_json::from_value(json!({
                "finding": "a", "why": "", "blockers": [], "next": null, "edit": edit, "tried": [],
                "accept": null,
            }))
            .unwrap()
        };
        let finding: Finding = serde_json::from_value(json!({
            "name": "a", "vulnerability": "OSV-TEST-1", "aliases": [], "package": "pkg:npm/a@1",
            "file": "", "level": "low", "weight": 1.0, "deadline": null, "exploited": false,
            "now": false, "fix": null,
        }))
        .unwrap();
        let (rails, other, none) = (left(Some("+rails")), left(Some("+rack")), left(None));
        let before: Vec<Stays<'_>> =
            vec![("none", vec![(&none, &finding)]), ("rails", vec![(&rails, &finding)])];
        assert_eq!(same_edit(&before, &[(&rails.clone(), &finding)]), Some("rails"));
        assert_eq!(same_edit(&before, &[(&other, &finding)]), None);
        assert_eq!(same_edit(&before, &[(&none, &finding)]), None);
        assert_eq!(same_edit(&[], &[(&rails, &finding)]), None);
    }
}
