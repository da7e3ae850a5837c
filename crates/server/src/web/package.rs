//! One package: which of its versions are here, where, and what is wrong with them.

use axum::extract::{Query, State};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Package;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Link, Mark, Pairs, Row, Table, Value, When, number,
};
use trimtab_store::{Group, Where};

use super::findings::encode;
use super::today::short;
use super::{Page, Sorry, at_least, count, html, layout};
use crate::access::Who;
use crate::facts::package::{Facts, PLACES, Version};
use crate::problem::Problem;
use crate::published;
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
    let facts = Facts::of(&app, &who, &asked.purl).await?;
    let (now, package) = (app.now(), &facts.package);
    let (name, _) = short(package);
    let in_assets = i64::try_from(facts.assets()).unwrap_or(i64::MAX);
    let wrong = i64::try_from(facts.vulnerabilities.len()).unwrap_or(i64::MAX);
    let headline = format!(
        "{name} is in {}, and has {}.",
        count(in_assets, "asset", "assets"),
        count(wrong, "vulnerability", "vulnerabilities")
    );
    let list = format!("/findings?package={}", encode(package));
    let everywhere = format!("/where?q={}", encode(package));
    let mut layout = layout(&app, &who, Entry::Where, &name, headline).await?;
    layout.crumbs = vec![Link::to("Where is it?", "/where"), Link::words(name)];
    let view = Package {
        figures: Figures(vec![
            Figure::of(in_assets.to_string(), "assets", everywhere.clone()).or_one("asset"),
            Figure::of(wrong.to_string(), "vulnerabilities", list.clone()).or_one("vulnerability"),
            Figure::of(at_least(&facts.load), "load", list),
        ]),
        about: Pairs(vec![
            ("Package".to_owned(), Value::Code(package.clone())),
            (
                "Licence".to_owned(),
                facts
                    .licence
                    .clone()
                    .map_or_else(|| Value::Unknown("no document says".to_owned()), Value::Text),
            ),
            (
                "Listed here".to_owned(),
                match facts.more {
                    true => format!("the first {PLACES} places").into(),
                    false => "every place".into(),
                },
            ),
        ]),
        versions: versions(&facts, &everywhere, now),
        vulnerabilities: vulnerabilities(&facts.vulnerabilities, package, now),
        places: table(&facts.places),
        layout,
    };
    Ok(html(&view))
}

fn versions(facts: &Facts, everywhere: &str, now: jiff::Timestamp) -> Table {
    let row = |is: &Version<'_>| {
        let told = facts.published.get(is.version).map(|told| &told.is);
        let untold = "nobody who pushed it told what its registry says";
        let published = match told.map(|told| told.published) {
            Some(Some(at)) => Cell::Value(Value::Time(When::of(at, now))),
            Some(None) => Cell::unknown("its registry does not tell"),
            None => Cell::unknown(untold),
        };
        let says = told.map(|told| {
            let all = [published::after(told), published::standing(told)];
            let asked = told.asked.map(|at| at.strftime("asked %Y-%m-%d").to_string());
            let all: Vec<String> = all.into_iter().chain([asked]).flatten().collect();
            all.join("; ")
        });
        Row::of(vec![
            Cell::code(is.version),
            Cell::link(is.places.to_string(), everywhere),
            Cell::text(is.running.to_string()),
            published,
            says.map_or_else(|| Cell::unknown(untold), Cell::text),
        ])
    };
    Table {
        title: "Versions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Version").kept(),
            Column::right("Places").kept(),
            Column::right("In production").kept(),
            Column::left("Published"),
            Column::left("Its registry says"),
        ],
        rows: facts.versions().iter().map(row).collect(),
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
        title: "Known vulnerabilities".to_owned(),
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
            None => Cell::unknown("the asset is assigned to no system"),
        };
        let yes = |is: bool| match w.listed {
            false => Cell::unknown("a scanner reported it; no inventory lists it"),
            true => Cell::text(if is { "yes" } else { "no" }),
        };
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
