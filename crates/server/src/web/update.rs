//! One update, from planned to deployed: where it is and on whom it waits, what tests said, what it removes, what was
//! left out, how to take it back, and what people say it cost.

mod merged;
mod tables;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Update as View;
use trimtab_pages::part::{
    Field, Figure, Figures, Form as Sheet, Input, Link, Notice, Pairs, State as At, Step, Steps,
    Urgency, Value, When, number,
};
use trimtab_store::Appeal;

pub(crate) use merged::merged;
use merged::merger;
use tables::{left_out, moves, removes, said, tests};

use super::today::short;
use super::{Page, Sorry, count, html, layout, mended, own_form};
use crate::access::{On, Who};
use crate::api::tickets::links;
use crate::api::updates::{Said, find, keep, may_say};
use crate::api::visible;
use crate::facts::steps::Part;
use crate::problem::Problem;
use crate::state::App;
use crate::updating::{self, Far, Update, title};

/// The plan that was carried out weighed its findings itself: what the server's weights sum up to may differ.
const LOAD: &str = "load removed, by its own plan";

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    points: String,
    reverted: String,
    reason: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, id, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let text = sent.points.trim();
    let points: Option<f64> = if text.is_empty() { None } else { text.parse().ok() };
    if points.is_none() && !text.is_empty() {
        let wrong = ("points", "Enter a number of points.".to_owned());
        return show(&app, &who, id, Some((sent, wrong))).await;
    }
    let said = Said { points, reverted: sent.reverted == "yes", reason: sent.reason.clone() };
    match keep(&app, &who, id, &said).await {
        Ok(()) => Ok(Redirect::to(&format!("/updates/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let name = if problem.detail.contains("points") { "points" } else { "reason" };
            show(&app, &who, id, Some((sent, (name, problem.detail)))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(
    app: &App,
    who: &Who,
    id: i64,
    wrong: Option<(Sent, (&'static str, String))>,
) -> Page {
    let (is, on) = find(app, who, id).await?;
    let update = updating::of(app, who.org, is).await?;
    let now = app.now();
    let name = format!("{} in {}", title(&update.told), update.is.asset_name);
    let headline = match update.far {
        Far::Deployed => format!("{name} is in production."),
        Far::Nothing | Far::Unknown => format!("{name}: {}.", update.far.words()),
        Far::Reverted => format!("{name} was rolled back."),
        Far::CarriedOut | Far::Merged => format!("{name} {}.", waits(update.far)),
    };
    let mut layout = layout(app, who, Entry::Plan, &name, headline).await?;
    layout.crumbs = vec![
        Link::to("Plan", "/plan"),
        Link::to("Updates", "/updates"),
        Link::words(title(&update.told)),
    ];
    // What waits to be merged is merged there.
    let request = update.told.request.as_ref().filter(|is| is.page.starts_with("https://"));
    if update.far == Far::CarriedOut
        && let Some(request) = request
    {
        layout.actions.push(Link::to("Open the request", request.page.clone()));
    }
    let team = team(app, who, on).await?;
    let deployer = deployer(app, who, on, &team).await?;
    let may = may_say(who, on);
    let form = may.then(|| form(&update, layout.csrf.clone(), wrong));
    let (merger, merged) = merger(app, who, &update, on, &layout.csrf).await?;
    let asset = format!("/findings?state=any&asset={}", update.is.is.asset);
    let gone = update.findings.iter().filter(|f| !f.state.is_live()).count();
    let told = &update.told;
    let mut tickets = Vec::new();
    if let Some(team) = on.team {
        let moved = |package: &str| told.moves.iter().any(|m| m.package == package);
        let mut all = app.store.tickets(who.org, team).await?;
        all.retain(|row| row.change.asset == update.is.is.asset && moved(&row.change.package));
        tickets.extend(links(&all).into_values());
        tickets.sort_by(|a, b| a.text.cmp(&b.text));
    }
    let view = View {
        notice: notice(&update),
        figures: Figures(vec![
            Figure::of(
                told.removes.len().to_string(),
                if told.removes.len() == 1 { "finding it removes" } else { "findings it removes" },
                asset.clone(),
            ),
            Figure::of(gone.to_string(), "gone from production", asset.clone()),
            match told.load {
                Some(load) => Figure::of(number(load), LOAD, asset),
                None => Figure::of(Value::Unknown("the plan gave no figure".into()), LOAD, asset),
            },
        ]),
        steps: steps(&update, (&team, &deployer), now),
        tests: tests(&update),
        said: said(&update),
        moves: moves(&update),
        removes: removes(&update, now),
        left_out: left_out(&update),
        about: about(&update, &outside(app, who, &update).await?, tickets, merger),
        merged,
        rollback: format!("trimtab rollback {}", update.is.is.batch),
        form,
        layout,
    };
    Ok(html(&view))
}

fn waits(far: Far) -> &'static str {
    match far {
        Far::Merged => "is merged and waits to be deployed",
        _ => "waits to be merged",
    }
}

async fn team(app: &App, who: &Who, on: On) -> Result<Link, Problem> {
    let teams = app.store.teams(who.org).await?;
    let team = on.team.and_then(|id| teams.into_iter().find(|t| t.id == id));
    Ok(team.map_or_else(
        || Link::words("no team owns it"),
        |team| Link::to(team.name.clone(), format!("/teams/{}", team.id)),
    ))
}

/// Who deploys it: whom the system names for that, else the owner team.
async fn deployer(app: &App, who: &Who, on: On, team: &Link) -> Result<Link, Problem> {
    let Some(system) = on.system else { return Ok(team.clone()) };
    let named = app.store.system_people(who.org).await?;
    if let Some(id) = named.get(&(system, Part::Deployment.as_str().to_owned())) {
        let people = app.store.people(who.org).await?;
        if let Some(person) = people.into_iter().find(|person| person.id == *id && !person.disabled)
        {
            return Ok(Link::words(person.name));
        }
    }
    let systems = app.store.systems(who.org).await?;
    let described = systems.iter().find(|is| is.id == system).and_then(|is| is.operations.clone());
    Ok(described.map_or_else(|| team.clone(), Link::words))
}

fn notice(update: &Update) -> Option<Notice> {
    let told = &update.told;
    let text = match (update.is.reverted, told.outcome.as_str()) {
        (Some(at), _) => {
            format!(
                "It was rolled back on {}: {}.",
                at.strftime("%Y-%m-%d"),
                update.is.reason.trim_end_matches('.')
            )
        }
        (None, "refused") => {
            let worse = told.worse.join("; ");
            format!("It was refused: {}", if worse.is_empty() { &told.why } else { &worse })
        }
        (None, "part") => {
            "Only part of it was carried out: what was left out is listed below.".to_owned()
        }
        (None, "nothing") => format!("Nothing of it was carried out: {}", told.why),
        _ => return None,
    };
    let urgency = match told.outcome.as_str() {
        "part" if update.is.reverted.is_none() => Urgency::Note,
        _ => Urgency::Warning,
    };
    Some(Notice { urgency, text, next: None })
}

fn steps(update: &Update, (team, deployer): (&Link, &Link), now: Timestamp) -> Steps {
    let (is, told) = (&update.is, &update.told);
    let step = |side: &str, task: &str, text: String, state: At| Step {
        side: side.to_owned(),
        task: task.to_owned(),
        owner: if side == "Operations" { deployer.clone() } else { team.clone() },
        text,
        state,
    };
    let when = |at: Timestamp| When::of(at, now);
    let waiting = |on: &Link, since: Timestamp| At::Waiting {
        on: on.clone(),
        since: when(since),
        until: None,
        late: false,
    };
    let (planned, text) = match &update.planned {
        Some(planned) => {
            let why =
                if planned.why.is_empty() { String::new() } else { format!(": {}", planned.why) };
            let ready = planned.ready.map_or_else(String::new, |ready| {
                format!(", not before {}", ready.strftime("%Y-%m-%d"))
            });
            (At::Done(when(planned.at)), format!("For {}{ready}{why}.", planned.window))
        }
        None => (At::NotYet, format!("No kept plan had it; its own was for {}.", told.window)),
    };
    let merged = match (update.merged, update.far) {
        (Some(at), _) => At::Done(when(at)),
        (None, Far::CarriedOut) => waiting(team, is.is.at),
        _ => At::NotYet,
    };
    let deployed = match (update.deployed, update.merged) {
        (Some(at), _) => At::Done(when(at)),
        (None, Some(at)) if update.far == Far::Merged => waiting(deployer, at),
        _ => At::NotYet,
    };
    let branch = match (&told.request, &told.branch) {
        (Some(request), _) => format!("Request {}: {}.", request.number, request.became),
        (None, Some(branch)) => format!("Branch {branch}; no request was asked for."),
        (None, None) => "No branch was written.".to_owned(),
    };
    let mut steps = vec![
        step("Product", "Plan", text, planned),
        step("Engineering", "Carry out", sentence(&told.tests.why), At::Done(when(is.is.at))),
        step("Engineering", "Merge", branch, merged),
        step(
            "Operations",
            "Deploy",
            "The findings stay until it runs in production.".to_owned(),
            deployed,
        ),
    ];
    if let Some(at) = is.reverted {
        steps.push(step("Operations", "Roll back", is.reason.clone(), At::Done(when(at))));
    }
    Steps(steps)
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// What was granted outside of any cadence of what moves here, and was not done by an update before this one.
async fn outside(app: &App, who: &Who, update: &Update) -> Result<Vec<i64>, Problem> {
    let (asset, received) = (update.is.is.asset, update.is.received);
    let mut all = app.store.granted_emergencies(who.org, asset, (None, received)).await?;
    let seen = visible(who, &app.store.systems(who.org).await?);
    all.retain(|a| {
        let moves = |moved: &str| short(moved).0 == short(&a.is.package).0;
        seen.as_ref().is_none_or(|seen| a.is.system.is_some_and(|id| seen.contains(&id)))
            && update.told.moves.iter().any(|moved| moves(&moved.package))
    });
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let others = app.store.all_applied(who.org, (None, Some(asset)), None, None, 500).await?.rows;
    let is_done = |a: &Appeal| {
        others.iter().any(|other| {
            let moves = other.is.told["moves"].as_array();
            other.id != update.is.id
                && other.received < received
                && a.answered.is_some_and(|at| at <= other.received)
                && moves.is_some_and(|all| {
                    let package = |moved: &serde_json::Value| {
                        let package = moved["package"].as_str()?;
                        Some(short(package).0 == short(&a.is.package).0)
                    };
                    all.iter().any(|moved| package(moved) == Some(true))
                })
        })
    };
    Ok(all.iter().filter(|a| !is_done(a)).map(|a| a.id).collect())
}

fn about(update: &Update, outside: &[i64], tickets: Vec<Link>, merger: Value) -> Pairs {
    let (is, told) = (&update.is, &update.told);
    let unknown = |why: &str| Value::Unknown(why.to_owned());
    let mut pairs = vec![
        ("Batch".to_owned(), Value::Code(is.is.batch.clone())),
        ("Planned for".to_owned(), Value::Text(told.window.clone())),
        ("File".to_owned(), Value::Code(told.place.clone())),
        ("Package manager".to_owned(), Value::Text(told.tool.clone())),
        ("Base commit".to_owned(), Value::Code(told.base.chars().take(12).collect())),
    ];
    for id in outside {
        let link = Link::to(format!("emergency {id}"), format!("/appeals/{id}"));
        pairs.push(("Outside of any cadence".to_owned(), link.into()));
    }
    if let Some(branch) = &told.branch {
        pairs.push(("Branch".to_owned(), Value::Code(branch.clone())));
    }
    if let Some(request) = &told.request {
        let words = format!("number {}", request.number);
        // Whoever pushed it chose the address: no other scheme is a page.
        let link = match request.page.starts_with("https://") {
            true => Link::to(words, request.page.clone()),
            false => Link::words(words),
        };
        pairs.push(("Request".to_owned(), Value::Link(link)));
    }
    pairs.extend(tickets.into_iter().map(|link| ("Ticket".to_owned(), Value::Link(link))));
    pairs.push(("Merged by".to_owned(), merger));
    pairs.push((
        "Cost".to_owned(),
        is.points.map_or_else(
            || unknown("not reported yet"),
            |points| Value::Text(format!("{} points", number(points))),
        ),
    ));
    let runs = i64::try_from(told.tests.runs).unwrap_or(i64::MAX);
    pairs.push(("Test runs".to_owned(), Value::Text(count(runs, "time", "times"))));
    Pairs(pairs)
}

fn form(update: &Update, csrf: String, wrong: Option<(Sent, (&'static str, String))>) -> Sheet {
    let (sent, wrong) = match wrong {
        Some((sent, wrong)) => (sent, Some(wrong)),
        None => {
            let is = &update.is;
            let sent = Sent {
                csrf: String::new(),
                points: is.points.map(|p| p.to_string()).unwrap_or_default(),
                reverted: if is.reverted.is_some() { "yes" } else { "no" }.to_owned(),
                reason: is.reason.clone(),
            };
            (sent, None)
        }
    };
    let choices = vec![
        ("no".to_owned(), "it stands".to_owned()),
        ("yes".to_owned(), "it was rolled back".to_owned()),
    ];
    let mut form = Sheet {
        action: format!("/updates/{}", update.is.id).into(),
        csrf,
        fields: vec![
            Field::new("points", "Points it took", Input::Text)
                .holding(sent.points)
                .hinted("The team's estimates learn from this.")
                .optional(),
            Field::new("reverted", "Status", Input::Select(choices)).holding(sent.reverted),
            Field::new("reason", "Why it was rolled back", Input::Text)
                .holding(sent.reason)
                .optional(),
        ],
        submit: "Save".to_owned(),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    form
}
