//! Today: what needs me, by my roles, and the dial.

use axum::extract::State;
use jiff::civil::Date;
use jiff::{ToSpan, tz::TimeZone};
use trimtab_engine::measure::{Cause, Lives, load_by_day, moves};
use trimtab_pages::Entry;
use trimtab_pages::page::Today;
use trimtab_pages::part::{
    Cell, Column, Day, Dial, Empty, Figure, Figures, Link, Mark, Move, Row, Size, Table, When,
    number,
};
use trimtab_store::{
    DecisionFilter, DecisionState, Finding, FindingFilter, FindingOrder, Org, ScopeOf, System,
};

use super::findings::encode;
use super::{Page, Sorry, UNSENT, begin, count, html, is_unsent, layout, needs};
use crate::access::{Action, On, Who};
use crate::api::{findings, visible};
use crate::deciding;
use crate::facts::needs::Asking;
use crate::facts::register;
use crate::measuring::Chosen;
use crate::problem::Problem;
use crate::state::App;

/// How many days the dial shows.
const DAYS: i64 = 90;
/// The list behind the load.
const COUNTING: &str = "/findings?counts=true";
/// How many moves are marked.
const MOVES: usize = 7;
/// How much is told of what somebody waits for: the newest.
const WAITING: usize = 30;

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let systems = app.store.systems(who.org).await?;
    let all = FindingFilter { systems: visible(&who, &systems), ..FindingFilter::default() };
    let counting = FindingFilter { counts: Some(true), ..all.clone() };
    let past = FindingFilter { due_before: Some(now), ..counting.clone() };
    let week = Some(now + findings::WEEK);
    let soon = FindingFilter { due_from: Some(now), due_before: week, ..counting.clone() };
    let late = app.store.count_findings(who.org, &past).await?;
    let due = app.store.count_findings(who.org, &soon).await?;
    let open = app.store.count_findings(who.org, &counting).await?;
    let asking = Asking::today(&app, &who).await?;
    let (answers, more, to_answer) = needs::answers(&asking);
    let load = app.store.load(who.org, &all).await?;
    let queue = app.store.findings(who.org, &counting, FindingOrder::Deadline, None, 20).await?;

    let mut headline = match (open.number, late.number) {
        (0, _) => "No open finding counts".to_owned(),
        (open, 0) => {
            format!("{} open, none past its deadline", count(open, "finding is", "findings are"))
        }
        (_, 1) => "1 finding is past its deadline".to_owned(),
        (_, late) => format!("{} past their deadline", count(late, "finding is", "findings are")),
    };
    headline += &match i64::try_from(answers).unwrap_or(i64::MAX) {
        0 => ".".to_owned(),
        n if more => {
            format!("; at least {} for your answer.", count(n, "decision waits", "decisions wait"))
        }
        n => format!("; {} for your answer.", count(n, "decision waits", "decisions wait")),
    };
    let figures = Figures(vec![
        Figure::of(
            late.number.to_string(),
            "past their deadline",
            "/findings?counts=true&due=passed&order=deadline",
        )
        .or_one("past its deadline"),
        Figure::of(
            due.number.to_string(),
            "due within a week",
            "/findings?counts=true&due=week&order=deadline",
        ),
        Figure::of(open.number.to_string(), "open, counting towards the load", COUNTING),
        Figure::of(
            format!("{answers}{}", if more { "+" } else { "" }),
            "decisions to answer",
            to_answer,
        )
        .or_one("decision to answer"),
    ]);
    let steps = begin::steps(&app, &who, &systems).await?;
    // Of what nobody has sent, nothing is known: there is no load to show, not one of zero.
    let is_empty = open.number == 0 && is_unsent(&app, &who, all.systems.as_deref()).await?;
    let figures = if is_empty { Figures::default() } else { figures };
    if is_empty {
        headline = UNSENT.to_owned();
    }
    let today = now.to_zoned(TimeZone::UTC).date();
    let (first, last) = (epoch_day(today) - DAYS + 1, epoch_day(today));
    let lives = app.lives(who.org).await?;
    let chosen = Chosen::of(&systems, all.systems.as_deref(), None, None);
    let mut days = line(&app, &who, &chosen, &lives, (first, last)).await?;
    // What the store says now is the last word.
    if let Some(now) = days.last_mut() {
        now.load = Some(load);
    }
    let moved = moves(chosen.lives(&lives), first, last, MOVES);
    let moves = told(&app, &who, &systems, moved).await?;
    let layout = layout(&app, &who, Entry::Today, "Today", headline).await?;
    let dial = Dial {
        size: Size::Large,
        of: whose(&app, &who, &layout.organisation).await?,
        href: COUNTING.into(),
        days,
        moves,
        csv: format!("/metrics.csv?chart=load&from={}&to={today}", date(first)).into(),
    };
    let table = Table {
        title: "Due first".to_owned(),
        titled: true,
        columns: columns(),
        rows: queue.rows.iter().map(|f| row(f, now)).collect(),
        empty: Empty {
            why: match is_empty {
                true => "Findings are shown here once an inventory has been sent.".to_owned(),
                false => "Nothing is open.".to_owned(),
            },
            next: (!is_empty).then(|| Link::to("All findings", "/findings")),
        },
        ..Table::default()
    };
    let waiting = waiting(&app, &who, now).await?;
    let sides = needs::sides(&asking).await?;
    let dial = (!is_empty).then_some(dial);
    Ok(html(&Today { layout, figures, first: steps, dial, sides, queue: table, waiting }))
}

/// Of what the load is that somebody sees: of the organisation, or of the one team that they may see,
/// or of what they may see.
async fn whose(app: &App, who: &Who, organisation: &str) -> Result<String, Problem> {
    if who.may(Action::View, On::ALL) {
        return Ok(organisation.to_owned());
    }
    let name = match who.only_team() {
        Some(id) => {
            let teams = app.store.teams(who.org).await?;
            teams.into_iter().find(|team| team.id == id).map(|team| team.name)
        }
        None => None,
    };
    Ok(name.unwrap_or_else(|| "what you can see".to_owned()))
}

/// What somebody asked for that is not answered, and on whom it waits.
async fn waiting(app: &App, who: &Who, now: jiff::Timestamp) -> Result<Table, Problem> {
    let agreed = app.agreed(who.org, now).await?;
    let mine = DecisionFilter {
        states: vec![DecisionState::Asked],
        author: Some(who.person.id),
        ..DecisionFilter::default()
    };
    let asked = register::page(app, who, &mine, None, (None, WAITING)).await?;
    let mut rows = Vec::new();
    for is in &asked.rows {
        let may = deciding::approvers(app, who.org, is, &agreed).await?;
        let may: Vec<&str> = may.iter().map(|role| role.as_str()).collect();
        let on = if may.is_empty() { "another person".to_owned() } else { may.join(" or ") };
        rows.push(Row::of(vec![
            Cell::name(super::exceptions::what(is), format!("/exceptions/{}", is.id)),
            Cell::text(on),
            Cell::Value(When::of(is.asked, now).into()),
        ]));
    }
    Ok(Table {
        title: "Waiting for others".to_owned(),
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            Column::left("On whom"),
            Column::right("Asked").kept(),
        ],
        rows,
        empty: Empty {
            why: "None of your requests is waiting for an answer.".to_owned(),
            next: None,
        },
        ..Table::default()
    })
}

/// The load of a team or system: now, and by day as it was kept.
pub(crate) async fn dial(
    app: &App,
    org: Org,
    scope: ScopeOf,
    load: f64,
    of: &str,
    href: &str,
) -> Result<Dial, Problem> {
    let today = app.now().to_zoned(TimeZone::UTC).date();
    let (first, last) = (epoch_day(today) - DAYS + 1, epoch_day(today));
    let kept = app.store.loads(org, scope, first, last - 1).await?;
    let mut days: Vec<Day> = (first..last)
        .map(|day| {
            let load = kept.iter().find(|k| k.day == day).map(|k| k.load);
            Day { date: date(day), load }
        })
        .collect();
    days.push(Day { date: today, load: Some(load) });
    Ok(Dial {
        size: Size::Medium,
        of: of.to_owned(),
        href: href.into(),
        days,
        moves: Vec::new(),
        csv: "".into(),
    })
}

/// The load of days: as it was kept or, of a part of the organisation or where it was not yet, from
/// the ledger.
async fn line(
    app: &App,
    who: &Who,
    chosen: &Chosen,
    lives: &Lives,
    (first, last): (i64, i64),
) -> Result<Vec<Day>, Problem> {
    let kept = match chosen.systems {
        None => app.store.loads(who.org, ScopeOf::Organisation, first, last).await?,
        Some(_) => Vec::new(),
    };
    let began = lives.iter().filter_map(|l| l.episodes.first()).map(|e| e.began).min();
    let began = began.map_or(last, |at| epoch_day(at.to_zoned(TimeZone::UTC).date()));
    let days = load_by_day(chosen.lives(lives), first, last).into_iter().map(|day| {
        // Before anything was known there is no load, not one of zero.
        let reckoned = (day.day >= began).then_some(day.load);
        let kept = kept.iter().find(|k| k.day == day.day).map(|k| k.load);
        Day { date: date(day.day), load: kept.or(reckoned) }
    });
    Ok(days.collect())
}

/// What moved the load, in words.
async fn told(
    app: &App,
    who: &Who,
    systems: &[System],
    moves: Vec<trimtab_engine::measure::Move>,
) -> Result<Vec<Move>, Problem> {
    let mut out = Vec::with_capacity(moves.len());
    for moved in moves {
        let name = moved.system.and_then(|id| systems.iter().find(|s| s.id == id));
        let system = name.map_or("what belongs to no system", |s| s.name.as_str());
        let of_system = moved.system.map_or_else(
            || "/findings?state=any".to_owned(),
            |id| format!("/findings?state=any&system={id}"),
        );
        let vulnerability = moved.vulnerability.as_deref().unwrap_or("a vulnerability");
        let of_it = format!("/findings?state=any&vulnerability={}", encode(vulnerability));
        let number =
            count(i64::try_from(moved.findings).unwrap_or(i64::MAX), "finding", "findings");
        let what = match moved.cause {
            Cause::Advisory => Link::to(format!("{vulnerability} published: {number}"), of_it),
            Cause::Retraction => Link::to(format!("{vulnerability} withdrawn: {number}"), of_it),
            Cause::Snapshot => Link::to(format!("{system} rebuilt: {number}"), of_system),
            Cause::Deployment => Link::to(format!("{system} deployed: {number}"), of_system),
            Cause::Regression => Link::to(format!("{system}: {number} came back"), of_system),
            Cause::Weighing => Link::to(format!("{number} weighed again"), "/findings"),
            Cause::Decision(id) | Cause::DecisionEnded(id) => {
                let about = app.store.decision(who.org, id).await?;
                let about = about.and_then(|d| d.is.vulnerability);
                let href = about.as_deref().map_or_else(
                    || "/findings?state=any".to_owned(),
                    |v| format!("/findings?state=any&vulnerability={}", encode(v)),
                );
                let about = about.unwrap_or_else(|| number.clone());
                let verb = match moved.cause {
                    Cause::Decision(_) => "accepted until a date",
                    _ => "no longer accepted",
                };
                Link::to(format!("{about} {verb}: {number}"), href)
            }
        };
        out.push(Move { date: date(moved.day), by: moved.by, what });
    }
    Ok(out)
}

/// The date of a day since 1970-01-01.
pub(crate) fn date(day: i64) -> Date {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(day.days()).unwrap_or(epoch)
}

/// Days since 1970-01-01.
pub(crate) fn epoch_day(is: Date) -> i64 {
    is.since(date(0)).map_or(0, |span| i64::from(span.get_days()))
}

/// The columns of a list of findings.
pub(crate) fn columns() -> Vec<Column> {
    vec![
        Column::left("Level").kept(),
        Column::left("What").kept(),
        Column::left("System"),
        // The same vulnerability is in many: without it, rows on a narrow screen look alike.
        Column::left("Asset").kept(),
        Column::right("Load"),
        Column::right("Due").kept(),
    ]
}

/// A finding in a list.
pub(crate) fn row(is: &Finding, now: jiff::Timestamp) -> Row {
    let weighed = is.weighed.as_ref();
    let (package, version) = short(&is.component.1);
    let fix = match &is.fix {
        _ if !is.state.is_live() => version,
        Some(fix) => format!("{version} → {fix}"),
        None => format!("{version}, no fix known"),
    };
    let name =
        Link::to(format!("{} in {package}", is.vulnerability.1), format!("/findings/{}", is.id));
    let due = match weighed.and_then(|w| w.deadline) {
        // What is gone is late no longer.
        _ if !is.state.is_live() => Cell::text(is.state.as_str()),
        Some(at) => Cell::Due(When::of(at, now), at < now),
        None if weighed.is_some_and(|w| w.deadline_kind == "opportunistic") => Cell::Nothing,
        None => Cell::unknown("no deadline can be calculated"),
    };
    let load = match weighed {
        Some(w) => Cell::link(number(w.weight), format!("/findings/{}", is.id)),
        None => Cell::unknown("not weighed yet"),
    };
    let system = match &is.system {
        Some((id, name)) => Cell::link(name.clone(), format!("/systems/{id}")),
        None => Cell::unknown("the asset is assigned to no system"),
    };
    Row {
        id: is.id.to_string(),
        label: format!("{} in {package}", is.vulnerability.1),
        cells: vec![
            Cell::Mark(Mark::from(weighed.map(|w| w.level))),
            Cell::Name(name, fix),
            system,
            Cell::link(is.asset.1.clone(), format!("/findings?asset={}", is.asset.0)),
            load,
            due,
        ],
    }
}

/// A purl as people say it: name and version.
pub(crate) fn short(purl: &str) -> (String, String) {
    match purl.parse::<trimtab_model::Purl>() {
        Ok(purl) => {
            let name = match purl.namespace() {
                Some(namespace) => format!("{namespace}/{}", purl.name()),
                None => purl.name().to_owned(),
            };
            (name, purl.version().unwrap_or("unknown version").to_owned())
        }
        Err(_) => (purl.to_owned(), String::new()),
    }
}
