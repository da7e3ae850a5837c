//! A team's plan, and what people decide about its changes: accept them for their window, hold them back, leave
//! them to the plan again. Moving one to another window is a page of its own.

mod about;
mod chosen;
mod moving;
mod notice;
pub(crate) mod tries;

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_engine::plan::tell;
use trimtab_model::plan::{Batch, Item, Slot};
use trimtab_pages::Entry;
use trimtab_pages::page::{Plan as View, Window};
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Figure, Figures, Filled, Link, Notice, Pairs, Row, Table, Urgency,
    number,
};
use trimtab_store::{PlannedChange, Team};

use super::findings::encode;
use super::team::{find, may_pace};
use super::today::short;
use super::{Page, Sorry, count, html, layout};
use crate::access::Who;
use crate::api::plan::named;
use crate::api::teams::OPEN_MOST;
use crate::api::tickets::{links, seen};
use crate::planning::held::{self, Held};
use crate::planning::{Change, Planned, Sure, WINDOWS, Wish, of_team, trial};
use crate::problem::Problem;
use crate::state::App;

use about::{about, taught};
pub(crate) use chosen::post;
pub(crate) use moving::{asks, moves};
use notice::notice;
use tries::tries;

/// How much of what stays is shown.
const LEFT: usize = 100;

/// What is asked in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// Points in one window, to be tried.
    capacity: Option<f64>,
    /// How many batches may be open, to be tried.
    open_limit: Option<u32>,
    /// A cadence of the charter, to be tried.
    cadence: Option<String>,
    /// Another charter, to be tried: a number, or the name of a preset.
    charter: Option<String>,
    windows: Option<usize>,
    /// One change: its asset and package.
    change: String,
}

impl Asked {
    fn wish(&self) -> Wish {
        let capacity = self.capacity.filter(|c| c.is_finite() && (0.0..=10_000.0).contains(c));
        let windows = self.windows.unwrap_or(WINDOWS).clamp(WINDOWS, 26);
        let open_limit = self.open_limit.filter(|limit| (1..=OPEN_MOST).contains(limit));
        let cadence = self.cadence.clone();
        Wish { windows, capacity, open_limit, cadence, ..Wish::default() }
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (team, _) = find(&app, &who, id).await?;
    let mut wish = asked.wish();
    let word = asked.charter.as_deref().filter(|word| !word.is_empty());
    if let Some(word) = word {
        wish.charter = Some(trial::named(&app, &who, word).await?);
    }
    let planned = of_team(&app, &who, &team, wish.clone()).await?;
    let here = format!("/teams/{id}/plan");
    let title = format!("Plan of {}", team.name);
    let headline = match &planned {
        Ok(planned) => headline(&team, planned),
        Err(missing) => format!("{} has no plan yet. {}", team.name, missing.told()),
    };
    let mut layout = layout(&app, &who, Entry::Teams, &title, headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{id}")),
        Link::words("Plan"),
    ];
    layout.actions.push(Link::to("Updates", format!("/updates?team={id}")));
    let may = may_pace(&who, id);
    if may {
        layout.actions.push(Link::to("Set cadence and capacity", format!("/teams/{id}/edit")));
    }
    let Ok(planned) = planned else {
        return Ok(html(&View {
            notice: may.then(|| Notice {
                urgency: Urgency::Note,
                text: "A plan needs a cadence of the charter and points for each window."
                    .to_owned(),
                next: Some(Link::to("Set them", format!("/teams/{id}/edit"))),
            }),
            figures: Figures(Vec::new()),
            tries: Vec::new(),
            windows: Vec::new(),
            held: None,
            left: Table { title: "What stays".to_owned(), ..Table::default() },
            about: Pairs::default(),
            taught: None,
            layout,
        }));
    };
    let bulk = |verbs: &[(&str, &str)]| {
        may.then(|| Bulk {
            action: here.clone().into(),
            csrf: layout.csrf.clone(),
            verbs: verbs.iter().map(|(v, w)| ((*v).to_owned(), (*w).to_owned())).collect(),
        })
    };
    let verbs = [
        ("accept", "Accept for this window"),
        ("hold", "Hold back"),
        ("open", "Leave to the plan"),
    ];
    let agreed = app.agreed(who.org, app.now()).await?;
    let proposed = app.store.charters(who.org).await?;
    let charters = tries::charters(&proposed, word);
    let charter = wish.charter.as_deref().unwrap_or(&agreed.charter);
    let plans = app.store.team_plans(who.org).await?;
    let kept = plans.iter().find(|plan| plan.team == id);
    let kept = if wish.is_trial() { None } else { Some(kept) };
    let tickets = links(&seen(&app, &who, id).await?);
    let windows = windows(&planned, id, &bulk(&verbs), &tickets);
    let until = held::of(&app, who.org, id).await?;
    let held = held(&planned, &until, &bulk(&[("open", "Leave to the plan")]));
    let view = View {
        notice: notice(&planned, &wish, word),
        figures: figures(&planned, id),
        tries: tries(&team, (charter, charters), &here, (&wish, word)),
        windows,
        held,
        left: left(&planned, id),
        about: about(&planned, kept, app.now()),
        taught: taught(&planned, id),
        layout,
    };
    Ok(html(&view))
}

fn headline(team: &Team, planned: &Planned) -> String {
    let batches: usize = planned.plan.batches.iter().map(|b| b.candidates.len()).sum();
    let load: f64 = planned.load();
    let gone: f64 = planned.plan.batches.iter().map(|b| b.load).sum();
    let changes = count(i64::try_from(batches).unwrap_or(i64::MAX), "change", "changes");
    match batches {
        0 if planned.findings.is_empty() => {
            format!("{} has no open finding that counts.", team.name)
        }
        0 => format!("{} cannot remove any open finding in these windows.", team.name),
        _ => format!(
            "{changes} in the next {} {} load {} of {}.",
            count(
                i64::try_from(planned.question.teams.first().map_or(0, |t| t.windows.len()))
                    .unwrap_or(0),
                "window",
                "windows"
            ),
            if batches == 1 { "removes" } else { "remove" },
            number(gone),
            number(load)
        ),
    }
}

fn figures(planned: &Planned, id: i64) -> Figures {
    let plan = &planned.plan;
    let load: f64 = planned.load();
    let last = plan.course.last().map_or(load, |c| c.load);
    let list = format!("/findings?team={id}");
    let removes: usize = plan.batches.iter().map(|b| b.removes.len()).sum();
    Figures(vec![
        Figure::of(number(load), "load now", list.clone()),
        Figure::of(number(last), "load after these windows", list.clone()),
        Figure::of(
            removes.to_string(),
            if removes == 1 { "finding removed" } else { "findings removed" },
            list.clone(),
        )
        .noted(format!("of {}", planned.findings.len())),
        Figure::of(plan.worth.missed.to_string(), "past their deadline by then", list)
            .noted(format!("{} if nothing is done", plan.nothing.missed.len())),
    ])
}

fn windows(
    planned: &Planned,
    id: i64,
    bulk: &Option<Bulk>,
    tickets: &HashMap<PlannedChange, Link>,
) -> Vec<Window> {
    let Some(team) = planned.question.teams.first() else { return Vec::new() };
    let of = |slot: Slot| planned.plan.batches.iter().filter(move |b| b.slot == slot);
    let mut all = Vec::new();
    let table = |slot: Slot, why: &str| {
        let rows = of(slot)
            .flat_map(|batch| rows(planned, batch, (id, bulk.is_some()), tickets))
            .collect();
        let mut columns = vec![
            Column::left("Change").kept(),
            Column::left("In"),
            Column::right("Removes").kept(),
            Column::right("Load"),
            Column::right("Points").kept(),
            Column::left("Why then"),
            Column::left("State"),
        ];
        // Who has no tracker is told nothing of tickets.
        columns.extend((!tickets.is_empty()).then(|| Column::left("Ticket")));
        Table {
            title: "Changes".to_owned(),
            columns,
            rows,
            bulk: bulk.clone(),
            empty: Empty { why: why.to_owned(), next: None },
            ..Table::default()
        }
    };
    if of(Slot::Now).next().is_some() {
        all.push(Window {
            anchor: "now".to_owned(),
            name: "Now".to_owned(),
            span: "the charter does not let it wait for a window".to_owned(),
            filled: None,
            changes: Some(table(Slot::Now, "")),
        });
    }
    let mut order: Vec<usize> = (0..team.windows.len()).collect();
    order.sort_by_key(|w| team.windows.get(*w).map(|w| (w.end, w.start)));
    let mut empty: Vec<&trimtab_model::plan::Window> = Vec::new();
    for (place, at) in order.into_iter().enumerate() {
        let Some(window) = team.windows.get(at) else { continue };
        let mut taken: f64 = of(Slot::Window(at)).map(|b| b.points).sum();
        if place == 0 {
            // What is done at once takes from the first window.
            taken += of(Slot::Now).map(|b| b.points).sum::<f64>();
        }
        if taken <= 0.0 && of(Slot::Window(at)).next().is_none() {
            // Empty ones in a row are told together, as far as one thing keeps them empty.
            let since = |window: &trimtab_model::plan::Window| {
                frozen(window, planned).map(|freeze| freeze.from)
            };
            if empty.last().is_some_and(|last| since(last) != since(window)) {
                all.extend(nothing(&std::mem::take(&mut empty), planned));
            }
            empty.push(window);
            continue;
        }
        all.extend(nothing(&std::mem::take(&mut empty), planned));
        // Of one that runs, a part of the days is gone, and what was planned for them stays in it.
        let room = planned.whole.max(window.points);
        let mut words = format!("{} of {} points", number(taken), number(room));
        if window.points < room {
            let days = match window.start > planned.question.now {
                true => "as a freeze begins before its last day",
                false => "in its remaining days",
            };
            words += &format!("; {} points are left {days}", number(window.points));
        }
        all.push(Window {
            anchor: format!("window-{}", window.start.as_second()),
            name: window.name.to_string(),
            span: format!("{} to {}", date(window.start, planned), date(window.end, planned)),
            filled: Some(Filled { words, taken, room }),
            changes: Some(table(Slot::Window(at), "Changes made now use its points.")),
        });
    }
    all.extend(nothing(&empty, planned));
    all
}

/// Windows in a row that have nothing in them, in one line.
fn nothing(empty: &[&trimtab_model::plan::Window], planned: &Planned) -> Option<Window> {
    let (first, last) = (empty.first()?, empty.last()?);
    let name = match empty.len() {
        1 => format!("Nothing in the {}", first.name),
        n => format!("Nothing in {n} windows"),
    };
    let why = match frozen(first, planned) {
        None => "nothing worth its points fits into it".to_owned(),
        Some(freeze) => {
            let levels: Vec<&str> = freeze.except.iter().map(|level| level.as_str()).collect();
            let what = match levels.as_slice() {
                [] => "nothing".to_owned(),
                levels => format!("nothing but {}", levels.join(" and ")),
            };
            format!("{what} may be released as it ends ({})", freeze.reason)
        }
    };
    Some(Window {
        anchor: format!("window-{}", first.start.as_second()),
        name,
        span: format!("{} to {}: {why}", date(first.start, planned), date(last.end, planned)),
        filled: None,
        changes: None,
    })
}

/// The freeze in which a window ends.
fn frozen<'p>(
    window: &trimtab_model::plan::Window,
    planned: &'p Planned,
) -> Option<&'p trimtab_model::plan::Freeze> {
    let mut freezes = planned.question.freezes.iter();
    freezes.find(|freeze| freeze.from <= window.end && window.end < freeze.to)
}

/// The day on the charter's calendar, by which windows begin and end.
fn date(at: Timestamp, planned: &Planned) -> String {
    at.to_zoned(planned.zone.clone()).strftime("%Y-%m-%d").to_string()
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

fn rows(
    planned: &Planned,
    batch: &Batch,
    (id, may): (i64, bool),
    tickets: &HashMap<PlannedChange, Link>,
) -> Vec<Row> {
    let question = &planned.question;
    let (why, waits) = (planned.why_now(batch), planned.waits(batch));
    let mut rows = Vec::new();
    for at in &batch.candidates {
        let (Some(change), Some(asked)) = (planned.changes.get(*at), question.candidates.get(*at))
        else {
            continue;
        };
        let kept = planned.kept(*at, batch.slot);
        let gone = asked.removes.iter().filter(|f| batch.removes.contains(f));
        let load: f64 = gone.filter_map(|f| question.findings.get(*f)).map(|f| f.weight).sum();
        let (name, from) = short(&change.purl);
        let list = format!(
            "/findings?team={id}&package={}&asset={}",
            encode(&change.of.package),
            change.of.asset
        );
        let package = format!("/packages?purl={}", encode(&change.of.package));
        let label = format!("{name} to {} in {}", change.to, change.asset);
        let mut cells = vec![
            Cell::Name(Link::to(name, package), versions(&from, change)),
            Cell::text(change.asset.clone()),
            Cell::link(asked.removes.len().to_string(), list),
            Cell::text(number(load)),
            Cell::text(range(asked.least, asked.most)),
            Cell::text(with_words(
                change,
                match kept {
                    // The day is today's, whatever it was when the reason was kept.
                    Some(kept) => {
                        let day = waits.iter().filter(|day| !kept.why.contains(day.as_str()));
                        let all: Vec<String> =
                            std::iter::once(&kept.why).chain(day).cloned().collect();
                        sentence(&all)
                    }
                    None => sentence(&why),
                },
            )),
            state(change, kept.map(|kept| kept.since), id, may),
        ];
        if !tickets.is_empty() {
            let ticket = tickets.get(&change.of).cloned();
            cells.push(ticket.map_or(Cell::Nothing, |ticket| Cell::Value(ticket.into())));
        }
        rows.push(Row { id: named(&change.of), label, cells });
    }
    rows
}

/// With what people said who put a change where it is.
fn with_words(change: &Change, why: String) -> String {
    match change.placed.as_ref().map(|placed| placed.reason.as_str()) {
        None | Some("") => why,
        Some(reason) if why.contains(reason) => why,
        Some(reason) => format!("{why}: {reason}"),
    }
}

fn versions(from: &str, change: &Change) -> String {
    let sure = match change.sure {
        Sure::Guess => String::new(),
        Sure::Old(at) => format!(", confirmed {} for an older snapshot", day(at)),
        Sure::Confirmed(_) => ", confirmed".to_owned(),
    };
    format!("{from} to {}{sure}", change.to)
}

fn range(least: f64, most: f64) -> String {
    if (most - least).abs() < 1e-9 {
        number(least)
    } else {
        format!("{}–{}", number(least), number(most))
    }
}

fn sentence(all: &[String]) -> String {
    let mut text = all.join("; ");
    if let Some(first) = text.get(..1).map(str::to_uppercase) {
        text.replace_range(..1, &first);
    }
    text
}

fn state(change: &Change, since: Option<Timestamp>, id: i64, may: bool) -> Cell {
    let moved = format!("/teams/{id}/plan/move?change={}", encode(&named(&change.of)));
    let words = match (&change.placed, since) {
        (Some(placed), _) => format!("{} {}", placed.state.as_str(), day(placed.at)),
        (None, Some(since)) => format!("scheduled {}", day(since)),
        (None, None) => "proposed".to_owned(),
    };
    // Who may not move it is shown how it stands.
    if may { Cell::link(words, moved) } else { Cell::text(words) }
}

fn held(
    planned: &Planned,
    until: &HashMap<PlannedChange, Held>,
    bulk: &Option<Bulk>,
) -> Option<Table> {
    if planned.held.is_empty() {
        return None;
    }
    let row = |change: &Change| {
        let (name, from) = short(&change.purl);
        let placed = change.placed.as_ref();
        let reason = placed.map(|p| p.reason.clone()).filter(|r| !r.is_empty());
        Row {
            id: named(&change.of),
            label: format!("{name} to {} in {}", change.to, change.asset),
            cells: vec![
                Cell::Name(
                    Link::to(name, format!("/packages?purl={}", encode(&change.of.package))),
                    format!("{from} to {}", change.to),
                ),
                Cell::text(change.asset.clone()),
                reason.map_or_else(|| Cell::unknown("nobody said why"), Cell::text),
                placed.map_or(Cell::Nothing, |p| Cell::text(day(p.at))),
                until
                    .get(&change.of)
                    .and_then(|held| held.until)
                    .map_or_else(|| Cell::text("left to the plan again"), |at| Cell::text(day(at))),
            ],
        }
    };
    Some(Table {
        title: "Held back".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Change").kept(),
            Column::left("In"),
            Column::left("Why").kept(),
            Column::right("Since"),
            Column::right("Until"),
        ],
        rows: planned.held.iter().map(row).collect(),
        bulk: bulk.clone(),
        ..Table::default()
    })
}

fn left(planned: &Planned, id: i64) -> Table {
    let mut rows = Vec::new();
    for left in &planned.plan.left {
        let Item::Finding(at) = left.what else { continue };
        let Some(finding) = planned.findings.get(at) else { continue };
        let (package, _) = short(&finding.component.1);
        let why = tell::because(&planned.question, &left.because);
        let next = planned.next(left).map(|next| format!("next: {next}"));
        let told: Vec<String> = std::iter::once(why).chain(next).collect();
        rows.push(Row::of(vec![
            Cell::Name(
                Link::to(finding.vulnerability.1.clone(), format!("/findings/{}", finding.id)),
                format!("{package} in {}", finding.asset.1),
            ),
            Cell::text(sentence(&told)),
        ]));
    }
    let all = rows.len();
    rows.truncate(LEFT);
    Table {
        title: if all > LEFT {
            format!("What stays open, and why: {LEFT} of {all}")
        } else {
            "What stays open, and why".to_owned()
        },
        titled: true,
        columns: vec![Column::left("Finding").kept(), Column::left("Why").kept()],
        rows,
        empty: Empty {
            why: "Nothing stays.".to_owned(),
            next: Some(Link::to("Findings of the team", format!("/findings?team={id}"))),
        },
        ..Table::default()
    }
}
