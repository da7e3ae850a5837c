//! What a number of the metrics counts: the findings one by one, or what teams were asked and told.

use std::collections::HashMap;

use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_engine::measure::{Counted, Member, members};
use trimtab_model::Level;
use trimtab_pages::Entry;
use trimtab_pages::page::Listing;
use trimtab_pages::part::{Cell, Column, Empty, Link, Mark, Pager, Row, Table, When, number};
use trimtab_store::{Cursor, Finding};

use super::{noise, tenth};
use crate::access::Who;
use crate::api::cursor;
use crate::measuring::question::{Asked, Question, question, told};
use crate::problem::Problem;
use crate::state::App;
use crate::web::findings::encode;
use crate::web::today::short;
use crate::web::{Page, Sorry, count, html, layout};

/// How many rows a page has.
pub(super) const ROWS: usize = 100;

/// What is listed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    /// The word of what is counted.
    #[serde(default)]
    pub(super) of: String,
    /// Only of a level; `unknown`: not weighed.
    #[serde(default)]
    level: String,
    /// Only of an age: the band's place.
    #[serde(default)]
    band: String,
    /// The last row of the page before.
    pub(super) after: Option<String>,
    /// The moment for which the first page was reckoned, in microseconds since 1970: days and load go on between pages.
    #[serde(default)]
    at: String,
}

impl Wanted {
    /// The moment up to which is counted.
    pub(super) fn moment(&self, now: Timestamp) -> Result<Timestamp, Problem> {
        let wrong = |_| Problem::invalid("`at` is a moment in microseconds since 1970");
        match self.at.as_str() {
            "" => Ok(now),
            text => {
                let at: i64 = text.parse().map_err(|_| wrong(()))?;
                Ok(Timestamp::from_microsecond(at).map_err(|_| wrong(()))?.min(now))
            }
        }
    }
}

/// What is counted, and how its list is told.
struct Told {
    counted: Counted,
    /// What the rows are: after a number.
    words: &'static str,
    /// What the date of a row is.
    at: &'static str,
    /// What the value of a row is. Empty: it has none.
    value: &'static str,
}

fn understood(wanted: &Wanted) -> Result<Told, Problem> {
    let unknown = || Problem::not_found("list");
    let level = match wanted.level.as_str() {
        "" => None,
        "unknown" => Some(None),
        word => Some(Some(Level::from_word(word).ok_or_else(unknown)?)),
    };
    let band = match wanted.band.as_str() {
        "" => None,
        digit => Some(digit.parse::<usize>().ok().filter(|b| *b < 4).ok_or_else(unknown)?),
    };
    let told = |counted, words, at, value| Ok(Told { counted, words, at, value });
    match (wanted.of.as_str(), level) {
        ("counting", None) => told(Counted::Counting, "count to the load", "At", "Load"),
        ("counting", Some(level)) => {
            told(Counted::CountingAt(level), "count to the load", "At", "Load")
        }
        ("found", _) => told(Counted::Found, "were found or came back", "Found", ""),
        ("fixed", _) => told(Counted::Fixed, "were fixed", "Fixed", "Days"),
        ("gone", _) => told(Counted::Gone, "were fixed or retracted", "Gone", "Days"),
        ("remediated", level) => {
            let counted = Counted::Remediated(level.flatten());
            told(counted, "were fixed after they had counted", "Fixed", "Days")
        }
        ("merged", _) => told(
            Counted::Merged,
            "were fixed, and it is known when they were merged",
            "Fixed",
            "Days",
        ),
        ("met", _) => told(Counted::Met, "were fixed in time", "Fixed", "Days"),
        ("missed", _) => told(Counted::Missed, "passed their deadline", "Deadline", "Days"),
        ("due", _) => {
            told(Counted::Due, "were fixed in time or passed their deadline", "When", "Days")
        }
        ("backlog", _) => told(Counted::Backlog(band), "count to the load", "At", "Days"),
        ("load-days", _) => told(Counted::LoadDays, "carried load", "Until", "Load-days"),
        _ => Err(unknown()),
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = question(&app, &who, &asked).await?;
    let (table, headline, intro) = match noise::table(&app, &is, &wanted)? {
        Some(told) => told,
        None => findings(&app, &who, &is, &wanted).await?,
    };
    let mut layout = layout(&app, &who, Entry::Metrics, "What is counted", headline).await?;
    let back = format!("/metrics?{}", period(&is));
    layout.crumbs = vec![Link::to("Metrics", back), Link::words("What is counted")];
    Ok(html(&Listing { layout, filter: None, intro, table }))
}

/// The period and what is chosen, as they stand in an address.
pub(super) fn period(is: &Question) -> String {
    let mut text = format!("from={}&to={}", told(is.period.first), told(is.period.last));
    if let Some(team) = &is.team {
        text += &format!("&team={}", team.id);
    }
    if let Some(system) = &is.system {
        text += &format!("&system={}", system.id);
    }
    text
}

/// Of what, and when, in words.
pub(super) fn of_what(is: &Question) -> String {
    let of = match (&is.system, &is.team) {
        (Some(system), _) => format!("Of {}, ", system.name),
        (None, Some(team)) => format!("Of team {}, ", team.name),
        (None, None) => String::new(),
    };
    let (first, last) = (told(is.period.first), told(is.period.last));
    if first == last { format!("{of}{first}.") } else { format!("{of}{first} to {last}.") }
}

/// The address of the same list as it is at a moment, from a row on.
pub(super) fn next(is: &Question, wanted: &Wanted, now: Timestamp, after: &str) -> String {
    let mut text = format!("/metrics/list?of={}&{}", encode(&wanted.of), period(is));
    for (name, value) in [("level", &wanted.level), ("band", &wanted.band)] {
        if !value.is_empty() {
            text += &format!("&{name}={}", encode(value));
        }
    }
    format!("{text}&at={}&after={}", now.as_microsecond(), encode(after))
}

async fn findings(
    app: &App,
    who: &Who,
    is: &Question,
    wanted: &Wanted,
) -> Result<(Table, String, String), Problem> {
    let of = understood(wanted)?;
    let now = wanted.moment(app.now())?;
    let (from, end) = is.period.bounds();
    // What stands at the end of a day is known before it is over.
    let to = match of.counted {
        Counted::Counting | Counted::CountingAt(_) => end,
        _ => end.min(now).max(from),
    };
    let mut all = members(is.chosen.lives(&is.lives), of.counted, from, to);
    let key = |m: &Member<'_>| Cursor { value: m.at.as_microsecond(), id: m.life.finding };
    // What weighs most first where all is of one moment; else the last first.
    let by_value = matches!(
        of.counted,
        Counted::Counting | Counted::CountingAt(_) | Counted::LoadDays | Counted::Backlog(_)
    );
    let place = |m: &Member<'_>| match by_value {
        true => Cursor { value: millionths(m.value), id: m.life.finding },
        false => key(m),
    };
    all.sort_by_key(|m| {
        let at = place(m);
        std::cmp::Reverse((at.value, at.id))
    });
    let total = all.len();
    let sum: f64 = all.iter().map(|m| m.value).sum();
    if let Some(after) = cursor(wanted.after.as_deref())? {
        all.retain(|m| {
            let at = place(m);
            (at.value, at.id) < (after.value, after.id)
        });
    }
    let more = all.len() > ROWS;
    all.truncate(ROWS);
    let ids: Vec<i64> = all.iter().map(|m| m.life.finding).collect();
    // Where a finding is now the viewer may not see it: then what the ledger says of it is told.
    let known = app.store.findings_of(who.org, &ids, is.visible.as_deref()).await?;
    let known: HashMap<i64, Finding> = known.into_iter().map(|f| (f.id, f)).collect();
    let after = all.last().filter(|_| more).map(|last| place(last).to_text());
    let whole = i64::try_from(total).unwrap_or(i64::MAX);
    let mut headline = format!("{} {}", count(whole, "finding", "findings"), of.words);
    match of.counted {
        Counted::Counting | Counted::CountingAt(_) => {
            headline += &format!(": load {}", tenth(sum));
        }
        Counted::LoadDays => headline += &format!(": {} load-days", number(sum.round())),
        _ => {}
    }
    let mut columns = vec![
        Column::left("Level").kept(),
        Column::left("What").kept(),
        Column::left("System"),
        Column::right("Detected"),
        Column::right(of.at).kept(),
    ];
    if !of.value.is_empty() {
        columns.push(Column::right(of.value).kept());
    }
    let table = Table {
        title: "Findings".to_owned(),
        columns,
        rows: all.iter().map(|m| row(m, known.get(&m.life.finding), is, now)).collect(),
        pager: (total > ids.len()).then(|| Pager {
            shown: format!("{} of {total}", ids.len()),
            before: "".into(),
            after: after.map_or_else(String::new, |after| next(is, wanted, now, &after)).into(),
        }),
        empty: Empty {
            why: "Nothing was counted.".to_owned(),
            next: Some(Link::to("Metrics", format!("/metrics?{}", period(is)))),
        },
        ..Table::default()
    };
    Ok((table, headline + ".", of_what(is)))
}

/// A value as whole millionths: what a cursor holds.
#[expect(clippy::cast_possible_truncation, reason = "days and weights are below a million")]
fn millionths(value: f64) -> i64 {
    (value * 1e6).round() as i64
}

/// A finding that is counted; what is not there any longer is told by what the ledger says of it.
fn row(is: &Member<'_>, known: Option<&Finding>, of: &Question, now: Timestamp) -> Row {
    let when = |at: Timestamp| Cell::Value(When::of(at.min(now), now).into());
    let life = is.life;
    let name = match known {
        Some(found) => {
            let (package, _) = short(&found.component.1);
            let words = format!("{} in {package}", found.vulnerability.1);
            Cell::Name(Link::to(words, format!("/findings/{}", found.id)), found.asset.1.clone())
        }
        None => Cell::Name(Link::words(life.vulnerability.to_string()), String::new()),
    };
    let system = life.system.and_then(|id| of.systems.iter().find(|s| s.id == id));
    let value = (is.value * 10.0).round() / 10.0;
    Row::of(vec![
        Cell::Mark(Mark::from(is.level)),
        name,
        match system {
            Some(system) => Cell::link(system.name.clone(), format!("/systems/{}", system.id)),
            None => Cell::unknown("nobody said to which system the asset belongs"),
        },
        is.began.map_or_else(|| Cell::unknown("the ledger begins later"), when),
        when(is.at),
        Cell::text(number(value)),
    ])
}
