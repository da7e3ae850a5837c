//! People and their roles, for admins.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use trimtab_store::{Grant, Person, ScopeOf};
use utoipa::ToSchema;

use super::{Changed, Listed, Rows, limit, part};
use crate::access::{Action, On, Who};
use crate::object::Object;
use crate::people::{self, Change, Hold};
use crate::problem::Problem;
use crate::state::App;

/// The most roles that somebody begins with.
const MOST: usize = 50;

/// A role where it holds: the organisation, or one team or system.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
#[schema(as = RoleHeld)]
pub(crate) struct Held {
    /// `security`, `engineering`, `product`, `operations`, `leadership`, `auditor`, `admin`.
    role: String,
    /// Only within a team.
    #[serde(default)]
    team: Option<i64>,
    /// Only within a system.
    #[serde(default)]
    system: Option<i64>,
}

/// A person to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPerson)]
pub(crate) struct Wanted {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The address by which they sign in.
    email: String,
    #[serde(default)]
    #[schema(max_items = 50)]
    roles: Vec<Held>,
}

/// A person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct Shown {
    id: i64,
    name: String,
    email: String,
    /// `open`, `closed`, `has not signed in yet`.
    state: &'static str,
    /// Whether one-time codes are on.
    codes: bool,
    roles: Vec<Held>,
}

/// A person who was just added.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonAdded)]
pub(crate) struct Added {
    id: i64,
    /// Signs them in once, within a day: never shown again.
    link: String,
}

/// A link that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LinkMade)]
pub(crate) struct Linked {
    /// Signs them in once, within a day: never shown again.
    link: String,
}

/// An account that was closed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonClosed)]
pub(crate) struct Closed {
    id: i64,
    /// What the person has still: somebody else is to be named for it.
    holds: Vec<Hold>,
}

fn admin(who: &Who) -> Result<(), Problem> {
    who.must(Action::Administer, On::ALL)
}

impl Held {
    /// Where it is said to hold. `None`: in two places.
    fn scope(&self) -> Option<ScopeOf> {
        match (self.team, self.system) {
            (None, None) => Some(ScopeOf::Organisation),
            (Some(id), None) => Some(ScopeOf::Team(id)),
            (None, Some(id)) => Some(ScopeOf::System(id)),
            (Some(_), Some(_)) => None,
        }
    }

    async fn grant(&self, app: &App, who: &Who) -> Result<Grant, Problem> {
        Ok(people::grant(app, who, &self.role, self.scope()).await?)
    }
}

impl From<&Grant> for Held {
    fn from(grant: &Grant) -> Held {
        let (team, system) = match grant.scope {
            ScopeOf::Organisation => (None, None),
            ScopeOf::Team(id) => (Some(id), None),
            ScopeOf::System(id) => (None, Some(id)),
        };
        Held { role: grant.role.as_str().to_owned(), team, system }
    }
}

async fn shown(app: &App, who: &Who, person: &Person) -> Result<Shown, Problem> {
    let grants = app.store.grants(who.org, person.id).await?;
    Ok(Shown {
        id: person.id,
        name: person.name.clone(),
        email: person.email.clone(),
        state: people::standing(person),
        codes: person.totp.is_some(),
        roles: grants.iter().map(Held::from).collect(),
    })
}

/// Which. The page asks the same.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A part of the name or the address.
    pub(crate) q: Option<String>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// Whose accounts are asked for, a page of them by name, and where the next one begins.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    asked: &Asked,
) -> Result<(Vec<Person>, Option<String>), Problem> {
    let mut all = app.store.people(who.org).await?;
    let q = asked.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let has = |text: &str| text.to_lowercase().contains(&q);
    all.retain(|person| has(&person.name) || has(&person.email));
    // Two may have one name.
    let key = |person: &Person| (person.name.clone(), person.id);
    let (rows, next) = part(&mut all, key, (asked.after.as_deref(), limit(asked.limit)))?;
    Ok((rows.to_vec(), next))
}

/// Those who have an account here, by name.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    admin(&who)?;
    let (people, next) = page(&app, &who, &asked).await?;
    let mut rows = Vec::new();
    for person in &people {
        rows.push(shown(&app, &who, person).await?);
    }
    Ok(Json(Listed { rows, next }))
}

/// Adds a person, with a link that signs them in once.
#[utoipa::path(post, path = "/api/v1/people", tag = "people", request_body = Wanted,
    responses((status = 201, body = Added)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(wanted): Object<Wanted>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    admin(&who)?;
    if wanted.roles.len() > MOST {
        return Err(Problem::invalid(format!("`roles` must have at most {MOST} entries.")));
    }
    let mut grants = Vec::with_capacity(wanted.roles.len());
    for held in &wanted.roles {
        grants.push(held.grant(&app, &who).await?);
    }
    let (id, link) = people::add(&app, &who, &wanted.name, &wanted.email, &grants).await?;
    Ok((StatusCode::CREATED, Json(Added { id, link })))
}

/// A person.
#[utoipa::path(get, path = "/api/v1/people/{id}", tag = "people", params(("id" = i64, Path)),
    responses((status = 200, body = Shown)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    admin(&who)?;
    let person = people::find(&app, &who, id).await?;
    Ok(Json(shown(&app, &who, &person).await?))
}

/// Closes an account: its sessions end, its tokens are revoked. What the person did stays.
#[utoipa::path(delete, path = "/api/v1/people/{id}", tag = "people", params(("id" = i64, Path)),
    responses((status = 200, body = Closed)))]
pub(crate) async fn close(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Closed>, Problem> {
    change(&app, &who, id, Change::Close).await?;
    Ok(Json(Closed { id, holds: people::held(&app, who.org, id).await? }))
}

/// Opens an account again that was closed. Tokens stay revoked.
#[utoipa::path(post, path = "/api/v1/people/{id}/open", tag = "people", params(("id" = i64, Path)),
    responses((status = 200, body = Changed)))]
pub(crate) async fn open(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Changed>, Problem> {
    change(&app, &who, id, Change::Open).await?;
    Ok(Json(Changed { id }))
}

/// Makes a link that signs a person in once.
#[utoipa::path(post, path = "/api/v1/people/{id}/link", tag = "people", params(("id" = i64, Path)),
    responses((status = 201, body = Linked)))]
pub(crate) async fn link(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<(StatusCode, Json<Linked>), Problem> {
    admin(&who)?;
    let link = people::link(&app, &who, id).await?;
    Ok((StatusCode::CREATED, Json(Linked { link })))
}

/// Gives a person a role. Their roles are the answer.
#[utoipa::path(post, path = "/api/v1/people/{id}/roles", tag = "people", params(("id" = i64, Path)),
    request_body = Held, responses((status = 200, body = Rows<Held>)))]
pub(crate) async fn give(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Object(held): Object<Held>,
) -> Result<Json<Rows<Held>>, Problem> {
    roles(&app, &who, id, &held, true).await
}

/// Takes a role away from a person. Their roles are the answer.
#[utoipa::path(delete, path = "/api/v1/people/{id}/roles", tag = "people",
    params(("id" = i64, Path), Held), responses((status = 200, body = Rows<Held>)))]
pub(crate) async fn take(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(held): Query<Held>,
) -> Result<Json<Rows<Held>>, Problem> {
    roles(&app, &who, id, &held, false).await
}

/// Ends every session of a person, and takes back links that were not used.
#[utoipa::path(delete, path = "/api/v1/people/{id}/sessions", tag = "people",
    params(("id" = i64, Path)), responses((status = 204, description = "They have ended")))]
pub(crate) async fn end_sessions(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    change(&app, &who, id, Change::EndSessions).await
}

/// Turns one-time codes of a person off: the device is lost.
#[utoipa::path(delete, path = "/api/v1/people/{id}/codes", tag = "people",
    params(("id" = i64, Path)), responses((status = 204, description = "They are off")))]
pub(crate) async fn codes_off(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    change(&app, &who, id, Change::CodesOff).await
}

async fn change(app: &App, who: &Who, id: i64, is: Change) -> Result<StatusCode, Problem> {
    admin(who)?;
    people::change(app, who, id, is).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn roles(
    app: &App,
    who: &Who,
    id: i64,
    held: &Held,
    give: bool,
) -> Result<Json<Rows<Held>>, Problem> {
    admin(who)?;
    people::find(app, who, id).await?;
    let grant = held.grant(app, who).await?;
    let grants = people::set(app, who, id, grant, give).await?;
    Ok(Json(Rows { rows: grants.iter().map(Held::from).collect() }))
}
