//! A tracker of the first team that has something scheduled, with tickets as they may stand in it. Nobody gave it a token, so
//! that nothing is asked of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_model::Purl;
use trimtab_store::{NewTracker, Org, Scheduled, Store};

use crate::tracking::{Had, Told, standing};

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Keeps them.
pub(super) async fn of_first(
    store: &Store,
    org: Org,
    scheduled: &[(i64, Scheduled)],
    now: Timestamp,
) -> Result<(), String> {
    let Some((team, _)) = scheduled.first() else { return Ok(()) };
    let team = *team;
    let name = store.teams(org).await.map_err(told)?.into_iter().find(|t| t.id == team);
    let name = name.map(|team| team.name).unwrap_or_default();
    let tracker = NewTracker {
        team,
        software: "jira".to_owned(),
        address: "https://harbour.example".to_owned(),
        project: "HARB".to_owned(),
        settings: json!({ "points": "customfield_10016", "sprint": "customfield_10020" }),
        components: json!({ "*": "dependencies" }),
        open_limit: 4,
        private: false,
        token: Vec::new(),
        secret: Vec::new(),
        handle: "harbour-of-demo".to_owned(),
        person: 1,
        home: String::new(),
    };
    store.put_tracker(org, &tracker, "trimtab", now).await.map_err(told)?;
    // How each stands: stage, who has it, what people said, points, what became of a refusal.
    type Said =
        (&'static str, Option<&'static str>, &'static [&'static str], Option<f64>, &'static str);
    const STAND: [Said; 4] = [
        ("open", Some("Mei"), &["assigned to Mei", "in Sprint 49"], Some(3.0), ""),
        ("open", None, &[], None, ""),
        ("done", Some("Tom"), &["marked as done", "assigned to Tom"], None, ""),
        (
            "wont-do",
            None,
            &["will not be done: the ticket machine is replaced in March"],
            None,
            "An exception was requested: somebody else must answer it.",
        ),
    ];
    let own = scheduled.iter().filter(|(of, _)| *of == team).map(|(_, is)| is);
    for ((number, is), stand) in (7..).zip(own).zip(STAND) {
        let (stage, assignee, said, points, answer) = stand;
        let asset = store.asset(org, is.change.asset).await.map_err(told)?;
        let asset = asset.map(|is| is.asset.name).unwrap_or_default();
        let package = is.change.package.parse::<Purl>();
        let package = package.map_or_else(|_| is.change.package.clone(), |p| p.name().to_owned());
        let mut level = String::new();
        if let Some(first) = is.findings.first() {
            let first = store.finding(org, *first).await.map_err(told)?;
            level = first.and_then(|f| f.weighed).map_or(level, |w| w.level.to_string());
        }
        let ticket = Told {
            title: format!("Raise {package} to {} in {asset}", is.version),
            level,
            points: Some((is.points * 2.0).round() / 2.0),
            team: name.clone(),
            asset,
            to: is.version.clone(),
            window: is.window.as_ref().map_or("now", |w| &w.name).to_owned(),
            findings: is.findings.clone(),
            ..Told::default()
        };
        let planned = ticket.points;
        let ticket = serde_json::to_value(ticket).map_err(told)?;
        store.want_ticket(org, team, (&is.change, true), &ticket).await.map_err(told)?;
        let key = format!("HARB-{number}");
        let known = (Some(key.as_str()), None, None);
        let at = (tracker.address.as_str(), tracker.project.as_str());
        store.keep_ticket(org, team, &is.change, known, at).await.map_err(told)?;
        let had = Had {
            stage: stage.to_owned(),
            page: format!("https://harbour.example/browse/{key}"),
            assignee: assignee.map(ToOwned::to_owned),
            said: said.iter().map(|s| (*s).to_owned()).collect(),
            ..Had::default()
        };
        let stands = standing(Some(&key), &had, true, planned);
        store.tell_ticket(org, team, &is.change, stands, now).await.map_err(told)?;
        let had = serde_json::to_value(had).map_err(told)?;
        let looked = Some(now - SignedDuration::from_mins(4));
        store.see_ticket(org, team, &is.change, &had, (looked, "")).await.map_err(told)?;
        if !answer.is_empty() {
            store.answer_ticket(org, team, &is.change, Some(answer), now).await.map_err(told)?;
        }
        if points.is_some() {
            store.point_ticket(org, team, &is.change, points, now, None).await.map_err(told)?;
        }
    }
    store.note_tracker(org, team, Some(now), ("", None), now).await.map_err(told)
}
