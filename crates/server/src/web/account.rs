//! Who I am here: my roles, my tokens, my password, and the side that I look from.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_model::Role;
use trimtab_pages::page::{Account, Act};
use trimtab_pages::part::{Bulk, Field, Form as View, Input, Link, Pager, Pairs, When};

use super::administration::{revoke_chosen, table};
use super::{Page, Sorry, html, layout, mended, own_form, redirect_with_cookie, sign_in};
use crate::access::who::SIDE;
use crate::access::{Action, Who, password};
use crate::api::tokens::{Wanted, make, signing};
use crate::problem::Problem;
use crate::state::App;

/// The name of a field that says that a token is for an action.
const FOR: &str = "for-";

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, Vec::new(), None).await
}

/// Secrets that were just made: what each is, and its text.
type Fresh = Vec<(String, String)>;

/// How many tokens are shown.
const TOKENS: usize = 200;

async fn show(app: &App, who: &Who, fresh: Fresh, wrong: Option<(Wanted, String)>) -> Page {
    let now = app.now();
    let roles: Vec<&str> = who.roles().iter().map(|r| r.as_str()).collect();
    let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
    let headline = format!("You are {}; your roles: {roles}.", who.person.name);
    let mut layout = layout(app, who, trimtab_pages::Entry::Today, "My account", headline).await?;
    layout.entry = None;
    layout.actions.push(Link::to("Change my password", "/account/password"));
    // Without a key nothing can be sealed, and there are none.
    if app.settings.access.key.is_some() {
        layout.actions.push(Link::to("One-time codes", "/account/codes"));
    }
    layout.actions.push(Link::to("My digest", "/account/digest"));
    layout.actions.push(Link::to("API", "/api"));
    let mine = Some(who.person.id);
    let tokens = app.store.tokens_page(who.org, mine, None, None, TOKENS).await?;
    let mut table = table(&tokens.rows, now, |_| None);
    table.pager = tokens.next.map(|_| Pager {
        shown: format!("the newest {TOKENS}; `GET /api/v1/tokens` has all"),
        ..Pager::default()
    });
    table.titled = true;
    table.title = "My tokens".to_owned();
    let mut verbs = vec![("revoke".to_owned(), "Revoke".to_owned())];
    if app.settings.access.key.is_some() {
        verbs.push(("sign".to_owned(), "Make a secret to sign events with".to_owned()));
    }
    table.bulk =
        Some(Bulk { action: "/account/tokens/revoke".into(), csrf: layout.csrf.clone(), verbs });
    let sent = wrong.as_ref().map(|(sent, _)| sent);
    let mut fields = vec![
        Field::new("name", "Name", Input::Text)
            .holding(sent.map_or_else(String::new, |is| is.name.clone())),
        Field::new("days", "Valid for how many days?", Input::Number)
            .holding(sent.map_or_else(|| "90".to_owned(), |is| is.days.to_string())),
    ];
    // A token makes no tokens.
    let may = |a: &&Action| **a != Action::Token && who.may_somewhere(**a);
    for action in Action::ALL.iter().filter(may) {
        let word = action.as_str();
        let held = sent.is_some_and(|is| is.actions.iter().any(|one| one == word));
        fields.push(
            Field::new(format!("{FOR}{word}"), told(*action), Input::Check)
                .holding(if held { "yes" } else { "" })
                .optional(),
        );
    }
    let mut form = View {
        action: "/account/tokens".into(),
        csrf: layout.csrf.clone(),
        fields,
        submit: "Make a token".to_owned(),
        ..View::default()
    };
    mended(
        &mut form,
        wrong.map(|(_, text)| match text {
            text if text.starts_with("The name") => ("name", text),
            text if text.contains("days") => ("days", text),
            text => ("", text),
        }),
    );
    let ends = who.session.as_ref().map(|s| When::of(s.expires, now).into());
    let second = if who.person.totp.is_some() { "on" } else { "off" };
    let mut about = vec![
        ("Email address".to_owned(), who.person.email.clone().into()),
        ("Second factor".to_owned(), second.into()),
    ];
    about.extend(ends.map(|ends| ("This session ends".to_owned(), ends)));
    Ok(html(&Account { layout, fresh, about: Pairs(about), tokens: table, form }))
}

/// What a token for an action may do, in words.
fn told(action: Action) -> String {
    let words = match action {
        Action::View => "read what you may see",
        Action::Upload => "send inventories and reports",
        Action::Deploy => "say what was deployed",
        Action::Ask => "ask for decisions",
        Action::Answer => "answer what others asked for",
        Action::Describe => "describe systems",
        Action::Pace => "set cadence and capacity",
        Action::Acknowledge => "acknowledge what is now",
        Action::Respond => "open and lead incidents",
        Action::Review => "hold reviews and set goals",
        Action::Propose => "propose a charter",
        Action::Agree => "agree to a charter",
        Action::Audit => "read and export the ledger",
        Action::Token => "make tokens",
        Action::Supply => "record suppliers and what they promised",
        // A link would outlive the token that made it.
        Action::Share => "withdraw links to boards (people make them, signed in)",
        Action::Administer => "administer people, settings and jobs",
    };
    format!("{}: {words}", action.as_str())
}

pub(crate) async fn add_token(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let one = |name: &str| sent.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v);
    own_form(&who, one("csrf"))?;
    let wanted = Wanted {
        name: one("name").trim().to_owned(),
        actions: sent.iter().filter_map(|(n, _)| n.strip_prefix(FOR)).map(Into::into).collect(),
        system: None,
        team: None,
        days: one("days").trim().parse().unwrap_or(0),
    };
    let kept = wanted.clone();
    match make(&app, &who, wanted).await {
        Ok((_, secret, _)) => {
            let fresh = vec![("The new token".to_owned(), secret.shown().to_owned())];
            show(&app, &who, fresh, None).await
        }
        Err(problem) if problem.status == 422 => {
            show(&app, &who, Vec::new(), Some((kept, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

pub(crate) async fn revoke(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let one = |name: &str| sent.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v);
    if one("do") != "sign" {
        revoke_chosen(&app, &who, &sent, false).await?;
        return Ok(Redirect::to("/account").into_response());
    }
    own_form(&who, one("csrf"))?;
    let mut fresh = Vec::new();
    for id in sent.iter().filter(|(n, _)| n == "id").filter_map(|(_, id)| id.parse().ok()) {
        let made = signing(&app, &who, id).await?;
        fresh.push(("Where events are sent".to_owned(), made.address));
        fresh.push(("The secret they are signed with".to_owned(), made.secret));
    }
    show(&app, &who, fresh, None).await
}

/// What the form of a new password sends.
#[derive(Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    old: String,
    new: String,
}

pub(crate) async fn password(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    ask(&app, &who, None).await
}

async fn ask(app: &App, who: &Who, wrong: Option<(&'static str, &str)>) -> Page {
    let headline = "Change my password.".to_owned();
    let mut layout = layout(app, who, trimtab_pages::Entry::Today, "My password", headline).await?;
    layout.entry = None;
    layout.crumbs = vec![Link::to("My account", "/account"), Link::words("Password")];
    let mut form = View {
        action: "/account/password".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("old", "Current password", Input::Secret("current-password")),
            Field::new("new", "New password", Input::Secret("new-password"))
                .hinted("At least 15 characters: a few words in a row will do."),
        ],
        submit: "Change the password".to_owned(),
        cancel: Some(Link::to("Back", "/account")),
        ..View::default()
    };
    mended(&mut form, wrong.map(|(name, text)| (name, text.to_owned())));
    let follows = vec!["Your other sessions end.".to_owned()];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

pub(crate) async fn set_password(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    if let Some(why) = password::refused(&sent.new) {
        return ask(&app, &who, Some(("new", why))).await;
    }
    let (old, phc) = (sent.old, who.person.password.clone());
    let right = tokio::task::spawn_blocking(move || {
        old.chars().count() <= password::MOST && password::is_right(&old, phc.as_deref())
    });
    if !right.await.unwrap_or(false) {
        return ask(&app, &who, Some(("old", "This is not your current password."))).await;
    }
    let new = sent.new;
    let phc = tokio::task::spawn_blocking(move || password::hash(&new)).await;
    let phc = phc.map_err(|e| Problem::conflict(e.to_string()))?.map_err(Problem::conflict)?;
    let now = app.now();
    app.store.set_password(who.org, who.person.id, &phc, &who.actor(), now).await?;
    sign_in::begin(&app, who.org, &who.person, now).await
}

/// What the form of a side sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Side {
    csrf: String,
    side: String,
}

pub(crate) async fn side(who: Result<Who, Problem>, Form(sent): Form<Side>) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let side = Role::from_word(&sent.side).filter(|role| who.roles().contains(role));
    let side = side.ok_or_else(|| Problem::invalid("`side` must be one of your own roles."))?;
    Ok(redirect_with_cookie("/", &format!("{SIDE}={side}; Path=/; HttpOnly; SameSite=Lax")))
}
