//! One system: who owns it, how much it matters, what runs where, what is wrong with it.

use axum::extract::{Path, State};
use jiff::Timestamp;
use trimtab_pages::Entry;
use trimtab_pages::page::System as View;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Link, Pairs, Row, Table, Value, When, number,
};
use trimtab_store::{Asset, FindingFilter, FindingOrder, ScopeOf, System, Team};

use super::today::{columns, dial, row};
use super::{Page, Sorry, html, layout};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// How many assets are shown.
const ASSETS: usize = 200;

/// A system that they may see.
///
/// # Errors
/// There is none, or they may not see it.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<(System, Vec<System>), Problem> {
    let all = app.store.systems(who.org).await?;
    let is = all.iter().find(|s| s.id == id).cloned();
    let is = is.filter(|s| who.may(Action::View, On { system: Some(s.id), team: s.team }));
    Ok((is.ok_or_else(|| Problem::not_found("system"))?, all))
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (is, all) = find(&app, &who, id).await?;
    let now = app.now();
    let teams = app.store.teams(who.org).await?;
    let filter = FindingFilter { system: Some(id), counts: Some(true), ..FindingFilter::default() };
    let late = FindingFilter { due_before: Some(now), ..filter.clone() };
    let open = app.store.count_findings(who.org, &filter).await?;
    let late = app.store.count_findings(who.org, &late).await?;
    let load = app.store.load(who.org, &filter).await?;
    let queue = app.store.findings(who.org, &filter, FindingOrder::Deadline, None, 30).await?;
    let assets = app.store.assets(who.org, Some(id), "", ASSETS).await?;
    let list = format!("/findings?system={id}");
    let headline = match (open.number, late.number) {
        (0, _) => format!("{} has nothing open that counts.", is.name),
        (open, 0) => format!("{} has {open} open, none past its deadline.", is.name),
        (open, late) => format!("{} has {open} open, {late} past their deadline.", is.name),
    };
    let mut layout = layout(&app, &who, Entry::Systems, &is.name, headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words(is.name.clone())];
    if who.may(Action::Describe, On { system: Some(id), team: is.team }) {
        layout.actions.push(Link::to("Describe it", format!("/systems/{id}/edit")));
    }
    let view = View {
        figures: Figures(vec![
            Figure::of(
                late.number.to_string(),
                "past their deadline",
                format!("{list}&due=passed"),
            ),
            Figure::of(open.number.to_string(), "open, counting to the load", list.clone()),
            Figure::of(number(load), "load", list.clone()),
            Figure::of(assets.len().to_string(), "assets", format!("/systems/{id}")),
        ]),
        dial: dial(&app, who.org, ScopeOf::System(id), load, &is.name, &list).await?,
        about: about(&is, &teams),
        environments: environments(&app, &who, &assets, now).await?,
        assets: table(&assets),
        findings: Table {
            title: "Due first".to_owned(),
            titled: true,
            columns: columns(),
            rows: queue.rows.iter().map(|f| row(f, now)).collect(),
            empty: Empty { why: "Nothing is open here.".to_owned(), next: None },
            ..Table::default()
        },
        depends: depends(&is, &all, &who),
        layout,
    };
    Ok(html(&view))
}

fn about(is: &System, teams: &[Team]) -> Pairs {
    let known = |text: Option<String>, why: &str| {
        text.map_or_else(|| Value::Unknown(why.to_owned()), Value::Text)
    };
    let owner = is.team.and_then(|id| teams.iter().find(|t| t.id == id));
    let owner = match owner {
        Some(team) => Link::to(team.name.clone(), format!("/teams/{}", team.id)).into(),
        None => Value::Unknown("nobody said who owns it".to_owned()),
    };
    let exposure = is.exposure.map(|e| e.as_str().to_owned());
    let list = |words: &Option<Vec<String>>| words.as_ref().map(|w| w.join(", "));
    let pairs = [
        ("Product owner", known(is.product_owner.clone(), "nobody is named")),
        ("Operations", known(is.operations.clone(), "nobody is named")),
        ("Tier", known(is.tier.clone(), "nobody said how much it matters")),
        ("Exposure", known(exposure, "nobody said from where it can be reached")),
        ("Data", known(list(&is.data), "nobody said what it holds")),
        ("Environments", known(list(&is.environments), "nobody said where it runs")),
        ("A failure means", known(is.failure.clone(), "nobody said")),
    ];
    let mut all = vec![("Owner".to_owned(), owner)];
    all.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
    Pairs(all)
}

/// What runs where.
async fn environments(
    app: &App,
    who: &Who,
    assets: &[Asset],
    now: Timestamp,
) -> Result<Table, Problem> {
    let mut rows = Vec::new();
    for asset in assets.iter().take(50) {
        let Some(is) = app.store.asset(who.org, asset.id).await? else { continue };
        for running in is.running {
            let snapshot = app.store.snapshot(who.org, running.snapshot).await?;
            let revision = snapshot.and_then(|s| s.revision);
            let what = revision
                .map_or_else(|| Cell::text(format!("snapshot {}", running.snapshot)), Cell::code);
            rows.push(Row::of(vec![
                Cell::text(running.environment),
                Cell::link(asset.name.clone(), format!("/releases?asset={}", asset.id)),
                what,
                Cell::Value(When::of(running.since, now).into()),
            ]));
        }
    }
    Ok(Table {
        title: "What runs where".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Environment").kept(),
            Column::left("Asset").kept(),
            Column::left("Revision"),
            Column::right("Since"),
        ],
        rows,
        empty: Empty {
            why: "No deployment was told: say so with `trimtab deployed`.".to_owned(),
            next: None,
        },
        ..Table::default()
    })
}

fn table(assets: &[Asset]) -> Table {
    let row = |is: &Asset| {
        let latest = is.latest.map_or_else(
            || Cell::unknown("nothing of its main line was received"),
            |id| Cell::text(format!("snapshot {id}")),
        );
        Row::of(vec![
            Cell::name(is.name.clone(), format!("/releases?asset={}", is.id)),
            Cell::text(is.kind.clone()),
            latest,
            Cell::link("findings", format!("/findings?asset={}", is.id)),
        ])
    };
    Table {
        title: "Assets".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Asset").kept(),
            Column::left("Kind"),
            Column::left("Main line"),
            Column::left("Findings").kept(),
        ],
        rows: assets.iter().map(row).collect(),
        empty: Empty {
            why: "No asset belongs to it. Push a snapshot with its name.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// What it needs, and what needs it.
fn depends(is: &System, all: &[System], who: &Who) -> Table {
    let may = |s: &&System| who.may(Action::View, On { system: Some(s.id), team: s.team });
    let row = |other: &System, how: &str| {
        Row::of(vec![
            Cell::text(how),
            Cell::name(other.name.clone(), format!("/systems/{}", other.id)),
        ])
    };
    let needs = all.iter().filter(|s| is.needs.contains(&s.id)).filter(may);
    let needed = all.iter().filter(|s| s.needs.contains(&is.id)).filter(may);
    let rows = needs.map(|s| row(s, "needs")).chain(needed.map(|s| row(s, "is needed by")));
    Table {
        title: "Other systems".to_owned(),
        titled: true,
        columns: vec![Column::left("It").kept(), Column::left("System").kept()],
        rows: rows.collect(),
        empty: Empty { why: "Nobody said that it depends on another.".to_owned(), next: None },
        ..Table::default()
    }
}
