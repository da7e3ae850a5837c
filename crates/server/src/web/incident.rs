//! One incident: whom it touches, how far they are, where it is now, what is to be done, what happened, words for
//! others.

mod retrospective;
mod tables;
pub(crate) mod tell;

use axum::extract::{Path, State};
use jiff::Timestamp;
use trimtab_engine::incident::Stand;
use trimtab_pages::page::{Dossier, Part};
use trimtab_pages::part::{
    Event, Figure, Figures, History, Link, Notice, Pairs, Urgency, Value, When,
};
use trimtab_pages::{Entry, Layout};

pub(crate) use retrospective::retrospective;
use tables::{environments, places, stands, tasks};

use super::findings::encode;
use super::{Page, Sorry, asking, count, html, layout, whole};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::responding::said::may_of;
use crate::responding::{Room, draft, drills, report, room};
use crate::state::App;

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

/// What an event is called in the timeline.
fn kind(word: &str) -> &str {
    match word {
        "touched" => "affected",
        "handed" => "handed over",
        "action" => "follow-up",
        word => word,
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
