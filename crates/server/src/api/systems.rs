//! Systems: what the business knows by name.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_model::Exposure;
use trimtab_store::System;

use super::visible;
use crate::access::{Action, On, Who};
use crate::jobs::rematch_all;
use crate::problem::Problem;
use crate::state::App;

/// A system on the wire. What is missing is unknown.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    #[serde(default)]
    pub(crate) id: i64,
    pub(crate) name: String,
    /// The owner team's name.
    pub(crate) team: Option<String>,
    pub(crate) product_owner: Option<String>,
    pub(crate) operations: Option<String>,
    pub(crate) tier: Option<String>,
    pub(crate) exposure: Option<String>,
    pub(crate) data: Option<Vec<String>>,
    pub(crate) environments: Option<Vec<String>>,
    pub(crate) failure: Option<String>,
    /// Names of the systems that it needs.
    #[serde(default)]
    pub(crate) needs: Vec<String>,
}

pub(crate) async fn list(State(app): State<App>, who: Who) -> Result<Json<Value>, Problem> {
    super::findings::seen(&who)?;
    let systems = app.store.systems(who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let visible = visible(&who, &systems);
    let may = |s: &&System| visible.as_ref().is_none_or(|v| v.contains(&s.id));
    let name = |id: &i64| systems.iter().find(|s| s.id == *id).map(|s| s.name.clone());
    let shown = |s: &System| Shown {
        id: s.id,
        name: s.name.clone(),
        team: s.team.and_then(|id| teams.iter().find(|t| t.id == id)).map(|t| t.name.clone()),
        product_owner: s.product_owner.clone(),
        operations: s.operations.clone(),
        tier: s.tier.clone(),
        exposure: s.exposure.map(|e| e.as_str().to_owned()),
        data: s.data.clone(),
        environments: s.environments.clone(),
        failure: s.failure.clone(),
        needs: s.needs.iter().filter_map(name).collect(),
    };
    let rows: Vec<Shown> = systems.iter().filter(may).map(shown).collect();
    Ok(Json(json!({ "rows": rows })))
}

pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Json(sent): Json<Shown>,
) -> Result<Json<Value>, Problem> {
    let id = describe(&app, &who, sent).await?;
    Ok(Json(json!({ "id": id })))
}

/// Describes a system; the pages do it the same way.
///
/// # Errors
/// They may not, or something of it is not known.
pub(crate) async fn describe(app: &App, who: &Who, sent: Shown) -> Result<i64, Problem> {
    let systems = app.store.systems(who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let known = systems.iter().find(|s| s.name == sent.name);
    let on = known.map_or(On::ALL, |s| On { system: Some(s.id), team: s.team });
    who.must(Action::Describe, on)?;
    if sent.name.is_empty() || sent.name.chars().count() > 200 {
        return Err(Problem::invalid("The name is 1 to 200 characters."));
    }
    let team = match &sent.team {
        None => None,
        Some(name) => Some(
            teams
                .iter()
                .find(|t| t.name == *name)
                .ok_or_else(|| Problem::invalid(format!("There is no team `{name}`.")))?
                .id,
        ),
    };
    let exposure = match sent.exposure.as_deref() {
        None => None,
        Some(word) => Some(Exposure::from_word(word).ok_or_else(|| {
            Problem::invalid("`exposure` is one of internet, internal, isolated.")
        })?),
    };
    let need = |name: &String| {
        let found = systems.iter().find(|s| s.name == *name);
        found.map(|s| s.id).ok_or_else(|| Problem::invalid(format!("There is no system `{name}`.")))
    };
    let system = System {
        id: 0,
        name: sent.name,
        team,
        product_owner: sent.product_owner,
        operations: sent.operations,
        tier: sent.tier,
        exposure,
        data: sent.data,
        environments: sent.environments,
        failure: sent.failure,
        needs: sent.needs.iter().map(need).collect::<Result<_, _>>()?,
    };
    let id = app.store.put_system(who.org, &system, &who.actor(), app.now()).await?;
    // What a system is weighs in every finding of it.
    app.store.add_job(&rematch_all(who.org, app.now()), app.now()).await?;
    app.work.notify_one();
    Ok(id)
}
