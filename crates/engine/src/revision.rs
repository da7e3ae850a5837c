//! What a change does to the agreement by which it is judged: which of its files differ, and what
//! they loosen.

mod decided;

use std::collections::{BTreeMap, BTreeSet};

use trimtab_charter::diff;
use trimtab_charter::strictness::{Direction, Measure, direction};
use trimtab_model::System;
use trimtab_model::charter::Charter;

use crate::repository::Agreement;

/// What a file of an agreement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `trimtab.toml`.
    Project,
    /// The charter.
    Charter,
    /// The exceptions, and the decisions *not affected* beside them.
    Exceptions,
    /// What suppliers say.
    Statements,
    /// A policy.
    Policy,
    /// When findings were first seen.
    History,
}

/// The files of an agreement: what they are and their bytes, by their path.
pub type Files = BTreeMap<String, (Kind, Vec<u8>)>;

/// A file of the agreement that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub file: String,
    /// What it is.
    pub kind: Kind,
    /// What that does: loosens, where any part of it does.
    pub direction: Direction,
    /// What changed, loosening changes first. Empty: nothing that the program can distinguish.
    pub facts: Vec<Fact>,
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What that does.
    pub direction: Direction,
    /// In words.
    pub words: String,
}

/// The files that differ between two states of an agreement, by path.
pub fn changes(before: (&Agreement, &Files), after: (&Agreement, &Files)) -> Vec<Change> {
    let ((old, old_files), (new, new_files)) = (before, after);
    let names: BTreeSet<&String> = old_files.keys().chain(new_files.keys()).collect();
    // What a charter says is told once, at the file that says it now.
    let here = |kind| new_files.values().any(|(k, _)| *k == kind);
    let mut all = Vec::new();
    for name in names {
        let (was, is) = (old_files.get(name), new_files.get(name));
        let Some((kind, _)) = is.or(was).filter(|_| was != is) else { continue };
        if *kind == Kind::History && continues(was, is) {
            continue;
        }
        let told_here = is.is_some() || !here(*kind);
        let mut facts = match kind {
            Kind::Charter if told_here => charter(&old.charter, &new.charter),
            Kind::Exceptions if told_here => decided::facts(old, new),
            Kind::Project if told_here => systems(old, new),
            Kind::Statements => statements(was.is_some(), is.is_some()),
            Kind::Policy => policies(was.is_some(), is.is_some()),
            Kind::History => vec![fact(Direction::Loosens, PAST)],
            Kind::Charter | Kind::Exceptions | Kind::Project => Vec::new(),
        };
        facts.sort_by_key(|fact| fact.direction);
        let direction = facts.iter().map(|f| f.direction).min().unwrap_or(Direction::Unclear);
        all.push(Change { file: name.clone(), kind: *kind, direction, facts });
    }
    all
}

/// What it means that a history does not go on from where it was.
const PAST: &str = "what it says about the past has changed: deadlines may count from other days";

/// Whether a history says all that it said, and perhaps more: that is how it grows.
fn continues(was: Option<&(Kind, Vec<u8>)>, is: Option<&(Kind, Vec<u8>)>) -> bool {
    match (was, is) {
        (None, _) => true,
        (Some((_, was)), Some((_, is))) => is.starts_with(was),
        (Some(_), None) => false,
    }
}

fn fact(direction: Direction, words: impl Into<String>) -> Fact {
    Fact { direction, words: words.into() }
}

fn from_to(before: Option<&str>, after: Option<&str>) -> String {
    match (before, after) {
        (Some(before), Some(after)) => format!("from {before} to {after}"),
        (None, Some(after)) => format!("now {after}"),
        (Some(before), None) => format!("no longer {before}"),
        (None, None) => "not said".to_owned(),
    }
}

fn charter(before: &Charter, after: &Charter) -> Vec<Fact> {
    let one = |c: diff::Change| {
        let moved = from_to(c.before.as_deref(), c.after.as_deref());
        fact(c.direction, format!("{}, {}: {moved}", c.part, c.about))
    };
    diff::changes(before, after).into_iter().map(one).collect()
}

fn statements(was: bool, is: bool) -> Vec<Fact> {
    vec![match (was, is) {
        (false, _) => fact(Direction::Loosens, "a document is new"),
        (true, true) => fact(Direction::Unclear, "a document says something different"),
        (true, false) => fact(Direction::Unclear, "a document is gone"),
    }]
}

fn policies(was: bool, is: bool) -> Vec<Fact> {
    vec![match (was, is) {
        (false, _) => fact(Direction::Unclear, "it is new"),
        (true, true) => fact(Direction::Unclear, "it says something different"),
        (true, false) => fact(Direction::Loosens, "it is no longer asked"),
    }]
}

fn systems(before: &Agreement, after: &Agreement) -> Vec<Fact> {
    let (old, new) = (&before.project, &after.project);
    let mut facts = Vec::new();
    for (what, was, is) in
        [("charter", &old.charter, &new.charter), ("exceptions", &old.exceptions, &new.exceptions)]
    {
        if was != is {
            let moved = from_to(was.as_deref(), is.as_deref());
            facts.push(fact(Direction::Unclear, format!("the file of the {what}: {moved}")));
        }
    }
    for (what, was, is) in [("policies", &old.policies, &new.policies), ("vex", &old.vex, &new.vex)]
    {
        for name in was.iter().filter(|name| !is.contains(name)) {
            let way = if what == "policies" { Direction::Loosens } else { Direction::Unclear };
            facts.push(fact(way, format!("`{name}` is no longer among its {what}")));
        }
        for name in is.iter().filter(|name| !was.contains(name)) {
            let way = if what == "vex" { Direction::Loosens } else { Direction::Unclear };
            facts.push(fact(way, format!("`{name}` is now among its {what}")));
        }
    }
    for system in &new.systems {
        match old.systems.iter().find(|s| s.name == system.name) {
            None => facts.push(fact(Direction::Unclear, format!("system {} is new", system.name))),
            Some(was) => contexts(was, system, (&before.charter, &after.charter), &mut facts),
        }
    }
    for gone in old.systems.iter().filter(|s| !new.systems.iter().any(|n| n.name == s.name)) {
        facts.push(fact(Direction::Loosens, format!("system {} is gone", gone.name)));
    }
    if facts.is_empty() && old.systems != new.systems {
        facts.push(fact(Direction::Unclear, "the order of the systems, or who answers for them"));
    }
    facts
}

/// What is known of a system, with what is assumed where nothing is.
fn contexts(was: &System, is: &System, charters: (&Charter, &Charter), facts: &mut Vec<Fact>) {
    let list = |names: &Option<Vec<Box<str>>>| match names {
        None => "unknown".to_owned(),
        Some(names) if names.is_empty() => "none".to_owned(),
        Some(names) => names.join(", "),
    };
    let name = |name: &Option<Box<str>>| name.as_deref().unwrap_or("unknown").to_owned();
    let tells = |system: &System, charter: &Charter| {
        let tier = system.tier.as_deref().and_then(|tier| charter.tier(tier));
        let keeps = match tier.map(|tier| tier.acceptable) {
            None => -1000,
            Some(None) => 0,
            Some(Some(level)) => -1 - i64::from(level as u8),
        };
        let impact = i64::from(tier.map_or(charter.unknown.tier_steps, |tier| tier.impact));
        let data = system.data.as_ref().map_or(charter.unknown.data_steps, |classes| {
            let steps = classes.iter().filter_map(|c| charter.data_class(c)).map(|c| c.impact);
            steps.max().unwrap_or(0)
        });
        let exposure = system.exposure.unwrap_or(charter.unknown.exposure);
        let assumed = || charter.assumed_environment().is_none_or(|e| e.production);
        let production = system
            .environments
            .as_ref()
            .filter(|all| !all.is_empty())
            .map_or_else(assumed, |all| {
                all.iter().filter_map(|e| charter.environment(e)).any(|e| e.production)
            });
        let shown = system.exposure.map_or("unknown", |e| e.as_str()).to_owned();
        [
            ("tier", name(&system.tier), vec![keeps, impact]),
            ("exposure", shown, vec![exposure as i64]),
            ("data", list(&system.data), vec![data.into()]),
            ("environments", list(&system.environments), vec![production.into()]),
        ]
    };
    let pairs = tells(was, charters.0).into_iter().zip(tells(is, charters.1));
    for ((what, before, old), (_, after, new)) in pairs {
        if before != after {
            let way = direction(Some(&Measure::Numbers(old)), Some(&Measure::Numbers(new)));
            let words = format!("{what} of system {}: from {before} to {after}", is.name);
            facts.push(fact(way, words));
        }
    }
    if was.paths != is.paths {
        let words = format!("the folders of system {} have changed", is.name);
        facts.push(fact(Direction::Unclear, words));
    }
}
