//! A try of a team's channel: a test letter, and what was answered.

use axum::Form;
use axum::extract::{Path, State};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Form as Sheet, Link, Notice, Pairs, Urgency, Value, When};
use trimtab_store::Team;

use super::team::find;
use super::{Page, Sorry, html, layout, own_form};
use crate::access::{Action, Who};
use crate::notices::duty::{Answered, attempt, tried};
use crate::notices::wishes::{CHANNELS, Wishes, may_wish};
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, _) = find(&app, &who, id).await?;
    show(&app, &who, &team, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (team, _) = find(&app, &who, id).await?;
    let came = attempt(&app, &who, &team, None).await;
    match came {
        Err(problem) if matches!(problem.status, 403 | 404) => Err(problem.into()),
        came => show(&app, &who, &team, Some(came)).await,
    }
}

/// What came of it, in a sentence.
pub(super) fn notice(came: Result<Vec<Answered>, Problem>) -> Notice {
    let (urgency, text) = match came {
        Err(problem) => (Urgency::Warning, problem.detail),
        Ok(answers) => {
            let refused = answers.iter().any(|is| is.works == Some(false));
            let what = if refused { "Not taken" } else { "Not known whether it was taken" };
            let failed = answers.iter().filter(|is| is.works != Some(true));
            let failed: Vec<String> =
                failed.map(|is| format!("{}: {}", is.to, is.answer)).collect();
            match failed.is_empty() {
                true => (
                    Urgency::Note,
                    "The channel took the test letter. See whether it is there.".to_owned(),
                ),
                false => (Urgency::Warning, format!("{what}. {}", failed.join("; "))),
            }
        }
    };
    Notice { urgency, text, next: None }
}

async fn show(
    app: &App,
    who: &Who,
    team: &Team,
    came: Option<Result<Vec<Answered>, Problem>>,
) -> Page {
    let id = team.id;
    if !may_wish(who, id) {
        return Err(Problem::forbidden(Action::Pace).into());
    }
    let wished = app.store.wishes(who.org, id).await?;
    let wishes = wished.as_ref().map(|w| Wishes::of(&w.told)).unwrap_or_default();
    let headline = format!("Try how {} is told.", team.name);
    let mut layout = layout(app, who, Entry::Teams, "Send a test letter", headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{id}")),
        Link::to("Notices", format!("/teams/{id}/notices")),
        Link::words("Send a test letter"),
    ];
    let channel = CHANNELS.iter().find(|(word, _)| *word == wishes.channel);
    let channel = channel.map_or("none", |(_, words)| words);
    let to = match wishes.channel.as_str() {
        "mail" => wishes.addresses.join(", "),
        _ => wishes.server.clone(),
    };
    let mut about = vec![("Channel".to_owned(), Value::Text(channel.to_owned()))];
    if !to.is_empty() {
        about.push(("Goes to".to_owned(), Value::Text(to)));
    }
    if let Some(last) = app.store.last_try(who.org, id).await? {
        about.push(("Tried last".to_owned(), When::of(last.at, app.now()).into()));
        about.push(("What came of it".to_owned(), Value::Text(tried(&last))));
    }
    let form = Sheet {
        action: format!("/teams/{id}/notices/try").into(),
        csrf: layout.csrf.clone(),
        notice: came.map(notice),
        submit: "Send a test letter".to_owned(),
        cancel: Some(Link::to("Back to the notice settings", format!("/teams/{id}/notices/edit"))),
        ..Sheet::default()
    };
    let follows = vec![
        "A test letter goes to the channel as it is kept, and to nobody else. It is counted in no budget. Another channel is tried where it is set, before it is kept."
            .to_owned(),
        "Five in an hour at most; who sent one stands in the ledger.".to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs(about), form }))
}
