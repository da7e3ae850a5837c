//! One system: who owns it, how much it matters, what runs where, what is wrong with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_model::charter::Charter;
use trimtab_pages::Entry;
use trimtab_pages::page::System as View;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Href, Link, Pager, Pairs, Row, Table, Value, When,
};
use trimtab_store::{Asset, FindingFilter, Running, ScopeOf, System, Team};

use super::findings::encode;
use super::standing::Standing;
use super::today::dial;
use super::{Page, Sorry, count, html, layout};
use crate::access::{Action, On, Who};
use crate::api::systems::marked;
use crate::problem::Problem;
use crate::state::App;

/// How many assets are shown at once.
const ASSETS: usize = 100;

/// Which part of the list of assets.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// The name of the last asset of the part before.
    after: Option<String>,
}

/// A system that they may see.
///
/// # Errors
/// There is none, or they may not see it.
pub(crate) async fn find(
    app: &App,
    who: &Who,
    id: i64,
) -> Result<(System, Arc<Vec<System>>), Problem> {
    let all = app.store.systems(who.org).await?;
    let is = all.iter().find(|s| s.id == id).cloned();
    let is = is.filter(|s| who.may(Action::View, On { system: Some(s.id), team: s.team }));
    Ok((is.ok_or_else(|| Problem::not_found("system"))?, all))
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (is, all) = find(&app, &who, id).await?;
    let now = app.now();
    let teams = app.store.teams(who.org).await?;
    let filter = FindingFilter { system: Some(id), ..FindingFilter::default() };
    let standing = Standing::of(&app, &who, &filter, 30, now).await?;
    let after = asked.after.unwrap_or_default();
    let mut assets = app.store.assets(who.org, Some(id), None, &after, ASSETS + 1).await?;
    let more = assets.len() > ASSETS;
    assets.truncate(ASSETS);
    let total = app.store.count_assets(who.org, id).await?;
    let ids: Vec<i64> = assets.iter().map(|a| a.id).collect();
    let running = app.store.running_of(who.org, &ids).await?;
    let rest = assets.last().filter(|_| more).map(|last| last.name.clone());
    // Where all are shown, nothing is said of how many.
    let pager = (rest.is_some() || !after.is_empty()).then(|| Pager {
        shown: format!("{} of {}", assets.len(), count(total, "asset", "assets")),
        before: if after.is_empty() { "".into() } else { format!("/systems/{id}").into() },
        after: rest.map_or_else(Href::default, |name| {
            format!("/systems/{id}?after={}", encode(&name)).into()
        }),
    });
    let list = format!("/findings?counts=true&system={id}");
    // Of what carries nothing, nothing is known: a load of zero would say too much.
    let is_unsent = total == 0 && standing.queue.is_empty();
    let headline = match is_unsent {
        true => format!("No inventory of {} has been sent yet: nothing can be found.", is.name),
        false => standing.headline(&is.name),
    };
    let mut layout = layout(&app, &who, Entry::Systems, &is.name, headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words(is.name.clone())];
    if who.may(Action::Describe, On { system: Some(id), team: is.team }) {
        layout.actions.push(Link::to("Describe it", format!("/systems/{id}/edit")));
        layout.actions.push(Link::to("Name its people", format!("/systems/{id}/people")));
        layout.actions.push(Link::to("Remove it", format!("/systems/{id}/remove")));
    }
    let agreed = app.agreed(who.org, now).await?;
    let mut figures = if is_unsent { Vec::new() } else { standing.figures(&list) };
    figures.push(Figure::of(total.to_string(), "assets", format!("/systems/{id}")));
    let scope = ScopeOf::System(id);
    let mut dial = dial(&app, who.org, scope, standing.load, &is.name, &list).await?;
    if is_unsent {
        dial.days.iter_mut().for_each(|day| day.load = day.load.filter(|load| *load > 0.0));
    }
    let view = View {
        figures: Figures(figures),
        dial,
        about: about(&is, &teams, &agreed.charter),
        environments: Table { pager: pager.clone(), ..environments(&assets, &running, now) },
        assets: Table { pager, ..table(&assets) },
        findings: standing.table(
            match is_unsent {
                true => "Findings are shown here once an inventory has been sent.",
                false => "Nothing is open here.",
            },
            now,
        ),
        depends: depends(&is, &all, &who),
        layout,
    };
    Ok(html(&view))
}

fn about(is: &System, teams: &[Team], charter: &Charter) -> Pairs {
    let known = |text: Option<String>, why: &str| {
        text.map_or_else(|| Value::Unknown(why.to_owned()), Value::Text)
    };
    let owner = is.team.and_then(|id| teams.iter().find(|t| t.id == id));
    let owner = match owner {
        Some(team) => Link::to(team.name.clone(), format!("/teams/{}", team.id)).into(),
        None => Value::Unknown("no owner is recorded".to_owned()),
    };
    let exposure = is.exposure.map(|e| e.as_str().to_owned());
    let tier = |tier: &String| marked(std::slice::from_ref(tier), |t| charter.tier(t).is_some());
    let data = |all: &Vec<String>| marked(all, |name| charter.data_class(name).is_some());
    let has = |name: &str| charter.environments.iter().any(|is| &*is.name == name);
    let environments = |all: &Vec<String>| marked(all, has);
    let pairs = [
        ("Product owner", known(is.product_owner.clone(), "nobody is named")),
        ("Operations", known(is.operations.clone(), "nobody is named")),
        ("Tier", known(is.tier.as_ref().map(tier), "no tier is set")),
        ("Exposure", known(exposure, "no exposure is set")),
        ("Data", known(is.data.as_ref().map(data), "no data class is set")),
        (
            "Environments",
            known(is.environments.as_ref().map(environments), "no environment is set"),
        ),
        ("A failure means", known(is.failure.clone(), "nobody said")),
    ];
    let mut all = vec![("Owner".to_owned(), owner)];
    all.extend(pairs.map(|(name, value)| (name.to_owned(), value)));
    Pairs(all)
}

/// What runs where, of the assets that are shown.
fn environments(
    assets: &[Asset],
    running: &BTreeMap<i64, Vec<(Running, Option<String>)>>,
    now: Timestamp,
) -> Table {
    let mut rows = Vec::new();
    for asset in assets {
        for (running, revision) in running.get(&asset.id).into_iter().flatten() {
            let what = revision
                .clone()
                .map_or_else(|| Cell::text(format!("snapshot {}", running.snapshot)), Cell::code);
            rows.push(Row::of(vec![
                Cell::text(running.environment.clone()),
                Cell::link(asset.name.clone(), format!("/releases?asset={}", asset.id)),
                what,
                Cell::Value(When::of(running.since, now).into()),
            ]));
        }
    }
    Table {
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
    }
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
            Cell::link("sources", format!("/said/{}", is.id)),
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
            Column::left("Reported by"),
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
