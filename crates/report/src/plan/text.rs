//! A plan on the terminal: what it comes to, then each batch with its moves and reasons, then what is left and
//! why, what one more point would do, and what happens if nothing is done.

mod action;
mod batch;
mod left;

use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style as Ansi;
use trimtab_model::Level;
use unicode_width::UnicodeWidthStr;

use super::json::{Document, Finding};
use super::words::{best, headline, not_judged, number, passed, running, searched};
use crate::paragraph::Paragraphs;
use crate::table::{Style, count};

/// Actions of one batch, and things that are left, that are shown if not all are asked for.
const SHOWN: usize = 8;

/// Writes a plan. [`Style::verbose`] shows all of it instead of the first screen.
///
/// # Errors
/// Writing fails.
pub fn write(plan: &Document, style: Style, out: &mut dyn Write) -> io::Result<()> {
    Page { lines: Paragraphs { style, out }, plan }.write()
}

struct Page<'o> {
    lines: Paragraphs<'o>,
    plan: &'o Document,
}

impl<'o> Page<'o> {
    /// The day of a moment, where the team is.
    fn day(&self, moment: &str) -> String {
        let local = self.plan.rhythm.local(moment);
        local.get(..10).map_or_else(|| local.clone(), str::to_owned)
    }

    fn write(&mut self) -> io::Result<()> {
        self.head()?;
        for batch in &self.plan.batches {
            self.blank()?;
            self.batch(batch)?;
        }
        self.left()?;
        self.blank()?;
        self.foot()
    }

    fn head(&mut self) -> io::Result<()> {
        let plan = self.plan;
        self.say("", &headline(plan), Ansi::new().bold())?;
        let rhythm = &plan.rhythm;
        let assumed = match rhythm.assumed.is_empty() {
            true => String::new(),
            false => format!(" ({} assumed)", rhythm.assumed.join(", ")),
        };
        let last = rhythm.windows.last().map_or("?".to_owned(), |w| self.day(&w.end));
        let capacity = match number(rhythm.capacity) {
            one if one == "1" => "1 point".to_owned(),
            many => format!("{many} points"),
        };
        let text = format!(
            "{}: {}, {capacity} per window{assumed}{}; {} until {last}; charter {} {}",
            rhythm.team,
            rhythm.cadence,
            running(rhythm),
            count(rhythm.windows.len(), "window"),
            plan.charter.name,
            plan.charter.version,
        );
        self.say("", &text, Ansi::new().dimmed())?;
        if plan.search.offline && !plan.findings.is_empty() {
            let text = "Not confirmed: no package manager was asked. Without --offline, each update is tried in a copy.";
            self.say("", text, Ansi::new())?;
        }
        let (done, back) = plan.learnt.iter().fold((0, 0), |(done, back), of| {
            (done + of.estimate.finished, back + of.estimate.reverted)
        });
        if done > 0 {
            let taken = if back > 0 { format!(", {back} of them reverted") } else { String::new() };
            let text = format!(
                "Costs are learnt from {} of this repository{taken}; for other kinds of change they are the charter's priors.",
                count(done, "finished change"),
            );
            self.say("", &text, Ansi::new().dimmed())?;
        }
        let by: BTreeMap<&str, &Finding> = plan
            .findings
            .iter()
            .filter(|finding| finding.version_by.is_some())
            .map(|finding| (finding.package.as_str(), finding))
            .collect();
        if let Some((first, told)) = by.first_key_value() {
            let text = format!(
                "{} that {} no version in the scan {} planned with the version from {}: {first}{}.",
                count(by.len(), "component"),
                if by.len() == 1 { "has" } else { "have" },
                if by.len() == 1 { "is" } else { "are" },
                told.version_by.as_deref().unwrap_or_default(),
                match by.len() - 1 {
                    0 => String::new(),
                    n => format!(", and {n} more"),
                },
            );
            self.say("", &text, Ansi::new())?;
        }
        for text in not_judged(plan) {
            self.say("", &text, Ansi::new())?;
        }
        if plan.search.cut_short {
            let text = format!(
                "Cut short: the time ran out after {}; allow more with --time.",
                count(plan.search.tries, "try"),
            );
            self.say("", &text, Ansi::new())?;
        }
        Ok(())
    }

    fn foot(&mut self) -> io::Result<()> {
        let plan = self.plan;
        let shown = if self.lines.style.verbose { usize::MAX } else { 1 };
        for margin in plan.margins.iter().take(shown) {
            let what = match margin.removes.len() {
                0 => String::new(),
                n => {
                    let n = count(n, "more finding");
                    format!("remove {n} with load {} and ", number(margin.load))
                }
            };
            let text = format!(
                "One more point of capacity in {} would {what}save {} load-days.",
                margin.window,
                number(margin.saves)
            );
            self.say("", &text, Ansi::new())?;
        }
        if plan.findings.is_empty() {
            return Ok(());
        }
        let deadlines = |n: usize| match n {
            1 => "1 deadline passes".to_owned(),
            n => format!("{n} deadlines pass"),
        };
        let with = match plan.batches.is_empty() {
            true => String::new(),
            false => format!(
                "; with the plan, {} and {}",
                plan.worth.missed,
                number(plan.worth.load_days.round())
            ),
        };
        let text = format!(
            "If nothing is done, {} by {}{} and load-days are {}{with}.",
            deadlines(plan.nothing.missed.len()),
            self.day(&plan.rhythm.horizon),
            passed(plan),
            number(plan.nothing.load_days.round()),
        );
        self.say("", &text, Ansi::new())?;
        let text = match plan.batches.is_empty() {
            true => format!("{}.", searched(&plan.search)),
            false => format!("{}; {}.", searched(&plan.search), best(&plan.search, plan.worth.gap)),
        };
        self.say("", &text, Ansi::new().dimmed())
    }

    fn finding(&self, name: &str) -> Option<&'o Finding> {
        self.plan.findings.iter().find(|finding| finding.name == name)
    }

    fn shown(&self, all: usize) -> usize {
        if self.lines.style.verbose { all } else { all.min(SHOWN) }
    }

    fn say(&mut self, indent: &str, text: &str, ansi: Ansi) -> io::Result<()> {
        self.lines.paragraph(indent, indent, text, ansi)
    }

    /// A line with a title of eleven columns, folded below its text.
    fn folded(&mut self, indent: &str, text: &str) -> io::Result<()> {
        let (title, rest) = text.split_at(text.len().min(11));
        let title = self.lines.paint(Ansi::new().dimmed(), title);
        write!(self.lines.out, "{indent}{title}")?;
        let column = indent.width() + 11;
        self.lines.wrapped(column, &" ".repeat(column), rest, Ansi::new())
    }

    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.lines.out)
    }
}

fn level(finding: &Finding) -> Level {
    Level::from_word(&finding.level).unwrap_or(Level::Low)
}

/// The name of a purl for people.
fn name(purl: &str) -> String {
    purl.parse().map_or_else(|_| purl.to_owned(), |purl| crate::group::name(&purl))
}

/// The version of a purl.
fn version(purl: &str) -> String {
    let purl = purl.parse::<trimtab_model::Purl>().ok();
    purl.as_ref().and_then(|purl| purl.version()).unwrap_or_default().to_owned()
}

/// A purl without its version, as moves have it.
fn package(purl: &str) -> String {
    let parsed = purl.parse::<trimtab_model::Purl>();
    parsed.map_or_else(|_| purl.to_owned(), |purl| purl.package().to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    /// A freeze ends at midnight where the team is, which is the day before elsewhere.
    #[test]
    fn moments_are_of_the_time_zone_of_the_charter() {
        let local = |zone: serde_json::Value| {
            let rhythm: crate::plan::json::Rhythm = serde_json::from_value(value!({
                "team": "web", "cadence": "week", "capacity": 1.0, "days_per_point": 1.0,
                "assumed": [], "windows": [], "horizon": "", "time_zone": zone,
            }))
            .unwrap();
            rhythm.local("2026-12-20T23:00:00Z")
        };
        assert_eq!(local(value!("Europe/Berlin")), "2026-12-21T00:00:00+01:00");
        for zone in [value!("UTC"), value!(null), value!("Nowhere/None")] {
            assert_eq!(local(zone), "2026-12-20T23:00:00Z");
        }
    }
}
