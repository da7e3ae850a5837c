//! One box for everything: what is meant by an id, a purl or a name leads there; else a list.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Search;
use trimtab_pages::part::{Cell, Column, Link, Row, Table};

use super::findings::encode;
use super::{Page, Sorry, count, html, layout, whole};
use crate::access::{Action, On, Who};
use crate::facts::search::{self, Found, Kind};
use crate::problem::Problem;
use crate::state::App;

/// The kinds in their order, for people.
const KINDS: [(Kind, &str); 5] = [
    (Kind::Vulnerability, "Vulnerabilities"),
    (Kind::Package, "Packages"),
    (Kind::System, "Systems"),
    (Kind::Team, "Teams"),
    (Kind::Person, "People"),
];

/// What is looked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let q = search::trimmed(&asked.q);
    let found = search::all(&app, &who, &q).await?;
    let admin = who.may(Action::Administer, On::ALL);
    let path = |is: &Found| match (is.kind, is.id) {
        (Kind::Vulnerability, _) => format!("/vulnerabilities/{}", encode(&is.name)),
        (Kind::Package, _) => format!("/packages?purl={}", encode(&is.note)),
        (Kind::System, Some(id)) => format!("/systems/{id}"),
        (Kind::Team, Some(id)) => format!("/teams/{id}"),
        (Kind::Person, Some(id)) if admin => format!("/administration/people/{id}"),
        _ => String::new(),
    };
    if let [one] = found.as_slice()
        && !path(one).is_empty()
    {
        return Ok(Redirect::to(&path(one)).into_response());
    }
    let headline = match (q.is_empty(), found.len()) {
        (true, _) => "Search for a package, a CVE, a system or a person.".to_owned(),
        (_, 0) => format!("Nothing you can see is called “{q}”."),
        (_, n) => {
            format!("{} called like “{q}”.", count(whole(n), "thing is", "things are"))
        }
    };
    let mut layout = layout(&app, &who, Entry::Today, "Search", headline).await?;
    layout.entry = None;
    layout.search = q;
    let groups = KINDS.iter().filter_map(|(kind, title)| {
        let of = found.iter().filter(|f| f.kind == *kind);
        let rows: Vec<Row> = of
            .map(|is| {
                let link = Link::to(is.name.clone(), path(is));
                Row::of(vec![Cell::Name(link, is.note.clone())])
            })
            .collect();
        (!rows.is_empty()).then(|| Table {
            title: (*title).to_owned(),
            titled: true,
            columns: vec![Column::left("Name").kept()],
            rows,
            ..Table::default()
        })
    });
    let groups = groups.collect();
    let empty = "The start of a package's name is enough; a CVE must be whole.".to_owned();
    Ok(html(&Search { layout, groups, empty }))
}
