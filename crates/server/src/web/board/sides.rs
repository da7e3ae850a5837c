//! What each side looks at.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::goal::Standing;
use trimtab_model::{Level, Role};
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Mark, Pager, Row, Table, When, number, tenth,
};
use trimtab_store::{
    Broken, FindingFilter, FindingOrder, FindingState, GroupBy, Scheduled, System,
};

use super::Told;
use super::parts::{Base, many, share, shown};
use crate::access::{Action, On, Who};
use crate::facts::{maturity, risks};
use crate::goaling;
use crate::measuring::question::YOUNG;
use crate::problem::Problem;
use crate::state::App;
use crate::web::{UNSENT, count, today};

/// How many rows a table has.
const ROWS: usize = 12;
/// How many assets are looked up for the systems of changes.
const ASSETS: usize = 20_000;

/// The board of a side.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(super) async fn of(app: &App, who: &Who, side: Role) -> Result<Told, Problem> {
    let base = Base::of(app, who).await?;
    // Leadership has goals before there is anything to count.
    if base.is_unsent && side != Role::Leadership {
        let headline = UNSENT.to_owned();
        return Ok(Told { headline, figures: Vec::new(), dial: None, tables: Vec::new() });
    }
    match side {
        Role::Engineering => engineering(app, who, &base).await,
        Role::Security => security(app, who, &base).await,
        Role::Product => product(app, who, &base).await,
        Role::Operations => operations(app, who, &base).await,
        _ => leadership(app, who, &base).await,
    }
}

fn table(title: &str, columns: Vec<Column>, rows: Vec<Row>, none: &str) -> Table {
    Table {
        title: title.to_owned(),
        titled: true,
        columns,
        rows,
        empty: Empty { why: none.to_owned(), next: None },
        ..Table::default()
    }
}

/// With how many there are, where the table has only the first of them.
fn of_all(table: Table, all: i64) -> Table {
    let shown = table.rows.len();
    let is_cut = i64::try_from(shown).is_ok_and(|shown| shown < all);
    let pager =
        is_cut.then(|| Pager { shown: format!("The first {shown} of {all}"), ..Pager::default() });
    Table { pager, ..table }
}

/// The next window of each, with what is done in it.
struct Window<'s> {
    ends: Timestamp,
    /// What is done now, and in no window: nobody promised a day.
    at_once: bool,
    name: &'s str,
    changes: usize,
    points: f64,
    load: f64,
}

/// Puts changes into windows by what they belong to, and keeps the first of each.
fn windows<'s>(
    all: impl Iterator<Item = (i64, &'s Scheduled)>,
    now: Timestamp,
) -> HashMap<i64, Window<'s>> {
    let mut by: BTreeMap<(i64, Timestamp), Window<'s>> = BTreeMap::new();
    for (of, is) in all {
        let (ends, name) = is.window.as_ref().map_or((now, "now"), |w| (w.ends, w.name.as_str()));
        if ends < now {
            continue;
        }
        let at_once = is.window.is_none();
        let new = || Window { ends, at_once, name, changes: 0, points: 0.0, load: 0.0 };
        let window = by.entry((of, ends)).or_insert_with(new);
        window.changes += 1;
        window.points += is.points;
        window.load += is.load;
    }
    let mut first = HashMap::new();
    for ((of, _), window) in by {
        first.entry(of).or_insert(window);
    }
    first
}

async fn engineering(app: &App, who: &Who, base: &Base) -> Result<Told, Problem> {
    let scheduled = app.store.all_scheduled(who.org).await?;
    let teams: Vec<i64> = base.measured.teams.iter().map(|t| t.id).collect();
    // A team's plan is of all of its systems: who sees a part of them is not told of the rest.
    let whole = |team: &i64| who.may(Action::View, On { system: None, team: Some(*team) });
    let seen = scheduled.iter().filter(|(team, _)| teams.contains(team) && whole(team));
    let windows = windows(seen.map(|(team, is)| (*team, is)), base.now);
    let rows = base.measured.teams.iter().map(|team| {
        let numbers = base.measured.groups.iter().find(|group| group.1 == team.id).map(|g| &g.2);
        let unknown = || Cell::unknown("there was none in 90 days");
        let list = format!("/findings?counts=true&team={}", team.id);
        let plan = format!("/teams/{}/plan", team.id);
        let window = windows.get(&team.id);
        Row::of(vec![
            Cell::name(team.name.clone(), format!("/teams/{}", team.id)),
            numbers
                .and_then(|n| n.load)
                .map_or_else(unknown, |load| Cell::link(number(load), list)),
            window.map_or_else(|| Cell::text("nothing is planned"), |w| Cell::link(w.name, plan)),
            window.map_or(Cell::Nothing, |w| Cell::text(w.changes.to_string())),
            window.map_or(Cell::Nothing, |w| Cell::text(number(w.points))),
            numbers.and_then(share).map_or_else(unknown, Cell::text),
            numbers
                .and_then(|n| base.measured.noise_a_week(n))
                .map_or_else(|| Cell::unknown(YOUNG), |noise| Cell::text(tenth(noise))),
        ])
    });
    let week = FindingFilter {
        due_from: Some(base.now),
        due_before: Some(base.now + crate::api::findings::WEEK),
        ..base.counting.clone()
    };
    let due = app.store.count_findings(who.org, &week).await?;
    let columns = vec![
        Column::left("Team").kept(),
        Column::right("Load").kept(),
        Column::left("Next window").kept(),
        Column::right("Changes"),
        Column::right("Points"),
        Column::right("Deadlines met"),
        Column::right("Interruptions a week"),
    ];
    let open = count(base.open, "finding counts", "findings count");
    Ok(Told {
        headline: match (base.late.number, due.number) {
            (0, 0) => format!(
                "No finding is past its deadline or due within a week; {open} towards the load."
            ),
            _ => format!(
                "{}, {}; {open} towards the load.",
                many(base.late, "finding is past its deadline", "findings are past their deadline"),
                many(due, "is due within a week", "are due within a week"),
            ),
        },
        figures: vec![
            base.late(),
            Figure::of(
                shown(due),
                "due within a week",
                "/findings?counts=true&due=week&order=deadline",
            ),
            base.load(),
            base.noise(),
        ],
        dial: base.dial(app, who).await?,
        tables: vec![table("Work by team", columns, rows.collect(), "There is no team yet.")],
    })
}

async fn security(app: &App, who: &Who, base: &Base) -> Result<Told, Problem> {
    let critical = FindingFilter { level: Some(Level::Critical), ..base.counting.clone() };
    let critical = app.store.count_findings(who.org, &critical).await?;
    let first =
        app.store.findings(who.org, &base.counting, FindingOrder::Level, None, ROWS).await?;
    let rows = first.rows.iter().map(|is| today::row(is, base.now)).collect();
    let late = many(base.late, "is past its deadline", "are past their deadline");
    Ok(Told {
        headline: format!("{}; {late}.", many(critical, "critical finding", "critical findings")),
        figures: vec![
            Figure::of(shown(critical), "critical", "/findings?counts=true&level=critical")
                .marked(Level::Critical),
            base.late(),
            base.took(),
            base.kept(),
        ],
        dial: base.dial(app, who).await?,
        tables: vec![of_all(
            table("Gravest first", today::columns(), rows, "No open finding counts."),
            base.open,
        )],
    })
}

/// The system of each asset that may be seen.
async fn systems_of_assets(
    app: &App,
    who: &Who,
    base: &Base,
) -> Result<HashMap<i64, i64>, Problem> {
    let visible = base.counting.systems.as_deref();
    let assets = app.store.assets(who.org, None, visible, "", ASSETS).await?;
    Ok(assets.into_iter().filter_map(|a| Some((a.id, a.system?))).collect())
}

async fn product(app: &App, who: &Who, base: &Base) -> Result<Told, Problem> {
    let by = GroupBy::System;
    let groups =
        app.store.group_findings(who.org, &base.counting, by, base.systems.len() + 1).await?;
    let of_asset = systems_of_assets(app, who, base).await?;
    let scheduled = app.store.all_scheduled(who.org).await?;
    let changes =
        scheduled.iter().filter_map(|(_, is)| Some((*of_asset.get(&is.change.asset)?, is)));
    let windows = windows(changes, base.now);
    let find = |key: &str| base.systems.iter().find(|s| s.id.to_string() == key);
    let known = groups.iter().filter_map(|group| Some((find(&group.key)?, group)));
    let rows = known.clone().take(ROWS).map(|(system, group)| {
        let list = format!("/findings?counts=true&system={}", system.id);
        let window = windows.get(&system.id);
        Row::of(vec![
            Cell::name(system.name.clone(), format!("/systems/{}", system.id)),
            failure(system),
            Cell::Mark(Mark::from(group.level)),
            Cell::link(group.findings.to_string(), list),
            group
                .deadline
                .map_or(Cell::Nothing, |at| Cell::Due(When::of(at, base.now), at < base.now)),
            window.map_or_else(
                || Cell::text("nothing is planned"),
                |w| Cell::text(format!("{}: {}", w.name, changes_in(w, group.weight))),
            ),
        ])
    });
    let columns = vec![
        Column::left("Product").kept(),
        Column::left("What a failure means to customers"),
        Column::left("Gravest").kept(),
        Column::right("Risks"),
        Column::right("First due"),
        Column::left("Next release").kept(),
    ];
    let rows: Vec<Row> = rows.collect();
    let planned = known.clone().filter(|(system, _)| windows.contains_key(&system.id)).count();
    let planned = i64::try_from(planned).unwrap_or(i64::MAX);
    let touched = i64::try_from(known.count()).unwrap_or(i64::MAX);
    Ok(Told {
        headline: format!(
            "{} a known risk; {} a release planned that lowers it.",
            count(touched, "product carries", "products carry"),
            count(planned, "has", "have")
        ),
        figures: vec![
            Figure::of(touched.to_string(), "products with a known risk", "/systems"),
            Figure::of(planned.to_string(), "with a planned release", "/plan"),
            base.late(),
            base.kept(),
        ],
        dial: None,
        tables: vec![of_all(
            table("Risk and plan by product", columns, rows, "No product has a known risk."),
            touched,
        )],
    })
}

/// What a failure means, as the product's people said.
fn failure(system: &System) -> Cell {
    let told = system.failure.clone().filter(|text| !text.is_empty());
    told.map_or_else(|| Cell::unknown("the effect of a failure is not described"), Cell::text)
}

/// What a window does to a product that carries so much.
fn changes_in(window: &Window<'_>, weight: f64) -> String {
    let changes = count(i64::try_from(window.changes).unwrap_or(i64::MAX), "change", "changes");
    if weight <= 0.0 {
        return changes;
    }
    let part = (window.load / weight * 100.0).clamp(0.0, 100.0).round();
    // What is done now ends in no window: it is due when its findings are, which the column beside it says.
    if window.at_once {
        return format!("{changes}, {part:.0} % less risk");
    }
    let by = window.ends.strftime("%Y-%m-%d");
    format!("{changes} by {by}, {part:.0} % less risk")
}

async fn operations(app: &App, who: &Who, base: &Base) -> Result<Told, Problem> {
    let merged = FindingFilter { states: vec![FindingState::Merged], ..base.counting.clone() };
    let waiting = app.store.count_findings(who.org, &merged).await?;
    let since = base.now - SignedDuration::from_hours(24 * 14);
    let visible = base.counting.systems.as_deref();
    let broken = app.store.broken(who.org, visible, since, ROWS).await?;
    let agreed = app.agreed(who.org, base.now).await?;
    let production = agreed.production();
    let deployed = app.store.deployed_by_system(who.org).await?;
    let told = |s: &&System| {
        deployed.iter().any(|d| d.system == s.id && production.contains(&d.environment))
    };
    let known = base.systems.iter().filter(told).count();
    let row = |is: &Broken| {
        Row::of(vec![
            Cell::name(is.asset.1.clone(), format!("/findings?asset={}", is.asset.0)),
            Cell::text(is.environment.clone()),
            Cell::text(is.outcome.as_str()),
            Cell::Value(When::of(is.at, base.now).into()),
        ])
    };
    let columns = vec![
        Column::left("What").kept(),
        Column::left("Environment"),
        Column::left("How it ended").kept(),
        Column::right("When"),
    ];
    let rows: Vec<Row> = broken.iter().map(row).collect();
    let wrong = broken.len();
    // The list of *Today* is for who holds the side; else it stands below.
    let mine = who.roles().contains(&Role::Operations);
    let list = if mine { "/today/broken?side=operations" } else { "#lists" };
    let more = if wrong == ROWS { "+" } else { "" };
    Ok(Told {
        headline: format!(
            "{} to be rolled out; {} in the last 14 days.",
            match waiting.number {
                0 => "No finding waits".to_owned(),
                _ => many(waiting, "finding waits", "findings wait"),
            },
            match wrong {
                0 => "no deployment failed".to_owned(),
                1 => "1 deployment failed".to_owned(),
                _ => format!("{wrong}{more} deployments failed"),
            },
        ),
        figures: vec![
            Figure::of(
                shown(waiting),
                "fixed on the main line, still running",
                "/findings?counts=true&state=merged",
            ),
            Figure::of(format!("{wrong}{more}"), "failed deployments", list),
            Figure::of(
                format!("{known} of {}", base.systems.len()),
                "systems report what runs in production",
                "/systems",
            ),
            base.period("merged to deployed, median", "remediated", |is| {
                is.legs.deploy.map(|s| super::parts::days(s.median))
            }),
        ],
        dial: None,
        tables: vec![table(
            "Failed, with no deployment since",
            columns,
            rows,
            "No deployment failed in the last 14 days.",
        )],
    })
}

async fn leadership(app: &App, who: &Who, base: &Base) -> Result<Told, Problem> {
    let stage = maturity::of(app, who, None).await?;
    let (risks, _) = risks::page(app, who, None, ROWS).await?;
    let rows = risks.iter().map(|risk| {
        let [what, rating, how, owner, status] = risk.in_short();
        Row::of(vec![
            Cell::name(what, risk.href()),
            // As everywhere: a word and a shape.
            Cell::Mark(Level::from_word(rating).into()),
            Cell::text(how),
            Cell::text(owner),
            Cell::text(status),
        ])
    });
    let columns = vec![
        Column::left("Risk").kept(),
        Column::left("Rating").kept(),
        Column::left("Response"),
        Column::left("Owner"),
        Column::left("Status").kept(),
    ];
    let mut register =
        table("Risk register", columns, rows.collect(), "No risk is open or accepted.");
    register.csv = "/api/v1/risks.csv".into();
    let (number_of, words) = (stage.is.stage.number(), stage.is.stage.words());
    Ok(Told {
        headline: stage.headline(),
        figures: vec![
            Figure::of(format!("{number_of} of 5"), "maturity", "/maturity").noted(words),
            base.load(),
            base.kept(),
            base.took(),
        ],
        dial: base.dial(app, who).await?,
        tables: vec![goals(app, who, base.now).await?, register],
    })
}

/// So many goals are measured for a board: the newest.
const GOALS: usize = 50;

/// The goals that are shared and not over, those that are behind first.
async fn goals(app: &App, who: &Who, now: Timestamp) -> Result<Table, Problem> {
    let mut all = goaling::running(app, who, GOALS).await?;
    all.sort_by_key(|goal| goal.progress.standing != Standing::Behind);
    let rows = all.iter().take(ROWS).map(|goal| crate::web::goals::row(goal, now)).collect();
    Ok(table("Goals", crate::web::goals::columns(), rows, "No shared goal is running."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_now_promises_no_day() {
        let ends = Timestamp::from_second(1_796_000_000).unwrap();
        let of = |at_once| Window { ends, at_once, name: "x", changes: 1, points: 1.0, load: 12.0 };
        assert_eq!(changes_in(&of(true), 25.0), "1 change, 48 % less risk");
        let day = ends.strftime("%Y-%m-%d");
        assert_eq!(changes_in(&of(false), 25.0), format!("1 change by {day}, 48 % less risk"));
    }
}
