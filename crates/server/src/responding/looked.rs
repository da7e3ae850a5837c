//! What the inventory says anew of an incident: who is touched, where it is gone, and where it is back.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use trimtab_engine::incident::{Stand, What};
use trimtab_store::{Incident, IncidentEvent, NewIncidentEvent, Org, Where};

use super::places::{BLOCK, places};
use super::{around, how_far};
use crate::problem::Problem;
use crate::state::App;

/// Looks where an incident is now, and tells what is other than before: a team is touched, all of a team's is gone,
/// something came back. Returns how much. A near miss out of a refusal is of the system in which that was: nobody else
/// reads of it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn look(
    app: &App,
    org: Org,
    incident: &Incident,
    now: Timestamp,
) -> Result<usize, Problem> {
    if incident.verdict.is_some() {
        return Ok(0);
    }
    let about = (incident.is.looked_for.as_str(), incident.is.versions.as_str());
    let places = places(app, org, about, None).await?;
    let mut found: BTreeMap<Option<i64>, Had> = BTreeMap::new();
    for place in &places.rows {
        let had = found.entry(place.team.as_ref().map(|t| t.0)).or_default();
        had.places += 1;
        had.listed += usize::from(place.listed);
        match &place.system {
            Some(system) => had.systems.insert(system.0),
            None => had.assets.insert(place.asset.0),
        };
    }
    let events = app.store.incident_events(org, incident.id).await?;
    let stands = how_far(&events);
    let mut news = Vec::new();
    let mut touched: BTreeSet<i64> = BTreeSet::new();
    for (team, had) in &found {
        touched.extend(&had.systems);
        let what = match stands.iter().find(|stand| stand.team == *team) {
            None => What::Touched,
            // What people called fixed where only a report has it stands until an inventory lists it.
            Some(stand)
                if stand.fixed.is_some() && (had.listed > 0 || !is_said_fixed(&events, *team)) =>
            {
                What::Returned
            }
            Some(_) => continue,
        };
        let assets: Vec<&i64> = had.assets.iter().take(BLOCK).collect();
        let told = json!({ "places": had.places, "systems": had.systems, "assets": assets });
        news.push(NewIncidentEvent { kind: what.as_str().to_owned(), team: *team, told });
    }
    // With more than is looked at, or nothing that could be looked for, what is not among it is not gone.
    let sees_all = places.known && !places.more;
    let gone = |stand: &&Stand| sees_all && !found.contains_key(&stand.team);
    for stand in stands.iter().filter(gone) {
        // Who gave it away did not fix it, and who fixed it before stays who did.
        let what = match (stand.fixed, is_elsewhere(&events, stand.team, &places.rows)) {
            (Some(_), _) => continue,
            (None, true) => What::Handed,
            (None, false) => What::Fixed,
        };
        let told = json!({ "places": 0 });
        news.push(NewIncidentEvent { kind: what.as_str().to_owned(), team: stand.team, told });
    }
    let before = app.store.incident_systems(org, incident.id).await?;
    let here = (&places, before.as_slice());
    // Until somebody is known to have it, everything that runs is looked at: a system may have it in staging alone.
    let told = (events.as_slice(), around::is_untold(&events));
    if let Some(runs) = around::runs(app, org, about, here, told).await? {
        touched.extend(runs.rows.iter().filter_map(|place| Some(place.system.as_ref()?.0)));
        news.extend(around::news(&events, &runs));
    }
    touched.retain(|system| !before.contains(system));
    if news.is_empty() && touched.is_empty() {
        return Ok(0);
    }
    let touched: Vec<i64> = touched.into_iter().collect();
    let told = (news.as_slice(), touched.as_slice());
    // Who told something meanwhile may have looked as well: then the next look tells what is left.
    let last = events.last().map(|event| event.seq);
    let by = ("trimtab", now);
    let first = app.store.tell_incident_after(org, incident.id, told, last, by).await?;
    Ok(if first.is_some() { news.len() } else { 0 })
}

/// What an owner has of it.
#[derive(Default)]
struct Had {
    places: usize,
    /// How many of them an inventory lists.
    listed: usize,
    systems: BTreeSet<i64>,
    /// Assets of no system.
    assets: BTreeSet<i64>,
}

/// Whether the last word on a team's fix was of people.
fn is_said_fixed(events: &[IncidentEvent], team: Option<i64>) -> bool {
    let fixed = |event: &&IncidentEvent| event.is.team == team && event.is.kind == "fixed";
    events.iter().rev().find(fixed).is_some_and(|event| event.actor != "trimtab")
}

/// Whether something that a team was touched in is there still, and is another's.
fn is_elsewhere(events: &[IncidentEvent], team: Option<i64>, rows: &[Where]) -> bool {
    let begins = |event: &&IncidentEvent| {
        event.is.team == team && matches!(event.is.kind.as_str(), "touched" | "returned")
    };
    let Some(begun) = events.iter().rev().find(begins) else { return false };
    let named = |member: &str, id: i64| {
        let all = begun.is.told[member].as_array();
        all.is_some_and(|all| all.iter().any(|one| one.as_i64() == Some(id)))
    };
    rows.iter().any(|place| {
        place.team.as_ref().map(|t| t.0) != team
            && (place.system.as_ref().is_some_and(|s| named("systems", s.0))
                || named("assets", place.asset.0))
    })
}
