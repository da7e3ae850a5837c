//! Tokens for programs. The secret is in the answer that makes one, and never again.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_store::{NewToken, ScopeOf, Token};

use crate::access::secret::Secret;
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// A token to be made.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// The words of the actions.
    pub(crate) actions: Vec<String>,
    /// Only within a system.
    pub(crate) system: Option<i64>,
    /// Only within a team.
    pub(crate) team: Option<i64>,
    /// How many days it is good.
    pub(crate) days: i64,
}

/// The longest life of a token, in days.
const LONGEST: i64 = 366;

pub(crate) async fn list(State(app): State<App>, who: Who) -> Result<Json<Value>, Problem> {
    let all = who.may(Action::Administer, On::ALL);
    let mine = |t: &&Token| all || t.person == who.person.id;
    let tokens = app.store.tokens(who.org).await?;
    let rows: Vec<Value> = tokens
        .iter()
        .filter(mine)
        .map(|t| {
            json!({ "id": t.id, "name": t.name, "person": t.person, "actions": t.actions,
                "created": t.created.to_string(), "expires": t.expires.to_string(),
                "revoked": t.revoked.map(|t| t.to_string()), "used": t.used.map(|t| t.to_string()) })
        })
        .collect();
    Ok(Json(json!({ "rows": rows })))
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Json(wanted): Json<Wanted>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let (id, secret, expires) = make(&app, &who, wanted).await?;
    let value = json!({ "id": id, "token": secret.shown(), "expires": expires.to_string() });
    Ok((StatusCode::CREATED, Json(value)))
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
    if who.session.is_none() || !who.may_somewhere(Action::Token) {
        return Err(Problem::forbidden(Action::Token));
    }
    if wanted.name.is_empty() || wanted.name.chars().count() > 200 {
        return Err(Problem::invalid("The name is 1 to 200 characters."));
    }
    if !(1..=LONGEST).contains(&wanted.days) {
        return Err(Problem::invalid("`days` is 1 to 366."));
    }
    if wanted.actions.is_empty() {
        return Err(Problem::invalid("Say what it is for: `actions`."));
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
    let secret = Secret::new("trimtab_").map_err(|e| {
        tracing::error!(error = %e, "no random bytes");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Not now", "Try again.")
    })?;
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

pub(crate) async fn delete(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<StatusCode, Problem> {
    let tokens = app.store.tokens(who.org).await?;
    let missing = || Problem::not_found("token");
    let token = tokens.iter().find(|t| t.id == id).ok_or_else(missing)?;
    if token.person != who.person.id && !who.may(Action::Administer, On::ALL) {
        return Err(missing());
    }
    app.store.revoke_token(who.org, id, &who.actor(), app.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
