//! A backtest as one self-contained HTML page: no script, nothing fetched, each drawing with its table.

use std::io::{self, Write};

use askama::Template;
use trimtab_model::Level;
use trimtab_model::advisory::Rating;

use super::chart::{Chart, by_month, class};
use super::json::{AS_IT_WAS, Document, PLANNED, Way};
use super::text::{facts, headline, kept};
use super::{known, number};
use crate::group::{rating_of, shape};
use crate::table::thousands;

/// Findings that are shown.
const SHOWN: usize = 100;

/// Writes the page.
///
/// # Errors
/// Writing fails.
pub fn write(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    let page = Page::of(document).render().map_err(io::Error::other)?;
    crate::inert::page(&page, out)
}

/// The page's data.
#[derive(Template)]
#[template(path = "backtest.html")]
struct Page<'d> {
    target: &'d str,
    headline: String,
    facts: Vec<String>,
    numbers: Vec<(String, String)>,
    ways: Vec<Row<'d>>,
    compared: Vec<(String, Row<'d>)>,
    chart: Chart,
    months: Vec<(String, Vec<String>)>,
    spread: Vec<(String, Vec<Bar>)>,
    findings: Vec<Told<'d>>,
    more: usize,
    assumptions: &'d [String],
    gaps: &'d [String],
    version: &'static str,
}

/// A way of working as a row.
struct Row<'d> {
    class: &'static str,
    name: &'d str,
    load_days: String,
    gone: String,
    open: String,
    spared: String,
    median: String,
    p90: String,
    kept: String,
    asked: String,
    week: String,
    now: String,
    points: String,
}

/// How many findings of a way were gone within some days.
struct Bar {
    findings: usize,
    /// Of the most of all, in per cent.
    width: String,
}

struct Told<'d> {
    level: &'d str,
    shape: char,
    name: &'d str,
    appears: String,
    deadline: String,
    was: String,
    planned: String,
    fix: &'d str,
}

impl<'d> Page<'d> {
    fn of(document: &'d Document) -> Page<'d> {
        let months = by_month(document).into_iter();
        Page {
            target: &document.target,
            headline: headline(document),
            facts: facts(document),
            numbers: numbers(document),
            ways: document.ways.iter().enumerate().map(|(i, w)| row(document, i, w)).collect(),
            compared: document
                .compared
                .iter()
                .map(|c| {
                    let name = format!("{}, {} points per window", c.cadence, number(c.capacity));
                    (name, row(document, 0, &c.way))
                })
                .collect(),
            chart: Chart::of(document),
            months: months.map(|(at, all)| (at, all.into_iter().map(number).collect())).collect(),
            spread: spread(&document.ways),
            findings: findings(document),
            more: document.findings.len().saturating_sub(SHOWN),
            assumptions: &document.assumptions,
            gaps: &document.gaps,
            version: crate::TOOL_VERSION,
        }
    }
}

/// What matters most, by the agreement and as it was.
fn numbers(document: &Document) -> Vec<(String, String)> {
    let (Some(planned), Some(was)) = (document.way(PLANNED), document.way(AS_IT_WAS)) else {
        return Vec::new();
    };
    let median =
        |way: &Way| way.remediation.as_ref().map_or("none".to_owned(), |s| number(s.median));
    let asked = planned.interruptions.zip(planned.now).map(|(windows, now)| windows + now);
    let both =
        |planned: String, was: String, what: &str| (planned, format!("{what}; it was {was}"));
    vec![
        both(number(planned.load_days), number(was.load_days), "load-days"),
        both(median(planned), median(was), "days to remediate, the middle one"),
        both(kept(document, planned), was.kept.to_string(), "deadlines kept"),
        both(known(asked), "unknown".to_owned(), "times the team is asked"),
    ]
}

fn row<'d>(document: &Document, at: usize, way: &'d Way) -> Row<'d> {
    let spread = way.remediation.as_ref();
    let count = |n: usize| thousands(n as u64);
    Row {
        class: class(at),
        name: &way.name,
        load_days: number(way.load_days),
        gone: count(spread.map_or(0, |s| s.count)),
        open: count(way.open),
        spared: count(way.spared),
        median: spread.map_or("–".to_owned(), |s| number(s.median)),
        p90: spread.map_or("–".to_owned(), |s| number(s.p90)),
        kept: kept(document, way),
        asked: known(way.interruptions),
        week: known(way.most_a_week),
        now: known(way.now),
        points: way.points.map_or("?".to_owned(), number),
    }
}

/// A row for each bound of days, and one for what is open at the end; a bar for each way.
fn spread(ways: &[Way]) -> Vec<(String, Vec<Bar>)> {
    let gone = ways.iter().flat_map(|way| way.days.iter().map(|bucket| bucket.findings));
    let most = gone.chain(ways.iter().map(|way| way.open)).max().unwrap_or(0).max(1);
    let bar = |findings: usize| Bar {
        findings,
        width: format!("{:.1}", 100.0 * findings as f64 / most as f64),
    };
    let bounds: Vec<Option<u32>> =
        ways.first().map_or(Vec::new(), |way| way.days.iter().map(|b| b.days).collect());
    let mut rows: Vec<(String, Vec<Bar>)> = Vec::new();
    let mut before = 0;
    for (at, bound) in bounds.into_iter().enumerate() {
        let name = match bound {
            Some(days) if before == 0 => format!("{days} day or less"),
            Some(days) => format!("{} to {days} days", before + 1),
            None => format!("more than {before} days"),
        };
        before = bound.unwrap_or(before);
        let of = |way: &Way| bar(way.days.get(at).map_or(0, |bucket| bucket.findings));
        rows.push((name, ways.iter().map(of).collect()));
    }
    rows.push(("open at the end".to_owned(), ways.iter().map(|way| bar(way.open)).collect()));
    rows
}

fn findings(document: &Document) -> Vec<Told<'_>> {
    let place = |name: &str| document.ways.iter().position(|way| way.name == name);
    let (was, planned) = (place(AS_IT_WAS), place(PLANNED));
    let day = |at: &str| document.rhythm.day(at);
    let mut all = Vec::new();
    for finding in document.findings.iter().take(SHOWN) {
        let gone = |way: Option<usize>| {
            let at = way.and_then(|way| finding.gone.get(way)?.as_deref());
            at.map_or_else(|| "open".to_owned(), day)
        };
        all.push(Told {
            level: &finding.level,
            shape: shape(rating(&finding.level), false),
            name: &finding.name,
            appears: day(&finding.appears),
            deadline: finding.deadline.as_deref().map_or_else(|| "none".to_owned(), day),
            was: gone(was),
            planned: gone(planned),
            fix: finding.fix.as_deref().unwrap_or("none named"),
        });
    }
    all
}

/// The rating that is drawn like a level's word.
fn rating(level: &str) -> Rating {
    let known = Level::ALL.iter().find(|known| known.as_str() == level);
    known.map_or(Rating::Unknown, |level| rating_of(*level))
}
