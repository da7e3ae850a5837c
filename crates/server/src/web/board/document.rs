//! A board as a document to be mailed: every number and list that the page has, in words.

use trimtab_model::Role;
use trimtab_pages::part::{Cell, Dial, Figure, Table as Listed, Value, number};
use trimtab_report::minutes::{Chart, Document, Section, Series, Table};

use super::{capital, sides, title};
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;

/// So many days lie between the days of the load that are told.
const WEEK: usize = 7;

/// The board of a side as somebody sees it now.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn as_document(app: &App, who: &Who, side: Role) -> Result<Document, Problem> {
    let told = sides::of(app, who, side).await?;
    let now = app.now().strftime("%Y-%m-%d %H:%M");
    let lines = vec![
        told.headline,
        format!("As it was {now} UTC, of what {} may see.", who.person.name),
        format!("The board, with the list behind each number: {}", address(app, side)),
    ];
    let mut sections = vec![numbers(&told.figures)];
    sections.extend(told.dial.as_ref().map(load));
    sections.extend(told.tables.iter().map(list));
    Ok(Document { title: title(side), lines, sections })
}

/// Where a board is.
pub(crate) fn address(app: &App, side: Role) -> String {
    format!("{}/boards/{side}", app.settings.public)
}

fn numbers(figures: &[Figure]) -> Section {
    let row = |is: &Figure| vec![capital(&is.label), words(&is.value), is.note.clone()];
    let rows = figures.iter().map(row).collect();
    let table = Table::of(&["What", "Now", "Before"], rows);
    Section { title: "Numbers".to_owned(), table, ..Section::default() }
}

/// Today, and the same day of the weeks before.
fn load(dial: &Dial) -> Section {
    let mut days: Vec<_> = dial.days.iter().rev().step_by(WEEK).collect();
    days.reverse();
    let labels: Vec<String> = days.iter().map(|day| day.date.to_string()).collect();
    let row = |(label, load): (&String, Option<f64>)| {
        vec![label.clone(), load.map_or_else(|| "unknown".to_owned(), number)]
    };
    let rows = labels.iter().zip(days.iter().map(|day| day.load)).map(row).collect();
    let values = days.iter().map(|day| day.load).collect();
    Section {
        title: "Load by week".to_owned(),
        chart: Some(Chart {
            title: format!("Load of {}", dial.of),
            labels,
            series: vec![Series { name: "load".to_owned(), values }],
        }),
        table: Table::of(&["Day", "Load"], rows),
        ..Section::default()
    }
}

fn list(table: &Listed) -> Section {
    let text = match table.rows.is_empty() {
        true => vec![table.empty.why.clone()],
        false => Vec::new(),
    };
    let rows = table.rows.iter().map(|row| row.cells.iter().map(cell).collect()).collect();
    let names = table.columns.iter().map(|column| column.name.clone()).collect();
    let title = table.title.clone();
    Section { title, text, table: Table { columns: names, rows }, chart: None }
}

fn cell(is: &Cell) -> String {
    match is {
        Cell::Value(value) => words(value),
        Cell::Name(link, more) if more.is_empty() => link.text.clone(),
        Cell::Name(link, more) => format!("{} ({more})", link.text),
        Cell::Mark(mark) => mark.word().to_owned(),
        Cell::Count(mark, link) => format!("{} {}", link.text, mark.word()),
        Cell::Due(when, false) => when.words().to_owned(),
        Cell::Due(when, true) => format!("{}, past", when.words()),
        Cell::Change(text, _) => text.clone(),
        Cell::Dial(dial) => {
            let last = dial.days.last().and_then(|day| day.load);
            last.map_or_else(|| "unknown".to_owned(), number)
        }
        Cell::Filled(filled) => filled.words.clone(),
        Cell::Tags(tags) => tags.join(", "),
        Cell::Nothing => String::new(),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Text(text) | Value::Code(text) => text.clone(),
        Value::Link(link) => link.text.clone(),
        Value::Time(when) => when.words().to_owned(),
        Value::Squares(squares) => squares.label.clone(),
        Value::Unknown(why) => format!("unknown: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use trimtab_pages::part::{Column, Day, Row, Size};
    use trimtab_report::minutes::plain;

    use super::*;

    #[test]
    fn what_is_unknown_is_told_as_that_and_not_as_zero() {
        let unknown = Value::Unknown("there was none in 90 days".to_owned());
        let figures = [Figure::of(unknown, "median to remediate", "/x").noted("3 days before")];
        let days = (1..=15)
            .map(|day| Day { date: date(2026, 3, day), load: (day != 8).then(|| f64::from(day)) });
        let dial = Dial {
            size: Size::Medium,
            of: "all systems".to_owned(),
            href: "".into(),
            days: days.collect(),
            moves: Vec::new(),
            csv: "".into(),
        };
        let table = Listed {
            title: "Work".to_owned(),
            columns: vec![Column::left("Team"), Column::right("Load"), Column::right("Points")],
            rows: vec![Row::of(vec![Cell::name("payments", "/t"), Cell::Nothing, Cell::text("4")])],
            ..Listed::default()
        };
        let sections = vec![numbers(&figures), load(&dial), list(&table)];
        let text = plain(&Document { title: "B".to_owned(), lines: Vec::new(), sections });
        for line in [
            "* Median to remediate -- Now: unknown: there was none in 90 days; Before: 3 days before",
            "* 2026-03-01 -- Load: 1",
            "* 2026-03-08 -- Load: unknown",
            "* 2026-03-15 -- Load: 15",
            "* payments -- Points: 4",
        ] {
            assert!(text.contains(&format!("{line}\r\n")), "{line}: {text}");
        }
    }
}
