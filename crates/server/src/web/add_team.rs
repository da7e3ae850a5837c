//! Adding a team: a page of its own.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs};

use super::{Page, Sorry, html, layout, mended, own_form, team};
use crate::access::{Action, On, Who};
use crate::api::teams::{Shown, pace};
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    name: String,
    cadence: String,
    capacity: String,
}

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, &Sent::default(), None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    who.must(Action::Administer, On::ALL)?;
    own_form(&who, &sent.csrf)?;
    let name = sent.name.trim().to_owned();
    // The name says which team is meant: another of that name would be changed, and none added.
    if app.store.teams(who.org).await?.iter().any(|team| team.name == name) {
        let wrong = ("name", "There is already a team of this name.".to_owned());
        return show(&app, &who, &sent, Some(wrong)).await;
    }
    let text = sent.capacity.trim();
    let capacity: Option<f64> = text.parse().ok();
    if capacity.is_none() && !text.is_empty() {
        let wrong = ("capacity", "Enter a number of points.".to_owned());
        return show(&app, &who, &sent, Some(wrong)).await;
    }
    let cadence = Some(sent.cadence.clone()).filter(|c| !c.is_empty());
    let wanted = Shown { id: 0, name, cadence, version: String::new(), capacity, open_limit: None };
    match pace(&app, &who, wanted).await {
        Ok(id) => Ok(Redirect::to(&format!("/teams/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            show(&app, &who, &sent, Some(("name", problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(app: &App, who: &Who, sent: &Sent, wrong: Option<(&'static str, String)>) -> Page {
    who.must(Action::Administer, On::ALL)?;
    let title = "Add a team";
    let mut layout = layout(app, who, Entry::Teams, title, "Add a team.".to_owned()).await?;
    layout.crumbs = vec![Link::to("Teams", "/teams"), Link::words(title)];
    let cadences = team::cadences(app, who).await?;
    let mut form = Sheet {
        action: "/teams/new".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("name", "Name", Input::Text).holding(sent.name.clone()),
            Field::new("cadence", "Cadence", Input::Select(cadences))
                .holding(sent.cadence.clone())
                .hinted("How often the team has a window for updates.")
                .optional(),
            Field::new("capacity", "Capacity", Input::Text)
                .holding(sent.capacity.clone())
                .hinted("Points for dependency work in one window.")
                .optional(),
        ],
        submit: title.to_owned(),
        cancel: Some(Link::to("Back to the teams", "/teams")),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "Then describe the systems that it owns, and grant its people roles of the team."
            .to_owned(),
        "It gets a plan once it has a cadence and a capacity.".to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}
