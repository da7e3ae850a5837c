//! One charter: what it changes in words, what it would make of today's findings, who has agreed.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_charter::diff::changes;
use trimtab_model::Level;
use trimtab_model::charter::Charter;
use trimtab_pages::Entry;
use trimtab_pages::page::Proposal;
use trimtab_pages::part::{
    Cell, Column, Diff, Empty, Field, Figure, Figures, Form as View, Input, Line, Link, Mark,
    Pager, Pairs, Row, Table, When, number,
};
use trimtab_store::{CharterState, StoredCharter, Weighed};

use super::charter::{agreed, in_force};
use super::today::short;
use super::{Page, Sorry, count, html, layout, own_form};
use crate::access::Who;
use crate::agreeing;
use crate::api::{findings, visible};
use crate::effect::{Effect, MOST, Moved, effect, without_plan};
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;

/// How many findings that would change are listed.
const LISTED: usize = 100;

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    /// `agree <side>` or `withdraw`.
    answer: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let (charter, all) = agreeing::find(&app, &who, id).await?;
    let model =
        agreeing::read(&charter.text).map_err(|wrong| Problem::conflict(agreeing::told(&wrong)))?;
    // A proposal is compared with what holds; another one with what held before it.
    let before = if charter.state == CharterState::Proposed {
        all.iter().find(|c| c.state == CharterState::InForce)
    } else {
        all.iter().find(|c| c.id < id && c.in_force.is_some())
    };
    let (old, _) = in_force(before)?;
    let systems = app.store.systems(who.org).await?;
    let visible = visible(&who, &systems);
    // Without an index there is no effect to be told; the text can be read all the same.
    let effect = match app.index() {
        Some(_) => effect(&app, who.org, visible, model.clone(), now).await?,
        None => Effect::default(),
    };
    let names = names(&app, who.org).await?;
    let title = format!("Charter {id}");
    let lost = match charter.state {
        CharterState::Proposed => without_plan(&app, &who, &model, now).await?,
        _ => Vec::new(),
    };
    let headline = headline(&charter, &effect, lost.len());
    let mut layout = layout(&app, &who, Entry::Charter, &title, headline).await?;
    layout.crumbs = vec![Link::to("Charter", "/charter"), Link::words(title)];
    let form = form(&charter, &who, &layout.csrf);
    let mut about = vec![
        ("Version".to_owned(), model.version.to_string().into()),
        ("State".to_owned(), charter.state.as_str().replace('-', " ").into()),
        ("Proposed by".to_owned(), name(&names, charter.author).into()),
        ("Proposed".to_owned(), When::of(charter.proposed, now).into()),
    ];
    if !lost.is_empty() {
        let of: Vec<String> =
            lost.iter().map(|(team, cadence)| format!("{team} ({cadence})")).collect();
        let told = format!("{}: until they choose a cadence that it has", of.join(", "));
        about.push(("Teams without a plan".to_owned(), told.into()));
    }
    let view = Proposal {
        figures: figures(&charter, &effect),
        about: Pairs(about),
        effect: levels(&effect),
        moved: moved(&effect, now),
        diff: diff(&old, &model),
        agreed: agreed(Some(&charter), &names, now),
        form,
        layout,
    };
    Ok(html(&view))
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (charter, _) = agreeing::find(&app, &who, id).await?;
    match sent.answer.strip_prefix("agree ") {
        Some(side) => {
            agreeing::agree(&app, &who, &charter, side).await?;
        }
        None if sent.answer == "withdraw" => agreeing::withdraw(&app, &who, &charter).await?,
        None => return Err(Problem::invalid("Choose one of the answers.").into()),
    }
    Ok(Redirect::to(&format!("/charter/proposals/{id}")).into_response())
}

/// `lost` teams would have no plan.
fn headline(charter: &StoredCharter, effect: &Effect, lost: usize) -> String {
    let told = told(charter, effect);
    match i64::try_from(lost).unwrap_or(i64::MAX) {
        0 => told,
        lost => {
            let teams = count(lost, "team has a cadence", "teams have a cadence");
            format!("{told} {teams} that it does not have, and would have no plan.")
        }
    }
}

fn told(charter: &StoredCharter, effect: &Effect) -> String {
    let whole = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    match charter.state {
        CharterState::Proposed if effect.moved.is_empty() => {
            "The proposal would change nothing about today's findings.".to_owned()
        }
        CharterState::Proposed => format!(
            "The proposal would make {} graver and {} less grave, and move {}.",
            count(whole(effect.graver), "finding", "findings"),
            effect.milder,
            count(whole(effect.sooner + effect.later), "deadline", "deadlines"),
        ),
        CharterState::InForce => "This charter is in force.".to_owned(),
        CharterState::Past => "This charter was in force until another one replaced it.".to_owned(),
        CharterState::Withdrawn => "This proposal was withdrawn.".to_owned(),
    }
}

fn figures(charter: &StoredCharter, effect: &Effect) -> Figures {
    let (today, then) = effect.load;
    let change = then - today;
    let sign = if change < 0.0 { "−" } else { "+" };
    let told = format!("{sign}{}", number(change.abs()));
    let weighed = if effect.more {
        format!("only the gravest {MOST}")
    } else {
        "all that you may see".to_owned()
    };
    let here = format!("/charter/proposals/{}", charter.id);
    let figure = |text: String, label: &str| Figure::of(text, label, here.clone());
    Figures(vec![
        figure(effect.weighed.to_string(), "findings weighed by both").noted(weighed),
        figure(effect.graver.to_string(), "findings graver"),
        figure(effect.milder.to_string(), "findings less grave"),
        figure(format!("{} / {}", effect.sooner, effect.later), "deadlines sooner / later"),
        figure(told, "load").noted(format!("{} → {}", number(today), number(then))),
        figure(format!("{} of 4", charter.agreed.len()), "sides have agreed"),
    ])
}

fn levels(effect: &Effect) -> Table {
    let row = |mark: Mark, (today, then): (i64, i64)| {
        let change = then - today;
        let told = match change {
            0 => Cell::text("0"),
            _ if matches!(mark, Mark::Unknown) => Cell::Change(format!("{change:+}"), None),
            _ => Cell::Change(format!("{change:+}"), Some(change < 0)),
        };
        let link = match mark {
            Mark::Level(level) => format!("/findings?level={level}"),
            Mark::Unknown => "/findings".to_owned(),
        };
        Row::of(vec![
            Cell::Mark(mark),
            Cell::link(today.to_string(), link),
            Cell::text(then.to_string()),
            told,
        ])
    };
    let mut rows: Vec<Row> = Level::ALL
        .iter()
        .zip(effect.levels)
        .rev()
        .map(|(level, counts)| row(Mark::Level(*level), counts))
        .collect();
    rows.push(row(Mark::Unknown, effect.unknown));
    Table {
        title: "Today's findings".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Level").kept(),
            Column::right("Today").kept(),
            Column::right("By this charter").kept(),
            Column::right("Difference").kept(),
        ],
        rows,
        ..Table::default()
    }
}

fn moved(effect: &Effect, now: Timestamp) -> Table {
    let level = |w: &Option<Weighed>| Cell::Mark(Mark::from(w.as_ref().map(|w| w.level)));
    let due = |w: &Option<Weighed>| match w.as_ref().and_then(|w| w.deadline) {
        Some(at) => Cell::Due(When::of(at, now), at < now),
        None => Cell::text("no date"),
    };
    let row = |m: &Moved| {
        let is = &m.finding;
        let (package, _) = short(&is.component.1);
        let name = format!("{} in {package}", is.vulnerability.1);
        Row::of(vec![
            Cell::name(name, format!("/findings/{}", is.id)),
            Cell::text(is.system.as_ref().map_or(&is.asset.1, |s| &s.1).clone()),
            level(&m.before),
            level(&m.after),
            due(&m.before),
            due(&m.after),
        ])
    };
    let all = effect.moved.len();
    Table {
        title: "What would change".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Finding").kept(),
            Column::left("Where"),
            Column::left("Level today"),
            Column::left("Would be").kept(),
            Column::right("Due today"),
            Column::right("Would be due"),
        ],
        rows: effect.moved.iter().take(LISTED).map(row).collect(),
        pager: (all > LISTED)
            .then(|| Pager { shown: format!("the gravest {LISTED} of {all}"), ..Pager::default() }),
        empty: Empty { why: "No finding would change.".to_owned(), next: None },
        ..Table::default()
    }
}

/// What is said otherwise, in the words of `trimtab charter diff`.
fn diff(old: &Charter, new: &Charter) -> Diff {
    let mut lines = Vec::new();
    let mut part = "";
    for change in changes(old, new) {
        if change.part != part {
            part = change.part;
            lines.push(Line::Same(part.to_owned()));
        }
        let told = |says: String| format!("{}: {says}", change.about);
        lines.extend(change.before.clone().map(|says| Line::Gone(told(says))));
        lines.extend(change.after.clone().map(|says| Line::New(told(says))));
    }
    if lines.is_empty() {
        lines.push(Line::Same("No difference.".to_owned()));
    }
    Diff { title: "What it says otherwise than the one before".to_owned(), lines }
}

fn form(charter: &StoredCharter, who: &Who, csrf: &str) -> Option<View> {
    if charter.state != CharterState::Proposed {
        return None;
    }
    let has = |side: &trimtab_model::Role| charter.agreed.iter().any(|(s, ..)| s == side);
    let mut answers: Vec<(String, String)> = agreeing::mine(who)
        .iter()
        .filter(|side| !has(side))
        .map(|side| (format!("agree {side}"), format!("Agree for {side}")))
        .collect();
    if agreeing::may_withdraw(who, charter) {
        answers.push(("withdraw".to_owned(), "Withdraw it".to_owned()));
    }
    if answers.is_empty() {
        return None;
    }
    Some(View {
        action: format!("/charter/proposals/{}/answer", charter.id).into(),
        csrf: csrf.to_owned(),
        fields: vec![Field::new("answer", "Answer", Input::Select(answers))],
        submit: "Answer".to_owned(),
        cancel: Some(Link::to("Back to the charter", "/charter")),
        ..View::default()
    })
}
