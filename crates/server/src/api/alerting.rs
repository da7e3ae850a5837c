//! `POST /api/v1/deployments/alerts`: what alerting systems say, as a webhook. Each format is a file that says what an
//! alert is; what it means for us is said here. An alert is evidence on what runs; where it says that a deployment
//! failed or was rolled back, that is noted as such.

mod labelled;
mod pagerduty;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_store::{Asset, Deployment, EventKind, NewEvent, Outcome, Reserved};
use utoipa::ToSchema;

use super::delivery::event;
use super::deployments::{Said, deploy};
use super::{asset_for, has_environment, on, snapshot_of};
use crate::access::{Action, Who, signed};
use crate::problem::Problem;
use crate::state::App;

/// The most alerts of one message.
const MOST: usize = 200;
/// How many deployments of an asset in an environment are looked at for what ran.
const LOOKED: usize = 100;
/// The longest word of an alert that is kept.
const LONGEST: usize = 200;

/// What the address says instead of the alert, where the two use other names.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Known {
    /// The asset's name.
    asset: Option<String>,
    /// The system's name: every asset of it that runs in the environment.
    system: Option<String>,
    /// The environment: a name of the charter.
    environment: Option<String>,
    /// The handle of a sender that signs, instead of a token.
    hook: Option<String>,
}

/// An alert, whoever sent it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Alert {
    /// Who sent it: `alertmanager`, `grafana`, `pagerduty`.
    source: &'static str,
    /// What makes it the same alert when it comes again.
    id: String,
    /// Which time it is that it fires or is over, where its id does not say.
    occurrence: String,
    /// What it is called.
    name: String,
    /// In a sentence.
    summary: String,
    /// Since when.
    starts: Option<Timestamp>,
    /// Whether it is over.
    resolved: bool,
    asset: Option<String>,
    system: Option<String>,
    environment: Option<String>,
    revision: Option<String>,
    /// `failed`, `rolled-back`: what it says of the deployment.
    outcome: Option<String>,
}

/// An alert that was noted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertNoted)]
pub(crate) struct Noted {
    alert: String,
    asset: String,
    environment: String,
    /// The deployment that it is evidence on, or that was noted.
    deployment: i64,
    /// How the deployment ended, as the alert says. If absent: it does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// Whether it was noted before.
    known: bool,
}

/// An alert that nothing was noted of.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertUnclear)]
pub(crate) struct Unclear {
    alert: String,
    /// Why, and what to do.
    why: String,
}

/// What became of the alerts of a message.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = AlertsTaken)]
pub(crate) struct Taken {
    noted: Vec<Noted>,
    unclear: Vec<Unclear>,
    /// What the message says that is no alert.
    #[serde(skip_serializing_if = "Option::is_none")]
    ignored: Option<String>,
}

/// Takes what an alerting system says: the webhooks of Alertmanager, Grafana and PagerDuty (V3). The asset or system, the
/// environment, the revision and how a deployment ended stand in the labels `trimtab_asset`, `trimtab_system`,
/// `trimtab_environment`, `trimtab_revision` and `trimtab_outcome`, or in the address. With `hook` it is signed with its
/// time instead of carrying a token. The same alert is noted once.
#[utoipa::path(post, path = "/api/v1/deployments/alerts", tag = "deployments",
    operation_id = "alerts", params(Known),
    request_body = Value,
    responses((status = 200, description = "Nothing new was noted", body = Taken),
        (status = 201, description = "Something was noted", body = Taken)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(known): Query<Known>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let who = match &known.hook {
        None => who?,
        Some(handle) => {
            let (who, message) = signed::who(&app, handle, &headers, &body).await?;
            if !message.is_dated {
                // An alert may be older than any day that could be asked of it.
                return Err(Problem::unsigned(
                    "An alert is signed with its time: by Standard Webhooks, or in Grafana's way with the timestamp \
                     header `X-Grafana-Alerting-Timestamp`.",
                ));
            }
            who
        }
    };
    let message = event(&headers, &body)?;
    let taken = take(&app, &who, &known, &message).await?;
    let new = taken.noted.iter().any(|noted| !noted.known);
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(taken)).into_response())
}

/// Notes the alerts of a message.
async fn take(app: &App, who: &Who, known: &Known, message: &Value) -> Result<Taken, Problem> {
    let alerts = match labelled::alerts(message).or_else(|| pagerduty::alerts(message)) {
        Some(Ok(alerts)) => alerts,
        Some(Err(ignored)) => return Ok(Taken { ignored: Some(ignored), ..Taken::default() }),
        None => {
            return Err(Problem::invalid(
                "This is not a webhook of Alertmanager (version 4), Grafana or PagerDuty (V3).",
            ));
        }
    };
    if alerts.len() > MOST {
        let detail = format!("A message has at most {MOST} alerts: set a limit where it is sent.");
        return Err(Problem::invalid(detail));
    }
    let mut taken = Taken::default();
    let mut refused = None;
    for alert in alerts {
        let name = alert.name.clone();
        match note(app, who, known, alert, &mut taken.unclear).await {
            Ok(noted) => taken.noted.extend(noted),
            // What is wrong with one alert does not keep the others from being noted. What is being noted by another
            // request may yet fail there: then all of it must come again.
            Err(problem) if matches!(problem.status, 403 | 404 | 422) => {
                taken.unclear.push(Unclear { alert: name, why: problem.detail.clone() });
                refused = refused.or(Some(problem).filter(|problem| problem.status == 403));
            }
            Err(problem) => return Err(problem),
        }
    }
    // So that the sender's log says it: nothing could be noted.
    match (taken.unclear.first(), refused) {
        (_, Some(refused)) if taken.noted.is_empty() => Err(refused),
        (Some(first), _) if taken.noted.is_empty() => Err(Problem::invalid(first.why.clone())),
        _ => Ok(taken),
    }
}

/// Notes an alert on every deployment that it is about.
async fn note(
    app: &App,
    who: &Who,
    known: &Known,
    alert: Alert,
    unclear: &mut Vec<Unclear>,
) -> Result<Vec<Noted>, Problem> {
    let missing = |what: &str| {
        Problem::invalid(format!(
            "The alert `{}` names no {what}: give it the label `trimtab_{what}`, or add `?{what}=` to the address.",
            alert.name
        ))
    };
    let environment = known.environment.clone().or_else(|| alert.environment.clone());
    let environment = environment.ok_or_else(|| missing("environment"))?;
    let agreed = app.agreed(who.org, app.now()).await?;
    has_environment(&agreed.charter, &environment)?;
    let outcome = match alert.outcome.as_deref() {
        None => None,
        Some(word) => Some(outcome(word).ok_or_else(|| {
            Problem::invalid("The label `trimtab_outcome` must be `failed` or `rolled-back`.")
        })?),
    };
    let asset = known.asset.clone().or_else(|| alert.asset.clone());
    let system = known.system.clone().or_else(|| alert.system.clone());
    let assets = match (asset, system) {
        (Some(name), _) => vec![asset_for(&app.store, who, Action::Deploy, &name).await?],
        (None, Some(name)) => running(app, who, &name, &environment).await?,
        (None, None) => return Err(missing("asset")),
    };
    if assets.len() > 1 && outcome.is_some() && !alert.resolved {
        return Err(Problem::invalid(format!(
            "More than one asset of the system runs in {environment}: set `trimtab_asset` to the one whose deployment it was."
        )));
    }
    let mut noted = Vec::new();
    for asset in assets {
        let (is, older) = once(app, who, &asset, &environment, &alert, outcome).await?;
        noted.push(is);
        if older {
            unclear.push(Unclear {
                alert: alert.name.clone(),
                why: format!(
                    "It began before what runs of `{}` in {environment} was deployed: it is noted on what ran then, and \
                     says nothing of what runs now.",
                    asset.name
                ),
            });
        }
    }
    Ok(noted)
}

fn outcome(word: &str) -> Option<Outcome> {
    match word {
        "failed" | "failure" => Some(Outcome::Failed),
        "rolled-back" | "rolled_back" | "rolledback" | "rollback" => Some(Outcome::RolledBack),
        _ => None,
    }
}

/// The assets of a system that run in an environment, as far as they may speak of it.
async fn running(
    app: &App,
    who: &Who,
    name: &str,
    environment: &str,
) -> Result<Vec<Asset>, Problem> {
    let systems = app.store.systems(who.org).await?;
    let system = systems.iter().find(|s| s.name == name);
    let system = system.ok_or_else(|| Problem::invalid(format!("There is no system `{name}`.")))?;
    who.must(Action::Deploy, on(&app.store, who.org, Some(system.id)).await?)?;
    let all = app.store.running_in(who.org, system.id, environment, MOST + 1).await?;
    if all.len() > MOST {
        return Err(Problem::invalid(format!(
            "More than {MOST} assets of `{name}` run in {environment}: set `trimtab_asset` to the one it is about."
        )));
    }
    if all.is_empty() {
        return Err(nothing_runs(name, environment));
    }
    Ok(all)
}

fn nothing_runs(name: &str, environment: &str) -> Problem {
    Problem::invalid(format!(
        "No deployment of `{name}` to {environment} is recorded: record one with `trimtab deployed`."
    ))
}

/// Notes an alert on an asset's deployment, if it was not noted before; and whether it began before what runs was
/// deployed.
async fn once(
    app: &App,
    who: &Who,
    asset: &Asset,
    environment: &str,
    alert: &Alert,
    outcome: Option<Outcome>,
) -> Result<(Noted, bool), Problem> {
    let (org, now) = (who.org, app.now());
    let state = if alert.resolved { "resolved" } else { "firing" };
    let outcome = outcome.filter(|_| !alert.resolved);
    let word = outcome.map_or("", Outcome::as_str);
    let key = format!(
        "alert {} {} {} {state} {word} {} {environment}",
        alert.source, alert.id, alert.occurrence, asset.id
    );
    let noted = |deployment: i64, known: bool| Noted {
        alert: alert.name.clone(),
        asset: asset.name.clone(),
        environment: environment.to_owned(),
        deployment,
        outcome: outcome.map(|outcome| outcome.as_str().to_owned()),
        known,
    };
    match app.store.reserve_answer(org, &key, "alert", now).await? {
        Reserved::Fresh => {}
        Reserved::Answered(_, text) => {
            return Ok((noted(text.parse().unwrap_or_default(), true), false));
        }
        Reserved::Running | Reserved::Other => {
            return Err(Problem::conflict(
                "The same alert is being recorded right now. Send it again.",
            ));
        }
    }
    let done = evidence(app, who, (asset, environment), (alert, outcome), now).await;
    let kept = done.as_ref().ok().map(|(deployment, _)| deployment.to_string());
    app.store.keep_answer(org, &key, kept.as_deref().map(|text| (201, text))).await?;
    let (deployment, older) = done?;
    Ok((noted(deployment, false), older))
}

/// Notes the outcome that an alert tells, and the alert itself. Gives the deployment that it is about, and whether it
/// began before what runs was deployed.
async fn evidence(
    app: &App,
    who: &Who,
    (asset, environment): (&Asset, &str),
    (alert, outcome): (&Alert, Option<Outcome>),
    now: Timestamp,
) -> Result<(i64, bool), Problem> {
    let org = who.org;
    let told = app.store.deployments_in(org, asset.id, environment, LOOKED).await?;
    let at = alert.starts.filter(|at| *at < now).unwrap_or(now);
    let Place { before, after } = place(&told, at);
    let unknown = || match after.is_empty() {
        true => nothing_runs(&asset.name, environment),
        false => Problem::invalid(format!(
            "It began before the first recorded deployment of `{}` to {environment}.",
            asset.name
        )),
    };
    let older = !alert.resolved && after.iter().any(|is| is.is.outcome == Outcome::Ok);
    let deployment = match outcome {
        None => before.first().ok_or_else(unknown)?.id,
        Some(outcome) => {
            let named = match &alert.revision {
                None => None,
                Some(revision) => {
                    let is = snapshot_of(&app.store, org, asset.id, revision).await?;
                    let missing = || {
                        Problem::invalid(format!(
                            "No snapshot of `{}` has the revision `{revision}`: push it first.",
                            asset.name
                        ))
                    };
                    Some(is.ok_or_else(missing)?)
                }
            };
            match told_already(&before, &after, outcome, named) {
                // Somebody said so before, or has said so since: it is no second one.
                Some(deployment) => deployment,
                None => {
                    let snapshot = named.or_else(|| ended(&before, outcome)).ok_or_else(|| {
                        Problem::invalid(format!(
                            "It is not known what of `{}` ran in {environment} before: say the revision in \
                             `trimtab_revision`.",
                            asset.name
                        ))
                    })?;
                    let said = Said {
                        asset: asset.name.clone(),
                        environment: environment.to_owned(),
                        snapshot: Some(snapshot),
                        revision: None,
                        outcome: outcome.as_str().to_owned(),
                        at: Some(at.to_string()),
                    };
                    let (_, Json(done)) = deploy(app, who, said).await?;
                    done.deployment()
                }
            }
        }
    };
    let data = json!({ "what": "alert", "environment": environment, "deployment": deployment,
        "source": alert.source, "alert": alert.name, "summary": alert.summary,
        "state": if alert.resolved { "resolved" } else { "firing" },
        "starts": alert.starts.map(|at| at.to_string()) });
    let event = NewEvent {
        kind: EventKind::Deployed,
        at: now,
        actor: who.actor(),
        system: asset.system,
        asset: Some(asset.id),
        finding: None,
        data,
    };
    app.store.tell(org, &[event]).await?;
    Ok((deployment, older))
}

/// Where an alert stands among the deployments that were told: those before it, and those after it, the newest first.
struct Place<'d> {
    before: Vec<&'d Deployment>,
    after: Vec<&'d Deployment>,
}

fn place(told: &[Deployment], at: Timestamp) -> Place<'_> {
    let (before, after) = told.iter().partition(|is| is.is.at <= at);
    Place { before, after }
}

/// The deployment by which it is known already that one ended so: what was told last before the alert, or first after
/// it. Where the alert names a snapshot, only one of that snapshot.
fn told_already(
    before: &[&Deployment],
    after: &[&Deployment],
    outcome: Outcome,
    named: Option<i64>,
) -> Option<i64> {
    let same = |is: &Deployment| named.is_none_or(|named| is.is.snapshot == named);
    // What was rolled back had failed: that it failed is known with it.
    let known = |is: &Deployment| match is.is.outcome {
        Outcome::RolledBack => named.is_none() || outcome == Outcome::RolledBack,
        Outcome::Failed => outcome == Outcome::Failed,
        Outcome::Ok | Outcome::Stopped => false,
    };
    let around = before.first().into_iter().chain(after.last());
    around.copied().find(|is| known(is) && same(is)).map(|is| is.id)
}

/// What a deployment that ended so was of, by what was told of an environment, the newest first: of one that failed,
/// what was deployed last; of one that was rolled back, what had run before that and was not rolled back itself.
fn ended(here: &[&Deployment], outcome: Outcome) -> Option<i64> {
    let last = here.first()?.is.snapshot;
    if outcome != Outcome::RolledBack {
        return Some(last);
    }
    let mut back: Option<i64> = None;
    for is in here {
        let snapshot = is.is.snapshot;
        match is.is.outcome {
            Outcome::Ok | Outcome::RolledBack => {
                // What ran just before a roll-back is what was taken back.
                let undone = back.take().is_some_and(|to| to != snapshot);
                if snapshot != last && !undone {
                    return Some(snapshot);
                }
                back = (is.is.outcome == Outcome::RolledBack).then_some(snapshot);
            }
            Outcome::Failed | Outcome::Stopped => {}
        }
    }
    None
}

/// A text of a message that is not empty, cut where it is too long to keep.
fn text(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|text| !text.is_empty())?;
    Some(text.chars().take(LONGEST).collect())
}

fn moment(value: &Value) -> Option<Timestamp> {
    // What has no time is told as the year 1.
    value.as_str()?.parse::<Timestamp>().ok().filter(|at| at.as_second() > 0)
}

#[cfg(test)]
mod tests {
    use trimtab_store::NewDeployment;

    use super::*;

    fn told(all: &[(i64, Outcome)]) -> Vec<Deployment> {
        let one = |(at, (snapshot, outcome)): (usize, &(i64, Outcome))| Deployment {
            id: i64::try_from(at).unwrap(),
            is: NewDeployment {
                asset: 1,
                environment: "production".into(),
                snapshot: *snapshot,
                outcome: *outcome,
                at: Timestamp::UNIX_EPOCH,
            },
            actor: String::new(),
        };
        all.iter().enumerate().map(one).collect()
    }

    #[test]
    fn what_ended_is_known_by_what_was_told_before() {
        use Outcome::{Failed, Ok, RolledBack};
        let of = |all: &[(i64, Outcome)], outcome| {
            let told = told(all);
            ended(&told.iter().collect::<Vec<_>>(), outcome)
        };
        assert_eq!(of(&[], Failed), None);
        assert_eq!(of(&[(3, Ok), (2, Ok)], Failed), Some(3));
        assert_eq!(of(&[(4, Failed), (3, Ok)], Failed), Some(4));
        assert_eq!(of(&[(3, Ok), (2, Ok)], RolledBack), Some(2));
        // The fourth never ran: who rolls it back has the third again.
        assert_eq!(of(&[(4, Failed), (3, Ok), (3, Ok), (2, Failed), (1, Ok)], RolledBack), Some(3));
        assert_eq!(of(&[(3, Failed), (3, Ok), (2, Failed), (1, Ok)], RolledBack), Some(1));
        // The fourth was rolled back once: it is not what ran well before the fifth, nor before the third again.
        let again = [(3, RolledBack), (4, Ok), (3, Ok), (2, Ok)];
        let with = |first: &[(i64, Outcome)]| [first, &again].concat();
        assert_eq!(of(&with(&[(5, Ok)]), RolledBack), Some(3));
        assert_eq!(of(&with(&[(3, Ok)]), RolledBack), Some(2));
        assert_eq!(of(&[(3, Ok)], RolledBack), None, "nothing ran before");
        assert_eq!(of(&[(4, Failed)], RolledBack), None);
    }

    #[test]
    fn what_is_known_already_is_not_told_again() {
        use Outcome::{Failed, Ok, RolledBack, Stopped};
        let of = |before: &[(i64, Outcome)], after: &[(i64, Outcome)], outcome, named| {
            let (before, after) = (told(before), told(after));
            let (before, after): (Vec<_>, Vec<_>) =
                (before.iter().collect(), after.iter().collect());
            told_already(&before, &after, outcome, named).is_some()
        };
        let back = [(2, RolledBack), (3, Ok), (2, Ok)];
        assert!(of(&back, &[], RolledBack, None), "an alert of another name");
        assert!(of(&back, &[], Failed, None));
        assert!(of(&[(3, Ok), (2, Ok)], &[(2, RolledBack)], RolledBack, None), "told since");
        assert!(!of(&[(3, Ok), (2, Ok)], &[(2, RolledBack), (4, Ok)], RolledBack, None));
        assert!(!of(&[(4, Ok), (2, RolledBack)], &[], RolledBack, None), "one followed");
        assert!(!of(&[(2, Stopped), (2, RolledBack)], &[], RolledBack, None));
        assert!(!of(&back, &[], RolledBack, Some(1)), "it names another");
        assert!(of(&back, &[], RolledBack, Some(2)));
        assert!(of(&[(3, Failed), (2, Ok)], &[], Failed, Some(3)));
        assert!(!of(&[(3, Failed), (2, Ok)], &[], Failed, Some(4)));
        assert!(!of(&[(3, Failed), (2, Ok)], &[], RolledBack, None));
    }

    #[test]
    fn an_outcome_is_one_of_two_words() {
        assert_eq!(outcome("failed"), Some(Outcome::Failed));
        assert_eq!(outcome("rolled_back"), Some(Outcome::RolledBack));
        for none in ["ok", "stopped", "", "FAILED"] {
            assert_eq!(outcome(none), None, "{none}");
        }
    }
}
