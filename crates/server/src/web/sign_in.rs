//! Signing in with an address and a password, and out.

use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_pages::page::SignIn;
use trimtab_pages::part::{Field, Form as View, Input, Notice, Urgency};
use trimtab_store::{Org, Person, Session};

use super::{Page, html, redirect_with_cookie};
use crate::access::Who;
use crate::access::password;
use crate::access::secret::{Secret, digest};
use crate::access::who::{COOKIE_PLAIN, COOKIE_TLS, cookie, is_csrf};
use crate::problem::Problem;
use crate::state::App;

/// How long a session lasts.
const SESSION: SignedDuration = SignedDuration::from_hours(12);
/// So many wrong passwords in a row lock an account.
const FAILURES: i64 = 10;
/// For so long.
const LOCK: SignedDuration = SignedDuration::from_mins(15);

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    email: String,
    password: String,
}

pub(crate) async fn page(who: Option<Who>) -> Response {
    if who.is_some() {
        return Redirect::to("/").into_response();
    }
    html(&view("", None))
}

fn view(email: &str, wrong: Option<&str>) -> SignIn {
    let notice =
        wrong.map(|text| Notice { urgency: Urgency::Warning, text: text.to_owned(), next: None });
    SignIn {
        headline: "Sign in".to_owned(),
        providers: Vec::new(),
        form: View {
            action: "/sign-in".into(),
            csrf: String::new(),
            notice,
            fields: vec![
                Field::new("email", "Address", Input::Email).holding(email),
                Field::new("password", "Password", Input::Secret("current-password")),
            ],
            submit: "Sign in".to_owned(),
            cancel: None,
            grave: false,
        },
        help: "Without an account, or with a lost password, ask an admin of your organisation for a link."
            .to_owned(),
    }
}

pub(crate) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Page {
    // A form of another site must not sign anybody in as somebody else.
    if headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none") {
        return Err(Problem::from_elsewhere().into());
    }
    const WRONG: &str =
        "The address or the password is not right, or the account is locked for a while.";
    let now = app.now();
    let people = app.store.people_of_email(&sent.email).await?;
    let person = people.into_iter().find(|(_, p)| !p.disabled);
    let locked =
        person.as_ref().is_some_and(|(_, p)| p.locked_until.is_some_and(|until| now < until));
    let phc = person.as_ref().and_then(|(_, p)| p.password.clone()).filter(|_| !locked);
    let given = sent.password;
    let right = tokio::task::spawn_blocking(move || {
        given.chars().count() <= password::MOST && password::is_right(&given, phc.as_deref())
    });
    let right = right.await.unwrap_or(false);
    let Some((org, person)) = person else { return Ok(html(&view(&sent.email, Some(WRONG)))) };
    if !locked {
        app.store.note_attempt(org, person.id, right, FAILURES, now + LOCK).await?;
    }
    if !right {
        return Ok(html(&view(&sent.email, Some(WRONG))));
    }
    begin(&app, org, &person, now).await
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

fn secret() -> Result<Secret, Problem> {
    Secret::new("").map_err(|e| {
        tracing::error!(error = %e, "no random bytes");
        Problem::conflict("The server has no random numbers right now. Try again.")
    })
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
