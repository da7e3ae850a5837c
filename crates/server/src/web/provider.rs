//! Signing in by a provider: there and back.

use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use trimtab_store::{NewPerson, Org, Person, SignInStep, StoreError};

use super::{Page, sign_in};
use crate::access::oidc::{self, Begun, Somebody};
use crate::access::peer::Peer;
use crate::access::secret::digest;
use crate::access::who::cookies;
use crate::access::{Provider, limits};
use crate::problem::Problem;
use crate::state::App;

/// How long somebody may take there.
const STEP: SignedDuration = SignedDuration::from_mins(15);
/// The kind of the step.
const KIND: &str = "provider";
/// The cookie that holds its secret.
const COOKIE: &str = "trimtab-provider";
/// The actor of what follows from what the provider says.
const ACTOR: &str = "provider";

fn provider(app: &App) -> Result<(Provider, String), Problem> {
    let provider = app.settings.access.provider.clone();
    let provider = provider.ok_or_else(|| Problem::not_found("provider"))?;
    Ok((provider, format!("{}/sign-in/provider/back", app.settings.public)))
}

fn refused(detail: impl Into<String>) -> Problem {
    let status = axum::http::StatusCode::FORBIDDEN;
    Problem::new(status, "not-signed-in", "You are not signed in", detail)
}

/// What a provider says wrong is for the log: strangers can make it say much.
fn failed(error: &str) -> Problem {
    tracing::warn!(error, "the provider did not sign somebody in");
    refused("The provider did not sign you in. Try again; the log of the server says why.")
}

pub(crate) async fn begin(State(app): State<App>, peer: Peer) -> Page {
    let (provider, back) = provider(&app)?;
    limits::attempt(&app, peer.address).await?;
    let (known, now) = (app.provider.clone(), app.now());
    let begun =
        tokio::task::spawn_blocking(move || oidc::begin(&provider, &known, &back, now)).await;
    let (address, begun) = begun.map_err(|e| failed(&e.to_string()))?.map_err(|e| failed(&e))?;
    let organisations = app.store.organisations().await?;
    let org = organisations.first().ok_or_else(|| Problem::not_found("organisation"))?.org;
    let data = serde_json::to_value(&begun).map_err(|e| failed(&e.to_string()))?;
    let secret = sign_in::secret()?;
    let step = SignInStep { org, kind: KIND.to_owned(), data };
    app.store.add_step(&secret.digest(), &step, now + STEP, now).await?;
    let cookie = format!(
        "{COOKIE}={}; Path=/sign-in/provider; {}HttpOnly; SameSite=Lax; Max-Age={}",
        secret.shown(),
        if app.is_tls() { "Secure; " } else { "" },
        STEP.as_secs()
    );
    Ok(([(SET_COOKIE, cookie)], Redirect::to(&address)).into_response())
}

/// What the provider sends the browser back with.
#[derive(Deserialize)]
pub(crate) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
}

pub(crate) async fn back(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    Query(sent): Query<Back>,
) -> Page {
    let (provider, address) = provider(&app)?;
    limits::attempt(&app, peer.address).await?;
    let now = app.now();
    let digest = cookies(&headers).find(|(name, _)| *name == COOKIE).map(|(_, v)| digest(v));
    let step = match &digest {
        Some(digest) => app.store.step(digest, KIND, now).await?,
        None => None,
    };
    let again = || refused("It took too long, or began in another browser. Begin again.");
    let (Some(digest), Some(step)) = (digest, step) else { return Err(again().into()) };
    let begun: Begun = serde_json::from_value(step.data).map_err(|e| failed(&e.to_string()))?;
    // Somebody else's link must not sign this browser in, and none does so twice.
    let same: bool = begun.state.as_bytes().ct_eq(sent.state.as_bytes()).into();
    if !same || !app.store.end_step(&digest).await? {
        return Err(again().into());
    }
    if !sent.error.is_empty() || sent.code.is_empty() {
        return Err(failed(&format!("it says `{}`", sent.error.escape_default())).into());
    }
    let (asked, known) = (provider.clone(), app.provider.clone());
    let end = move || oidc::end(&asked, &known, &address, &begun, sent.code, now);
    let who = tokio::task::spawn_blocking(end).await;
    let who = who.map_err(|e| failed(&e.to_string()))?.map_err(|e| failed(&e))?;
    let person = person(&app, step.org, &provider, &who, now).await?;
    sign_in::begin(&app, step.org, &person, now).await
}

/// The person that somebody is here, with the roles that their groups give.
async fn person(
    app: &App,
    org: Org,
    provider: &Provider,
    who: &Somebody,
    now: Timestamp,
) -> Result<Person, Problem> {
    let id = match app.store.person_of_subject(org, &who.subject).await? {
        Some(known) => known.id,
        None => newcomer(app, org, provider, who, now).await?,
    };
    // By it git tells which merges are theirs.
    if let Some((email, true)) = &who.email {
        app.store.verify_address(org, id, email, now).await?;
    }
    let held = app.store.grants(org, id).await?;
    let roles = oidc::roles(&held, &provider.roles, &who.groups);
    let mut sorted = held.clone();
    sorted.sort();
    if roles != sorted {
        match app.store.set_grants(org, id, &roles, ACTOR, now).await {
            // The last admin stays one, whatever the groups say.
            Err(StoreError::Refused(why)) => tracing::warn!(person = id, why, "roles stay"),
            done => done?,
        }
    }
    let person = app.store.person(org, id).await?.filter(|p| !p.disabled);
    person.ok_or_else(|| refused("Your account is closed. Ask an admin of your organisation."))
}

/// Somebody who comes for the first time: who has their verified address here, or a new person if
/// their groups give a role.
async fn newcomer(
    app: &App,
    org: Org,
    provider: &Provider,
    who: &Somebody,
    now: Timestamp,
) -> Result<i64, Problem> {
    let address = who.email.as_ref().filter(|(email, _)| crate::people::is_address(email));
    let (email, verified) = address.ok_or_else(|| refused("The provider tells no address."))?;
    let people = app.store.people_of_email(email).await?;
    if let Some((_, known)) = people.into_iter().find(|(of, _)| *of == org) {
        // Whoever may choose an address there must not become somebody here.
        if !verified || known.subject.is_some() {
            return Err(refused(
                "Somebody here has your address already. Ask an admin of your organisation.",
            ));
        }
        app.store.set_subject(org, known.id, &who.subject, ACTOR, now).await?;
        return Ok(known.id);
    }
    let roles = oidc::roles(&[], &provider.roles, &who.groups);
    if roles.is_empty() {
        return Err(refused(
            "None of your groups has a role here. Ask an admin of your organisation.",
        ));
    }
    let name: String = who.name.as_deref().unwrap_or(email).chars().take(200).collect();
    let subject = Some(who.subject.clone());
    let new = NewPerson { email: email.clone(), name, subject };
    Ok(app.store.add_person(org, &new, &roles, ACTOR, now).await?)
}
