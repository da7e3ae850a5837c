//! Replays the past: what a repository listed when, when each finding appeared and was gone, and
//! what could have been done about it. Pure: no clock, no git; the plan's simulation does the rest.
//!
//! A finding appears when the commit that brought it landed or its first advisory was published,
//! whichever is later, and is gone with the commit that removed it. A finding that was already
//! there when the history that is read begins counts from its publication. One file with one
//! package, present without interruption, is one *run*: whatever is done, its findings end with it.
//! Within a run, the candidates raise the package to each version that some source names as a fix.
//! No resolver is asked: a past cannot be resolved again.

mod candidates;
mod episodes;
mod listed;
mod still;

pub use candidates::{Rhythm, beyond, timeline};
pub use episodes::{Episode, episodes};
pub use listed::{Listed, Span};
pub use still::{Still, raised};

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::Level;
use trimtab_model::charter::Cadence;
use trimtab_model::evidence::Fact;
use trimtab_model::finding::Finding;
use trimtab_model::scan::Weighing;

use crate::action::is_now;

/// An episode that is open by the agreement, with its weighing.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Its name, unique among them: `GHSA-… in lodash 4.17.15 (web/package-lock.json)`.
    pub name: Box<str>,
    /// Position of the episode.
    pub episode: usize,
    /// Its level.
    pub level: Level,
    /// What it adds to the load while it is open.
    pub weight: f64,
    /// When it had to be gone.
    pub deadline: Option<Timestamp>,
    /// Whether the charter says *now* of its level.
    pub now: bool,
}

/// When an episode was first seen: a clock for weighing, where each episode is a finding of its own.
pub fn first_seen(episodes: &[Episode]) -> impl Fn(&Finding) -> Option<Fact<Timestamp>> + '_ {
    let of: BTreeMap<_, _> = episodes
        .iter()
        .map(|e| ((e.finding.occurrences.first(), &e.finding.vulnerability.id), e.appears))
        .map(|((place, id), at)| ((place.map(|p| (p.file, p.component)), id), at))
        .collect();
    move |finding| {
        let place = finding.occurrences.first().map(|p| (p.file, p.component));
        let at = of.get(&(place, &finding.vulnerability.id))?;
        Some(Fact { value: *at, source: "the history of the repository".into() })
    }
}

/// The episodes that are open by a weighing of them, and how many are decided: accepted, or not
/// affected. An episode in several files of a system at the same time has its share of the weight
/// in each.
pub fn cases(
    episodes: &[Episode],
    weighing: &Weighing,
    cadences: &[Cadence],
) -> (Vec<Case>, usize) {
    let mut files: BTreeMap<_, Vec<(&str, Span)>> = BTreeMap::new();
    let open = |at: usize| weighing.of(at).iter().filter(|a| a.is_open()).collect::<Vec<_>>();
    for (at, episode) in episodes.iter().enumerate() {
        for assessed in open(at) {
            let key = (&assessed.assessment.system, &episode.package, &episode.vulnerability);
            files.entry(key).or_default().push((&episode.file, episode.run));
        }
    }
    let mut cases = Vec::new();
    let mut decided = 0;
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for (at, episode) in episodes.iter().enumerate() {
        let all = open(at);
        let Some(level) = all.iter().map(|a| a.assessment.level).max() else {
            decided += 1;
            continue;
        };
        let share = |a: &&trimtab_model::scan::Assessed| {
            let key = (&a.assessment.system, &episode.package, &episode.vulnerability);
            let all = files.get(&key).into_iter().flatten();
            let beside = all.filter(|(_, run)| run.meets(&episode.run)).map(|(file, _)| file);
            a.assessment.weight / beside.collect::<BTreeSet<_>>().len().max(1) as f64
        };
        let finding = &episode.finding;
        let mut name = format!(
            "{} in {} {} ({})",
            finding.vulnerability.id,
            finding.package,
            finding.version(),
            episode.file
        );
        let times = used.entry(name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            name = format!("{name} [{times}]");
        }
        cases.push(Case {
            name: name.into(),
            episode: at,
            level,
            weight: all.iter().map(share).sum(),
            deadline: all.iter().filter_map(|a| a.assessment.deadline.at()).min(),
            now: is_now(level, cadences),
        });
    }
    (cases, decided)
}
