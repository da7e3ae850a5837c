//! The retrospective of an incident.

use axum::extract::{Path, State};
use trimtab_pages::Entry;
use trimtab_pages::page::{Dossier, Part};
use trimtab_pages::part::{Cell, Column, Empty, Figures, Link, Row, Table};

use super::{link, notice};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::responding::{report, room};
use crate::state::App;
use crate::web::{Page, Sorry, html, layout};

pub(crate) async fn retrospective(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (room, now) = (room(&app, &who, id).await?, app.now());
    let title = "Retrospective";
    let headline = format!("Retrospective of “{}”.", room.is.is.title);
    let mut layout = layout(&app, &who, Entry::Incidents, title, headline).await?;
    layout.crumbs = vec![
        Link::to("Incidents", "/incidents"),
        Link::to(format!("Incident {id}"), format!("/incidents/{id}")),
        Link::words(title),
    ];
    let formats = [("Markdown", "markdown"), ("HTML", "html"), ("JSON", "json")];
    layout.actions.extend(formats.map(|(words, format)| {
        Link::to(words, format!("/api/v1/incidents/{id}/report?format={format}"))
    }));
    if who.may(Action::Respond, On::ALL) {
        layout.actions.push(Link::to("Add a follow-up", link(id, "action", None, None)));
    }
    let mut parts = Vec::new();
    for section in report::sections(&room, now) {
        // One title for both.
        let titled = section.text.is_empty();
        if !titled {
            parts.push((section.title.to_owned(), Part::Text(section.text)));
        }
        let Some((columns, rows)) = section.table else { continue };
        // How long something took stands right, and is named where rows stack.
        let is_span = |name: &str| name.starts_with("To ");
        let has_spans = columns.iter().any(|name| is_span(name));
        let columns = columns.into_iter().map(|name| match is_span(name) {
            true => Column::right(name).kept(),
            false => Column::left(name).kept(),
        });
        let columns = columns.collect();
        let row = |row: Vec<String>| {
            let cells = row.into_iter().enumerate().map(|(at, text)| match at {
                0 if has_spans => Cell::Name(Link::words(text), String::new()),
                _ => Cell::text(text),
            });
            Row::of(cells.collect())
        };
        let rows = rows.into_iter().map(row).collect();
        let empty = Empty { why: "Nothing.".to_owned(), next: None };
        let title = section.title.to_owned();
        let table = Table { title, titled, columns, rows, empty, ..Table::default() };
        parts.push((String::new(), Part::table(table)));
    }
    Ok(html(&Dossier { layout, notice: notice(&room), figures: Figures::default(), parts }))
}
