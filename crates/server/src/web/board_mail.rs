//! Whether and when a board is mailed to who looks at it, and what became of the last times.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_engine::rhythm::Rhythm;
use trimtab_model::Role;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs, Value, When};
use trimtab_store::{Became, Team};

use super::board::capital;
use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::{Action, On, Who};
use crate::api::findings::seen;
use crate::mailing::{self, Wanted, kept, words};
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
    zone: String,
    team: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(word): Path<String>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, side(&word)?, None).await
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
        let hour =
            sent.hour.parse::<i8>().map_err(|_| Problem::invalid("`hour` must be 0 to 23."))?;
        let zone = match sent.zone.trim() {
            "" => "UTC".to_owned(),
            zone => zone.to_owned(),
        };
        let team = match sent.team.as_str() {
            "" => None,
            id => Some(id.parse().map_err(|_| Problem::not_found("team"))?),
        };
        match mailing::set(&app, &who, side, Wanted { rhythm, hour, zone, team }).await {
            Ok(_) => {}
            Err(problem) if problem.status == 422 => {
                return show(&app, &who, side, Some((&sent, problem.detail))).await;
            }
            Err(problem) => return Err(problem.into()),
        }
    }
    Ok(Redirect::to(&format!("/boards/{side}/mail")).into_response())
}

async fn show(app: &App, who: &Who, side: Role, wrong: Option<(&Sent, String)>) -> Page {
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
    let headline = match &is {
        Some(is) => format!("The board of {side} is mailed to you {}.", words(is)),
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
    let hours = (0..24).map(|hour| (hour.to_string(), format!("{hour:02}:00"))).collect();
    let all = (String::new(), "All that I may see".to_owned());
    let mut teams = app.store.teams(who.org).await?;
    teams.retain(|team| who.may(Action::View, On { system: None, team: Some(team.id) }));
    let team = |team: Team| (team.id.to_string(), format!("{} alone", team.name));
    let teams: Vec<_> = std::iter::once(all).chain(teams.into_iter().map(team)).collect();
    let chosen = is.as_ref().and_then(|is| is.team).map(|id| id.to_string()).unwrap_or_default();
    let zone = is.as_ref().map_or("UTC", |is| is.zone.as_str());
    let (rhythm, hour) =
        when.map_or_else(|| (FIRST.0.to_owned(), FIRST.1), |(often, hour)| (often.word(), hour));
    // What was sent stays where something of it was wrong.
    let held = |is: String, of: fn(&Sent) -> &String| {
        wrong.as_ref().map_or(is, |(sent, _)| of(sent).clone())
    };
    let mut form = Sheet {
        action: format!("/boards/{side}/mail").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("rhythm", "How often", Input::Select(often))
                .holding(held(rhythm, |s| &s.rhythm)),
            Field::new("hour", "At", Input::Select(hours))
                .holding(held(hour.to_string(), |s| &s.hour)),
            Field::new("zone", "Time zone", Input::Text)
                .holding(held(zone.to_owned(), |s| &s.zone))
                .hinted("For example Europe/Berlin."),
            Field::new("team", "Covers", Input::Select(teams))
                .holding(held(chosen, |s| &s.team))
                .optional(),
        ],
        submit: "Save".to_owned(),
        cancel: Some(Link::to("Back to the board", format!("/boards/{side}"))),
        ..Sheet::default()
    };
    mended(&mut form, wrong.map(|(_, text)| ("zone", text)));
    let mut follows = vec![
        "It goes to your own address only, and shows what you may see at that time.".to_owned(),
        "Each edition is sent once. If the mail server refuses it, sending is retried for some hours; if delivery is uncertain, it is not sent again."
            .to_owned(),
    ];
    if app.settings.notices.mail.is_none() {
        follows.push(
            "This server is not set up to send mail: nothing will arrive until it is.".to_owned(),
        );
    }
    let mut about = vec![("Goes to".to_owned(), Value::Text(who.person.email.clone()))];
    if let Some(is) = &is {
        about.push(("Comes next".to_owned(), When::of(is.next, app.now()).into()));
    }
    about.extend(runs.iter().map(|run| {
        let due = run.due.strftime("%Y-%m-%d %H:%M UTC").to_string();
        (due, Value::Text(told(run.became, run.again, &run.detail)))
    }));
    Ok(html(&Act { layout, follows, about: Pairs(about), form }))
}

/// What became of a time at which something was to be mailed.
pub(super) fn told(became: Became, again: Option<Timestamp>, detail: &str) -> String {
    match became {
        Became::Sent => "sent".to_owned(),
        Became::Begun => "on its way".to_owned(),
        Became::Unknown => format!("not known: {detail}"),
        Became::Refused => format!("not sent: {detail}"),
        Became::Later => {
            let again = again.map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default();
            format!("not taken yet ({detail}), tried again at {again} UTC")
        }
    }
}
