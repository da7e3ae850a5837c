//! Signing in with an address and a password, and out.

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_pages::page::SignIn;
use trimtab_pages::part::{Field, Form as View, Input, Link, Notice, Urgency};
use trimtab_store::{Org, Person, Session, SignInStep};

use super::{Page, codes, html, redirect_with_cookie};
use crate::access::Who;
use crate::access::codes::{Codes, kept};
use crate::access::limits::{self, FAILURES, lock};
use crate::access::password;
use crate::access::peer::Peer;
use crate::access::secret::{Secret, digest};
use crate::access::who::{COOKIE_PLAIN, COOKIE_TLS, cookie, cookies, is_csrf, is_from_elsewhere};
use crate::problem::Problem;
use crate::state::App;

/// How long a session lasts.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// How long a code is waited for after the password.
const STEP: SignedDuration = SignedDuration::from_mins(5);
/// In how many organisations an address may have an account that signs in with a password.
const ACCOUNTS: usize = 8;
/// The kind of the step that waits for a code.
const CODE: &str = "code";
/// The name of the cookie that holds its secret.
const STEP_COOKIE: &str = "trimtab-step";

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    email: String,
    password: String,
}

pub(crate) async fn page(State(app): State<App>, who: Option<Who>) -> Response {
    if who.is_some() {
        return Redirect::to("/").into_response();
    }
    html(&view(&app, "", None))
}

fn view(app: &App, email: &str, wrong: Option<&str>) -> SignIn {
    let provider = app.settings.access.provider.as_ref();
    let button =
        provider.map(|p| Link::to(format!("Sign in with {}", p.name), "/sign-in/provider"));
    let notice =
        wrong.map(|text| Notice { urgency: Urgency::Warning, text: text.to_owned(), next: None });
    SignIn {
        headline: "Sign in".to_owned(),
        providers: button.into_iter().collect(),
        form: View {
            action: "/sign-in".into(),
            csrf: String::new(),
            notice,
            fields: vec![
                Field::new("email", "Email address", Input::Email).holding(email),
                Field::new("password", "Password", Input::Secret("current-password")),
            ],
            submit: "Sign in".to_owned(),
            also: String::new(),
            cancel: None,
            grave: false,
            quiet: false,
        },
        help: "No account, or a lost password? Ask an admin of your organisation for a link."
            .to_owned(),
    }
}

pub(crate) async fn post(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Page {
    // A form of another site must not sign anybody in as somebody else.
    if is_from_elsewhere(&headers) {
        return Err(Problem::from_elsewhere().into());
    }
    limits::attempt(&app, peer.address).await?;
    const WRONG: &str =
        "The address or the password is wrong, or the account is locked for a while.";
    let now = app.now();
    let mut people = app.store.people_of_email(&sent.email).await?;
    people.retain(|(_, person)| !person.disabled);
    people.truncate(ACCOUNTS);
    let is_locked = |person: &Person| person.locked_until.is_some_and(|until| now < until);
    let open = |person: &Person| person.password.clone().filter(|_| !is_locked(person));
    // Without an account, one is reckoned all the same.
    let mut kept: Vec<Option<String>> = people.iter().map(|(_, person)| open(person)).collect();
    if kept.is_empty() {
        kept.push(None);
    }
    let given = sent.password;
    // An address may have an account in several organisations: the password says in which.
    let right = tokio::task::spawn_blocking(move || {
        let short = given.chars().count() <= password::MOST;
        kept.iter().position(|phc| short && password::is_right(&given, phc.as_deref()))
    });
    let right = right.await.ok().flatten().and_then(|at| people.get(at));
    let Some((org, person)) = right else {
        for (org, person) in people.iter().filter(|(_, person)| !is_locked(person)) {
            failed(&app, *org, person, now).await?;
        }
        return Ok(html(&view(&app, &sent.email, Some(WRONG))));
    };
    go_on(&app, *org, person, now).await
}

/// Notes a failure, which may lock the account.
async fn failed(app: &App, org: Org, person: &Person, now: Timestamp) -> Result<(), Problem> {
    let until = now + lock(person.failures.saturating_add(1));
    app.counters.failed.inc();
    app.store.note_attempt(org, person.id, false, FAILURES, until).await?;
    Ok(())
}

/// After the password: asks for a code if the person has those, or begins a session.
pub(crate) async fn go_on(app: &App, org: Org, person: &Person, now: Timestamp) -> Page {
    if person.totp.is_none() {
        // Only who is wholly in has failures forgotten: codes may not be guessed at in between.
        app.store.note_attempt(org, person.id, true, FAILURES, now).await?;
        return begin(app, org, person, now).await;
    }
    let secret = secret()?;
    let data = serde_json::json!({ "person": person.id });
    let step = SignInStep { org, kind: CODE.to_owned(), data };
    app.store.add_step(&secret.digest(), &step, now + STEP, now).await?;
    let cookie = format!(
        "{STEP_COOKIE}={}; Path=/sign-in; {}HttpOnly; SameSite=Lax; Max-Age={}",
        secret.shown(),
        if app.is_tls() { "Secure; " } else { "" },
        STEP.as_secs()
    );
    Ok(([(SET_COOKIE, cookie)], html(&code_view(None))).into_response())
}

fn code_view(wrong: Option<&str>) -> SignIn {
    let mut field = Field::new("code", "Code", Input::Secret("one-time-code"));
    if let Some(wrong) = wrong {
        field = field.wrong(wrong);
    }
    SignIn {
        headline: "Your one-time code".to_owned(),
        providers: Vec::new(),
        form: View {
            action: "/sign-in/code".into(),
            fields: vec![field],
            submit: "Sign in".to_owned(),
            cancel: Some(Link::to("Begin again", "/sign-in")),
            ..View::default()
        },
        help: "It is the six digits of your app, or one of your recovery codes. Without either, ask an \
            admin of your organisation to turn codes off."
            .to_owned(),
    }
}

/// What the form of a code sends.
#[derive(Deserialize)]
pub(crate) struct Coded {
    code: String,
}

pub(crate) async fn code(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    Form(sent): Form<Coded>,
) -> Page {
    if is_from_elsewhere(&headers) {
        return Err(Problem::from_elsewhere().into());
    }
    limits::attempt(&app, peer.address).await?;
    let now = app.now();
    let begun = cookies(&headers).find(|(name, _)| *name == STEP_COOKIE).map(|(_, v)| digest(v));
    let step = match &begun {
        Some(digest) => app.store.step(digest, CODE, now).await?,
        None => None,
    };
    // Who took too long begins again.
    let (Some(begun), Some(step)) = (begun, step) else {
        return Ok(Redirect::to("/sign-in").into_response());
    };
    let person = step.data["person"].as_i64().unwrap_or_default();
    let person = app.store.person(step.org, person).await?.filter(|p| !p.disabled);
    let person = person.ok_or_else(Problem::unauthorised)?;
    const WRONG: &str = "The code is not right, was used, or the account is locked for a while.";
    if person.locked_until.is_some_and(|until| now < until) {
        return Ok(html(&code_view(Some(WRONG))));
    }
    if !is_code(&app, step.org, &person, &sent.code, now).await? {
        failed(&app, step.org, &person, now).await?;
        return Ok(html(&code_view(Some(WRONG))));
    }
    if !app.store.end_step(&begun).await? {
        return Err(Problem::unauthorised().into());
    }
    app.store.note_attempt(step.org, person.id, true, FAILURES, now).await?;
    begin(&app, step.org, &person, now).await
}

/// Whether a code is one of the person's, and uses it up.
pub(crate) async fn is_code(
    app: &App,
    org: Org,
    person: &Person,
    code: &str,
    now: Timestamp,
) -> Result<bool, Problem> {
    let Some(sealed) = &person.totp else { return Ok(false) };
    let Some(key) = &app.settings.access.key else {
        tracing::error!("one-time codes are on, and the server was started without its key");
        let detail = "The server does not have its key. Ask who runs it.";
        return Err(Problem::conflict(detail));
    };
    let codes = Codes::open(key, sealed, &codes::of(org, person.id));
    let codes = codes.ok_or_else(|| {
        tracing::error!(person = person.id, "the server's key does not open what it sealed");
        Problem::conflict("The server's key has changed. Ask whoever runs the server.")
    })?;
    match codes.step(code, now) {
        Some(step) => Ok(app.store.use_totp_step(org, person.id, step).await?),
        None => Ok(app.store.use_recovery_code(org, person.id, &kept(code)).await?),
    }
}

/// Begins a session, and leads to the first page.
pub(crate) async fn begin(app: &App, org: Org, person: &Person, now: Timestamp) -> Page {
    let (secret, csrf) = (secret()?, secret()?);
    let session =
        Session { org, person: person.id, csrf: csrf.shown().to_owned(), expires: now + SESSION };
    app.store.add_session(&secret.digest(), &session, now).await?;
    let cookie = if app.is_tls() {
        format!("{COOKIE_TLS}={}; Path=/; Secure; HttpOnly; SameSite=Lax", secret.shown())
    } else {
        format!("{COOKIE_PLAIN}={}; Path=/; HttpOnly; SameSite=Lax", secret.shown())
    };
    Ok(redirect_with_cookie("/", &cookie))
}

pub(crate) fn secret() -> Result<Secret, Problem> {
    Secret::new("").map_err(|e| Problem::no_random_bytes(&e))
}

/// What the form of signing out sends.
#[derive(Deserialize)]
pub(crate) struct Out {
    csrf: String,
}

pub(crate) async fn out(
    State(app): State<App>,
    who: Who,
    headers: HeaderMap,
    Form(sent): Form<Out>,
) -> Page {
    let session = who.session.as_ref().ok_or_else(Problem::unauthorised)?;
    if !is_csrf(session, &sent.csrf) {
        return Err(Problem::from_elsewhere().into());
    }
    if let Some(secret) = cookie(&headers) {
        app.store.end_session(&digest(secret)).await?;
    }
    let name = if app.is_tls() { COOKIE_TLS } else { COOKIE_PLAIN };
    Ok(redirect_with_cookie("/sign-in", &format!("{name}=; Path=/; Max-Age=0; HttpOnly")))
}
