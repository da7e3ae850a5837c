//! What a batch is, as requests remember it: digests of its actions and of the findings that go with it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_connect::requests::life::Planned;
use trimtab_connect::requests::{Id, Marker, Under};
use trimtab_engine::repository::ids;
use trimtab_model::Purl;
use trimtab_model::finding::Finding;
use trimtab_report::applied::json::{DONE, Document};
use trimtab_report::plan::json as planned;

use super::build::DENIED;
use super::plan::Plan;

/// The word of the window of what must be done at once.
const NOW: &str = "now";

/// The findings of a scan, under each of their ids.
pub(in crate::commands) fn findings(all: &[Finding]) -> BTreeSet<Id> {
    let under = |finding: &Finding| {
        let package = finding.purl.package().to_string();
        ids(finding).into_iter().map(move |id| Id::of_finding(&id, &package)).collect::<Vec<_>>()
    };
    all.iter().flat_map(under).collect()
}

/// The batches of a plan, in their order.
pub(in crate::commands) fn batches(plan: &Plan, now: Timestamp) -> Vec<Planned> {
    plan.0.batches.iter().map(|batch| one(plan, batch, now)).collect()
}

fn one(plan: &Plan, batch: &planned::Batch, now: Timestamp) -> Planned {
    let gone = plan.0.findings.iter().filter(|finding| batch.removes.contains(&finding.name));
    let under = |finding: &planned::Finding| {
        let package = package(&finding.package);
        let all = std::iter::once(&finding.vulnerability).chain(&finding.aliases);
        all.map(move |id| Id::of_finding(id, &package)).collect::<Vec<_>>()
    };
    // A window that the plan does not tell has begun: somebody named the batch.
    let window = plan.0.rhythm.windows.iter().find(|window| window.name == batch.window);
    let start = window.and_then(|window| window.start.parse::<Timestamp>().ok());
    let has_begun = batch.window == NOW || start.is_none_or(|start| start <= now);
    // A version may leave quarantine within its window.
    let not_before = plan.waits(batch, now).filter(|_| has_begun);
    Planned {
        batch: batch.name.clone(),
        place: Id::of(&[&batch.place]),
        actions: actions(plan, batch, |action| !waits(plan, batch, action, now)),
        removes: gone.flat_map(under).collect(),
        due: has_begun && not_before.is_none(),
        not_before,
        aged: aged(plan, batch, now),
        charter: Some(charter(plan)),
    }
}

/// When the last of a batch's actions became old enough that had to wait for it.
fn aged(plan: &Plan, batch: &planned::Batch, now: Timestamp) -> Option<Timestamp> {
    let of = plan.0.actions.iter().filter(|action| batch.actions.contains(&action.name));
    let until = of.filter_map(|action| action.quarantine.as_deref()?.parse::<Timestamp>().ok());
    until.filter(|until| *until <= now).max()
}

/// The charter of a plan.
fn charter(plan: &Plan) -> Id {
    let by = &plan.0.charter;
    Id::of(&[&by.name, &by.version])
}

/// Whether an action waits for its age, and its batch for that.
fn waits(plan: &Plan, batch: &planned::Batch, action: &planned::Action, now: Timestamp) -> bool {
    let is_later = |at: &str| at.parse::<Timestamp>().is_ok_and(|at| at > now);
    let young = action.quarantine.as_deref().is_some_and(is_later);
    young && is_later(&batch.from) && !plan.is_exploited(action)
}

/// Those actions of a batch of which something holds.
fn actions(
    plan: &Plan,
    batch: &planned::Batch,
    is: impl Fn(&planned::Action) -> bool,
) -> BTreeSet<Id> {
    let of = plan.0.actions.iter().filter(|action| batch.actions.contains(&action.name));
    of.filter(|action| is(action))
        .map(|action| {
            let or = |text: &Option<String>| text.clone().unwrap_or_default();
            let mut parts = vec![action.place.clone()];
            for asked in std::iter::once(&action.proposal).chain(&action.proposal.with) {
                parts.extend([
                    asked.way.clone(),
                    asked.package.clone(),
                    or(&asked.to),
                    or(&asked.other),
                ]);
            }
            Id::of(&parts.iter().map(String::as_str).collect::<Vec<_>>())
        })
        .collect()
}

/// A package of a purl, without version.
fn package(purl: &str) -> String {
    purl.parse::<Purl>().map_or_else(|_| purl.to_owned(), |purl| purl.package().to_string())
}

/// What the text of a request says of a batch that was carried out. What the charter refused on the day for its age may be
/// had later, and was not tried.
pub(super) fn marker(plan: &Plan, batch: &planned::Batch, document: &Document) -> Marker {
    let gone = document.removes.iter();
    let gone = gone.map(|f| Id::of_finding(&f.vulnerability, &package(&f.package)));
    let now = document.now.parse::<Timestamp>().ok();
    let outcome = |action: &planned::Action| {
        let told = document.actions.iter().find(|told| told.name == action.name);
        told.map(|told| &*told.outcome)
    };
    let is_young = |action: &planned::Action| {
        let until = action.quarantine.as_deref().and_then(|q| q.parse::<Timestamp>().ok());
        until.zip(now).is_some_and(|(until, now)| until > now)
    };
    let is_denied = |action: &planned::Action| outcome(action) == Some(DENIED);
    let done = actions(plan, batch, |action| outcome(action) == Some(DONE));
    let tried = actions(plan, batch, |action| {
        outcome(action).is_some() && !(is_denied(action) && is_young(action))
    });
    let refused = actions(plan, batch, |action| is_denied(action) && !is_young(action));
    let at = now.filter(|_| !refused.is_empty());
    Marker {
        batch: Marker::name(&batch.name),
        place: Id::of(&[&batch.place]),
        base: document.base.clone(),
        tip: document.commits.last().map(|commit| commit.id.clone()).unwrap_or_default(),
        actions: Id::of_all(&done),
        tried: (tried != done).then(|| Id::of_all(&tried)),
        under: at.map(|at| Under { charter: charter(plan), at }),
        gone: gone.collect(),
        whole: true,
        closed: None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trimtab_connect::requests::Wanted;

    use super::*;

    /// A window from 1 to 14 June; in it a batch of an action that is old enough and of one that is from 7 June on.
    fn plan() -> Plan {
        let action = |name: &str, quarantine: Option<&str>| {
            json!({
                "name": name, "way": "raise", "place": "a.lock", "tool": "npm", "confirmed": true,
                "proposal": { "way": "raise", "package": format!("pkg:npm/{name}@1.0.0"), "to": "2.0.0", "other": null },
                "moves": [], "distance": null, "removes": [], "brings": [],
                "cost": { "least": 1.0, "most": 2.0, "reasons": [] },
                "confidence": { "value": 0.9, "reasons": [] }, "quarantine": quarantine,
                "checks": [], "changes": [], "commands": [],
            })
        };
        let window = json!({
            "name": "first", "start": "2026-06-01T09:00:00Z", "end": "2026-06-14T17:00:00Z",
            "points": 5.0, "least": "low",
        });
        let batch = json!({
            "name": "first-npm", "window": "first", "place": "a.lock", "folder": "", "tool": "npm",
            "after": null, "actions": ["old", "young"], "least": 1.0, "most": 2.0, "points": 1.5,
            "removes": [], "load": 5.0, "load_days": 9.0, "from": "2026-06-07T09:00:00Z",
            "by": "2026-06-14T17:00:00Z", "confirmed": "together", "moves": [], "changes": [],
            "why_these": [], "why_now": [],
        });
        let plan = json!({
            "format": "trimtab-plan", "version": 1, "target": "app", "now": "2026-06-01T09:00:00Z",
            "folder": "", "index": { "data_date": null, "digest": "" },
            "charter": { "name": "Shared framework", "version": "1" },
            "rhythm": { "team": "this team", "cadence": "sprint", "capacity": 5.0, "days_per_point": 1.0,
                "open_limit": null, "assumed": [], "windows": [window], "horizon": "2026-07-01T00:00:00Z" },
            "search": { "offline": false, "ideas": 1, "confirmed": 1, "tries": 1, "cut_short": false },
            "load": 5.0,
            "worth": { "objective": 1.0, "bound": 1.0, "gap": 0.0, "load_days": 1.0, "missed": 0 },
            "nothing": { "load_days": 1.0, "missed": [] }, "course": [], "batches": [batch],
            "actions": [action("old", None), action("young", Some("2026-06-07T09:00:00Z"))],
            "left": [], "not_taken": [], "margins": [], "findings": [],
        });
        Plan::read(&plan.to_string(), "plan.json").unwrap()
    }

    /// What was carried out of it, where the second action came to this.
    fn applied(outcome: &str) -> Document {
        let action = |name: &str, outcome: &str| json!({ "name": name, "what": name, "outcome": outcome, "why": "" });
        let tests = json!({
            "judgement": "none", "why": "", "command": null, "before": null, "after": null,
            "failed_before": [], "mended": [], "gone": [], "wavering": [], "runs": 0, "confined": [],
        });
        serde_json::from_value(json!({
            "format": "trimtab-applied", "version": 1, "target": "app", "now": "2026-06-01T09:00:00Z",
            "batch": "first-npm", "window": "first", "place": "a.lock", "tool": "npm",
            "outcome": "part", "why": "", "base": "b0", "branch": null, "commits": [], "request": null,
            "actions": [action("old", DONE), action("young", outcome)], "moves": [], "load": null,
            "removes": [], "worse": [], "tests": tests, "changelogs": [], "why_these": [],
            "why_now": [], "rollback": [],
        }))
        .unwrap()
    }

    fn day(day: u8) -> Timestamp {
        format!("2026-06-{day:02}T12:00:00Z").parse().unwrap()
    }

    #[test]
    fn what_was_too_young_is_built_once_it_is_old_enough() {
        let plan = plan();
        let batch = &plan.0.batches[0];
        let is_of = |outcome: &str, at: u8| {
            is_of(&marker(&plan, batch, &applied(outcome)), &batches(&plan, day(at))[0])
        };
        assert!(is_of(DENIED, 2), "it is as far as it can be");
        assert!(!is_of(DENIED, 8), "the young one is missing");
        assert!(is_of("breaks", 8), "what breaks is not tried again by the same plan");
        assert!(is_of(DONE, 8));
        assert!(marker(&plan, batch, &applied(DONE)).tried.is_none());
    }

    fn is_of(marker: &Marker, planned: &Planned) -> bool {
        let charter = planned.charter.as_ref();
        marker.is_of(Wanted { actions: &planned.actions, aged: planned.aged, charter })
    }

    #[test]
    fn what_is_refused_for_something_else_than_its_age_is_built_once() {
        let mut plan = plan();
        plan.0.actions[1].quarantine = None;
        let made = marker(&plan, &plan.0.batches[0], &applied(DENIED));
        let is_kept = |plan: &Plan, at: u8| is_of(&made, &batches(plan, day(at))[0]);
        assert!(is_kept(&plan, 2) && is_kept(&plan, 20), "not anew at each sync");
        let told = Marker { tip: "t0".to_owned(), ..made.clone() };
        assert_eq!(Marker::read(&told.mark("x", None)), Some(told));
        assert!(made.tried.is_some() && made.under.is_some());
        // Another charter may allow it.
        plan.0.charter.version = "2".to_owned();
        assert!(!is_kept(&plan, 2));
        plan.0.charter.version = "1".to_owned();
        // A later plan knows that it was too young, and until when.
        plan.0.actions[1].quarantine = Some("2026-06-07T09:00:00Z".to_owned());
        assert!(is_kept(&plan, 2) && !is_kept(&plan, 8), "built when it is old enough");
    }

    #[test]
    fn what_waits_within_its_window_says_until_when() {
        let plan = plan();
        let at = |at: Timestamp| {
            let all = batches(&plan, at);
            (all[0].due, all[0].not_before.map(|from| from.strftime("%F").to_string()))
        };
        assert_eq!(at("2026-05-30T12:00:00Z".parse().unwrap()), (false, None), "it has not begun");
        assert_eq!(at(day(2)), (false, Some("2026-06-07".to_owned())));
        assert_eq!(at(day(8)), (true, None));
    }

    #[test]
    fn what_waits_is_not_the_first_that_is_applied() {
        let mut plan = plan();
        let told = plan.batch(None, day(2)).unwrap_err();
        assert!(told.message.contains("`first-npm` is not before 2026-06-07"), "{told:?}");
        assert_eq!(plan.batch(Some("first-npm"), day(2)).unwrap().name, "first-npm");
        assert_eq!(plan.batch(None, day(8)).unwrap().name, "first-npm");
        let mut next = plan.0.batches[0].clone();
        (next.name, next.from) = ("second-npm".to_owned(), "2026-06-01T09:00:00Z".to_owned());
        plan.0.batches.push(next);
        assert_eq!(plan.batch(None, day(2)).unwrap().name, "second-npm");
    }
}
