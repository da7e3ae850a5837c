//! Who is on duty in a team: its turns, days that others take, and the forms for both.

use std::collections::HashMap;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use trimtab_engine::rota::Turn;
use trimtab_pages::Entry;
use trimtab_pages::page::Rota as View;
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Field, Form as Sheet, Input, Link, Notice, Pairs, Row, Table,
    Urgency, Value, When,
};
use trimtab_store::{KeptRota, RotaCover, Team};

use super::team::find;
use super::{Page, Sorry, count, html, layout, mended, own_form};
use crate::access::Who;
use crate::api::rota::turns;
use crate::notices::duty::{self, LONGEST, Told};
use crate::notices::wishes::{Wishes, lines, may_wish};
use crate::people::{name, standing_names};
use crate::problem::Problem;
use crate::state::App;

/// So many turns are listed.
const SHOWN: usize = 26;

/// What a form sent that was not right.
struct Slip {
    sent: Vec<(String, String)>,
    wrong: (&'static str, String),
}

fn one<'s>(sent: &'s [(String, String)], name: &str) -> &'s str {
    sent.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, _) = find(&app, &who, id).await?;
    show(&app, &who, &team, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, one(&sent, "csrf"))?;
    let (team, _) = find(&app, &who, id).await?;
    let done = match one(&sent, "do") {
        "set" => match one(&sent, "days").trim().parse() {
            Ok(days) => {
                let told = Told {
                    people: Vec::new(),
                    first: one(&sent, "first").trim().to_owned(),
                    days,
                    at: one(&sent, "at").trim().to_owned(),
                };
                let people = lines(one(&sent, "people"));
                duty::keep(&app, &who, &team, (&people, told)).await?
            }
            Err(_) => Err(("days", "Enter a whole number of days.".to_owned())),
        },
        "take" => {
            let of = (one(&sent, "person"), one(&sent, "from").trim(), one(&sent, "until").trim());
            let done = duty::cover(&app, &who, &team, of).await?;
            // The first day is another one's name in the other form.
            done.map_err(|(name, text)| (if name == "first" { "from" } else { name }, text))
        }
        "give-back" => {
            for (_, day) in sent.iter().filter(|(name, _)| name == "id").take(SHOWN) {
                duty::uncover(&app, &who, &team, day).await?;
            }
            Ok(())
        }
        _ => return Err(Problem::invalid("There is no such action.").into()),
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/teams/{id}/rota")).into_response()),
        Err(wrong) => show(&app, &who, &team, Some(Slip { sent, wrong })).await,
    }
}

async fn show(app: &App, who: &Who, team: &Team, slip: Option<Slip>) -> Page {
    let (now, id) = (app.now(), team.id);
    let wishes = duty::wishes(app, who.org, id).await?;
    let kept = app.store.rota(who.org, id).await?;
    let told: Told = kept
        .as_ref()
        .map(|kept| serde_json::from_value(kept.told.clone()).unwrap_or_default())
        .unwrap_or_default();
    let turns = turns(app, who, id, now).await?;
    let names = standing_names(app, who.org).await?;
    let zone = wishes.zone();
    let headline = match turns.first() {
        None => format!("{} has no rota.", team.name),
        Some(is) => format!(
            "{} is on duty for {} until {}.",
            name(&names, is.person),
            team.name,
            told_at(is.ends, &zone)
        ),
    };
    let mut layout = layout(app, who, Entry::Teams, "Who is on duty", headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{id}")),
        Link::to("Notices", format!("/teams/{id}/notices")),
        Link::words("Who is on duty"),
    ];
    layout.actions.push(Link::to("Calendar", format!("/teams/{id}/calendar")));
    let csrf = layout.csrf.clone();
    let may = may_wish(who, id);
    let in_it = told.people.contains(&who.person.id);
    let people = app.store.people(who.org).await?;
    let emails: Vec<String> = told
        .people
        .iter()
        .filter_map(|id| people.iter().find(|p| p.id == *id))
        .map(|p| p.email.clone())
        .collect();
    let mut forms = Vec::new();
    if wishes.rota.is_some() && (may || in_it) {
        forms.push(("Arrange cover".to_owned(), take(id, &csrf, who, slip.as_ref())));
    }
    if may {
        let form = set(id, &csrf, (&told, &emails, &today(now, &zone)), slip.as_ref());
        forms.push(("Set up the rota".to_owned(), form));
    }
    let view = View {
        notice: notice(app, who, team, &wishes, turns.is_empty()),
        turns: table(&turns, &names, (&zone, now)),
        covers: covers(kept.as_ref(), &names, (id, &csrf, may, who), &today(now, &zone)),
        about: about(&told, &wishes, &names),
        forms,
        layout,
    };
    Ok(html(&view))
}

fn today(now: Timestamp, zone: &TimeZone) -> String {
    now.to_zoned(zone.clone()).date().to_string()
}

/// A moment by the team's clock.
pub(super) fn told_at(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M").to_string()
}

/// Why nobody of it is told.
fn notice(app: &App, who: &Who, team: &Team, wishes: &Wishes, empty: bool) -> Option<Notice> {
    if empty || app.settings.notices.mail.is_some() {
        return None;
    }
    let text = match wishes.has_channel() {
        true => {
            "The server sends no mail, so urgent notices go to the team's channel and not to the person on duty."
        }
        false => {
            "The server sends no mail and the team has no channel, so nobody receives urgent notices."
        }
    };
    let edit = format!("/teams/{}/notices/edit", team.id);
    let next = may_wish(who, team.id).then(|| Link::to("Set up notices", edit));
    Some(Notice { urgency: Urgency::Warning, text: text.to_owned(), next })
}

fn table(
    turns: &[Turn],
    names: &HashMap<i64, String>,
    (zone, now): (&TimeZone, Timestamp),
) -> Table {
    let row = |is: &Turn| {
        let who = match is.instead_of {
            None => Cell::text(name(names, is.person)),
            Some(of) => Cell::text(format!("{} for {}", name(names, is.person), name(names, of))),
        };
        let begins = if is.starts <= now { "since " } else { "" };
        Row::of(vec![
            who,
            Cell::text(format!("{begins}{}", told_at(is.starts, zone))),
            Cell::text(told_at(is.ends, zone)),
            Cell::Value(When::of(is.starts, now).into()),
        ])
    };
    Table {
        title: "Turns".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Who").kept(),
            Column::left("From").kept(),
            Column::left("Until"),
            Column::right("Begins"),
        ],
        rows: turns.iter().take(SHOWN).map(row).collect(),
        empty: Empty {
            why: "There is no rota: the people named in the team's notice settings are told."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

fn covers(
    kept: Option<&KeptRota>,
    names: &HashMap<i64, String>,
    (id, csrf, may, who): (i64, &str, bool, &Who),
    today: &str,
) -> Table {
    let all = kept.iter().flat_map(|kept| &kept.covers).filter(|is| is.until.as_str() >= today);
    let all: Vec<&RotaCover> = all.take(SHOWN).collect();
    let own = |is: &RotaCover| may || is.person == who.person.id;
    let row = |is: &&RotaCover| {
        let label = format!("{} from {}", name(names, is.person), is.first);
        Row {
            id: if own(is) { is.first.clone() } else { String::new() },
            label,
            cells: vec![
                Cell::text(name(names, is.person)),
                Cell::text(is.first.clone()),
                Cell::text(is.until.clone()),
            ],
        }
    };
    let verbs = vec![("give-back".to_owned(), "Withdraw it".to_owned())];
    let bulk = Bulk { action: format!("/teams/{id}/rota").into(), csrf: csrf.to_owned(), verbs };
    Table {
        title: "Cover".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Who covers").kept(),
            Column::left("From the handover on").kept(),
            Column::left("Until the handover on").kept(),
        ],
        bulk: all.iter().any(|is| own(is)).then_some(bulk),
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "No cover is arranged.".to_owned(), next: None },
        ..Table::default()
    }
}

fn about(told: &Told, wishes: &Wishes, names: &HashMap<i64, String>) -> Pairs {
    if told.people.is_empty() {
        return Pairs(vec![("Order".to_owned(), Value::Unknown("there is no rota".to_owned()))]);
    }
    let order: Vec<String> = told.people.iter().map(|id| name(names, *id)).collect();
    let escalates = wishes.escalates.map_or_else(
        || "nobody further is told".to_owned(),
        |minutes| format!("after {} the next is told", count(minutes.into(), "minute", "minutes")),
    );
    let pairs = [
        ("Order", order.join(", then ")),
        ("A turn has", count(told.days.into(), "day", "days")),
        ("Handover", format!("at {} ({})", told.at, wishes.zone)),
        ("First", format!("on {}", told.first)),
        ("If nobody acknowledges it", escalates),
    ];
    Pairs(pairs.into_iter().map(|(name, text)| (name.to_owned(), Value::Text(text))).collect())
}

/// What a form holds: what was sent, where it is of this form, else what is.
fn held<'s>(slip: Option<&'s Slip>, form: &str, name: &str, is: &'s str) -> &'s str {
    match slip.filter(|slip| one(&slip.sent, "do") == form) {
        Some(slip) => one(&slip.sent, name),
        None => is,
    }
}

fn ended(mut form: Sheet, slip: Option<&Slip>, of: &str) -> Sheet {
    let wrong = slip.filter(|slip| one(&slip.sent, "do") == of).map(|slip| slip.wrong.clone());
    mended(&mut form, wrong);
    form
}

fn take(id: i64, csrf: &str, who: &Who, slip: Option<&Slip>) -> Sheet {
    let of = |name: &str, is: &str| held(slip, "take", name, is).to_owned();
    let form = Sheet {
        action: format!("/teams/{id}/rota").into(),
        csrf: csrf.to_owned(),
        fields: vec![
            Field::new("do", "do", Input::Hidden).holding("take"),
            Field::new("person", "Who covers", Input::Email)
                .holding(of("person", &who.person.email))
                .hinted("People in the rota may take days for themselves."),
            Field::new("from", "From the handover on", Input::Date).holding(of("from", "")),
            Field::new("until", "Until the handover on", Input::Date).holding(of("until", "")),
        ],
        quiet: true,
        submit: "Arrange this cover".to_owned(),
        ..Sheet::default()
    };
    ended(form, slip, "take")
}

fn set(
    id: i64,
    csrf: &str,
    (told, emails, today): (&Told, &[String], &str),
    slip: Option<&Slip>,
) -> Sheet {
    let of = |name: &str, is: &str| held(slip, "set", name, is).to_owned();
    let first = if told.first.is_empty() { today } else { told.first.as_str() };
    let form = Sheet {
        action: format!("/teams/{id}/rota").into(),
        csrf: csrf.to_owned(),
        fields: vec![
            Field::new("do", "do", Input::Hidden).holding("set"),
            Field::new("people", "People, in order", Input::Area)
                .holding(of("people", &emails.join("\n")))
                .hinted("One address per line. Leave empty for no rota.")
                .optional(),
            Field::new("first", "The first takes over on", Input::Date).holding(of("first", first)),
            Field::new("days", "Days per turn", Input::Number)
                .holding(of("days", &told.days.to_string()))
                .hinted(format!("1 to {LONGEST}.")),
            Field::new("at", "Handover at", Input::Text)
                .holding(of("at", &told.at))
                .hinted("For example 09:00, in the time zone of the team's notices."),
        ],
        submit: "Save the rota".to_owned(),
        ..Sheet::default()
    };
    ended(form, slip, "set")
}
