//! Goals that are shared, with how far each is.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_engine::goal::{Measure, Standing};
use trimtab_pages::Entry;
use trimtab_pages::page::Goals;
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Filled, Form as Sheet, Input, Link, Notice, Row,
    Table, Urgency, number,
};
use trimtab_store::{ReviewOf, SharedGoal};

use super::{Page, Sorry, asking, count, html, layout, mended, own_form, pager};
use crate::access::{Action, Who};
use crate::goaling::{self, Shared, Wanted};
use crate::problem::Problem;
use crate::reviewing::last_day;
use crate::state::App;

/// What the forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    /// `add`, `drop`.
    r#do: String,
    /// The goal to be given up.
    id: String,
    of: String,
    name: String,
    measure: String,
    to: String,
    ends: String,
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// The last goal of the page before.
    after: Option<i64>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, asked.after, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let done = match sent.r#do.as_str() {
        "drop" => {
            let id = sent.id.parse().map_err(|_| Problem::not_found("goal"))?;
            goaling::drop_goal(&app, &who, id).await
        }
        _ => add(&app, &who, &sent).await,
    };
    match done {
        Ok(()) => Ok(Redirect::to("/goals").into_response()),
        Err(problem) if problem.status == 422 => {
            show(&app, &who, None, Some((sent, problem))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn add(app: &App, who: &Who, sent: &Sent) -> Result<(), Problem> {
    let team = match super::reviews::of_word(&sent.of) {
        Some(ReviewOf::All) => None,
        Some(ReviewOf::Team(id)) => Some(id),
        _ if !who.may_somewhere(Action::Review) => {
            return Err(Problem::forbidden(Action::Review));
        }
        _ => return Err(Problem::invalid("Choose whose goal it is.")),
    };
    let to = sent.to.trim().parse().map_err(|_| Problem::invalid("`to` must be a number."))?;
    let wanted = Wanted {
        team,
        name: sent.name.clone(),
        measure: sent.measure.clone(),
        from: None,
        to,
        ends: sent.ends.clone(),
    };
    goaling::add(app, who, &wanted).await.map(|_| ())
}

/// What a measure is called.
fn words(measure: Measure) -> &'static str {
    match measure {
        Measure::Load => "load",
        Measure::Remediation => "median days to remediate",
        Measure::Deadlines => "% of deadlines kept",
    }
}

/// What is told of goals; a board has it, too.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::left("Goal").kept(),
        Column::right("Start"),
        Column::right("Now").kept(),
        Column::right("Target"),
        Column::left("Progress"),
        Column::left("Status").kept(),
        Column::right("Until"),
    ]
}

async fn show(app: &App, who: &Who, after: Option<i64>, wrong: Option<(Sent, Problem)>) -> Page {
    // No others are measured than those that are shown.
    let every = goaling::set(app, who).await?;
    let all = every.len();
    let mut part: Vec<SharedGoal> =
        every.iter().filter(|goal| after.is_none_or(|after| goal.id < after)).cloned().collect();
    let more = part.len() > goaling::SHOWN;
    part.truncate(goaling::SHOWN);
    let next = part.last().filter(|_| more).map(|goal| goal.id.to_string());
    let goals = goaling::measured(app, who, part).await?;
    let of = |standing| goals.iter().filter(|g| g.progress.standing == standing).count();
    let whole = i64::try_from(all).unwrap_or(i64::MAX);
    let headline = match all {
        0 => "No goal is shared yet.".to_owned(),
        _ if goals.len() < all => format!(
            "{}; of the {} below {} are reached, {} on track, {} behind.",
            count(whole, "goal is shared", "goals are shared"),
            goals.len(),
            of(Standing::Reached),
            of(Standing::OnTrack),
            of(Standing::Behind)
        ),
        _ => format!(
            "{}: {} reached, {} on track, {} behind{}.",
            count(whole, "goal is shared", "goals are shared"),
            of(Standing::Reached),
            of(Standing::OnTrack),
            of(Standing::Behind),
            match of(Standing::Unknown) {
                0 => String::new(),
                n => format!(", {n} unknown"),
            }
        ),
    };
    let mut layout = layout(app, who, Entry::Reviews, "Goals", headline).await?;
    layout.crumbs = vec![Link::to("Reviews", "/reviews"), Link::words("Goals")];
    let figure =
        |standing: Standing| Figure::of(of(standing).to_string(), standing.as_str(), "/goals");
    let all = [Standing::Reached, Standing::OnTrack, Standing::Behind, Standing::Missed];
    let mut figures: Vec<Figure> = all.into_iter().map(figure).collect();
    if of(Standing::Unknown) > 0 {
        figures.push(figure(Standing::Unknown));
    }
    let mut forms =
        forms(app, who, &every, &layout.csrf, wrong.as_ref().map(|(sent, _)| sent)).await?;
    let wrong = wrong.map(|(_, problem)| ("", problem.detail));
    // The first form is the one that something can be wrong with; without it, it is said above.
    let notice = match (forms.first_mut(), wrong) {
        (Some((_, form)), wrong) => {
            mended(form, wrong);
            None
        }
        (None, Some((_, text))) => Some(Notice { urgency: Urgency::Warning, text, next: None }),
        (None, None) => None,
    };
    let now = app.now();
    let list = Table {
        title: "Goals".to_owned(),
        columns: columns(),
        rows: goals.iter().map(|goal| row(goal, now)).collect(),
        pager: pager(goals.len(), after.is_none(), next, |next| {
            asking("/goals", &[("after", Some(next))])
        }),
        empty: Empty {
            why: "A goal is one number that all roles share: the load, the days to remediate, or the deadlines kept."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    };
    let about = vec![format!(
        "Days to remediate and deadlines kept are measured from when the goal was shared until now; they start from the {} days before that. A goal is on track while its progress keeps up with the time that has passed. Once it is over, the number of its last day is shown.",
        goaling::DAYS
    )];
    let figures = Figures(figures);
    Ok(html(&Goals { layout, notice, figures, about, chart: None, list, more: None, forms }))
}

/// The same of one.
pub(super) fn row(goal: &Shared, now: jiff::Timestamp) -> Row {
    let is = &goal.is.is;
    let team = is.team.map(|id| format!("&team={id}")).unwrap_or_default();
    let to = if now >= is.ends { format!("&to={}", last_day(is.ends)) } else { String::new() };
    let days = goaling::days(is.begins, is.ends, now);
    let metrics = format!("/metrics?days={days}{team}{to}");
    let way = match goal.progress.way {
        None => Cell::unknown("the number is not known"),
        Some(way) => Cell::Filled(Filled {
            words: format!(
                "{} % of the way in {} % of the time",
                number((way * 100.0).round()),
                number((goal.progress.time * 100.0).round())
            ),
            taken: way,
            room: 1.0,
        }),
    };
    let value = match goal.value {
        None => Cell::unknown("nothing is known of its time so far"),
        Some(value) => Cell::link(number(value), metrics.clone()),
    };
    Row::of(vec![
        Cell::Name(
            Link::to(is.name.clone(), metrics),
            format!("{}, {}", goal.of, words(goal.measure)),
        ),
        Cell::text(number(is.from)),
        value,
        Cell::text(number(is.to)),
        way,
        Cell::text(goal.progress.standing.as_str()),
        Cell::text(last_day(is.ends)),
    ])
}

async fn forms(
    app: &App,
    who: &Who,
    goals: &[SharedGoal],
    csrf: &str,
    sent: Option<&Sent>,
) -> Result<Vec<(String, Sheet)>, Problem> {
    let mut of = Vec::new();
    if goaling::may_share(app, who, &ReviewOf::All).await? {
        of.push(("all".to_owned(), "The organisation".to_owned()));
    }
    let systems = app.store.systems(who.org).await?;
    for team in app.store.teams(who.org).await? {
        let owns = systems.iter().any(|s| s.team == Some(team.id));
        if owns && goaling::may_share(app, who, &ReviewOf::Team(team.id)).await? {
            of.push((format!("team:{}", team.id), team.name));
        }
    }
    if of.is_empty() {
        return Ok(Vec::new());
    }
    let measures = Measure::ALL.map(|m| (m.as_str().to_owned(), words(m).to_owned())).to_vec();
    let held = |value: fn(&Sent) -> &String| sent.map(value).cloned().unwrap_or_default();
    let hidden = |what: &str| Field::new("do", "do", Input::Hidden).holding(what);
    let sheet = |fields: Vec<Field>, submit: &str| Sheet {
        action: "/goals".into(),
        csrf: csrf.to_owned(),
        fields,
        submit: submit.to_owned(),
        quiet: submit == "Drop it",
        ..Sheet::default()
    };
    let fields = vec![
        hidden("add"),
        Field::new("of", "For", Input::Select(of)).holding(held(|s| &s.of)),
        Field::new("name", "Goal", Input::Text).holding(held(|s| &s.name)),
        Field::new("measure", "Measure", Input::Select(measures)).holding(held(|s| &s.measure)),
        Field::new("to", "Target", Input::Text)
            .holding(held(|s| &s.to))
            .hinted("It starts at today's number."),
        Field::new("ends", "Until", Input::Date).holding(held(|s| &s.ends)),
    ];
    let mut forms = vec![("Share a goal".to_owned(), sheet(fields, "Share it"))];
    let mut mine = Vec::new();
    for goal in goals {
        let of = goal.is.team.map_or(ReviewOf::All, ReviewOf::Team);
        if goaling::may_share(app, who, &of).await? {
            let until = last_day(goal.is.ends);
            mine.push((goal.id.to_string(), format!("{} (until {until})", goal.is.name)));
        }
    }
    if !mine.is_empty() {
        let fields = vec![hidden("drop"), Field::new("id", "Goal", Input::Select(mine))];
        forms.push(("Drop a goal".to_owned(), sheet(fields, "Drop it")));
    }
    Ok(forms)
}
