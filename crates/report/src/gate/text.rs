//! A gate on the terminal: the answer first, then what this change brought in, what was there before, what is
//! not known, each with its rule, place and next step; then one summary line. Nothing is wider than the
//! terminal but names that cannot be broken.

use std::io::{self, Write};

use anstyle::Style as Ansi;

use super::{Effect, Gate, Outcome, Section, Verdict, one_line};
use crate::paragraph::Paragraphs;
use crate::table::{Style, colour};

/// Verdicts of one group that are shown, if not all are asked for.
const SHOWN: usize = 10;

/// Writes the answer. [`Style::verbose`] shows all verdicts instead of the first screen.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, style: Style, out: &mut dyn Write) -> io::Result<()> {
    Page(Paragraphs { style, out }).write(gate)
}

struct Page<'o>(Paragraphs<'o>);

impl Page<'_> {
    fn write(&mut self, gate: &Gate) -> io::Result<()> {
        let headline = format!("{}.", gate.headline());
        self.0.paragraph("", "", &headline, Ansi::new().bold())?;
        if gate.incomplete && gate.outcome != Outcome::Pass {
            let text = "Incomplete: not everything could be examined; the errors say what.";
            self.0.paragraph("", "", text, Ansi::new())?;
        }
        writeln!(self.0.out)?;
        for (section, verdicts) in gate.sections() {
            if let Some(title) = title(section, gate) {
                self.0.paragraph("", "", &title, Ansi::new().bold())?;
            }
            let shown = match verdicts.len() {
                all if self.0.style.verbose || all <= SHOWN => all,
                _ => SHOWN,
            };
            for verdict in &verdicts[..shown] {
                self.verdict(verdict)?;
            }
            if shown < verdicts.len() {
                let text = format!("and {} more: --format json has all", verdicts.len() - shown);
                self.0.paragraph("  ", "  ", &text, Ansi::new().dimmed())?;
            }
            writeln!(self.0.out)?;
        }
        self.0.paragraph("", "", &one_line(&gate.summary()), Ansi::new())
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        let mark = verdict.shape(self.0.style.ascii).to_string();
        let mark = match (verdict.effect, verdict.level) {
            (Effect::Unknown, _) | (_, None) => mark,
            (_, Some(level)) => self.0.paint(colour(crate::group::rating_of(level)), &mark),
        };
        write!(self.0.out, "{mark} ")?;
        let said = match verdict.effect {
            Effect::Warn => format!("warning: {}", one_line(&verdict.message)),
            Effect::Deny | Effect::Unknown => one_line(&verdict.message),
        };
        // The mark stands where the first line's indent would.
        self.0.wrapped(2, "  ", &said, Ansi::new())?;
        let dot = if self.0.style.ascii { " - " } else { " · " };
        let mut facts = vec![format!("rule {}", one_line(&verdict.full_rule()))];
        match (&verdict.finding, verdict.level) {
            (Some(id), Some(level)) => facts.push(format!("finding {} ({level})", one_line(id))),
            (Some(id), None) => facts.push(format!("finding {} (level unknown)", one_line(id))),
            (None, Some(level)) => facts.push(level.to_string()),
            (None, None) => {}
        }
        facts.extend(verdict.place().map(|place| one_line(&place)));
        self.0.paragraph("    ", "    ", &facts.join(dot), Ansi::new().dimmed())?;
        let next = format!("next: {}", one_line(verdict.next_step()));
        self.0.paragraph("    ", "          ", &next, Ansi::new())
    }
}

/// The heading of a group. Where nothing was compared, the answer itself is heading enough.
fn title(section: Section, gate: &Gate) -> Option<String> {
    match (section, &gate.against) {
        (Section::All, _) => None,
        (Section::Brought, Some(against)) => {
            Some(format!("{} (against {})", section.title(), one_line(against)))
        }
        _ => Some(section.title().to_owned()),
    }
}
