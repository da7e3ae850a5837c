//! Metrics: how it goes, with a table, a definition and a CSV for every chart.

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use trimtab_pages::Entry;
use trimtab_pages::page::Metrics;
use trimtab_pages::part::{
    Cell, Chart, Choice, Column, Empty, Facet, Figure, Figures, Filter, Kind, Link, Point, Row,
    Series, Table, Tone, number,
};

use super::findings::encode;
use super::{Page, Sorry, html, layout};
use crate::access::Who;
use crate::api::metrics::{Asked, LEVELS, Measured, Numbers, measure, told};
use crate::problem::Problem;
use crate::state::App;

/// The lengths of a period that are offered.
const LENGTHS: [(&str, &str); 5] = [
    ("28", "4 weeks"),
    ("84", "12 weeks"),
    ("182", "26 weeks"),
    ("364", "52 weeks"),
    ("", "from … to"),
];

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = measure(&app, &who, &asked).await?;
    let mut layout = layout(&app, &who, Entry::Metrics, "Metrics", headline(&is)).await?;
    layout.crumbs = vec![Link::to("Metrics", "/metrics")];
    let charts = charts(&is).into_iter().map(|(_, chart)| chart).collect();
    let page = Metrics {
        layout,
        filter: filter(&is, &asked),
        figures: figures(&is),
        charts,
        groups: groups(&is),
    };
    Ok(html(&page))
}

/// `GET /metrics.csv`: one chart, or the groups.
pub(crate) async fn csv(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = measure(&app, &who, &asked).await?;
    let rows = if asked.chart == "groups" {
        group_rows(&is)
    } else {
        let all = charts(&is);
        let chart = all.into_iter().find(|(name, _)| *name == asked.chart).map(|(_, c)| c);
        chart_rows(&chart.ok_or_else(|| Problem::not_found("chart"))?)
    };
    let text = rows.iter().map(|row| line(row)).collect::<String>();
    let name = format!("attachment; filename=\"metrics-{}.csv\"", encode(&asked.chart));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

/// A line of CSV. What a spreadsheet would run as a formula is made inert.
fn line(cells: &[String]) -> String {
    let cell = |text: &String| {
        let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
        let text = if runs { format!("'{text}") } else { text.clone() };
        if text.contains([',', '"', '\n', '\r', ';', '\t']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A number for a program; unknown is empty.
fn plain(value: Option<f64>) -> String {
    value.map_or(String::new(), |v| {
        format!("{v:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
    })
}

fn chart_rows(chart: &Chart) -> Vec<Vec<String>> {
    let mut head = vec!["period".to_owned()];
    head.extend(chart.series.iter().map(|s| format!("{} ({})", s.name, chart.unit)));
    let mut rows = vec![head];
    for (at, label) in chart.labels.iter().enumerate() {
        let mut row = vec![label.clone()];
        row.extend(chart.series.iter().map(|s| plain(s.points.get(at).and_then(|p| p.value))));
        rows.push(row);
    }
    rows
}

fn group_rows(is: &Measured) -> Vec<Vec<String>> {
    let head = [
        is.by,
        "load",
        "load-days",
        "load-days before",
        "median days",
        "median days before",
        "90th percentile days",
        "deadlines met",
        "deadlines missed",
        "found",
        "fixed",
    ];
    let mut rows = vec![head.iter().map(ToString::to_string).collect::<Vec<_>>()];
    for (name, _, now, before) in &is.groups {
        rows.push(vec![
            name.clone(),
            plain(now.load),
            plain(Some(now.load_days)),
            plain(Some(before.load_days)),
            plain(now.fixed.map(|s| s.median)),
            plain(before.fixed.map(|s| s.median)),
            plain(now.fixed.map(|s| s.p90)),
            now.deadlines.met.to_string(),
            now.deadlines.missed.to_string(),
            now.flow.found.to_string(),
            now.flow.fixed.to_string(),
        ]);
    }
    rows
}

/// `6 days`, `1 day`.
fn days(value: Option<f64>) -> Option<String> {
    let value = value?;
    let text = number((value * 10.0).round() / 10.0);
    Some(if text == "1" { "1 day".to_owned() } else { format!("{text} days") })
}

fn percent(value: Option<f64>) -> Option<String> {
    value.map(|v| format!("{} %", number((v * 100.0).round())))
}

fn headline(is: &Measured) -> String {
    let of = match (&is.system, &is.team) {
        (Some(system), _) => format!("{}: ", system.name),
        (None, Some(team)) => format!("Team {}: ", team.name),
        _ => String::new(),
    };
    let median = |n: &Numbers| n.fixed.map(|s| (s.median * 10.0).round() / 10.0);
    let took = match (median(&is.now), median(&is.before)) {
        (Some(now), Some(before)) if now < before => format!(
            "half of what was fixed was gone within {}, {} sooner than in the period before.",
            days(Some(now)).unwrap_or_default(),
            days(Some(before - now)).unwrap_or_default()
        ),
        (Some(now), Some(before)) if now > before => format!(
            "half of what was fixed was gone within {}, {} later than in the period before.",
            days(Some(now)).unwrap_or_default(),
            days(Some(now - before)).unwrap_or_default()
        ),
        (Some(now), _) => {
            let now = days(Some(now)).unwrap_or_default();
            format!("half of what was fixed was gone within {now}.")
        }
        (None, _) => "nothing was fixed in this period.".to_owned(),
    };
    let text = format!("{of}{took}");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

/// The address of the findings behind a number.
fn behind(is: &Measured, state: &str) -> String {
    let mut address = format!("/findings?state={state}");
    if let Some(team) = &is.team {
        address += &format!("&team={}", team.id);
    }
    if let Some(system) = &is.system {
        address += &format!("&system={}", system.id);
    }
    address
}

fn figures(is: &Measured) -> Figures {
    let figure = |now: Option<String>, before: Option<String>, label: &str, href: String| {
        let value = now.map_or_else(
            || trimtab_pages::part::Value::Unknown("there was none in this period".to_owned()),
            Into::into,
        );
        let note = before.map_or("not known before".to_owned(), |b| format!("{b} before"));
        Figure::of(value, label, href).noted(note)
    };
    let fixed = behind(is, "fixed");
    Figures(vec![
        figure(
            days(is.now.fixed.map(|s| s.median)),
            days(is.before.fixed.map(|s| s.median)),
            "median to remediate",
            fixed.clone(),
        ),
        figure(
            days(is.now.fixed.map(|s| s.p90)),
            days(is.before.fixed.map(|s| s.p90)),
            "90th percentile",
            fixed.clone(),
        ),
        figure(
            percent(is.now.deadlines.share()),
            percent(is.before.deadlines.share()),
            "deadlines met",
            fixed,
        ),
        figure(
            Some(number(is.now.load_days.round())),
            known_before(is).then(|| number(is.before.load_days.round())),
            "load-days",
            behind(is, "live"),
        ),
        figure(
            days(is.now.age.spread.map(|s| s.median)),
            days(is.before.age.spread.map(|s| s.median)),
            "median age of the backlog",
            behind(is, "live"),
        ),
    ])
}

/// Whether the ledger reaches back to the whole of the period before.
fn known_before(is: &Measured) -> bool {
    is.began.is_some_and(|began| began <= is.period.before().first)
}

fn filter(is: &Measured, asked: &Asked) -> Filter {
    let choice = |value: &str, text: &str, chosen: bool| Choice {
        value: value.to_owned(),
        text: text.to_owned(),
        count: None,
        chosen,
    };
    let by_dates = !asked.from.is_empty();
    let length = is.period.days().to_string();
    let lengths =
        LENGTHS.iter().filter(|(value, _)| !value.is_empty() || by_dates).map(|(value, text)| {
            let chosen = if value.is_empty() { by_dates } else { !by_dates && *value == length };
            choice(value, text, chosen)
        });
    let named =
        |id: i64, name: &str, now: &str| choice(&id.to_string(), name, now == id.to_string());
    let mut teams = vec![choice("", "all", is.team.is_none())];
    teams.extend(is.teams.iter().map(|t| named(t.id, &t.name, &asked.team)));
    let mut systems = vec![choice("", "all", is.system.is_none())];
    let of_team =
        |s: &&trimtab_store::System| is.team.as_ref().is_none_or(|t| s.team == Some(t.id));
    systems.extend(is.systems.iter().filter(of_team).map(|s| named(s.id, &s.name, &asked.system)));
    let facet = |name: &str, text: &str, choices: Vec<Choice>| Facet {
        name: name.to_owned(),
        text: text.to_owned(),
        choices,
        single: true,
    };
    Filter {
        action: "/metrics".into(),
        dates: vec![
            ("from".to_owned(), "From".to_owned(), asked.from.clone()),
            ("to".to_owned(), "To".to_owned(), asked.to.clone()),
        ],
        facets: vec![
            facet("days", "Period", lengths.collect()),
            facet("team", "Team", teams),
            facet("system", "System", systems),
        ],
        clear: "/metrics".into(),
        ..Filter::default()
    }
}

/// The query that asks for the same again.
fn query(is: &Measured) -> String {
    let mut text = format!("from={}&to={}", told(is.period.first), told(is.period.last));
    if let Some(team) = &is.team {
        text += &format!("&team={}", team.id);
    }
    if let Some(system) = &is.system {
        text += &format!("&system={}", system.id);
    }
    text
}

fn series(name: &str, tone: Tone, values: Vec<Option<f64>>) -> Series {
    let round = |v: f64| (v * 100.0).round() / 100.0;
    let point = |value: Option<f64>| Point { value: value.map(round), href: "".into() };
    Series { name: name.to_owned(), tone, points: values.into_iter().map(point).collect() }
}

/// Every chart with its name in an address.
fn charts(is: &Measured) -> Vec<(&'static str, Chart)> {
    let query = query(is);
    let parts: Vec<String> = is.parts.iter().map(|(p, _)| told(p.first)).collect();
    let each =
        if is.parts.last().is_some_and(|(p, _)| p.days() > 7) { "four weeks" } else { "week" };
    let of = |value: &dyn Fn(&Numbers) -> Option<f64>| -> Vec<Option<f64>> {
        is.parts.iter().map(|(_, n)| value(n)).collect()
    };
    let chart = |name: &'static str,
                 kind,
                 title: &str,
                 unit: &str,
                 definition: String,
                 labels: &[String],
                 series: Vec<Series>| {
        let chart = Chart {
            kind,
            title: title.to_owned(),
            definition,
            unit: unit.to_owned(),
            labels: labels.to_vec(),
            series,
            csv: format!("/metrics.csv?chart={name}&{query}").into(),
        };
        (name, chart)
    };
    let whole = |n: usize| Some(n as f64);
    let known = |day: i64, load: f64| is.began.is_some_and(|b| day >= b).then_some(load);
    let step = (is.days.len() / 100 + 1).max(1);
    let sampled = |all: &[trimtab_engine::measure::DayLoad]| -> Vec<Option<f64>> {
        all.iter().rev().step_by(step).map(|d| known(d.day, d.load)).rev().collect()
    };
    let mut labels: Vec<String> = is.days.iter().rev().step_by(step).map(|d| told(d.day)).collect();
    labels.reverse();
    let mut loads = vec![series("this period", Tone::Plain, sampled(&is.days))];
    if is.days_before.iter().any(|d| known(d.day, d.load).is_some()) {
        loads.push(series("the period before", Tone::Quiet, sampled(&is.days_before)));
    }
    let at_end = |pick: &dyn Fn(&trimtab_engine::measure::DayLoad) -> i64| -> Vec<Option<f64>> {
        let day = |last: i64| is.days.iter().find(|d| d.day == last);
        is.parts
            .iter()
            .map(|(p, _)| day(p.last).and_then(|d| known(d.day, pick(d) as f64)))
            .collect()
    };
    let mut open: Vec<Series> = LEVELS
        .iter()
        .rev()
        .enumerate()
        .map(|(at, level)| {
            let pick =
                |d: &trimtab_engine::measure::DayLoad| d.levels.get(at).copied().unwrap_or(0);
            series(level.as_str(), Tone::Level(*level), at_end(&pick))
        })
        .collect();
    if is.days.iter().any(|d| d.unknown > 0) {
        open.push(series("not weighed", Tone::Quiet, at_end(&|d| d.unknown)));
    }
    let took = LEVELS
        .iter()
        .enumerate()
        .map(|(at, level)| {
            let median = |n: &Numbers| n.by_level.get(at).copied().flatten().map(|s| s.median);
            series(level.as_str(), Tone::Level(*level), of(&median))
        })
        .collect();
    let bands: Vec<String> =
        ["under a week", "under 30 days", "under 90 days", "older"].map(ToOwned::to_owned).into();
    let aged = |n: &Numbers| n.age.bands.iter().map(|b| whole(*b)).collect();
    vec![
        chart("load", Kind::Lines, "Load", "load at the end of the day",
            "The sum of the weights of findings that count: in production, or on the main line where nobody said what runs, and not accepted. Days of the period before stand under the day of the same place.".to_owned(),
            &labels, loads),
        chart("open", Kind::Bars, "Findings that count", "findings", format!("By level, at the end of each {each}."), &parts, open),
        chart("remediate", Kind::Lines, "Time to remediate", "days, median",
            format!("From detected to gone from production, of what was fixed in the {each}. One without any is not known."), &parts, took),
        chart("deadlines", Kind::Bars, "Deadlines", "findings",
            format!("Met: fixed in the {each}, in time. Missed: the deadline passed in it while the finding counted."), &parts,
            vec![
                series("met", Tone::Better, of(&|n| whole(n.deadlines.met))),
                series("missed", Tone::Worse, of(&|n| whole(n.deadlines.missed))),
            ]),
        chart("flow", Kind::Pairs, "Found and fixed", "findings",
            format!("Detected or back, and fixed or no longer named by any source, in the {each}."), &parts,
            vec![
                series("found", Tone::Plain, of(&|n| whole(n.flow.found))),
                series("fixed", Tone::Better, of(&|n| whole(n.flow.fixed + n.flow.retracted))),
            ]),
        chart("legs", Kind::Pairs, "From detected to deployed", "days, median",
            format!("The two legs of what was fixed in the {each}: to the main line, and from there to production."), &parts,
            vec![
                series("detected to merged", Tone::Plain, of(&|n| n.legs.merge.map(|s| s.median))),
                series("merged to deployed", Tone::Quiet, of(&|n| n.legs.deploy.map(|s| s.median))),
            ]),
        chart("age", Kind::Pairs, "Age of the backlog", "findings",
            "Days since detected, of findings that count at the end of the period and of the one before.".to_owned(), &bands,
            vec![
                series("now", Tone::Plain, aged(&is.now)),
                series("before", Tone::Quiet, aged(&is.before)),
            ]),
    ]
}

fn groups(is: &Measured) -> Table {
    let query = query(is);
    let unknown = || Cell::unknown("nothing was fixed in this period");
    let row = |(name, id, now, before): &(String, i64, Numbers, Numbers)| {
        let link = format!("/findings?{}={id}", is.by);
        let here = format!(
            "/metrics?{}={id}&from={}&to={}",
            is.by,
            told(is.period.first),
            told(is.period.last)
        );
        let cell = |text: Option<String>| {
            text.map_or_else(unknown, |t| Cell::link(t, format!("{link}&state=fixed")))
        };
        let change = now.load_days - before.load_days;
        let change = if !known_before(is) {
            Cell::unknown("the ledger does not reach back so far")
        } else if change.abs() < 0.5 {
            Cell::Change("the same".to_owned(), None)
        } else {
            let sign = if change > 0.0 { "+" } else { "" };
            Cell::Change(format!("{sign}{}", number(change.round())), Some(change < 0.0))
        };
        Row::of(vec![
            Cell::name(name.clone(), here),
            Cell::link(number((now.load.unwrap_or_default() * 10.0).round() / 10.0), link.clone()),
            Cell::link(number(now.load_days.round()), link.clone()),
            change,
            cell(days(now.fixed.map(|s| s.median))),
            cell(days(now.fixed.map(|s| s.p90))),
            percent(now.deadlines.share()).map_or_else(
                || Cell::unknown("no deadline fell into this period"),
                |t| Cell::link(t, link.clone()),
            ),
            Cell::link(now.flow.found.to_string(), format!("{link}&state=any")),
            Cell::link(now.flow.fixed.to_string(), format!("{link}&state=fixed")),
        ])
    };
    Table {
        title: format!("By {}", is.by),
        titled: true,
        columns: vec![
            Column::left(if is.by == "team" { "Team" } else { "System" }).kept(),
            Column::right("Load").kept(),
            Column::right("Load-days"),
            Column::right("Change"),
            Column::right("Median"),
            Column::right("90th percentile"),
            Column::right("In time"),
            Column::right("Found"),
            Column::right("Fixed"),
        ],
        rows: is.groups.iter().map(row).collect(),
        empty: Empty {
            why: format!("No {} is described yet, or none that you may see.", is.by),
            next: None,
        },
        csv: format!("/metrics.csv?chart=groups&{query}").into(),
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_csv_runs_nothing() {
        let told = |cell: &str| line(&[cell.to_owned()]);
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "\n=1"] {
            let told = told(bad);
            assert!(told.trim_start_matches('"').starts_with('\''), "{told:?}");
        }
        assert_eq!(told("a,b"), "\"a,b\"\r\n");
        assert_eq!(told("a\"b"), "\"a\"\"b\"\r\n");
        assert_eq!(line(&["1.5".into(), String::new()]), "1.5,\r\n");
        assert_eq!(plain(Some(12.5)), "12.5");
        assert_eq!(plain(Some(100.0)), "100");
        assert_eq!(plain(None), "");
    }
}
