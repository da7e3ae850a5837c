//! The teams, and how each stands.

use axum::extract::State;
use trimtab_pages::Entry;
use trimtab_pages::page::Teams;
use trimtab_pages::part::{Cell, Column, Empty, Figure, Figures, Mark, Row, Table, When, number};
use trimtab_store::{FindingFilter, GroupBy, System, Team};

use super::{Page, Sorry, count, html, layout};
use crate::access::{Action, On, Who};
use crate::api::{findings, visible};
use crate::problem::Problem;
use crate::state::App;

/// Whether they may see a team: as such, or one of its systems.
pub(crate) fn may_see(who: &Who, team: &Team, systems: &[System]) -> bool {
    let of = |s: &System| {
        s.team == Some(team.id) && who.may(Action::View, On { system: Some(s.id), team: s.team })
    };
    who.may(Action::View, On { system: None, team: Some(team.id) }) || systems.iter().any(of)
}

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let systems = app.store.systems(who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let filter = FindingFilter {
        counts: Some(true),
        systems: visible(&who, &systems),
        ..FindingFilter::default()
    };
    let groups = app.store.group_findings(who.org, &filter, GroupBy::Team, 500).await?;
    let mut rows = Vec::new();
    let mut load = 0.0;
    for team in teams.iter().filter(|t| may_see(&who, t, &systems)) {
        let group = groups.iter().find(|g| g.key == team.id.to_string());
        let list = format!("/findings?team={}", team.id);
        let owns = systems.iter().filter(|s| s.team == Some(team.id)).count();
        load += group.map_or(0.0, |g| g.weight);
        let here = format!("/teams/{}", team.id);
        rows.push(Row::of(vec![
            Cell::name(team.name.clone(), here.clone()),
            Cell::link(owns.to_string(), here),
            team.cadence.clone().map_or_else(|| Cell::unknown("it chose none"), Cell::text),
            group.map_or(Cell::Nothing, |g| Cell::Mark(Mark::from(g.level))),
            Cell::link(group.map_or(0, |g| g.findings).to_string(), list.clone()),
            Cell::link(number(group.map_or(0.0, |g| g.weight)), list),
            group
                .and_then(|g| g.deadline)
                .map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ]));
    }
    let total = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let headline = format!("{}, load {}.", count(total, "team", "teams"), number(load));
    let table = Table {
        title: "Teams".to_owned(),
        columns: vec![
            Column::left("Team").kept(),
            Column::right("Systems"),
            Column::left("Cadence"),
            Column::left("Gravest").kept(),
            Column::right("Findings"),
            Column::right("Load"),
            Column::right("First due"),
        ],
        rows,
        empty: Empty {
            why: "There is no team yet. Make one with PUT /api/v1/teams.".to_owned(),
            next: None,
        },
        ..Table::default()
    };
    let figures = Figures(vec![
        Figure::of(total.to_string(), "teams", "/teams"),
        Figure::of(number(load), "load", "/findings"),
    ]);
    let layout = layout(&app, &who, Entry::Teams, "Teams", headline).await?;
    Ok(html(&Teams { layout, figures, table }))
}
