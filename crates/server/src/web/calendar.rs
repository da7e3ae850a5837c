//! The address of one's own calendar of a team: made, shown once, taken back.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Calendar as View;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs, Value, When};

use super::team::find;
use super::{Page, Sorry, html, layout, own_form};
use crate::access::Who;
use crate::api::calendar::make;
use crate::problem::Problem;
use crate::state::App;

/// What programs fetch.
pub(crate) use crate::api::calendar::feed;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    r#do: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, id, String::new()).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    match sent.r#do.as_str() {
        "make" => {
            let address = make(&app, &who, id).await?;
            show(&app, &who, id, address).await
        }
        "withdraw" => {
            find(&app, &who, id).await?;
            let of = (who.person.id, id);
            app.store.drop_calendar(who.org, of, &who.actor(), app.now()).await?;
            Ok(Redirect::to(&format!("/teams/{id}/calendar")).into_response())
        }
        _ => Err(Problem::invalid("There is no such action.").into()),
    }
}

async fn show(app: &App, who: &Who, id: i64, fresh: String) -> Page {
    let (team, _) = find(app, who, id).await?;
    let is = app.store.calendar(who.org, who.person.id, id).await?;
    let headline = match is {
        None => format!("Your calendar of {} has no address.", team.name),
        Some(_) => format!("Your calendar of {} can be fetched.", team.name),
    };
    let mut layout = layout(app, who, Entry::Teams, "Calendar", headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{id}")),
        Link::words("Calendar"),
    ];
    let form = |verb: &str, submit: &str, grave: bool| Sheet {
        action: format!("/teams/{id}/calendar").into(),
        csrf: layout.csrf.clone(),
        fields: vec![Field::new("do", "do", Input::Hidden).holding(verb)],
        submit: submit.to_owned(),
        grave,
        ..Sheet::default()
    };
    let mut forms = vec![match is {
        None => form("make", "Make an address", false),
        Some(_) => form("make", "Make another address in its place", false),
    }];
    if is.is_some() {
        forms.push(form("withdraw", "Take the address back", true));
    }
    let since =
        is.map_or(Value::from("there is none yet"), |is| When::of(is.created, app.now()).into());
    let intro = [
        "Windows, deadlines, exceptions that end, reviews and who is on duty, for any program that shows calendars (iCalendar).",
        "It shows what you may see whenever it is fetched. Whoever has the address can read it.",
    ];
    let view = View {
        fresh,
        intro: intro.map(str::to_owned).to_vec(),
        about: Pairs(vec![("Address since".to_owned(), since)]),
        forms,
        layout,
    };
    Ok(html(&view))
}
