//! Teams.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_store::Team;

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// A team on the wire.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    #[serde(default)]
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) cadence: Option<String>,
    pub(crate) capacity: Option<f64>,
}

pub(crate) async fn list(State(app): State<App>, who: Who) -> Result<Json<Value>, Problem> {
    super::findings::seen(&who)?;
    let shown =
        |t: Team| Shown { id: t.id, name: t.name, cadence: t.cadence, capacity: t.capacity };
    let rows: Vec<Shown> = app.store.teams(who.org).await?.into_iter().map(shown).collect();
    Ok(Json(json!({ "rows": rows })))
}

pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    Json(sent): Json<Shown>,
) -> Result<Json<Value>, Problem> {
    let id = pace(&app, &who, sent).await?;
    Ok(Json(json!({ "id": id })))
}

/// Sets a team's cadence and capacity, or makes the team; the pages do it the same way.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn pace(app: &App, who: &Who, sent: Shown) -> Result<i64, Problem> {
    let known = app.store.teams(who.org).await?.into_iter().find(|t| t.name == sent.name);
    match &known {
        Some(team) => {
            let on = On { system: None, team: Some(team.id) };
            if !who.may(Action::Administer, On::ALL) {
                who.must(Action::Pace, on)?;
            }
        }
        None => who.must(Action::Administer, On::ALL)?,
    }
    if sent.name.is_empty() || sent.name.chars().count() > 200 {
        return Err(Problem::invalid("The name is 1 to 200 characters."));
    }
    if sent.capacity.is_some_and(|c| !c.is_finite() || !(0.0..=10_000.0).contains(&c)) {
        return Err(Problem::invalid("`capacity` is 0 to 10000 points."));
    }
    let team = Team { id: 0, name: sent.name, cadence: sent.cadence, capacity: sent.capacity };
    Ok(app.store.put_team(who.org, &team, &who.actor(), app.now()).await?)
}
