//! What was production when: by the charter that held at a moment, not by the one of today.

use jiff::Timestamp;
use trimtab_charter::preset;
use trimtab_model::charter::Charter;
use trimtab_store::ProductionTime;

use crate::agreeing;

/// When each environment was production, by the charters that held since a moment each, the oldest first. `first`: none was
/// in force before the oldest, so that the preset held. One that this build does not read changes nothing.
pub(crate) fn times<'a>(
    held: impl Iterator<Item = (Timestamp, &'a str)>,
    first: bool,
) -> Vec<ProductionTime> {
    let read = held.filter_map(|(since, text)| Some((since, names(&agreeing::read(text).ok()?))));
    let mut read: Vec<(Option<Timestamp>, Vec<String>)> =
        read.map(|(since, names)| (Some(since), names)).collect();
    if first || read.is_empty() {
        read.insert(0, (None, names(&preset::default())));
    } else if let Some((since, _)) = read.first_mut() {
        // What was before them is not known.
        *since = None;
    }
    let mut all: Vec<ProductionTime> = Vec::new();
    for (since, names) in read {
        for time in all.iter_mut().filter(|time| time.until.is_none()) {
            if !names.contains(&time.environment) {
                time.until = since;
            }
        }
        for environment in names {
            if !all.iter().any(|time| time.until.is_none() && time.environment == environment) {
                all.push(ProductionTime { environment, from: since, until: None });
            }
        }
    }
    all
}

/// The environments of a charter that are production.
pub(crate) fn names(charter: &Charter) -> Vec<String> {
    let production = charter.environments.iter().filter(|e| e.production);
    production.map(|e| e.name.to_string()).collect()
}

#[test]
fn an_environment_is_production_while_a_charter_says_so() {
    let at = |second| Timestamp::from_second(second).unwrap();
    let charter = |environments: &[(&str, bool)]| {
        let mut text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\n".to_owned();
        for (name, production) in environments {
            text += &format!("\n[[environment]]\nname = \"{name}\"\nproduction = {production}\n");
        }
        text
    };
    let edge = charter(&[("production", true), ("edge", true)]);
    let none = charter(&[("production", true), ("edge", false)]);
    let told = |held: &[(i64, &str)], first| {
        let all = times(held.iter().map(|(since, text)| (at(*since), *text)), first);
        let is = |time: ProductionTime| (time.environment, time.from, time.until);
        all.into_iter().map(is).collect::<Vec<_>>()
    };
    let always = ("production".to_owned(), None, None);
    let edges = |from, until| ("edge".to_owned(), from, until);
    assert_eq!(told(&[], true), std::slice::from_ref(&always));
    // What holds on goes on, what cannot be read changes nothing.
    let all = [(1, edge.as_str()), (2, "no charter"), (3, &none), (4, &edge)];
    assert_eq!(
        told(&all, true),
        [always.clone(), edges(Some(at(1)), Some(at(3))), edges(Some(at(4)), None)]
    );
    // Of older ones nothing is known: the oldest is taken to have held before.
    assert_eq!(told(&all[..1], false), [always, edges(None, None)]);
}
