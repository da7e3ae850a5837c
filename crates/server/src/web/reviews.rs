//! Reviews: the list, and the form that prepares one.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::Deserialize;
use trimtab_engine::review::Kind;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Reviews};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Pairs, Row, Table,
    When,
};
use trimtab_store::{Cursor, FormerKind, Review, ReviewOf, ReviewState, System, Team};

use super::{Page, Sorry, asking, count, html, layout, mended, own_form, pager};
use crate::access::{Action, On, Who};
use crate::api::reviews::{Asked, all, counted};
use crate::problem::Problem;
use crate::reviewing::{self, Wanted};
use crate::state::App;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    kind: String,
    of: String,
    day: String,
    time: String,
    minutes: String,
    /// The systems of a group, a line each.
    systems: String,
    /// What the group is called.
    name: String,
}

/// What a review is of, as words of a form: `team:3`.
pub(super) fn of_word(word: &str) -> Option<ReviewOf> {
    match word.split_once(':') {
        None if word == "all" => Some(ReviewOf::All),
        Some(("team", id)) => id.parse().ok().map(ReviewOf::Team),
        Some(("system", id)) => id.parse().ok().map(|id| ReviewOf::Systems(vec![id])),
        Some(("systems", _)) => ReviewOf::from_word(word),
        _ => None,
    }
}

/// A state in words: what is prepared is planned for whoever reads it.
pub(super) fn state(is: ReviewState) -> &'static str {
    match is {
        ReviewState::Prepared => "planned",
        other => other.as_str(),
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (reviews, next) = all(&app, &who, &asked).await?;
    let ids: Vec<i64> = reviews.iter().map(|review| review.id).collect();
    let decisions = app.store.resolved(who.org, &ids).await?;
    let (mut teams, systems) = (app.store.teams(who.org).await?, app.store.systems(who.org).await?);
    // A review of a team that was removed is told by the name that it had.
    let former = app.store.former(who.org, FormerKind::Team).await?;
    teams.extend(former.into_iter().map(|is| Team {
        id: is.id,
        name: is.name,
        cadence: None,
        capacity: None,
        open_limit: None,
    }));
    let groups = app.store.named_groups(who.org).await?;
    let now = app.now();
    let counts = counted(&app, &who, asked.team).await?;
    let of = |state| counts.iter().find(|(is, ..)| *is == state).map_or(0, |(_, count, _)| *count);
    let coming = of(ReviewState::Prepared);
    let soonest = counts.iter().find(|(is, ..)| *is == ReviewState::Prepared).map(|(_, _, at)| *at);
    let headline = match (counts.is_empty(), soonest) {
        (true, _) => "No review has been held yet.".to_owned(),
        (false, None) => "No review is planned.".to_owned(),
        (false, Some(at)) => {
            let many = count(coming, "review is planned", "reviews are planned");
            format!("{many}; the next is {}.", When::of(at, now).words())
        }
    };
    let here = asking("/reviews", &[("team", asked.team.map(|id| id.to_string()))]);
    let mut layout = layout(&app, &who, Entry::Reviews, "Reviews", headline).await?;
    layout.crumbs = vec![Link::words("Reviews")];
    layout.actions.push(Link::to("Goals", "/goals"));
    layout.actions.push(Link::to("Pulse", "/pulse"));
    if who.may_somewhere(Action::Review) {
        layout.primary = Some(Link::to("Plan a review", "/reviews/new"));
    }
    let open = decisions.iter().filter(|is| reviewing::follow(is, now).is_open()).count();
    let figure = |number: i64, label: &str| Figure::of(number.to_string(), label, here.clone());
    let decided = i64::try_from(decisions.len()).unwrap_or(i64::MAX);
    let figures = Figures(vec![
        figure(coming, "planned"),
        figure(of(ReviewState::Open), "open now"),
        figure(of(ReviewState::Closed), "held"),
        figure(decided, "decisions of the reviews below").noted(format!("{open} to be done")),
    ]);
    let row = |review: &Review| {
        let page = format!("/reviews/{}", review.id);
        let own: Vec<_> = decisions.iter().filter(|is| is.is.review == review.id).collect();
        let open = own.iter().filter(|is| reviewing::follow(is, now).is_open()).count();
        let took = review.opened.zip(review.closed);
        Row::of(vec![
            Cell::Name(
                Link::to(name(review, &teams, &systems, &groups), page.clone()),
                review.is.kind.clone(),
            ),
            Cell::Value(When::of(review.opened.unwrap_or(review.is.at), now).into()),
            Cell::text(state(review.state)),
            Cell::link(own.len().to_string(), format!("{page}#decisions")),
            Cell::link(open.to_string(), format!("{page}#decisions")),
            took.map_or(Cell::Nothing, |(from, to)| {
                let took = to.duration_since(from).as_mins();
                Cell::text(format!("{took} of {}", review.is.minutes))
            }),
        ])
    };
    let list = Table {
        title: "Reviews".to_owned(),
        columns: vec![
            Column::left("Review of").kept(),
            Column::right("When").kept(),
            Column::left("State"),
            Column::right("Decisions"),
            Column::right("To be done"),
            Column::right("Minutes"),
        ],
        rows: reviews.iter().map(row).collect(),
        pager: pager(reviews.len(), asked.after.is_none(), next.map(Cursor::to_text), |next| {
            let team = asked.team.map(|id| id.to_string());
            asking("/reviews", &[("team", team), ("after", Some(next))])
        }),
        empty: Empty {
            why: "A review takes 30 minutes a week. Its agenda is made from what is open: overdue findings, plans, exceptions and decisions."
                .to_owned(),
            next: who
                .may_somewhere(Action::Review)
                .then(|| Link::to("Plan the first one", "/reviews/new")),
        },
        ..Table::default()
    };
    Ok(html(&Reviews { layout, figures, list }))
}

/// What a review is of, for people.
fn name(
    review: &Review,
    teams: &[Team],
    systems: &[System],
    groups: &[(ReviewOf, String)],
) -> String {
    let word = review.is.of.word();
    if let Some((_, name)) = groups.iter().find(|(of, _)| of.word() == word) {
        return name.clone();
    }
    match &review.is.of {
        ReviewOf::All => "The organisation".to_owned(),
        ReviewOf::Team(id) => teams
            .iter()
            .find(|team| team.id == *id)
            .map_or_else(|| format!("team {id}"), |team| team.name.clone()),
        ReviewOf::Systems(ids) => {
            let names = systems.iter().filter(|s| ids.contains(&s.id)).map(|s| s.name.as_str());
            names.collect::<Vec<_>>().join(", ")
        }
    }
}

pub(crate) async fn new(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let now = app.now();
    let sent = Sent {
        kind: Kind::Weekly.as_str().to_owned(),
        of: asked.team.map(|id| format!("team:{id}")).unwrap_or_default(),
        day: now.strftime("%Y-%m-%d").to_string(),
        time: now.strftime("%H:%M").to_string(),
        minutes: "30".to_owned(),
        ..Sent::default()
    };
    show(&app, &who, sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    if !who.may_somewhere(Action::Review) {
        return Err(Problem::forbidden(Action::Review).into());
    }
    let Some(kind) = Kind::from_text(&sent.kind) else {
        let wrong = ("kind", "Choose a kind.".to_owned());
        return show(&app, &who, sent, Some(wrong)).await;
    };
    let (of, name) = match sent.of.as_str() {
        GROUP => match group(&app, &who, &sent).await? {
            Ok(of) => (of, Some(sent.name.clone())),
            Err(wrong) => return show(&app, &who, sent, Some(("systems", wrong))).await,
        },
        word => match of_word(word) {
            Some(of) => (of, None),
            None => {
                let wrong = ("of", "Choose what it is of.".to_owned());
                return show(&app, &who, sent, Some(wrong)).await;
            }
        },
    };
    let Some(at) = at(&sent.day, &sent.time) else {
        let wrong = ("time", "Enter a day and a time, for example 14:30.".to_owned());
        return show(&app, &who, sent, Some(wrong)).await;
    };
    let Some(minutes) = sent.minutes.trim().parse().ok() else {
        let wrong = ("minutes", "Enter a number of minutes.".to_owned());
        return show(&app, &who, sent, Some(wrong)).await;
    };
    match reviewing::prepare(&app, &who, Wanted { kind, of, at, minutes, name }).await {
        Ok(id) => Ok(Redirect::to(&format!("/reviews/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let name = match &problem.detail {
                text if text.contains("minutes") => "minutes",
                text if text.contains("`at`") => "day",
                text if text.contains("`name`") => "name",
                _ => "of",
            };
            show(&app, &who, sent, Some((name, problem.detail))).await
        }
        // Somebody else planned it meanwhile.
        Err(problem) if problem.status == 409 => {
            show(&app, &who, sent, Some(("time", problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// The word of a group that is named for the first time.
const GROUP: &str = "group";

/// The systems of a group, by their names. What is wrong with them is told.
async fn group(app: &App, who: &Who, sent: &Sent) -> Result<Result<ReviewOf, String>, Problem> {
    let stored = app.store.systems(who.org).await?;
    let may = |s: &&System| who.may(Action::Review, On { system: Some(s.id), team: s.team });
    let mine: Vec<&System> = stored.iter().filter(may).collect();
    let mut ids = Vec::new();
    for name in sent.systems.lines().map(str::trim).filter(|name| !name.is_empty()) {
        let Some(system) = mine.iter().find(|system| system.name == name) else {
            return Ok(Err(format!("`{name}` is not a system whose reviews you hold.")));
        };
        ids.push(system.id);
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < 2 {
        return Ok(Err("A group has at least two systems, one per line.".to_owned()));
    }
    Ok(Ok(ReviewOf::Systems(ids)))
}

fn at(day: &str, time: &str) -> Option<Timestamp> {
    let (day, time): (Date, Time) = (day.trim().parse().ok()?, time.trim().parse().ok()?);
    Some(day.to_datetime(time).to_zoned(TimeZone::UTC).ok()?.timestamp())
}

async fn show(app: &App, who: &Who, sent: Sent, wrong: Option<(&'static str, String)>) -> Page {
    if !who.may_somewhere(Action::Review) {
        return Err(Problem::forbidden(Action::Review).into());
    }
    let (teams, systems) = (app.store.teams(who.org).await?, app.store.systems(who.org).await?);
    let mut of = Vec::new();
    if who.may(Action::Review, On::ALL) {
        of.push(("all".to_owned(), "The whole organisation".to_owned()));
    }
    let owns = |id: i64| systems.iter().any(|s| s.team == Some(id));
    let mine = |team: &&Team| {
        owns(team.id) && who.may(Action::Review, On { system: None, team: Some(team.id) })
    };
    of.extend(teams.iter().filter(mine).map(|t| (format!("team:{}", t.id), t.name.clone())));
    let may = |s: &&System| who.may(Action::Review, On { system: Some(s.id), team: s.team });
    let system = |s: &System| (format!("system:{}", s.id), format!("System {}", s.name));
    // Groups that have a name, of which they hold all.
    let mut groups = Vec::new();
    for (group, name) in app.store.named_groups(who.org).await? {
        if reviewing::may_hold(app, who, &group).await? {
            groups.push((group.word(), format!("Group {name}")));
        }
    }
    of.extend(groups);
    if systems.iter().filter(may).nth(1).is_some() {
        of.push((GROUP.to_owned(), "A new group of systems, named below".to_owned()));
    }
    of.extend(systems.iter().filter(may).map(system));
    let kinds = Kind::ALL.map(|kind| (kind.as_str().to_owned(), kind.title().to_owned())).to_vec();
    let headline = "What is the review of, and when is it?".to_owned();
    let mut layout = layout(app, who, Entry::Reviews, "Plan a review", headline).await?;
    layout.crumbs = vec![Link::to("Reviews", "/reviews"), Link::words("Plan a review")];
    let mut form = Sheet {
        action: "/reviews/new".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("kind", "Kind", Input::Select(kinds)).holding(sent.kind),
            Field::new("of", "Of", Input::Select(of)).holding(sent.of),
            Field::new("day", "Day", Input::Date).holding(sent.day),
            Field::new("time", "Time (UTC)", Input::Text)
                .holding(sent.time)
                .hinted("For example 14:30."),
            Field::new("minutes", "Minutes", Input::Number).holding(sent.minutes),
            Field::new("name", "Name of the new group", Input::Text).holding(sent.name).optional(),
            Field::new("systems", "Its systems, one per line", Input::Area)
                .holding(sent.systems)
                .optional(),
        ],
        submit: "Plan it".to_owned(),
        cancel: Some(Link::to("Back to the reviews", "/reviews")),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "The agenda is made from what is open. It is kept current until the review is opened, and does not change after that."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}
