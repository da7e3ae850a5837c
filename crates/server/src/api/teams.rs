//! Teams.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use trimtab_model::charter::Charter;
use trimtab_store::{FormerKind, Team};
use utoipa::ToSchema;

use super::{Changed, Listed, limit};
use crate::access::{Action, On, Who};
use crate::around::tags::stands;
use crate::jobs::replan;
use crate::object::Object;
use crate::problem::Problem;
use crate::removing;
use crate::state::App;
use crate::web::teams::may_see;

/// A team on the wire.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Team)]
pub(crate) struct Shown {
    /// Which: its name is then changed as well. If absent or 0: its name says which.
    #[serde(default)]
    pub(crate) id: i64,
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
    /// A cadence of the charter.
    pub(crate) cadence: Option<String>,
    /// Changes with every change: `If-Match: "…"` refuses to overwrite another. What is sent back is not read.
    #[serde(default)]
    #[schema(read_only)]
    pub(crate) version: String,
    /// Points in one window.
    #[schema(minimum = 0, maximum = 10000)]
    pub(crate) capacity: Option<f64>,
    /// How many batches it may have open at a time. If absent: no limit.
    #[schema(minimum = 1, maximum = 1000)]
    pub(crate) open_limit: Option<u32>,
}

/// The most batches that a team may have open, as in `trimtab.toml`.
pub(crate) const OPEN_MOST: u32 = 1000;

/// Which. The page asks the same.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A part of the name.
    pub(crate) q: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

impl Asked {
    /// Whether a team is asked for.
    pub(crate) fn fits(&self, team: &Team) -> bool {
        let q = self.q.as_deref().unwrap_or_default().trim().to_lowercase();
        team.name.to_lowercase().contains(&q)
    }
}

/// The teams of which they may see something, by name.
#[utoipa::path(get, path = "/api/v1/teams", tag = "teams", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    super::findings::seen(&who)?;
    let mut teams = app.store.teams(who.org).await?;
    let systems = app.store.systems(who.org).await?;
    teams.retain(|team| asked.fits(team) && may_see(&who, team, &systems));
    let page = (asked.after.as_deref(), limit(asked.limit));
    Ok(Json(Listed::part(&mut teams, |t| (t.name.clone(), t.id), page, shown)?))
}

/// Sets a team's cadence and capacity, by its id or name, or makes one. By its id, an admin changes its name too.
#[utoipa::path(put, path = "/api/v1/teams", tag = "teams", request_body = Shown, responses((status = 200, body = Changed)))]
pub(crate) async fn put(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Object(sent): Object<Shown>,
) -> Result<Json<Changed>, Problem> {
    let together = app.store.together().await?;
    let within = app.on(together.store().clone());
    within.store.hold_described(who.org).await?;
    let teams = within.store.teams(who.org).await?;
    let known = meant(&teams, &sent).map(shown);
    stands(&headers, known.as_ref().map(|s| s.version.as_str()))?;
    let id = pace(&within, &who, sent).await?;
    together.commit().await?;
    // Again, where everybody sees it: one that is done already may have seen what was before.
    let now = app.now();
    app.store.add_job(&replan::of_team(who.org, id, now), now).await?;
    app.work.notify_one();
    Ok(Json(Changed { id }))
}

/// Removes a team that nothing is of any longer. What was recorded of it stays.
#[utoipa::path(delete, path = "/api/v1/teams/{id}", tag = "teams", operation_id = "remove_team",
    params(("id" = i64, Path)),
    responses((status = 204, description = "It is gone"),
        (status = 409, description = "Something is still the team's; the detail says what, and what to do")))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    removing::remove(&app, &who, (FormerKind::Team, id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The team that is meant, if it is there.
fn meant<'t>(teams: &'t [Team], sent: &Shown) -> Option<&'t Team> {
    let is = |team: &&Team| match sent.id {
        0 => team.name == sent.name,
        id => team.id == id,
    };
    teams.iter().find(is)
}

fn shown(is: &Team) -> Shown {
    let shown = Shown {
        id: is.id,
        name: is.name.clone(),
        cadence: is.cadence.clone(),
        version: String::new(),
        capacity: is.capacity,
        open_limit: is.open_limit,
    };
    let version = super::version(&shown);
    Shown { version, ..shown }
}

/// Sets a team's cadence and capacity, or makes the team; the pages do it the same way.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn pace(app: &App, who: &Who, sent: Shown) -> Result<i64, Problem> {
    let teams = app.store.teams(who.org).await?;
    let known = meant(&teams, &sent);
    match known {
        Some(team) => {
            let on = On { system: None, team: Some(team.id) };
            if !who.may(Action::Administer, On::ALL) {
                who.must(Action::Pace, on)?;
            }
            if team.name != sent.name {
                who.must(Action::Administer, On::ALL)?;
            }
        }
        None => {
            who.must(Action::Administer, On::ALL)?;
            if sent.id != 0 {
                return Err(Problem::not_found("team"));
            }
        }
    }
    let id = known.map_or(0, |team| team.id);
    if teams.iter().any(|team| team.id != id && team.name == sent.name) {
        return Err(Problem::conflict("There is already a team of this name."));
    }
    if sent.name.is_empty() || sent.name.chars().count() > 200 {
        return Err(Problem::invalid("The name must be 1 to 200 characters."));
    }
    if sent.capacity.is_some_and(|c| !c.is_finite() || !(0.0..=10_000.0).contains(&c)) {
        return Err(Problem::invalid("`capacity` must be 0 to 10000 points."));
    }
    if sent.open_limit.is_some_and(|limit| !(1..=OPEN_MOST).contains(&limit)) {
        return Err(Problem::invalid("`open_limit` must be 1 to 1000 open batches."));
    }
    let now = app.now();
    let before = known.and_then(|team| team.cadence.as_deref());
    if let Some(name) = sent.cadence.as_deref().filter(|name| Some(*name) != before) {
        let agreed = app.agreed(who.org, now).await?;
        if let Some(wrong) = unknown_cadence(&agreed.charter, name) {
            return Err(Problem::invalid(wrong));
        }
    }
    let Shown { name, cadence, capacity, open_limit, .. } = sent;
    let team = Team { id, name, cadence, capacity, open_limit };
    let id = app.store.put_team(who.org, &team, &who.actor(), now).await?;
    app.store.add_job(&replan::of_team(who.org, id, now), now).await?;
    app.work.notify_one();
    Ok(id)
}

/// What is wrong with a cadence by which a team has no plan: the charter does not have it, or it has no windows. What a
/// team says already, by an earlier charter, may stay.
fn unknown_cadence(charter: &Charter, name: &str) -> Option<String> {
    let all = charter.cadences.iter().filter(|cadence| &*cadence.every != "now");
    let names: Vec<&str> = all.map(|cadence| &*cadence.name).collect();
    if names.contains(&name) {
        return None;
    }
    let has = match names.is_empty() {
        true => "It has none yet.".to_owned(),
        false => format!("Choose one of: {}.", names.join(", ")),
    };
    Some(format!("The charter has no cadence `{name}` with windows. {has}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cadence_that_the_charter_does_not_have_is_refused_with_those_that_it_has() {
        let framework = trimtab_charter::preset::default();
        assert_eq!(unknown_cadence(&framework, "every sprint"), None);
        let wrong = unknown_cadence(&framework, "sprint").unwrap();
        for words in ["`sprint`", "every sprint", "quarterly clean-up"] {
            assert!(wrong.contains(words), "{words}: {wrong}");
        }
        assert!(unknown_cadence(&framework, "now").is_some(), "it has no windows");
        let none = Charter { cadences: Vec::new(), ..framework };
        assert!(unknown_cadence(&none, "every sprint").unwrap().ends_with("It has none yet."));
    }
}
