//! A link that signs in once: choose a password, and you are in.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use trimtab_pages::page::SignIn;
use trimtab_pages::part::{Field, Form as View, Input};

use super::{Page, Sorry, html, mended, sign_in};
use crate::access::limits;
use crate::access::password;
use crate::access::peer::Peer;
use crate::access::secret::digest;
use crate::access::who::is_from_elsewhere;
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    email: String,
    password: String,
}

/// The page says nothing of the link: it is only used up by the form, not by a mail program that looks
/// at it.
pub(crate) async fn page(Path(secret): Path<String>) -> Response {
    html(&view(&secret, "", None))
}

fn view(secret: &str, email: &str, wrong: Option<(&'static str, &str)>) -> SignIn {
    let fields = vec![
        Field::new("email", "Your email address", Input::Email)
            .holding(email)
            .hinted("You sign in with it from now on."),
        Field::new("password", "New password", Input::Secret("new-password"))
            .hinted("At least 15 characters: a few words in a row will do."),
    ];
    let mut form = View {
        action: format!("/welcome/{secret}").into(),
        fields,
        submit: "Set the password and sign in".to_owned(),
        ..View::default()
    };
    mended(&mut form, wrong.map(|(name, text)| (name, text.to_owned())));
    SignIn {
        headline: "Welcome: choose a password".to_owned(),
        providers: Vec::new(),
        form,
        help: "The link works once. If it was used or is too old, ask an admin for a new one."
            .to_owned(),
    }
}

pub(crate) async fn post(
    State(app): State<App>,
    peer: Peer,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Form(sent): Form<Sent>,
) -> Page {
    if is_from_elsewhere(&headers) {
        return Err(Problem::from_elsewhere().into());
    }
    limits::attempt(&app, peer.address).await?;
    if let Some(why) = password::refused(&sent.password) {
        return Ok(html(&view(&secret, &sent.email, Some(("password", why)))));
    }
    let email = sent.email.trim().to_lowercase();
    if !crate::people::is_address(&email) {
        return Ok(html(&view(
            &secret,
            &sent.email,
            Some(("email", "Enter an address such as ada@example.org.")),
        )));
    }
    let now = app.now();
    let used = app.store.use_link(&digest(&secret), now).await?;
    let (org, id) = used.ok_or(Sorry::DeadLink)?;
    let given = sent.password;
    let phc = tokio::task::spawn_blocking(move || password::hash(&given)).await;
    let phc = phc.map_err(|e| Problem::conflict(e.to_string()))?.map_err(Problem::conflict)?;
    let actor = format!("person:{id}");
    app.store.set_email(org, id, &email, &actor, now).await?;
    app.store.set_password(org, id, &phc, &actor, now).await?;
    let person = app.store.person(org, id).await?.ok_or_else(Problem::unauthorised)?;
    sign_in::go_on(&app, org, &person, now).await
}
