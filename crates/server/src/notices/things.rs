//! What a team has to do, one thing for each action: the changes that are scheduled, and findings that none of them
//! removes, by the package that has them. Told of what the team owns, and of nothing else.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use trimtab_engine::action::is_now;
use trimtab_model::Level;
use trimtab_model::charter::Cadence;
use trimtab_store::{
    EventKind, Finding, FindingFilter, FindingOrder, FindingState, LEFT, LedgerFilter, NewPending,
    Org, PlannedChange, Scheduled, StoreError, Team,
};

use super::missed;
use super::others::Others;
use crate::access::secret::digest;
use crate::facts::finding::by_gravity;
use crate::facts::within;
use crate::planning::held::{self, Held};
use crate::planning::{Missing, unplanned};
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::short;

/// The most findings of a team that are looked at, the gravest first.
const MOST: usize = 20_000;
/// The most disputes that are looked at for what they no longer hold back, and changes for systems that moved.
const FREED: usize = 100;
/// So long a finding that is newer than the plan waits to be planned before it is told as one that is not.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// How a thing is told.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Told {
    /// What it is, in a line.
    pub(crate) title: String,
    /// Why it matters and until when.
    pub(crate) detail: String,
    /// How to act.
    pub(crate) act: String,
    /// Its page: a path.
    pub(crate) link: String,
    /// The system that it is in: who may not see that may not see it.
    pub(crate) system: Option<i64>,
    /// Who asked, where it waits for an answer that another may give.
    pub(crate) answer: Option<i64>,
    /// How many findings it is about.
    pub(crate) findings: usize,
    /// The gravest level of them, from 0. `None`: none was weighed.
    pub(crate) level: Option<u8>,
    /// The first deadline, seconds since 1970.
    pub(crate) due: Option<i64>,
    /// Whether it is told before all else.
    pub(crate) first: bool,
}

impl Told {
    /// As the store has it.
    pub(crate) fn of(told: &serde_json::Value) -> Told {
        serde_json::from_value(told.clone()).unwrap_or_default()
    }

    /// The gravest and most urgent first. What waits beside the plan, and has no findings, is as grave as a high one.
    pub(crate) fn rank(&self) -> (u8, i64, String) {
        let level = self.level.or((self.findings == 0).then_some(rank(Level::High)));
        let grave = match level {
            _ if self.first => 0,
            Some(level) => u8::MAX - 1 - level,
            None => u8::MAX,
        };
        (grave, self.due.unwrap_or(i64::MAX), self.title.clone())
    }
}

/// What was found.
pub(crate) struct Looked {
    pub(crate) things: Vec<NewPending>,
    /// What is past its deadline, one thing for a system.
    pub(crate) missed: Vec<NewPending>,
    /// When the next deadline passes.
    pub(crate) passes: Option<Timestamp>,
    /// When to look again though nothing has happened.
    pub(crate) again: Option<Timestamp>,
}

#[derive(Default)]
struct Group<'f> {
    change: Option<&'f Scheduled>,
    findings: Vec<&'f Finding>,
}

/// What a team has to do, with what else waits for it. `planned` is when its plan was made.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of_team(
    app: &App,
    org: Org,
    (team, others): (&Team, &Others),
    planned: Option<Timestamp>,
    now: Timestamp,
) -> Result<Looked, Problem> {
    let agreed = app.agreed(org, now).await?;
    let filter =
        FindingFilter { team: Some(team.id), counts: Some(true), ..FindingFilter::default() };
    let (findings, _) = within::findings(app, org, &filter, FindingOrder::Level, MOST).await?;
    let scheduled = app.store.scheduled(org, team.id).await?;
    let by_id: HashMap<i64, &Finding> = findings.iter().map(|f| (f.id, f)).collect();
    // What a change removes and what none removes are two things to do, also of one package.
    let mut groups: BTreeMap<(i64, &str, bool), Group<'_>> = BTreeMap::new();
    let mut going: HashSet<i64> = HashSet::new();
    for is in &scheduled {
        let own: Vec<&Finding> =
            is.findings.iter().filter_map(|id| by_id.get(id).copied()).collect();
        if own.is_empty() {
            continue;
        }
        going.extend(own.iter().map(|f| f.id));
        let group = groups.entry((is.change.asset, &is.change.package, true)).or_default();
        group.change = Some(is);
        group.findings.extend(own);
    }
    let mut again: Option<Timestamp> = None;
    let ended = app.store.held_until(org, now - PATIENCE, FREED).await?;
    let freed = ended.iter().filter_map(|is| Some(((is.is.asset, &*is.is.package), is.ended?)));
    let freed: HashMap<(i64, &str), Timestamp> = freed.collect();
    let moved = moved(app, org, team.id, now).await?;
    let known: HashSet<String> = match moved.is_empty() {
        true => HashSet::new(),
        false => app.store.pending(org, team.id).await?.into_iter().map(|is| is.item).collect(),
    };
    for is in findings.iter().filter(|f| !going.contains(&f.id)) {
        // It is being planned, as what a dispute no longer holds back: then it is told with what removes it.
        let freed = freed.get(&(is.asset.0, is.package.as_str()));
        // So is what came with a system, unless it was told before: then the system was the team's already.
        let item = format!("{}:{}", is.asset.0, is.package);
        let is_known = known.contains(&item) || known.contains(&format!("{item}{LEFT}"));
        let came = is.system.as_ref().and_then(|(id, _)| moved.get(id)).filter(|_| !is_known);
        let since = [freed, came].into_iter().flatten().fold(is.detected, |a, b| a.max(*b));
        let until = since.checked_add(PATIENCE).unwrap_or(Timestamp::MAX);
        if planned.is_none_or(|planned| planned < since) && until > now {
            again = Some(again.map_or(until, |at| at.min(until)));
            continue;
        }
        groups.entry((is.asset.0, &is.package, false)).or_default().findings.push(is);
    }
    let cadences = &agreed.charter.cadences;
    let zone = &agreed.charter.calendar.time_zone;
    let mut assets: Vec<i64> = groups.keys().map(|(asset, ..)| *asset).collect();
    assets.dedup();
    let delivered = app.store.delivered(org, &assets).await?;
    let held = held::of(app, org, team.id).await?;
    let missing = unplanned(&agreed.charter, team, now);
    let of = |(asset, package, goes): &(i64, &str, bool), group: &Group<'_>| {
        let supplier = delivered.get(asset);
        let change = PlannedChange { asset: *asset, package: (*package).to_owned() };
        let held = held.get(&change).filter(|_| !goes);
        let about = (group, supplier, held);
        let missing = missing.as_ref();
        let mut thing = thing(team, (*asset, *package), about, (cadences, zone, missing), now);
        // A change for the same package leaves it.
        if !goes && groups.contains_key(&(*asset, *package, true)) {
            thing.item += LEFT;
        }
        thing
    };
    let mut things: Vec<NewPending> = groups.iter().map(|(key, group)| of(key, group)).collect();
    things.extend(others.things(&findings, |is| is_urgent(is, cadences)));
    // What people decided to hold back, and no change removes.
    let is_held = |is: &Finding| {
        let change = PlannedChange { asset: is.asset.0, package: is.package.clone() };
        !going.contains(&is.id) && held.contains_key(&change)
    };
    let how = (|is: &Finding| is_urgent(is, cadences), is_held);
    let (missed, passes) = (missed::of(&findings, how, now), missed::next(&findings, now));
    Ok(Looked { things, missed, passes, again })
}

/// Systems of which it was said a short while ago that they are a team's, each with when: its plan may not have them yet.
async fn moved(
    app: &App,
    org: Org,
    team: i64,
    now: Timestamp,
) -> Result<HashMap<i64, Timestamp>, StoreError> {
    let filter = LedgerFilter {
        kind: Some(EventKind::Changed),
        since: Some(now - PATIENCE),
        until: Some(now),
        ..LedgerFilter::default()
    };
    let mut all = HashMap::new();
    // The newest first.
    for entry in app.store.entries(org, &filter, None, FREED).await?.rows {
        let Ok(data) = serde_json::from_str::<serde_json::Value>(&entry.data) else { continue };
        let is_it = data["what"] == "system" && data["team"] == team;
        let at = Timestamp::from_microsecond(entry.at).ok().filter(|_| is_it);
        if let (Some(system), Some(at)) = (entry.system, at) {
            all.entry(system).or_insert(at);
        }
    }
    Ok(all)
}

/// Whether the charter says *now* of a finding. Nobody is interrupted for what is not known.
fn is_urgent(is: &Finding, cadences: &[Cadence]) -> bool {
    is.production != Some(false) && is.weighed.as_ref().is_some_and(|w| is_now(w.level, cadences))
}

fn thing(
    team: &Team,
    (asset, package): (i64, &str),
    (group, supplier, held): (&Group<'_>, Option<&(String, bool)>, Option<&Held>),
    (cadences, zone, missing): (&[Cadence], &TimeZone, Option<&Missing>),
    now: Timestamp,
) -> NewPending {
    let level = group.findings.iter().filter_map(|f| Some(f.weighed.as_ref()?.level)).max();
    let due = group.findings.iter().filter_map(|f| f.weighed.as_ref()?.deadline).min();
    // The level that is told is of what is weighed.
    let first = group.findings.iter().max_by(|a, b| {
        a.weighed.is_some().cmp(&b.weighed.is_some()).then_with(|| by_gravity(a, b))
    });
    let (name, _) = short(package);
    let place = first.map_or("", |f| f.asset.1.as_str());
    // Whatever the plan says: the main line has it already, as after a roll-back.
    let is_merged = group.findings.iter().all(|f| f.state == FindingState::Merged);
    let window = group.change.and_then(|is| is.window.as_ref());
    let (title, planned, act, link) = match (group.change, first) {
        (Some(is), _) if !is_merged => (
            format!("Raise {name} to {} in {place}", is.version),
            match window {
                None => "to be done now".to_owned(),
                Some(w) if is_too_late(w.starts, due) => {
                    format!("planned for {}, which begins after its deadline", w.name)
                }
                Some(w) => format!("planned for {}", w.name),
            },
            match window {
                None => "Carry it out now with `trimtab apply`, then deploy it.".to_owned(),
                Some(w) if is_too_late(w.starts, due) => {
                    "Do it earlier, give an earlier window more points, or ask for an exception."
                        .to_owned()
                }
                Some(w) if w.starts <= now => format!(
                    "Reserve {} points of the window that is running; carry it out with `trimtab apply`.",
                    trimtab_pages::part::number(is.points)
                ),
                Some(w) => format!(
                    "Reserve {} points from {}; carry it out with `trimtab apply`.",
                    trimtab_pages::part::number(is.points),
                    w.starts.to_zoned(zone.clone()).strftime("%Y-%m-%d")
                ),
            },
            format!("/teams/{}/plan", team.id),
        ),
        // People decided it: nobody is told to do what they decided to do later.
        (None, first) if held.is_some() => {
            let Held { why, until } = held.cloned().unwrap_or_default();
            let until = until.map(|at| at.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string());
            let until = until.map_or_else(String::new, |day| format!(" until {day}"));
            let why = if why.is_empty() { "nobody said why".to_owned() } else { why };
            (
                format!("{name} in {place}: held back{until}"),
                format!("held back{until}: {why}"),
                "Nothing, unless it is to be done earlier: leave it to the plan then.".to_owned(),
                first.map_or_else(
                    || format!("/teams/{}/plan", team.id),
                    |f| format!("/findings/{}", f.id),
                ),
            )
        }
        // Nobody has to change anything but what runs.
        (_, Some(first)) if is_merged => (
            format!("{name} in {place}: merged, to be deployed"),
            "it is gone from the main line and still runs".to_owned(),
            "Deploy what the main line has now.".to_owned(),
            format!("/findings/{}", first.id),
        ),
        (_, first) => (
            match supplier {
                Some((supplier, true)) => format!("{name} in {place}: ask {supplier}"),
                _ => format!("{name} in {place}: nothing is planned"),
            },
            match missing {
                None => "no planned change removes it".to_owned(),
                Some(missing) => format!("there is no plan: {}", missing.within()),
            },
            match (supplier, first.and_then(|f| f.fix.as_deref())) {
                // Nobody here can raise anything in what a supplier delivers.
                (Some((supplier, true)), _) => {
                    format!("Ask {supplier} on the finding's page, or ask for a decision.")
                }
                (Some((supplier, false)), _) => format!(
                    "{supplier} no longer delivers it: replace it, mitigate it, or ask for an exception."
                ),
                (None, Some(fix)) => match missing {
                    None => format!("Raise it to {fix}, or say when; the plan says why it is left."),
                    Some(missing) => format!("Raise it to {fix} without a plan. {}", missing.step()),
                },
                (None, None) => {
                    "No source names a fixed version: raise it above the versions that are affected, if any is, or replace it, \
                     mitigate it, or ask for an exception. The finding's page says which are."
                        .to_owned()
                }
            },
            first.map_or_else(|| format!("/teams/{}", team.id), |f| format!("/findings/{}", f.id)),
        ),
    };
    let known = first.map_or("", |f| f.vulnerability.1.as_str());
    let count = group.findings.len();
    let about = match count {
        1 => known.to_owned(),
        more => format!("{more} findings, the gravest {known}"),
    };
    let grave = level.map_or_else(|| "level unknown".to_owned(), |level| level.to_string());
    let is_late = due.is_some_and(|due| due <= now);
    let until = due.map_or_else(String::new, |due| {
        let at = due.strftime("%Y-%m-%d %H:%M");
        if is_late {
            format!(", past its deadline since {at} UTC")
        } else {
            format!(", deadline {at} UTC")
        }
    });
    let mut ids: Vec<i64> = group.findings.iter().map(|f| f.id).collect();
    ids.sort_unstable();
    let version = group.change.map_or("", |is| is.version.as_str());
    let held_until = held.map(|held| held.until);
    let mark = match held_until {
        _ if is_merged => format!("merged {ids:?}"),
        None => format!("{version} {:?} {ids:?}", window.map(|w| &w.name)),
        Some(until) => format!("held {until:?} {ids:?}"),
    };
    let told = Told {
        title,
        detail: format!("{about} ({grave}){until}; {planned}."),
        act,
        link,
        system: first.and_then(|f| f.system.as_ref()).map(|s| s.0),
        answer: None,
        findings: count,
        level: level.map(rank),
        due: due.map(Timestamp::as_second),
        first: false,
    };
    // By what it is and where: a vulnerability more, or another system, is another alarm.
    let urgent = group.findings.iter().filter(|f| held.is_none() && is_urgent(f, cadences));
    let mut urgent_of: Vec<String> =
        urgent.map(|f| format!("{:?} {}", told.system, f.vulnerability.1)).collect();
    urgent_of.sort_unstable();
    urgent_of.dedup();
    NewPending {
        item: format!("{asset}:{package}"),
        mark: digest(&mark),
        told: json!(told),
        urgent: !urgent_of.is_empty(),
        urgent_of,
    }
}

/// Whether what a window removes is past its first deadline before the window begins.
fn is_too_late(starts: Timestamp, due: Option<Timestamp>) -> bool {
    due.is_some_and(|due| due < starts)
}

fn rank(level: Level) -> u8 {
    level as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_told_before_what_is_graver() {
        let missed = Told { first: true, level: Some(rank(Level::High)), ..Told::default() };
        let critical = Told { level: Some(rank(Level::Critical)), ..Told::default() };
        assert!(missed.rank() < critical.rank());
        assert!(critical.rank() < Told { first: false, ..missed }.rank());
    }

    #[test]
    fn a_window_that_begins_after_a_deadline_is_too_late_for_it() {
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        assert!(is_too_late(at(8), Some(at(7))));
        assert!(!is_too_late(at(7), Some(at(7))) && !is_too_late(at(7), None));
    }
}
