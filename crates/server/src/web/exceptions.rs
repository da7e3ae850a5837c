//! The register: what is asked for, in force, over. One decision is in `exception.rs`.

use std::collections::HashMap;

use axum::extract::{Query, State};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Exceptions;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Filter, Link, Mark, Row, Table, Tabs, When, number,
};
use trimtab_store::{Decision, DecisionKind, DecisionState, Org};

use super::today::short;
use super::{Page, Sorry, count, html, layout};
use crate::access::Who;
use crate::api::{findings, visible};
use crate::deciding;
use crate::problem::Problem;
use crate::state::App;

/// The most that are shown.
const SHOWN: usize = 200;

/// The tabs: word in the address and what people read.
const TABS: [(&str, &str); 4] = [
    ("asked", "Asked"),
    ("in-force", "In force"),
    ("expired", "Expired"),
    ("over", "Refused or ended"),
];

/// Which of them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    state: Option<String>,
    q: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(wanted): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let asked = deciding::list(&app, &who, DecisionState::Asked).await?;
    let approved = deciding::list(&app, &who, DecisionState::Approved).await?;
    let (in_force, expired): (Vec<Decision>, Vec<Decision>) =
        approved.into_iter().partition(|d| d.is.expires.is_none_or(|end| now < end));
    let soon = now + SignedDuration::from_hours(24 * 14);
    let ending = in_force.iter().filter(|d| d.is.expires.is_some_and(|end| end < soon)).count();
    let figure = |number: usize, label: &str, state: &str| {
        Figure::of(number.to_string(), label, format!("/exceptions?state={state}"))
    };
    let figures = Figures(vec![
        figure(asked.len(), "asked", "asked"),
        figure(in_force.len(), "in force", "in-force"),
        figure(ending, "end within 14 days", "in-force"),
        figure(expired.len(), "expired", "expired"),
    ]);
    let headline = match (asked.len(), ending) {
        (0, 0) => "Nothing waits for an answer, and nothing ends within 14 days.".to_owned(),
        (asked, ending) => format!(
            "{} for an answer; {ending} end within 14 days.",
            count(i64::try_from(asked).unwrap_or(i64::MAX), "decision waits", "decisions wait")
        ),
    };
    let word = wanted.state.as_deref().unwrap_or("asked");
    let shown = TABS.iter().position(|t| t.0 == word).unwrap_or(0);
    let mut rows = match shown {
        0 => asked,
        1 => in_force,
        2 => expired,
        _ => {
            let mut over = deciding::list(&app, &who, DecisionState::Refused).await?;
            over.extend(deciding::list(&app, &who, DecisionState::Ended).await?);
            over.sort_by_key(|d| std::cmp::Reverse(d.id));
            over
        }
    };
    let names = names(&app, who.org).await?;
    let q = wanted.q.unwrap_or_default().trim().to_lowercase();
    if !q.is_empty() {
        rows.retain(|d| {
            let person = names.get(&d.is.author).map_or("", String::as_str);
            let texts = [d.is.vulnerability.as_deref(), d.is.package.as_deref(), Some(person)];
            texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&q))
        });
    }
    let table = Table {
        title: TABS.get(shown).map_or("", |t| t.1).to_owned(),
        ..table(&app, &who, &rows, &names, now).await?
    };
    let tab = |(word, text): &(&str, &str)| Link::to(*text, format!("/exceptions?state={word}"));
    let layout = layout(&app, &who, Entry::Exceptions, "Exceptions", headline).await?;
    Ok(html(&Exceptions {
        layout,
        figures,
        tabs: Tabs { label: "State".to_owned(), tabs: TABS.iter().map(tab).collect(), shown },
        filter: Filter {
            action: "/exceptions".into(),
            kept: vec![("state".to_owned(), word.to_owned())],
            search: Some(("q".to_owned(), "Package, vulnerability or person".to_owned(), q)),
            clear: "/exceptions".into(),
            ..Filter::default()
        },
        table,
        exports: vec![
            Link::to("CSV", "/exceptions/register.csv"),
            Link::to("JSON", "/exceptions/register.json"),
        ],
    }))
}

/// Decisions in a list.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn table(
    app: &App,
    who: &Who,
    decisions: &[Decision],
    names: &HashMap<i64, String>,
    now: Timestamp,
) -> Result<Table, Problem> {
    let systems = app.store.systems(who.org).await?;
    let visible = visible(who, &systems);
    let mut rows = Vec::new();
    for decision in decisions.iter().take(SHOWN) {
        let is = &decision.is;
        let found = deciding::covered(app, who.org, is, visible.clone(), 50).await?;
        let gravest = found.first().and_then(|f| f.weighed.as_ref()).map(|w| w.level);
        let load: f64 = found.iter().filter_map(|f| f.weighed.as_ref()).map(|w| w.weight).sum();
        let here = format!("/exceptions/{}", decision.id);
        let system = is.system.and_then(|id| systems.iter().find(|s| s.id == id));
        let what = match system {
            Some(system) => format!("{} in {}", what(decision), system.name),
            None => what(decision),
        };
        rows.push(Row::of(vec![
            Cell::Mark(Mark::from(gravest)),
            Cell::Name(Link::to(what, here.clone()), kind(is.kind).to_owned()),
            Cell::text(is.reason.chars().take(120).collect::<String>()),
            Cell::text(name(names, is.author)),
            Cell::link(number(load), here),
            match is.expires {
                Some(end) => Cell::Due(When::of(end, now), end < now),
                None => Cell::text("until the advisory changes"),
            },
        ]));
    }
    let pager = (decisions.len() > SHOWN).then(|| trimtab_pages::part::Pager {
        shown: format!("the newest {SHOWN} of {}", decisions.len()),
        ..trimtab_pages::part::Pager::default()
    });
    Ok(Table {
        columns: vec![
            Column::left("Gravest").kept(),
            Column::left("What").kept(),
            Column::left("Reason"),
            Column::left("Asked by"),
            Column::right("Load"),
            Column::right("Until"),
        ],
        rows,
        pager,
        empty: Empty {
            why: "There is none. Ask for one on the page of a finding.".to_owned(),
            next: Some(Link::to("Findings", "/findings")),
        },
        ..Table::default()
    })
}

/// What a decision is about, in a few words.
pub(crate) fn what(is: &Decision) -> String {
    let package = is.is.package.as_deref().map(|p| short(p).0);
    match (is.is.vulnerability.as_deref(), package) {
        (Some(id), Some(package)) => format!("{id} in {package}"),
        (Some(id), None) => id.to_owned(),
        (None, Some(package)) => package,
        (None, None) => format!("decision {}", is.id),
    }
}

/// What kind of decision it is, in words.
pub(crate) fn kind(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Exception => "accept until a date",
        DecisionKind::NotAffected => "not affected",
    }
}

/// The names of people by id.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn names(app: &App, org: Org) -> Result<HashMap<i64, String>, Problem> {
    Ok(app.store.people(org).await?.into_iter().map(|p| (p.id, p.name)).collect())
}

/// The name of a person.
pub(crate) fn name(names: &HashMap<i64, String>, id: i64) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("person {id}"))
}
