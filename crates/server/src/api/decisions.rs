//! Decisions: asked for by one, answered by another.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_model::{Level, Role};
use trimtab_store::{Decision, DecisionKind, DecisionState, NewDecision};

use super::findings::find;
use super::on;
use crate::access::{Action, On, Who};
use crate::jobs::rematch_all;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;

/// A decision to be asked for, about a finding.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// The finding.
    finding: i64,
    /// `exception`.
    #[serde(default = "exception")]
    kind: String,
    reason: String,
    control: Option<String>,
    /// The side that they speak for.
    role: String,
    /// How many days it is to hold.
    days: i64,
}

fn exception() -> String {
    DecisionKind::Exception.as_str().to_owned()
}

/// Which.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    state: Option<String>,
}

/// An answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    /// `approved`, `refused`, `ended`.
    state: String,
    /// The side that they speak for.
    role: String,
}

pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    who.must(Action::View, On::ALL)?;
    let state = match asked.state.as_deref() {
        None | Some("") => DecisionState::Asked,
        Some(word) => DecisionState::from_text(word).ok_or_else(|| {
            Problem::invalid("`state` is one of asked, approved, refused, ended.")
        })?,
    };
    let all = app.store.decisions(who.org, state, 500).await?;
    Ok(Json(json!({ "rows": all.iter().map(shown).collect::<Vec<_>>() })))
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let finding = find(&app, &who, wanted.finding).await?;
    let system = finding.system.as_ref().map(|s| s.0);
    who.must(Action::Ask, on(&app.store, who.org, system).await?)?;
    let role = role(&who, &wanted.role)?;
    let now = app.now();
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    let rules = &agreed.charter.exceptions;
    if wanted.kind != DecisionKind::Exception.as_str() {
        return Err(Problem::invalid("`kind` is `exception`."));
    }
    if !rules.may_ask.is_empty() && !rules.may_ask.contains(&role) {
        return Err(Problem::invalid(format!(
            "By the charter, {role} may not ask for exceptions."
        )));
    }
    if wanted.reason.trim().is_empty() || wanted.reason.chars().count() > 4000 {
        return Err(Problem::invalid("Say why, in 1 to 4000 characters."));
    }
    let level = finding.weighed.as_ref().map_or(Level::Critical, |w| w.level);
    let longest = rules.longest_days.get(level as usize).copied().flatten();
    if !(1..=3650).contains(&wanted.days)
        || longest.is_some_and(|most| wanted.days > i64::from(most))
    {
        let most = longest.map_or("3650".to_owned(), |m| m.to_string());
        return Err(Problem::invalid(format!(
            "`days` is 1 to {most}: what is {level} may be accepted so long."
        )));
    }
    if rules.control_from.is_some_and(|from| level >= from)
        && wanted.control.as_deref().is_none_or(|c| c.trim().is_empty())
    {
        return Err(Problem::invalid(format!(
            "What is {level} needs a compensating control: `control`."
        )));
    }
    let new = NewDecision {
        kind: DecisionKind::Exception,
        vulnerability: Some(finding.vulnerability.1.clone()),
        package: Some(finding.package.clone()),
        asset: Some(finding.asset.0),
        system,
        environment: None,
        reason: wanted.reason,
        justification: None,
        control: wanted.control,
        author: who.person.id,
        author_role: role.as_str().to_owned(),
        expires: Some(now + SignedDuration::from_hours(24 * wanted.days)),
    };
    let id = app.store.ask(who.org, &new, &who.actor(), now).await?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "state": "asked" }))))
}

pub(crate) async fn answer(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Json(answer): Json<Answer>,
) -> Result<Json<Value>, Problem> {
    let missing = || Problem::not_found("decision");
    let decision = app.store.decision(who.org, id).await?.ok_or_else(missing)?;
    who.must(Action::Answer, on(&app.store, who.org, decision.is.system).await?)?;
    let role = role(&who, &answer.role)?;
    let state = match DecisionState::from_text(&answer.state) {
        Some(state) if state != DecisionState::Asked => state,
        _ => return Err(Problem::invalid("`state` is one of approved, refused, ended.")),
    };
    let now = app.now();
    if state == DecisionState::Approved {
        may_approve(&app, &who, &decision, role, now).await?;
    }
    let by = (who.person.id, role.as_str());
    if !app.store.answer(who.org, id, state, by, &who.actor(), now).await? {
        return Err(Problem::conflict(
            "It was answered already, or you asked for it yourself: somebody else must answer.",
        ));
    }
    app.store.add_job(&rematch_all(who.org, now), now).await?;
    app.work.notify_one();
    Ok(Json(json!({ "id": id, "state": state.as_str() })))
}

/// By the charter, at the level that the finding has now.
async fn may_approve(
    app: &App,
    who: &Who,
    is: &Decision,
    role: Role,
    now: Timestamp,
) -> Result<(), Problem> {
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    let vulnerability = match &is.is.vulnerability {
        None => None,
        Some(name) => app.store.vulnerability_of(who.org, name).await?.map(|v| v.0),
    };
    let filter = trimtab_store::FindingFilter {
        vulnerability,
        package: is.is.package.clone(),
        asset: is.is.asset,
        ..trimtab_store::FindingFilter::default()
    };
    let order = trimtab_store::FindingOrder::Level;
    let page = app.store.findings(who.org, &filter, order, None, 1).await?;
    let level =
        page.rows.first().and_then(|f| f.weighed.as_ref()).map_or(Level::Critical, |w| w.level);
    let may = agreed.charter.exceptions.may_approve.get(level as usize);
    if may.is_some_and(|may| may.contains(&role)) {
        Ok(())
    } else {
        Err(Problem::invalid(format!("By the charter, {role} may not approve what is {level}.")))
    }
}

/// A side that they may speak for.
fn role(who: &Who, word: &str) -> Result<Role, Problem> {
    let role = Role::from_word(word).filter(|role| who.roles().contains(role));
    role.ok_or_else(|| Problem::invalid("`role` is one of your own roles."))
}

fn shown(is: &Decision) -> Value {
    json!({ "id": is.id, "kind": is.is.kind.as_str(), "state": is.state.as_str(),
        "vulnerability": is.is.vulnerability, "package": is.is.package, "asset": is.is.asset,
        "system": is.is.system, "reason": is.is.reason, "control": is.is.control,
        "author": is.is.author, "author_role": is.is.author_role,
        "approver": is.approver.as_ref().map(|a| a.0), "asked": is.asked.to_string(),
        "expires": is.is.expires.map(|t| t.to_string()) })
}
