//! One team: what it has to do, its rhythm and capacity, what it accepted, what it fixed.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use jiff::SignedDuration;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Team as View};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Pager, Pairs, Row,
    Table, Value, When, number,
};
use trimtab_store::{
    DecisionFilter, DecisionState, Finding, FindingFilter, FindingOrder, FindingState, ScopeOf,
    System, Team,
};

use super::exceptions::table;
use super::standing::Standing;
use super::teams::may_see;
use super::today::{dial, short};
use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::{Action, On, Who};
use crate::api::teams::{OPEN_MOST, Shown, pace};
use crate::api::visible;
use crate::facts::register;
use crate::people::names;
use crate::problem::Problem;
use crate::state::App;

/// How many are shown of what it fixed.
const FIXED: usize = 30;
/// How many decisions are looked at: the newest.
const DECIDED: usize = 500;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    /// From who may change it.
    name: String,
    cadence: String,
    capacity: String,
    open_limit: String,
}

pub(crate) async fn find(
    app: &App,
    who: &Who,
    id: i64,
) -> Result<(Team, Arc<Vec<System>>), Problem> {
    let systems = app.store.systems(who.org).await?;
    let team = app.store.teams(who.org).await?.into_iter().find(|t| t.id == id);
    let team = team.filter(|team| may_see(who, team, &systems));
    Ok((team.ok_or_else(|| Problem::not_found("team"))?, systems))
}

pub(crate) fn may_pace(who: &Who, id: i64) -> bool {
    let on = On { system: None, team: Some(id) };
    who.may(Action::Pace, on) || who.may(Action::Administer, On::ALL)
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, systems) = find(&app, &who, id).await?;
    let now = app.now();
    let all = FindingFilter {
        team: Some(id),
        systems: visible(&who, &systems),
        ..FindingFilter::default()
    };
    let standing = Standing::of(&app, &who, &all, 50, now).await?;
    let gone = FindingFilter { states: vec![FindingState::Fixed], ..all.clone() };
    let fixed = app.store.findings(who.org, &gone, FindingOrder::Fixed, None, FIXED).await?;
    let names = names(&app, who.org).await?;
    let in_force = DecisionFilter {
        states: vec![DecisionState::Approved],
        ends_after: Some(now),
        ..DecisionFilter::default()
    };
    let decided = register::page(&app, &who, &in_force, Some(id), (None, DECIDED)).await?.rows;
    let list = format!("/findings?counts=true&team={id}");
    let headline = standing.headline(&team.name);
    let mut layout = layout(&app, &who, Entry::Teams, &team.name, headline).await?;
    layout.crumbs = vec![Link::to("Teams", "/teams"), Link::words(team.name.clone())];
    layout.actions.push(Link::to("Plan", format!("/teams/{id}/plan")));
    layout.actions.push(Link::to("Updates", format!("/updates?team={id}")));
    layout.actions.push(Link::to("Verdicts", format!("/verdicts?team={id}")));
    layout.actions.push(Link::to("Notices", format!("/teams/{id}/notices")));
    layout.actions.push(Link::to("Hand-offs", format!("/handoffs?team={id}")));
    layout.actions.push(Link::to("Lessons", format!("/lessons?team={id}")));
    layout.actions.push(Link::to("Maturity", format!("/teams/{id}/maturity")));
    layout.actions.push(Link::to("Tickets", format!("/teams/{id}/tickets")));
    layout.actions.push(Link::to("Reviews", format!("/reviews?team={id}")));
    layout.actions.push(Link::to("Card", format!("/teams/{id}/card")));
    if may_pace(&who, id) {
        layout.actions.push(Link::to("Set cadence and capacity", format!("/teams/{id}/edit")));
    }
    if who.may(Action::Administer, On::ALL) {
        layout.actions.push(Link::to("Remove it", format!("/teams/{id}/remove")));
    }
    let exceptions = Table {
        title: "What it accepted".to_owned(),
        titled: true,
        empty: Empty { why: "Nothing is accepted or decided otherwise.".to_owned(), next: None },
        ..table(&app, &who, &decided, &names, now).await?
    };
    let mut figures = standing.figures(&list);
    figures.push(
        Figure::of(
            decided.len().to_string(),
            "decisions in force",
            format!("/exceptions?state=in-force&team={id}"),
        )
        .or_one("decision in force"),
    );
    let view = View {
        figures: Figures(figures),
        dial: dial(&app, who.org, ScopeOf::Team(id), standing.load, &team.name, &list).await?,
        about: about(&team, &systems, &standing.queue, now),
        queue: standing.table("Nothing is open.", now),
        exceptions,
        fixed: Table {
            pager: fixed.next.map(|_| Pager {
                shown: format!("the last {FIXED}"),
                before: "".into(),
                after: format!("/findings?team={id}&state=fixed&order=fixed").into(),
            }),
            ..done(&fixed.rows, now)
        },
        layout,
    };
    Ok(html(&view))
}

fn about(team: &Team, systems: &[System], queue: &[Finding], now: jiff::Timestamp) -> Pairs {
    let unknown = |why: &str| Value::Unknown(why.to_owned());
    let cadence = team.cadence.clone().map_or_else(|| unknown("it chose none"), Value::Text);
    let capacity = team.capacity.map_or_else(
        || unknown("no capacity is set"),
        |points| Value::Text(format!("{} points in a window", number(points))),
    );
    let open = team.open_limit.map_or_else(
        || Value::Text("as many as the plan makes".to_owned()),
        |limit| Value::Text(format!("{limit} at most")),
    );
    let soon = now + SignedDuration::from_hours(24 * 14);
    let due = |f: &&Finding| f.weighed.as_ref().and_then(|w| w.deadline).is_some_and(|d| d < soon);
    let costs: Vec<(f64, f64)> =
        queue.iter().filter(due).filter_map(|f| f.weighed.as_ref()?.cost).collect();
    let work = match costs.as_slice() {
        [] if !queue.iter().any(|f| due(&f)) => Value::from("nothing"),
        [] => unknown("no cost is known"),
        costs => {
            let least: f64 = costs.iter().map(|c| c.0).sum();
            let most: f64 = costs.iter().map(|c| c.1).sum();
            format!("{}–{} points", number(least), number(most)).into()
        }
    };
    let owns: Vec<&str> =
        systems.iter().filter(|s| s.team == Some(team.id)).map(|s| s.name.as_str()).collect();
    let owns = if owns.is_empty() { "no system".to_owned() } else { owns.join(", ") };
    Pairs(vec![
        ("Cadence".to_owned(), cadence),
        ("Capacity".to_owned(), capacity),
        ("Open at a time".to_owned(), open),
        ("Due within 14 days".to_owned(), work),
        ("Owns".to_owned(), owns.into()),
    ])
}

fn done(fixed: &[Finding], now: jiff::Timestamp) -> Table {
    let row = |is: &Finding| {
        let (package, _) = short(&is.component.1);
        let name = format!("{} in {package}", is.vulnerability.1);
        let days = is.fixed.map(|at| at.duration_since(is.detected).as_hours() / 24);
        Row::of(vec![
            Cell::name(name, format!("/findings/{}", is.id)),
            days.map_or_else(|| Cell::unknown("not known"), |d| Cell::text(d.to_string())),
            is.fixed.map_or(Cell::Nothing, |at| Cell::Value(When::of(at, now).into())),
        ])
    };
    Table {
        title: "What it fixed".to_owned(),
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            Column::right("Days"),
            Column::right("Gone").kept(),
        ],
        rows: fixed.iter().map(row).collect(),
        empty: Empty { why: "Nothing went yet.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(crate) async fn edit(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, _) = find(&app, &who, id).await?;
    let sent = Sent {
        csrf: String::new(),
        name: team.name.clone(),
        cadence: team.cadence.clone().unwrap_or_default(),
        capacity: team.capacity.map(|c| c.to_string()).unwrap_or_default(),
        open_limit: team.open_limit.map(|limit| limit.to_string()).unwrap_or_default(),
    };
    show(&app, &who, &team, sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (team, _) = find(&app, &who, id).await?;
    let text = sent.capacity.trim();
    let capacity: Option<f64> = if text.is_empty() { None } else { text.parse().ok() };
    if capacity.is_none() && !text.is_empty() {
        let wrong = ("capacity", "Enter a number of points.".to_owned());
        return show(&app, &who, &team, sent, Some(wrong)).await;
    }
    let text = sent.open_limit.trim();
    let open_limit: Option<u32> = if text.is_empty() { None } else { text.parse().ok() };
    let beyond = open_limit.is_some_and(|limit| !(1..=OPEN_MOST).contains(&limit));
    if beyond || open_limit.is_none() && !text.is_empty() {
        let wrong = ("open_limit", format!("This must be a whole number, 1 to {OPEN_MOST}."));
        return show(&app, &who, &team, sent, Some(wrong)).await;
    }
    let cadence = Some(sent.cadence.clone()).filter(|c| !c.is_empty());
    let name = match sent.name.trim() {
        "" => team.name.clone(),
        name => name.to_owned(),
    };
    let all = app.store.teams(who.org).await?;
    if name != team.name && all.iter().any(|other| other.name == name) {
        let wrong = ("name", "There is already a team of this name.".to_owned());
        return show(&app, &who, &team, sent, Some(wrong)).await;
    }
    let version = String::new();
    let wanted = Shown { id: team.id, name, cadence, version, capacity, open_limit };
    match pace(&app, &who, wanted).await {
        Ok(_) => Ok(Redirect::to(&format!("/teams/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let field = if problem.detail.starts_with("The name") { "name" } else { "capacity" };
            show(&app, &who, &team, sent, Some((field, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// The cadences of the charter, to choose one: value and words.
pub(super) async fn cadences(app: &App, who: &Who) -> Result<Vec<(String, String)>, Problem> {
    let agreed = app.agreed(who.org, app.now()).await?;
    let none = (String::new(), "none".to_owned());
    // What is to be done at once has no windows: no team's rhythm is that.
    let all = agreed.charter.cadences.iter().filter(|c| &*c.every != "now");
    let all = all.map(|c| {
        let (name, every) = (c.name.to_string(), c.every.to_string());
        // `every sprint` says how often it is.
        let words = if name.ends_with(&every) { name.clone() } else { format!("{name} ({every})") };
        (name, words)
    });
    Ok(std::iter::once(none).chain(all).collect())
}

async fn show(
    app: &App,
    who: &Who,
    team: &Team,
    sent: Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    if !may_pace(who, team.id) {
        return Err(Problem::forbidden(Action::Pace).into());
    }
    let cadences = cadences(app, who).await?;
    let title = format!("Cadence and capacity of {}", team.name);
    let headline = format!("{title}.");
    let mut layout = layout(app, who, Entry::Teams, &title, headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{}", team.id)),
        Link::words("Cadence and capacity"),
    ];
    let mut form = Sheet {
        action: format!("/teams/{}/edit", team.id).into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("cadence", "Cadence", Input::Select(cadences))
                .holding(sent.cadence)
                .optional(),
            Field::new("capacity", "Capacity", Input::Text)
                .holding(sent.capacity)
                .hinted("Points for dependency work in one window.")
                .optional(),
            Field::new("open_limit", "Open batches at most", Input::Text)
                .holding(sent.open_limit)
                .hinted("How many batches may be open at once. Leave empty for no limit.")
                .optional(),
        ],
        submit: "Save".to_owned(),
        cancel: Some(Link::to("Back to the team", format!("/teams/{}", team.id))),
        ..Sheet::default()
    };
    let mut follows = vec!["The team's plan is made again at once.".to_owned()];
    if who.may(Action::Administer, On::ALL) {
        form.fields.insert(0, Field::new("name", "Name", Input::Text).holding(sent.name));
        follows.push(
            "Descriptions of systems that are pushed must call it by its new name.".to_owned(),
        );
    }
    mended(&mut form, wrong);
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}
