//! Metrics: how it goes, with a table, a definition and a CSV for every chart. Each number opens the list that it
//! counts.

mod charts;
mod csv;
mod delivery;
mod list;
mod noise;
mod tables;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::IntoResponse;
use trimtab_pages::Entry;
use trimtab_pages::page::Metrics;
use trimtab_pages::part::{Choice, Facet, Figure, Figures, Filter, Link, Value, number, tenth};

pub(crate) use list::page as list;

use super::findings::encode;
use super::{Page, Sorry, html, layout};
use crate::access::Who;
use crate::measuring::question::{Asked, Measured, Numbers, Period, YOUNG, measure_whole, told};
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
    let is = measure_whole(&app, &who, &asked).await?;
    let mut layout = layout(&app, &who, Entry::Metrics, "Metrics", headline(&is)).await?;
    layout.crumbs = vec![Link::to("Metrics", "/metrics")];
    layout.actions.push(Link::to("Boards", "/boards"));
    layout.actions.push(Link::to(
        "Maturity",
        match &is.team {
            Some(team) => format!("/teams/{}/maturity", team.id),
            None => "/maturity".to_owned(),
        },
    ));
    let page = Metrics {
        layout,
        filter: filter(&is, &asked),
        figures: figures(&is),
        charts: charts::all(&is).into_iter().map(|(_, chart)| chart).collect(),
        levels: tables::levels(&is),
        delivery: delivery::table(&is),
        groups: tables::groups(&is),
    };
    Ok(html(&page))
}

/// `GET /metrics.csv`: one chart, or a table.
pub(crate) async fn csv(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = measure_whole(&app, &who, &asked).await?;
    let rows = match asked.chart.as_str() {
        "groups" => csv::group_rows(&is),
        "levels" => csv::level_rows(&is),
        "delivery" => delivery::rows(&is),
        name => {
            let chart = charts::all(&is).into_iter().find(|(of, _)| *of == name);
            csv::chart_rows(&chart.ok_or_else(|| Problem::not_found("chart"))?.1)
        }
    };
    let text = rows.iter().map(|row| csv::line(row)).collect::<String>();
    let name = format!("attachment; filename=\"metrics-{}.csv\"", encode(&asked.chart));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

/// `6 days`, `1 day`.
fn days(value: Option<f64>) -> Option<String> {
    let value = value?;
    let text = tenth(value);
    Some(if text == "1" { "1 day".to_owned() } else { format!("{text} days") })
}

fn percent(value: Option<f64>) -> Option<String> {
    value.map(|v| format!("{} %", number((v * 100.0).round())))
}

/// What the other period is called in a sentence.
fn other(is: &Measured) -> String {
    if is.other.last + 1 == is.period.first {
        "the period before".to_owned()
    } else {
        format!("the {} days from {}", is.other.days(), told(is.other.first))
    }
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
            "half of what was fixed was gone within {}, {} sooner than in {}.",
            days(Some(now)).unwrap_or_default(),
            days(Some(before - now)).unwrap_or_default(),
            other(is)
        ),
        (Some(now), Some(before)) if now > before => format!(
            "half of what was fixed was gone within {}, {} later than in {}.",
            days(Some(now)).unwrap_or_default(),
            days(Some(now - before)).unwrap_or_default(),
            other(is)
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

/// The address of the list that a number of a period counts.
fn behind(is: &Measured, period: Period, of: &str) -> String {
    let mut address =
        format!("/metrics/list?of={of}&from={}&to={}", told(period.first), told(period.last));
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
        let value = now
            .map_or_else(|| Value::Unknown("there was none in this period".to_owned()), Into::into);
        let before = before.unwrap_or_else(|| "not known".to_owned());
        let note = match is.other.last + 1 == is.period.first {
            true => format!("{before} before"),
            false => format!("{before} from {}", told(is.other.first)),
        };
        Figure::of(value, label, href).noted(note)
    };
    let behind = |of: &str| behind(is, is.period, of);
    let weekly = |n: &Numbers| n.noise_a_week.map(tenth);
    let noise = figure(
        weekly(&is.now),
        known_before(is).then(|| weekly(&is.before)).flatten(),
        "interruptions a week and team",
        behind("interruptions"),
    );
    let noise = match is.noise_a_week(&is.now) {
        Some(_) => noise,
        None => Figure { value: Value::Unknown(YOUNG.to_owned()), ..noise },
    };
    Figures(vec![
        figure(
            days(is.now.fixed.map(|s| s.median)),
            days(is.before.fixed.map(|s| s.median)),
            "median to remediate",
            behind("remediated"),
        ),
        figure(
            days(is.now.fixed.map(|s| s.p90)),
            days(is.before.fixed.map(|s| s.p90)),
            "90th percentile",
            behind("remediated"),
        ),
        figure(
            percent(is.now.deadlines.share()),
            percent(is.before.deadlines.share()),
            "deadlines met",
            behind("due"),
        ),
        figure(
            Some(number(is.now.load_days.round())),
            known_before(is).then(|| number(is.before.load_days.round())),
            "load-days",
            behind("load-days"),
        ),
        figure(
            days(is.now.age.spread.map(|s| s.median)),
            days(is.before.age.spread.map(|s| s.median)),
            "median age of the backlog",
            behind("backlog"),
        ),
        noise,
    ])
}

/// Whether the ledger reaches back to the whole of the other period.
fn known_before(is: &Measured) -> bool {
    is.began.is_some_and(|began| began <= is.other.first)
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
            ("against".to_owned(), "Compared from".to_owned(), asked.against.clone()),
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
    let mut text = format!(
        "from={}&to={}&against={}",
        told(is.period.first),
        told(is.period.last),
        told(is.other.first)
    );
    if let Some(team) = &is.team {
        text += &format!("&team={}", team.id);
    }
    if let Some(system) = &is.system {
        text += &format!("&system={}", system.id);
    }
    text
}
