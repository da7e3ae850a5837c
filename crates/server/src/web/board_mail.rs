//! Whether and when a board is mailed to who looks at it, and what became of the last times.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_engine::rhythm::Rhythm;
use trimtab_model::Role;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs, Value, When};
use trimtab_store::{Became, BoardRun};

use super::board::capital;
use super::{Page, Sorry, html, layout, own_form};
use crate::access::Who;
use crate::api::findings::seen;
use crate::mailing::{self, kept, words};
use crate::problem::Problem;
use crate::sharing::side;
use crate::state::App;

/// The word for what does not come.
const NEVER: &str = "never";
/// What is chosen where nothing is kept: Monday at eight.
const FIRST: (&str, i8) = ("week-1", 8);
/// Of how many times it is told what became of them.
const RUNS: usize = 12;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    rhythm: String,
    hour: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(word): Path<String>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, side(&word)?).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(word): Path<String>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let side = side(&word)?;
    if sent.rhythm == NEVER {
        mailing::end(&app, &who, side).await?;
    } else {
        let rhythm = Rhythm::from_word(&sent.rhythm)
            .ok_or_else(|| Problem::invalid("Choose how often from the list."))?;
        let hour = sent.hour.parse::<i8>().map_err(|_| Problem::invalid("`hour` is 0 to 23."))?;
        mailing::set(&app, &who, side, rhythm, hour).await?;
    }
    Ok(Redirect::to(&format!("/boards/{side}/mail")).into_response())
}

async fn show(app: &App, who: &Who, side: Role) -> Page {
    if who.session.is_none() {
        return Err(Problem::unauthorised().into());
    }
    let of = (who.person.id, side.as_str());
    let is = app.store.board_mail(who.org, of.0, of.1).await?;
    let runs = app.store.board_runs(who.org, of, RUNS).await?;
    // Who lost their rights is told why nothing comes, and may end it.
    if is.is_none() && runs.is_empty() {
        seen(who)?;
    }
    let when = is.as_ref().and_then(kept);
    let headline = match when {
        Some(when) => format!("The board of {side} is mailed to you {}.", words(when)),
        None => format!("The board of {side} is not mailed to you."),
    };
    let mut layout = layout(app, who, Entry::Metrics, "Mail a board", headline).await?;
    layout.crumbs = vec![
        Link::to("Metrics", "/metrics"),
        Link::to(format!("Board of {side}"), format!("/boards/{side}")),
        Link::words("Mail"),
    ];
    let never = (NEVER.to_owned(), "Never".to_owned());
    let often = Rhythm::all().map(|is| (is.word(), capital(&is.words())));
    let often = std::iter::once(never).chain(often).collect();
    let hours = (0..24).map(|hour| (hour.to_string(), format!("{hour:02}:00 UTC"))).collect();
    let (rhythm, hour) =
        when.map_or_else(|| (FIRST.0.to_owned(), FIRST.1), |(often, hour)| (often.word(), hour));
    let form = Sheet {
        action: format!("/boards/{side}/mail").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("rhythm", "How often", Input::Select(often)).holding(rhythm),
            Field::new("hour", "At", Input::Select(hours)).holding(hour.to_string()),
        ],
        submit: "Keep it so".to_owned(),
        cancel: Some(Link::to("Back to the board", format!("/boards/{side}"))),
        ..Sheet::default()
    };
    let mut follows = vec![
        "It goes to your own address and to nobody else, with what you may see at that time.".to_owned(),
        "Each time is sent once. What was not sent, or nobody knows of, is not sent again: the board is here."
            .to_owned(),
    ];
    if app.settings.notices.mail.is_none() {
        follows.push(
            "This server sends no mail as it is started: nothing comes until it does.".to_owned(),
        );
    }
    let mut about = vec![("Goes to".to_owned(), Value::Text(who.person.email.clone()))];
    if let Some(is) = &is {
        about.push(("Comes next".to_owned(), When::of(is.next, app.now()).into()));
    }
    about.extend(runs.iter().map(|run| {
        let due = run.due.strftime("%Y-%m-%d %H:%M UTC").to_string();
        (due, Value::Text(told(run)))
    }));
    Ok(html(&Act { layout, follows, about: Pairs(about), form }))
}

/// What became of a time.
fn told(run: &BoardRun) -> String {
    match run.became {
        Became::Sent => "sent".to_owned(),
        Became::Begun => "on its way".to_owned(),
        Became::Unknown => format!("not known: {}", run.detail),
        Became::Refused | Became::Later => format!("not sent: {}", run.detail),
    }
}
