//! The terminal's table: grouped by component, worst first, within 100 columns; what it is, where
//! it came in, what fixes it, whether it is exploited; then one summary line.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style as Ansi};
use jiff::tz::TimeZone;
use trimtab_model::Level;
use trimtab_model::advisory::Rating;
use trimtab_model::assessment::{Cost, Deadline};
use trimtab_model::finding::{Finding, Occurrence, UnknownReason};
use trimtab_model::scan::{Assessed, Scan, Weighing};
use unicode_width::UnicodeWidthStr;

use crate::group::{self, Group};
use crate::summary::Summary;

/// How the table is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colours, on a terminal that wants them.
    pub colour: bool,
    /// Only ASCII, where the locale is not UTF-8.
    pub ascii: bool,
    /// Columns.
    pub width: usize,
    /// All components and findings instead of the first screen.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style { colour: false, ascii: false, width: 100, verbose: false }
    }
}

/// Components on the first screen.
const SCREEN_GROUPS: usize = 10;
/// Findings of one component on the first screen.
const SCREEN_FINDINGS: usize = 4;

/// Writes the table.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, style: Style, out: &mut dyn Write) -> io::Result<()> {
    Table { scan, style, out }.write()
}

struct Table<'a> {
    scan: &'a Scan,
    style: Style,
    out: &'a mut dyn Write,
}

impl Table<'_> {
    fn write(&mut self) -> io::Result<()> {
        let summary = Summary::of(self.scan);
        let scan = self.scan;
        self.headline(&summary)?;
        let groups = Group::all(scan);
        let shown = if self.style.verbose { groups.len() } else { groups.len().min(SCREEN_GROUPS) };
        for group in &groups[..shown] {
            self.group(group)?;
        }
        if shown < groups.len() {
            let findings: usize = groups[shown..].iter().map(|g| g.findings.len()).sum();
            let rest = format!(
                "and {} with {}: --verbose shows all",
                count(groups.len() - shown, "more component"),
                count(findings, "finding")
            );
            self.line("", &self.muted(&rest))?;
            writeln!(self.out)?;
        }
        self.closing(&summary)
    }

    fn headline(&mut self, summary: &Summary) -> io::Result<()> {
        let index = match &self.scan.index {
            Some(index) => {
                let date =
                    index.data_date.as_deref().map_or("unknown date", |d| d.get(..10).unwrap_or(d));
                format!("matched with {} advisories of {date}", thousands(index.advisories))
            }
            None => "not matched: no advisory index".to_owned(),
        };
        let text = format!(
            "{} in {}, {index}",
            count(summary.components, "component"),
            count(summary.files, "file")
        );
        let room = self.style.width.saturating_sub(text.width() + 2);
        let target = shorten(&self.scan.target, room.max(12), self.style.ascii);
        writeln!(self.out, "{}  {}", self.paint(Ansi::new().bold(), &target), self.muted(&text))?;
        writeln!(self.out)
    }

    fn group(&mut self, group: &Group<'_>) -> io::Result<()> {
        let Some(worst) = group.worst() else { return Ok(()) };
        let assessed = group::assessed(self.scan, worst);
        let rating =
            assessed.map_or(group::drawn_rating(worst), |a| group::rating_of(a.assessment.level));
        let title = format!("{} {}", worst.package, worst.version());
        let advice = match group.fix() {
            Some((fix, all)) if all == group.findings.len() => format!("raise to {fix}"),
            Some((fix, some)) => {
                format!("raise to {fix}, fixes {some} of {}", group.findings.len())
            }
            None => "no fix is named".to_owned(),
        };
        let room = self.style.width.saturating_sub(advice.width() + 4);
        let title = shorten(&title, room, self.style.ascii);
        let gap = self.style.width.saturating_sub(2 + title.width() + advice.width()).max(2);
        let mark = self.paint(colour(rating), &group::shape(rating, self.style.ascii).to_string());
        let title = self.paint(Ansi::new().bold(), &title);
        writeln!(self.out, "{mark} {title}{:gap$}{advice}", "")?;
        for occurrence in group.occurrences().iter().take(1) {
            self.place(worst, *occurrence, group.occurrences().len() - 1)?;
        }
        if let Some(assessed) = assessed {
            let meaning =
                meaning(self.scan, assessed, if self.style.ascii { " - " } else { " · " });
            self.line("  ", &shorten(&meaning, self.style.width - 2, self.style.ascii))?;
        }
        let limit = if self.style.verbose { usize::MAX } else { SCREEN_FINDINGS };
        // One line over the limit is worth showing instead of a line that says so.
        let shown = if group.findings.len() <= limit.saturating_add(1) {
            group.findings.len()
        } else {
            limit
        };
        for finding in &group.findings[..shown] {
            self.finding(finding)?;
        }
        if shown < group.findings.len() {
            let rest = format!("and {} more", group.findings.len() - shown);
            self.line("    ", &self.muted(&rest))?;
        }
        writeln!(self.out)
    }

    fn place(
        &mut self,
        finding: &Finding,
        occurrence: Occurrence,
        others: usize,
    ) -> io::Result<()> {
        let Some((file, component)) = group::place(self.scan, occurrence) else { return Ok(()) };
        let (dot, arrow) = if self.style.ascii { ("-", " > ") } else { ("·", " → ") };
        let line = component.line.map_or(String::new(), |l| format!(":{l}"));
        let mut text =
            format!("{} {dot} {} {dot} {}{line}", finding.ecosystem, component.scope, file.path);
        let more = if others > 0 {
            format!(" and {}", count(others, "other place"))
        } else {
            String::new()
        };
        let way = group::way(self.scan, occurrence);
        let budget = self.style.width.saturating_sub(2 + more.width());
        if way.len() > 1 {
            let room = budget.saturating_sub(text.width() + 3);
            if room >= 20 {
                let way = shorten_way(&way, arrow, room, self.style.ascii);
                text.push_str(&format!(" {dot} {way}"));
            }
        }
        let text = format!("{}{more}", shorten(&text, budget, self.style.ascii));
        self.line("  ", &self.muted(&text))
    }

    fn finding(&mut self, finding: &Finding) -> io::Result<()> {
        let vulnerability = &finding.vulnerability;
        let gravity = format!("{:<13}", group::gravity(finding));
        let gravity = self.paint(colour(group::drawn_rating(finding)), &gravity);
        let exploited = if vulnerability.kev.is_some() { "exploited" } else { "" };
        let epss =
            vulnerability.epss.map_or("EPSS ?".to_owned(), |e| group::percent(e.probability));
        let doubt = if finding.doubts.is_empty() { "" } else { "in doubt: " };
        let summary = group::told(self.scan, finding);
        let id = shorten(&vulnerability.id, 22, self.style.ascii);
        let room = self.style.width.saturating_sub(4 + 22 + 2 + 13 + 1 + 9 + 1 + 7 + 2);
        let told = cut(&format!("{doubt}{summary}"), room, self.style.ascii);
        let exploited = self.paint(Ansi::new().bold(), &format!("{exploited:<9}"));
        writeln!(self.out, "    {id:<22}  {gravity} {exploited} {epss:>7}  {told}")
    }

    fn closing(&mut self, summary: &Summary) -> io::Result<()> {
        if self.scan.index.is_none() {
            return self.line("", "Findings are unknown: run `trimtab db update` first.");
        }
        if summary.components == 0 {
            return self.paragraph("Nothing was judged: no component was found.");
        }
        let mut text = if summary.findings == 0 {
            format!("No known vulnerability in {}.", count(summary.components, "component"))
        } else {
            format!(
                "{} in {} of {}: {}.",
                count(summary.findings, "finding"),
                summary.affected_components,
                count(summary.components, "component"),
                ratings(summary)
            )
        };
        match summary.known_exploited {
            _ if summary.findings == 0 => {}
            None => text.push_str(" Known exploitation: unknown."),
            Some(0) => text.push_str(" None is known to be exploited."),
            Some(n) => text.push_str(&format!(" {n} known to be exploited.")),
        }
        if summary.malicious > 0 {
            text.push_str(&format!(" {}.", count(summary.malicious, "malicious package")));
        }
        if summary.findings > 0 {
            text.push_str(&format!(" A fix is named for {}.", summary.fixable));
        }
        self.paragraph(&text)?;
        if let Some(weighing) = &self.scan.weighing {
            self.weighed(weighing)?;
        }
        self.unjudged(summary)?;
        if summary.unmanaged > 0 {
            let verb = if summary.unmanaged == 1 { "is" } else { "are" };
            let text = format!("{} {verb} not pinned.", count(summary.unmanaged, "dependency"));
            self.paragraph(&text)?;
        }
        if self.scan.is_incomplete() {
            self.paragraph("Incomplete: not everything could be examined; the errors say what.")?;
        }
        Ok(())
    }

    /// What nothing can be said of, and what single advisories say nothing of.
    fn unjudged(&mut self, summary: &Summary) -> io::Result<()> {
        let (partly, whole): (Vec<_>, Vec<_>) =
            summary.unknowns.iter().partition(|(r, _)| **r == UnknownReason::IncomparableRange);
        if !whole.is_empty() {
            let reasons: Vec<_> =
                whole.iter().map(|(r, n)| format!("{n} {}", r.as_str())).collect();
            let text = format!(
                "? {} could not be judged ({}).",
                count(whole.iter().map(|(_, n)| **n).sum(), "component"),
                reasons.join(", ")
            );
            self.paragraph(&text)?;
        }
        for (_, n) in partly {
            let text = format!(
                "? {} could not be judged by every advisory: some ranges cannot be compared.",
                count(*n, "component")
            );
            self.paragraph(&text)?;
        }
        Ok(())
    }

    /// The dial: the load, and what it is made of.
    fn weighed(&mut self, weighing: &Weighing) -> io::Result<()> {
        let open = |level: Level| {
            let gravest = (0..self.scan.findings.len()).filter_map(|at| weighing.gravest(at));
            gravest.filter(|a| a.is_open() && a.assessment.level == level).count()
        };
        let levels: Vec<_> = Level::ALL
            .iter()
            .rev()
            .map(|level| (open(*level), level))
            .filter(|(n, _)| *n > 0)
            .map(|(n, level)| format!("{n} {level}"))
            .collect();
        let decided =
            |by: fn(&Assessed) -> bool| weighing.assessed.iter().filter(|a| by(a)).count();
        let accepted = decided(|a| a.exception.is_some());
        let not_affected = decided(|a| a.not_affected.is_some());
        let mut text = format!("Load {}", range(weighing.load, weighing.load));
        if !levels.is_empty() {
            text.push_str(&format!(": {}", levels.join(", ")));
        }
        if accepted > 0 {
            text.push_str(&format!("; {accepted} accepted"));
        }
        if not_affected > 0 {
            text.push_str(&format!("; {not_affected} not affected"));
        }
        let cleared = decided(Assessed::is_cleared_by_supplier);
        if cleared > 0 {
            text.push_str(&format!("; {cleared} not affected, say suppliers"));
        }
        text.push_str(&format!(", by {} {}.", weighing.charter, weighing.version));
        self.paragraph(&text)
    }

    /// Text wrapped at the table's width.
    fn paragraph(&mut self, text: &str) -> io::Result<()> {
        let mut column = 0;
        for (i, word) in text.split(' ').enumerate() {
            if i > 0 && column + 1 + word.width() > self.style.width {
                writeln!(self.out)?;
                column = 0;
            } else if i > 0 {
                write!(self.out, " ")?;
                column += 1;
            }
            write!(self.out, "{word}")?;
            column += word.width();
        }
        writeln!(self.out)
    }

    fn line(&mut self, indent: &str, text: &str) -> io::Result<()> {
        writeln!(self.out, "{indent}{text}")
    }

    fn paint(&self, ansi: Ansi, text: &str) -> String {
        if self.style.colour { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
    }

    fn muted(&self, text: &str) -> String {
        self.paint(Ansi::new().dimmed(), text)
    }
}

pub(crate) fn colour(rating: Rating) -> Ansi {
    let colour = match rating {
        Rating::Critical => AnsiColor::Red,
        Rating::High => AnsiColor::Yellow,
        Rating::Medium => AnsiColor::Cyan,
        Rating::Low | Rating::None => AnsiColor::Green,
        Rating::Unknown => AnsiColor::Magenta,
    };
    Ansi::new().fg_color(Some(colour.into()))
}

fn ratings(summary: &Summary) -> String {
    let parts: Vec<_> = summary.by_rating.iter().rev().map(|(r, n)| format!("{n} {r}")).collect();
    parts.join(", ")
}

/// What a finding of a scan means where it was weighed: level, where, by when (in the zone of the charter's calendar), at what
/// cost.
pub fn meaning(scan: &Scan, assessed: &Assessed, between: &str) -> String {
    let a = &assessed.assessment;
    let mut parts = vec![a.level.to_string()];
    if a.bounds.0 != a.bounds.1 {
        parts[0] = format!("{} (? {} to {})", a.level, a.bounds.0, a.bounds.1);
    }
    if !a.system.is_empty() {
        parts[0].push_str(&format!(" in {}", a.system));
    }
    if let Some((id, until)) = &assessed.exception {
        let until = until.map_or(String::new(), |d| format!(" until {d}"));
        parts.push(format!("accepted{until} ({id})"));
    } else if let Some(decision) = &assessed.not_affected {
        let until = decision.until.map_or(String::new(), |d| format!(" until {d}"));
        parts.push(format!("not affected by decision {}{until}", decision.id));
    } else {
        parts.push(match &a.deadline {
            Deadline::By { at, .. } => {
                let zone = scan.weighing.as_ref().map_or(TimeZone::UTC, |w| w.time_zone.clone());
                format!("by {}", at.to_zoned(zone).date())
            }
            Deadline::Opportunistic => "no date".to_owned(),
            Deadline::Unknown { .. } => "deadline ?".to_owned(),
        });
    }
    parts.push(match &a.cost {
        Cost::Range { least, most, .. } => format!("{} points", range(*least, *most)),
        Cost::Unknown { .. } => "cost ?".to_owned(),
    });
    if let Some(vex) = assessed.vex.filter(|_| assessed.not_affected.is_none()) {
        parts.push(format!("supplier says {}", vex.as_str().replace('_', " ")));
    }
    parts.join(between)
}

/// `1 to 2`, or one number where both are the same; no more figures than mean something.
pub fn range(least: f64, most: f64) -> String {
    let told = |n: f64| {
        let text = format!("{n:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if (least - most).abs() < 0.005 {
        told(least)
    } else {
        format!("{} to {}", told(least), told(most))
    }
}

/// `1 file`, `2 files`, `3 dependencies`.
pub fn count(n: usize, noun: &str) -> String {
    let n_text = thousands(u64::try_from(n).unwrap_or(u64::MAX));
    match (n, noun.strip_suffix('y')) {
        (1, _) => format!("{n_text} {noun}"),
        (_, Some(stem)) => format!("{n_text} {stem}ies"),
        _ => format!("{n_text} {noun}s"),
    }
}

/// `12,345`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A sentence of at most `room` columns: the end gives way.
fn cut(text: &str, room: usize, ascii: bool) -> String {
    let text = shorten(text, usize::MAX, ascii);
    if text.width() <= room {
        return text;
    }
    let mark = if ascii { "..." } else { "…" };
    let mut front = String::new();
    for c in text.chars() {
        let width = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if front.width() + width + mark.width() > room {
            break;
        }
        front.push(c);
    }
    format!("{}{mark}", front.trim_end())
}

/// A way of at most `room` columns: steps in the middle give way, never the first and last.
fn shorten_way(way: &[String], arrow: &str, room: usize, ascii: bool) -> String {
    let whole = way.join(arrow);
    let ([first, .., last], true) = (way, whole.width() > room) else { return whole };
    let mark = if ascii { "..." } else { "…" };
    let text = [first, mark, last].join(arrow);
    if way.len() > 2 && text.width() <= room { text } else { shorten(&whole, room, ascii) }
}

/// A text of at most `room` columns: the middle gives way.
pub fn shorten(text: &str, room: usize, ascii: bool) -> String {
    // What terminals would take as a command is shown as what it is.
    let text = crate::inert::one_line(text);
    if text.width() <= room {
        return text;
    }
    let mark = if ascii { "..." } else { "…" };
    let keep = room.saturating_sub(mark.width());
    let head = keep.div_ceil(2);
    let mut front = String::new();
    for c in text.chars() {
        if front.width() + unicode_width::UnicodeWidthChar::width(c).unwrap_or(0) > head {
            break;
        }
        front.push(c);
    }
    let mut back: Vec<char> = Vec::new();
    let mut columns = 0;
    for c in text.chars().rev() {
        columns += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
        if columns > keep.saturating_sub(front.width()) {
            break;
        }
        back.push(c);
    }
    front.push_str(mark);
    front.extend(back.iter().rev());
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_gives_way() {
        assert_eq!(shorten("abcdefghij", 10, false), "abcdefghij");
        assert_eq!(shorten("abcdefghij", 7, false), "abc…hij");
        assert_eq!(shorten("abcdefghij", 7, true), "ab...ij");
        assert_eq!(shorten("日本語日本語", 7, false), "日…本語");
        assert_eq!(shorten("a\x1b[31mb", 20, false), "a [31mb");
        assert_eq!(cut("one two three", 8, false), "one two…");
        let way = ["app", "left", "middle", "right"].map(str::to_owned);
        assert_eq!(shorten_way(&way, " → ", 30, false), "app → left → middle → right");
        assert_eq!(shorten_way(&way, " → ", 20, false), "app → … → right");
    }

    #[test]
    fn numbers_are_told() {
        assert_eq!(count(1, "dependency"), "1 dependency");
        assert_eq!(count(1234, "dependency"), "1,234 dependencies");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }
}
