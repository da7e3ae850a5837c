//! What teams were asked and told, one by one.

use trimtab_pages::part::{Cell, Column, Empty, Link, Row, Table, When};

use crate::facts::counted::{Line, List, Said, What};
use crate::web::{count, whole};

/// The list with its headline.
pub(super) fn table(list: &List, said: Said, lines: &[Line]) -> (Table, String) {
    let words = match said {
        Said::Interruptions => ("interruption", "interruptions"),
        Said::Requests => ("request was opened", "requests were opened"),
        Said::Notices => ("notice", "notices"),
    };
    let name = |id: Option<i64>| match id.and_then(|id| list.is.teams.iter().find(|t| t.id == id)) {
        Some(team) => Cell::link(team.name.clone(), format!("/teams/{}", team.id)),
        None => Cell::unknown("no team owns it"),
    };
    let row = |line: &Line| {
        let (what, more) = told(line);
        Row::of(vec![
            Cell::Name(what, more),
            name(line.team),
            if line.now { Cell::text("now") } else { Cell::Nothing },
            Cell::Value(When::of(line.at, list.now).into()),
        ])
    };
    let table = Table {
        title: "What was asked and told".to_owned(),
        columns: vec![
            Column::left("What").kept(),
            Column::left("Team").kept(),
            Column::left("At once"),
            Column::right("When").kept(),
        ],
        rows: lines.iter().map(row).collect(),
        empty: Empty { why: "Nobody was asked or told anything.".to_owned(), next: None },
        ..Table::default()
    };
    (table, format!("{}.", count(whole(list.total), words.0, words.1)))
}

/// What a team was asked or told, and what came with it.
fn told(line: &Line) -> (Link, String) {
    match &line.what {
        What::Request { about, update, more, changes } => {
            let words = format!("Request opened: {about}");
            let link = match update {
                Some(id) => Link::to(words, format!("/updates/{id}")),
                None => Link::words(words),
            };
            (link, with(*more, *changes))
        }
        What::Plan { changes } => {
            let words = format!("Plan: {}", count(whole(*changes), "change", "changes"));
            let link = match line.team {
                Some(id) => Link::to(words, format!("/teams/{id}/plan")),
                None => Link::words(words),
            };
            (link, String::new())
        }
        What::Findings { asset } => {
            let link = match asset {
                Some(id) => Link::to("New findings", format!("/findings?state=any&asset={id}")),
                None => Link::words("New findings"),
            };
            (link, String::new())
        }
    }
}

/// What came with a request, in words.
fn with(more: usize, changes: usize) -> String {
    let requests = || count(whole(more), "more request", "more requests");
    let of_plan = || count(whole(changes), "change of the plan", "changes of the plan");
    match (more, changes) {
        (0, 0) => String::new(),
        (0, _) => of_plan(),
        (_, 0) => requests(),
        (..) => format!("{}, {}", requests(), of_plan()),
    }
}
