//! The tables of an update: what tests said, what changes, what it removes, what was left out.

use jiff::Timestamp;
use trimtab_pages::part::{Cell, Column, Empty, Link, Row, Table, When};
use trimtab_report::applied::json::{Action, Finding, Move, Run};

use super::sentence;
use crate::updating::Update;
use crate::web::findings::encode;
use crate::web::today::short;

/// The most of one kind of thing that is listed.
const MOST: usize = 100;

pub(super) fn tests(update: &Update) -> Table {
    let told = &update.told.tests;
    let number = |number: Option<usize>| match number {
        Some(number) => Cell::text(number.to_string()),
        None => Cell::unknown("the runner does not tell"),
    };
    let row = |name: &str, run: &Run| {
        Row::of(vec![
            Cell::text(name),
            Cell::text(run.ended.clone()),
            number(run.passed),
            number(run.failed),
            number(run.skipped),
            Cell::text(format!("{} s", run.seconds)),
        ])
    };
    let runs = [("before", &told.before), ("after", &told.after)];
    Table {
        title: "Tests".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Run").kept(),
            Column::left("Ended").kept(),
            Column::right("Passed"),
            Column::right("Failed").kept(),
            Column::right("Skipped"),
            Column::right("Took"),
        ],
        rows: runs.iter().filter_map(|(name, run)| Some(row(name, run.as_ref()?))).collect(),
        empty: Empty {
            why: "No tests were run: nobody knows whether it breaks.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

pub(super) fn said(update: &Update) -> Vec<String> {
    let tests = &update.told.tests;
    let mut said = Vec::new();
    for (title, names) in [
        ("Fail now, did not before", &tests.broken),
        ("Failed before and after", &tests.failed_before),
        ("Failed before, pass now", &tests.mended),
        ("No longer run", &tests.gone),
        ("Flaky: failed once, passed when run again", &tests.wavering),
    ] {
        if !names.is_empty() {
            let shown = names.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
            let more = names.len().saturating_sub(5);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            said.push(format!("{title}: {shown}{more}"));
        }
    }
    said.extend(tests.confined.iter().take(5).cloned());
    said
}

pub(super) fn moves(update: &Update) -> Table {
    let versions = |all: &[String]| match all {
        [] => Cell::Nothing,
        all => Cell::code(all.join(", ")),
    };
    let row = |is: &Move| {
        let (name, _) = short(&is.package);
        let to = format!("/packages?purl={}", encode(&is.package));
        Row::of(vec![Cell::name(name, to), versions(&is.from), versions(&is.to)])
    };
    Table {
        title: listed("What changes", update.told.moves.len()),
        titled: true,
        columns: vec![
            Column::left("Package").kept(),
            Column::left("From").kept(),
            Column::left("To").kept(),
        ],
        rows: update.told.moves.iter().take(MOST).map(row).collect(),
        empty: Empty { why: "No version changes.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(super) fn removes(update: &Update, now: Timestamp) -> Table {
    // A vulnerability may be called otherwise by now: the line names its finding.
    let row = |(gone, named): (&Finding, &Option<i64>)| {
        let (package, version) = short(&gone.package);
        let known = update.findings.iter().find(|f| Some(f.id) == *named);
        let second = format!("{package} {version}");
        let (name, state) = match known {
            Some(is) => {
                let link = Link::to(gone.vulnerability.clone(), format!("/findings/{}", is.id));
                let state = match is.fixed.filter(|_| !is.state.is_live()) {
                    Some(at) => Cell::Value(When::of(at, now).into()),
                    None => Cell::text(is.state.as_str()),
                };
                (link, state)
            }
            None => (
                Link::words(gone.vulnerability.clone()),
                Cell::unknown("the asset has no such finding"),
            ),
        };
        Row::of(vec![Cell::Name(name, second), state])
    };
    Table {
        title: listed("What it removes", update.told.removes.len()),
        titled: true,
        columns: vec![Column::left("Finding").kept(), Column::left("State").kept()],
        rows: update.told.removes.iter().zip(&update.named).take(MOST).map(row).collect(),
        empty: Empty { why: "It removes no finding.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(super) fn left_out(update: &Update) -> Option<Table> {
    let left: Vec<_> = update.told.actions.iter().filter(|a| a.outcome != "done").collect();
    if left.is_empty() {
        return None;
    }
    let word = |outcome: &str| match outcome {
        "breaks" => "it breaks tests",
        "refused" => "the package manager refused it",
        _ => "there were no runs left to try it",
    };
    let row = |is: &&Action| {
        let why = if is.why.is_empty() { word(&is.outcome).to_owned() } else { is.why.clone() };
        Row::of(vec![Cell::text(is.what.clone()), Cell::text(sentence(&why))])
    };
    Some(Table {
        title: listed("What was left out", left.len()),
        titled: true,
        columns: vec![Column::left("Action").kept(), Column::left("Why").kept()],
        rows: left.iter().take(MOST).map(row).collect(),
        ..Table::default()
    })
}

fn listed(title: &str, all: usize) -> String {
    if all > MOST { format!("{title}: {MOST} of {all}") } else { title.to_owned() }
}
