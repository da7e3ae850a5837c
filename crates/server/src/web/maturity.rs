//! How mature the organisation or a team is: by stage what is asked for, what shows it, what is missing and the next
//! step; by framework what it points to.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::Timestamp;
use trimtab_engine::maturity::{Framework, Judged, Reference, Stage, Verdict};
use trimtab_pages::Entry;
use trimtab_pages::page::{Maturity, Pack};
use trimtab_pages::part::{
    Cell, Chart, Column, Empty, Figure, Figures, Href, Kind, Link, Pairs, Point, Row, Series,
    Table, Tone, Value, When,
};
use trimtab_store::StageDay;

use super::{Page, Sorry, html, layout};
use crate::access::Who;
use crate::facts::maturity::kept::Reason;
use crate::facts::maturity::{Told, of};
use crate::measuring::question::told as day_told;
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    show(&app, &who.map_err(Sorry::from)?, None).await
}

pub(crate) async fn team(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    show(&app, &who.map_err(Sorry::from)?, Some(id)).await
}

async fn show(app: &App, who: &Who, asked: Option<i64>) -> Page {
    let told = of(app, who, asked).await?;
    let (entry, crumbs) = match asked {
        None => (Entry::Metrics, vec![Link::to("Metrics", "/metrics"), Link::words("Maturity")]),
        Some(id) => (
            Entry::Teams,
            vec![
                Link::to("Teams", "/teams"),
                Link::to(told.team_name(), format!("/teams/{id}")),
                Link::words("Maturity"),
            ],
        ),
    };
    let title = format!("Maturity of {}", told.name);
    let mut layout = layout(app, who, entry, &title, told.headline()).await?;
    layout.crumbs = crumbs;
    let only = asked.map(|id| format!("?team={id}")).unwrap_or_default();
    if asked.is_some() {
        layout.actions.push(Link::to("Of the organisation", "/maturity"));
    }
    layout.actions.push(Link::to("Thresholds", "/maturity/thresholds"));
    layout.actions.push(Link::to("Evidence as HTML", format!("/api/v1/maturity/pack{only}")));
    layout.actions.push(Link::to("PDF", format!("/api/v1/maturity/pdf{only}")));
    layout.actions.push(Link::to("JSON", format!("/api/v1/maturity{only}")));
    layout.actions.push(Link::to("OSCAL", format!("/api/v1/maturity/oscal{only}")));
    let view = Maturity {
        layout,
        figures: figures(&told),
        next: next(&told, who, ""),
        teams: told.team.is_none().then(|| teams(&told, "")),
        stages: stages(&told, who, "", app.now()),
        frameworks: frameworks(&told),
        trend: (told.days.len() > 1).then(|| trend(&told)),
    };
    Ok(html(&view))
}

/// The page to keep.
pub(crate) fn pack(app: &App, who: &Who, told: &Told) -> Response {
    let base = app.settings.public.as_str();
    let exact = told.at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    let mut about = vec![
        ("Judged".to_owned(), Value::Text(exact)),
        ("By".to_owned(), Value::Text(who.person.name.clone())),
        (
            "Of".to_owned(),
            Value::from(if told.whole { "all of it" } else { "what they may see of it" }),
        ),
    ];
    about.push((
        "Ledger".to_owned(),
        match &told.ledger {
            Some((seq, hash)) => Value::Code(format!("{seq} · {hash}")),
            None => Value::Unknown("they may not read it".to_owned()),
        },
    ));
    let mut tables = vec![next(told, who, base)];
    if told.team.is_none() {
        tables.push(teams(told, base));
    }
    tables.extend(stages(told, who, base, told.at));
    if !told.reasons.is_empty() {
        tables.push(reasons(told));
    }
    tables.push(frameworks(told));
    let title = format!("Maturity of {}", told.name);
    html(&Pack { title, headline: told.headline(), about: Pairs(about), tables })
}

/// Why thresholds are others than the usual ones.
fn reasons(told: &Told) -> Table {
    let row = |is: &Reason| Row::of(is.cells().into_iter().map(Cell::text).collect());
    Table {
        title: "Thresholds that were changed here".to_owned(),
        titled: true,
        columns: Reason::COLUMNS.into_iter().map(Column::left).collect(),
        rows: told.reasons.iter().map(row).collect(),
        ..Table::default()
    }
}

fn figures(told: &Told) -> Figures {
    let met = |verdict| told.is.judged.iter().filter(|j| j.verdict == verdict).count().to_string();
    let mut all = vec![
        Figure::of(format!("{} of 5", told.is.stage.number()), "stage", "#stages"),
        Figure::of(met(Verdict::Met), "criteria met", "#stages"),
        Figure::of(met(Verdict::NotMet), "not met", "#stages"),
        Figure::of(met(Verdict::Unknown), "unknown", "#stages"),
    ];
    if told.team.is_none() {
        all.push(Figure::of(told.teams.len().to_string(), "teams", "#teams"));
    }
    Figures(all)
}

/// The stage over time, as it was kept each day: of each week the last.
fn trend(told: &Told) -> Chart {
    let mut weeks: BTreeMap<i64, &StageDay> = BTreeMap::new();
    for day in &told.days {
        weeks.insert(day.day.div_euclid(7), day);
    }
    let (first, last) = (weeks.keys().next(), weeks.keys().next_back());
    let all: Vec<(i64, Option<&StageDay>)> = first
        .zip(last)
        .map(|(first, last)| (*first..=*last).map(|week| (week, weeks.get(&week).copied())))
        .into_iter()
        .flatten()
        .collect();
    let points = all
        .iter()
        .map(|(_, day)| Point { value: day.map(|day| day.stage as f64), href: Href::default() });
    Chart {
        kind: Kind::Lines,
        title: "Stage".to_owned(),
        definition: "The stage on the last day of each week that was kept. A week of which nothing was kept has a gap."
            .to_owned(),
        unit: "of 5".to_owned(),
        labels: all
            .iter()
            .map(|(week, day)| day_told(day.map_or(week * 7, |day| day.day)))
            .collect(),
        series: vec![Series {
            name: "stage".to_owned(),
            tone: Tone::Plain,
            points: points.collect(),
        }],
        csv: Href::default(),
    }
}

/// What stands between them and the next stage.
fn next(told: &Told, who: &Who, base: &str) -> Table {
    let rows = told.is.next().map(|judged| {
        Row::of(vec![
            Cell::text(judged.criterion.words),
            shown(judged, told, who, base),
            Cell::text(judged.missing.clone()),
            Cell::text(judged.criterion.next),
        ])
    });
    Table {
        title: "Next".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Asked for").kept(),
            Column::left("Shown"),
            Column::left("Missing"),
            Column::left("Do this").kept(),
        ],
        rows: rows.collect(),
        empty: Empty {
            why: "Nothing is missing: this is the highest stage.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// What shows a criterion, opening its list.
fn shown(judged: &Judged, told: &Told, who: &Who, base: &str) -> Cell {
    match judged.shown() {
        None => Cell::unknown(judged.missing.clone()),
        Some(text) => match told.list(judged.criterion.fact, who) {
            list if list.is_empty() => Cell::text(text),
            list => Cell::link(text, format!("{base}{list}")),
        },
    }
}

/// A table for each stage.
fn stages(told: &Told, who: &Who, base: &str, now: Timestamp) -> Vec<Table> {
    let above = |stage: &Stage| *stage > Stage::Unmanaged;
    Stage::ALL
        .into_iter()
        .filter(above)
        .map(|stage| criteria(told, who, base, stage, now))
        .collect()
}

fn criteria(told: &Told, who: &Who, base: &str, stage: Stage, now: Timestamp) -> Table {
    let row = |judged: &Judged| {
        let is = judged.criterion;
        let verdict = match judged.verdict {
            Verdict::Met => Cell::Change("met".to_owned(), Some(true)),
            Verdict::NotMet => Cell::Change("not met".to_owned(), Some(false)),
            Verdict::Unknown => Cell::unknown(judged.missing.clone()),
        };
        let counted = judged.counted.as_ref();
        let since = counted.and_then(|c| c.since);
        let newest = counted.and_then(|c| c.entries.first());
        let missing = match judged.teams.as_slice() {
            [] => judged.missing.clone(),
            teams => format!("{} Not in: {}.", judged.missing, teams.join(", ")),
        };
        let asked = match is.bounds() {
            Some(_) if judged.least == is.least => format!("{} % of them", is.least),
            Some(_) => format!("{} % of them; of all {} % is asked", judged.least, is.least),
            None => String::new(),
        };
        Row::of(vec![
            Cell::Name(Link::words(is.words), asked),
            verdict,
            shown(judged, told, who, base),
            if missing.is_empty() { Cell::Nothing } else { Cell::text(missing) },
            since.map_or(Cell::Nothing, |at| Cell::Value(When::of(at, now).into())),
            newest.map_or(Cell::Nothing, |seq| {
                Cell::link(format!("entry {seq}"), entry(judged, base, *seq))
            }),
        ])
    };
    Table {
        title: format!("Stage {}: {}", stage.number(), stage.words()),
        titled: true,
        columns: vec![
            Column::left("Asked for").kept(),
            Column::left("Verdict").kept(),
            Column::left("Shown"),
            Column::left("Missing"),
            Column::left("Since"),
            Column::left("Ledger"),
        ],
        rows: told.is.of(stage).map(row).collect(),
        ..Table::default()
    }
}

/// Where an entry of the ledger is read: on a page all of its kind, in a file the entry alone.
fn entry(judged: &Judged, base: &str, seq: i64) -> String {
    let kind = crate::facts::maturity::kind(judged.criterion.fact).map_or("", |kind| kind.as_str());
    match base {
        "" => format!("/ledger?kind={kind}"),
        base => format!("{base}/api/v1/ledger?after={}&limit=1", seq.saturating_sub(1)),
    }
}

fn teams(told: &Told, base: &str) -> Table {
    let rows = told.teams.iter().map(|(id, name, is)| {
        let next = is.next().next();
        Row::of(vec![
            Cell::name(name.clone(), format!("{base}/teams/{id}/maturity")),
            Cell::text(is.stage.number().to_string()),
            Cell::text(is.stage.words()),
            Cell::link(is.next().count().to_string(), format!("{base}/teams/{id}/maturity")),
            next.map_or(Cell::Nothing, |judged| Cell::text(judged.criterion.next)),
        ])
    });
    Table {
        title: "Teams".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Team").kept(),
            Column::right("Stage").kept(),
            Column::left("What the stage is"),
            Column::right("Missing for the next stage"),
            Column::left("First step"),
        ],
        rows: rows.collect(),
        empty: Empty {
            why: "There is no team yet. Make one with PUT /api/v1/teams.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// What of each framework criteria point to, and how many of those are met.
fn frameworks(told: &Told) -> Table {
    let mut all: BTreeMap<(Framework, &str), Vec<&Judged>> = BTreeMap::new();
    for judged in &told.is.judged {
        for Reference { framework, id } in judged.criterion.references {
            all.entry((*framework, id)).or_default().push(judged);
        }
    }
    let rows = all.iter().map(|((framework, id), judged)| {
        let met = judged.iter().filter(|j| j.verdict == Verdict::Met).count();
        let words: Vec<&str> = judged.iter().map(|j| j.criterion.words).collect();
        Row::of(vec![
            Cell::text(framework.words()),
            Cell::text(*id),
            Cell::text(format!("{met} of {}", judged.len())),
            Cell::text(words.join(" ")),
        ])
    });
    Table {
        title: "What it points to".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Framework").kept(),
            Column::left("There").kept(),
            Column::right("Met").kept(),
            Column::left("Criteria"),
        ],
        rows: rows.collect(),
        ..Table::default()
    }
}
