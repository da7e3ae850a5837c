//! Requests that are over on the git host, as `trimtab requests` saw them last, kept in the data folder beside the plan:
//! a branch that a closed one left is nothing that waits, and of what people refused it is told that they did.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use trimtab_connect::requests::State;
use trimtab_connect::requests::life::{Ours, Step};

use super::last;
use crate::commands::apply::plan::Plan;
use crate::commands::host::Told;
use crate::io::Io;

/// The most branches that are remembered.
const MOST: usize = 500;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::commands) struct Closed {
    /// The last commits of Trimtab on branches of closed requests.
    tips: BTreeSet<String>,
    /// Batches that are planned, and that people closed or took back.
    refused: Vec<Refused>,
}

/// A batch that is not opened before people ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Refused {
    /// The names of its actions.
    actions: BTreeSet<String>,
    why: String,
}

impl Closed {
    /// What is known of a repository. Nothing, where there is no such file, or another build wrote it.
    pub(super) fn of(folder: &Path, io: &Io) -> Closed {
        let place = last::place(folder, io).map(|place| place.with_extension("closed.json"));
        let text = place.and_then(|place| fs::read_to_string(place).ok());
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Whether all of some commits are the ends of branches that closed requests left.
    pub(super) fn has(&self, tips: &BTreeSet<String>) -> bool {
        !tips.is_empty() && tips.is_subset(&self.tips)
    }

    /// Why people do not want a batch of these actions. `None`: nothing is known of that.
    pub(super) fn why(&self, actions: &[String]) -> Option<&str> {
        let actions: BTreeSet<String> = actions.iter().cloned().collect();
        self.refused.iter().find(|refused| refused.actions == actions).map(|is| is.why.as_str())
    }

    fn seen(ours: &[Ours], plan: Option<&Plan>, refused: &[Step]) -> Closed {
        let open = tips(ours, State::Open);
        let closed = tips(ours, State::Closed).into_iter().filter(|tip| !open.contains(tip));
        let batches = plan.map(|plan| &plan.0.batches).into_iter().flatten();
        let refused = batches.filter_map(|batch| {
            let why = refused.iter().find(|step| step.batch == batch.name)?.why.clone();
            Some(Refused { actions: batch.actions.iter().cloned().collect(), why })
        });
        Closed { tips: closed.take(MOST).collect(), refused: refused.collect() }
    }

    /// Remembers what a host says, with the steps of what is planned and refused. What cannot be kept is told.
    pub(in crate::commands) fn keep(
        folder: &Path,
        told: &Told,
        plan: Option<&Plan>,
        refused: &[Step],
        io: &mut Io,
    ) {
        let after = Closed::seen(&told.ours, plan, refused);
        if after == Closed::of(folder, io) {
            return;
        }
        let Some(place) = last::place(folder, io) else { return };
        let place = place.with_extension("closed.json");
        let text = serde_json::to_string(&after).unwrap_or_default();
        let kept = last::whole(&place, text.as_bytes());
        if let Err(error) = kept {
            io.err(&format!(
                "Which requests are closed could not be saved: {}: {error}\n",
                place.display()
            ));
        }
    }
}

/// The last commits of requests in a state, as their texts say.
fn tips(ours: &[Ours], state: State) -> BTreeSet<String> {
    let of = ours.iter().filter(|ours| ours.state == state);
    of.filter_map(|ours| Some(ours.marker.as_ref()?.tip.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_branch_is_closed_where_all_of_its_copies_are() {
        let closed = Closed { tips: all(&["a", "b"]), refused: Vec::new() };
        assert!(closed.has(&all(&["a"])) && closed.has(&all(&["a", "b"])));
        assert!(!closed.has(&all(&["a", "c"])) && !closed.has(&all(&[])));
    }

    #[test]
    fn what_people_refused_is_known_by_its_actions() {
        let why = "#4 had the same content and was closed by hand".to_owned();
        let refused = vec![Refused { actions: all(&["raise a", "raise b"]), why: why.clone() }];
        let closed = Closed { tips: BTreeSet::new(), refused };
        let text = serde_json::to_string(&closed).unwrap();
        let closed: Closed = serde_json::from_str(&text).unwrap();
        let asked = |names: &[&str]| closed.why(&all(names).into_iter().collect::<Vec<_>>());
        assert_eq!(asked(&["raise b", "raise a"]), Some(&*why));
        assert_eq!(asked(&["raise a"]), None);
    }
}
