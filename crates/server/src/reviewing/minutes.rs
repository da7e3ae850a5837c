//! The minutes of a review: what was shown, who was there, what was decided, and what became of what was decided before.

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_pages::part::{number, tenth};
use trimtab_report::minutes::{Chart, Document, Section, Series, Table};
use trimtab_store::{Resolve, Review};

use super::agenda::{Pack, PackFigures, PackPart};
use super::packing::PackChart;
use super::{Before, Scope, follow, kind_of, last_day, last_of};
use crate::people::name;

/// What minutes are made of.
pub(crate) struct Told<'a> {
    pub(crate) review: &'a Review,
    pub(crate) scope: &'a Scope,
    pub(crate) pack: &'a Pack,
    pub(crate) present: &'a [(i64, Timestamp)],
    pub(crate) decisions: &'a [Resolve],
    pub(crate) before: &'a [Before],
    pub(crate) names: &'a HashMap<i64, String>,
    pub(crate) now: Timestamp,
}

/// A number with its name, now and in the review before. `None`: unknown, or there is none.
pub(crate) type Compared = (String, Option<f64>, Option<f64>);

/// The numbers of a review.
pub(crate) fn compared(now: &Pack, before: Option<&Pack>) -> Vec<Compared> {
    if now.numbers.is_empty() {
        let all = weekly(&now.figures, before.map(|pack| &pack.figures));
        return all.into_iter().map(|(name, now, before)| (name.to_owned(), now, before)).collect();
    }
    let was = |name: &str| {
        let mut all = before.iter().flat_map(|pack| &pack.numbers);
        all.find(|one| one.name == name).and_then(|one| one.value)
    };
    now.numbers.iter().map(|one| (one.name.clone(), one.value, was(&one.name))).collect()
}

/// How much more or less something is than before. `None`: one of both is unknown.
pub(crate) fn change(now: Option<f64>, before: Option<f64>) -> Option<String> {
    let by = now? - before?;
    let told = tenth(by);
    Some(if by > 0.0 && told != "0" { format!("+{told}") } else { told })
}

/// The numbers of a weekly review.
fn weekly(
    now: &PackFigures,
    before: Option<&PackFigures>,
) -> Vec<(&'static str, Option<f64>, Option<f64>)> {
    let whole = |value: Option<i64>| value.map(|value| value as f64);
    let of = |is: &PackFigures| {
        [
            is.load,
            whole(is.open),
            whole(is.new),
            whole(is.late),
            whole(is.soon),
            whole(is.exceptions),
            whole(is.answers),
            whole(is.scheduled),
        ]
    };
    let names = [
        "load",
        "findings that count",
        "new above the accepted level",
        "past their deadline",
        "due within 14 days",
        "exceptions that end",
        "decisions asked for",
        "changes scheduled",
    ];
    let before = before.map_or([None; 8], of);
    let both = of(now).into_iter().zip(before);
    names.into_iter().zip(both).map(|(name, (now, before))| (name, now, before)).collect()
}

fn known(value: Option<f64>) -> String {
    value.map_or_else(|| "unknown".to_owned(), number)
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// The minutes as a document.
pub(crate) fn document(told: &Told<'_>) -> Document {
    let review = told.review;
    let mut lines = Vec::new();
    lines.push(match (review.opened, review.closed) {
        (None, _) => format!("Planned for {}, {} minutes.", stamp(review.is.at), review.is.minutes),
        (Some(opened), None) => format!("Opened {}, not closed yet.", stamp(opened)),
        (Some(opened), Some(closed)) => format!(
            "{}, {} of {} minutes.",
            stamp(opened),
            closed.duration_since(opened).as_mins(),
            review.is.minutes
        ),
    });
    let present: Vec<String> = told.present.iter().map(|(id, _)| name(told.names, *id)).collect();
    lines.push(match present.as_slice() {
        [] => "Attendance was not recorded.".to_owned(),
        all => format!("There: {}.", all.join(", ")),
    });
    let mut sections = vec![decisions(told), numbers(told)];
    if !review.note.is_empty() {
        let text = review.note.lines().filter(|line| !line.is_empty()).map(ToOwned::to_owned);
        sections.push(Section {
            title: "Notes".to_owned(),
            text: text.collect(),
            ..Section::default()
        });
    }
    sections.extend(told.pack.parts.iter().map(part));
    sections.extend(told.pack.charts.iter().map(chart));
    let title = format!("{} of {}", kind_of(review).title(), told.scope.name);
    Document { title, lines, sections }
}

fn decisions(told: &Told<'_>) -> Section {
    let row = |is: &Resolve| {
        let topic = if is.is.topic.1.is_empty() { "–".to_owned() } else { is.is.topic.1.clone() };
        vec![
            is.is.what.clone(),
            topic,
            name(told.names, is.is.owner),
            last_day(is.is.due),
            follow(is, told.now).words().to_owned(),
        ]
    };
    let rows: Vec<Vec<String>> = told.decisions.iter().map(row).collect();
    let text = match rows.is_empty() {
        true => "No decisions were made.".to_owned(),
        false => format!("Status as of {}.", stamp(told.now)),
    };
    Section {
        title: "Decisions".to_owned(),
        text: vec![text],
        table: Table::of(&["What", "About", "Owner", "Until", "Status"], rows),
        ..Section::default()
    }
}

fn numbers(told: &Told<'_>) -> Section {
    let last = last_of(told.before, kind_of(told.review), told.scope);
    let last = last.and_then(|one| one.pack.as_ref());
    let rows = compared(told.pack, last);
    let row = |(name, now, before): &Compared| {
        let by = change(*now, *before).unwrap_or_else(|| "–".to_owned());
        let before = if last.is_some() { known(*before) } else { "–".to_owned() };
        vec![name.clone(), known(*now), before, by]
    };
    Section {
        title: "Numbers".to_owned(),
        text: vec![match last {
            Some(_) => "Compared with the last review of the same scope.".to_owned(),
            None => "There was no earlier review of the same scope.".to_owned(),
        }],
        table: Table::of(
            &["What", "This review", "The last", "Change"],
            rows.iter().map(row).collect(),
        ),
        ..Section::default()
    }
}

/// A chart with its values as a table.
fn chart(is: &PackChart) -> Section {
    let series = |of: &super::packing::PackSeries| Series {
        name: of.name.clone(),
        values: of.values.clone(),
    };
    let mut columns = vec![String::new()];
    // What is named in its unit already is not named twice.
    let column = |of: &super::packing::PackSeries| match is.unit.starts_with(&of.name) {
        true => is.unit.clone(),
        false => format!("{} ({})", of.name, is.unit),
    };
    columns.extend(is.series.iter().map(column));
    // Before anything was known there is no row after row that says so.
    let has = |at: usize| is.series.iter().any(|of| of.values.get(at).is_some_and(Option::is_some));
    let first = (0..is.labels.len()).find(|at| has(*at)).unwrap_or(0);
    let row = |(at, label): (usize, &String)| {
        let mut row = vec![label.clone()];
        let values = is.series.iter().map(|of| known(of.values.get(at).copied().flatten()));
        row.extend(values);
        row
    };
    Section {
        title: is.title.clone(),
        text: match is.labels.get(first) {
            Some(label) if first > 0 => vec![format!("Unknown before {label}.")],
            _ => Vec::new(),
        },
        chart: Some(Chart {
            title: format!("{}, {}", is.title, is.unit),
            labels: is.labels.clone(),
            series: is.series.iter().map(series).collect(),
        }),
        table: Table { columns, rows: is.labels.iter().enumerate().skip(first).map(row).collect() },
    }
}

/// What the time of a topic is, by the part that it stands in.
pub(crate) fn when(part: &str) -> &'static str {
    match part {
        "answers" => "Asked",
        "plan" => "Begins",
        "exceptions" | "end-of-life" => "Ends",
        _ => "Due",
    }
}

fn part(is: &PackPart) -> Section {
    let plus = if is.more { "+" } else { "" };
    let mut text = vec![is.about.clone()];
    let listed = i64::try_from(is.topics.len()).unwrap_or(i64::MAX);
    if is.count > listed {
        text.push(format!("{}{plus} in all; the first {listed}:", is.count));
    }
    let row = |topic: &super::agenda::PackTopic| {
        let due = topic.due.as_deref().map_or("–", |due| due.get(..10).unwrap_or(due));
        let again = match topic.repeats {
            0 => String::new(),
            1 => "in the last review too".to_owned(),
            n => format!("in the last {n} reviews too"),
        };
        vec![
            topic.title.clone(),
            topic.level.clone().unwrap_or_else(|| "–".to_owned()),
            due.to_owned(),
            topic.note.clone(),
            again,
        ]
    };
    Section {
        title: format!("{} ({} min)", is.title, is.minutes),
        text: if is.count == 0 && !is.more { vec!["Nothing.".to_owned()] } else { text },
        table: filled(&Table::of(
            &["Topic", "Level", when(&is.part), "More", "Again"],
            is.topics.iter().map(row).collect(),
        )),
        ..Section::default()
    }
}

/// Without the columns in which no row has anything, as on the page; the first stays.
fn filled(table: &Table) -> Table {
    let has = |at: &usize| {
        let mut cells = table.rows.iter().filter_map(|row| row.get(*at));
        *at == 0 || cells.any(|cell| !matches!(cell.as_str(), "" | "–"))
    };
    let kept: Vec<usize> = (0..table.columns.len()).filter(has).collect();
    let of = |row: &Vec<String>| -> Vec<String> {
        kept.iter().filter_map(|at| row.get(*at).cloned()).collect()
    };
    Table { columns: of(&table.columns), rows: table.rows.iter().map(of).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_without_anything_is_left_out() {
        let row = |cells: [&str; 4]| cells.map(ToOwned::to_owned).to_vec();
        let table = Table {
            columns: row(["Topic", "Level", "More", "Again"]),
            rows: vec![row(["–", "–", "one", ""]), row(["a", "–", "", ""])],
        };
        let kept = filled(&table);
        assert_eq!(kept.columns, ["Topic", "More"]);
        assert_eq!(kept.rows, [["–", "one"], ["a", ""]]);
    }

    #[test]
    fn a_chart_names_its_unit_once_and_begins_with_what_is_known() {
        let of = |values: &[Option<f64>]| PackChart {
            title: "Load".to_owned(),
            unit: "load at the end of the day".to_owned(),
            labels: ["2026-11-02", "2026-11-09", "2026-11-16"].map(ToOwned::to_owned).to_vec(),
            series: vec![crate::reviewing::packing::PackSeries {
                name: "load".to_owned(),
                values: values.to_vec(),
            }],
        };
        let is = chart(&of(&[None, Some(12.0), None]));
        assert_eq!(is.table.columns, ["", "load at the end of the day"]);
        let days: Vec<&str> = is.table.rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(days, ["2026-11-09", "2026-11-16"], "what is unknown in between stays");
        assert_eq!(is.text, ["Unknown before 2026-11-09."]);
        let all = chart(&of(&[None, None, None]));
        assert_eq!((all.table.rows.len(), all.text.len()), (3, 0));
    }
}
