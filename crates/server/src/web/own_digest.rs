//! A digest of one's own: when it comes, what it would tell now, and what became of the last times.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs, Value, When as At};

use super::board_mail::told;
use super::wishes::capital;
use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::Who;
use crate::deciding::Sides;
use crate::notices::own::{self, When, must_be_here};
use crate::notices::things::Told;
use crate::notices::wishes::DAYS;
use crate::problem::Problem;
use crate::state::App;

/// Of how many times it is told what became of them, and how many things that wait are named.
const RUNS: usize = 12;
const NAMED: usize = 100;
/// The name of a field that says that it comes on a day.
const ON: &str = "day_";

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    must_be_here(&who)?;
    let kept = app.store.own_digest(who.org, who.person.id).await?;
    let is = kept.map(|kept| When::of(&kept.told));
    show(&app, &who, &is.unwrap_or(When { days: Vec::new(), ..When::default() }), None).await
}

/// What the form sends: days that are chosen, an hour and a zone. No day: it comes no longer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    day_monday: String,
    day_tuesday: String,
    day_wednesday: String,
    day_thursday: String,
    day_friday: String,
    day_saturday: String,
    day_sunday: String,
    hour: String,
    zone: String,
}

impl Sent {
    fn when(&self) -> When {
        let chosen = [
            &self.day_monday,
            &self.day_tuesday,
            &self.day_wednesday,
            &self.day_thursday,
            &self.day_friday,
            &self.day_saturday,
            &self.day_sunday,
        ];
        let days = DAYS.iter().zip(chosen).filter(|(_, chosen)| !chosen.is_empty());
        When {
            days: days.map(|((word, _), _)| (*word).to_owned()).collect(),
            hour: self.hour.trim().parse().unwrap_or(-1),
            zone: self.zone.trim().to_owned(),
        }
    }
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let is = sent.when();
    let kept = if is.days.is_empty() {
        own::end(&app, &who).await?;
        Ok(())
    } else {
        own::set(&app, &who, is.clone()).await?
    };
    match kept {
        Ok(()) => Ok(Redirect::to("/account/digest").into_response()),
        Err(wrong) => show(&app, &who, &is, Some(wrong)).await,
    }
}

async fn show(app: &App, who: &Who, is: &When, wrong: Option<(&'static str, String)>) -> Page {
    let now = app.now();
    let kept = app.store.own_digest(who.org, who.person.id).await?;
    let waits = own::waits(app, who, now, &mut Sides::new()).await?;
    let count = match waits.len() {
        0 => "Nothing waits for you beside what your teams' digests tell".to_owned(),
        1 => "1 thing is waiting for you".to_owned(),
        more => format!("{more} things are waiting for you"),
    };
    let headline = match &kept {
        Some(kept) => format!("{count}; your digest comes {}.", When::of(&kept.told).words()),
        None => format!("{count}; you have no digest of your own."),
    };
    let mut layout = layout(app, who, Entry::Today, "My digest", headline).await?;
    layout.entry = None;
    layout.crumbs = vec![Link::to("My account", "/account"), Link::words("My digest")];
    let mut fields = Vec::new();
    for (word, _) in DAYS {
        let chosen = if is.days.iter().any(|day| day == word) { "yes" } else { "" };
        let label = format!("On {}", capital(word));
        fields.push(
            Field::new(format!("{ON}{word}"), label, Input::Check).holding(chosen).optional(),
        );
    }
    let hours = (0..24).map(|hour| (hour.to_string(), format!("{hour:02}:00"))).collect();
    fields.extend([
        Field::new("hour", "At", Input::Select(hours)).holding(is.hour.to_string()),
        Field::new("zone", "Time zone", Input::Text)
            .holding(&is.zone)
            .hinted("For example Europe/Berlin."),
    ]);
    let mut form = Sheet {
        action: "/account/digest".into(),
        csrf: layout.csrf.clone(),
        fields,
        submit: "Save".to_owned(),
        cancel: Some(Link::to("Back to my account", "/account")),
        ..Sheet::default()
    };
    let wrong = wrong.map(|(name, text)| (if name == "days" { "day_monday" } else { name }, text));
    mended(&mut form, wrong);
    let mut follows = vec![
        "It lists what is waiting for you, in every team and in none: decisions that the charter lets you answer, exceptions of yours \
         that end, tasks and follow-ups of yours that are late, reviews of the organisation."
            .to_owned(),
        "Each thing once, to your own address; what a team's digest tells you is left out. Choose no day to get none."
            .to_owned(),
    ];
    if app.settings.notices.mail.is_none() {
        follows.push(
            "This server is not set up to send mail: nothing will arrive until it is.".to_owned(),
        );
    }
    let mut about = vec![("Goes to".to_owned(), Value::Text(who.person.email.clone()))];
    if let Some(kept) = &kept {
        about.push(("Comes next".to_owned(), At::of(kept.next, now).into()));
    }
    about.extend(waits.iter().take(NAMED).map(|is| {
        let told = Told::of(&is.told);
        ("Waits".to_owned(), Value::Link(Link::to(told.title, told.link)))
    }));
    let runs = app.store.own_runs(who.org, who.person.id, RUNS).await?;
    about.extend(runs.iter().map(|run| {
        let due = run.due.strftime("%Y-%m-%d %H:%M UTC").to_string();
        (due, Value::Text(told(run.became, run.again, &run.detail)))
    }));
    Ok(html(&Act { layout, follows, about: Pairs(about), form }))
}
