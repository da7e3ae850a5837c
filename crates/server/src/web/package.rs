//! One package: which of its versions are here, where, and what is wrong with them.

use std::collections::BTreeMap;

use axum::extract::{Query, State};
use serde::Deserialize;
use trimtab_model::Purl;
use trimtab_pages::Entry;
use trimtab_pages::page::Package;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Link, Mark, Pairs, Row, Table, Value, When, number,
};
use trimtab_store::{FindingFilter, Group, GroupBy, Where};

use super::findings::encode;
use super::today::short;
use super::{Page, Sorry, count, html, layout};
use crate::access::Who;
use crate::api::visible;
use crate::api::where_is::{self, find};
use crate::problem::Problem;
use crate::state::App;

/// Which.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    purl: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let purl: Purl = asked.purl.parse().map_err(|_| Problem::not_found("package"))?;
    let package = purl.package().to_string();
    let question =
        where_is::Asked { q: package.clone(), limit: Some(500), ..where_is::Asked::default() };
    let found = find(&app, &who, &question).await?;
    let (places, more) = found.map_or((Vec::new(), false), |p| (p.rows, p.next.is_some()));
    if places.is_empty() {
        return Err(Problem::not_found("package").into());
    }
    let now = app.now();
    let systems = app.store.systems(who.org).await?;
    let filter = FindingFilter {
        package: Some(package.clone()),
        systems: visible(&who, &systems),
        ..FindingFilter::default()
    };
    let groups = app.store.group_findings(who.org, &filter, GroupBy::Vulnerability, 200).await?;
    let load = app.store.load(who.org, &filter).await?;
    let (name, _) = short(&package);
    let mut assets: Vec<i64> = places.iter().map(|p| p.asset.0).collect();
    assets.sort_unstable();
    assets.dedup();
    let in_assets = i64::try_from(assets.len()).unwrap_or(i64::MAX);
    let wrong = i64::try_from(groups.len()).unwrap_or(i64::MAX);
    let headline = format!(
        "{name} is in {}, and has {}.",
        count(in_assets, "asset", "assets"),
        count(wrong, "vulnerability", "vulnerabilities")
    );
    let list = format!("/findings?package={}", encode(&package));
    let everywhere = format!("/where?q={}", encode(&package));
    let mut layout = layout(&app, &who, Entry::Where, &name, headline).await?;
    layout.crumbs = vec![Link::to("Where is it?", "/where"), Link::words(name)];
    let licence = places.iter().find_map(|p| p.component.is.licence.clone());
    let view = Package {
        figures: Figures(vec![
            Figure::of(in_assets.to_string(), "assets", everywhere.clone()),
            Figure::of(wrong.to_string(), "vulnerabilities", list.clone()),
            Figure::of(number(load), "load", list),
        ]),
        about: Pairs(vec![
            ("Package".to_owned(), Value::Code(package.clone())),
            (
                "Licence".to_owned(),
                licence.map_or_else(|| Value::Unknown("no document says".to_owned()), Value::Text),
            ),
            (
                "Listed here".to_owned(),
                if more { "the first 500 places".into() } else { "every place".into() },
            ),
        ]),
        versions: versions(&places, &everywhere),
        vulnerabilities: vulnerabilities(&groups, &package, now),
        places: table(&places),
        layout,
    };
    Ok(html(&view))
}

fn versions(places: &[Where], everywhere: &str) -> Table {
    let mut all: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for place in places {
        let version = place.component.is.version.as_deref().unwrap_or("unknown");
        let counts = all.entry(version).or_default();
        counts.0 += 1;
        counts.1 += usize::from(place.running);
    }
    let row = |(version, (places, running)): (&str, (usize, usize))| {
        Row::of(vec![
            Cell::code(version),
            Cell::link(places.to_string(), everywhere),
            Cell::text(running.to_string()),
        ])
    };
    Table {
        title: "Versions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Version").kept(),
            Column::right("Places").kept(),
            Column::right("In production").kept(),
        ],
        rows: all.into_iter().map(row).collect(),
        ..Table::default()
    }
}

fn vulnerabilities(groups: &[Group], package: &str, now: jiff::Timestamp) -> Table {
    let row = |group: &Group| {
        let name = encode(&group.name);
        let list = format!("/findings?vulnerability={name}&package={}", encode(package));
        Row::of(vec![
            Cell::Mark(Mark::from(group.level)),
            Cell::name(group.name.clone(), format!("/vulnerabilities/{name}")),
            Cell::link(group.findings.to_string(), list.clone()),
            Cell::link(number(group.weight), list),
            group.deadline.map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ])
    };
    Table {
        title: "What is wrong with it".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Gravest").kept(),
            Column::left("Vulnerability").kept(),
            Column::right("Findings"),
            Column::right("Load"),
            Column::right("First due"),
        ],
        rows: groups.iter().map(row).collect(),
        empty: Empty { why: "No source says that anything is.".to_owned(), next: None },
        ..Table::default()
    }
}

fn table(places: &[Where]) -> Table {
    let row = |w: &Where| {
        let system = match &w.system {
            Some((id, name)) => Cell::link(name.clone(), format!("/systems/{id}")),
            None => Cell::unknown("nobody said to which system the asset belongs"),
        };
        let yes = |is: bool| Cell::text(if is { "yes" } else { "no" });
        Row::of(vec![
            Cell::link(w.asset.1.clone(), format!("/findings?asset={}", w.asset.0)),
            Cell::code(w.component.is.version.as_deref().unwrap_or("unknown")),
            system,
            yes(w.latest),
            yes(w.running),
            Cell::text(w.scope.clone()),
        ])
    };
    Table {
        title: "Where it is".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Asset").kept(),
            Column::left("Version").kept(),
            Column::left("System"),
            Column::left("Main line"),
            Column::left("Production"),
            Column::left("Scope"),
        ],
        rows: places.iter().map(row).collect(),
        ..Table::default()
    }
}
