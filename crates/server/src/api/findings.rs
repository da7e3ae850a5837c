//! Findings: lists with filters, and one with its history.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_model::Level;
use trimtab_store::{Entry, Finding, FindingFilter, FindingOrder, FindingState};

use super::{Listed, cursor, on, visible};
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::state::App;

/// The filter, as it stands in an address. The pages use the same.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    pub(crate) state: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) system: Option<i64>,
    pub(crate) team: Option<i64>,
    pub(crate) asset: Option<i64>,
    pub(crate) vulnerability: Option<String>,
    pub(crate) package: Option<String>,
    pub(crate) due: Option<String>,
    pub(crate) fixable: Option<bool>,
    pub(crate) order: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<usize>,
    pub(crate) by: Option<String>,
}

impl Asked {
    /// The filter and the order, for what they may see.
    pub(crate) async fn filter(
        &self,
        app: &App,
        who: &Who,
    ) -> Result<(FindingFilter, FindingOrder), Problem> {
        let systems = app.store.systems(who.org).await?;
        let states = match self.state.as_deref() {
            None | Some("" | "live") => Vec::new(),
            Some("any") => FindingState::ALL.to_vec(),
            Some(word) => vec![FindingState::from_text(word).ok_or_else(|| {
                Problem::invalid("`state` is one of live, any, open, merged, fixed, retracted.")
            })?],
        };
        let level = match self.level.as_deref() {
            None | Some("") => None,
            Some(word) => Some(Level::from_word(word).ok_or_else(|| {
                Problem::invalid("`level` is one of critical, high, medium, low.")
            })?),
        };
        let vulnerability = match self.vulnerability.as_deref() {
            None | Some("") => None,
            // Of a name that is not known here there is no finding.
            Some(name) => Some(app.store.vulnerability_of(who.org, name).await?.map_or(0, |v| v.0)),
        };
        let due_before = match self.due.as_deref() {
            None | Some("") => None,
            Some("passed") => Some(app.now()),
            Some(text) => Some(text.parse().map_err(|_| {
                Problem::invalid("`due` is `passed` or a time such as 2026-11-21T09:00:00Z.")
            })?),
        };
        let order = match self.order.as_deref() {
            None | Some("" | "level") => FindingOrder::Level,
            Some("deadline") => FindingOrder::Deadline,
            Some("newest") => FindingOrder::Newest,
            Some(_) => {
                return Err(Problem::invalid("`order` is one of level, deadline, newest."));
            }
        };
        let filter = FindingFilter {
            states,
            level,
            system: self.system,
            systems: visible(who, &systems),
            team: self.team,
            asset: self.asset,
            vulnerability,
            package: self.package.clone().filter(|p| !p.is_empty()),
            due_before,
            fixable: self.fixable,
            ..FindingFilter::default()
        };
        Ok((filter, order))
    }
}

/// A finding on the wire. What is `null` is unknown, or not there.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: i64,
    asset: Value,
    system: Value,
    team: Value,
    package: String,
    component: String,
    vulnerability: String,
    summary: Option<String>,
    state: &'static str,
    production: Option<bool>,
    detected: String,
    merged: Option<String>,
    fixed: Option<String>,
    level: Option<&'static str>,
    level_least: Option<&'static str>,
    level_most: Option<&'static str>,
    probability: Option<f64>,
    weight: Option<f64>,
    deadline: Option<String>,
    deadline_kind: Option<&'static str>,
    cost: Option<(f64, f64)>,
    fix: Option<String>,
    decision: Option<i64>,
    decided: Option<&'static str>,
}

fn named(pair: Option<&(i64, String)>) -> Value {
    pair.map_or(Value::Null, |(id, name)| json!({ "id": id, "name": name }))
}

impl From<&Finding> for Shown {
    fn from(is: &Finding) -> Shown {
        let w = is.weighed.as_ref();
        Shown {
            id: is.id,
            asset: named(Some(&is.asset)),
            system: named(is.system.as_ref()),
            team: named(is.team.as_ref()),
            package: is.package.clone(),
            component: is.component.1.clone(),
            vulnerability: is.vulnerability.1.clone(),
            summary: is.summary.clone(),
            state: is.state.as_str(),
            production: is.production,
            detected: is.detected.to_string(),
            merged: is.merged.map(|t| t.to_string()),
            fixed: is.fixed.map(|t| t.to_string()),
            level: w.map(|w| w.level.as_str()),
            level_least: w.map(|w| w.bounds.0.as_str()),
            level_most: w.map(|w| w.bounds.1.as_str()),
            probability: w.map(|w| w.probability),
            weight: w.map(|w| w.weight),
            deadline: w.and_then(|w| w.deadline).map(|t| t.to_string()),
            deadline_kind: w.map(|w| w.deadline_kind),
            cost: w.and_then(|w| w.cost),
            fix: is.fix.clone(),
            decision: w.and_then(|w| w.decision).map(|d| d.0),
            decided: w.and_then(|w| w.decision).map(|d| d.1),
        }
    }
}

pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    seen(&who)?;
    let (filter, order) = asked.filter(&app, &who).await?;
    let after = cursor(asked.after.as_deref())?;
    let limit = asked.limit.unwrap_or(100);
    let page = app.store.findings(who.org, &filter, order, after, limit).await?;
    let rows = page.rows.iter().map(Shown::from).collect();
    Ok(Json(Listed { rows, next: page.next.map(trimtab_store::Cursor::to_text) }))
}

pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Value>, Problem> {
    let finding = find(&app, &who, id).await?;
    let history = app.store.history(who.org, id).await?;
    let attributions = app.store.attributions(who.org, id).await?;
    let aliases = app.store.aliases(who.org, finding.vulnerability.0).await?;
    let said: Vec<Value> = attributions
        .iter()
        .map(|a| {
            json!({ "source": a.source, "since": a.since.to_string(), "last": a.last.to_string(),
                "until": a.until.map(|t| t.to_string()), "said": a.said })
        })
        .collect();
    let history: Vec<Value> = history.iter().map(entry).collect();
    let mut shown = serde_json::to_value(Shown::from(&finding)).unwrap_or_default();
    shown["aliases"] = json!(aliases);
    shown["attributions"] = json!(said);
    shown["history"] = json!(history);
    Ok(Json(shown))
}

/// A finding that they may see.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<Finding, Problem> {
    let missing = || Problem::not_found("finding");
    let finding = app.store.finding(who.org, id).await?.ok_or_else(missing)?;
    let on = on(&app.store, who.org, finding.system.as_ref().map(|s| s.0)).await?;
    if who.may(Action::View, on) { Ok(finding) } else { Err(missing()) }
}

/// They may see something at all.
pub(crate) fn seen(who: &Who) -> Result<(), Problem> {
    if who.may_somewhere(Action::View) { Ok(()) } else { Err(Problem::forbidden(Action::View)) }
}

pub(crate) fn entry(is: &Entry) -> Value {
    json!({ "seq": is.seq, "at": is.at, "kind": is.kind, "actor": is.actor, "system": is.system,
        "asset": is.asset, "finding": is.finding, "data": is.data, "hash": is.hash })
}
