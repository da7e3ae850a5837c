//! A letter to a team: what it told of, what became of its copies, and the button that says that one has it. Mails lead
//! here: opening it changes nothing.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Letter as View;
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Form as Sheet, Input, Link, Notice, Row, Table, Urgency, When,
};
use trimtab_store::{Became, Letter, Pending, Recipient};

use super::notices::why_words;
use super::{Page, Sorry, html, layout, own_form};
use crate::access::Who;
use crate::api::notices::{is_alarm, letter_of, may_answer, seen, send_again};
use crate::notices::standing::{self, is_open};
use crate::notices::why_of;
use crate::notices::wishes::may_wish;
use crate::people::names;
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    r#do: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (letter, team) = letter_of(&app, &who, id).await?;
    let now = app.now();
    let said = seen(&who, &letter);
    let pending = app.store.pending(who.org, team.id).await?;
    let of = |item: &str| pending.iter().find(|is| is.item == item);
    let headline = format!("{}.", said.subject(why_of(&letter.is.why), &team.name));
    let mut layout = layout(&app, &who, Entry::Teams, "Notice", headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{}", team.id)),
        Link::to("Notices", format!("/teams/{}/notices", team.id)),
        Link::words(format!("{} of {}", why_words(&letter.is.why), letter.at.strftime("%Y-%m-%d"))),
    ];
    let is_alarm = is_alarm(&letter);
    let open = said.named.iter().filter_map(|n| of(&n.item)).filter(|is| is_open(is)).count();
    let names = names(&app, who.org).await?;
    let by = said.named.iter().filter_map(|n| of(&n.item)).find_map(|is| answered(is, &names));
    let notice = match (is_alarm, open, by) {
        (true, 1.., _) => Some(Notice {
            urgency: Urgency::Warning,
            text: "Nobody has acknowledged it yet.".to_owned(),
            next: None,
        }),
        (true, 0, Some(by)) => {
            Some(Notice { urgency: Urgency::Note, text: format!("{by} has it."), next: None })
        }
        _ => None,
    };
    let mut forms = Vec::new();
    let form = |verb: &str, submit: &str| Sheet {
        action: format!("/notices/{id}").into(),
        csrf: layout.csrf.clone(),
        fields: vec![Field::new("do", "do", Input::Hidden).holding(verb)],
        submit: submit.to_owned(),
        ..Sheet::default()
    };
    if open > 0 && may_answer(&who, &letter) {
        forms.push(form("acknowledge", "I have it"));
    }
    let failed = |copy: &Recipient| matches!(copy.became, Became::Refused | Became::Unknown);
    let wishes = may_wish(&who, team.id);
    if wishes && letter.copies.iter().any(failed) {
        forms.push(form("again", "Send it again where it was not taken"));
    }
    let row = |named: &crate::notices::letters::Named| {
        let told = &named.told;
        let state = match of(&named.item) {
            None => "gone",
            Some(is) if is_open(is) => "now, not acknowledged",
            Some(is) if is.urgent.is_some() => "now, acknowledged",
            Some(_) => "to be done",
        };
        Row::of(vec![
            Cell::Name(Link::to(told.title.clone(), told.link.clone()), told.detail.clone()),
            Cell::text(told.act.clone()),
            Cell::text(state),
        ])
    };
    let things = Table {
        title: match said.more() {
            0 => "What it was about".to_owned(),
            more => format!("What it was about: the gravest {}, and {more} more", said.named.len()),
        },
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            Column::left("How to act"),
            Column::left("Today").kept(),
        ],
        rows: said.named.iter().map(row).collect(),
        empty: Empty { why: "Nothing of it is yours to see.".to_owned(), next: None },
        ..Table::default()
    };
    let view = View { notice, forms, things, copies: copies(&letter, wishes, now), layout };
    Ok(html(&view))
}

/// Who has something.
fn answered(is: &Pending, names: &std::collections::HashMap<i64, String>) -> Option<String> {
    let (_, actor) = is.acknowledged.as_ref().filter(|_| !is_open(is))?;
    let person = actor.strip_prefix("person:").and_then(|id| id.parse().ok());
    Some(person.map_or_else(|| "A program".to_owned(), |id| crate::people::name(names, id)))
}

fn copies(letter: &Letter, wishes: bool, now: jiff::Timestamp) -> Table {
    let row = |is: &Recipient| {
        let (words, next) = match is.became {
            Became::Sent => ("sent", ""),
            Became::Begun => ("on its way", ""),
            Became::Later if is.tries == 0 => ("on its way", ""),
            Became::Later => ("not taken yet", "It is tried again by itself."),
            Became::Refused => ("refused", "Change what is told here, then send it again."),
            Became::Unknown => {
                ("nobody knows", "It may have been taken: look there before you send it again.")
            }
        };
        let detail = match (is.detail.as_str(), next) {
            ("", next) => next.to_owned(),
            (detail, next) => format!("{}. {next}", detail.trim_end_matches('.')),
        };
        Row::of(vec![
            Cell::text(is.to.channel.clone()),
            if wishes { Cell::text(is.to.address.clone()) } else { Cell::Nothing },
            Cell::text(words),
            if wishes && !detail.is_empty() { Cell::text(detail) } else { Cell::Nothing },
            Cell::Value(When::of(is.changed, now).into()),
        ])
    };
    Table {
        title: "Recipients".to_owned(),
        titled: true,
        columns: vec![
            Column::left("By").kept(),
            Column::left("To").kept(),
            Column::left("Outcome").kept(),
            Column::left("What to do"),
            Column::right("When"),
        ],
        rows: letter.copies.iter().map(row).collect(),
        empty: Empty {
            why: "Nobody could be told: the team had no channel, and nobody on duty may see it."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let (letter, team) = letter_of(&app, &who, id).await?;
    match sent.r#do.as_str() {
        "acknowledge" if is_alarm(&letter) => {
            standing::acknowledge(&app, &who, team.id, &letter.is.items).await?;
        }
        "again" => {
            send_again(&app, &who, &team, &letter).await?;
        }
        _ => return Err(Problem::invalid("There is no such action.").into()),
    }
    Ok(Redirect::to(&format!("/notices/{id}")).into_response())
}
