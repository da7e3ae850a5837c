//! One incident: whom it touches, how far they are, where it is now, what is to be done, what happened, words for
//! others.

pub(crate) mod tell;

use axum::extract::{Path, State};
use jiff::Timestamp;
use trimtab_engine::incident::{Span, Stand};
use trimtab_pages::page::{Dossier, Part};
use trimtab_pages::part::{
    Cell, Column, Empty, Event, Figure, Figures, History, Link, Notice, Pairs, Row, Table, Urgency,
    Value, When,
};
use trimtab_pages::{Entry, Layout};
use trimtab_store::Where;

use super::findings::encode;
use super::{Page, Sorry, asking, count, html, layout, whole};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::responding::said::may_of;
use crate::responding::{Room, Task, draft, drills, length, report, room};
use crate::state::App;

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

fn link(id: i64, kind: &str, team: Option<i64>, task: Option<i64>) -> String {
    let text = |id: Option<i64>| id.map(|id| id.to_string());
    let members = [("kind", Some(kind.to_owned())), ("team", text(team)), ("task", text(task))];
    asking(&format!("/incidents/{id}/tell"), &members)
}

/// How many, with the word for zero.
fn or_none(number: usize) -> String {
    if number == 0 { "none".to_owned() } else { number.to_string() }
}

/// Whether it runs in an environment beside production still.
fn runs_elsewhere(room: &Room) -> bool {
    room.around().iter().any(|(_, stand)| stand.fixed.is_none())
}

/// That it was closed while some teams were not done; nothing where all were.
fn left_undone(room: &Room) -> String {
    let undone = room.stands.iter().filter(|stand| stand.fixed.is_none());
    let name = |team: Option<i64>| match team {
        None => "what nobody owns".to_owned(),
        team => room.team(team),
    };
    undone_words(&undone.map(|stand| name(stand.team)).collect::<Vec<_>>())
}

fn undone_words(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => format!(", and {one} is not done"),
        [first, second] => format!(", and {first} and {second} are not done"),
        [first, second, ..] => format!(", and {first}, {second} and others are not done"),
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (room, now) = (room(&app, &who, id).await?, app.now());
    let title = &room.is.is.title;
    let mut layout = layout(&app, &who, Entry::Incidents, title, headline(&room)).await?;
    layout.crumbs = vec![Link::to("Incidents", "/incidents"), Link::words(title.clone())];
    acts(&room, &who, &mut layout);
    let search = search(&room);
    let mut parts = vec![
        (String::new(), Part::table(stands(&room, &who, now))),
        (String::new(), Part::table(environments(&room, &who, now))),
        (String::new(), Part::table(tasks(&room, &who, now))),
        (String::new(), Part::table(places(&room, &search))),
    ];
    if room.all && !room.is.is.near_miss {
        parts.push(("Draft for stakeholders".to_owned(), {
            Part::Prose(draft::stakeholders(&room, now))
        }));
        parts.push(("Draft for a status page".to_owned(), Part::Prose(draft::status(&room))));
    }
    parts.push(("Details".to_owned(), Part::Pairs(about(&room, now))));
    parts.push(("What happened".to_owned(), Part::History(timeline(&room, now))));
    let figures = figures(&room, search, now);
    Ok(html(&Dossier { notice: notice(&room), figures, parts, layout }))
}

/// How many teams have not said that they know of it.
fn unacknowledged(room: &Room) -> usize {
    room.stands.iter().filter(|s| s.acknowledged.is_none()).count()
}

fn headline(room: &Room) -> String {
    let is = &room.is;
    let teams = room.stands.len();
    let fixed = room.stands.iter().filter(|s| s.fixed.is_some()).count();
    let drill = match (is.is.drill.is_some(), is.is.near_miss) {
        (true, _) => "Drill: ",
        (false, true) => "Near miss: ",
        (false, false) => "",
    };
    let rows = &room.places.rows;
    match (is.closed.is_none(), teams) {
        (false, _) => format!("{drill}“{}” is closed{}.", is.is.title, left_undone(room)),
        (true, 0) if !room.places.known => {
            format!("{drill}{}: no source knows yet which packages it is in.", is.is.title)
        }
        (true, 0) if !rows.is_empty() => format!(
            "{drill}{}: it is in {} that you can see.",
            is.is.title,
            count(whole(rows.len()), "place", "places")
        ),
        (true, 0) if room.places.is_sure() && runs_elsewhere(room) => format!(
            "{drill}{}: in what you can see it is in no main line and not in production, but runs elsewhere.",
            is.is.title
        ),
        (true, 0) if !room.places.is_sure() => {
            format!("{drill}{}: it has not been found in what you can see.", is.is.title)
        }
        (true, 0) => format!("{drill}{}: it is nowhere that you can see.", is.is.title),
        (true, _) => format!(
            "{drill}{}: {} affected; {} yet to acknowledge it, {} done.",
            is.is.title,
            count(whole(teams), "team is", "teams are"),
            or_none(unacknowledged(room)),
            or_none(fixed)
        ),
    }
}

/// What they may do: what leads to it stands in the layout, the first thing first.
fn acts(room: &Room, who: &Who, layout: &mut Layout) {
    let (id, open) = (room.is.id, room.is.closed.is_none());
    let leads = who.may(Action::Respond, On::ALL);
    if leads && open {
        let acts = [
            ("task", "Assign a task"),
            ("note", "Note something"),
            ("update", "Tell stakeholders"),
            ("status", "Tell customers"),
            ("closed", "Close it"),
        ];
        // What touched nothing is told to nobody outside.
        let told = |(kind, _): &(&str, &str)| {
            !room.is.is.near_miss || !matches!(*kind, "update" | "status")
        };
        let acts = acts.into_iter().filter(told);
        let mut acts = acts.map(|(kind, words)| Link::to(words, link(id, kind, None, None)));
        layout.primary = acts.next();
        layout.actions.extend(acts);
    } else if leads {
        layout.actions.push(Link::to("Add a follow-up", link(id, "action", None, None)));
    }
    if !leads && open {
        // Who has one team here is asked for its word first.
        let waits = |stand: &&Stand| stand.acknowledged.is_none() && may_of(who, stand.team);
        let mut waiting = room.stands.iter().filter(waits);
        if let (Some(stand), None) = (waiting.next(), waiting.next()) {
            let words = format!("Acknowledge for {}", room.team(stand.team));
            layout.primary = Some(Link::to(words, link(id, "acknowledged", stand.team, None)));
        }
    }
    layout.actions.push(Link::to("Retrospective", format!("/incidents/{id}/report")));
}

/// Where all places are listed.
fn search(room: &Room) -> String {
    let is = &room.is.is;
    format!("/where?q={}&version={}", encode(&is.looked_for), encode(&is.versions))
}

fn figures(room: &Room, search: String, now: Timestamp) -> Figures {
    let here = format!("/incidents/{}", room.is.id);
    let running = room.places.rows.iter().filter(|place| place.running).count();
    let late = room.tasks.iter().filter(|task| task.is_late(now)).count();
    let more = if room.places.more { "+" } else { "" };
    let run = format!("{search}&running=true");
    let mut figures = vec![
        Figure::of(format!("{}{more}", room.places.rows.len()), "places", search).or_one("place"),
        Figure::of(format!("{running}{more}"), "of them known to run in production", run),
        Figure::of(
            late.to_string(),
            if late == 1 { "task is late" } else { "tasks are late" },
            here.clone(),
        ),
    ];
    // How far teams are is not told to who sees none of them.
    let teams = room.stands.len();
    if teams > 0 || room.all {
        let of = format!("{} of {teams}", unacknowledged(room));
        figures.push(Figure::of(of, "teams have not acknowledged it", here));
    }
    Figures(figures)
}

fn notice(room: &Room) -> Option<Notice> {
    let mut texts = Vec::new();
    if room.is.is.drill.is_some() {
        texts.push(
            "This is a drill: nothing in it is real, and it counts in no measure.".to_owned(),
        );
    }
    if room.is.is.near_miss {
        let text = "This is a near miss: it was caught before it touched anything, and counts in no time of incidents.";
        texts.push(text.to_owned());
    }
    if !room.all {
        texts.push("You see the part that concerns your systems and teams.".to_owned());
    }
    if !room.places.known {
        let text = "No source knows this name yet, so it cannot be looked for: open an incident that names a package.";
        texts.push(text.to_owned());
    }
    if room.places.known && !room.places.named {
        let text = "No inventory has listed a package of this name and no advisory names it: is it spelt so?";
        texts.push(text.to_owned());
    }
    if !room.all && room.stands.is_empty() && !room.places.rows.is_empty() {
        texts.push("Progress is shown to those who see the whole team.".to_owned());
    }
    if room.places.unknown > 0 {
        let versions = count(whole(room.places.unknown), "version", "versions");
        texts.push(format!("{versions} cannot be compared and may be affected as well."));
    }
    if room.places.more {
        texts.push(
            "There are more places than Trimtab looks at, so nothing is reported as gone."
                .to_owned(),
        );
    }
    if room.runs.is_none() && room.places.known && !room.places.more {
        let text =
            "There are more deployments than Trimtab looks at, so what runs where is unknown.";
        texts.push(text.to_owned());
    }
    let text = texts.join(" ");
    (!text.is_empty()).then_some(Notice { urgency: Urgency::Note, text, next: None })
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

fn stands(room: &Room, who: &Who, now: Timestamp) -> Table {
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
fn environments(room: &Room, who: &Who, now: Timestamp) -> Table {
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

/// What an event is called in the timeline.
fn kind(word: &str) -> &str {
    match word {
        "touched" => "affected",
        "handed" => "handed over",
        "action" => "follow-up",
        word => word,
    }
}

fn tasks(room: &Room, who: &Who, now: Timestamp) -> Table {
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

fn places(room: &Room, search: &str) -> Table {
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

fn about(room: &Room, now: Timestamp) -> Pairs {
    let is = &room.is;
    let published = match is.is.published {
        Some(at) => When::of(at, now).into(),
        None => Value::Unknown("nobody said".to_owned()),
    };
    let versions = if is.is.versions.is_empty() { "all" } else { &is.is.versions };
    let mut pairs = vec![
        ("Looked for".to_owned(), Value::Code(is.is.looked_for.clone())),
        ("Versions".to_owned(), Value::Code(versions.to_owned())),
        ("Published".to_owned(), published),
        ("Opened".to_owned(), When::of(is.opened, now).into()),
    ];
    if let Some(at) = is.closed {
        pairs.push(("Closed".to_owned(), When::of(at, now).into()));
    }
    let appeals =
        Link::to("Changes outside of any cadence", format!("/appeals?incident={}", is.id));
    pairs.push(("Emergencies".to_owned(), appeals.into()));
    Pairs(pairs)
}

fn timeline(room: &Room, now: Timestamp) -> History {
    let mut events: Vec<(Timestamp, Event)> = room
        .events
        .iter()
        .map(|event| {
            let told = Event {
                at: When::of(event.at, now),
                kind: kind(&event.is.kind).to_owned(),
                text: report::told(room, event),
                by: Link::words(room.actor(&event.actor)),
                level: None,
            };
            (event.at, told)
        })
        .collect();
    for (at, text) in drills::brought(&room.is, now) {
        let told = Event {
            at: When::of(at, now),
            kind: "news".to_owned(),
            text: text.to_owned(),
            by: Link::words("the past event"),
            level: None,
        };
        events.push((at, told));
    }
    events.sort_by_key(|(at, _)| *at);
    History { events: events.into_iter().rev().map(|(_, event)| event).collect(), more: None }
}

/// The retrospective.
pub(crate) async fn retrospective(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (room, now) = (room(&app, &who, id).await?, app.now());
    let title = "Retrospective";
    let headline = format!("Retrospective of “{}”.", room.is.is.title);
    let mut layout = layout(&app, &who, Entry::Incidents, title, headline).await?;
    layout.crumbs = vec![
        Link::to("Incidents", "/incidents"),
        Link::to(format!("Incident {id}"), format!("/incidents/{id}")),
        Link::words(title),
    ];
    let formats = [("Markdown", "markdown"), ("HTML", "html"), ("JSON", "json")];
    layout.actions.extend(formats.map(|(words, format)| {
        Link::to(words, format!("/api/v1/incidents/{id}/report?format={format}"))
    }));
    if who.may(Action::Respond, On::ALL) {
        layout.actions.push(Link::to("Add a follow-up", link(id, "action", None, None)));
    }
    let mut parts = Vec::new();
    for section in report::sections(&room, now) {
        // One title for both.
        let titled = section.text.is_empty();
        if !titled {
            parts.push((section.title.to_owned(), Part::Text(section.text)));
        }
        let Some((columns, rows)) = section.table else { continue };
        // How long something took stands right, and is named where rows stack.
        let is_span = |name: &str| name.starts_with("To ");
        let has_spans = columns.iter().any(|name| is_span(name));
        let columns = columns.into_iter().map(|name| match is_span(name) {
            true => Column::right(name).kept(),
            false => Column::left(name).kept(),
        });
        let columns = columns.collect();
        let row = |row: Vec<String>| {
            let cells = row.into_iter().enumerate().map(|(at, text)| match at {
                0 if has_spans => Cell::Name(Link::words(text), String::new()),
                _ => Cell::text(text),
            });
            Row::of(cells.collect())
        };
        let rows = rows.into_iter().map(row).collect();
        let empty = Empty { why: "Nothing.".to_owned(), next: None };
        let title = section.title.to_owned();
        let table = Table { title, titled, columns, rows, empty, ..Table::default() };
        parts.push((String::new(), Part::table(table)));
    }
    Ok(html(&Dossier { layout, notice: notice(&room), figures: Figures::default(), parts }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_was_not_done_is_named() {
        let words = |names: &[&str]| {
            undone_words(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(words(&[]), "");
        assert_eq!(words(&["Web"]), ", and Web is not done");
        assert_eq!(words(&["Web", "Ops"]), ", and Web and Ops are not done");
        assert_eq!(words(&["Web", "Ops", "Data"]), ", and Web, Ops and others are not done");
    }
}
