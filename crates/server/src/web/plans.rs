//! What is scheduled: the next windows of every team, out of the plans that are kept.

use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Plans;
use trimtab_pages::part::{Cell, Column, Empty, Figure, Figures, Filled, Link, Row, Table, number};
use trimtab_store::{Scheduled, Team};

use super::{Page, Sorry, asking, count, html, layout, pager, whole};
use crate::access::{Action, On, Who};
use crate::api::{findings, part};
use crate::problem::Problem;
use crate::replanning::{Told, ToldWindow};
use crate::state::App;

/// How many windows of a team are shown: the next one, and as many more that something is in.
const WINDOWS: usize = 4;

/// A team's kept plan.
pub(crate) struct KeptPlan {
    pub(crate) team: Team,
    /// When it was made. `None`: it was not made yet.
    pub(crate) made: Option<Timestamp>,
    pub(crate) told: Told,
    /// By window; at once first.
    pub(crate) changes: Vec<Scheduled>,
}

/// The kept plans of the teams of which they may see all, by name.
pub(crate) async fn kept(app: &App, who: &Who) -> Result<Vec<KeptPlan>, Problem> {
    let plans = app.store.team_plans(who.org).await?;
    let mut scheduled = app.store.all_scheduled(who.org).await?;
    let may = |team: &Team| who.may(Action::View, On { system: None, team: Some(team.id) });
    let mut all = Vec::new();
    for team in app.store.teams(who.org).await?.into_iter().filter(may) {
        let plan = plans.iter().find(|plan| plan.team == team.id);
        let told = plan.and_then(|plan| serde_json::from_value(plan.told.clone()).ok());
        let of = |(id, _): &mut (i64, Scheduled)| *id == team.id;
        let changes = scheduled.extract_if(.., of).map(|(_, is)| is).collect();
        let made = plan.map(|plan| plan.made);
        all.push(KeptPlan { team, made, told: told.unwrap_or_default(), changes });
    }
    Ok(all)
}

/// How many teams are shown at once.
const SHOWN: usize = 100;

/// From where on.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    after: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let plans = kept(&app, &who).await?;
    let (mut with, without): (Vec<&KeptPlan>, Vec<&KeptPlan>) =
        plans.iter().partition(|plan| plan.made.is_some() && plan.told.missing.is_none());
    let changes: usize = with.iter().map(|p| p.changes.len()).sum();
    let sum = |of: fn(&Told) -> f64| -> f64 { with.iter().map(|p| of(&p.told)).sum() };
    let all = |of: fn(&Told) -> usize| -> usize { with.iter().map(|p| of(&p.told)).sum() };
    let (load, gone) = (sum(|t| t.load), sum(|t| t.load_removed));
    let headline = match changes {
        0 if with.is_empty() => "No team has a plan yet.".to_owned(),
        0 => "Nothing is scheduled.".to_owned(),
        _ => format!(
            "{} of {} {} scheduled and remove load {} of {}.",
            count(whole(changes), "change", "changes"),
            count(whole(with.len()), "team", "teams"),
            if changes == 1 { "is" } else { "are" },
            number(gone),
            number(load)
        ),
    };
    let figures = Figures(vec![
        Figure::of(changes.to_string(), "changes scheduled", "/plan").or_one("change scheduled"),
        Figure::of(number(gone), "load removed", "/findings").noted(format!("of {}", number(load))),
        Figure::of(all(|t| t.missed).to_string(), "past their deadline by then", "/findings")
            .or_one("past its deadline by then")
            .noted(format!("{} if nothing is done", all(|t| t.missed_of_nothing))),
        Figure::of(all(|t| t.left).to_string(), "findings stay", "/findings"),
        Figure::of(without.len().to_string(), "teams without a plan", "/teams")
            .or_one("team without a plan"),
    ]);
    let mut layout = layout(&app, &who, Entry::Plan, "Plan", headline).await?;
    layout.actions.push(Link::to("What if", "/plan/what-if"));
    layout.actions.push(Link::to("Updates", "/updates"));
    layout.actions.push(Link::to("Appeals", "/appeals"));
    // Teams that have something to do first, each by name.
    let key = |plan: &&KeptPlan| {
        (format!("{} {}", u8::from(plan.changes.is_empty()), plan.team.name), plan.team.id)
    };
    let (shown, next) = part(&mut with, key, (asked.after.as_deref(), SHOWN))?;
    let windows = Table {
        title: "The next windows of each team".to_owned(),
        columns: vec![
            Column::left("Team").kept(),
            Column::left("Window").kept(),
            Column::left("Points"),
            Column::right("Changes").kept(),
            Column::right("Load removed"),
            Column::right("Deadlines missed"),
            Column::right("Stays"),
        ],
        rows: shown.iter().flat_map(|plan| rows(plan, now)).collect(),
        pager: pager(shown.len(), asked.after.is_none(), next, |next| {
            asking("/plan", &[("after", Some(next))])
        }),
        empty: Empty {
            why: "A team has a plan when it has a cadence of the charter and points for a window."
                .to_owned(),
            next: Some(Link::to("Teams", "/teams")),
        },
        ..Table::default()
    };
    let row = |plan: &&KeptPlan| {
        let missing = plan.told.missing.clone();
        let missing = missing.unwrap_or_else(|| "Its plan is made soon.".to_owned());
        let to = format!("/teams/{}/plan", plan.team.id);
        Row::of(vec![Cell::name(plan.team.name.clone(), to), Cell::text(missing)])
    };
    let without = (!without.is_empty()).then(|| Table {
        title: "Teams without a plan".to_owned(),
        titled: true,
        columns: vec![Column::left("Team").kept(), Column::left("What is missing").kept()],
        rows: without.iter().map(row).collect(),
        ..Table::default()
    });
    Ok(html(&Plans { layout, figures, windows, without }))
}

/// The next windows of a team, what is done at once before them.
fn rows(plan: &KeptPlan, now: Timestamp) -> Vec<Row> {
    let here = format!("/teams/{}/plan", plan.team.id);
    let of = |starts: Option<i64>| -> Vec<&Scheduled> {
        let at = |c: &&Scheduled| c.window.as_ref().map(|w| w.starts.as_second()) == starts;
        plan.changes.iter().filter(at).collect()
    };
    let points = |all: &[&Scheduled]| all.iter().map(|c| c.points).sum::<f64>();
    let at_once = of(None);
    let mut rows = Vec::new();
    if !at_once.is_empty() {
        let words = format!("{} points", number(points(&at_once)));
        rows.push((Cell::text("now"), Cell::text(words), at_once.clone(), "now".to_owned()));
    }
    let windows = plan.told.windows.iter().filter(|w| w.ends > now.as_second());
    let mut shown = 0;
    for (place, window) in windows.enumerate() {
        let changes = of(Some(window.starts));
        if shown == WINDOWS || (place > 0 && changes.is_empty()) {
            continue;
        }
        shown += 1;
        // What is done at once takes from the first window.
        let mut taken = points(&changes);
        if place == 0 {
            taken += points(&at_once);
        }
        let anchor = format!("window-{}", window.starts);
        let name = Link::to(window.name.clone(), format!("{here}#{anchor}"));
        let words = format!("{} of {} points", number(taken), number(window.points));
        let filled = Filled { words, taken, room: window.points };
        let span = until(window, &changes, now);
        rows.push((Cell::Name(name, span), Cell::Filled(filled), changes, anchor));
    }
    let row = |(at, (window, filled, changes, anchor)): (
        usize,
        (Cell, Cell, Vec<&Scheduled>, String),
    )| {
        let to = format!("{here}#{anchor}");
        let load: f64 = changes.iter().map(|c| c.load).sum();
        let cadence = plan.team.cadence.clone().filter(|_| at == 0).unwrap_or_default();
        // What is of the whole plan stands once.
        let whole = |number: usize| match at {
            0 => Cell::link(number.to_string(), format!("{here}#stays")),
            _ => Cell::Nothing,
        };
        Row::of(vec![
            Cell::Name(Link::to(plan.team.name.clone(), here.clone()), cadence),
            window,
            filled,
            Cell::link(changes.len().to_string(), to.clone()),
            Cell::link(number(load), to),
            whole(plan.told.missed),
            whole(plan.told.left),
        ])
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// When a window ends, and how many of its changes wait for a day within it.
fn until(window: &ToldWindow, changes: &[&Scheduled], now: Timestamp) -> String {
    let end = Timestamp::from_second(window.ends).unwrap_or_default();
    let waits: Vec<Timestamp> =
        changes.iter().filter_map(|c| c.ready).filter(|ready| *ready > now).collect();
    let mut text = format!("until {}", end.strftime("%Y-%m-%d"));
    if let Some(last) = waits.iter().max() {
        let number = i64::try_from(waits.len()).unwrap_or(i64::MAX);
        let number = count(number, "change", "changes");
        text += &format!("; {number} not before {}", last.strftime("%Y-%m-%d"));
    }
    text
}
