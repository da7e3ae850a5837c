//! One decision: what is accepted, why, by whom, until when; and the answer to it.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Exception;
use trimtab_pages::part::{
    Event, Field, Figure, Figures, Form as View, History, Input, Link, Pairs, Table, Value, When,
    number,
};
use trimtab_store::{Decision, DecisionKind, DecisionState, Finding};

use super::answer_many;
use super::exceptions::what;
use super::today::{columns, row};
use super::{Page, Sorry, html, layout, mended, own_form, sides};
use crate::access::{Action, Who};
use crate::api::{on, visible};
use crate::deciding::{self, Refused, kind};
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    role: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let decision = deciding::find(&app, &who, id).await?;
    show(&app, &who, &decision, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let decision = deciding::find(&app, &who, id).await?;
    let Some((_, state)) = answer_many::answer(&sent.answer) else {
        let wrong = ("answer", answer_many::NONE.to_owned());
        return show(&app, &who, &decision, Some(wrong)).await;
    };
    match deciding::answer(&app, &who, &decision, state, &sent.role).await {
        Ok(()) => Ok(Redirect::to(&format!("/exceptions/{id}")).into_response()),
        Err(Refused::Member(name, text)) => show(&app, &who, &decision, Some((name, text))).await,
        Err(Refused::Problem(problem)) => Err(problem.into()),
    }
}

async fn show(
    app: &App,
    who: &Who,
    decision: &Decision,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let visible = visible(who, &agreed.stored);
    let found = deciding::covered(app, who.org, &decision.is, visible, 100).await?;
    let names = names(app, who.org).await?;
    let is = &decision.is;
    let author = name(&names, is.author);
    let title = what(decision);
    let until = is.expires.map_or("until the advisory changes".to_owned(), |end| {
        format!("until {}", end.strftime("%Y-%m-%d"))
    });
    let said = match is.kind {
        DecisionKind::Exception => format!("{title} is accepted {until}"),
        DecisionKind::NotAffected => format!("{title} does no harm here"),
    };
    let over = is.expires.is_some_and(|end| end <= now);
    let headline = match (decision.state, is.kind) {
        (DecisionState::Asked, DecisionKind::Exception) => {
            format!("{author} asks to accept {title} {until}.")
        }
        (DecisionState::Asked, DecisionKind::NotAffected) => {
            format!("{author} says that {title} does no harm here.")
        }
        (DecisionState::Approved, _) if over => {
            format!("{title} was accepted {until}; it has expired.")
        }
        (DecisionState::Approved, _) => format!("{said}."),
        (DecisionState::Refused, DecisionKind::Exception) => {
            format!("The request to accept {title} {until} was refused.")
        }
        (DecisionState::Refused, DecisionKind::NotAffected) => {
            format!("The statement that {title} does no harm here was refused.")
        }
        // Nobody answered it: it was still asked for.
        (DecisionState::Ended, kind) if decision.approver.is_none() => format!(
            "The {} was closed: what it was about is gone.",
            match kind {
                DecisionKind::Exception => format!("request to accept {title} {until}"),
                DecisionKind::NotAffected => format!("statement that {title} does no harm here"),
            }
        ),
        (DecisionState::Ended, _) => format!("Ended early: {said}."),
    };
    let mut layout = layout(app, who, Entry::Exceptions, &title, headline).await?;
    layout.crumbs = vec![Link::to("Exceptions", "/exceptions"), Link::words(title)];
    let place = on(&app.store, who.org, is.system).await?;
    if let (true, Some(first)) = (who.may(Action::Ask, place), found.first())
        && decision.state != DecisionState::Asked
    {
        let address = format!("/findings/{}/ask?as={}", first.id, decision.id);
        layout.actions.push(Link::to("Renew", address));
    }
    let form = who.may(Action::Answer, place).then(|| form(decision, who, &layout.csrf, over));
    let mut form = form.flatten();
    if let Some(form) = &mut form {
        mended(form, wrong);
    }
    let view = Exception {
        figures: figures(decision, &found, &agreed, now),
        about: about(decision, &names, &agreed, now),
        form,
        findings: Table {
            title: "What it is about".to_owned(),
            titled: true,
            columns: columns(),
            rows: found.iter().map(|f| row(f, now)).collect(),
            empty: trimtab_pages::part::Empty {
                why: "No finding matches any longer.".to_owned(),
                next: None,
            },
            ..Table::default()
        },
        history: history(decision, &names, now),
        layout,
    };
    Ok(html(&view))
}

fn form(decision: &Decision, who: &Who, csrf: &str, over: bool) -> Option<View> {
    let own = decision.is.author == who.person.id;
    let word = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let answers = match decision.state {
        // Who asked may take it back, and not agree to it.
        DecisionState::Asked if own => vec![word("refuse", "Withdraw it")],
        DecisionState::Asked => vec![word("approve", "Approve"), word("refuse", "Refuse")],
        DecisionState::Approved if !over => vec![word("end", "End it now")],
        _ => return None,
    };
    let fields = vec![
        Field::new("answer", "Answer", Input::Select(answers)),
        Field::new("role", "For the side of", sides(who)),
    ];
    Some(View {
        action: format!("/exceptions/{}/answer", decision.id).into(),
        csrf: csrf.to_owned(),
        fields,
        submit: "Answer".to_owned(),
        cancel: Some(Link::to("Back to the register", "/exceptions")),
        ..View::default()
    })
}

fn figures(is: &Decision, found: &[Finding], agreed: &Agreed, now: Timestamp) -> Figures {
    let here = format!("/exceptions/{}", is.id);
    let load: f64 = found.iter().filter_map(|f| f.weighed.as_ref()).map(|w| w.weight).sum();
    let mut figures = vec![
        Figure::of(found.len().to_string(), "findings still here", here.clone())
            .or_one("finding still here"),
        Figure::of(number(load), "their load", here.clone()),
    ];
    figures.push(match is.is.expires {
        Some(end) => Figure::of(When::of(end, now), "ends", here),
        None => Figure::of("no date", "ends when the advisory changes", here),
    });
    if let Some(first) = found.first() {
        let level = deciding::level(first);
        let link = format!("/findings/{}", first.id);
        figures.insert(0, Figure::of(level.as_str(), "gravest", link).marked(level));
        if is.is.kind == DecisionKind::Exception {
            let most = format!("{} days", deciding::longest(agreed, level));
            figures.push(Figure::of(most, format!("longest allowed for {level}"), "/charter"));
        }
    }
    Figures(figures)
}

fn about(
    is: &Decision,
    names: &std::collections::HashMap<i64, String>,
    agreed: &Agreed,
    now: Timestamp,
) -> Pairs {
    let mut pairs: Vec<(String, Value)> = vec![
        ("Kind".to_owned(), kind(is.is.kind).into()),
        ("State".to_owned(), is.state.as_str().into()),
        ("Reason".to_owned(), is.is.reason.clone().into()),
    ];
    if let Some(label) = &is.is.justification {
        pairs.push(("Why not affected".to_owned(), label.replace('_', " ").into()));
    }
    if let Some(control) = &is.is.control {
        pairs.push(("Meanwhile".to_owned(), control.clone().into()));
    }
    if let Some(package) = &is.is.package {
        pairs.push(("Package".to_owned(), Value::Code(package.clone())));
    }
    if let Some(system) = is.is.system.and_then(|id| agreed.stored.iter().find(|s| s.id == id)) {
        let link = Link::to(system.name.clone(), format!("/systems/{}", system.id));
        pairs.push(("System".to_owned(), link.into()));
    }
    let side = |person: i64, role: &str| format!("{}, for {role}", name(names, person));
    pairs.push(("Asked by".to_owned(), side(is.is.author, &is.is.author_role).into()));
    pairs.push(("Asked".to_owned(), When::of(is.asked, now).into()));
    if let Some((person, role)) = &is.approver {
        pairs.push(("Answered by".to_owned(), side(*person, role).into()));
    }
    Pairs(pairs)
}

fn history(
    is: &Decision,
    names: &std::collections::HashMap<i64, String>,
    now: Timestamp,
) -> History {
    let mut events = vec![Event {
        at: When::of(is.asked, now),
        kind: "asked".to_owned(),
        text: "Asked for.".to_owned(),
        by: Link::words(name(names, is.is.author)),
        level: None,
    }];
    if let Some(at) = is.answered {
        let by = is.approver.as_ref().map(|(person, _)| name(names, *person));
        let text = match is.state {
            DecisionState::Approved => "Approved.",
            DecisionState::Refused => "Refused.",
            DecisionState::Ended if by.is_none() => "Closed: what it was about is gone.",
            _ => "Ended before its time.",
        };
        events.insert(
            0,
            Event {
                at: When::of(at, now),
                kind: is.state.as_str().to_owned(),
                text: text.to_owned(),
                by: Link::words(by.unwrap_or_default()),
                level: None,
            },
        );
    }
    History { events, more: None }
}
