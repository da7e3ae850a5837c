//! Describing a system: a page of its own.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_model::Exposure;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as View, Input, Link, Pairs};
use trimtab_store::System;

use super::{Page, Sorry, html, layout, mended, own_form, system};
use crate::access::{Action, On, Who};
use crate::api::systems::{Shown, describe, unknown_word};
use crate::api::visible;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;

/// What the form sends. What is empty is unknown.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    name: String,
    team: String,
    product_owner: String,
    operations: String,
    tier: String,
    exposure: String,
    data: String,
    environments: String,
    failure: String,
    needs: String,
}

pub(crate) async fn new(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, None, Sent::default(), None).await
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (is, all) = system::find(&app, &who, id).await?;
    let teams = app.store.teams(who.org).await?;
    let team = is.team.and_then(|id| teams.iter().find(|t| t.id == id));
    let visible = visible(&who, &all);
    let may = |id: i64| visible.as_ref().is_none_or(|visible| visible.contains(&id));
    let needs = all.iter().filter(|s| is.needs.contains(&s.id) && may(s.id));
    let needs = needs.map(|s| s.name.as_str());
    let list = |words: &Option<Vec<String>>| words.as_ref().map(|w| w.join(", "));
    let sent = Sent {
        csrf: String::new(),
        name: is.name.clone(),
        team: team.map(|t| t.name.clone()).unwrap_or_default(),
        product_owner: is.product_owner.clone().unwrap_or_default(),
        operations: is.operations.clone().unwrap_or_default(),
        tier: is.tier.clone().unwrap_or_default(),
        exposure: is.exposure.map(|e| e.as_str().to_owned()).unwrap_or_default(),
        data: list(&is.data).unwrap_or_default(),
        environments: list(&is.environments).unwrap_or_default(),
        failure: is.failure.clone().unwrap_or_default(),
        needs: needs.collect::<Vec<_>>().join(", "),
    };
    show(&app, &who, Some(&is), sent, None).await
}

pub(crate) async fn add(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    put(&app, &who, None, sent).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (is, _) = system::find(&app, &who, id).await?;
    put(&app, &who, Some(&is), sent).await
}

async fn put(app: &App, who: &Who, is: Option<&System>, sent: Sent) -> Page {
    let some = |text: &str| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
    let words = |text: &str| -> Vec<String> {
        text.split(',').map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect()
    };
    let list = |text: &str| Some(words(text)).filter(|w| !w.is_empty());
    let shown = Shown {
        version: String::new(),
        id: is.map_or(0, |s| s.id),
        name: match (is, sent.name.trim()) {
            (Some(is), "") => is.name.clone(),
            (_, name) => name.to_owned(),
        },
        team: some(&sent.team),
        product_owner: some(&sent.product_owner),
        operations: some(&sent.operations),
        tier: some(&sent.tier),
        exposure: some(&sent.exposure),
        data: list(&sent.data),
        environments: list(&sent.environments),
        failure: some(&sent.failure),
        needs: words(&sent.needs),
    };
    let agreed = app.agreed(who.org, app.now()).await?;
    let others = app.store.systems(who.org).await?;
    if is.is_some() && others.iter().any(|s| s.id != shown.id && s.name == shown.name) {
        let wrong = ("name", "There is already a system of this name.".to_owned());
        return show(app, who, is, sent, Some(wrong)).await;
    }
    if let Some(wrong) = unknown_word(&agreed.charter, &shown, is) {
        return show(app, who, is, sent, Some(wrong)).await;
    }
    match describe(app, who, shown).await {
        Ok(id) => Ok(Redirect::to(&format!("/systems/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            show(app, who, is, sent, Some(("", problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(
    app: &App,
    who: &Who,
    is: Option<&System>,
    sent: Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let on = is.map_or(On::ALL, |s| On { system: Some(s.id), team: s.team });
    who.must(Action::Describe, on)?;
    let agreed = app.agreed(who.org, app.now()).await?;
    let (title, action) = match is {
        Some(is) => (format!("Describe {}", is.name), format!("/systems/{}/edit", is.id)),
        None => ("Describe a system".to_owned(), "/systems/new".to_owned()),
    };
    let headline = format!("{title}: what is not said stays unknown.");
    let mut layout = layout(app, who, Entry::Systems, &title, headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words(title)];
    let mut form = View {
        action: action.into(),
        csrf: layout.csrf.clone(),
        fields: fields(&agreed, sent),
        submit: "Save".to_owned(),
        cancel: Some(Link::to("Back to the systems", "/systems")),
        ..View::default()
    };
    mended(&mut form, wrong);
    let mut follows = vec!["Every finding in its assets is then weighed again.".to_owned()];
    if is.is_some() {
        follows.push(
            "With another name, pushes and descriptions in repositories must call it by that: one with the old name makes a \
             new system."
                .to_owned(),
        );
    }
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

fn fields(agreed: &Agreed, sent: Sent) -> Vec<Field> {
    let choose = |words: Vec<String>| {
        let mut all = vec![(String::new(), "unknown".to_owned())];
        all.extend(words.into_iter().map(|w| (w.clone(), w)));
        Input::Select(all)
    };
    let charter = &agreed.charter;
    let tiers = charter.tiers.iter().map(|t| t.name.to_string()).collect();
    let exposures = Exposure::ALL.iter().map(|e| e.as_str().to_owned()).collect();
    let teams = agreed.teams.iter().map(|t| t.name.clone()).collect();
    let names = |words: Vec<&str>| format!("Separated by commas: {}.", words.join(", "));
    let data = charter.data.iter().map(|d| &*d.name).collect();
    let environments = charter.environments.iter().map(|e| &*e.name).collect();
    let mut fields = vec![Field::new("name", "Name", Input::Text).holding(sent.name)];
    fields.extend([
        Field::new("team", "Owner", choose(teams)).holding(sent.team).optional(),
        Field::new("product_owner", "Product owner", Input::Text)
            .holding(sent.product_owner)
            .hinted("Who decides what is done first.")
            .optional(),
        Field::new("operations", "Operations", Input::Text)
            .holding(sent.operations)
            .hinted("Whom to call about running it.")
            .optional(),
        Field::new("tier", "Tier", choose(tiers)).holding(sent.tier).optional(),
        Field::new("exposure", "Exposure", choose(exposures)).holding(sent.exposure).optional(),
        Field::new("data", "Data", Input::Text).holding(sent.data).hinted(names(data)).optional(),
        Field::new("environments", "Environments", Input::Text)
            .holding(sent.environments)
            .hinted(names(environments))
            .optional(),
        Field::new("failure", "What a failure means to customers", Input::Text)
            .holding(sent.failure)
            .optional(),
        Field::new("needs", "Systems that it needs", Input::Text)
            .holding(sent.needs)
            .hinted("Names, separated by commas.")
            .optional(),
    ]);
    fields
}
