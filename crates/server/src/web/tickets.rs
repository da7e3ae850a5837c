//! The tickets of a team: each action with its ticket, how it stands with it, what people changed there, and what went wrong.

use std::collections::{HashMap, HashSet};

use axum::extract::{Path, State};
use jiff::Timestamp;
use trimtab_model::Level;
use trimtab_pages::Entry;
use trimtab_pages::page::Tickets as View;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Link, Mark, Notice, Pairs, Row, Table, Urgency, Value,
    When, number,
};
use trimtab_store::{
    FindingFilter, FindingOrder, FindingState, PlannedChange, Scheduled, TicketOf, Tracker,
};

use super::findings::encode;
use super::team::{find, may_pace};
use super::today::short;
use super::{Page, Sorry, count, html, layout, whole};
use crate::access::Who;
use crate::api::tickets::{seen, state};
use crate::api::visible;
use crate::facts::within;
use crate::planning::{Missing, unplanned};
use crate::problem::Problem;
use crate::state::App;
use crate::tracking::{Had, Told};

/// The most that are listed.
const MOST: usize = 200;
/// The most findings that are looked at, as rounds do.
const FINDINGS: usize = 5_000;

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, systems) = find(&app, &who, id).await?;
    let tracker = app.store.tracker(who.org, id).await?;
    let rows = seen(&app, &who, id).await?;
    let now = app.now();
    let of = |word: &str| rows.iter().filter(|row| state(row, &Had::of(&row.seen)) == word).count();
    let headline = match (&tracker, rows.len()) {
        (None, _) => format!("{} has no tracker.", team.name),
        (Some(_), 0) => format!("No action of {} has a ticket yet.", team.name),
        (Some(_), _) => {
            let open = of("open");
            format!(
                "{} of {} open; evidence closed {}.",
                if open == 0 {
                    "No ticket".to_owned()
                } else {
                    count(whole(open), "ticket", "tickets")
                },
                if open < 2 { format!("{} is", team.name) } else { format!("{} are", team.name) },
                match of("closed") {
                    0 => "none".to_owned(),
                    closed => closed.to_string(),
                }
            )
        }
    };
    let title = format!("Tickets of {}", team.name);
    let mut layout = layout(&app, &who, Entry::Teams, &title, headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{id}")),
        Link::words("Tickets"),
    ];
    let may = may_pace(&who, id);
    if may {
        let words = if tracker.is_some() { "Set the tracker" } else { "Set a tracker" };
        layout.actions.push(Link::to(words, format!("/teams/{id}/tracker")));
    }
    layout.actions.push(Link::to("Plan", format!("/teams/{id}/plan")));
    let here = format!("/teams/{id}/tickets");
    let figure = |number: usize, label: &str| Figure::of(number.to_string(), label, here.clone());
    // Who sees a part of the team is told of that part.
    let mut scheduled = Vec::new();
    let sees_all = tracker.is_some() && visible(&who, &systems).is_none();
    if sees_all {
        scheduled = app.store.scheduled(who.org, id).await?;
    }
    let has: HashSet<&PlannedChange> = rows.iter().map(|row| &row.change).collect();
    scheduled.retain(|s| !has.contains(&s.change));
    if !scheduled.is_empty() {
        // What is merged alone waits for no room: none is made for it.
        let filter =
            FindingFilter { team: Some(id), counts: Some(true), ..FindingFilter::default() };
        let (live, _) =
            within::findings(&app, who.org, &filter, FindingOrder::Level, FINDINGS).await?;
        let open = live.iter().filter(|f| f.state == FindingState::Open);
        let open: HashSet<i64> = open.map(|f| f.id).collect();
        scheduled.retain(|s| s.findings.iter().any(|f| open.contains(f)));
    }
    let wait = scheduled.len();
    // What is to be done at once stands first.
    scheduled.sort_by_key(|is| is.window.as_ref().map(|window| window.starts));
    let at_once = scheduled.iter().filter(|is| is.window.is_none()).count();
    scheduled.truncate(MOST);
    let mut names: HashMap<i64, String> = HashMap::new();
    for asset in scheduled.iter().map(|s| s.change.asset).collect::<HashSet<_>>() {
        let is = app.store.asset(who.org, asset).await?;
        names.extend(is.map(|is| (asset, is.asset.name)));
    }
    let mut figures = vec![
        figure(of("open"), "open"),
        figure(of("done") + of("wont-do"), "closed by people"),
        figure(of("closed"), "closed by evidence"),
    ];
    // What is not known is no nought.
    if sees_all {
        figures.push(figure(wait, "wait for a free slot"));
    }
    let agreed = app.agreed(who.org, now).await?;
    let missing = unplanned(&agreed.charter, &team, now);
    let view = View {
        notice: notice((tracker.as_ref(), missing.as_ref()), &rows, id, may)
            .or_else(|| crowded(tracker.as_ref(), (of("open"), at_once), id, may)),
        figures: Figures(figures),
        list: list(&rows, id, now),
        waiting: (!scheduled.is_empty()).then(|| waiting(&scheduled, &names, id)),
        about: about(tracker.as_ref(), now),
        layout,
    };
    Ok(html(&view))
}

fn notice(
    (tracker, missing): (Option<&Tracker>, Option<&Missing>),
    rows: &[TicketOf],
    id: i64,
    may: bool,
) -> Option<Notice> {
    let settings = || may.then(|| Link::to("Set the tracker", format!("/teams/{id}/tracker")));
    let Some(tracker) = tracker else {
        return Some(Notice {
            urgency: Urgency::Note,
            text: "With a tracker, every change that the plan schedules has one ticket there."
                .into(),
            next: settings(),
        });
    };
    let warn =
        |text: String, next: Option<Link>| Some(Notice { urgency: Urgency::Warning, text, next });
    if !tracker.trouble.is_empty() {
        return warn(format!("The tracker cannot be used now: {}.", tracker.trouble), settings());
    }
    if let Some(missing) = missing {
        let text = format!("Nothing becomes a ticket: {} {}", missing.told(), missing.step());
        let pace = Link::to("Set cadence and capacity", format!("/teams/{id}/edit"));
        return warn(text, may.then_some(pace));
    }
    let wrong = rows.iter().filter(|row| !row.trouble.is_empty()).count();
    (wrong > 0).then(|| {
        let what = count(i64::try_from(wrong).unwrap_or(i64::MAX), "ticket", "tickets");
        warn(
            format!("{what} could not be written: it is tried again every quarter of an hour."),
            None,
        )
    })?
}

/// That what is to be done at once has no ticket because the team has no room for one.
fn crowded(
    tracker: Option<&Tracker>,
    (open, at_once): (usize, usize),
    id: i64,
    may: bool,
) -> Option<Notice> {
    let limit = usize::try_from(tracker?.is.open_limit).ok()?;
    (at_once > 0 && open >= limit).then(|| Notice {
        urgency: Urgency::Warning,
        text: "Changes that are to be done at once have no ticket: as many are open as the team allows. They stand first in \
               the list of what has none."
            .to_owned(),
        next: may.then(|| Link::to("Set the tracker", format!("/teams/{id}/tracker"))),
    })
}

/// For people.
fn words(state: &str) -> &'static str {
    match state {
        "waiting" => "to be made",
        "done" => "closed as done by people; what is deployed decides",
        "wont-do" => "people will not do it",
        "gone" => "gone from the tracker",
        "closed" => "closed by evidence",
        _ => "open",
    }
}

fn list(rows: &[TicketOf], id: i64, now: Timestamp) -> Table {
    let row = |row: &TicketOf| {
        let (told, had) = (Told::of(&row.told), Had::of(&row.seen));
        let list = format!(
            "/findings?state=any&team={id}&package={}&asset={}",
            encode(&row.change.package),
            row.change.asset
        );
        let ticket = match (&row.key, had.address()) {
            (Some(key), Some(page)) => Cell::link(key.clone(), page.to_owned()),
            (Some(key), None) => Cell::code(key.clone()),
            (None, _) => Cell::Nothing,
        };
        let mut says = had.said.clone();
        says.extend((!row.answer.is_empty()).then(|| row.answer.clone()));
        says.extend((!row.trouble.is_empty()).then(|| format!("not written: {}", row.trouble)));
        let points = row.points.or(told.points);
        Row::of(vec![
            Cell::Name(Link::to(told.title.clone(), list), told.window.clone()),
            ticket,
            Cell::text(words(state(row, &had))),
            Level::from_word(&told.level).map_or_else(
                || Cell::unknown("not weighed yet"),
                |level| Cell::Mark(Mark::from(Some(level))),
            ),
            told.due.map_or(Cell::Nothing, Cell::text),
            points.map_or(Cell::Nothing, |points| Cell::text(number(points))),
            if says.is_empty() { Cell::Nothing } else { Cell::text(says.join("; ")) },
            row.looked.map_or_else(
                || Cell::unknown("not yet"),
                |at| Cell::Value(When::of(at, now).into()),
            ),
        ])
    };
    Table {
        title: match rows.len() > MOST {
            true => format!("Actions with a ticket: {MOST} of {}", rows.len()),
            false => "Actions with a ticket".to_owned(),
        },
        titled: true,
        columns: vec![
            Column::left("Action").kept(),
            Column::left("Ticket").kept(),
            Column::left("Status").kept(),
            Column::left("Level"),
            Column::left("Due").kept(),
            Column::right("Points"),
            Column::left("What people changed").kept(),
            Column::right("Looked at"),
        ],
        rows: rows.iter().take(MOST).map(row).collect(),
        empty: Empty {
            why:
                "A ticket is made when the plan schedules an action, and never for a finding alone."
                    .to_owned(),
            next: Some(Link::to("Plan", format!("/teams/{id}/plan"))),
        },
        ..Table::default()
    }
}

fn waiting(scheduled: &[Scheduled], names: &HashMap<i64, String>, id: i64) -> Table {
    let row = |is: &Scheduled| {
        let (name, _) = short(&is.change.package);
        let list = format!(
            "/findings?team={id}&package={}&asset={}",
            encode(&is.change.package),
            is.change.asset
        );
        let window = is.window.as_ref().map_or("now", |w| w.name.as_str());
        Row::of(vec![
            Cell::name(format!("{name} to {}", is.version), list.clone()),
            names.get(&is.change.asset).map_or(Cell::Nothing, |name| Cell::text(name.as_str())),
            Cell::text(window),
            Cell::link(is.findings.len().to_string(), list),
        ])
    };
    Table {
        title: "Scheduled, without a ticket yet".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Change").kept(),
            Column::left("In").kept(),
            Column::left("Window"),
            Column::right("Removes").kept(),
        ],
        rows: scheduled.iter().map(row).collect(),
        ..Table::default()
    }
}

fn about(tracker: Option<&Tracker>, now: Timestamp) -> Pairs {
    let Some(tracker) = tracker else {
        return Pairs(vec![("Tracker".to_owned(), Value::Unknown("nobody set one".to_owned()))]);
    };
    let is = &tracker.is;
    let looked = match tracker.looked {
        Some(at) => Value::Time(When::of(at, now)),
        None => Value::Unknown("not yet".to_owned()),
    };
    let mut pairs = vec![
        ("Software".to_owned(), Value::Text(is.software.clone())),
        ("Project".to_owned(), Value::Code(is.project.clone())),
        ("Address".to_owned(), Value::Code(is.address.clone())),
        ("Open at once".to_owned(), Value::Text(format!("{} at most", is.open_limit))),
        ("Looked at".to_owned(), looked),
    ];
    if let Some(until) = tracker.rests.filter(|until| *until > now) {
        pairs.push(("Has asked us to wait until".to_owned(), Value::Time(When::of(until, now))));
    }
    Pairs(pairs)
}
