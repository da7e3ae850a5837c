//! What people say and do in an incident: the question for each, with a draft where there is one, and what is sent.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link};

use super::about;
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::responding::said::{Said, left_of, may_of, say};
use crate::responding::{Room, doers, draft, room};
use crate::state::App;
use crate::web::{Page, Sorry, html, layout, mended, own_form};

/// What is to be said.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begun {
    kind: String,
    team: Option<i64>,
    task: Option<i64>,
    environment: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    kind: String,
    team: String,
    text: String,
    owner: String,
    due: String,
    task: String,
    environment: String,
    undone: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let room = room(&app, &who, id).await?;
    let text = match begun.kind.as_str() {
        "update" => draft::stakeholders(&room, app.now()),
        "status" => draft::status(&room),
        _ => String::new(),
    };
    let id = |id: Option<i64>| id.map(|id| id.to_string()).unwrap_or_default();
    let (team, task) = (id(begun.team), id(begun.task));
    let environment = begun.environment;
    let sent = Sent { kind: begun.kind, team, task, text, environment, ..Sent::default() };
    ask(&app, &who, &room, &sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let room = room(&app, &who, id).await?;
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let due = sent.due.trim();
    let said = Said {
        kind: sent.kind.clone(),
        team: number(&sent.team),
        text: sent.text.clone(),
        owner: number(&sent.owner),
        due: Some(due.to_owned()).filter(|due| !due.is_empty()),
        task: number(&sent.task),
        environment: Some(sent.environment.clone()).filter(|name| !name.is_empty()),
        undone: sent.undone.clone(),
    };
    match say(&app, &who, id, &said).await {
        Ok(()) => Ok(Redirect::to(&format!("/incidents/{id}")).into_response()),
        Err(problem) if matches!(problem.status, 409 | 422) => {
            let names = ["text", "owner", "due", "team", "task", "undone"];
            let is = |name: &&&str| problem.detail.contains(&format!("`{name}`"));
            let name = names.iter().find(is).copied().unwrap_or("");
            ask(&app, &who, &room, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What each of them asks, what the button says, and what follows.
fn words(kind: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match kind {
        "acknowledged" => (
            "What do you do first?",
            "Acknowledge it",
            "This says that you have seen it and are working on it.",
        ),
        "contained" => (
            "How is it contained?",
            "It is contained",
            "This says that it can no longer be exploited there, although the affected version is still in place.",
        ),
        "fixed" => (
            "How was it fixed?",
            "It is fixed",
            "For what no inventory lists. What an inventory lists counts as fixed once it is gone.",
        ),
        "note" => ("What should others know?", "Note it", "It will be shown in the timeline."),
        "task" => ("What is to be done?", "Assign the task", "It is followed until it is done."),
        "action" => (
            "What follows from it?",
            "Save",
            "It is followed after the incident, until it is done.",
        ),
        "done" => ("What came of it?", "It is done", "The task is over."),
        "update" => (
            "For those who answer for the business",
            "Save as sent",
            "Drafted from facts: change it, send it where you talk to them, and keep it here as it was sent.",
        ),
        "status" => (
            "For customers",
            "Save as published",
            "No names and no numbers. Publish it on your status page, and keep it here as it was.",
        ),
        "closed" => (
            "What was learnt?",
            "Close it",
            "What is known now is kept as evidence. Only what follows from it goes on.",
        ),
        _ => return None,
    })
}

async fn ask(
    app: &App,
    who: &Who,
    room: &Room,
    sent: &Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let id = room.is.id;
    let (label, submit, follows) = words(&sent.kind).ok_or_else(|| Problem::not_found("page"))?;
    let team = sent.team.trim().parse::<i64>().ok();
    if !may_of(who, team) && sent.kind != "done" {
        return Err(Problem::forbidden(Action::Respond).into());
    }
    let drill = if room.is.is.drill.is_some() { "Drill: " } else { "" };
    let headline = match team {
        Some(_) if !sent.environment.is_empty() => format!(
            "{drill}{submit} for {} in {}: {}",
            room.team(team),
            sent.environment,
            room.is.is.title
        ),
        Some(_) => format!("{drill}{submit} for {}: {}", room.team(team), room.is.is.title),
        None => format!("{drill}{submit}: {}", room.is.is.title),
    };
    let mut layout = layout(app, who, Entry::Incidents, submit, headline).await?;
    let here = format!("/incidents/{id}");
    layout.crumbs = vec![
        Link::to("Incidents", "/incidents"),
        Link::to(format!("Incident {id}"), here.clone()),
        Link::words(submit),
    ];
    let hidden =
        |name: &str, holds: &str| Field::new(name, name, Input::Hidden).holding(holds).optional();
    let mut text = Field::new("text", label, Input::Area).holding(sent.text.clone());
    if matches!(sent.kind.as_str(), "acknowledged" | "done") {
        text = text.optional();
    }
    let mut fields = vec![
        hidden("kind", &sent.kind),
        hidden("task", &sent.task),
        hidden("environment", &sent.environment),
        text,
    ];
    if sent.kind == "closed" && left_of(room) > 0 {
        let label = "Not every team has fixed it. Why is it closed?";
        fields.push(Field::new("undone", label, Input::Text).holding(sent.undone.clone()));
    }
    let gives = matches!(sent.kind.as_str(), "task" | "action");
    if gives || sent.kind == "note" {
        let none = (String::new(), "none, or all".to_owned());
        let teams = room.teams.iter().filter(|team| may_of(who, Some(team.id)));
        let teams = teams.map(|team| (team.id.to_string(), team.name.clone()));
        let teams = std::iter::once(none).chain(teams).collect();
        let team = Field::new("team", "Team", Input::Select(teams)).holding(sent.team.clone());
        fields.push(team.optional());
    } else {
        fields.push(hidden("team", &sent.team));
    }
    if gives {
        let people = doers(app, who, room, team).await?;
        let mut people: Vec<(String, String)> =
            people.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
        people.insert(0, (String::new(), "the team".to_owned()));
        fields.extend([
            Field::new("owner", "Who?", Input::Select(people))
                .holding(sent.owner.clone())
                .optional(),
            Field::new("due", "Until when?", Input::Date).holding(sent.due.clone()),
        ]);
    }
    let mut form = Sheet {
        action: format!("/incidents/{id}/tell").into(),
        csrf: layout.csrf.clone(),
        fields,
        submit: submit.to_owned(),
        cancel: Some(Link::to("Back to the incident", here)),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let view =
        Act { follows: vec![follows.to_owned()], about: about(room, app.now()), form, layout };
    Ok(html(&view))
}
