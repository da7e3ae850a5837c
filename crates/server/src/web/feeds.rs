//! Feeds and jobs: where facts come from, how old they are, and what runs.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use trimtab_pages::Entry;
use trimtab_pages::page::Feeds;
use trimtab_pages::part::{Bulk, Cell, Column, Empty, Figure, Figures, Row, Table, When};
use trimtab_store::{Job, JobState};

use super::{Page, Sorry, html, layout, own_form};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// The most jobs of a state that are shown.
const SHOWN: usize = 200;

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    who.must(Action::View, On::ALL)?;
    let now = app.now();
    let of = async |state| app.store.jobs(who.org, state, SHOWN).await;
    let (waiting, running) = (of(JobState::Waiting).await?, of(JobState::Running).await?);
    let (dead, done) = (of(JobState::Dead).await?, of(JobState::Done).await?);
    let info = app.index().and_then(|index| index.info().ok());
    let headline = match (&info, dead.len()) {
        (None, _) => "There is no advisory index: nothing can be matched.".to_owned(),
        (Some(_), 0) => "Facts are there, and no job was given up.".to_owned(),
        (Some(_), dead) => format!("{dead} jobs were given up."),
    };
    let layout = layout(&app, &who, Entry::Feeds, "Feeds and jobs", headline).await?;
    let at_most = |n: usize| if n == SHOWN { format!("{n} or more") } else { n.to_string() };
    let figure = |n: usize, label: &str| Figure::of(at_most(n), label, "/feeds");
    let unknown = || Cell::unknown("the index does not say");
    let date = |text: Option<&str>| text.map_or_else(unknown, Cell::text);
    let feed = |name: &str, what: Cell, date: Cell| Row::of(vec![Cell::text(name), what, date]);
    let feeds = info.as_ref().map(|info| {
        vec![
            feed(
                "Advisories",
                Cell::text(info.advisories.to_string()),
                date(info.data_date.as_deref()),
            ),
            feed("Known exploited (KEV)", Cell::Nothing, date(info.kev.as_deref())),
            feed("Probability of exploitation (EPSS)", Cell::Nothing, date(info.epss.as_deref())),
        ]
    });
    let retry = who.may(Action::Administer, On::ALL).then(|| Bulk {
        action: "/feeds/retry".into(),
        csrf: layout.csrf.clone(),
        verbs: vec![("retry".to_owned(), "Try again".to_owned())],
    });
    let mut open = running.clone();
    open.extend(waiting.iter().cloned());
    let view = Feeds {
        figures: Figures(vec![
            figure(running.len(), "run"),
            figure(waiting.len(), "wait"),
            figure(dead.len(), "were given up"),
            figure(done.len(), "are done"),
        ]),
        feeds: Table {
            title: "Feeds".to_owned(),
            titled: true,
            columns: vec![
                Column::left("Feed").kept(),
                Column::right("Records"),
                Column::left("As of").kept(),
            ],
            rows: feeds.unwrap_or_default(),
            empty: Empty {
                why: "There is no index. Build one with `trimtab db update`.".to_owned(),
                next: None,
            },
            ..Table::default()
        },
        jobs: Table {
            title: "Jobs that run or wait".to_owned(),
            empty: Empty { why: "Nothing is to be done.".to_owned(), next: None },
            ..jobs(&open, now)
        },
        dead: Table {
            title: "Jobs that were given up".to_owned(),
            bulk: retry,
            empty: Empty { why: "None.".to_owned(), next: None },
            ..jobs(&dead, now)
        },
        layout,
    };
    Ok(html(&view))
}

fn jobs(jobs: &[Job], now: Timestamp) -> Table {
    let row = |job: &Job| Row {
        id: job.id.to_string(),
        label: format!("{} {}", job.kind, job.id),
        cells: vec![
            Cell::Name(
                trimtab_pages::part::Link::words(format!("{} {}", job.kind, job.id)),
                job.name.chars().take(60).collect(),
            ),
            Cell::text(job.state.as_str()),
            Cell::text(job.attempts.to_string()),
            Cell::text(job.error.as_deref().unwrap_or("").chars().take(200).collect::<String>()),
            Cell::Value(When::of(job.created, now).into()),
        ],
    };
    Table {
        titled: true,
        columns: vec![
            Column::left("Job").kept(),
            Column::left("State").kept(),
            Column::right("Tries"),
            Column::left("What went wrong last"),
            Column::right("Added"),
        ],
        rows: jobs.iter().map(row).collect(),
        ..Table::default()
    }
}

pub(crate) async fn retry(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let csrf = sent.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value);
    own_form(&who, csrf)?;
    who.must(Action::Administer, On::ALL)?;
    let ids = sent.iter().filter(|(name, _)| name == "id");
    for id in ids.filter_map(|(_, id)| id.parse().ok()) {
        app.store.retry_job(who.org, id, app.now()).await?;
    }
    app.work.notify_one();
    Ok(Redirect::to("/feeds").into_response())
}
