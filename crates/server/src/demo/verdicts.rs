//! Verdicts of the gate in the last weeks of the year: changes that passed, that were mended after a refusal, that wait;
//! and a near miss out of a package that was refused.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{
    Finding, FindingFilter, FindingOrder, Judgement, NewIncident, NewIncidentEvent, NewVerdict,
    Org, Store, VerdictReason, VerdictSource,
};

use super::people::People;
use crate::access::secret::digest;
use crate::web::today::short;

/// When changes are judged: hours before the end of the year, about one a day of the last four weeks.
const JUDGED: [i64; 24] = [
    668, 643, 619, 597, 551, 523, 499, 477, 452, 383, 359, 331, 307, 284, 262, 215, 189, 166, 140,
    117, 94, 49, 27, 5,
];
/// How long after a refusal what was mended passes, in hours.
const MENDED: i64 = 4;
/// When a package is refused before it is added: hours before the end of the year.
pub(super) const CAUGHT: i64 = 73;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// The moments at which changes are judged: their number, and hours before the end of the year.
pub(super) fn moments() -> impl Iterator<Item = (usize, i64)> {
    JUDGED.into_iter().enumerate()
}

/// Findings that count, one of each asset. What suppliers deliver has no changes here.
async fn of_assets(store: &Store, org: Org) -> Result<Vec<Finding>, String> {
    let filter = FindingFilter { counts: Some(true), ..FindingFilter::default() };
    let page = store.findings(org, &filter, FindingOrder::Level, None, 500).await.map_err(told)?;
    let assets: Vec<i64> = page.rows.iter().map(|is| is.asset.0).collect();
    let theirs = store.delivered(org, &assets).await.map_err(told)?;
    let mut of: Vec<Finding> = Vec::new();
    for is in page.rows.into_iter().filter(|is| !theirs.contains_key(&is.asset.0)) {
        if of.len() < JUDGED.len() && of.iter().all(|one| one.asset.0 != is.asset.0) {
            of.push(is);
        }
    }
    Ok(of)
}

/// What the gate says at one of the moments, as a token of a CI sent it. Returns what it says later, and after how many
/// hours: half of what is refused is mended within the day.
pub(super) async fn judge(
    store: &Store,
    org: Org,
    people: &People,
    at: usize,
    now: Timestamp,
) -> Result<Option<(NewVerdict, i64)>, String> {
    let of = of_assets(store, org).await?;
    let Some(is) = of.get(at % of.len().max(1)) else { return Ok(None) };
    let actor = format!("person:{}", people.engineering);
    let passed = new(is, Judgement::Passed, at, "main");
    store.add_verdict(org, &passed, &actor, now).await.map_err(told)?;
    // The newest of all waits for an answer.
    let newest = at + 1 == JUDGED.len();
    if at.is_multiple_of(3) || newest {
        let refused = new(is, Judgement::Refused, at, "raise-forms");
        store.add_verdict(org, &refused, &actor, now).await.map_err(told)?;
    }
    let mended = at.is_multiple_of(6) && !newest;
    Ok(mended.then(|| (new(is, Judgement::Passed, at + 1, "raise-forms"), MENDED)))
}

/// What was mended passes.
pub(super) async fn mend(
    store: &Store,
    org: Org,
    people: &People,
    is: &NewVerdict,
    now: Timestamp,
) -> Result<(), String> {
    let actor = format!("person:{}", people.engineering);
    store.add_verdict(org, is, &actor, now).await.map(|_| ()).map_err(told)
}

/// A commit, as it looks.
fn commit(finding: i64, at: usize) -> String {
    digest(&format!("{finding} {at}")).chars().take(40).collect()
}

/// What the gate said of a change of a branch.
fn new(is: &Finding, judgement: Judgement, at: usize, branch: &str) -> NewVerdict {
    let (package, version) = short(&is.component.1);
    let reason = VerdictReason {
        rule: "trimtab.level/above-accepted".to_owned(),
        refuses: true,
        text: format!(
            "{} in {package} {version} is above what its tier accepts",
            is.vulnerability.1
        ),
        next: is.fix.as_ref().map(|fix| format!("Raise it to {fix}.")).unwrap_or_default(),
        vulnerability: Some(is.vulnerability.1.clone()),
        package: Some(is.component.1.clone()),
        level: is.weighed.as_ref().map(|is| is.level.as_str().to_owned()),
        finding: Some(is.id),
        brought: Some(true),
    };
    let refused = judgement == Judgement::Refused;
    NewVerdict {
        asset: is.asset.0,
        source: VerdictSource::Gate,
        judgement,
        revision: Some(commit(is.id, at)),
        branch: Some(branch.to_owned()).filter(|branch| branch != "main"),
        snapshot: None,
        headline: match refused {
            true => "Fails: 1 rule of the charter is broken.".to_owned(),
            false => "Passes: no rule of the charter is broken.".to_owned(),
        },
        charter: "Harbour 2".to_owned(),
        reasons: if refused { vec![reason] } else { Vec::new() },
    }
}

/// A near miss: a package that was refused before it was added, and what follows from it.
pub(super) async fn caught(
    store: &Store,
    org: Org,
    people: &People,
    now: Timestamp,
) -> Result<(), String> {
    let of = of_assets(store, org).await?;
    let Some(is) = of.first() else { return Ok(()) };
    let package = "pkg:npm/harbuor-forms@2.1.0";
    let asked = NewVerdict {
        source: VerdictSource::CheckNew,
        revision: Some(package.to_owned()),
        branch: None,
        headline: format!("{package} may not be added."),
        charter: String::new(),
        reasons: vec![VerdictReason {
            rule: "check-new/name".to_owned(),
            refuses: true,
            text: "its name is close to harbour-forms, which is ours".to_owned(),
            package: Some(package.to_owned()),
            brought: Some(true),
            ..VerdictReason::default()
        }],
        ..new(is, Judgement::Refused, 0, "main")
    };
    let engineer = format!("person:{}", people.engineering);
    let (verdict, _) = store.add_verdict(org, &asked, &engineer, now).await.map_err(told)?;
    let near = NewIncident {
        title: "A package of a name that only looks like ours, refused before it was added"
            .to_owned(),
        looked_for: "pkg:npm/harbuor-forms".to_owned(),
        versions: "2.1.0".to_owned(),
        published: None,
        drill: None,
        speed: 1,
        near_miss: true,
    };
    let due = (now + SignedDuration::from_hours(24 * 14)).to_string();
    let events = [
        NewIncidentEvent {
            kind: "note".to_owned(),
            team: is.team.as_ref().map(|team| team.0),
            told: json!({ "text": format!("check-new refused {package} for {}: its name is close to \
                harbour-forms, which is ours.", is.asset.1) }),
        },
        NewIncidentEvent {
            kind: "action".to_owned(),
            team: None,
            told: json!({ "text": "Allow names of our own from our own registry alone",
                "owner": people.engineering, "due": due }),
        },
    ];
    let systems: Vec<i64> = is.system.iter().map(|system| system.0).collect();
    let security = format!("person:{}", people.security);
    let of = (&near, verdict);
    let all = (events.as_slice(), systems.as_slice());
    store.open_near_miss(org, of, all, &security, now).await.map(|_| ()).map_err(told)
}
