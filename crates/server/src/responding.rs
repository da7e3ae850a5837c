//! Incidents: what one is about is looked for across the inventory, whose it is follows from that, and what people do
//! is told as it is done. How far each team is comes from the events alone.

pub(crate) mod draft;
pub(crate) mod drills;
pub(crate) mod report;
pub(crate) mod said;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_engine::incident::{Happened, Stand, What, stands};
use trimtab_store::{Incident, IncidentEvent, NewIncidentEvent, Org, Team, Where};

use crate::access::{Action, On, Who};
use crate::api::visible;
use crate::api::where_is::{Asked, Search};
use crate::people;
use crate::problem::Problem;
use crate::state::App;

/// The most places that are looked at: with more of them, nothing is called gone.
const MOST: usize = 5_000;
/// How many are read at once.
const BLOCK: usize = 500;

/// Where what an incident is about is.
pub(crate) struct Places {
    /// Where it is now: in a main line, in what runs, or by a report alone.
    pub(crate) rows: Vec<Where>,
    /// Whether there are more.
    pub(crate) more: bool,
    /// Versions that cannot be compared with the range.
    pub(crate) unknown: usize,
}

/// Something to be done in an incident.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task {
    /// The number of the event that made it.
    pub(crate) seq: i64,
    pub(crate) text: String,
    pub(crate) team: Option<i64>,
    pub(crate) owner: Option<i64>,
    pub(crate) due: Option<Timestamp>,
    /// Whether it is of what was learnt: it is followed when the incident is closed.
    pub(crate) after: bool,
    pub(crate) done: Option<Timestamp>,
}

impl Task {
    /// Whether its day has passed.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        self.done.is_none() && self.due.is_some_and(|due| due < now)
    }
}

/// An incident as somebody may see it.
pub(crate) struct Room {
    pub(crate) is: Incident,
    /// Whether they see all of it.
    pub(crate) all: bool,
    pub(crate) places: Places,
    /// How far the teams are that they may see.
    pub(crate) stands: Vec<Stand>,
    pub(crate) events: Vec<IncidentEvent>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) teams: Vec<Team>,
    pub(crate) names: HashMap<i64, String>,
}

impl Room {
    /// What a team is called.
    pub(crate) fn team(&self, id: Option<i64>) -> String {
        match id {
            None => "nobody's".to_owned(),
            Some(id) => self
                .teams
                .iter()
                .find(|team| team.id == id)
                .map_or_else(|| format!("team {id}"), |team| team.name.clone()),
        }
    }

    /// Who did something, by name.
    pub(crate) fn actor(&self, actor: &str) -> String {
        match actor.split_once(':') {
            Some(("person", id)) => {
                id.parse().map_or_else(|_| actor.to_owned(), |id| people::name(&self.names, id))
            }
            Some(("token", id)) => format!("token {id}"),
            _ => "Trimtab".to_owned(),
        }
    }

    /// Places of a team.
    pub(crate) fn of(&self, team: Option<i64>) -> impl Iterator<Item = &Where> {
        self.places.rows.iter().filter(move |place| place.team.as_ref().map(|t| t.0) == team)
    }
}

/// Whether it is there now: what only a report says may be.
fn is_there(place: &Where) -> bool {
    place.latest || place.running || !place.listed
}

/// Where what an incident is about is, of some systems; `None`: of all.
///
/// # Errors
/// What is looked for cannot be understood, or the store does not answer.
pub(crate) async fn places(
    app: &App,
    org: Org,
    (looked_for, versions): (&str, &str),
    systems: Option<Vec<i64>>,
) -> Result<Places, Problem> {
    let asked = Asked {
        q: looked_for.to_owned(),
        version: Some(versions.to_owned()).filter(|v| !v.is_empty()),
        ..Asked::default()
    };
    let mut places = Places { rows: Vec::new(), more: false, unknown: 0 };
    let Some(mut search) = Search::within(app, org, systems, &asked).await? else {
        return Ok(places);
    };
    let mut after = None;
    loop {
        let found = search.page(app, org, after, BLOCK).await?;
        places.unknown += found.unknown;
        places.rows.extend(found.page.rows.into_iter().filter(is_there));
        after = found.page.next;
        if after.is_none() {
            return Ok(places);
        }
        if places.rows.len() >= MOST {
            places.more = true;
            return Ok(places);
        }
    }
}

/// How far each team is, from what happened.
pub(crate) fn how_far(events: &[IncidentEvent]) -> Vec<Stand> {
    let happened = events.iter().filter_map(|event| {
        let what = What::from_text(&event.is.kind)?;
        Some(Happened { at: event.at, team: event.is.team, what })
    });
    stands(&happened.collect::<Vec<_>>())
}

/// Looks where an incident is now, and tells what is other than before: a team is touched, all of a team's is gone,
/// something came back. Returns how much.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn look(
    app: &App,
    org: Org,
    incident: &Incident,
    now: Timestamp,
) -> Result<usize, Problem> {
    let about = (incident.is.looked_for.as_str(), incident.is.versions.as_str());
    let places = places(app, org, about, None).await?;
    let mut found: BTreeMap<Option<i64>, (usize, BTreeSet<i64>)> = BTreeMap::new();
    for place in &places.rows {
        let (count, systems) = found.entry(place.team.as_ref().map(|t| t.0)).or_default();
        *count += 1;
        systems.extend(place.system.as_ref().map(|s| s.0));
    }
    let events = app.store.incident_events(org, incident.id).await?;
    let stands = how_far(&events);
    let mut news = Vec::new();
    let mut touched: BTreeSet<i64> = BTreeSet::new();
    for (team, (count, systems)) in &found {
        touched.extend(systems);
        let what = match stands.iter().find(|stand| stand.team == *team) {
            None => What::Touched,
            Some(stand) if stand.fixed.is_some() => What::Returned,
            Some(_) => continue,
        };
        let told = json!({ "places": count, "systems": systems });
        news.push(NewIncidentEvent { kind: what.as_str().to_owned(), team: *team, told });
    }
    // With more than is looked at, what is not among it is not gone.
    let gone =
        |stand: &&Stand| stand.fixed.is_none() && !found.contains_key(&stand.team) && !places.more;
    for stand in stands.iter().filter(gone) {
        let told = json!({ "places": 0 });
        let kind = What::Fixed.as_str().to_owned();
        news.push(NewIncidentEvent { kind, team: stand.team, told });
    }
    let before = app.store.incident_systems(org, incident.id).await?;
    touched.retain(|system| !before.contains(system));
    if news.is_empty() && touched.is_empty() {
        return Ok(0);
    }
    let touched: Vec<i64> = touched.into_iter().collect();
    let told = (news.as_slice(), touched.as_slice());
    app.store.tell_incident(org, incident.id, told, "trimtab", now).await?;
    Ok(news.len())
}

/// What is to be done, in the order in which it was said.
pub(crate) fn tasks(events: &[IncidentEvent]) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    for event in events {
        let told = &event.is.told;
        match event.is.kind.as_str() {
            kind @ ("task" | "action") => tasks.push(Task {
                seq: event.seq,
                text: told["text"].as_str().unwrap_or_default().to_owned(),
                team: event.is.team,
                owner: told["owner"].as_i64(),
                due: told["due"].as_str().and_then(|at| at.parse().ok()),
                after: kind == "action",
                done: None,
            }),
            "done" => {
                let of = told["task"].as_i64();
                let task = tasks.iter_mut().find(|task| Some(task.seq) == of);
                if let Some(task) = task {
                    task.done.get_or_insert(event.at);
                }
            }
            _ => {}
        }
    }
    tasks
}

/// Whether who does not see the whole of an incident may read something that happened in it: what their teams did, and
/// what is meant for all.
fn may_read(who: &Who, event: &IncidentEvent) -> bool {
    match event.is.team {
        Some(team) => who.may(Action::View, On { system: None, team: Some(team) }),
        None => matches!(event.is.kind.as_str(), "opened" | "status" | "closed"),
    }
}

/// An incident that they may see, as far as they may.
///
/// # Errors
/// There is none, or it touches nothing that they may see: the answer is the same.
pub(crate) async fn room(app: &App, who: &Who, id: i64) -> Result<Room, Problem> {
    let missing = || Problem::not_found("incident");
    if !who.may_somewhere(Action::View) {
        return Err(missing());
    }
    let is = app.store.incident(who.org, id).await?.ok_or_else(missing)?;
    let seen = visible(who, &app.store.systems(who.org).await?);
    if let Some(seen) = &seen {
        let touched = app.store.incident_systems(who.org, id).await?;
        if !touched.iter().any(|system| seen.contains(system)) {
            return Err(missing());
        }
    }
    let all = seen.is_none();
    let about = (is.is.looked_for.as_str(), is.is.versions.as_str());
    let mut places = places(app, who.org, about, seen).await?;
    app.store.tell_environments(who.org, &mut places.rows).await?;
    let mut events = app.store.incident_events(who.org, id).await?;
    if !all {
        events.retain(|event| may_read(who, event));
        // What was learnt is told of all teams.
        for event in events.iter_mut().filter(|event| event.is.kind == "closed") {
            event.is.told = json!({});
        }
    }
    Ok(Room {
        all,
        places,
        stands: how_far(&events),
        tasks: tasks(&events),
        events,
        teams: app.store.teams(who.org).await?,
        names: people::names(app, who.org).await?,
        is,
    })
}

/// A time that something took, in words.
pub(crate) fn length(of: SignedDuration) -> String {
    let minutes = of.as_mins();
    match minutes {
        0 => "less than 1 min".to_owned(),
        1..120 => format!("{minutes} min"),
        120..2880 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} days {} h", minutes / 1440, minutes % 1440 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(seq: i64, kind: &str, told: serde_json::Value) -> IncidentEvent {
        let is = NewIncidentEvent { kind: kind.to_owned(), team: None, told };
        let at = Timestamp::from_second(seq * 60).unwrap();
        IncidentEvent { seq, at, actor: "person:1".to_owned(), is }
    }

    #[test]
    fn a_task_is_done_once_and_late_while_it_is_not() {
        let events = [
            event(1, "task", json!({ "text": "turn it off", "due": "1970-01-01T00:03:00Z" })),
            event(2, "action", json!({ "text": "learn" })),
            event(3, "done", json!({ "task": 9 })),
            event(4, "done", json!({ "task": 1 })),
            event(5, "done", json!({ "task": 1 })),
        ];
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let open = tasks(&events[..3]);
        assert!(open[0].is_late(at(181)) && !open[0].is_late(at(180)) && !open[1].is_late(at(999)));
        assert_eq!(tasks(&events)[0].done, Some(at(240)), "the first word stands");
        assert!(tasks(&events)[1].after && tasks(&events)[1].done.is_none());
    }

    #[test]
    fn lengths_are_told_in_two_units_at_most() {
        let told: Vec<String> = [0, 59, 60, 7_199, 7_200, 100_000, 200_000]
            .map(SignedDuration::from_secs)
            .map(length)
            .into();
        assert_eq!(told[..3], ["less than 1 min", "less than 1 min", "1 min"]);
        assert_eq!(told[3..], ["119 min", "2 h 0 min", "27 h 46 min", "2 days 7 h"]);
    }
}
