//! What a number of the metrics counts: the findings one by one, or what teams were asked and told.

use axum::extract::{Query, State};
use jiff::Timestamp;
use trimtab_engine::measure::Counted;
use trimtab_pages::Entry;
use trimtab_pages::page::Listing;
use trimtab_pages::part::{Cell, Column, Empty, Link, Mark, Pager, Row, Table, When, number};

use super::{delivery, noise, tenth};
use crate::access::Who;
use crate::facts::counted::{self, List, Of, Rows, Wanted};
use crate::measuring::question::{Asked, Question, told};
use crate::problem::Problem;
use crate::state::App;
use crate::web::findings::encode;
use crate::web::today::short;
use crate::web::{Page, Sorry, count, html, layout};

/// How many rows a page has.
const ROWS: usize = 100;

/// How a list is told: what its rows are, after a number; what the date of a row is; what its value is (empty: it has
/// none).
const fn words(counted: Counted) -> (&'static str, &'static str, &'static str) {
    match counted {
        Counted::Counting | Counted::CountingAt(_) => ("count towards the load", "As of", "Load"),
        Counted::Found => ("were found or came back", "Found", ""),
        Counted::Fixed => ("were fixed", "Fixed", "Days"),
        Counted::Gone => ("were fixed or retracted", "Gone", "Days"),
        Counted::Remediated(_) => ("were fixed after they had counted", "Fixed", "Days"),
        Counted::Merged => ("were fixed, and it is known when they were merged", "Fixed", "Days"),
        Counted::Met => ("were fixed in time", "Fixed", "Days"),
        Counted::Missed => ("passed their deadline", "Deadline", "Days"),
        Counted::Due => ("were fixed in time or passed their deadline", "When", "Days"),
        Counted::Backlog(_) => ("count towards the load", "As of", "Days"),
        Counted::LoadDays => ("carried load", "Until", "Load-days"),
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let list = counted::list(&app, &who, &asked, &wanted, ROWS).await?;
    let (table, headline) = match &list.rows {
        Rows::Told(said, lines) => noise::table(&list, *said, lines),
        Rows::Shipped(all, begins) => delivery::list(&list, all, *begins),
        Rows::Findings(of, rows) => findings(&list, *of, rows),
    };
    let shown = table.rows.len();
    let pager = (list.total > shown).then(|| Pager {
        shown: format!("{shown} of {}", list.total),
        before: "".into(),
        after: list.next.as_deref().map_or_else(String::new, |n| next(&list, &wanted, n)).into(),
    });
    let mut layout = layout(&app, &who, Entry::Metrics, "What is counted", headline).await?;
    let back = format!("/metrics?{}", period(&list.is));
    layout.crumbs = vec![Link::to("Metrics", back), Link::words("What is counted")];
    let (intro, table) = (of_what(&list.is), Table { pager, ..table });
    Ok(html(&Listing { layout, filter: None, intro, table }))
}

/// The period and what is chosen, as they stand in an address.
fn period(is: &Question) -> String {
    let mut text = format!("from={}&to={}", told(is.period.first), told(is.period.last));
    if let Some(team) = &is.team {
        text += &format!("&team={}", team.id);
    }
    if let Some(system) = &is.system {
        text += &format!("&system={}", system.id);
    }
    text
}

/// Of what, and when, in words.
fn of_what(is: &Question) -> String {
    let of = match (&is.system, &is.team) {
        (Some(system), _) => format!("Of {}, ", system.name),
        (None, Some(team)) => format!("Of team {}, ", team.name),
        (None, None) => String::new(),
    };
    let (first, last) = (told(is.period.first), told(is.period.last));
    if first == last { format!("{of}{first}.") } else { format!("{of}{first} to {last}.") }
}

/// The address of the same list as it is at a moment, from a row on.
fn next(list: &List, wanted: &Wanted, after: &str) -> String {
    let mut text = format!("/metrics/list?of={}&{}", encode(&wanted.of), period(&list.is));
    for (name, value) in [("level", &wanted.level), ("band", &wanted.band)] {
        if !value.is_empty() {
            text += &format!("&{name}={}", encode(value));
        }
    }
    format!("{text}&at={}&after={}", list.now.as_microsecond(), encode(after))
}

fn findings(list: &List, of: Of, rows: &[counted::Row]) -> (Table, String) {
    let (what, at, value) = words(of.counted);
    let total = i64::try_from(list.total).unwrap_or(i64::MAX);
    let mut headline = format!("{} {what}", count(total, "finding", "findings"));
    match of.counted {
        Counted::Counting | Counted::CountingAt(_) => {
            headline += &format!(": load {}", tenth(of.sum));
        }
        Counted::LoadDays => headline += &format!(": {} load-days", number(of.sum.round())),
        _ => {}
    }
    let mut columns = vec![
        Column::left("Level").kept(),
        Column::left("What").kept(),
        Column::left("System"),
        Column::right("Detected"),
        Column::right(at).kept(),
    ];
    if !value.is_empty() {
        columns.push(Column::right(value).kept());
    }
    let table = Table {
        title: "Findings".to_owned(),
        columns,
        rows: rows.iter().map(|is| row(is, &list.is, list.now)).collect(),
        empty: Empty {
            why: "Nothing was counted.".to_owned(),
            next: Some(Link::to("Metrics", format!("/metrics?{}", period(&list.is)))),
        },
        ..Table::default()
    };
    (table, headline + ".")
}

/// A finding that is counted; what is not there any longer is told by what the ledger says of it.
fn row(is: &counted::Row, of: &Question, now: Timestamp) -> Row {
    let when = |at: Timestamp| Cell::Value(When::of(at.min(now), now).into());
    let name = match &is.known {
        Some(found) => {
            let (package, _) = short(&found.component.1);
            let words = format!("{} in {package}", found.vulnerability.1);
            Cell::Name(Link::to(words, format!("/findings/{}", found.id)), found.asset.1.clone())
        }
        None => Cell::Name(Link::words(is.vulnerability.clone()), String::new()),
    };
    let system = is.system.and_then(|id| of.systems.iter().find(|s| s.id == id));
    Row::of(vec![
        Cell::Mark(Mark::from(is.level)),
        name,
        match system {
            Some(system) => Cell::link(system.name.clone(), format!("/systems/{}", system.id)),
            None => Cell::unknown("the asset is assigned to no system"),
        },
        is.began.map_or_else(|| Cell::unknown("the ledger begins later"), when),
        when(is.at),
        Cell::text(tenth(is.value)),
    ])
}
