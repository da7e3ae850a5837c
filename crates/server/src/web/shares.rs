//! Links to boards: made, listed with when each was last read, and withdrawn.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Shares};
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Field, Form as Sheet, Input, Link, Pairs, Row, Table, Value, When,
};
use trimtab_store::{Cursor, ScopeOf, Share};

use super::{Page, Sorry, asking, html, layout, mended, own_form, pager};
use crate::access::{Action, On, Who};
use crate::api::shares;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::sharing::{self, LONGEST, Wanted};
use crate::state::App;

/// What the form of a new one sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    name: String,
    team: String,
    days: String,
}

pub(crate) async fn ask(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(side): Path<String>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let sent = Sent { days: "30".to_owned(), ..Sent::default() };
    form(&app, &who, &side, sent, None).await
}

async fn form(
    app: &App,
    who: &Who,
    word: &str,
    sent: Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let side = sharing::side(word)?;
    if !who.may_somewhere(Action::Share) {
        return Err(Problem::forbidden(Action::Share).into());
    }
    let headline = format!("Share the board of {side} by a link.");
    let mut layout = layout(app, who, Entry::Metrics, "Share a board", headline).await?;
    layout.crumbs = vec![
        Link::to("Metrics", "/metrics"),
        Link::to(format!("Board of {side}"), format!("/boards/{side}")),
        Link::words("Share"),
    ];
    let may = |on: On| who.may(Action::Share, on) && who.may(Action::View, on);
    let mut scopes = Vec::new();
    if may(On::ALL) {
        scopes.push((String::new(), "The organisation".to_owned()));
    }
    for team in app.store.teams(who.org).await? {
        if may(On { system: None, team: Some(team.id) }) {
            scopes.push((team.id.to_string(), format!("Team {}", team.name)));
        }
    }
    let mut form = Sheet {
        action: format!("/boards/{side}/share").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("name", "Name", Input::Text)
                .holding(sent.name)
                .hinted("A note for yourself: where it hangs, or who has it."),
            Field::new("team", "Shows", Input::Select(scopes)).holding(sent.team),
            Field::new("days", "Days until it ends", Input::Text)
                .holding(sent.days)
                .hinted(format!("1 to {LONGEST}.")),
        ],
        submit: "Make the link".to_owned(),
        cancel: Some(Link::to("Back to the board", format!("/boards/{side}"))),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "Anyone with the link can see the board without signing in, and can change nothing.".to_owned(),
        "It shows what you may see at the time, within what you choose here, and ends with your account."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(side): Path<String>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    sharing::side(&side)?;
    let Ok(days) = sent.days.trim().parse() else {
        let wrong = Some(("days", "Enter a number of days.".to_owned()));
        return form(&app, &who, &side, sent, wrong).await;
    };
    let team = match sent.team.as_str() {
        "" => None,
        id => Some(id.parse().map_err(|_| Problem::not_found("team"))?),
    };
    let wanted = Wanted { name: sent.name.trim().to_owned(), side: side.clone(), team, days };
    match sharing::make(&app, &who, wanted).await {
        Ok((_, address)) => list(&app, &who, None, Some(address)).await,
        Err(problem) if problem.status == 422 => {
            let field = if problem.detail.contains("days") { "days" } else { "name" };
            form(&app, &who, &side, sent, Some((field, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Which page of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    after: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    list(&app, &who.map_err(Sorry::from)?, asked.after, None).await
}

async fn list(app: &App, who: &Who, after: Option<String>, made: Option<String>) -> Page {
    let page = shares::page(app, who, after.as_deref(), None).await?;
    let names = names(app, who.org).await?;
    let teams = app.store.teams(who.org).await?;
    let now = app.now();
    let holds = |is: &Share| is.withdrawn.is_none() && is.is.expires > now;
    let row = |is: &Share| {
        let of = match is.is.scope {
            ScopeOf::Team(id) => {
                let team = teams.iter().find(|t| t.id == id);
                team.map_or("a team that is gone".to_owned(), |t| format!("team {}", t.name))
            }
            ScopeOf::Organisation | ScopeOf::System(_) => "the organisation".to_owned(),
        };
        let stands = match is.withdrawn {
            Some(_) => Cell::text("withdrawn"),
            None if is.is.expires <= now => Cell::text("ended"),
            None => Cell::Value(When::of(is.is.expires, now).into()),
        };
        Row {
            id: if holds(is) { is.id.to_string() } else { String::new() },
            label: is.is.name.clone(),
            cells: vec![
                Cell::name(is.is.name.clone(), format!("/boards/{}", is.is.side)),
                Cell::text(format!("{}, of {of}", is.is.side)),
                Cell::text(name(&names, is.is.person)),
                stands,
                is.used.map_or_else(
                    || Cell::text("never"),
                    |at| Cell::Value(When::of(at, now).into()),
                ),
            ],
        }
    };
    let holding = page.rows.iter().filter(|is| holds(is)).count();
    let headline = match (holding, page.rows.len()) {
        (_, 0) => "No board is shared by a link.".to_owned(),
        (1, _) => "1 link to a board works.".to_owned(),
        (n, _) => format!("{n} links to boards work."),
    };
    let mut layout = layout(app, who, Entry::Metrics, "Links to boards", headline).await?;
    layout.crumbs =
        vec![Link::to("Metrics", "/metrics"), Link::to("Boards", "/boards"), Link::words("Links")];
    let about = made.map(|address| {
        Pairs(vec![
            ("The link".to_owned(), Value::Code(address)),
            ("Save".to_owned(), Value::from("It is shown only this once.")),
        ])
    });
    let rows: Vec<Row> = page.rows.iter().map(row).collect();
    let verbs = vec![("withdraw".to_owned(), "Withdraw".to_owned())];
    let bulk = Bulk { action: "/shares".into(), csrf: layout.csrf.clone(), verbs };
    let table = Table {
        title: "Links".to_owned(),
        columns: vec![
            Column::left("Name").kept(),
            Column::left("Shows"),
            Column::left("Made by"),
            Column::right("Ends").kept(),
            Column::right("Last read"),
        ],
        bulk: (holding > 0).then_some(bulk),
        pager: pager(rows.len(), after.is_none(), page.next.map(Cursor::to_text), |next| {
            asking("/shares", &[("after", Some(next))])
        }),
        rows,
        empty: Empty {
            why:
                "A link shows a board to anyone who has it, without signing in. There is none yet."
                    .to_owned(),
            next: Some(Link::to("Choose a board", "/boards")),
        },
        ..Table::default()
    };
    Ok(html(&Shares { layout, about, table }))
}

pub(crate) async fn withdraw(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let one = |name: &str| sent.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v);
    own_form(&who, one("csrf"))?;
    for id in sent.iter().filter(|(n, _)| n == "id").filter_map(|(_, id)| id.parse().ok()) {
        sharing::withdraw(&app, &who, id).await?;
    }
    Ok(Redirect::to("/shares").into_response())
}
