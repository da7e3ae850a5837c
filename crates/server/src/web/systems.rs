//! Systems: what the business knows by name, with its load and deadlines.

use axum::extract::State;
use trimtab_pages::Entry;
use trimtab_pages::page::Systems;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Filter, Link, Mark, Row, Table, When, number,
};
use trimtab_store::{FindingFilter, GroupBy};

use super::{Page, Sorry, count, html, layout};
use crate::access::{Action, On, Who};
use crate::api::{findings, visible};
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let systems = app.store.systems(who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let visible = visible(&who, &systems);
    let filter =
        FindingFilter { counts: Some(true), systems: visible.clone(), ..FindingFilter::default() };
    let groups = app.store.group_findings(who.org, &filter, GroupBy::System, 500).await?;
    let mut rows = Vec::new();
    for system in systems.iter().filter(|s| visible.as_ref().is_none_or(|v| v.contains(&s.id))) {
        let group = groups.iter().find(|g| g.key == system.id.to_string());
        let link = format!("/findings?system={}", system.id);
        let team = system.team.and_then(|id| teams.iter().find(|t| t.id == id));
        let known =
            |text: Option<&str>, why: &str| text.map_or_else(|| Cell::unknown(why), Cell::text);
        rows.push(Row::of(vec![
            Cell::name(system.name.clone(), format!("/systems/{}", system.id)),
            match team {
                Some(team) => Cell::link(team.name.clone(), format!("/teams/{}", team.id)),
                None => Cell::unknown("nobody said who owns it"),
            },
            known(system.tier.as_deref(), "nobody said how much it matters"),
            known(
                system.exposure.map(trimtab_model::Exposure::as_str),
                "nobody said from where it can be reached",
            ),
            group.map_or(Cell::Nothing, |g| Cell::Mark(Mark::from(g.level))),
            Cell::link(group.map_or(0, |g| g.findings).to_string(), link.clone()),
            Cell::link(number(group.map_or(0.0, |g| g.weight)), link),
            group
                .and_then(|g| g.deadline)
                .map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ]));
    }
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let load: f64 = groups.iter().map(|g| g.weight).sum();
    let figures = Figures(vec![
        Figure::of(total.to_string(), "systems", "/systems"),
        Figure::of(number(load), "load", "/findings"),
    ]);
    let columns = vec![
        Column::left("System").kept(),
        Column::left("Owner"),
        Column::left("Tier"),
        Column::left("Exposure"),
        Column::left("Gravest").kept(),
        Column::right("Findings"),
        Column::right("Load"),
        Column::right("First due"),
    ];
    let empty = Empty {
        why: "No system is described yet. Describe one here, or with PUT /api/v1/systems."
            .to_owned(),
        next: None,
    };
    let table = Table { title: "Systems".to_owned(), columns, rows, empty, ..Table::default() };
    let headline = format!("{}, load {}.", count(total, "system", "systems"), number(load));
    let mut layout = layout(&app, &who, Entry::Systems, "Systems", headline).await?;
    if who.may(Action::Describe, On::ALL) {
        layout.actions.push(Link::to("Describe a system", "/systems/new"));
    }
    Ok(html(&Systems { layout, figures, filter: Filter::default(), table }))
}
