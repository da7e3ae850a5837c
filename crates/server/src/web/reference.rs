//! The reference of the API, out of its own document: a request a row.

use std::collections::BTreeMap;

use axum::extract::State;
use trimtab_pages::Entry;
use trimtab_pages::page::Api;
use trimtab_pages::part::{Cell, Column, Link, Row, Table};
use utoipa::openapi::RefOr;
use utoipa::openapi::path::{Operation, ParameterIn};

use super::{Page, Sorry, html, layout};
use crate::access::Who;
use crate::api::reference::{document, operations};
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    let headline = "What the pages show and do, for programs: /api/v1.".to_owned();
    let mut layout = layout(&app, &who, Entry::Today, "API", headline).await?;
    layout.entry = None;
    let mut groups: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for (path, item) in &document().paths.paths {
        for (method, operation) in operations(item) {
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            groups.entry(tag).or_default().push(row(method, path, operation));
        }
    }
    let page = Api {
        layout,
        intro: vec![
            "Make a token under My account, and send it as a bearer token. Lists come in pages: send \
             `next` of an answer as `after` to get the page that follows."
                .to_owned(),
            "Errors are `application/problem+json`, each with a code that does not change.".to_owned(),
        ],
        example: format!(
            "curl -H \"Authorization: Bearer $TRIMTAB_TOKEN\" '{}/api/v1/findings?level=critical'",
            app.settings.public
        ),
        document: Link::to("OpenAPI 3.1 document", "/api/v1/openapi.json"),
        groups: groups.into_iter().map(|(tag, rows)| table(&tag, rows)).collect(),
    };
    Ok(html(&page))
}

fn row(method: &str, path: &str, operation: &Operation) -> Row {
    let parameters: Vec<String> = operation
        .parameters
        .iter()
        .flatten()
        .filter_map(|p| match p {
            RefOr::T(p) if p.parameter_in == ParameterIn::Query => Some(p.name.clone()),
            _ => None,
        })
        .collect();
    let body = operation.request_body.as_ref().and_then(|body| match body {
        RefOr::T(body) => body.content.keys().next().cloned(),
        RefOr::Ref(_) => None,
    });
    let statuses: Vec<&str> =
        operation.responses.responses.keys().filter(|s| *s != "default").map(|s| &**s).collect();
    Row::of(vec![
        Cell::code(format!("{method} {path}")),
        Cell::text(operation.summary.clone().unwrap_or_default()),
        if parameters.is_empty() { Cell::Nothing } else { Cell::Tags(parameters) },
        body.map_or(Cell::Nothing, |kind| Cell::code(kind.trim_start_matches("application/"))),
        if statuses.is_empty() { Cell::Nothing } else { Cell::code(statuses.join(", ")) },
    ])
}

fn table(tag: &str, rows: Vec<Row>) -> Table {
    let mut title = tag.to_owned();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Table {
        title,
        titled: true,
        columns: vec![
            Column::left("Request").kept(),
            Column::left("What it does").kept(),
            Column::left("Parameters"),
            Column::left("Body"),
            Column::left("Answers"),
        ],
        rows,
        ..Table::default()
    }
}
