//! The parts of a review with their topics, how long each is, and what was decided.

use jiff::Timestamp;
use trimtab_model::Level;
use trimtab_pages::page::ReviewPart;
use trimtab_pages::part::{Cell, Column, Empty, Link, Mark, Row, Table, When};
use trimtab_store::Resolve;

use super::super::whole;
use super::left;
use crate::api::reviews::Known;
use crate::people::name;
use crate::reviewing::agenda::{PackPart, PackTopic};
use crate::reviewing::minutes::when;
use crate::reviewing::{self, last_day};

pub(super) fn shown(
    is: &Known,
    part: &PackPart,
    (from, to): (Timestamp, Timestamp),
    current: bool,
    now: Timestamp,
) -> ReviewPart {
    let clock = |at: Timestamp| at.strftime("%H:%M").to_string();
    let time = match (part.minutes, current) {
        (0, _) => "no time".to_owned(),
        (minutes, false) => format!("{minutes} min, {}–{} UTC", clock(from), clock(to)),
        (minutes, true) => {
            format!("now: {} of {minutes} min left, until {} UTC", left(to, now), clock(to))
        }
    };
    let plus = if part.more { "+" } else { "" };
    let words = if is.review.opened.is_some() { "The list as it is now" } else { "The list" };
    let row = |topic: &PackTopic| {
        let level = topic.level.as_deref().and_then(Level::from_word);
        let due = topic.due.as_deref().and_then(|due| due.parse::<Timestamp>().ok());
        let again = match topic.repeats {
            0 => Cell::Nothing,
            1 => Cell::text("last time too"),
            n => Cell::text(format!("the last {n} times too")),
        };
        let mark = match (level, part.part.as_str()) {
            (Some(level), _) => Cell::Mark(Mark::Level(level)),
            (None, "new" | "deadlines") => Cell::Mark(Mark::Unknown),
            (None, _) => Cell::Nothing,
        };
        let late =
            due.is_some_and(|due| due < now) && part.part != "answers" && part.part != "plan";
        Row::of(vec![
            Cell::Name(Link::to(topic.title.clone(), topic.page.clone()), topic.note.clone()),
            mark,
            due.map_or(Cell::Nothing, |due| Cell::Due(When::of(due, now), late)),
            again,
        ])
    };
    let due = when(&part.part);
    let topics = (!part.topics.is_empty()).then(|| {
        let columns = vec![
            Column::left("Topic").kept(),
            Column::left("Level"),
            Column::right(due).kept(),
            Column::left("Again"),
        ];
        let rows = part.topics.iter().map(row).collect();
        let (columns, rows) = filled(columns, rows);
        Table { title: part.title.clone(), columns, rows, ..Table::default() }
    });
    let listed = whole(part.topics.len());
    let about = match part.count {
        0 if !part.more => "Nothing.".to_owned(),
        all if all > listed => {
            format!("{} {all}{plus} in all; the first {listed} are shown.", part.about)
        }
        _ => part.about.clone(),
    };
    ReviewPart {
        anchor: part.part.clone(),
        title: part.title.clone(),
        time,
        about,
        list: Link::to(words, part.list.clone()),
        topics,
    }
}

/// Without the columns in which no row has anything.
fn filled(columns: Vec<Column>, mut rows: Vec<Row>) -> (Vec<Column>, Vec<Row>) {
    let has = |at: &usize| {
        rows.iter().any(|row| row.cells.get(*at).is_some_and(|cell| *cell != Cell::Nothing))
    };
    let kept: Vec<usize> = (0..columns.len()).filter(has).collect();
    for row in &mut rows {
        let cells = std::mem::take(&mut row.cells).into_iter().enumerate();
        row.cells = cells.filter(|(at, _)| kept.contains(at)).map(|(_, cell)| cell).collect();
    }
    let columns = columns.into_iter().enumerate();
    (columns.filter(|(at, _)| kept.contains(at)).map(|(_, column)| column).collect(), rows)
}

pub(super) fn decisions(is: &Known, now: Timestamp) -> Table {
    let row = |one: &Resolve| {
        let (key, title) = &one.is.topic;
        let pages = is.pack.parts.iter().flat_map(|part| &part.topics);
        let page = pages.filter(|topic| topic.key == *key).map(|topic| topic.page.clone()).next();
        let stands = reviewing::follow(one, now);
        let stands = match one.word.as_str() {
            "" => stands.words().to_owned(),
            word => format!("{}: {word}", stands.words()),
        };
        Row::of(vec![
            Cell::text(one.is.what.clone()),
            page.map_or(Cell::Nothing, |page| Cell::link(title.clone(), page)),
            Cell::text(name(&is.names, one.is.owner)),
            Cell::text(last_day(one.is.due)),
            Cell::text(stands),
        ])
    };
    Table {
        title: "Decisions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            Column::left("About"),
            Column::left("Owner").kept(),
            Column::right("Until"),
            Column::left("Status"),
        ],
        rows: is.decisions.iter().map(row).collect(),
        empty: Empty { why: "No decision yet.".to_owned(), next: None },
        ..Table::default()
    }
}
