//! How much of each criterion of maturity is enough: what is asked of all, what the organisation asks of itself, who said so
//! and why.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Goals;
use trimtab_pages::part::{
    Cell, Column, Field, Figure, Figures, Form as Sheet, Input, Link, Notice, Row, Table, Urgency,
    When,
};

use super::{Page, Sorry, html, layout, own_form};
use crate::access::{Action, On, Who};
use crate::facts::maturity::kept::{Asked, all, set};
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    criterion: String,
    least: String,
    reason: String,
}

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    show(&app, &who.map_err(Sorry::from)?, Sent::default(), None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let least = match sent.least.trim() {
        "" => None,
        text => match text.parse() {
            Ok(least) => Some(least),
            Err(_) => {
                let wrong = "Enter a percentage, or leave it empty.".to_owned();
                return show(&app, &who, sent, Some(wrong)).await;
            }
        },
    };
    match set(&app, &who, (&sent.criterion, least, &sent.reason)).await {
        Ok(()) => Ok(Redirect::to("/maturity/thresholds").into_response()),
        Err(problem) if problem.status == 422 => show(&app, &who, sent, Some(problem.detail)).await,
        Err(problem) => Err(problem.into()),
    }
}

async fn show(app: &App, who: &Who, sent: Sent, wrong: Option<String>) -> Page {
    let asked = all(app, who).await?;
    let own = asked.iter().filter(|is| is.own.is_some()).count();
    let headline = match own {
        0 => "Every criterion has its usual threshold here.".to_owned(),
        1 => "One criterion has a threshold of its own here.".to_owned(),
        own => format!("{own} criteria have thresholds of their own here."),
    };
    let mut layout = layout(app, who, Entry::Metrics, "Thresholds", headline).await?;
    layout.crumbs = vec![
        Link::to("Metrics", "/metrics"),
        Link::to("Maturity", "/maturity"),
        Link::words("Thresholds"),
    ];
    let people = app.store.people(who.org).await?;
    let name = |actor: &str| {
        let id: Option<i64> = actor.strip_prefix("person:").and_then(|id| id.parse().ok());
        let known = people.iter().find(|person| Some(person.id) == id);
        known.map_or_else(|| actor.to_owned(), |person| person.name.clone())
    };
    let mut forms = Vec::new();
    if who.may(Action::Administer, On::ALL) {
        let choices = asked.iter().map(|is| {
            let (lowest, highest) = is.criterion.bounds().unwrap_or_default();
            let words = is.criterion.words.trim_end_matches('.');
            (is.criterion.id.to_owned(), format!("{words} ({lowest} to {highest} %)"))
        });
        let form = Sheet {
            action: "/maturity/thresholds".into(),
            csrf: layout.csrf.clone(),
            fields: vec![
                Field::new("criterion", "Criterion", Input::Select(choices.collect()))
                    .holding(sent.criterion),
                Field::new("least", "Percent", Input::Number)
                    .holding(sent.least)
                    .hinted("Leave empty for the usual threshold.")
                    .optional(),
                Field::new("reason", "Why", Input::Text)
                    .holding(sent.reason)
                    .hinted("Shown here and in the ledger.")
                    .optional(),
            ],
            submit: "Save".to_owned(),
            ..Sheet::default()
        };
        forms.push(("Set a threshold".to_owned(), form));
    }
    let about = vec![
        "A threshold can be raised to 100 %, or lowered by a fifth of the usual one, so that a stage means much the same everywhere. Criteria that are either met or not (the index, the charter, the ledger) cannot be changed."
            .to_owned(),
    ];
    let notice = wrong.map(|text| Notice { urgency: Urgency::Warning, text, next: None });
    let figures = Figures(vec![
        Figure::of(asked.len().to_string(), "criteria that can be set", "#list"),
        Figure::of(own.to_string(), "set here", "#list"),
    ]);
    let list = table(&asked, name, app.now());
    Ok(html(&Goals { layout, notice, figures, about, chart: None, list, more: None, forms }))
}

fn table(all: &[Asked], name: impl Fn(&str) -> String, now: jiff::Timestamp) -> Table {
    let row = |is: &Asked| {
        let (own, why, who) = match &is.own {
            None => (Cell::Nothing, Cell::Nothing, Cell::Nothing),
            Some(own) => (
                Cell::text(format!("{} %", own.least)),
                Cell::text(own.reason.clone()),
                Cell::text(format!("{}, {}", name(&own.actor), When::of(own.at, now).words())),
            ),
        };
        Row::of(vec![
            Cell::text(is.criterion.words),
            Cell::text(is.criterion.stage.number().to_string()),
            Cell::text(format!("{} %", is.criterion.least)),
            own,
            why,
            who,
        ])
    };
    Table {
        title: "Criteria".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Asked for").kept(),
            Column::right("Stage"),
            Column::right("Usual").kept(),
            Column::right("Here").kept(),
            Column::left("Why"),
            Column::left("Set by"),
        ],
        rows: all.iter().map(row).collect(),
        ..Table::default()
    }
}
