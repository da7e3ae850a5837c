//! The card of a person, with whether it is shown to others; and the wall.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Goals;
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figures, Form as Sheet, Input, Link, Notice, Row, Table, Urgency,
    When, number,
};

use super::card::{came_in, figure, headline, lacking};
use super::{Page, Sorry, html, layout, own_form};
use crate::access::Who;
use crate::api::cards::WallAsked;
use crate::carding::LEFT_OUT;
use crate::carding::person::{Place, card_numbers, card_of, merged_at, show, wall};
use crate::measuring::question::told;
use crate::problem::Problem;
use crate::state::App;
use crate::updating::{Update, title};

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    shown: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<WallAsked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = card_of(&app, &who, id, &asked.days).await?;
    let now = app.now();
    let days = is.period.days();
    let headline = headline(&is.now, is.cut, days);
    let mut layout =
        layout(&app, &who, Entry::Teams, &format!("Card of {}", is.name), headline).await?;
    layout.crumbs = vec![Link::to("Wall", "/wall"), Link::words(is.name.clone())];
    layout.actions.push(Link::to("Release notes", format!("/api/v1/cards/{id}?as=md&days={days}")));
    layout.actions.push(Link::to("Markdown", format!("/api/v1/cards/{id}?as=card&days={days}")));
    let numbers = card_numbers(&is);
    let list = came_in(&is.updates, now);
    let merged = merged(&is.merged, now);
    let mut about = is.milestones.clone();
    about.push(format!(
        "{} to {}, compared with {} to {}, and with nobody else. An update belongs to the person who pushed its evidence, \
         by hand or with a token. A merge belongs to the person whose verified address git names, or who claimed it; \
         other merges belong to nobody.",
        told(is.period.first),
        told(is.period.last),
        told(is.other.first),
        told(is.other.last)
    ));
    let mut forms = Vec::new();
    if is.own {
        about.push(match is.hidden {
            true => {
                "Only you see this card, and you are not on the wall that others see.".to_owned()
            }
            false => "Others see the part that they may see, and you are on the wall.".to_owned(),
        });
        let (word, submit) = match is.hidden {
            true => ("yes", "Show it to others"),
            false => ("no", "Show it to nobody else"),
        };
        let form = Sheet {
            action: format!("/cards/{id}").into(),
            csrf: layout.csrf.clone(),
            fields: vec![Field::new("shown", "shown", Input::Hidden).holding(word)],
            submit: submit.to_owned(),
            ..Sheet::default()
        };
        forms.push(("Who sees it".to_owned(), form));
    }
    let notice =
        is.more.then(|| Notice { urgency: Urgency::Note, text: LEFT_OUT.to_owned(), next: None });
    let place = |name: &str| if name == "updates merged" { "#more" } else { "#list" };
    let figures = numbers.into_iter().map(|of| figure(of, place(of.0), is.cut));
    let figures = Figures(figures.collect());
    let more = Some(merged);
    Ok(html(&Goals { layout, notice, figures, about, chart: None, list, more, forms }))
}

/// The updates that somebody merged.
fn merged(updates: &[Update], now: Timestamp) -> Table {
    let row = |update: &Update| {
        let here = format!("/updates/{}", update.is.id);
        Row::of(vec![
            Cell::Name(Link::to(title(&update.told), here.clone()), update.is.asset_name.clone()),
            Cell::link(update.told.removes.len().to_string(), here),
            merged_at(update).map_or(Cell::Nothing, |at| Cell::Value(When::of(at, now).into())),
        ])
    };
    Table {
        title: "Updates merged".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Update").kept(),
            Column::right("Removes").kept(),
            Column::right("Merged").kept(),
        ],
        rows: updates.iter().map(row).collect(),
        empty: Empty { why: "No merged update is known for this time.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    // Whether another one's card is shown is theirs to say.
    if id != who.person.id {
        return Err(Problem::not_found("card").into());
    }
    crate::api::findings::seen(&who)?;
    let hidden = match sent.shown.as_str() {
        "yes" => false,
        "no" => true,
        _ => return Err(Problem::invalid("There is no such action.").into()),
    };
    show(&app, &who, hidden).await?;
    Ok(Redirect::to(&format!("/cards/{id}")).into_response())
}

/// `GET /wall`.
pub(crate) async fn walls(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<WallAsked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = wall(&app, &who, &asked.days).await?;
    let days = is.period.days();
    let headline = format!(
        "What updates removed in {days} days, beside the same team's or person's own past."
    );
    let mut layout = layout(&app, &who, Entry::Teams, "Wall", headline).await?;
    layout.crumbs = vec![Link::to("Teams", "/teams"), Link::words("Wall")];
    layout.actions.push(Link::to("Your card", format!("/cards/{}?days={days}", who.person.id)));
    let row = |of: &Place, card: &str| {
        let card = format!("{card}?days={days}");
        let all = of.numbers((is.cut, is.more));
        let mut cells = vec![Cell::Name(
            Link::to(of.name.clone(), card.clone()),
            if of.hidden { "only you see this line".to_owned() } else { String::new() },
        )];
        // Updates, findings, load and kept deadlines; of teams what else went.
        for at in [0, 1, 2, 4, 6] {
            let Some((name, now, before)) = all.get(at) else { continue };
            cells.push(match (now, before) {
                (None, _) => Cell::Value(lacking(name, is.cut)),
                (Some(now), Some(before)) => Cell::link(
                    format!("{} ({} before)", number(*now), number(*before)),
                    card.clone(),
                ),
                (Some(now), None) => {
                    Cell::link(format!("{} (unknown before)", number(*now)), card.clone())
                }
            });
        }
        Row::of(cells)
    };
    let table = |name: &str, one: &str, more: Vec<Column>, rows: Vec<Row>, why: &str| Table {
        title: name.to_owned(),
        titled: true,
        columns: [
            vec![
                Column::left(one).kept(),
                Column::right("Updates").kept(),
                Column::right("Findings"),
                Column::right("Load removed").kept(),
                Column::right("% of deadlines kept"),
            ],
            more,
        ]
        .concat(),
        rows,
        empty: Empty { why: why.to_owned(), next: None },
        ..Table::default()
    };
    let teams = is.teams.iter().map(|of| row(of, &format!("/teams/{}/card", of.id))).collect();
    let people = is.people.iter().map(|of| row(of, &format!("/cards/{}", of.id))).collect();
    let view = trimtab_pages::page::Beside {
        notice: is.more.then(|| Notice {
            urgency: Urgency::Note,
            text: LEFT_OUT.to_owned(),
            next: None,
        }),
        about: format!(
            "{} to {}, beside {} to {}. Ordered by name; nobody is ranked. People can choose not to be listed.",
            told(is.period.first),
            told(is.period.last),
            told(is.other.first),
            told(is.other.last)
        ),
        teams: table(
            "Teams",
            "Team",
            vec![Column::right("Went without a reported update")],
            teams,
            "There is no team of which you see all.",
        ),
        people: table(
            "People",
            "Person",
            Vec::new(),
            people,
            "Nobody who is listed here has carried out an update.",
        ),
        layout,
    };
    Ok(html(&view))
}
