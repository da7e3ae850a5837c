//! What an incident is about in each environment: what runs there is read from the snapshots that were deployed, and how
//! far each team is there is told as it is for the team. What runs in staging alone touches nobody's fix.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use trimtab_engine::incident::{Happened, Stand, What, stands_in};
use trimtab_store::{IncidentEvent, NewIncidentEvent, Org, Runs};

use super::Places;
use super::places::searched;
use crate::problem::Problem;
use crate::state::App;

/// The word of what happens in an environment.
pub(crate) const KIND: &str = "environment";
/// So many deployments are looked at: with more of them, nothing is told of environments.
const MOST: usize = 1_000;

/// How far each team is in each environment, by its name. What a team contained without naming one, it contained in all.
pub(crate) fn how_far(events: &[IncidentEvent]) -> BTreeMap<&str, Vec<Stand>> {
    let own = events.iter().filter(|event| event.is.kind == KIND).filter_map(|event| {
        let what = What::from_text(event.is.told["what"].as_str()?)?;
        let happened = Happened { at: event.at, team: event.is.team, what };
        Some((event.is.told["environment"].as_str()?, happened))
    });
    let mut all: Vec<(&str, Happened)> = own.collect();
    let names: BTreeSet<&str> = all.iter().map(|(name, _)| *name).collect();
    for event in events.iter().filter(|event| event.is.kind == What::Contained.as_str()) {
        let everywhere = Happened { at: event.at, team: event.is.team, what: What::Contained };
        all.extend(names.iter().map(|name| (*name, everywhere)));
    }
    stands_in(all)
}

/// Something that happens in an environment.
pub(crate) fn event(
    (environment, team): (&str, Option<i64>),
    what: What,
    mut told: Value,
) -> NewIncidentEvent {
    if let Some(told) = told.as_object_mut() {
        told.insert("environment".to_owned(), json!(environment));
        told.insert("what".to_owned(), json!(what.as_str()));
    }
    NewIncidentEvent { kind: KIND.to_owned(), team, told }
}

/// Where it runs now, in assets of some systems, where it was found and where it was told to run; `anywhere`: in all
/// assets, as far as these are no more than are looked at. `None`: there is more than is looked at, or it cannot be looked
/// for.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn runs(
    app: &App,
    org: Org,
    (looked_for, versions): (&str, &str),
    (places, systems): (&Places, &[i64]),
    (events, anywhere): (&[IncidentEvent], bool),
) -> Result<Option<Runs>, Problem> {
    if places.more || !places.known {
        return Ok(None);
    }
    let Some(mut search) = searched(app, org, (looked_for, versions), None).await? else {
        // What sources know, and nothing here has, runs nowhere.
        return Ok(Some(Runs::default()));
    };
    if anywhere {
        let runs = search.runs(app, org, None, MOST).await?;
        if !runs.more {
            return Ok(Some(runs));
        }
    }
    let mut systems: BTreeSet<i64> = systems.iter().copied().collect();
    systems.extend(places.rows.iter().filter_map(|place| Some(place.system.as_ref()?.0)));
    let alone = places.rows.iter().filter(|place| place.system.is_none());
    let mut assets: BTreeSet<i64> = alone.map(|place| place.asset.0).collect();
    // What was told to run somewhere is looked at until it is gone, whoever has it now.
    assets.extend(ran_in(events));
    let (systems, assets) = (Vec::from_iter(systems), Vec::from_iter(assets));
    let runs = search.runs(app, org, Some((&systems, &assets)), MOST).await?;
    Ok((!runs.more).then_some(runs))
}

/// What is other in environments than it was told: it runs there, it is gone from there, it is back.
pub(crate) fn news(events: &[IncidentEvent], runs: &Runs) -> Vec<NewIncidentEvent> {
    let mut found: BTreeMap<(&str, Option<i64>), BTreeSet<i64>> = BTreeMap::new();
    for place in &runs.rows {
        let team = place.team.as_ref().map(|team| team.0);
        for environment in &place.environments {
            found.entry((environment, team)).or_default().insert(place.asset.0);
        }
    }
    let stands = how_far(events);
    let stand = |environment: &str, team: Option<i64>| {
        stands.get(environment)?.iter().find(|stand| stand.team == team)
    };
    let mut news = Vec::new();
    for ((environment, team), assets) in &found {
        let what = match stand(environment, *team) {
            None => What::Touched,
            Some(stand) if stand.fixed.is_some() => What::Returned,
            Some(_) => continue,
        };
        let told = json!({ "places": assets.len(), "assets": assets });
        news.push(event((environment, *team), what, told));
    }
    for (environment, stands) in &stands {
        for stand in stands {
            if stand.fixed.is_some() || found.contains_key(&(*environment, stand.team)) {
                continue;
            }
            // A version that cannot be compared may be one of those that are looked for.
            if is_unsure(runs, environment, stand.team) {
                continue;
            }
            // What runs there still, and is another's now, was not fixed by who gave it away.
            let had = assets_of(events, environment, stand.team);
            let other = |((of, team), assets): (&(&str, Option<i64>), &BTreeSet<i64>)| {
                of == environment && *team != stand.team && !assets.is_disjoint(&had)
            };
            let what = if found.iter().any(other) { What::Handed } else { What::Fixed };
            news.push(event((environment, stand.team), what, json!({ "places": 0 })));
        }
    }
    news
}

/// Whether nobody is known to have it yet, in a main line or in an environment.
pub(crate) fn is_untold(events: &[IncidentEvent]) -> bool {
    let begins = What::Touched.as_str();
    events.iter().all(|event| event.is.kind != KIND && event.is.kind != begins)
}

/// The assets in which it was ever told to run, in whichever environment.
fn ran_in(events: &[IncidentEvent]) -> BTreeSet<i64> {
    let told = events.iter().filter(|event| event.is.kind == KIND);
    let told = told.filter_map(|event| event.is.told["assets"].as_array());
    told.flatten().filter_map(Value::as_i64).collect()
}

/// Whether something runs there of a team of which it is not known whether it is looked for.
pub(crate) fn is_unsure(runs: &Runs, environment: &str, team: Option<i64>) -> bool {
    runs.unsure.iter().any(|(name, of)| name == environment && *of == team)
}

/// The assets in which a team was told of last in an environment.
fn assets_of(events: &[IncidentEvent], environment: &str, team: Option<i64>) -> BTreeSet<i64> {
    let begins = |event: &&IncidentEvent| {
        let told = &event.is.told;
        event.is.kind == KIND
            && event.is.team == team
            && told["environment"] == environment
            && matches!(told["what"].as_str(), Some("touched" | "returned"))
    };
    let last = events.iter().rev().find(begins);
    let assets = last.and_then(|event| event.is.told["assets"].as_array());
    assets.into_iter().flatten().filter_map(Value::as_i64).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use trimtab_store::{Component, NewComponent, Where};

    use super::*;

    fn place(asset: i64, team: i64, environment: &str) -> Where {
        let is = NewComponent {
            purl: "pkg:npm/moment@2.24.0".to_owned(),
            package: "pkg:npm/moment".to_owned(),
            name: "moment".to_owned(),
            version: Some("2.24.0".to_owned()),
            licence: None,
            registry: true,
        };
        Where {
            component: Component { id: 1, is, matched: true },
            asset: (asset, "shop".to_owned()),
            system: None,
            team: Some((team, "Ferries".to_owned())),
            listed: true,
            latest: false,
            running: false,
            environments: vec![environment.to_owned()],
            scope: "runtime".to_owned(),
            relation: "direct".to_owned(),
        }
    }

    /// Tells what is new, as a look does, and what of it.
    fn told(events: &mut Vec<IncidentEvent>, rows: &[Where]) -> Vec<String> {
        tell(events, &Runs { rows: rows.to_vec(), ..Runs::default() })
    }

    fn tell(events: &mut Vec<IncidentEvent>, runs: &Runs) -> Vec<String> {
        let news = news(events, runs);
        let word = |is: &NewIncidentEvent| {
            let text = |member: &str| is.told[member].as_str().unwrap().to_owned();
            format!("{} {} {}", is.team.unwrap(), text("environment"), text("what"))
        };
        let words = news.iter().map(word).collect();
        for is in news {
            let seq = i64::try_from(events.len()).unwrap() + 1;
            let at = Timestamp::from_second(seq * 60).unwrap();
            events.push(IncidentEvent { seq, at, actor: "trimtab".to_owned(), is });
        }
        words
    }

    #[test]
    fn what_is_contained_without_a_name_is_contained_in_all() {
        let mut events = Vec::new();
        told(
            &mut events,
            &[place(1, 7, "staging"), place(1, 7, "production"), place(2, 8, "staging")],
        );
        let is = NewIncidentEvent { kind: "contained".to_owned(), team: Some(7), told: json!({}) };
        let at = Timestamp::from_second(6_000).unwrap();
        events.push(IncidentEvent { seq: 9, at, actor: "person:1".to_owned(), is });
        let of = |name: &str, team: i64| {
            let stands = how_far(&events);
            stands[name].iter().find(|stand| stand.team == Some(team)).unwrap().contained
        };
        assert_eq!((of("staging", 7), of("production", 7)), (Some(at), Some(at)));
        assert_eq!(of("staging", 8), None, "not for another team");
    }

    #[test]
    fn each_environment_is_told_once_when_it_changes() {
        let mut events = Vec::new();
        let both = [place(1, 1, "production"), place(1, 1, "staging"), place(2, 1, "staging")];
        let first = told(&mut events, &both);
        assert_eq!(first, ["1 production touched", "1 staging touched"]);
        assert_eq!(told(&mut events, &both), [""; 0], "nothing is new");
        assert_eq!(told(&mut events, &both[1..]), ["1 production fixed"]);
        assert_eq!(told(&mut events, &both[2..]), [""; 0], "one place of staging has it still");
        assert_eq!(told(&mut events, &both[..1]), ["1 production returned", "1 staging fixed"]);
    }

    #[test]
    fn where_it_was_told_to_run_is_looked_at_whoever_has_it_now() {
        let mut events = Vec::new();
        told(&mut events, &[place(1, 1, "staging"), place(2, 1, "test")]);
        told(&mut events, &[place(2, 1, "test")]);
        assert_eq!(Vec::from_iter(ran_in(&events)), [1, 2]);
    }

    #[test]
    fn what_cannot_be_compared_is_not_gone() {
        let mut events = Vec::new();
        told(&mut events, &[place(1, 1, "staging"), place(1, 1, "test")]);
        let unsure = vec![("staging".to_owned(), Some(1))];
        let runs = Runs { unsure, ..Runs::default() };
        assert_eq!(tell(&mut events, &runs), ["1 test fixed"]);
        assert_eq!(told(&mut events, &[]), ["1 staging fixed"]);
    }

    #[test]
    fn what_another_owns_now_was_not_fixed_by_who_gave_it_away() {
        let mut events = Vec::new();
        told(&mut events, &[place(1, 1, "staging")]);
        let news = told(&mut events, &[place(1, 2, "staging")]);
        assert_eq!(news, ["2 staging touched", "1 staging handed"]);
        assert!(how_far(&events)["staging"].iter().all(|stand| stand.team == Some(2)));
    }
}
