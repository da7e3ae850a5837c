//! What was production when: by the charter that held at a moment, not by the one of today.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use trimtab_charter::preset;
use trimtab_model::charter::Charter;
use trimtab_store::{Org, ProductionTime, Store, StoreError};

use crate::agreeing;

/// So many times are kept: those that go on, and the last of those that ended.
const MOST: usize = 10_000;

/// What a charter says is production. `None`: this build cannot read it.
type Names = Option<Arc<[String]>>;

/// What charters that came into force say is production, by organisation and charter: they never change.
pub(crate) type Remembered = Arc<Mutex<HashMap<(Org, i64), Names>>>;

/// When each environment was production.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// By name and since when.
    pub(crate) production: Vec<ProductionTime>,
    /// From when to when nobody knows what was: a charter held that this build cannot read.
    unknown: Vec<(Option<Timestamp>, Option<Timestamp>)>,
}

impl Times {
    /// Whether an environment was production at a moment.
    pub(crate) fn is_production(&self, environment: &str, at: Timestamp) -> bool {
        let all = &self.production;
        let first = all.partition_point(|time| time.environment.as_str() < environment);
        let mut own = all.iter().skip(first).take_while(|time| time.environment == environment);
        own.any(|time| {
            time.from.is_none_or(|from| from <= at) && time.until.is_none_or(|until| at < until)
        })
    }

    /// Whether what was production is not known of some of a time.
    pub(crate) fn is_unknown(&self, (from, to): (Timestamp, Timestamp)) -> bool {
        self.unknown.iter().any(|(since, until)| {
            since.is_none_or(|since| since < to) && until.is_none_or(|until| from < until)
        })
    }
}

/// When each environment of an organisation was production.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(
    remembered: &Remembered,
    store: &Store,
    org: Org,
) -> Result<Times, StoreError> {
    let charters = store.held_charters(org).await?;
    let mut held = Vec::with_capacity(charters.len());
    for (id, since) in &charters {
        let key = (org, *id);
        let known = remembered.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let said = if let Some(said) = known {
            said
        } else {
            let text = store.charter_text(org, *id).await?.unwrap_or_default();
            let said: Names = agreeing::read(&text).ok().map(|is| names(&is).into());
            let mut all = remembered.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(key, said.clone());
            said
        };
        held.push((*since, said));
    }
    Ok(times(held, charters.len() < trimtab_store::HELD))
}

/// When each environment was production, by what the charters that held since a moment each say, the oldest first. `first`:
/// none was in force before the oldest, so that the preset held.
fn times(held: Vec<(Timestamp, Names)>, first: bool) -> Times {
    let mut all: Vec<(Option<Timestamp>, Names)> =
        held.into_iter().map(|(since, said)| (Some(since), said)).collect();
    if first || all.is_empty() {
        all.insert(0, (None, Some(names(&preset::default()).into())));
    } else if let Some((since, _)) = all.first_mut() {
        // What was before them is not known.
        *since = None;
    }
    let mut unknown: Vec<(Option<Timestamp>, Option<Timestamp>)> = Vec::new();
    let mut open: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    let mut over: Vec<ProductionTime> = Vec::new();
    for (since, said) in all {
        if let Some((_, until)) = unknown.last_mut().filter(|(_, until)| until.is_none()) {
            *until = since;
        }
        if said.is_none() {
            unknown.push((since, None));
        }
        let said = said.as_deref().unwrap_or_default();
        let said: BTreeSet<&str> = said.iter().map(String::as_str).collect();
        open.retain(|environment, from| {
            let goes_on = said.contains(environment.as_str());
            if !goes_on {
                let environment = environment.clone();
                over.push(ProductionTime { environment, from: *from, until: since });
            }
            goes_on
        });
        for environment in said {
            open.entry(environment.to_owned()).or_insert(since);
        }
    }
    let cut = over.len().saturating_sub(MOST.saturating_sub(open.len()));
    let mut production = over.split_off(cut);
    let still = |(environment, from)| ProductionTime { environment, from, until: None };
    production.extend(open.into_iter().map(still));
    production.sort_by(|a, b| (&a.environment, a.from).cmp(&(&b.environment, b.from)));
    Times { production, unknown }
}

/// The environments of a charter that are production.
pub(crate) fn names(charter: &Charter) -> Vec<String> {
    let production = charter.environments.iter().filter(|e| e.production);
    production.map(|e| e.name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_production_while_a_charter_says_so() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let charter = |environments: &[(&str, bool)]| {
            let mut text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\n".to_owned();
            for (name, production) in environments {
                text +=
                    &format!("\n[[environment]]\nname = \"{name}\"\nproduction = {production}\n");
            }
            text
        };
        let edge = charter(&[("production", true), ("edge", true)]);
        let none = charter(&[("production", true), ("edge", false)]);
        let of = |held: &[(i64, &str)], first| {
            let read = |text: &str| agreeing::read(text).ok().map(|is| names(&is).into());
            times(held.iter().map(|(since, text)| (at(*since), read(text))).collect(), first)
        };
        let told = |held: &[(i64, &str)], first| {
            let is = |time: ProductionTime| (time.environment, time.from, time.until);
            of(held, first).production.into_iter().map(is).collect::<Vec<_>>()
        };
        let always = ("production".to_owned(), None, None);
        let edges = |from, until| ("edge".to_owned(), from, until);
        assert_eq!(told(&[], true), std::slice::from_ref(&always));
        // What holds on goes on.
        let all = [(1, edge.as_str()), (3, none.as_str()), (4, edge.as_str())];
        let both = [edges(Some(at(1)), Some(at(3))), edges(Some(at(4)), None), always.clone()];
        assert_eq!(told(&all, true), both);
        let is = of(&all, true);
        let days: Vec<bool> = (0..6).map(|day| is.is_production("edge", at(day))).collect();
        assert_eq!(days, [false, true, true, false, true, true]);
        assert!(is.is_production("production", at(0)) && !is.is_production("test", at(2)));
        assert!(!is.is_unknown((at(0), at(9))));
        // While one held that cannot be read nobody knows.
        let all = [(1, edge.as_str()), (2, "no charter"), (4, edge.as_str())];
        let is = of(&all, true);
        assert!(is.is_production("edge", at(1)) && !is.is_production("production", at(3)));
        assert!(!is.is_unknown((at(0), at(2))) && !is.is_unknown((at(4), at(9))));
        assert!(is.is_unknown((at(0), at(3))) && is.is_unknown((at(3), at(9))));
        // Of older ones nothing is known: the oldest is taken to have held before.
        assert_eq!(told(&all[..1], false), [edges(None, None), always]);
        // However many there are, those that go on are kept.
        let many: Vec<String> = (0..900).map(|n| format!("region-{n}")).collect();
        let many: Vec<(&str, bool)> = many.iter().map(|name| (name.as_str(), true)).collect();
        let many = charter(&[&[("production", true)][..], &many[..]].concat());
        let one = |day: i64| (day, if day % 2 == 0 { edge.as_str() } else { many.as_str() });
        let held: Vec<(i64, &str)> = (1..=40).map(one).collect();
        let is = of(&held, true);
        assert_eq!(is.production.len(), MOST);
        assert!(is.is_production("production", at(0)) && is.is_production("edge", at(40)));
        assert!(is.is_production("region-899", at(39)) && !is.is_production("region-899", at(1)));
    }
}
