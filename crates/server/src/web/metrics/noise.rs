//! What teams were asked and told, one by one.

use jiff::Timestamp;
use trimtab_engine::measure::{Telling, Word, interruptions, notices, requests};
use trimtab_pages::part::{Cell, Column, Empty, Link, Pager, Row, Table, When};

use super::list::{ROWS, Wanted, next, of_what};
use crate::measuring::question::Question;
use crate::problem::Problem;
use crate::state::App;
use crate::web::count;

/// A line of the list: when, which team, and what it was asked or told.
struct Line {
    at: Timestamp,
    team: Option<i64>,
    what: Link,
    more: String,
    /// Whether it is *now* alone: then it is no interruption.
    now: bool,
}

fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn request(is: &Telling) -> Link {
    let words = format!("Request opened: {}", is.about);
    match is.update {
        Some(id) => Link::to(words, format!("/updates/{id}")),
        None => Link::words(words),
    }
}

/// Changes of a plan in words.
fn plan(changes: usize, team: Option<i64>) -> Link {
    let words = format!("Plan: {}", count(whole(changes), "change", "changes"));
    match team {
        Some(id) => Link::to(words, format!("/teams/{id}/plan")),
        None => Link::words(words),
    }
}

/// The list that is asked for, with its headline and what it is of. `None`: it is of findings.
pub(super) fn table(
    app: &App,
    is: &Question,
    wanted: &Wanted,
) -> Result<Option<(Table, String, String)>, Problem> {
    let now = wanted.moment(app.now())?;
    let (from, to) = is.period.bounds();
    let to = to.min(now).max(from);
    let all = || is.tellings.iter();
    let (mut lines, words): (Vec<Line>, (&str, &str)) = match wanted.of.as_str() {
        "interruptions" => {
            let asked = interruptions(all(), from, to).into_iter().filter(|one| !one.now);
            (
                asked.map(|one| interruption(one.team, one.at, &one.asked)).collect(),
                ("interruption", "interruptions"),
            )
        }
        "requests" => {
            let line = |one: &Telling| Line {
                at: one.at,
                team: one.team,
                what: request(one),
                more: String::new(),
                now: one.now,
            };
            (
                requests(all(), from, to).into_iter().map(line).collect(),
                ("request was opened", "requests were opened"),
            )
        }
        "notices" => {
            let told = notices(all(), from, to).into_iter();
            (told.map(|one| notice(one.at, one.word, &one.told)).collect(), ("notice", "notices"))
        }
        _ => return Ok(None),
    };
    lines.reverse();
    let total = lines.len();
    let begun = match wanted.after.as_deref() {
        None | Some("") => 0,
        Some(text) => text.parse::<usize>().map_err(|_| Problem::invalid("`after` is a number"))?,
    };
    let shown: Vec<&Line> = lines.iter().skip(begun).take(ROWS).collect();
    let end = begun + shown.len();
    let name = |id: Option<i64>| match id.and_then(|id| is.teams.iter().find(|t| t.id == id)) {
        Some(team) => Cell::link(team.name.clone(), format!("/teams/{}", team.id)),
        None => Cell::unknown("no team owns it"),
    };
    let row = |line: &&Line| {
        Row::of(vec![
            Cell::Name(line.what.clone(), line.more.clone()),
            name(line.team),
            Cell::text(if line.now { "now" } else { "" }),
            Cell::Value(When::of(line.at, now).into()),
        ])
    };
    let table = Table {
        title: "What was asked and told".to_owned(),
        columns: vec![
            Column::left("What").kept(),
            Column::left("Team").kept(),
            Column::left("At once"),
            Column::right("When").kept(),
        ],
        rows: shown.iter().map(row).collect(),
        pager: (total > shown.len()).then(|| Pager {
            shown: format!("{} of {total}", shown.len()),
            before: "".into(),
            after: if end < total {
                next(is, wanted, now, &end.to_string()).into()
            } else {
                "".into()
            },
        }),
        empty: Empty { why: "Nobody was asked or told anything.".to_owned(), next: None },
        ..Table::default()
    };
    let headline = format!("{}.", count(whole(total), words.0, words.1));
    Ok(Some((table, headline, of_what(is))))
}

fn interruption(team: i64, at: Timestamp, asked: &[&Telling]) -> Line {
    let changes = asked.iter().filter(|one| one.word == Word::Plan).count();
    let mut opened = asked.iter().filter(|one| one.word == Word::Request);
    let first = opened.next();
    let more = match (opened.count(), changes) {
        (0, 0) => String::new(),
        (0, _) if first.is_none() => String::new(),
        (0, n) => count(whole(n), "change of the plan", "changes of the plan"),
        (n, 0) => count(whole(n), "more request", "more requests"),
        (n, of) => format!(
            "{}, {}",
            count(whole(n), "more request", "more requests"),
            count(whole(of), "change of the plan", "changes of the plan")
        ),
    };
    let what = first.map_or_else(|| plan(changes, Some(team)), |one| request(one));
    Line { at, team: Some(team), what, more, now: false }
}

fn notice(at: Timestamp, word: Word, told: &[&Telling]) -> Line {
    let first = told.first();
    let team = first.and_then(|one| one.team);
    let what = match word {
        Word::Finding => match first.and_then(|one| one.asset) {
            Some(asset) => Link::to("New findings", format!("/findings?state=any&asset={asset}")),
            None => Link::words("New findings"),
        },
        Word::Plan | Word::Request => plan(told.len(), team),
    };
    Line { at, team, what, more: String::new(), now: told.iter().all(|one| one.now) }
}
