//! Removing a team or a system: a page that says what stands in the way, or what follows.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Dossier, Part};
use trimtab_pages::part::{Cell, Column, Empty, Figures, Form as Sheet, Link, Pairs, Row, Table};
use trimtab_store::FormerKind;

use super::{Page, Sorry, html, layout, own_form};
use crate::access::Who;
use crate::problem::Problem;
use crate::removing::{hindered, name, remove};
use crate::state::App;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
}

/// Where they are listed.
const fn lists(kind: FormerKind) -> (Entry, &'static str, &'static str) {
    match kind {
        FormerKind::Team => (Entry::Teams, "Teams", "/teams"),
        FormerKind::System => (Entry::Systems, "Systems", "/systems"),
    }
}

pub(crate) async fn team(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    show(&app, &who.map_err(Sorry::from)?, (FormerKind::Team, id)).await
}

pub(crate) async fn system(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    show(&app, &who.map_err(Sorry::from)?, (FormerKind::System, id)).await
}

pub(crate) async fn remove_team(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    post(&app, &who.map_err(Sorry::from)?, (FormerKind::Team, id), &sent).await
}

pub(crate) async fn remove_system(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    post(&app, &who.map_err(Sorry::from)?, (FormerKind::System, id), &sent).await
}

async fn post(app: &App, who: &Who, of: (FormerKind, i64), sent: &Sent) -> Page {
    own_form(who, &sent.csrf)?;
    match remove(app, who, of).await {
        Ok(()) => Ok(Redirect::to(lists(of.0).2).into_response()),
        // What stands in the way by now is listed.
        Err(problem) if problem.status == 409 => show(app, who, of).await,
        Err(problem) => Err(problem.into()),
    }
}

async fn show(app: &App, who: &Who, of: (FormerKind, i64)) -> Page {
    let (kind, id) = of;
    let name = name(app, who, of).await?;
    let found = hindered(app, who, of).await?;
    let (entry, all, list) = lists(kind);
    let title = format!("Remove {name}");
    let headline = match found.is_empty() {
        true => format!("{title}: nothing stands in the way."),
        false => format!("{name} cannot be removed yet."),
    };
    let mut layout = layout(app, who, entry, &title, headline).await?;
    let here = format!("{list}/{id}");
    layout.crumbs =
        vec![Link::to(all, list), Link::to(name.clone(), here.clone()), Link::words("Remove")];
    if !found.is_empty() {
        let table = Table {
            title: "What stands in the way".to_owned(),
            columns: vec![Column::left("What, and what to do").kept()],
            rows: found.into_iter().map(|text| Row::of(vec![Cell::text(text)])).collect(),
            empty: Empty { why: String::new(), next: None },
            ..Table::default()
        };
        let parts = vec![(String::new(), Part::table(table))];
        return Ok(html(&Dossier { layout, notice: None, figures: Figures::default(), parts }));
    }
    let form = Sheet {
        action: format!("{here}/remove").into(),
        csrf: layout.csrf.clone(),
        submit: "Remove".to_owned(),
        cancel: Some(Link::to("Back", here)),
        grave: true,
        ..Sheet::default()
    };
    let mut follows = vec![
        "It is gone from all lists. The ledger, past reviews and past decisions keep what was recorded of it.".to_owned(),
    ];
    if kind == FormerKind::System {
        follows.push("A push that names it makes a new system of that name.".to_owned());
    }
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}
