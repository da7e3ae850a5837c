//! The tables of an incident: how far teams are, where it is now, and what is to be done.

use jiff::Timestamp;
use trimtab_engine::incident::{Span, Stand};
use trimtab_pages::part::{Cell, Column, Empty, Link, Row, Table, When};
use trimtab_store::Where;

use super::link;
use crate::access::Who;
use crate::responding::said::may_of;
use crate::responding::{Room, Task, length, report};
use crate::web::asking;
use crate::web::findings::encode;

/// How many places are shown.
const SHOWN: usize = 200;

/// Where it is said that it is contained in an environment.
fn link_in(id: i64, environment: &str, team: Option<i64>) -> String {
    let members = [
        ("kind", Some("contained".to_owned())),
        ("team", team.map(|id| id.to_string())),
        ("environment", Some(environment.to_owned())),
    ];
    asking(&format!("/incidents/{id}/tell"), &members)
}

fn took(span: Span, closed: bool) -> Cell {
    match span {
        Span::Took(took) => Cell::text(length(took)),
        Span::Runs(runs) if closed => {
            Cell::text(format!("not before it was closed, after {}", length(runs)))
        }
        Span::Runs(runs) => Cell::text(format!("not yet, {}", length(runs))),
        Span::Unknown(why) => Cell::unknown(why),
    }
}

pub(super) fn stands(room: &Room, who: &Who, now: Timestamp) -> Table {
    let (id, open) = (room.is.id, room.is.closed.is_none());
    let drill = room.is.is.drill.is_some();
    let row = |stand: &Stand| {
        let end = room.is.closed.unwrap_or(now);
        let is = stand.measures(room.is.is.published, drill, end);
        let took = |span| took(span, !open);
        let name = room.team(stand.team);
        let link_to = |kind: &str| link(id, kind, stand.team, None);
        let next = match () {
            () if !open || !may_of(who, stand.team) => Cell::Nothing,
            () if stand.acknowledged.is_none() => {
                Cell::link(format!("Acknowledge for {name}"), link_to("acknowledged"))
            }
            () if stand.contained.is_none() => {
                Cell::link(format!("Mark as contained for {name}"), link_to("contained"))
            }
            // What an inventory lists is fixed when it is gone.
            () if stand.fixed.is_none() && !room.of(stand.team).any(|place| place.listed) => {
                Cell::link(format!("Mark as fixed for {name}"), link_to("fixed"))
            }
            () => Cell::Nothing,
        };
        let team = match stand.team {
            Some(team) => Cell::name(name.clone(), format!("/teams/{team}")),
            None => Cell::unknown("no owner is recorded: describe the systems below"),
        };
        Row::of(vec![
            team,
            Cell::text(room.of(stand.team).count().to_string()),
            took(is.know),
            took(is.acknowledge),
            took(is.contain),
            took(is.fix),
            next,
        ])
    };
    Table {
        title: "Teams".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Team").kept(),
            Column::right("Places"),
            Column::right("To know").kept(),
            Column::right("To acknowledge").kept(),
            Column::right("To contain").kept(),
            Column::right("To fix").kept(),
            Column::left("Next").kept(),
        ],
        rows: room.stands.iter().map(row).collect(),
        empty: Empty {
            why: "No team that you can see has it, as far as it can be looked for.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// How far teams are in each environment that deployments name.
pub(super) fn environments(room: &Room, who: &Who, now: Timestamp) -> Table {
    let open = room.is.closed.is_none();
    let row = |(name, stand): &(&str, Stand)| {
        let is = stand.measures(None, true, room.is.closed.unwrap_or(now));
        let next = match stand.contained {
            None if open && may_of(who, stand.team) => Cell::link(
                format!("Mark as contained in {name} for {}", room.team(stand.team)),
                link_in(room.is.id, name, stand.team),
            ),
            _ => Cell::Nothing,
        };
        let team = match stand.team {
            Some(team) => Cell::link(room.team(stand.team), format!("/teams/{team}")),
            None => Cell::unknown("no owner is recorded"),
        };
        let places = match room.running(name, stand.team) {
            Some(places) => Cell::text(places.to_string()),
            None => {
                Cell::unknown("there is more than is looked at, or a version cannot be compared")
            }
        };
        Row::of(vec![
            Cell::text((*name).to_owned()),
            team,
            places,
            took(is.contain, !open),
            took(is.fix, !open),
            next,
        ])
    };
    Table {
        title: "Environments".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Environment").kept(),
            Column::left("Team").kept(),
            Column::right("Places"),
            Column::right("To contain").kept(),
            Column::right("To fix").kept(),
            Column::left("Next").kept(),
        ],
        rows: room.around().iter().map(row).collect(),
        empty: Empty { why: room.nowhere().to_owned(), next: None },
        ..Table::default()
    }
}

pub(super) fn tasks(room: &Room, who: &Who, now: Timestamp) -> Table {
    let row = |task: &Task| {
        let state = match (task.done, task.due) {
            (Some(at), _) => Cell::Value(When::of(at, now).into()),
            (None, Some(due)) => Cell::Due(When::of(due, now), task.is_late(now)),
            (None, None) => Cell::unknown("no due date is set"),
        };
        let may = may_of(who, task.team) || task.owner == Some(who.person.id);
        let next = match task.done.is_none() && may {
            true => Cell::link(
                format!("Mark task {} as done", task.seq),
                link(room.is.id, "done", None, Some(task.seq)),
            ),
            false => Cell::Nothing,
        };
        let kind = if task.after { "of what was learnt" } else { "" };
        Row::of(vec![
            Cell::Name(Link::words(task.text.clone()), kind.to_owned()),
            Cell::text(report::owner(room, task.owner, task.team)),
            Cell::text(if task.done.is_some() { "done" } else { "to be done by" }),
            state,
            next,
        ])
    };
    Table {
        title: "Tasks".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Task").kept(),
            Column::left("Who"),
            Column::left("State"),
            Column::right("When").kept(),
            Column::left("Next").kept(),
        ],
        rows: room.tasks.iter().map(row).collect(),
        empty: Empty { why: "Nobody has been assigned a task yet.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(super) fn places(room: &Room, search: &str) -> Table {
    let named = |pair: &Option<(i64, String)>, path: &str, why: &str| match pair {
        Some((id, name)) => Cell::link(name.clone(), format!("/{path}/{id}")),
        None => Cell::unknown(why),
    };
    let row = |place: &Where| {
        let runs = match (place.listed, place.environments.as_slice()) {
            (false, _) => Cell::unknown("a scanner reported it; no inventory lists it"),
            (true, []) => Cell::text("in no known deployment"),
            (true, all) => Cell::text(all.join(", ")),
        };
        Row::of(vec![
            Cell::link(
                place.component.is.purl.clone(),
                format!("/packages?purl={}", encode(&place.component.is.package)),
            ),
            Cell::link(place.asset.1.clone(), format!("/releases?asset={}", place.asset.0)),
            named(&place.system, "systems", "the asset is assigned to no system"),
            named(&place.team, "teams", "no owner is recorded"),
            runs,
            Cell::link(
                "findings",
                format!(
                    "/findings?asset={}&package={}",
                    place.asset.0,
                    encode(&place.component.is.package)
                ),
            ),
        ])
    };
    let all = room.places.rows.len();
    let title = match all > SHOWN {
        true => format!("Where it is now: {SHOWN} of {all}"),
        false => "Where it is now".to_owned(),
    };
    Table {
        title,
        titled: true,
        columns: vec![
            Column::left("Component").kept(),
            Column::left("Asset"),
            Column::left("System").kept(),
            Column::left("Owner"),
            Column::left("Runs in"),
            Column::left("Findings"),
        ],
        rows: room.places.rows.iter().take(SHOWN).map(row).collect(),
        csv: search.replacen("/where?", "/where.csv?", 1).into(),
        empty: Empty { why: "It is nowhere that you can see.".to_owned(), next: None },
        ..Table::default()
    }
}
