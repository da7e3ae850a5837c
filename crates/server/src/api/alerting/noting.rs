//! Noting an alert on every deployment that it is about, once.

use axum::Json;
use jiff::Timestamp;
use serde_json::json;
use trimtab_store::{Asset, EventKind, NewEvent, Outcome, Reserved};

use super::history::{Place, ended, place, told_already};
use super::{Alert, Known, MOST, Noted, Unclear};
use crate::access::{Action, Who};
use crate::api::deployments::{Said, deploy};
use crate::api::{asset_for, has_environment, on, snapshot_of};
use crate::problem::Problem;
use crate::state::App;

/// How many deployments of an asset in an environment are looked at for what ran.
const LOOKED: usize = 100;

/// Notes an alert on every deployment that it is about.
pub(super) async fn note(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_one_of_two_words() {
        assert_eq!(outcome("failed"), Some(Outcome::Failed));
        assert_eq!(outcome("rolled_back"), Some(Outcome::RolledBack));
        for none in ["ok", "stopped", "", "FAILED"] {
            assert_eq!(outcome(none), None, "{none}");
        }
    }
}
