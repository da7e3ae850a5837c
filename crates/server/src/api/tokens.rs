//! Tokens for programs. The secret is in the answer that makes one, and never again.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_store::{Hook, NewToken, Page, ScopeOf, Token};
use utoipa::ToSchema;

use super::{Listed, cursor, limit};
use crate::access::secret::Secret;
use crate::access::{Action, On, Who, signed};
use crate::object::Object;
use crate::problem::Problem;
use crate::state::App;

/// A token to be made.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewToken)]
pub(crate) struct Wanted {
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) name: String,
    /// The words of the actions.
    pub(crate) actions: Vec<String>,
    /// Only within a system.
    pub(crate) system: Option<i64>,
    /// Only within a team.
    pub(crate) team: Option<i64>,
    /// How many days it is good.
    #[schema(minimum = 1, maximum = 366)]
    pub(crate) days: i64,
}

/// The longest life of a token, in days.
const LONGEST: i64 = 366;

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub(crate) struct Shown {
    id: i64,
    name: String,
    /// Who made it.
    person: i64,
    actions: Vec<String>,
    #[schema(format = DateTime)]
    created: String,
    #[schema(format = DateTime)]
    expires: String,
    #[schema(format = DateTime)]
    revoked: Option<String>,
    /// To the hour.
    #[schema(format = DateTime)]
    used: Option<String>,
    /// The handle of the sender that signs with its secret, if one does.
    hook: Option<String>,
}

/// What a sender signs with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningMade)]
pub(crate) struct Signing {
    /// What stands in the address as `?hook=`.
    pub(crate) hook: String,
    /// The secret: never shown again.
    pub(crate) secret: String,
    /// Where the sender sends its events.
    pub(crate) address: String,
}

/// A token that was just made.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TokenMade)]
pub(crate) struct Made {
    id: i64,
    /// The secret: never shown again.
    token: String,
    #[schema(format = DateTime)]
    expires: String,
}

/// Which.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// Of a person: for admins.
    pub(crate) person: Option<i64>,
    /// `true`: only those that hold.
    pub(crate) holding: Option<bool>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// A page of those that are asked for: mine, or everybody's for an admin.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn page(app: &App, who: &Who, asked: &Asked) -> Result<Page<Token>, Problem> {
    let mine = who.person.id;
    let person = match who.may(Action::Administer, On::ALL) {
        true => asked.person,
        false if asked.person.is_none_or(|person| person == mine) => Some(mine),
        false => return Err(Problem::forbidden(Action::Administer)),
    };
    let holding = asked.holding.filter(|is| *is).map(|_| app.now());
    let after = cursor(asked.after.as_deref())?;
    Ok(app.store.tokens_page(who.org, person, holding, after, limit(asked.limit)).await?)
}

/// My tokens, the newest first; an admin sees those of everybody.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    Ok(Json(Listed::of(&page(&app, &who, &asked).await?)))
}

impl From<&Token> for Shown {
    fn from(t: &Token) -> Shown {
        Shown {
            id: t.id,
            name: t.name.clone(),
            person: t.person,
            actions: t.actions.clone(),
            created: t.created.to_string(),
            expires: t.expires.to_string(),
            revoked: t.revoked.map(|t| t.to_string()),
            used: t.used.map(|t| t.to_string()),
            hook: t.hook.clone(),
        }
    }
}

/// Makes a token. Only a person who is signed in may; its secret is in this answer only.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = Wanted,
    responses((status = 201, body = Made)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Object(wanted): Object<Wanted>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let (id, secret, expires) = make(&app, &who, wanted).await?;
    let made = Made { id, token: secret.shown().to_owned(), expires: expires.to_string() };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Makes a token; the pages do it the same way.
///
/// # Errors
/// They may not, or something is not right.
pub(crate) async fn make(
    app: &App,
    who: &Who,
    wanted: Wanted,
) -> Result<(i64, Secret, Timestamp), Problem> {
    // A token makes no tokens.
    if who.session.is_none() {
        return Err(Problem::for_people("make a token"));
    }
    if !who.may_somewhere(Action::Token) {
        return Err(Problem::forbidden(Action::Token));
    }
    if wanted.name.is_empty() || wanted.name.chars().count() > 200 {
        return Err(Problem::invalid("The name must be 1 to 200 characters."));
    }
    if !(1..=LONGEST).contains(&wanted.days) {
        return Err(Problem::invalid("`days` must be 1 to 366."));
    }
    if wanted.actions.is_empty() {
        return Err(Problem::invalid("Set `actions`: what it may be used for."));
    }
    for word in &wanted.actions {
        let action = Action::from_text(word)
            .ok_or_else(|| Problem::invalid(format!("There is no action `{word}`.")))?;
        if !who.may_somewhere(action) {
            return Err(Problem::forbidden(action));
        }
    }
    let scope = match (wanted.system, wanted.team) {
        (None, None) => ScopeOf::Organisation,
        (Some(id), None) => ScopeOf::System(id),
        (None, Some(id)) => ScopeOf::Team(id),
        (Some(_), Some(_)) => return Err(Problem::invalid("Name a system or a team, not both.")),
    };
    let secret = Secret::new("trimtab_").map_err(|e| Problem::no_random_bytes(&e))?;
    let now = app.now();
    let new = NewToken {
        name: wanted.name,
        person: who.person.id,
        actions: wanted.actions,
        scope,
        expires: now + SignedDuration::from_hours(24 * wanted.days),
    };
    let id = app.store.add_token(who.org, &new, &secret.digest(), &who.actor(), now).await?;
    Ok((id, secret, new.expires))
}

/// Revokes a token.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = i64, Path)),
    responses((status = 204, description = "It is revoked")))]
pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let token = app.store.token_numbered(who.org, id).await?;
    may_end(&who, &token.ok_or_else(|| Problem::not_found("token"))?)?;
    app.store.revoke_token(who.org, id, &who.actor(), app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Theirs, or everybody's for an admin; another's is not there.
fn may_end(who: &Who, token: &Token) -> Result<(), Problem> {
    if token.person != who.person.id && !who.may(Action::Administer, On::ALL) {
        return Err(Problem::not_found("token"));
    }
    Ok(())
}

/// Makes a secret with which a sender signs that cannot send a token; it may what the token may. One that
/// was made before no longer holds. Only the person who made the token may, signed in; the secret is
/// in this answer only.
#[utoipa::path(post, path = "/api/v1/tokens/{id}/signing", tag = "tokens",
    params(("id" = i64, Path)), responses((status = 201, body = Signing)))]
pub(crate) async fn sign(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<(StatusCode, Json<Signing>), Problem> {
    Ok((StatusCode::CREATED, Json(signing(&app, &who, id).await?)))
}

/// Makes what a sender signs with; the pages do it the same way.
///
/// # Errors
/// They may not, or the server has no key to seal it with.
pub(crate) async fn signing(app: &App, who: &Who, id: i64) -> Result<Signing, Problem> {
    let now = app.now();
    let token = app.store.token_numbered(who.org, id).await?;
    let own = token.filter(|t| t.person == who.person.id);
    let token = own.ok_or_else(|| Problem::not_found("token"))?;
    if who.session.is_none() {
        return Err(Problem::for_people("make a secret to sign with"));
    }
    if !who.may_somewhere(Action::Token) {
        return Err(Problem::forbidden(Action::Token));
    }
    if token.revoked.is_some() || token.expires <= now {
        return Err(Problem::conflict("The token is no longer valid: create another one."));
    }
    let key = app.settings.access.key.as_ref().ok_or_else(|| {
        Problem::conflict(
            "The server has no key to encrypt secrets with: start it with `--key-file`.",
        )
    })?;
    let random = |e: std::io::Error| Problem::no_random_bytes(&e);
    let secret = signed::Secret::new().map_err(random)?;
    let handle = Secret::new("").map_err(random)?.shown().get(..22).unwrap_or_default().to_owned();
    let sealed = key.seal(secret.bytes(), &signed::sealed_for(who.org, id)).map_err(random)?;
    let hook = Hook { handle: handle.clone(), secret: sealed };
    app.store.set_hook(who.org, id, Some(hook), &who.actor(), now).await?;
    let address = format!("{}/api/v1/deployments/events?hook={handle}", app.settings.public);
    Ok(Signing { hook: handle, secret: secret.shown(), address })
}

/// Takes back what a sender signs with; the token stays.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}/signing", tag = "tokens",
    params(("id" = i64, Path)), responses((status = 204, description = "Nobody signs with it any more")))]
pub(crate) async fn sign_no_more(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let token = app.store.token_numbered(who.org, id).await?;
    may_end(&who, &token.ok_or_else(|| Problem::not_found("token"))?)?;
    app.store.set_hook(who.org, id, None, &who.actor(), app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
