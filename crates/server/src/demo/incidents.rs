//! Incidents of the year: one that was closed with what it taught, a drill that runs, a change that is asked for outside
//! of any cadence, and people who are named for a system.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::Role;
use trimtab_store::{
    Finding, FindingFilter, FindingOrder, NewAppeal, NewIncident, NewIncidentEvent, Org, Store,
};

use super::people::People;
use crate::responding::{how_far, look};
use crate::state::App;

/// When each step is done: hours before the end of the year.
pub(super) const STEPS: [i64; 7] =
    [24 * 40, 24 * 40 - 1, 24 * 40 - 4, 24 * 40 - 9, 24 * 37, 50, 49];
/// For how long what is asked may wait.
const SOON: SignedDuration = SignedDuration::from_hours(4);

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

async fn gravest(store: &Store, org: Org) -> Result<Option<Finding>, String> {
    let filter = FindingFilter { counts: Some(true), ..FindingFilter::default() };
    let page = store.findings(org, &filter, FindingOrder::Level, None, 1).await.map_err(told)?;
    Ok(page.rows.into_iter().next())
}

/// Does a step; `incident` is the one that was opened last.
pub(super) async fn step(
    app: &App,
    org: Org,
    people: &People,
    (step, incident): (usize, &mut Option<i64>),
    at: Timestamp,
) -> Result<(), String> {
    let store = &app.store;
    let security = format!("person:{}", people.security);
    if matches!(step, 0 | 5) {
        let Some(is) = gravest(store, org).await? else { return Ok(()) };
        let drill = (step == 5).then(|| "log4shell".to_owned());
        let title = match drill {
            Some(_) => "The day of Log4Shell, played with what we have".to_owned(),
            None => format!("{} spreads", is.vulnerability.1),
        };
        let new = NewIncident {
            title,
            looked_for: is.package.clone(),
            versions: String::new(),
            published: Some(at - SignedDuration::from_hours(7)),
            drill,
            speed: 60,
            near_miss: false,
        };
        *incident = Some(store.open_incident(org, &new, &security, at).await.map_err(told)?);
    }
    let Some(id) = *incident else { return Ok(()) };
    let Some(is) = store.incident(org, id).await.map_err(told)? else { return Ok(()) };
    look(app, org, &is, at).await.map_err(|problem| problem.detail)?;
    let teams: Vec<Option<i64>> = how_far(&store.incident_events(org, id).await.map_err(told)?)
        .iter()
        .map(|s| s.team)
        .collect();
    let event =
        |kind: &str, team, told: Value| NewIncidentEvent { kind: kind.to_owned(), team, told };
    let due = |hours| (at + SignedDuration::from_hours(hours)).to_string();
    let half = teams.len().div_ceil(2);
    let events: Vec<NewIncidentEvent> = match step {
        1 | 6 => teams
            .iter()
            .take(half)
            .map(|team| {
                event("acknowledged", *team, json!({ "text": "We look at the edge first." }))
            })
            .collect(),
        2 => {
            let text = json!({ "text": "Traffic that would reach it is refused at the edge." });
            let mut all: Vec<_> =
                teams.iter().map(|team| event("contained", *team, text.clone())).collect();
            let task = json!({ "text": "Look through the logs of the last week for signs of use.",
                "owner": people.operations, "due": due(20) });
            all.push(event("task", None, task));
            all
        }
        3 => {
            let text = "Every team has contained it within four hours. No sign of use was found. \
                The component is replaced in the next windows.";
            vec![event("update", None, json!({ "text": text }))]
        }
        _ => Vec::new(),
    };
    if !events.is_empty() {
        let all = (events.as_slice(), [].as_slice());
        store.tell_incident(org, id, all, &security, at).await.map_err(told)?;
    }
    if step == 4 {
        let text = "Owners were found at once; the rule at the edge took longest, because only two \
            people may set it.";
        let learnt = json!({ "text": text });
        store.close_incident(org, id, learnt, &security, at).await.map_err(told)?;
        let action = json!({ "text": "Let every team on duty set rules at the edge.",
            "owner": people.engineering, "due": due(24 * 60) });
        let all = ([event("action", None, action)], [].as_slice());
        let all = (all.0.as_slice(), all.1);
        store.tell_incident(org, id, all, &security, at).await.map_err(told)?;
    }
    Ok(())
}

/// What is there at the end of the year.
pub(super) async fn end(
    store: &Store,
    org: Org,
    people: &People,
    now: Timestamp,
) -> Result<(), String> {
    if let Some(system) = people.systems.first() {
        let named = [("selection", people.engineering), ("assessment", people.security)];
        store.set_system_people(org, system.id, &named, "trimtab", now).await.map_err(told)?;
    }
    let Some(is) = gravest(store, org).await? else { return Ok(()) };
    let (asset, package) = (is.asset.0, is.package.clone());
    let new = NewAppeal {
        dispute: false,
        incident: None,
        finding: Some(is.id),
        asset,
        package,
        system: is.system.as_ref().map(|s| s.0),
        team: is.team.as_ref().map(|t| t.0),
        at_once: true,
        reason: "It is used elsewhere since this morning, and the next window is in two weeks."
            .to_owned(),
        author: people.product,
        due: now + SOON,
        rule: "Whoever may accept critical findings decides it; never whoever asked.".to_owned(),
        needs: 1,
        named: false,
        sides: vec![Role::Security.as_str().to_owned(), Role::Leadership.as_str().to_owned()],
    };
    let actor = format!("person:{}", people.product);
    store.add_appeal(org, &new, &actor, now).await.map(|_| ()).map_err(told)
}
