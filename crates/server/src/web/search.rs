//! One box for everything: what is meant by an id, a purl or a name leads there; else a list.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_model::Purl;
use trimtab_pages::Entry;
use trimtab_pages::page::Search;
use trimtab_pages::part::{Cell, Column, Link, Row, Table};
use trimtab_store::{FindingFilter, FindingOrder, FindingState};

use super::findings::encode;
use super::teams::may_see;
use super::{Page, Sorry, html, layout};
use crate::access::{Action, On, Who};
use crate::api::where_is::{self, find};
use crate::api::{findings, visible};
use crate::problem::Problem;
use crate::state::App;

/// The most of each kind.
const SHOWN: usize = 50;

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
    findings::seen(&who)?;
    let q: String = asked.q.trim().chars().take(200).collect();
    let lower = q.to_lowercase();
    let systems = app.store.systems(who.org).await?;
    let visible = visible(&who, &systems);
    let mut found: Vec<(&'static str, String, String, String)> = Vec::new();
    if !q.is_empty() {
        for name in [q.clone(), q.to_uppercase()] {
            let Some((id, leading)) = app.store.vulnerability_of(who.org, &name).await? else {
                continue;
            };
            let filter = FindingFilter {
                states: FindingState::ALL.to_vec(),
                vulnerability: Some(id),
                systems: visible.clone(),
                ..FindingFilter::default()
            };
            let order = FindingOrder::Newest;
            if !app.store.findings(who.org, &filter, order, None, 1).await?.rows.is_empty() {
                let path = format!("/vulnerabilities/{}", encode(&leading));
                found.push(("Vulnerabilities", leading, String::new(), path));
                break;
            }
        }
        let may = |id: i64| visible.as_ref().is_none_or(|v| v.contains(&id));
        for s in systems.iter().filter(|s| may(s.id) && s.name.to_lowercase().contains(&lower)) {
            let path = format!("/systems/{}", s.id);
            found.push(("Systems", s.name.clone(), s.tier.clone().unwrap_or_default(), path));
        }
        for t in app.store.teams(who.org).await? {
            if t.name.to_lowercase().contains(&lower) && may_see(&who, &t, &systems) {
                found.push(("Teams", t.name, String::new(), format!("/teams/{}", t.id)));
            }
        }
        packages(&app, &who, &q, &mut found).await?;
        if who.may(Action::View, On::ALL) {
            let admin = who.may(Action::Administer, On::ALL);
            for p in app.store.people(who.org).await? {
                if p.name.to_lowercase().contains(&lower) {
                    let path = format!("/administration/people/{}", p.id);
                    let path = if admin { path } else { String::new() };
                    found.push(("People", p.name, p.email, path));
                }
            }
        }
    }
    if let [(.., path)] = found.as_slice()
        && !path.is_empty()
    {
        return Ok(Redirect::to(path).into_response());
    }
    let headline = match (q.is_empty(), found.len()) {
        (true, _) => "Look for a package, a CVE, a system or a person.".to_owned(),
        (_, 0) => format!("Nothing that you may see is called “{q}”."),
        (_, n) => format!("{n} things are called like “{q}”."),
    };
    let mut layout = layout(&app, &who, Entry::Today, "Search", headline).await?;
    layout.entry = None;
    layout.search = q;
    let kinds = ["Vulnerabilities", "Packages", "Systems", "Teams", "People"];
    let groups = kinds.iter().filter_map(|kind| {
        let of = found.iter().filter(|f| f.0 == *kind).take(SHOWN);
        let rows: Vec<Row> = of
            .map(|(_, name, note, path)| {
                let link = Link::to(name.clone(), path.clone());
                Row::of(vec![Cell::Name(link, note.clone())])
            })
            .collect();
        (!rows.is_empty()).then(|| Table {
            title: (*kind).to_owned(),
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

/// Packages by the start of the name, or the one of a purl.
async fn packages(
    app: &App,
    who: &Who,
    q: &str,
    found: &mut Vec<(&'static str, String, String, String)>,
) -> Result<(), Problem> {
    let purl = q.parse::<Purl>().ok().map(|p| p.package().to_string());
    let named = found.iter().any(|f| f.0 == "Vulnerabilities");
    if named {
        return Ok(());
    }
    let question = where_is::Asked {
        q: purl.unwrap_or_else(|| q.to_owned()),
        limit: Some(500),
        ..where_is::Asked::default()
    };
    // A name that an index knows as a vulnerability which they may not see finds nothing here either.
    let rows = find(app, who, &question).await?.map_or(Vec::new(), |page| page.rows);
    let mut names: Vec<String> = rows.into_iter().map(|w| w.component.is.package).collect();
    names.sort();
    names.dedup();
    for package in names.into_iter().take(SHOWN) {
        let path = format!("/packages?purl={}", encode(&package));
        found.push(("Packages", super::today::short(&package).0, package, path));
    }
    Ok(())
}
