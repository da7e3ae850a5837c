//! Joint ownership: who answers for which part of the work on a system, and what waits for whom.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use trimtab_store::{Cursor, System};
use utoipa::ToSchema;

use super::{Named, cursor};
use crate::access::{Action, On, Who};
use crate::facts::handoffs::{HandOff, waiting};
use crate::facts::steps::Part;
use crate::object::Object;
use crate::people;
use crate::problem::Problem;
use crate::state::App;

/// Of whom.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of a team's systems; if absent: of all that they may see.
    pub(crate) team: Option<i64>,
    /// `true`: only what is late.
    pub(crate) late: Option<bool>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
}

/// A step that waits for somebody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HandOff)]
pub(crate) struct Shown {
    finding: i64,
    vulnerability: String,
    system: Option<String>,
    /// `engineering`, `security`, `product` or `operations`.
    side: &'static str,
    task: &'static str,
    /// For whom.
    on: String,
    since: String,
    /// `null`: at the next opportunity.
    until: Option<String>,
    late: bool,
}

impl From<&HandOff> for Shown {
    fn from(is: &HandOff) -> Shown {
        Shown {
            finding: is.finding.id,
            vulnerability: is.finding.vulnerability.1.clone(),
            system: is.finding.system.as_ref().map(|s| s.1.clone()),
            side: is.side.as_str(),
            task: is.task,
            on: is.on.clone(),
            since: is.since.to_string(),
            until: is.until.map(|at| at.to_string()),
            late: is.late,
        }
    }
}

/// What waits for whom.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HandOffs {
    /// What is due first.
    rows: Vec<Shown>,
    /// Whether there are more findings than were looked at: 100 at a time, by their deadline.
    more: bool,
    /// Where it goes on then.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// What waits for whom, and what of it is late: the steps of open findings.
#[utoipa::path(get, path = "/api/v1/handoffs", tag = "systems", operation_id = "handoffs",
    params(Asked), responses((status = 200, body = HandOffs)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<HandOffs>, Problem> {
    let after = cursor(asked.after.as_deref())?;
    let all = waiting(&app, &who, asked.team, after).await?;
    let wanted = |is: &&HandOff| asked.late.is_none_or(|late| is.late == late);
    let rows = all.rows.iter().filter(wanted).map(Shown::from).collect();
    let next = all.next.map(Cursor::to_text);
    Ok(Json(HandOffs { rows, more: next.is_some(), next }))
}

/// Who answers for which part of the work on a system.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = SystemPeople)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct People {
    /// The person who chooses dependencies and ways out. If absent: the owner team.
    pub(crate) selection: Option<i64>,
    /// Who says how grave something is.
    pub(crate) assessment: Option<i64>,
    /// Who says what comes first.
    pub(crate) prioritisation: Option<i64>,
    /// Who brings it to where it runs.
    pub(crate) deployment: Option<i64>,
}

/// Somebody who answers for a part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PartOwner)]
pub(crate) struct Owner {
    /// `selection`, `assessment`, `prioritisation` or `deployment`.
    part: &'static str,
    /// `null`: nobody is named, and it is the team's.
    person: Option<Named>,
    /// The owner team. `null`: no team owns the system.
    team: Option<i64>,
}

/// Who answers for the parts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Owners {
    rows: Vec<Owner>,
}

/// The people of a system that they may see, by part.
///
/// # Errors
/// There is no such system.
pub(crate) async fn named(
    app: &App,
    who: &Who,
    id: i64,
) -> Result<(System, BTreeMap<&'static str, i64>), Problem> {
    let (system, _) = crate::web::system::find(app, who, id).await?;
    let all = app.store.system_people(who.org).await?;
    let person = |part: Part| Some((part.as_str(), *all.get(&(id, part.as_str().to_owned()))?));
    Ok((system, Part::ALL.into_iter().filter_map(person).collect()))
}

/// Names the people of a system; the pages do it the same way.
///
/// # Errors
/// They may not, or somebody is not of the organisation.
pub(crate) async fn keep(app: &App, who: &Who, id: i64, sent: &People) -> Result<(), Problem> {
    let (system, _) = named(app, who, id).await?;
    who.must(Action::Describe, On { system: Some(id), team: system.team })?;
    let here: Vec<i64> = system.team.into_iter().collect();
    let reach = app.store.people_of(who.org, &[id], &here).await?;
    let mut people = Vec::new();
    for part in Part::ALL {
        let person = match part {
            Part::Selection => sent.selection,
            Part::Assessment => sent.assessment,
            Part::Prioritisation => sent.prioritisation,
            Part::Deployment => sent.deployment,
        };
        let Some(person) = person else { continue };
        if !reach.iter().any(|(id, _)| *id == person) {
            let text =
                format!("`{}` must be a person with an account who can see it.", part.as_str());
            return Err(Problem::invalid(text));
        }
        people.push((part.as_str(), person));
    }
    let now = app.now();
    app.store.set_system_people(who.org, id, &people, &who.actor(), now).await?;
    Ok(())
}

/// Who answers for which part of the work on a system. What nobody is named for is the owner team's.
#[utoipa::path(get, path = "/api/v1/systems/{id}/people", tag = "systems",
    operation_id = "system_people", params(("id" = i64, Path,)),
    responses((status = 200, body = Owners)))]
pub(crate) async fn people(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Owners>, Problem> {
    let (system, named) = named(&app, &who, id).await?;
    let names = people::names(&app, who.org).await?;
    let owner = |part: Part| {
        let id = named.get(part.as_str()).copied();
        Owner {
            part: part.as_str(),
            person: id.map(|id| Named { id, name: people::name(&names, id) }),
            team: system.team,
        }
    };
    Ok(Json(Owners { rows: Part::ALL.map(owner).into() }))
}

/// Names the people of a system, in place of those before.
#[utoipa::path(put, path = "/api/v1/systems/{id}/people", tag = "systems",
    operation_id = "name_system_people", params(("id" = i64, Path,)), request_body = People,
    responses((status = 200, body = Owners)))]
pub(crate) async fn name(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(sent): Object<People>,
) -> Result<Json<Owners>, Problem> {
    keep(&app, &who, id, &sent).await?;
    people(State(app), who, Path(id)).await
}
