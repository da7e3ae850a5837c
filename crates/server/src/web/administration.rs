//! Administration: people with their roles and links, and tokens.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_model::Role;
use trimtab_pages::Entry;
use trimtab_pages::page::Administration;
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Field, Form as View, Input, Link, Notice, Pairs, Row, Table, Tabs,
    Urgency, When,
};
use trimtab_store::{Cursor, Grant, ScopeOf, Token};

use super::{Page, Sorry, asking, html, layout, mended, own_form, pager};
use crate::access::{Action, On, Who};
use crate::api::people::{Asked, page};
use crate::api::tokens;
use crate::deciding::Refused;
use crate::people::{self, Change, name, names};
use crate::problem::Problem;
use crate::state::App;

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

pub(super) fn admin(who: Result<Who, Problem>) -> Result<Who, Problem> {
    let who = who?;
    who.must(Action::Administer, On::ALL)?;
    Ok(who)
}

pub(super) fn tabs(shown: usize) -> Tabs {
    Tabs {
        label: "Administration".to_owned(),
        tabs: vec![
            Link::to("People", "/administration"),
            Link::to("Tokens", "/administration/tokens"),
            Link::to("Backup and retention", "/administration/backup"),
            Link::to("Settings", "/administration/settings"),
            Link::to("Ledger", "/ledger"),
        ],
        shown,
    }
}

pub(crate) async fn people(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    list(&app, &who, &asked, Sent::default(), None, None).await
}

async fn list(
    app: &App,
    who: &Who,
    asked: &Asked,
    sent: Sent,
    wrong: Wrong,
    link: Option<String>,
) -> Page {
    let (people, next) = page(app, who, asked).await?;
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
            Cell::text(people::standing(person)),
        ]));
    }
    let more = if next.is_some() { " or more" } else { "" };
    let headline = match (people.len(), more) {
        (1, "") => "1 person has an account.".to_owned(),
        (n, more) => format!("{n}{more} people have an account."),
    };
    let mut layout = layout(app, who, Entry::Administration, "Administration", headline).await?;
    layout.flash = link.as_deref().map(once);
    let mut form = View {
        action: "/administration/people".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("name", "Name", Input::Text).holding(sent.name),
            Field::new("email", "Email address", Input::Email).holding(sent.email),
            role_field().holding(sent.role),
            Field::new("scope", "Where", Input::Select(scopes)).holding(sent.scope),
        ],
        submit: "Add a person".to_owned(),
        ..View::default()
    };
    mended(&mut form, wrong);
    let table = Table {
        title: "People".to_owned(),
        columns: vec![
            Column::left("Person").kept(),
            Column::left("Roles").kept(),
            Column::left("Second factor"),
            Column::left("State"),
        ],
        rows,
        pager: pager(people.len(), asked.after.is_none(), next, |next| {
            asking("/administration", &[("q", asked.q.clone()), ("after", Some(next))])
        }),
        ..Table::default()
    };
    let intro =
        "A role is for the organisation, a team or a system. Every change is in the ledger.";
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
        "Give them this link now. It works once, for 24 hours, and is not shown again: {link}"
    );
    Notice { urgency: Urgency::Done, text, next: None }
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
    for system in app.store.systems(who.org).await?.iter() {
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

/// The role and place that a form names.
async fn granted(app: &App, who: &Who, sent: &Sent) -> Result<Grant, Refused> {
    let scope = match sent.scope.split_once(' ') {
        None => Some(ScopeOf::Organisation).filter(|_| sent.scope == "organisation"),
        Some(("team", id)) => id.parse().ok().map(ScopeOf::Team),
        Some(("system", id)) => id.parse().ok().map(ScopeOf::System),
        Some(_) => None,
    };
    people::grant(app, who, &sent.role, scope).await
}

/// What is wrong, and at which field: what is no field's is told at `at`.
fn at_field(refused: Refused, at: &'static str) -> Result<(&'static str, String), Problem> {
    match refused {
        Refused::Member(name, text) => Ok((name, text)),
        Refused::Problem(problem) if problem.status == 409 => Ok((at, problem.detail)),
        Refused::Problem(problem) => Err(problem),
    }
}

pub(crate) async fn add(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let added = async {
        let grant = granted(&app, &who, &sent).await?;
        people::add(&app, &who, &sent.name, &sent.email, &[grant]).await
    };
    match added.await {
        Ok((_, link)) => {
            list(&app, &who, &Asked::default(), Sent::default(), None, Some(link)).await
        }
        Err(refused) => {
            let wrong = at_field(refused, "name")?;
            list(&app, &who, &Asked::default(), sent, Some(wrong), None).await
        }
    }
}

pub(crate) async fn person(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    one(&app, &who, id, Sent::default(), None, None).await
}

async fn one(
    app: &App,
    who: &Who,
    id: i64,
    sent: Sent,
    wrong: Wrong,
    link: Option<String>,
) -> Page {
    let person = people::find(app, who, id).await?;
    let grants = app.store.grants(who.org, id).await?;
    let scopes = scopes(app, who).await?;
    let headline = match grants.len() {
        0 => format!("{} has no role.", person.name),
        1 => format!("{} has 1 role.", person.name),
        n => format!("{} has {n} roles.", person.name),
    };
    let mut layout = layout(app, who, Entry::Administration, &person.name, headline).await?;
    layout.crumbs =
        vec![Link::to("Administration", "/administration"), Link::words(person.name.clone())];
    layout.flash = link.as_deref().map(once);
    let word = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let mut verbs = vec![
        word("give", "Grant the role"),
        word("take", "Remove the role"),
        word("link", "Make a one-time sign-in link"),
        word("end-sessions", "End every session, and links that were not used"),
    ];
    verbs.push(if person.disabled {
        word("open", "Open the account again")
    } else {
        word("close", "Close the account: sessions end, tokens are revoked")
    });
    if person.totp.is_some() {
        verbs.push(word("codes-off", "Turn one-time codes off: the device is lost"));
    }
    let mut form = View {
        action: format!("/administration/people/{id}").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("do", "What to do", Input::Select(verbs)).holding(sent.r#do),
            role_field().holding(sent.role).hinted("Only to grant or remove a role."),
            Field::new("scope", "Where", Input::Select(scopes.clone()))
                .holding(sent.scope)
                .hinted("Only to grant or remove a role."),
        ],
        submit: "Change the account".to_owned(),
        cancel: Some(Link::to("Back", "/administration")),
        ..View::default()
    };
    mended(&mut form, wrong);
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
    let mut about = vec![
        ("Email address".to_owned(), person.email.clone().into()),
        ("State".to_owned(), people::standing(&person).into()),
    ];
    let held = people::words(&people::held(app, who.org, id).await?);
    if !held.is_empty() {
        let label = if person.disabled { "Still has" } else { "Has" };
        about.push((label.to_owned(), held.into()));
    }
    Ok(html(&Administration {
        layout,
        tabs: tabs(0),
        intro: "Every change is in the ledger.".to_owned(),
        about: Pairs(about),
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
    let account = |is| people::change(&app, &who, id, is);
    let done: Result<(), Refused> = match sent.r#do.as_str() {
        "link" => match people::link(&app, &who, id).await {
            Ok(link) => return one(&app, &who, id, Sent::default(), None, Some(link)).await,
            Err(problem) => Err(problem.into()),
        },
        "close" => account(Change::Close).await.map_err(Into::into),
        "open" => account(Change::Open).await.map_err(Into::into),
        "codes-off" => account(Change::CodesOff).await.map_err(Into::into),
        "end-sessions" => account(Change::EndSessions).await.map_err(Into::into),
        give @ ("give" | "take") => match granted(&app, &who, &sent).await {
            Ok(grant) => people::set(&app, &who, id, grant, give == "give").await.map(|_| ()),
            Err(refused) => Err(refused),
        },
        _ => Err(Refused::Member("do", "Choose what is to be done.".to_owned())),
    };
    if let Err(refused) = done {
        let wrong = at_field(refused, "do")?;
        return one(&app, &who, id, sent, Some(wrong), None).await;
    }
    Ok(Redirect::to(&format!("/administration/people/{id}")).into_response())
}

pub(crate) async fn tokens(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<tokens::Asked>,
) -> Page {
    let who = admin(who).map_err(Sorry::from)?;
    let found = tokens::page(&app, &who, &asked).await?;
    let all = found.rows;
    let names = names(&app, who.org).await?;
    let now = app.now();
    let held = all.iter().filter(|t| t.revoked.is_none() && t.expires > now).count();
    let more = if found.next.is_some() { " or more" } else { "" };
    let headline = match (held, more) {
        (0, "") => "No token is valid.".to_owned(),
        (1, "") => "1 token is valid.".to_owned(),
        (n, more) => format!("{n}{more} tokens are valid."),
    };
    let layout = layout(&app, &who, Entry::Administration, "Tokens", headline).await?;
    let table = Table {
        bulk: Some(Bulk {
            action: "/administration/tokens".into(),
            csrf: layout.csrf.clone(),
            verbs: vec![("revoke".to_owned(), "Revoke".to_owned())],
        }),
        pager: pager(all.len(), asked.after.is_none(), found.next.map(Cursor::to_text), |next| {
            asking("/administration/tokens", &[("after", Some(next))])
        }),
        empty: Empty {
            why: "There is none. A token lets a program such as CI act for the person who made it."
                .to_owned(),
            next: Some(Link::to("Make one under My account", "/account")),
        },
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
        empty: Empty {
            why: "There is none. A token lets a program such as CI act for the person who made it."
                .to_owned(),
            next: None,
        },
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
    for (_, id) in sent.iter().filter(|(name, _)| name == "id") {
        let Ok(id) = id.parse() else { continue };
        let token = app.store.token_numbered(who.org, id).await?;
        if let Some(token) = token.filter(|t| all || t.person == who.person.id) {
            app.store.revoke_token(who.org, token.id, &who.actor(), app.now()).await?;
        }
    }
    Ok(())
}
