//! Incidents: what one is about is looked for across the inventory, whose it is follows from that, and what people do
//! is told as it is done. How far each team is comes from the events alone.

pub(crate) mod around;
pub(crate) mod draft;
pub(crate) mod drills;
mod looked;
mod places;
mod published;
pub(crate) mod report;
pub(crate) mod said;

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_engine::incident::{Happened, Stand, What, stands};
use trimtab_store::{Incident, IncidentEvent, Runs, StoreError, Team, Where};

use crate::access::{Action, On, Who};
use crate::api::visible;
use crate::people;
use crate::problem::Problem;
use crate::state::App;
pub(crate) use looked::look;
pub(crate) use places::{Places, called, knows, places};

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
    /// Where it runs now, by environment. `None`: there is more than is looked at, or it could not be looked for.
    pub(crate) runs: Option<Runs>,
    /// How far the teams are that they may see.
    pub(crate) stands: Vec<Stand>,
    pub(crate) events: Vec<IncidentEvent>,
    pub(crate) tasks: Vec<Task>,
    pub(crate) teams: Vec<Team>,
    pub(crate) names: HashMap<i64, String>,
    /// Whose each token is.
    pub(crate) tokens: HashMap<i64, i64>,
}

/// Who did something, by name: a person, also where a token of theirs did it.
fn called_by(names: &HashMap<i64, String>, tokens: &HashMap<i64, i64>, actor: &str) -> String {
    match actor.split_once(':') {
        Some(("person", id)) => {
            id.parse().map_or_else(|_| actor.to_owned(), |id| people::name(names, id))
        }
        Some(("token", id)) => {
            let whose = id.parse().ok().and_then(|id: i64| tokens.get(&id));
            let named = |person: &i64| format!("{} (by a token)", people::name(names, *person));
            whose.map_or_else(|| format!("token {id}"), named)
        }
        _ => "Trimtab".to_owned(),
    }
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
        called_by(&self.names, &self.tokens, actor)
    }

    /// How far the teams are in each environment that they may see: its name, and each team's.
    pub(crate) fn around(&self) -> Vec<(&str, Stand)> {
        let all = around::how_far(&self.events).into_iter();
        all.flat_map(|(name, stands)| stands.into_iter().map(move |stand| (name, stand))).collect()
    }

    /// In how many places of a team it runs in an environment now. `None`: that is not known, for there is more than is looked
    /// at, or a version there cannot be compared.
    pub(crate) fn running(&self, environment: &str, team: Option<i64>) -> Option<usize> {
        let is = |place: &&Where| {
            place.team.as_ref().map(|t| t.0) == team
                && place.environments.iter().any(|e| e == environment)
        };
        let runs = self.runs.as_ref()?;
        if around::is_unsure(runs, environment, team) {
            return None;
        }
        Some(runs.rows.iter().filter(is).count())
    }

    /// Why no environment is told.
    pub(crate) fn nowhere(&self) -> &'static str {
        match self.runs {
            Some(_) => "No deployment is known to run it, among the systems that have or had it.",
            None => {
                "Where it runs is unknown: there are too many deployments, or it could not be looked for."
            }
        }
    }

    /// Places of a team.
    pub(crate) fn of(&self, team: Option<i64>) -> impl Iterator<Item = &Where> {
        self.places.rows.iter().filter(move |place| place.team.as_ref().map(|t| t.0) == team)
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

/// Whether somebody may enter the room of an incident.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn may_enter(app: &App, who: &Who, id: i64) -> Result<bool, StoreError> {
    if !who.may_somewhere(Action::View) {
        return Ok(false);
    }
    let Some(seen) = visible(who, &app.store.systems(who.org).await?) else { return Ok(true) };
    let touched = app.store.incident_systems(who.org, id).await?;
    Ok(touched.iter().any(|system| seen.contains(system)))
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
    let mut systems = app.store.incident_systems(who.org, id).await?;
    if let Some(seen) = &seen {
        systems.retain(|system| seen.contains(system));
        if systems.is_empty() {
            return Err(missing());
        }
    }
    let all = seen.is_none();
    let about = (is.is.looked_for.as_str(), is.is.versions.as_str());
    let mut places = places(app, who.org, about, seen.clone()).await?;
    app.store.tell_environments(who.org, &mut places.rows).await?;
    let mut events = app.store.incident_events(who.org, id).await?;
    if !all {
        // Who is given a task reads of it, wherever it is.
        let of_mine = |event: &&IncidentEvent| {
            matches!(event.is.kind.as_str(), "task" | "action")
                && event.is.told["owner"].as_i64() == Some(who.person.id)
        };
        let mine: BTreeSet<i64> = events.iter().filter(of_mine).map(|event| event.seq).collect();
        let is_mine = |event: &IncidentEvent| {
            let done = event.is.told["task"].as_i64().filter(|_| event.is.kind == "done");
            mine.contains(&done.unwrap_or(event.seq))
        };
        events.retain(|event| may_read(who, event) || is_mine(event));
        // What was learnt is told of all teams.
        for event in events.iter_mut().filter(|event| event.is.kind == "closed") {
            event.is.told = json!({});
        }
    }
    let mut runs = around::runs(app, who.org, about, (&places, &systems), (&events, false)).await?;
    if let (Some(runs), Some(seen)) = (&mut runs, &seen) {
        // An asset that was told may be in a system now that they may not see.
        runs.rows.retain(|place| place.system.as_ref().is_some_and(|is| seen.contains(&is.0)));
    }
    Ok(Room {
        all,
        places,
        runs,
        stands: how_far(&events),
        tasks: tasks(&events),
        events,
        teams: app.store.teams(who.org).await?,
        names: people::names(app, who.org).await?,
        tokens: app.store.tokens(who.org).await?.iter().map(|is| (is.id, is.person)).collect(),
        is,
    })
}

/// Who may be given something to do in it: who has an account and sees it. Of a team: only who sees what is the team's.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn doers(
    app: &App,
    who: &Who,
    room: &Room,
    team: Option<i64>,
) -> Result<Vec<(i64, String)>, Problem> {
    if let Some(team) = team {
        return Ok(app.store.people_of(who.org, &[], &[team]).await?);
    }
    let touched = app.store.incident_systems(who.org, room.is.id).await?;
    let systems = app.store.systems(who.org).await?;
    let owned = systems.iter().filter(|system| touched.contains(&system.id));
    let teams: Vec<i64> = owned.filter_map(|system| system.team).collect();
    Ok(app.store.people_of(who.org, &touched, &teams).await?)
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
    use trimtab_store::NewIncidentEvent;

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
    fn what_a_token_did_was_done_by_its_person() {
        let names = HashMap::from([(7, "Olga".to_owned())]);
        let tokens = HashMap::from([(3, 7)]);
        let by = |actor| called_by(&names, &tokens, actor);
        assert_eq!((by("person:7"), by("trimtab")), ("Olga".to_owned(), "Trimtab".to_owned()));
        assert_eq!(by("token:3"), "Olga (by a token)");
        assert_eq!(by("token:4"), "token 4", "it is not known whose");
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
