//! One change of a team's plan is moved: to another window, at once, not for now, or where the plan says.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs};
use trimtab_store::PlacementState;

use super::super::team::{find, may_pace};
use super::super::today::short;
use super::super::{Page, Sorry, html, layout, mended, own_form};
use super::Asked;
use crate::access::Who;
use crate::api::plan::{Decide, decide, named};
use crate::planning::{WINDOWS, Wish, of_team};
use crate::problem::Problem;
use crate::state::App;

/// What the form of one change sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Moved {
    csrf: String,
    change: String,
    to: String,
    reason: String,
}

/// Asks where one change is to go.
pub(crate) async fn asks(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let sent = Moved { change: asked.change, ..Moved::default() };
    show(&app, &who, id, sent, None).await
}

/// Moves one change.
pub(crate) async fn moves(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Moved>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (team, _) = find(&app, &who, id).await?;
    if sent.to.is_empty() {
        let why = "Choose when it is done.".to_owned();
        return show(&app, &who, id, sent, Some(("to", why))).await;
    }
    let (state, window) = match sent.to.as_str() {
        "open" => ("open", None),
        "held" => ("held", None),
        "now" => ("accepted", Some("now".to_owned())),
        window => ("accepted", Some(window.to_owned())),
    };
    let decided = Decide {
        changes: vec![sent.change.clone()],
        state: state.to_owned(),
        window,
        reason: sent.reason.clone(),
    };
    match decide(&app, &who, &team, decided).await {
        Ok(_) => Ok(Redirect::to(&format!("/teams/{id}/plan")).into_response()),
        Err(problem) if problem.status == 422 => {
            show(&app, &who, id, sent, Some(("reason", problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(
    app: &App,
    who: &Who,
    id: i64,
    sent: Moved,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let (team, _) = find(app, who, id).await?;
    if !may_pace(who, id) {
        return Err(Problem::forbidden(crate::access::Action::Pace).into());
    }
    let planned = of_team(app, who, &team, Wish::of(WINDOWS)).await?;
    let planned = planned.map_err(|missing| Problem::invalid(missing.told()))?;
    let mut all = planned.changes.iter().chain(&planned.held);
    let change = all.find(|c| named(&c.of) == sent.change);
    let change = change.ok_or_else(|| Problem::not_found("change of the plan"))?;
    let (name, from) = short(&change.purl);
    let title = format!("{name} {from} to {} in {}", change.to, change.asset);
    let mut layout =
        layout(app, who, Entry::Teams, &title, format!("When is {title} done?")).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{id}")),
        Link::to("Plan", format!("/teams/{id}/plan")),
        Link::words("One change"),
    ];
    let mut choices = vec![
        ("open".to_owned(), "when the plan says".to_owned()),
        ("held".to_owned(), "not for now".to_owned()),
        ("now".to_owned(), "at once".to_owned()),
    ];
    let windows = planned.windows();
    choices.extend(windows.map(|w| (w.start.to_string(), w.name.to_string())));
    let is = match change.placed.as_ref().map(|p| (p.state, p.starts)) {
        None => "open".to_owned(),
        Some((PlacementState::Held, _)) => "held".to_owned(),
        Some((PlacementState::Accepted, None)) => "now".to_owned(),
        Some((PlacementState::Accepted, Some(at))) => at.to_string(),
    };
    let to = if sent.to.is_empty() { is } else { sent.to };
    let mut form = Sheet {
        action: format!("/teams/{id}/plan/move").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("change", "", Input::Hidden).holding(sent.change),
            Field::new("to", "When", Input::Select(choices)).holding(to),
            Field::new("reason", "Why", Input::Text)
                .holding(sent.reason)
                .hinted("Needed to hold it back: others read it.")
                .optional(),
        ],
        submit: "Save".to_owned(),
        cancel: Some(Link::to("Back to the plan", format!("/teams/{id}/plan"))),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "What is accepted stays where it is when the plan is made anew.".to_owned(),
        "What is held back is not planned until somebody leaves it to the plan again.".to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}
