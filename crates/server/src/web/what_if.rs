//! What if, for all teams: chosen in the address, so that a trial can be shared. Nothing is changed by it.

use axum::extract::{Query, State};
use serde::Deserialize;
use trimtab_model::charter::Charter;
use trimtab_pages::Entry;
use trimtab_pages::page::WhatIf;
use trimtab_pages::part::{
    Cell, Choice, Column, Empty, Facet, Figure, Figures, Filter, Link, Notice, Row, Table, Urgency,
    number,
};

use super::plan::tries::{called, charters};
use super::{Page, Sorry, asking, count, html, layout};
use crate::access::Who;
use crate::api::findings;
use crate::planning::whole::{FINDINGS, OfTeam, Sums, TEAMS, Whole, WholeWish, whole};
use crate::planning::{Wish, trial};
use crate::problem::Problem;
use crate::state::App;

/// Parts of each team's capacity that are offered, with their words.
const CAPACITIES: [(&str, &str); 4] = [
    ("0.5", "half of it"),
    ("0.75", "three quarters"),
    ("1.5", "half as much again"),
    ("2", "twice"),
];
/// Limits of open batches that are offered.
const LIMITS: [&str; 4] = ["1", "2", "4", "8"];
/// How many proposed teams are named that were not reached.
const NAMED: usize = 5;

/// What is asked in the address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    charter: String,
    capacity: String,
    open_limit: String,
    cadence: String,
}

impl Asked {
    fn all(&self) -> [(&'static str, &str); 4] {
        [
            ("charter", &self.charter),
            ("capacity", &self.capacity),
            ("open_limit", &self.open_limit),
            ("cadence", &self.cadence),
        ]
    }

    /// The address without one of the answers.
    fn without(&self, name: &str) -> String {
        let all = self.all();
        let kept: Vec<(&str, Option<String>)> = all
            .iter()
            .filter(|(of, is)| *of != name && !is.is_empty())
            .map(|(of, is)| (*of, Some((*is).to_owned())))
            .collect();
        asking("/plan/what-if", &kept)
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let agreed = app.agreed(who.org, app.now()).await?;
    let proposed = app.store.charters(who.org).await?;
    let word = Some(asked.charter.as_str()).filter(|word| !word.is_empty());
    let charter = match word {
        Some(word) => Some(trial::named(&app, &who, word).await?),
        None => None,
    };
    let filter = filter(&asked, charter.as_deref().unwrap_or(&agreed.charter), {
        charters(&proposed, word).into_iter().map(|(word, _)| word.unwrap_or_default()).collect()
    });
    let wish = WholeWish {
        team: None,
        capacity: asked.capacity.parse().ok().filter(|by: &f64| (0.0..=100.0).contains(by)),
        wish: Wish {
            open_limit: asked.open_limit.parse().ok().filter(|limit| (1..=1000).contains(limit)),
            cadence: Some(asked.cadence.clone()).filter(|name| !name.is_empty()),
            charter,
            ..Wish::default()
        },
    };
    // Nothing is reckoned before something is chosen: it takes some seconds.
    let is = match wish.capacity.is_some() || wish.wish.is_trial() {
        true => Some(whole(&app, &who, &wish).await?),
        false => None,
    };
    let headline = headline(is.as_ref());
    let mut layout = layout(&app, &who, Entry::Plan, "What if", headline).await?;
    layout.crumbs = vec![Link::to("Plan", "/plan"), Link::words("What if")];
    let is = is.unwrap_or_default();
    let figures = if is.teams.is_empty() { Figures(Vec::new()) } else { figures(&is) };
    Ok(html(&WhatIf {
        notice: notice(&is),
        figures,
        teams: teams(&is),
        without: without(&is),
        asked: filter,
        layout,
    }))
}

fn headline(is: Option<&Whole>) -> String {
    let Some(is) = is else {
        return "What would the plans of all teams come to with another charter, capacity or cadence?"
            .to_owned();
    };
    let (today, then) = (is.today.load_days, is.then.load_days);
    let teams = is.teams.iter().filter(|of| of.today.is_ok() && of.then.is_ok()).count();
    let teams = count(i64::try_from(teams).unwrap_or(i64::MAX), "team", "teams");
    if today <= 0.0 && then <= 0.0 {
        return format!("Nothing that counts is planned by {teams}.");
    }
    let change = if today > 0.0 { (then - today) / today * 100.0 } else { 100.0 };
    let words = match change {
        c if c.abs() < 0.5 => "as many load-days as today".to_owned(),
        c if c < 0.0 => format!("{:.0} % fewer load-days than today", -c.round()),
        c => format!("{:.0} % more load-days than today", c.round()),
    };
    let missed = match (is.then.missed, is.today.missed) {
        (0, 0) => "no deadline missed, as today".to_owned(),
        (then, today) if then == today => format!("as many deadlines missed as today: {then}"),
        (then, today) => format!("{then} deadlines missed instead of {today}"),
    };
    format!("In half a year {teams} would have {words}, and {missed}.")
}

fn notice(is: &Whole) -> Option<Notice> {
    let mut said = Vec::new();
    if !is.teams.is_empty() {
        said.push(
            "This is a trial: nothing is changed by it, and what is scheduled does not bind it."
                .to_owned(),
        );
    }
    if !is.left_out.is_empty() {
        let names: Vec<&str> = is.left_out.iter().take(NAMED).map(|t| t.name.as_str()).collect();
        let more = is.left_out.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        said.push(format!(
            "Not reached, as at most {TEAMS} teams, {FINDINGS} findings and 30 seconds are planned: {}{more}.",
            names.join(", ")
        ));
    }
    if is.more {
        said.push("Of teams with more open the 5000 gravest findings are planned.".to_owned());
    }
    (!said.is_empty()).then(|| Notice { urgency: Urgency::Note, text: said.join(" "), next: None })
}

fn figures(is: &Whole) -> Figures {
    let (today, then) = (&is.today, &is.then);
    let pair = |then: String, today: String, words: &str, to: &str| {
        Figure::of(then, words, to.to_owned()).noted(format!("{today} as things are"))
    };
    Figures(vec![
        pair(number(then.load), number(today.load), "load now", "/findings"),
        pair(number(then.load_days), number(today.load_days), "load-days in half a year", "/plan"),
        pair(then.missed.to_string(), today.missed.to_string(), "deadlines missed", "/findings"),
        pair(then.removed.to_string(), today.removed.to_string(), "findings removed", "/findings"),
        pair(then.now.to_string(), today.now.to_string(), "interruptions", "/plan"),
        pair(number(then.points), number(today.points), "points of work", "/plan"),
    ])
}

fn teams(is: &Whole) -> Table {
    let row = |of: &OfTeam| {
        let (today, then) = (of.today.as_ref().ok()?, of.then.as_ref().ok()?);
        let plan = format!("/teams/{}/plan", of.team.id);
        let both = |value: fn(&Sums) -> String| {
            let (was, is) = (value(today), value(then));
            Cell::text(if was == is { is } else { format!("{is}, was {was}") })
        };
        Some(Row::of(vec![
            Cell::Name(
                Link::to(of.team.name.clone(), plan),
                of.team.cadence.clone().unwrap_or_default(),
            ),
            both(|s| number(s.load_days)),
            both(|s| s.missed.to_string()),
            both(|s| s.removed.to_string()),
            both(|s| s.now.to_string()),
            both(|s| number(s.points)),
        ]))
    };
    Table {
        title: "By team".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Team").kept(),
            Column::right("Load-days").kept(),
            Column::right("Deadlines missed").kept(),
            Column::right("Removed"),
            Column::right("Interruptions"),
            Column::right("Points"),
        ],
        rows: is.teams.iter().filter_map(row).collect(),
        empty: Empty {
            why: "Choose above what is to be different: each team is planned as things are and as they would be."
                .to_owned(),
            next: Some(Link::to("The plans as they are", "/plan")),
        },
        ..Table::default()
    }
}

/// Teams without a plan, as things are or as they would be.
fn without(is: &Whole) -> Option<Table> {
    let row = |of: &OfTeam| {
        let why = match (&of.today, &of.then) {
            (Ok(_), Ok(_)) => return None,
            (Ok(_), Err(then)) => format!("Then: {then}"),
            (Err(today), _) => today.clone(),
        };
        let to = format!("/teams/{}/plan", of.team.id);
        Some(Row::of(vec![Cell::name(of.team.name.clone(), to), Cell::text(why)]))
    };
    let rows: Vec<Row> = is.teams.iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| Table {
        title: "Not in the sums".to_owned(),
        titled: true,
        columns: vec![Column::left("Team").kept(), Column::left("Why").kept()],
        rows,
        ..Table::default()
    })
}

/// What may be tried.
fn filter(asked: &Asked, charter: &Charter, charters: Vec<String>) -> Filter {
    let choices = |name: &str, is: &str, none: &str, all: Vec<(String, String)>| {
        let choice = |(value, text): (String, String)| {
            let chosen = value == is;
            Choice { value, text, count: None, chosen }
        };
        let mut choices = vec![choice((String::new(), none.to_owned()))];
        choices.extend(all.into_iter().map(choice));
        (name.to_owned(), choices)
    };
    let words = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(value, text)| ((*value).to_owned(), (*text).to_owned())).collect()
    };
    let charters = charters.into_iter().filter(|word| !word.is_empty()).map(|word| {
        let text = called(&word);
        (word, text)
    });
    let cadences = charter.cadences.iter().filter(|c| &*c.every != "now");
    let cadences = cadences.map(|c| (c.name.to_string(), c.name.to_string())).collect();
    let limits = LIMITS.iter().map(|limit| ((*limit).to_owned(), format!("{limit} open")));
    let facets = [
        ("Charter", choices("charter", &asked.charter, "in force", charters.collect())),
        ("Capacity", choices("capacity", &asked.capacity, "as agreed", words(&CAPACITIES))),
        ("Open at a time", choices("open_limit", &asked.open_limit, "as agreed", limits.collect())),
        ("Cadence", choices("cadence", &asked.cadence, "as agreed", cadences)),
    ];
    let chips = asked.all().into_iter().filter(|(_, is)| !is.is_empty());
    Filter {
        action: "/plan/what-if".into(),
        facets: facets
            .into_iter()
            .map(|(text, (name, choices))| Facet {
                name,
                text: text.to_owned(),
                choices,
                single: true,
            })
            .collect(),
        chips: chips
            .map(|(name, is)| {
                Link::to(format!("{}: {is}", name.replace('_', " ")), asked.without(name))
            })
            .collect(),
        clear: "/plan/what-if".into(),
        ..Filter::default()
    }
}
