//! The teams, and how each stands.

use axum::extract::{Query, State};
use trimtab_pages::Entry;
use trimtab_pages::page::Teams;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Link, Mark, Row, Table, When, number,
};
use trimtab_store::{FindingFilter, GroupBy, System, Team};

use super::{Page, Sorry, asking, count, counted, html, is_unsent, layout, pager, unless_unsent};
use crate::access::{Action, On, Who};
use crate::api::teams::Asked;
use crate::api::{findings, part, visible};
use crate::problem::Problem;
use crate::state::App;

/// Whether they may see a team: as such, or one of its systems.
pub(crate) fn may_see(who: &Who, team: &Team, systems: &[System]) -> bool {
    let of = |s: &System| {
        s.team == Some(team.id) && who.may(Action::View, On { system: Some(s.id), team: s.team })
    };
    who.may(Action::View, On { system: None, team: Some(team.id) }) || systems.iter().any(of)
}

/// How many are shown at once.
const SHOWN: usize = 200;

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
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
    let groups = app.store.group_findings(who.org, &filter, GroupBy::Team, teams.len() + 1).await?;
    let is_unsent = groups.is_empty() && is_unsent(&app, &who, filter.systems.as_deref()).await?;
    let mut rows = Vec::new();
    let load: f64 = groups.iter().map(|g| g.weight).sum();
    let is_narrow = asked.q.as_deref().is_some_and(|q| !q.trim().is_empty());
    let fits = |t: &&Team| asked.fits(t) && may_see(&who, t, &systems);
    let mut seen: Vec<&Team> = teams.iter().filter(fits).collect();
    let total = i64::try_from(seen.len()).unwrap_or(i64::MAX);
    let key = |t: &&Team| (t.name.clone(), t.id);
    let (shown, next) = part(&mut seen, key, (asked.after.as_deref(), SHOWN))?;
    for team in shown {
        let group = groups.iter().find(|g| g.key == team.id.to_string());
        let list = format!("/findings?counts=true&team={}", team.id);
        let owns = systems.iter().filter(|s| s.team == Some(team.id)).count();
        let here = format!("/teams/{}", team.id);
        rows.push(Row::of(vec![
            Cell::name(team.name.clone(), here.clone()),
            Cell::link(owns.to_string(), here),
            team.cadence.clone().map_or_else(|| Cell::unknown("it chose none"), Cell::text),
            group.map_or(Cell::Nothing, |g| Cell::Mark(Mark::from(g.level))),
            counted(is_unsent, group.map_or(0, |g| g.findings).to_string(), list.clone()),
            counted(is_unsent, number(group.map_or(0.0, |g| g.weight)), list),
            group
                .and_then(|g| g.deadline)
                .map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ]));
    }
    // What nobody owns is in the load as well: it stands last.
    if let Some(group) = groups.iter().find(|g| g.key.is_empty() && next.is_none() && !is_narrow) {
        let list = "/findings?counts=true&team=0";
        let owned = |s: &&System| {
            s.team.is_none() && filter.systems.as_ref().is_none_or(|may| may.contains(&s.id))
        };
        rows.push(Row::of(vec![
            Cell::name("Of no team", list),
            Cell::link(systems.iter().filter(owned).count().to_string(), "/systems"),
            Cell::Nothing,
            Cell::Mark(Mark::from(group.level)),
            Cell::link(group.findings.to_string(), list),
            Cell::link(number(group.weight), list),
            Cell::unknown("it is not kept for what no team owns"),
        ]));
    }
    let may_add = who.may(Action::Administer, On::ALL);
    let headline = match asked.q.as_deref().map(str::trim).filter(|_| is_narrow) {
        None if total == 0 => "There is no team yet.".to_owned(),
        None if is_unsent => {
            format!("{}; no inventory has been sent yet.", count(total, "team", "teams"))
        }
        None => format!("{}, load {}.", count(total, "team", "teams"), number(load)),
        Some(q) => {
            let teams = match total {
                0 => "No team".to_owned(),
                _ => count(total, "team", "teams"),
            };
            match is_unsent {
                true => format!("{teams} with “{q}” in the name; no inventory has been sent yet."),
                false => {
                    format!("{teams} with “{q}” in the name; the load of all is {}.", number(load))
                }
            }
        }
    };
    let table = Table {
        title: "Teams".to_owned(),
        columns: vec![
            Column::left("Team").kept(),
            Column::right("Systems"),
            Column::left("Cadence"),
            Column::left("Gravest").kept(),
            Column::right("Findings"),
            Column::right("Load").kept(),
            Column::right("First due"),
        ],
        rows,
        pager: pager(shown.len(), asked.after.is_none(), next, |next| {
            asking("/teams", &[("q", asked.q.clone()), ("after", Some(next))])
        }),
        empty: Empty {
            why: match is_narrow {
                true => "No team has this in its name.".to_owned(),
                false => {
                    "A team owns systems, and plans their updates in its own rhythm.".to_owned()
                }
            },
            next: match (is_narrow, may_add) {
                (true, _) => Some(Link::to("All teams", "/teams")),
                (false, true) => Some(Link::to("Add a team", "/teams/new")),
                (false, false) => None,
            },
        },
        ..Table::default()
    };
    let figures = Figures(vec![
        Figure::of(total.to_string(), "teams", "/teams").or_one("team"),
        Figure::of(unless_unsent(is_unsent, number(load)), "load", "/findings?counts=true"),
    ]);
    let mut layout = layout(&app, &who, Entry::Teams, "Teams", headline).await?;
    layout.primary = may_add.then(|| Link::to("Add a team", "/teams/new"));
    Ok(html(&Teams { layout, figures, table }))
}
