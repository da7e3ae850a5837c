//! Administration: people with their roles and links, tokens, how the server is set.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use jiff::SignedDuration;
use serde::Deserialize;
use trimtab_model::Role;
use trimtab_pages::Entry;
use trimtab_pages::page::Administration;
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Field, Form as View, Input, Link, Notice, Pairs, Row, Table, Tabs,
    Urgency, Value, When,
};
use trimtab_store::{Engine, Grant, NewPerson, Person, ScopeOf, StoreError, Token};

use super::exceptions::{name, names};
use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::secret::Secret;
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// How long a sign-in link is good.
const LINK: SignedDuration = SignedDuration::from_hours(24);

/// What the forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    name: String,
    email: String,
    role: String,
    scope: String,
    r#do: String,
}

type Wrong = Option<(&'static str, String)>;

fn admin(who: Result<Who, Problem>) -> Result<Who, Problem> {
    let who = who?;
    who.must(Action::Administer, On::ALL)?;
    Ok(who)
}

fn tabs(shown: usize) -> Tabs {
    Tabs {
        label: "Administration".to_owned(),
        tabs: vec![
            Link::to("People", "/administration"),
            Link::to("Tokens", "/administration/tokens"),
            Link::to("Settings", "/administration/settings"),
        ],
        shown,
    }
}

pub(crate) async fn people(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    list(&app, &who, Sent::default(), None, None).await
}

async fn list(app: &App, who: &Who, sent: Sent, wrong: Wrong, link: Option<String>) -> Page {
    let people = app.store.people(who.org).await?;
    let scopes = scopes(app, who).await?;
    let mut rows = Vec::new();
    for person in &people {
        let grants = app.store.grants(who.org, person.id).await?;
        let told = grants.iter().map(|g| tell(g, &scopes)).collect();
        let here = format!("/administration/people/{}", person.id);
        rows.push(Row::of(vec![
            Cell::Name(Link::to(person.name.clone(), here), person.email.clone()),
            Cell::Tags(told),
            Cell::text(if person.totp.is_some() { "yes" } else { "no" }),
            Cell::text(standing(person)),
        ]));
    }
    let headline = format!("{} have an account.", people.len());
    let mut layout = layout(app, who, Entry::Administration, "Administration", headline).await?;
    layout.flash = link.as_deref().map(once);
    let mut form = View {
        action: "/administration/people".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("name", "Name", Input::Text).holding(sent.name),
            Field::new("email", "Address", Input::Email).holding(sent.email),
            role_field().holding(sent.role),
            Field::new("scope", "Where", Input::Select(scopes)).holding(sent.scope),
        ],
        submit: "Add a person".to_owned(),
        ..View::default()
    };
    if let Some((name, text)) = wrong {
        mended(&mut form, name, text);
    }
    let table = Table {
        title: "People".to_owned(),
        columns: vec![
            Column::left("Person").kept(),
            Column::left("Roles").kept(),
            Column::left("Second factor"),
            Column::left("State"),
        ],
        rows,
        ..Table::default()
    };
    let intro =
        "A role holds for the organisation, a team or a system. Every change is in the ledger.";
    Ok(html(&Administration {
        layout,
        tabs: tabs(0),
        intro: intro.to_owned(),
        about: Pairs::default(),
        tables: vec![table],
        form: Some(form),
    }))
}

/// A link that is shown once.
fn once(link: &str) -> Notice {
    let text = format!(
        "Give them this link now; it is good once, for 24 hours, and not shown again: {link}"
    );
    Notice { urgency: Urgency::Done, text, next: None }
}

fn standing(person: &Person) -> &'static str {
    match (person.disabled, person.password.is_some() || person.subject.is_some()) {
        (true, _) => "closed",
        (false, true) => "open",
        (false, false) => "has not signed in yet",
    }
}

fn role_field() -> Field {
    let roles = Role::ALL.iter().map(|r| (r.as_str().to_owned(), r.as_str().to_owned()));
    Field::new("role", "Role", Input::Select(roles.collect()))
}

/// Where a role can hold: value and words.
async fn scopes(app: &App, who: &Who) -> Result<Vec<(String, String)>, Problem> {
    let mut all = vec![("organisation".to_owned(), "the organisation".to_owned())];
    for team in app.store.teams(who.org).await? {
        all.push((format!("team {}", team.id), format!("team {}", team.name)));
    }
    for system in app.store.systems(who.org).await? {
        all.push((format!("system {}", system.id), format!("system {}", system.name)));
    }
    Ok(all)
}

fn value(scope: ScopeOf) -> String {
    match scope {
        ScopeOf::Organisation => "organisation".to_owned(),
        ScopeOf::Team(id) => format!("team {id}"),
        ScopeOf::System(id) => format!("system {id}"),
    }
}

fn tell(grant: &Grant, scopes: &[(String, String)]) -> String {
    let value = value(grant.scope);
    match scopes.iter().find(|s| s.0 == value) {
        Some((_, words)) if grant.scope != ScopeOf::Organisation => {
            format!("{} of {words}", grant.role)
        }
        _ => grant.role.as_str().to_owned(),
    }
}

/// The role and place that a form names, if they are of this organisation.
fn granted(sent: &Sent, scopes: &[(String, String)]) -> Result<Grant, (&'static str, String)> {
    let wrong = |name, text: &str| (name, text.to_owned());
    let role = Role::from_word(&sent.role).ok_or_else(|| wrong("role", "Choose a role."))?;
    let known = scopes.iter().any(|s| s.0 == sent.scope);
    let scope = match sent.scope.split_once(' ') {
        _ if !known => None,
        None => Some(ScopeOf::Organisation),
        Some(("team", id)) => id.parse().ok().map(ScopeOf::Team),
        Some((_, id)) => id.parse().ok().map(ScopeOf::System),
    };
    let scope = scope.ok_or_else(|| wrong("scope", "Choose where it holds."))?;
    Ok(Grant { role, scope })
}

pub(crate) async fn add(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let scopes = scopes(&app, &who).await?;
    let grant = match granted(&sent, &scopes) {
        Ok(grant) => grant,
        Err(wrong) => return list(&app, &who, sent, Some(wrong), None).await,
    };
    let (name, email) = (sent.name.trim().to_owned(), sent.email.trim().to_lowercase());
    if name.is_empty() || name.chars().count() > 200 {
        let wrong = ("name", "The name is 1 to 200 characters.".to_owned());
        return list(&app, &who, sent, Some(wrong), None).await;
    }
    if !super::welcome::is_address(&email) {
        let wrong = ("email", "Give an address such as ada@example.org.".to_owned());
        return list(&app, &who, sent, Some(wrong), None).await;
    }
    let new = NewPerson { email, name, subject: None };
    let added = app.store.add_person(who.org, &new, &[grant], &who.actor(), app.now()).await;
    let id = match added {
        Err(StoreError::Exists(_)) => {
            let wrong = ("email", "Somebody here has this address.".to_owned());
            return list(&app, &who, sent, Some(wrong), None).await;
        }
        added => added?,
    };
    let link = link(&app, &who, id).await?;
    list(&app, &who, Sent::default(), None, Some(link)).await
}

async fn link(app: &App, who: &Who, person: i64) -> Result<String, Problem> {
    let secret = Secret::new("").map_err(|e| {
        tracing::error!(error = %e, "no random bytes");
        Problem::conflict("The server has no random numbers right now. Try again.")
    })?;
    app.store.add_link(who.org, person, &secret.digest(), app.now() + LINK).await?;
    Ok(format!("{}/welcome/{}", app.settings.public, secret.shown()))
}

pub(crate) async fn person(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    one(&app, &who, id, None, None).await
}

async fn one(app: &App, who: &Who, id: i64, wrong: Wrong, link: Option<String>) -> Page {
    let person = app.store.person(who.org, id).await?;
    let person = person.ok_or_else(|| Problem::not_found("person"))?;
    let grants = app.store.grants(who.org, id).await?;
    let scopes = scopes(app, who).await?;
    let headline = format!("{} has {} roles.", person.name, grants.len());
    let mut layout = layout(app, who, Entry::Administration, &person.name, headline).await?;
    layout.crumbs =
        vec![Link::to("Administration", "/administration"), Link::words(person.name.clone())];
    layout.flash = link.as_deref().map(once);
    let word = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let mut verbs = vec![
        word("give", "Give the role"),
        word("take", "Take the role away"),
        word("link", "Make a link to sign in once"),
    ];
    verbs.push(if person.disabled {
        word("open", "Open the account again")
    } else {
        word("close", "Close the account: sessions end, tokens are revoked")
    });
    let mut form = View {
        action: format!("/administration/people/{id}").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("do", "What", Input::Select(verbs)),
            role_field(),
            Field::new("scope", "Where", Input::Select(scopes.clone())),
        ],
        submit: "Change it".to_owned(),
        cancel: Some(Link::to("Back", "/administration")),
        ..View::default()
    };
    if let Some((name, text)) = wrong {
        mended(&mut form, name, text);
    }
    let row = |g: &Grant| {
        let scope = value(g.scope);
        let words = scopes.iter().find(|s| s.0 == scope).map_or(scope, |s| s.1.clone());
        Row::of(vec![Cell::text(g.role.as_str()), Cell::text(words)])
    };
    let table = Table {
        title: "Roles".to_owned(),
        titled: true,
        columns: vec![Column::left("Role").kept(), Column::left("Where").kept()],
        rows: grants.iter().map(row).collect(),
        empty: Empty { why: "None: this person sees nothing.".to_owned(), next: None },
        ..Table::default()
    };
    Ok(html(&Administration {
        layout,
        tabs: tabs(0),
        intro: "Every change is in the ledger.".to_owned(),
        about: Pairs(vec![
            ("Address".to_owned(), person.email.clone().into()),
            ("State".to_owned(), standing(&person).into()),
        ]),
        tables: vec![table],
        form: Some(form),
    }))
}

pub(crate) async fn change(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let person = app.store.person(who.org, id).await?;
    let person = person.ok_or_else(|| Problem::not_found("person"))?;
    let (actor, now) = (who.actor(), app.now());
    match sent.r#do.as_str() {
        "link" if !person.disabled => {
            let link = link(&app, &who, id).await?;
            return one(&app, &who, id, None, Some(link)).await;
        }
        "close" if id == who.person.id => {
            let wrong = ("do", "Another admin must close your account.".to_owned());
            return one(&app, &who, id, Some(wrong), None).await;
        }
        "close" => app.store.set_disabled(who.org, id, true, &actor, now).await?,
        "open" => app.store.set_disabled(who.org, id, false, &actor, now).await?,
        "give" | "take" => {
            let scopes = scopes(&app, &who).await?;
            let grant = match granted(&sent, &scopes) {
                Ok(grant) => grant,
                Err(wrong) => return one(&app, &who, id, Some(wrong), None).await,
            };
            let mut grants = app.store.grants(who.org, id).await?;
            grants.retain(|g| *g != grant);
            if sent.r#do == "give" {
                grants.push(grant);
            }
            match app.store.set_grants(who.org, id, &grants, &actor, now).await {
                Err(StoreError::Refused(_)) => {
                    let wrong = ("do", "Nobody would be left to administer it.".to_owned());
                    return one(&app, &who, id, Some(wrong), None).await;
                }
                done => done?,
            }
        }
        _ => {
            let wrong = ("do", "Choose what is to be done.".to_owned());
            return one(&app, &who, id, Some(wrong), None).await;
        }
    }
    Ok(Redirect::to(&format!("/administration/people/{id}")).into_response())
}

pub(crate) async fn tokens(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    let all = app.store.tokens(who.org).await?;
    let names = names(&app, who.org).await?;
    let now = app.now();
    let held = all.iter().filter(|t| t.revoked.is_none() && t.expires > now).count();
    let headline = format!("{held} tokens hold.");
    let layout = layout(&app, &who, Entry::Administration, "Tokens", headline).await?;
    let table = Table {
        bulk: Some(Bulk {
            action: "/administration/tokens".into(),
            csrf: layout.csrf.clone(),
            verbs: vec![("revoke".to_owned(), "Revoke".to_owned())],
        }),
        ..table(&all, now, |t| Some(name(&names, t.person)))
    };
    Ok(html(&Administration {
        layout,
        tabs: tabs(1),
        intro: "A token never does more than the person who made it.".to_owned(),
        about: Pairs::default(),
        tables: vec![table],
        form: None,
    }))
}

/// Tokens in a list; those that hold can be chosen.
pub(crate) fn table(
    tokens: &[Token],
    now: jiff::Timestamp,
    of: impl Fn(&Token) -> Option<String>,
) -> Table {
    let row = |t: &Token| {
        let holds = t.revoked.is_none() && t.expires > now;
        let name = match of(t) {
            Some(person) => Cell::Name(Link::words(t.name.clone()), person),
            None => Cell::text(t.name.clone()),
        };
        Row {
            id: if holds { t.id.to_string() } else { String::new() },
            label: t.name.clone(),
            cells: vec![
                name,
                Cell::Tags(t.actions.clone()),
                match t.revoked {
                    Some(_) => Cell::text("revoked"),
                    None => Cell::Due(When::of(t.expires, now), t.expires <= now),
                },
                t.used.map_or_else(
                    || Cell::text("never"),
                    |at| Cell::Value(When::of(at, now).into()),
                ),
            ],
        }
    };
    Table {
        title: "Tokens".to_owned(),
        columns: vec![
            Column::left("Token").kept(),
            Column::left("For").kept(),
            Column::right("Ends"),
            Column::right("Used"),
        ],
        rows: tokens.iter().map(row).collect(),
        empty: Empty { why: "There is none.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(crate) async fn revoke(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    revoke_chosen(&app, &who, &sent, true).await?;
    Ok(Redirect::to("/administration/tokens").into_response())
}

/// Revokes the tokens that were chosen, of everybody or only their own.
///
/// # Errors
/// The form is not of this session.
pub(crate) async fn revoke_chosen(
    app: &App,
    who: &Who,
    sent: &[(String, String)],
    all: bool,
) -> Result<(), Problem> {
    let one = |name: &str| sent.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v);
    own_form(who, one("csrf"))?;
    let tokens = app.store.tokens(who.org).await?;
    for (_, id) in sent.iter().filter(|(name, _)| name == "id") {
        let token = tokens.iter().find(|t| t.id.to_string() == *id);
        if let Some(token) = token.filter(|t| all || t.person == who.person.id) {
            app.store.revoke_token(who.org, token.id, &who.actor(), app.now()).await?;
        }
    }
    Ok(())
}

pub(crate) async fn settings(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    let headline = "How the server is set: by its command line and environment.".to_owned();
    let layout = layout(&app, &who, Entry::Administration, "Settings", headline).await?;
    let engine = match app.store.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    let set = &app.settings;
    Ok(html(&Administration {
        layout,
        tabs: tabs(2),
        intro: "What stands here is changed where the server is started.".to_owned(),
        about: Pairs(vec![
            ("Store".to_owned(), engine.into()),
            ("Address".to_owned(), Value::Code(set.public.clone())),
            ("Largest upload".to_owned(), format!("{} MiB", set.largest_upload >> 20).into()),
            ("Jobs at once".to_owned(), set.workers.to_string().into()),
        ]),
        tables: Vec::new(),
        form: None,
    }))
}
