//! A gate on the terminal: the answer first, then what this change brought in, what was there before, what is
//! not known, each with its rule, place and next step; then one summary line. Nothing is wider than the
//! terminal but names that cannot be broken.

use std::io::{self, Write};

use anstyle::Style as Ansi;
use unicode_width::UnicodeWidthStr;

use super::{Effect, Gate, Outcome, Section, Verdict, one_line};
use crate::table::{Style, colour};

/// Verdicts of one group that are shown, if not all are asked for.
const SHOWN: usize = 10;

/// Writes the answer. [`Style::verbose`] shows all verdicts instead of the first screen.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, style: Style, out: &mut dyn Write) -> io::Result<()> {
    Page { style, out }.write(gate)
}

struct Page<'o> {
    style: Style,
    out: &'o mut dyn Write,
}

impl Page<'_> {
    fn write(&mut self, gate: &Gate) -> io::Result<()> {
        let headline = format!("{}.", gate.headline());
        self.paragraph("", "", &headline, Ansi::new().bold())?;
        if gate.incomplete && gate.outcome != Outcome::Pass {
            let text = "Incomplete: not everything could be looked at; the errors say what.";
            self.paragraph("", "", text, Ansi::new())?;
        }
        writeln!(self.out)?;
        for (section, verdicts) in gate.sections() {
            if let Some(title) = title(section, gate) {
                self.paragraph("", "", &title, Ansi::new().bold())?;
            }
            let shown = match verdicts.len() {
                all if self.style.verbose || all <= SHOWN => all,
                _ => SHOWN,
            };
            for verdict in &verdicts[..shown] {
                self.verdict(verdict)?;
            }
            if shown < verdicts.len() {
                let text = format!("and {} more: --format json has all", verdicts.len() - shown);
                self.paragraph("  ", "  ", &text, Ansi::new().dimmed())?;
            }
            writeln!(self.out)?;
        }
        self.paragraph("", "", &one_line(&gate.summary()), Ansi::new())
    }

    fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        let mark = verdict.shape(self.style.ascii).to_string();
        let mark = match (verdict.effect, verdict.level) {
            (Effect::Unknown, _) | (_, None) => mark,
            (_, Some(level)) => self.paint(colour(crate::group::rating_of(level)), &mark),
        };
        write!(self.out, "{mark} ")?;
        let said = match verdict.effect {
            Effect::Warn => format!("warning: {}", one_line(&verdict.message)),
            Effect::Deny | Effect::Unknown => one_line(&verdict.message),
        };
        // The mark stands where the first line's indent would.
        self.wrapped(2, "  ", &said, Ansi::new())?;
        let dot = if self.style.ascii { " - " } else { " · " };
        let mut facts = vec![format!("rule {}", one_line(&verdict.full_rule()))];
        match (&verdict.finding, verdict.level) {
            (Some(id), Some(level)) => facts.push(format!("finding {} ({level})", one_line(id))),
            (Some(id), None) => facts.push(format!("finding {} (level unknown)", one_line(id))),
            (None, Some(level)) => facts.push(level.to_string()),
            (None, None) => {}
        }
        facts.extend(verdict.place().map(|place| one_line(&place)));
        self.paragraph("    ", "    ", &facts.join(dot), Ansi::new().dimmed())?;
        let next = format!("next: {}", one_line(verdict.next_step()));
        self.paragraph("    ", "          ", &next, Ansi::new())
    }

    fn paragraph(&mut self, first: &str, rest: &str, text: &str, ansi: Ansi) -> io::Result<()> {
        write!(self.out, "{first}")?;
        self.wrapped(first.width(), rest, text, ansi)
    }

    /// Text from a column on, wrapped between words; what follows the first line is indented.
    fn wrapped(&mut self, from: usize, rest: &str, text: &str, ansi: Ansi) -> io::Result<()> {
        let mut line = String::new();
        let mut column = from;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            if !line.is_empty() && column + 1 + word.width() > self.style.width {
                writeln!(self.out, "{}", self.paint(ansi, &line))?;
                write!(self.out, "{rest}")?;
                line.clear();
                column = rest.width();
            }
            if !line.is_empty() {
                line.push(' ');
                column += 1;
            }
            line.push_str(word);
            column += word.width();
        }
        writeln!(self.out, "{}", self.paint(ansi, &line))
    }

    fn paint(&self, ansi: Ansi, text: &str) -> String {
        if self.style.colour && ansi != Ansi::new() {
            format!("{ansi}{text}{ansi:#}")
        } else {
            text.to_owned()
        }
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
