//! Feeds and jobs: where facts come from, how old they are, and what runs.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use trimtab_model::scan::IndexInfo;
use trimtab_pages::Entry;
use trimtab_pages::page::Feeds;
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Figure, Figures, Form as View, Notice, Pairs, Row, Table, Urgency,
    Value, When,
};
use trimtab_store::{Job, JobState};

use super::{Page, Sorry, count, html, layout, own_form, whole};
use crate::access::{Action, On, Who};
use crate::facts::needs::running::{began, is_stale};
use crate::jobs::fetch::{self, Standing};
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
    let headline = headline(info.as_ref(), dead.len(), now);
    let layout = layout(&app, &who, Entry::Feeds, "Feeds and jobs", headline).await?;
    let at_most = |n: usize| if n == SHOWN { format!("{n} or more") } else { n.to_string() };
    let figure = |n: usize, label: &str| Figure::of(at_most(n), label, "/feeds");
    let figures = vec![
        figure(running.len(), "running"),
        figure(waiting.len(), "waiting"),
        figure(dead.len(), "given up"),
        figure(done.len(), "done"),
    ];
    let administers = who.may(Action::Administer, On::ALL);
    let retry = administers.then(|| Bulk {
        action: "/feeds/retry".into(),
        csrf: layout.csrf.clone(),
        verbs: vec![("retry".to_owned(), "Try again".to_owned())],
    });
    let standing = fetch::standing(&app).await?;
    let looks_after = fetch::owner(&app).await? == Some(who.org);
    let may_fetch = app.settings.feeds.is_some() && looks_after;
    let fetch_now = (administers && may_fetch).then(|| View {
        action: "/feeds/fetch".into(),
        csrf: layout.csrf.clone(),
        submit: "Fetch them now".to_owned(),
        ..View::default()
    });
    let mut open = running;
    open.extend(waiting);
    let view = Feeds {
        notice: standing.error.as_deref().map(failed),
        fetching: Pairs(fetching(&app, &standing, now)),
        now: fetch_now,
        figures: Figures(figures),
        feeds: feeds(info.as_ref(), now),
        jobs: Table {
            title: "Jobs that run or wait".to_owned(),
            empty: Empty { why: "Nothing is to be done.".to_owned(), next: None },
            ..jobs(&open, now)
        },
        dead: Table {
            title: "Jobs that were given up".to_owned(),
            bulk: retry,
            empty: Empty { why: "No job has been given up.".to_owned(), next: None },
            ..jobs(&dead, now)
        },
        layout,
    };
    Ok(html(&view))
}

/// `dead`: how many jobs were given up.
fn headline(info: Option<&IndexInfo>, dead: usize, now: Timestamp) -> String {
    match (info, dead) {
        (None, _) => "There is no advisory index: nothing can be matched.".to_owned(),
        (Some(info), 0) => {
            let days = [info.data_date.as_deref(), info.kev.as_deref(), info.epss.as_deref()];
            match days.into_iter().flatten().any(|day| is_stale(day, now)) {
                true => "The data of a feed is old; no job was given up.".to_owned(),
                false => "The feeds are in place, and no job was given up.".to_owned(),
            }
        }
        (Some(_), dead) => {
            format!("{} given up.", count(whole(dead), "job was", "jobs were"))
        }
    }
}

/// The feeds that the index was made of, with their age.
fn feeds(info: Option<&IndexInfo>, now: Timestamp) -> Table {
    let unknown = || Cell::unknown("the index does not say");
    // A day is enough, and midnight is none that anybody said.
    let date = |text: Option<&str>| {
        text.map_or_else(unknown, |text| Cell::text(text.trim_end_matches("T00:00:00Z")))
    };
    let feed = |name: &str, what: Cell, of: Option<&str>| {
        let age = match of.and_then(|of| Some((of, began(of)?))) {
            Some((of, at)) => Cell::Due(When::of(at, now), is_stale(of, now)),
            None => Cell::unknown("the index names no day"),
        };
        Row::of(vec![Cell::text(name), what, date(of), age])
    };
    let rows = info.map(|info| {
        vec![
            feed("Advisories", Cell::text(info.advisories.to_string()), info.data_date.as_deref()),
            feed("Known exploited (KEV)", Cell::Nothing, info.kev.as_deref()),
            feed("Probability of exploitation (EPSS)", Cell::Nothing, info.epss.as_deref()),
        ]
    });
    Table {
        title: "Feeds".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Feed").kept(),
            Column::right("Records"),
            Column::left("As of").kept(),
            Column::right("Age").kept(),
        ],
        rows: rows.unwrap_or_default(),
        empty: Empty {
            why: "There is no index yet. Run `trimtab db update` on the server, or start it with `--feeds-every HOURS`."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// What went wrong last: it stays until it goes well.
fn failed(error: &str) -> Notice {
    let text = format!("The last fetch did not go well: {error}");
    Notice { urgency: Urgency::Warning, text, next: None }
}

/// How the feeds are fetched, and how that goes.
fn fetching(app: &App, is: &Standing, now: Timestamp) -> Vec<(String, Value)> {
    let when = |at: Option<Timestamp>, none: &str| {
        at.map_or_else(|| Value::Text(none.to_owned()), |at| When::of(at, now).into())
    };
    let by = match app.settings.feeds.as_ref().map(|feeds| feeds.every.as_hours()) {
        Some(1) => "by the server, every hour".to_owned(),
        Some(hours) => format!("by the server, every {hours} hours"),
        None => "not by this server: `trimtab db update` brings a new index, which is noticed, or start it \
                 with `--feeds-every HOURS`"
            .to_owned(),
    };
    let mut pairs = vec![("Fetched".to_owned(), Value::Text(by))];
    if app.settings.feeds.is_some() || is.tried.is_some() {
        let next = if is.running { "now" } else { "none is planned" };
        pairs.push(("Last try".to_owned(), when(is.tried, "none yet")));
        pairs.push(("Last success".to_owned(), when(is.succeeded, "none yet")));
        pairs.push(("Last change".to_owned(), when(is.changed, "not yet")));
        pairs.push(("Next try".to_owned(), when(is.next, next)));
    }
    pairs
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
            Column::left("Last error"),
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
        crate::api::jobs::again(&app, &who, id).await?;
    }
    Ok(Redirect::to("/feeds").into_response())
}

pub(crate) async fn fetch(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let csrf = sent.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value);
    own_form(&who, csrf)?;
    crate::api::feeds::now(&app, &who).await?;
    Ok(Redirect::to("/feeds").into_response())
}
