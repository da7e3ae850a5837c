//! Opening an incident, a drill or a near miss.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs};

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::responding::drills::PAST;
use crate::responding::said::{Opening, open};
use crate::state::App;
use crate::web::{Page, Sorry, html, layout, mended, own_form};

/// What it begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begun {
    drill: bool,
    near_miss: bool,
    q: String,
    title: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    title: String,
    looked_for: String,
    versions: String,
    published: String,
    drill: String,
    near_miss: String,
    past: String,
    speed: String,
}

pub(crate) async fn new(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let drill = if begun.drill { "yes" } else { "" }.to_owned();
    let near_miss = if begun.near_miss { "yes" } else { "" }.to_owned();
    let sent =
        Sent { title: begun.title, looked_for: begun.q, drill, near_miss, ..Sent::default() };
    show(&app, &who, &sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let day = sent.published.trim();
    let published = match day.len() {
        0 => None,
        10 => Some(begun(day, app.now())),
        _ => Some(day.to_owned()),
    };
    let speed = sent.speed.trim();
    let opening = Opening {
        title: sent.title.clone(),
        looked_for: sent.looked_for.clone(),
        versions: sent.versions.clone(),
        published,
        drill: !sent.drill.is_empty(),
        near_miss: !sent.near_miss.is_empty(),
        past: sent.past.clone(),
        speed: if speed.is_empty() { None } else { Some(speed.parse().unwrap_or(0)) },
    };
    match open(&app, &who, &opening).await {
        Ok(id) => Ok(Redirect::to(&format!("/incidents/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let names = ["title", "looked_for", "versions", "published", "past", "speed"];
            let is = |name: &&&str| problem.detail.contains(&format!("`{name}`"));
            let name = names.iter().find(is).copied();
            // What cannot be understood as a version is called as the search calls it.
            let name = name.unwrap_or("versions");
            show(&app, &who, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// When a day began: now, where it has begun in the east and not yet here.
fn begun(day: &str, now: Timestamp) -> String {
    let at = format!("{day}T00:00:00Z");
    let east = SignedDuration::from_hours(14);
    match at.parse::<Timestamp>() {
        Ok(is) if is > now && is.duration_since(now) < east => now.to_string(),
        _ => at,
    }
}

/// What is opened with the form.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    Drill,
    NearMiss,
    Real,
}

impl Opened {
    /// What it is called, and what it is for.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Opened::Drill => (
                "Start a drill",
                "Start a drill: a past event, replayed against what you run today.",
            ),
            Opened::NearMiss => {
                ("Record a near miss", "Record a near miss: what was caught, to learn from it.")
            }
            Opened::Real => {
                ("Open an incident", "Open an incident: Trimtab looks at once for who is affected.")
            }
        }
    }

    /// What happens then.
    fn follows(self) -> [&'static str; 2] {
        match self {
            Opened::Drill => [
                "It is marked as a drill everywhere and counts in no measure.",
                "Teams are touched by what they have today; the news of the past event arrives as it did then.",
            ],
            Opened::NearMiss => [
                "It has a timeline, a retrospective and follow-ups, as an incident has.",
                "It is listed separately, counts in no incident times, and nobody is mailed about it.",
            ],
            Opened::Real => [
                "Each team that has it is asked to acknowledge it. It is told at once only if the charter says now.",
                "Trimtab looks every minute where it is. What is gone counts as fixed.",
            ],
        }
    }
}

async fn show(app: &App, who: &Who, sent: &Sent, wrong: Option<(&'static str, String)>) -> Page {
    who.must(Action::Respond, On::ALL)?;
    let opened = match (sent.drill.is_empty(), sent.near_miss.is_empty()) {
        (false, _) => Opened::Drill,
        (true, false) => Opened::NearMiss,
        (true, true) => Opened::Real,
    };
    let (title, headline) = opened.words();
    let mut layout = layout(app, who, Entry::Incidents, title, headline.to_owned()).await?;
    layout.crumbs = vec![Link::to("Incidents", "/incidents"), Link::words(title)];
    let mut form = Sheet {
        action: "/incidents/new".into(),
        csrf: layout.csrf.clone(),
        fields: fields(opened, sent),
        submit: title.to_owned(),
        cancel: Some(Link::to("Back", "/incidents")),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = opened.follows().map(str::to_owned).to_vec();
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

fn fields(opened: Opened, sent: &Sent) -> Vec<Field> {
    let field = |name: &str, label: &str, input, holds: &str, hint: &str| {
        Field::new(name, label, input).holding(holds).hinted(hint).optional()
    };
    // Only a drill has both from its past event.
    let needed = |field: Field| Field { required: opened != Opened::Drill, ..field };
    let mut fields =
        vec![needed(field("title", "What is it called?", Input::Text, &sent.title, ""))];
    match opened {
        Opened::Drill => {
            let none = ("".to_owned(), "one of our own".to_owned());
            let past = PAST.iter().map(|past| (past.word.to_owned(), past.title.to_owned()));
            let past = std::iter::once(none).chain(past).collect();
            fields.push(field("drill", "Drill", Input::Hidden, "yes", ""));
            fields.push(field("past", "Past event", Input::Select(past), &sent.past, ""));
            fields.push(field(
                "speed",
                "Minutes of the past event per minute",
                Input::Number,
                &sent.speed,
                "With 60, a day goes by in 24 minutes. Leave empty for the original speed.",
            ));
        }
        Opened::NearMiss => {
            fields.push(field("near_miss", "Near miss", Input::Hidden, "yes", ""));
        }
        Opened::Real => {}
    }
    let looked_for = match opened {
        Opened::Drill => {
            "Leave empty for what the past event was about, or name a package of yours to replay it with that."
        }
        Opened::NearMiss | Opened::Real => {
            "A package without its version (`pkg:npm/lodash`), or a name such as CVE-2021-44228. \
             A package need not be in any feed yet. A name must be in one to be looked for."
        }
    };
    fields.extend([
        needed(field(
            "looked_for",
            "Package or vulnerability",
            Input::Code,
            &sent.looked_for,
            looked_for,
        )),
        field(
            "versions",
            "Versions",
            Input::Code,
            &sent.versions,
            "For example `<2.15.0`. Leave empty for all versions.",
        ),
        field(
            "published",
            "When was it published?",
            Input::Date,
            &sent.published,
            "Leave it empty if unknown: then nobody can tell how long it took you to know.",
        ),
    ]);
    fields
}
