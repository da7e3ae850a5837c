//! What happened to a finding, and what was decided about it.

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_pages::part::{Cell, Column, Empty, Event, History, Link, Mark, Row, Table, When};
use trimtab_store::{Decision, DecisionState, Entry, Told};

use crate::deciding::kind;
use crate::people::name;
use crate::web::today::short;

/// A component as people call it; the asset where none is told.
fn with(purl: Option<&str>) -> String {
    let Some(purl) = purl else { return "the asset".to_owned() };
    let (name, version) = short(purl);
    let has_version = purl.contains('@') && !version.is_empty() && version != "unknown version";
    if has_version { format!("{name}@{version}") } else { name }
}

/// Decisions about it, however they stand.
pub(super) fn decisions(all: &[Decision], names: &HashMap<i64, String>, now: Timestamp) -> Table {
    let row = |is: &Decision| {
        let here = format!("/exceptions/{}", is.id);
        let link = Link::to(format!("Decision {}: {}", is.id, kind(is.is.kind)), here);
        let by = match &is.approver {
            Some((person, side)) => format!("{} for {side}", name(names, *person)),
            None => "–".to_owned(),
        };
        Row::of(vec![
            Cell::Name(link, is.is.reason.chars().take(120).collect()),
            Cell::text(stands(is, now)),
            Cell::text(format!("{} for {}", name(names, is.is.author), is.is.author_role)),
            Cell::text(by),
            match is.is.expires {
                Some(end) => Cell::Value(When::of(end, now).into()),
                None => Cell::Nothing,
            },
        ])
    };
    Table {
        title: "Decisions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Decision").kept(),
            Column::left("Status").kept(),
            Column::left("Asked by"),
            Column::left("Answered by"),
            Column::right("Until"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty {
            why: "Nothing was asked or decided: the charter's deadline holds.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

fn stands(is: &Decision, now: Timestamp) -> &'static str {
    match is.state {
        DecisionState::Approved if is.is.expires.is_some_and(|end| end <= now) => "expired",
        DecisionState::Approved => "in force",
        other => other.as_str(),
    }
}

/// What happened, the latest first. Documents that were received one after the other are one line.
pub(super) fn history(told: &Told, names: &HashMap<i64, String>, now: Timestamp) -> History {
    let mut events: Vec<Event> = Vec::new();
    let mut received = 0;
    for line in told.entries.iter().rev() {
        let Some(one) = event(line, names, now) else { continue };
        received = if line.kind == "received" { received + 1 } else { 0 };
        match events.last_mut() {
            Some(last) if received > 1 => {
                last.text = format!(
                    "{received} documents of the asset were received; the first {}.",
                    one.at
                );
            }
            _ => events.push(one),
        }
    }
    let more = told.is_cut.then(|| Link::words("Older events of the asset stand in the ledger."));
    History { events, more }
}

/// What was planned of the change that removes it, or decided about that.
fn planned(data: &serde_json::Value) -> String {
    let word = |member: &str| data[member].as_str().filter(|word| !word.is_empty());
    let to = word("version").map_or_else(String::new, |to| format!(" to {to}"));
    let change = format!("Its update{to}");
    // What people decide names the day of a window; what the plan does, the window.
    let window = word("window").map(|window| match window.parse::<Timestamp>() {
        Ok(at) => format!("the window of {}", at.strftime("%Y-%m-%d")),
        Err(_) => window.to_owned(),
    });
    let window = window.unwrap_or_else(|| "a window".to_owned());
    let ready = word("ready").and_then(|at| at.get(..10));
    let ready = ready.map_or_else(String::new, |day| format!(", not before {day}"));
    let why = word("reason").map_or_else(String::new, |why| format!(": {why}"));
    let text = match word("state") {
        Some("held") => format!("{change} was held back{why}"),
        Some("open") => format!("{change} was left to the plan again{why}"),
        Some("accepted") => format!("{change} was accepted for {window}{why}"),
        Some("moved") => {
            let from = word("from").map_or_else(String::new, |from| format!(" from {from}"));
            format!("{change} was moved{from} to {window}{ready}{why}")
        }
        Some("changed") => match word("from_version").filter(|was| Some(*was) != word("version")) {
            Some(was) => format!("{change}, before to {was}, stays in {window}{ready}{why}"),
            None => format!("{change} in {window} changed{ready}{why}"),
        },
        Some("dropped") => format!("{change} is not planned any longer{why}"),
        _ => format!("{change} was planned for {window}{ready}{why}"),
    };
    format!("{}.", text.trim_end_matches('.'))
}

/// What was asked outside of the plan, and what became of it.
fn appeal(dispute: bool, data: &serde_json::Value) -> String {
    let word = |member: &str| data[member].as_str().filter(|word| !word.is_empty());
    let what = match (dispute, word("wanted")) {
        (false, _) => "A change outside of any cadence",
        (true, Some("now")) => "To do it at once",
        (true, Some("later")) => "To let it wait",
        (true, _) => "The dispute",
    };
    let why = |member: &str| word(member).map_or_else(String::new, |why| format!(": {why}"));
    let text = match word("state") {
        Some("asked") => format!("{what} was asked for{}", why("reason")),
        Some("taken-back") => format!("{what} was asked for, and taken back by who asked"),
        Some("ended") => "What a dispute held back was left to the plan again".to_owned(),
        Some("superseded") => {
            "What a dispute held back was decided otherwise meanwhile, and that stands".to_owned()
        }
        Some(state) => {
            let side = word("role").map_or_else(String::new, |role| format!(" by {role}"));
            let until = word("until").and_then(|at| at.get(..10));
            let until = until.map_or_else(String::new, |day| format!(", held back until {day}"));
            format!("{what} was {state}{side}{until}{}", why("answer"))
        }
        None => format!("{what} was changed"),
    };
    format!("{}.", text.trim_end_matches('.'))
}

fn event(line: &Entry, names: &HashMap<i64, String>, now: Timestamp) -> Option<Event> {
    let at = Timestamp::from_microsecond(line.at).ok()?;
    let data: serde_json::Value = serde_json::from_str(&line.data).ok()?;
    let level = data["level"].as_str().and_then(trimtab_model::Level::from_word);
    let word = |member: &str| data[member].as_str().filter(|word| !word.is_empty());
    // A person by name; a token and the program by what the ledger calls them.
    let person = line.actor.strip_prefix("person:").and_then(|id| id.parse().ok());
    let actor = person.map_or_else(|| line.actor.clone(), |id| name(names, id));
    let mut by = Link::words(actor.clone());
    let mut kind = line.kind.clone();
    let text = match line.kind.as_str() {
        "detected" => format!("Found in {}.", with(word("purl"))),
        "regressed" => {
            let with = with(word("purl"));
            let stays =
                word("since").map_or("", |_| ", soon after it was fixed: its deadline stays");
            format!("Came back with {with}{stays}.")
        }
        "merged" => "Gone from the main line; still in production.".to_owned(),
        "fixed" => match data["days"].as_i64() {
            Some(days) => format!("Gone after {days} days."),
            None => "Gone.".to_owned(),
        },
        "retracted" => "No advisory says so any longer.".to_owned(),
        "assessed" => match word("deadline") {
            Some(deadline) => {
                format!("Weighed: to be gone by {}.", deadline.get(..10).unwrap_or(deadline))
            }
            None => "Weighed.".to_owned(),
        },
        "received" => match (word("report"), word("revision")) {
            (Some(tool), _) => format!("A report of {tool} was received."),
            (None, Some(revision)) => format!("A document of revision {revision} was received."),
            (None, None) => "A document of the asset was received.".to_owned(),
        },
        "deployed" => {
            let place = word("environment").unwrap_or("an environment");
            match word("outcome") {
                _ if word("what") == Some("alert") => format!(
                    "An alert about the asset in {place}, {}: {}.",
                    word("state").unwrap_or("firing"),
                    word("alert").unwrap_or("without a name")
                ),
                Some("ok") => format!("The asset was deployed to {place}."),
                Some("failed") => format!("A deployment of the asset to {place} failed."),
                Some("rolled-back") => format!("The asset was rolled back in {place}."),
                Some("stopped") => format!("The asset was stopped in {place}."),
                _ => format!("The asset was deployed to {place}: the outcome is unknown."),
            }
        }
        "planned" => planned(&data),
        "decided" => {
            if let Some(id) = data["decision"].as_i64() {
                by = Link::to(format!("decision {id}, {actor}"), format!("/exceptions/{id}"));
            }
            match word("state") {
                Some("asked") => "A decision was asked for.".to_owned(),
                Some(state) => format!("A decision was {state}."),
                None => "Something was decided.".to_owned(),
            }
        }
        "changed" => match word("what") {
            Some(what @ ("dispute" | "emergency")) => {
                if let Some(id) = data["appeal"].as_i64() {
                    by = Link::to(format!("appeal {id}, {actor}"), format!("/appeals/{id}"));
                }
                what.clone_into(&mut kind);
                appeal(what == "dispute", &data)
            }
            // What else changes is of the organisation, and told in the ledger.
            Some(what) => format!("{}.", what.replace('-', " ")),
            None => "Something was changed.".to_owned(),
        },
        other => format!("{other}."),
    };
    Some(Event { at: When::of(at, now), kind, text, by, level: level.map(Mark::from) })
}
