//! The part of the next windows: what is scheduled in each.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use trimtab_engine::review::Topic;
use trimtab_store::{FindingOrder, ReviewOf, Scheduled};

use super::{Draft, Filled, Making};
use crate::facts::within;
use crate::problem::Problem;
use crate::replanning::Told;
use crate::web::today::short;

/// The most assets of some systems.
const ASSETS: usize = 10_000;
/// How many of the next windows are looked at.
const WINDOWS: usize = 4;
/// How many findings are looked at for what is planned after its deadline: those that are due first.
const DUE: usize = 2_000;
/// How many changes are named that are planned after their deadline.
const NAMED: usize = 3;

impl Making<'_> {
    /// What is scheduled of what the review is of.
    pub(super) async fn scheduled(&self) -> Result<Vec<(i64, Scheduled)>, Problem> {
        if let ReviewOf::Team(id) = self.scope.of {
            let all = self.app.store.scheduled(self.org, id).await?;
            return Ok(all.into_iter().map(|is| (id, is)).collect());
        }
        let mut all = self.app.store.all_scheduled(self.org).await?;
        if let Some(systems) = &self.scope.systems {
            let (store, of) = (&self.app.store, Some(systems.as_slice()));
            let assets = store.assets(self.org, None, of, "", ASSETS).await?;
            let inside: HashSet<i64> = assets.into_iter().map(|asset| asset.id).collect();
            all.retain(|(_, is)| inside.contains(&is.change.asset));
        }
        Ok(all)
    }

    /// Whether deadlines pass with the plans that are kept. Of some systems that is not known: plans are of teams.
    async fn passes(&self, all: &[(i64, Scheduled)]) -> Result<bool, Problem> {
        if matches!(self.scope.of, ReviewOf::Systems(_)) {
            return Ok(false);
        }
        let teams: HashSet<i64> = all.iter().map(|(team, _)| *team).collect();
        let plans = self.app.store.team_plans(self.org).await?;
        Ok(plans.into_iter().filter(|plan| teams.contains(&plan.team)).any(|plan| {
            serde_json::from_value::<Told>(plan.told).is_ok_and(|told| told.missed > 0)
        }))
    }

    /// When findings are due, by id: of those that are due first.
    async fn deadlines(&self) -> Result<HashMap<i64, Timestamp>, Problem> {
        let order = FindingOrder::Deadline;
        let (all, _) = within::findings(self.app, self.org, &self.counting(), order, DUE).await?;
        let due = |w: &trimtab_store::Weighed| w.deadline;
        Ok(all.iter().filter_map(|is| Some((is.id, is.weighed.as_ref().and_then(due)?))).collect())
    }

    pub(super) async fn plan(&self) -> Result<(Filled, i64), Problem> {
        let mut all = self.scheduled().await?;
        all.retain(|(_, is)| is.window.as_ref().is_none_or(|window| window.ends > self.now));
        let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let mut windows: BTreeMap<(Option<Timestamp>, String), Vec<&Scheduled>> = BTreeMap::new();
        for (_, is) in &all {
            let key = match &is.window {
                None => (None, "now".to_owned()),
                Some(window) => (Some(window.starts), window.name.clone()),
            };
            windows.entry(key).or_default().push(is);
        }
        let page = match self.scope.of {
            ReviewOf::Team(id) => format!("/teams/{id}/plan"),
            ReviewOf::All | ReviewOf::Systems(_) => "/plan".to_owned(),
        };
        let due = self.deadlines().await?;
        let draft =
            |((starts, name), changes): (&(Option<Timestamp>, String), &Vec<&Scheduled>)| {
                let load: f64 = changes.iter().map(|is| is.load).sum();
                let points: f64 = changes.iter().map(|is| is.points).sum();
                let number = trimtab_pages::part::number;
                let many = if changes.len() == 1 { "change" } else { "changes" };
                Draft {
                    is: Topic {
                        key: format!("window:{name}"),
                        level: None,
                        weight: load,
                        due: *starts,
                    },
                    title: match starts {
                        None => "At once".to_owned(),
                        Some(_) => name.clone(),
                    },
                    note: format!(
                        "{} {many}, {} points, removes load {}{}",
                        changes.len(),
                        number(points),
                        number(load),
                        too_late(changes, *starts, &due)
                    ),
                    page: page.clone(),
                }
            };
        let passes = match self.passes(&all).await? {
            true => " Deadlines pass with this plan; its page says how many.",
            false => "",
        };
        let topics: Vec<Draft> = windows.iter().take(WINDOWS).map(draft).collect();
        let filled = Filled {
            count: i64::try_from(windows.len()).unwrap_or(i64::MAX),
            topics,
            further: Vec::new(),
            more: false,
            list: page.clone(),
            about: match count {
                1 => format!("1 change is scheduled, in this window.{passes}"),
                _ => format!(
                    "{count} changes are scheduled; these are the next windows with any.{passes}"
                ),
            },
        };
        Ok((filled, count))
    }
}

/// Which changes a window has that begins after a deadline of what they remove; empty if none.
fn too_late(
    changes: &[&Scheduled],
    starts: Option<Timestamp>,
    due: &HashMap<i64, Timestamp>,
) -> String {
    let is_late = |is: &Scheduled| {
        let passed = |id: &i64| due.get(id).zip(starts).is_some_and(|(due, starts)| *due < starts);
        is.findings.iter().any(passed)
    };
    let mut names: Vec<String> =
        changes.iter().filter(|is| is_late(is)).map(|is| short(&is.change.package).0).collect();
    names.sort_unstable();
    names.dedup();
    let others = if names.len() > NAMED { " and others" } else { "" };
    names.truncate(NAMED);
    match names.is_empty() {
        true => String::new(),
        false => format!("; begins after the deadline of {}{others}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use trimtab_store::PlannedChange;

    use super::*;

    #[test]
    fn what_a_window_comes_too_late_for_is_named() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let change = |package: &str, finding: i64| Scheduled {
            change: PlannedChange { asset: 1, package: format!("pkg:npm/{package}") },
            version: "2.0.0".to_owned(),
            window: None,
            ready: None,
            points: 1.0,
            load: 1.0,
            findings: vec![finding],
            why: String::new(),
            by_people: false,
            since: Timestamp::UNIX_EPOCH,
        };
        let due: HashMap<i64, Timestamp> =
            [(1, at("2026-12-04T17:00:00Z")), (2, at("2027-01-04T17:00:00Z"))].into();
        let all = [change("st", 1), change("execa", 2), change("diff", 3)];
        let told =
            |starts: Option<&str>| too_late(&all.iter().collect::<Vec<_>>(), starts.map(at), &due);
        assert_eq!(told(Some("2026-12-07T00:00:00Z")), "; begins after the deadline of st");
        assert_eq!(told(Some("2027-02-01T00:00:00Z")), "; begins after the deadline of execa, st");
        assert_eq!(
            (told(Some("2026-12-01T00:00:00Z")), told(None)),
            (String::new(), String::new())
        );
    }
}
