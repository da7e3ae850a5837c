//! How a team's tracker is set: what is taken, what is tried with it, and what its points teach.

use std::collections::HashSet;

use trimtab_connect::track::{self, Project, Software};
use trimtab_engine::assess::distance;
use trimtab_engine::plan::learn::{Finished, Kind, Sort};
use trimtab_report::applied::json::Document;
use trimtab_store::{Applied, TicketOf, Tracker};

use super::round::patience;
use super::{Short, Told, opened, project, refusal};
use crate::ingest::Refused;
use crate::state::App;

/// What came of a try.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tried {
    /// Why it does not work. `None`: it does.
    pub(crate) wrong: Option<String>,
    /// As whom the tracker knows the token. `None`: it does not tell.
    pub(crate) account: Option<String>,
    /// How many tickets of Trimtab's are there.
    pub(crate) tickets: usize,
    /// Whether there are more.
    pub(crate) more: bool,
    /// What does not come through, and why.
    pub(crate) missing: Vec<String>,
}

/// Reads the project with the token. Nothing is written there.
///
/// # Errors
/// Something of ours went wrong.
pub(crate) async fn attempt(app: &App, tracker: &Tracker) -> Result<Tried, Refused> {
    let wrong = |why: &str| Tried { wrong: Some(why.to_owned()), ..Tried::default() };
    let Some(project) = project(tracker) else {
        return Ok(wrong("this build does not know that tracker, or the address is not valid"));
    };
    let Some(token) = opened(app, tracker, "token") else {
        return Ok(wrong(
            "the token cannot be decrypted: it was encrypted with another key, so enter it again",
        ));
    };
    let mut missing = missing(&project);
    let components = components(&tracker.is.components);
    let asked = tokio::task::spawn_blocking(move || {
        let role = track::connect(&project, &token, patience(), &Short)?;
        let me = role.me()?;
        let since = jiff::Timestamp::UNIX_EPOCH;
        let changed = role.changed(since)?;
        Ok::<_, trimtab_connect::requests::HostError>((me, changed, role.lacks(&components)))
    });
    let asked = asked.await.map_err(|e| Refused::Internal(e.to_string()))?;
    Ok(match asked {
        Err(error) => wrong(&refusal(&error)),
        Ok((me, changed, lacks)) => {
            missing.extend(lacks.unwrap_or_else(|error| {
                vec![format!("Its fields, components and states could not be checked: {error}.")]
            }));
            Tried {
                wrong: None,
                account: me.map(Into::into),
                tickets: changed.tickets.len(),
                more: changed.cut,
                missing,
            }
        }
    })
}

/// The names of components that tickets may get, each once.
fn components(of: &serde_json::Value) -> Vec<String> {
    let all = of.as_object().into_iter().flatten();
    let names: std::collections::BTreeSet<&str> =
        all.filter_map(|(_, name)| name.as_str()).filter(|name| !name.is_empty()).collect();
    names.into_iter().map(ToOwned::to_owned).collect()
}

/// What does not come through by how it is set.
fn missing(project: &Project) -> Vec<String> {
    let (software, settings) = (project.software, &project.settings);
    let mut all = Vec::new();
    let is_jira = matches!(software, Software::Jira | Software::JiraServer);
    if !software.has_points() {
        all.push("This tracker has no story points: points that people set are not read back.");
    } else if is_jira && settings.points.is_empty() {
        all.push(
            "No points field is set: enter it (customfield_…) to read back the points that people set.",
        );
    }
    if is_jira && settings.sprint.is_empty() {
        all.push(
            "No sprint field is set: enter it (customfield_…) to see which sprint a ticket is in.",
        );
    }
    if !project.has_due() {
        all.push("This tracker has no due dates: the due date is in the text.");
    }
    all.into_iter().map(ToOwned::to_owned).collect()
}

/// What tickets teach of costs: those that evidence closed and that people gave points. What an update says of the same
/// package counts by itself.
pub(crate) fn finished(tickets: &[TicketOf], applied: &[Applied]) -> Vec<Finished> {
    let mut known: HashSet<(i64, String)> = HashSet::new();
    for is in applied.iter().filter(|is| is.points.is_some()) {
        let told = serde_json::from_value::<Document>(is.is.told.clone());
        for moved in told.into_iter().flat_map(|told| told.moves) {
            known.insert((is.is.asset, moved.package));
        }
    }
    let over = tickets.iter().filter(|row| !row.wanted && row.key.is_some());
    let other = over.filter(|row| !known.contains(&(row.change.asset, row.change.package.clone())));
    other
        .filter_map(|row| {
            let told = Told::of(&row.told);
            // What was decided otherwise cost nobody anything.
            if !told.fixed {
                return None;
            }
            let distance = distance(&told.from, &told.to);
            let sort = Sort { kind: Kind::Upgrade, distance, transitive: false };
            Some(Finished { sort, points: Some(row.points?), days: None, reverted: false })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;
    use trimtab_store::{NewApplied, PlannedChange};

    use super::*;

    fn closed(package: &str, points: Option<f64>) -> TicketOf {
        let change = PlannedChange { asset: 1, package: package.to_owned() };
        let told =
            Told { from: "1.0.0".into(), to: "2.0.0".into(), fixed: true, ..Told::default() };
        let row = TicketOf::new(change, serde_json::to_value(told).unwrap());
        TicketOf { wanted: false, key: Some("7".into()), points, ..row }
    }

    #[test]
    fn each_component_is_asked_for_once() {
        let of = json!({ "*": "all", "shop": "ui", "desk": "ui", "none": "" });
        assert_eq!(components(&of), ["all", "ui"]);
        assert!(components(&json!(null)).is_empty());
    }

    #[test]
    fn points_of_what_is_over_teach_unless_an_update_does() {
        let all = [closed("pkg:npm/a", Some(5.0)), closed("pkg:npm/b", None)];
        let taught = finished(&all, &[]);
        assert_eq!(taught.len(), 1);
        assert_eq!(taught[0].points, Some(5.0));
        let open = [TicketOf { wanted: true, ..closed("pkg:npm/a", Some(5.0)) }];
        assert!(finished(&open, &[]).is_empty(), "nobody knows yet what it took");
        let mut decided = closed("pkg:npm/a", Some(5.0));
        decided.told["fixed"] = json!(false);
        assert!(finished(&[decided], &[]).is_empty(), "nobody did it");
        let tests = json!({ "judgement": "none", "why": "", "command": null, "before": null,
            "after": null, "failed_before": [], "mended": [], "gone": [], "wavering": [],
            "runs": 0, "confined": [] });
        let told = json!({ "format": "trimtab-applied", "version": 1, "target": "", "now": "",
            "batch": "", "window": "", "place": "", "tool": "", "outcome": "applied", "why": "",
            "base": "", "branch": null, "commits": [], "request": null, "actions": [],
            "removes": [], "load": null, "worse": [], "tests": tests, "changelogs": [],
            "why_these": [], "why_now": [], "rollback": [],
            "moves": [{ "package": "pkg:npm/a", "from": ["1.0.0"], "to": ["2.0.0"] }] });
        let update = Applied {
            id: 1,
            is: NewApplied { asset: 1, batch: "b".into(), at: Timestamp::UNIX_EPOCH, told },
            asset_name: String::new(),
            system: None,
            received: Timestamp::UNIX_EPOCH,
            actor: String::new(),
            points: Some(3.0),
            reverted: None,
            reason: String::new(),
            merged: None,
            deployed: None,
        };
        let taught = finished(&all[..1], std::slice::from_ref(&update));
        assert!(taught.is_empty(), "the update says it");
        assert!(serde_json::from_value::<Document>(update.is.told).is_ok());
    }
}
