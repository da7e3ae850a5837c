//! A backtest on the terminal: what the agreement would have come to, then a row for each way, then what is
//! assumed and what could not be seen.

use std::io::{self, Write};

use anstyle::Style as Ansi;
use unicode_width::UnicodeWidthStr;

use super::json::{AS_IT_WAS, Document, PLANNED, Way};
use super::{day, known, number};
use crate::inert::one_line;
use crate::paragraph::Paragraphs;
use crate::table::{Style, count, shorten};

/// Findings that are shown if all are asked for.
const SHOWN: usize = 40;

/// Lines of what was not seen that are shown if not all are asked for.
const LINES: usize = 8;
/// What the columns are.
const LEGEND: &str = "gone: findings removed; median, 9 of 10: days until then; kept: deadlines kept, of those in the period; asked: interruptions that are not immediate; a week: the most of them in a week; now: immediate interruptions; ?: unknown";

/// Writes a backtest. [`Style::verbose`] shows the findings as well.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, style: Style, out: &mut dyn Write) -> io::Result<()> {
    Page { lines: Paragraphs { style, out }, document }.write()
}

struct Page<'o> {
    lines: Paragraphs<'o>,
    document: &'o Document,
}

impl Page<'_> {
    fn write(&mut self) -> io::Result<()> {
        let document = self.document;
        self.say(&headline(document), Ansi::new().bold())?;
        for line in facts(document) {
            self.say(&line, Ansi::new().dimmed())?;
        }
        if !document.findings.is_empty() {
            self.blank()?;
            let rows = document.ways.iter().map(|way| (way.name.clone(), way)).collect();
            self.table("way", rows)?;
            if !document.compared.is_empty() {
                self.blank()?;
                let name = |c: &super::json::Compared| {
                    format!("{}, {} points", c.cadence, number(c.capacity))
                };
                let rows = document.compared.iter().map(|c| (name(c), &c.way)).collect();
                self.table("planned, another rhythm", rows)?;
            }
            self.say(LEGEND, Ansi::new().dimmed())?;
            if self.lines.style.verbose {
                self.findings()?;
            }
        }
        let all = self.lines.style.verbose;
        let (gaps, assumed) = (&document.gaps, &document.assumptions);
        for (title, lines, most) in [("Not covered", gaps, LINES), ("Assumed", assumed, usize::MAX)]
        {
            if lines.is_empty() {
                continue;
            }
            self.blank()?;
            self.say(title, Ansi::new().bold())?;
            let most = if all { usize::MAX } else { most };
            for line in lines.iter().take(most) {
                self.lines.paragraph("- ", "  ", line, Ansi::new())?;
            }
            if lines.len() > most {
                let text = format!("and {} more: --verbose has all", lines.len() - most);
                self.say(&text, Ansi::new().dimmed())?;
            }
        }
        Ok(())
    }

    fn table(&mut self, title: &str, ways: Vec<(String, &Way)>) -> io::Result<()> {
        let heads = [
            title,
            "load-days",
            "gone",
            "median",
            "9 of 10",
            "kept",
            "asked",
            "a week",
            "now",
            "points",
        ];
        let mut rows: Vec<Vec<String>> = vec![heads.map(str::to_owned).to_vec()];
        for (name, way) in ways {
            let of = |get: &dyn Fn(&super::json::Spread) -> f64| {
                way.remediation.as_ref().map_or("-".to_owned(), |s| format!("{} d", number(get(s))))
            };
            rows.push(vec![
                name,
                number(way.load_days),
                way.remediation.as_ref().map_or(0, |s| s.count).to_string(),
                of(&|s| s.median),
                of(&|s| s.p90),
                kept(self.document, way),
                known(way.interruptions),
                known(way.most_a_week),
                known(way.now),
                way.points.map_or("?".to_owned(), number),
            ]);
        }
        // A cadence has the name that its charter gives it.
        rows.iter_mut().flatten().for_each(|cell| *cell = one_line(cell));
        let columns = rows.first().map_or(0, Vec::len);
        let width = |at: usize| rows.iter().filter_map(|r| r.get(at)).map(|c| c.width()).max();
        let widths: Vec<usize> = (0..columns).filter_map(width).collect();
        for (at, row) in rows.iter().enumerate() {
            let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, width))| {
                let gap = " ".repeat(width.saturating_sub(cell.width()));
                if column == 0 { format!("{cell}{gap}") } else { format!("  {gap}{cell}") }
            });
            let line: String = cells.collect();
            let ansi = if at == 0 { Ansi::new().dimmed() } else { Ansi::new() };
            let line = self.lines.paint(ansi, &line);
            writeln!(self.lines.out, "{line}")?;
        }
        Ok(())
    }

    fn findings(&mut self) -> io::Result<()> {
        self.blank()?;
        self.say("What cost most as it was", Ansi::new().bold())?;
        let head = format!(
            "{:<8}  {:<10}  {:<10}  {:<10}  finding",
            "level", "since", "was gone", "planned"
        );
        let head = self.lines.paint(Ansi::new().dimmed(), &head);
        writeln!(self.lines.out, "{head}")?;
        let all = &self.document.findings;
        let was = self.document.ways.iter().position(|way| way.name == AS_IT_WAS);
        let planned = self.document.ways.iter().position(|way| way.name == PLANNED);
        for finding in all.iter().take(SHOWN) {
            let until = |way: Option<usize>| {
                let at = way.and_then(|way| finding.gone.get(way)?.as_deref());
                at.map_or("open", day).to_owned()
            };
            let style = self.lines.style;
            let name = shorten(&finding.name, style.width.saturating_sub(44), style.ascii);
            writeln!(
                self.lines.out,
                "{:<8}  {}  {:<10}  {:<10}  {name}",
                finding.level,
                day(&finding.appears),
                until(was),
                until(planned),
            )?;
        }
        if all.len() > SHOWN {
            let text = format!("and {} more: --format json has all", all.len() - SHOWN);
            self.say(&text, Ansi::new().dimmed())?;
        }
        Ok(())
    }

    fn say(&mut self, text: &str, ansi: Ansi) -> io::Result<()> {
        self.lines.paragraph("", "", text, ansi)
    }

    fn blank(&mut self) -> io::Result<()> {
        writeln!(self.lines.out)
    }
}

/// Deadlines kept, of those due in the period.
pub(super) fn kept(document: &Document, way: &Way) -> String {
    format!("{} of {}", way.kept, document.counts.due)
}

/// The answer in a sentence or two.
pub(super) fn headline(document: &Document) -> String {
    if document.findings.is_empty() {
        let what = match (document.history.files, document.counts.decided) {
            (0, _) => "no file that lists dependencies could be read in this period".to_owned(),
            (_, 0) => "no finding was known in this period".to_owned(),
            (_, decided) => {
                let all = if decided == 1 { "already decided" } else { "all already decided" };
                format!("{} in this period, {all}", count(decided, "finding"))
            }
        };
        return format!("{}: {what}", document.target);
    }
    let (Some(planned), Some(was)) = (document.way(PLANNED), document.way(AS_IT_WAS)) else {
        return document.target.clone();
    };
    let change = match was.load_days > 0.0 {
        true => {
            let share = 100.0 * (planned.load_days / was.load_days - 1.0);
            match share.round() {
                0.0 => " (the same)".to_owned(),
                less if less < 0.0 => format!(" ({:.0} % less)", -less),
                more => format!(" ({more:.0} % more)"),
            }
        }
        false => String::new(),
    };
    let deadlines = match document.counts.due {
        0 => "no deadline fell in the period".to_owned(),
        due => {
            format!(
                "{} of {due} deadlines would have been kept instead of {}",
                planned.kept, was.kept
            )
        }
    };
    let asked = match planned.interruptions.unwrap_or(0) + planned.now.unwrap_or(0) {
        1 => "once".to_owned(),
        n => count(n, "time"),
    };
    let points = planned.points.map_or("?".to_owned(), number);
    format!(
        "{}: under this agreement {} load-days instead of {}{change}; {deadlines}; the team would have been asked {asked}, for {points} points",
        document.target,
        number(planned.load_days),
        number(was.load_days),
    )
}

/// What was looked at, and by what agreement.
pub(super) fn facts(document: &Document) -> Vec<String> {
    let (history, counts, rhythm) = (&document.history, &document.counts, &document.rhythm);
    let assumed = match rhythm.assumed.is_empty() {
        true => String::new(),
        false => format!(" ({} assumed)", rhythm.assumed.join(", ")),
    };
    let mut facts = vec![
        format!(
            "{} to {}: {} of {} at {}, {}; {}, {} open at the start, {} with a fix, {} left out by decisions",
            day(&document.period.from),
            day(&document.period.until),
            count(history.commits, "state"),
            count(history.files, "file"),
            history.reference,
            count(history.components, "component"),
            count(counts.findings, "finding"),
            counts.at_begin,
            counts.fixable,
            counts.decided,
        ),
        format!(
            "{}: {}, {} points per window{assumed}, {}; charter {} {}",
            rhythm.team,
            rhythm.cadence,
            number(rhythm.capacity),
            count(rhythm.windows, "window"),
            document.charter.name,
            document.charter.version,
        ),
    ];
    if counts.beyond > 0 {
        facts.push(format!(
            "No single window of {} points has room for the updates that would remove {}: each of them costs more, and waits until earlier windows leave enough points over. Fewer windows with more points would be sooner.",
            number(rhythm.capacity),
            count(counts.beyond, "finding"),
        ));
    }
    facts
}
