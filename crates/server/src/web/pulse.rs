//! The pulse: three questions once a month, told by role where enough people answered.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_engine::pulse::{LEAST, Means, Told};
use trimtab_pages::Entry;
use trimtab_pages::page::Goals;
use trimtab_pages::part::{
    Cell, Chart, Column, Empty, Field, Figure, Figures, Form as Sheet, Href, Input, Kind, Link,
    Notice, Point, Row, Series, Table, Tone, Urgency, Value, number,
};

use super::{Page, Sorry, html, layout, own_form, sides};
use crate::access::Who;
use crate::goaling;
use crate::problem::Problem;
use crate::state::App;

/// The questions: name in the form, what is asked, what stands over the answers.
const QUESTIONS: [(&str, &str, &str); 3] = [
    ("productive", "I have what I need to do dependency work well.", "Productive"),
    ("heard", "I am heard when priorities are decided.", "Heard"),
    ("clear", "It is clear to me what is expected, and by when.", "Clear"),
];

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    role: String,
    productive: String,
    heard: String,
    clear: String,
}

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let answer = |text: &String| text.parse().unwrap_or(0);
    let answers = [&sent.productive, &sent.heard, &sent.clear].map(answer);
    match goaling::answer(&app, &who, &sent.role, answers).await {
        Ok(()) => Ok(Redirect::to("/pulse").into_response()),
        Err(problem) if matches!(problem.status, 409 | 422) => {
            show(&app, &who, Some(problem.detail)).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(app: &App, who: &Who, wrong: Option<String>) -> Page {
    let rounds = goaling::rounds(app, who).await?;
    let round = goaling::round(app.now());
    let answered = app.store.pulse_answered(who.org, &round, who.person.id).await?;
    let last = rounds.first();
    let headline = match last.and_then(|(round, told)| Some((round, told.all?))) {
        Some((round, all)) => {
            let [productive, heard, clear] = all.means.map(number);
            format!("{round}: productive {productive}, heard {heard}, clear {clear} of 5.")
        }
        None => "No finished round can be shown yet.".to_owned(),
    };
    let mut layout = layout(app, who, Entry::Reviews, "Pulse", headline).await?;
    layout.crumbs = vec![Link::to("Reviews", "/reviews"), Link::words("Pulse")];
    let form = Sheet {
        action: "/pulse".into(),
        csrf: layout.csrf.clone(),
        fields: fields(who),
        submit: "Answer".to_owned(),
        ..Sheet::default()
    };
    let notice = match (wrong, answered) {
        (Some(text), _) => Some(Notice { urgency: Urgency::Warning, text, next: None }),
        (None, true) => Some(Notice {
            urgency: Urgency::Done,
            text: format!("You answered in {round}. The results are shown when the month is over."),
            next: None,
        }),
        (None, false) => None,
    };
    let figure = |at: usize, name: &str| {
        let mean = last.and_then(|(_, told)| told.all).and_then(|all| all.means.get(at).copied());
        let unknown =
            || Value::Unknown("too few answered, or it would tell of single people".to_owned());
        Figure::of(mean.map_or_else(unknown, |mean| number(mean).into()), name, "/pulse")
    };
    let figures = QUESTIONS.iter().enumerate().map(|(at, (_, _, name))| figure(at, name));
    let about = vec![format!(
        "Answers run from 1 (not at all) to 5 (fully). Only how many people gave each answer is kept. A month is shown once \
         it is over; groups of fewer than {LEAST} answers, and what would give them away, stay unknown. The ledger keeps \
         what this page shows, for good."
    )];
    let forms = match answered || who.roles().is_empty() {
        true => Vec::new(),
        false => vec![(format!("Three questions for {round}"), form)],
    };
    let view = Goals {
        layout,
        notice,
        figures: Figures(figures.collect()),
        about,
        chart: (rounds.len() > 1).then(|| chart(&rounds)),
        list: table(&rounds),
        more: None,
        forms,
    };
    Ok(html(&view))
}

fn fields(who: &Who) -> Vec<Field> {
    let scale = ["1, not at all", "2", "3", "4", "5, fully"];
    let scale: Vec<(String, String)> =
        (1..).zip(scale).map(|(n, w)| (n.to_string(), w.to_owned())).collect();
    let question = |(name, words, _): &(&str, &str, &str)| {
        Field::new(*name, *words, Input::Select(scale.clone())).holding("3")
    };
    let mut fields = vec![Field::new("role", "I answer for", sides(who))];
    fields.extend(QUESTIONS.iter().map(question));
    fields
}

fn chart(rounds: &[(String, Told)]) -> Chart {
    let series = |at: usize, name: &str, tone: Tone| {
        let point = |(_, told): &(String, Told)| Point {
            value: told.all.and_then(|all| all.means.get(at).copied()),
            href: Href::default(),
        };
        let points = rounds.iter().rev().map(point).collect();
        Series { name: name.to_owned(), tone, points }
    };
    Chart {
        kind: Kind::Lines,
        title: "Answers of all by month".to_owned(),
        definition: "The mean of what all answered, 1 to 5. A month that cannot be told has a gap."
            .to_owned(),
        unit: "of 5".to_owned(),
        labels: rounds.iter().rev().map(|(round, _)| round.clone()).collect(),
        series: vec![
            series(0, "Productive", Tone::Plain),
            series(1, "Heard", Tone::Quiet),
            series(2, "Clear", Tone::Better),
        ],
        csv: Href::default(),
    }
}

fn table(rounds: &[(String, Told)]) -> Table {
    let row = |round: &str, of: &str, means: Option<Means>, why: &str| {
        let mean = |at: usize| {
            let mean = means.and_then(|is| is.means.get(at).copied());
            mean.map_or_else(|| Cell::unknown(why), |mean| Cell::text(number(mean)))
        };
        let answers =
            means.map_or_else(|| Cell::unknown(why), |is| Cell::text(is.count.to_string()));
        Row::of(vec![Cell::text(round), Cell::text(of), mean(0), mean(1), mean(2), answers])
    };
    let mut rows = Vec::new();
    for (round, told) in rounds {
        let why = "single people could be known by it";
        rows.push(row(round, "all", told.all, why));
        let few = "fewer than five answered";
        rows.extend(told.roles.iter().map(|(role, is)| row(round, role.as_str(), *is, few)));
    }
    Table {
        title: "By month and role".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Month").kept(),
            Column::left("Role").kept(),
            Column::right("Productive").kept(),
            Column::right("Heard").kept(),
            Column::right("Clear").kept(),
            Column::right("Answers"),
        ],
        rows,
        empty: Empty { why: "No month with answers is over.".to_owned(), next: None },
        ..Table::default()
    }
}
