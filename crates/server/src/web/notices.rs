//! Notices of a team: what is *now*, what waits and why, what was sent, and how much noise that was.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use trimtab_engine::notices::Why;
use trimtab_pages::Entry;
use trimtab_pages::page::Notices as View;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Link, Notice, Pairs, Row, Table, Urgency, Value, When,
};
use trimtab_store::{Became, Cursor, Letter, Pending, Team};

use super::rota::told_at;
use super::team::find;
use super::wishes::capital;
use super::{Page, Sorry, asking, count, html, layout, pager, whole};
use crate::access::Who;
use crate::api::notices::{Asked, is_alarm, is_theirs, seen, waiting};
use crate::api::rota::AHEAD;
use crate::api::{cursor, limit};
use crate::notices::standing::{self, Standing, is_open, may_see};
use crate::notices::things::Told;
use crate::notices::why_of;
use crate::notices::wishes::{CHANNELS, Wishes, may_wish};
use crate::people::{name, standing_names};
use crate::problem::Problem;
use crate::state::App;

/// The most things that are listed.
const MOST: usize = 200;
/// Letters of a page.
const LETTERS: usize = 30;

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, _) = find(&app, &who, id).await?;
    let now = app.now();
    let is = standing::of(&app, who.org, id, now).await?;
    let all = waiting(&who, id, &is);
    let open = all.iter().filter(|(of, _)| is_open(of)).count();
    let held = all.iter().filter(|(of, _)| is.decided.held.contains_key(of.item.as_str())).count();
    let after = cursor(asked.after.as_deref())?;
    let asked_for = limit(asked.limit.or(Some(LETTERS)));
    let mut letters = app.store.letters(who.org, id, after, asked_for).await?;
    letters.rows.retain(|letter| is_theirs(&who, letter));
    let whole_team = may_see(&who, id, None);
    let names = standing_names(&app, who.org).await?;
    let headline = match (open, held) {
        (0, 0) => format!("No notice is waiting for {}.", team.name),
        (0, held) => format!(
            "{} for {}.",
            count(whole(held), "notice is waiting", "notices are waiting"),
            team.name
        ),
        (open, _) => format!(
            "{} now; nobody has acknowledged {} yet.",
            count(whole(open), "notice is marked", "notices are marked"),
            if open == 1 { "it" } else { "them" }
        ),
    };
    let mut layout = layout(&app, &who, Entry::Teams, "Notices", headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{id}")),
        Link::words("Notices"),
    ];
    layout.actions.push(Link::to("Who is on duty", format!("/teams/{id}/rota")));
    layout.actions.push(Link::to("Calendar", format!("/teams/{id}/calendar")));
    if may_wish(&who, id) {
        layout.actions.push(Link::to("Set up notices", format!("/teams/{id}/notices/edit")));
    }
    let noise = is.noise.get(&is.week).copied().unwrap_or_default();
    let here = format!("/teams/{id}/notices");
    let mut figures = vec![
        Figure::of(open.to_string(), "now, not acknowledged", format!("{here}#waiting")),
        Figure::of(held.to_string(), "wait to be sent", format!("{here}#waiting")),
    ];
    // How often it was told says something of all its systems.
    if whole_team {
        figures.push(
            Figure::of(noise.digests.to_string(), "digests this week", format!("{here}#sent"))
                .noted(format!("of {}", is.wishes.budget)),
        );
        let alarms = noise.alarms.to_string();
        figures.push(Figure::of(alarms, "sent as now this week", format!("{here}#sent")));
    }
    let view = View {
        notice: notice(&app, &who, &team, &is, &letters.rows),
        figures: Figures(figures),
        waiting: table(&all, &is, &letters.rows, now),
        sent: Table {
            pager: pager(
                letters.rows.len(),
                asked.after.is_none(),
                letters.next.map(Cursor::to_text),
                |next| asking(&here, &[("after", Some(next))]),
            ),
            ..sent(&letters.rows, &who, now)
        },
        weeks: weeks(&is, whole_team),
        about: about(&is, &names, now),
        layout,
    };
    Ok(html(&view))
}

/// What keeps somebody from being told.
fn notice(app: &App, who: &Who, team: &Team, is: &Standing, letters: &[Letter]) -> Option<Notice> {
    let edit = || {
        let to = format!("/teams/{}/notices/edit", team.id);
        may_wish(who, team.id).then(|| Link::to("Set up notices", to))
    };
    if is.wished.is_none() {
        let text = "This team has no channel for notices, so nothing is sent.";
        return Some(Notice { urgency: Urgency::Note, text: text.to_owned(), next: edit() });
    }
    if is.wishes.channel == "mail" && app.settings.notices.mail.is_none() {
        let text = "The server sends no mail until an admin starts it with `--mail-server`.";
        return Some(Notice { urgency: Urgency::Warning, text: text.to_owned(), next: edit() });
    }
    if !is.tells {
        let text = "Nobody receives urgent notices: there is no channel, and no mail to the people on duty.";
        return Some(Notice { urgency: Urgency::Warning, text: text.to_owned(), next: edit() });
    }
    let newest = letters.first()?;
    let failed = newest.copies.is_empty()
        || newest.copies.iter().any(|c| matches!(c.became, Became::Refused | Became::Unknown));
    failed.then(|| Notice {
        urgency: Urgency::Warning,
        text: "The latest notice did not reach everybody.".to_owned(),
        next: Some(Link::to("See why", format!("/notices/{}", newest.id))),
    })
}

fn table(all: &[(&Pending, Told)], is: &Standing, letters: &[Letter], now: Timestamp) -> Table {
    // Where somebody can say that they have it: the newest letter that told it.
    let mut alarms: HashMap<&str, i64> = HashMap::new();
    for letter in letters.iter().filter(|letter| is_alarm(letter)) {
        for item in &letter.is.items {
            alarms.entry(item).or_insert(letter.id);
        }
    }
    let row = |(of, told): &(&Pending, Told)| {
        let (why, until) = is.why_held(&of.item).unwrap_or(("told", None));
        let urgent = match (is_open(of), of.urgent, alarms.get(of.item.as_str())) {
            (true, _, Some(letter)) => {
                Cell::link("now: acknowledge it", format!("/notices/{letter}"))
            }
            (true, _, None) => Cell::text("now"),
            (false, Some(_), _) => Cell::text("now, acknowledged"),
            (false, None, _) => Cell::Nothing,
        };
        Row::of(vec![
            Cell::Name(Link::to(told.title.clone(), told.link.clone()), told.detail.clone()),
            urgent,
            Cell::text(why),
            until.map_or(Cell::Nothing, |at| Cell::Value(When::of(at, now).into())),
            Cell::Value(When::of(of.since, now).into()),
        ])
    };
    let shown = all.len().min(MOST);
    let title = match all.len() > shown {
        true => format!("Waiting: the gravest {shown} of {}", all.len()),
        false => "Waiting".to_owned(),
    };
    Table {
        title,
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            // Who is woken looks at it on a telephone.
            Column::left("Now").kept(),
            Column::left("Why it waits"),
            Column::right("Until").kept(),
            Column::right("Since"),
        ],
        rows: all.iter().take(MOST).map(row).collect(),
        empty: Empty {
            why: "Everything has been sent, and nothing is marked now.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// Why a letter was sent, in words.
pub(super) fn why_words(why: &str) -> &'static str {
    match why_of(why) {
        Why::Digest => "digest",
        Why::Now => "now, to the people on duty",
        Why::Escalation(1) => "now, to the second circle",
        Why::Escalation(_) => "now, to the third circle",
    }
}

/// What became of a letter's copies, in words.
fn became(letter: &Letter) -> Cell {
    let of = |became: Became| letter.copies.iter().filter(|c| c.became == became).count();
    if letter.copies.is_empty() {
        return Cell::text("nobody could be notified");
    }
    let words = [
        (Became::Sent, "sent"),
        (Became::Begun, "on its way"),
        (Became::Later, "tried again"),
        (Became::Refused, "refused"),
        (Became::Unknown, "nobody knows"),
    ];
    let told = words.iter().filter_map(|(is, word)| match of(*is) {
        0 => None,
        1 if letter.copies.len() == 1 => Some((*word).to_owned()),
        number => Some(format!("{number} {word}")),
    });
    Cell::text(told.collect::<Vec<_>>().join(", "))
}

fn sent(letters: &[Letter], who: &Who, now: Timestamp) -> Table {
    let row = |letter: &Letter| {
        let here = format!("/notices/{}", letter.id);
        let said = seen(who, letter);
        let first = said.named.first().map_or("nothing that you may see", |of| &of.told.title);
        Row::of(vec![
            Cell::Name(Link::to(why_words(&letter.is.why), here.clone()), first.to_owned()),
            Cell::link(said.count().to_string(), here),
            became(letter),
            Cell::Value(When::of(letter.at, now).into()),
        ])
    };
    Table {
        title: "Sent".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Notice").kept(),
            Column::right("Items").kept(),
            Column::left("Outcome"),
            Column::right("When").kept(),
        ],
        rows: letters.iter().map(row).collect(),
        empty: Empty { why: "Nothing was sent yet.".to_owned(), next: None },
        ..Table::default()
    }
}

fn weeks(is: &Standing, whole_team: bool) -> Table {
    let budget = is.wishes.budget;
    let row = |(monday, noise): (&jiff::civil::Date, &standing::Noise)| {
        let cell = |told: String| match is.is_counted(*monday) {
            true => Cell::text(told),
            false => Cell::unknown("the ledger begins after this week"),
        };
        Row::of(vec![
            Cell::text(format!("from {monday}")),
            cell(format!("{} of {budget}", noise.digests)),
            cell(noise.alarms.to_string()),
        ])
    };
    Table {
        title: "Noise by week".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Week").kept(),
            Column::right("Digests").kept(),
            Column::right("Sent as now").kept(),
        ],
        rows: is.noise.iter().rev().filter(|_| whole_team).map(row).collect(),
        empty: Empty {
            why: "Shown only to people who can see the whole team.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

fn about(is: &Standing, known: &HashMap<i64, String>, now: Timestamp) -> Pairs {
    let wishes: &Wishes = &is.wishes;
    let channel = CHANNELS.iter().find(|(word, _)| *word == wishes.channel);
    let channel = channel.map_or("none", |(_, words)| words);
    let channel = match (wishes.channel.as_str(), wishes.server.as_str()) {
        ("mail", _) => format!(
            "mail to {}",
            count(i64::try_from(wishes.addresses.len()).unwrap_or(0), "address", "addresses")
        ),
        (_, "") => channel.to_owned(),
        (_, server) => format!("{channel} at {server}"),
    };
    let days: Vec<String> = wishes.days.iter().map(|day| capital(day)).collect();
    let digest = match wishes.days.is_empty() {
        true => "none".to_owned(),
        false => format!("{} at {} ({})", days.join(", "), wishes.time, wishes.zone),
    };
    let quiet = wishes
        .quiet
        .as_ref()
        .map_or_else(|| "none".to_owned(), |q| format!("{} to {}", q.from, q.to));
    let people = |ids: &[i64]| match ids {
        [] => "nobody is named".to_owned(),
        ids => ids.iter().map(|id| name(known, *id)).collect::<Vec<_>>().join(", "),
    };
    let [on_duty, second, third] = &wishes.circles;
    let turn =
        wishes.rota.as_ref().and_then(|rota| rota.turns(now, now + AHEAD).into_iter().next());
    let by_rota = turn.map(|turn| {
        let until = told_at(turn.ends, &wishes.zone());
        format!("{} until {until}, by the rota", name(known, turn.person))
    });
    let escalates = wishes.escalates.map_or_else(
        || "never".to_owned(),
        |minutes| format!("after {}", count(minutes.into(), "minute", "minutes")),
    );
    let pairs = [
        ("Channel", channel),
        ("Digest", digest),
        ("Quiet", quiet),
        ("Digests a week", format!("{} at most", wishes.budget)),
        ("On duty", by_rota.unwrap_or_else(|| people(on_duty))),
        ("If nobody acknowledges it", escalates),
        ("Then", people(second)),
        ("And then", people(third)),
    ];
    Pairs(pairs.into_iter().map(|(name, text)| (name.to_owned(), Value::Text(text))).collect())
}
