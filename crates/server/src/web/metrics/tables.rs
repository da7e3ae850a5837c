//! The tables of metrics: by level, and by team or system.

use trimtab_engine::measure::Spread;
use trimtab_pages::part::{Cell, Column, Empty, Mark, Row, Table, number};

use super::{behind, days, known_before, percent, query, tenth};
use crate::measuring::question::{LEVELS, Measured, Numbers, told};

/// Time to remediate by level, in this period and the other.
pub(super) fn levels(is: &Measured) -> Table {
    let row = |(at, level): (usize, &trimtab_model::Level)| {
        let of = |numbers: &Numbers| numbers.by_level.get(at).copied().flatten();
        let (now, before) = (of(&is.now), of(&is.before));
        let list = behind(is, is.period, &format!("remediated&level={level}"));
        let then = behind(is, is.other, &format!("remediated&level={level}"));
        let cell = |is: Option<Spread>, pick: fn(Spread) -> f64, list: &str| {
            let none = || Cell::unknown("nothing of this level was fixed");
            days(is.map(pick)).map_or_else(none, |text| Cell::link(text, list))
        };
        Row::of(vec![
            Cell::Mark(Mark::from(*level)),
            Cell::link(now.map_or(0, |s| s.count).to_string(), list.clone()),
            cell(now, |s| s.median, &list),
            cell(before, |s| s.median, &then),
            cell(now, |s| s.p90, &list),
            cell(before, |s| s.p90, &then),
        ])
    };
    Table {
        title: "Time to remediate by level".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Level").kept(),
            Column::right("Fixed"),
            Column::right("Median").kept(),
            Column::right("Median of the other period"),
            Column::right("90th percentile").kept(),
            Column::right("90th of the other period"),
        ],
        rows: LEVELS.iter().enumerate().map(row).collect(),
        csv: format!("/metrics.csv?chart=levels&{}", query(is)).into(),
        ..Table::default()
    }
}

/// The same numbers by team or system.
pub(super) fn groups(is: &Measured) -> Table {
    let unknown = || Cell::unknown("nothing was fixed in this period");
    let row = |(name, id, now, before): &(String, i64, Numbers, Numbers)| {
        let dates = format!("from={}&to={}", told(is.period.first), told(is.period.last));
        let against = told(is.other.first);
        let here = format!("/metrics?{}={id}&{dates}&against={against}", is.by);
        // Of a team's systems, what that team was asked for there.
        let team = match (&is.team, is.by) {
            (Some(team), "system") => format!("&team={}", team.id),
            _ => String::new(),
        };
        let list = |of: &str| format!("/metrics/list?of={of}&{dates}&{}={id}{team}", is.by);
        let cell = |text: Option<String>, of: &str| {
            text.map_or_else(unknown, |text| Cell::link(text, list(of)))
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
            Cell::link(tenth(now.load.unwrap_or_default()), list("counting")),
            Cell::link(number(now.load_days.round()), list("load-days")),
            change,
            cell(days(now.fixed.map(|s| s.median)), "remediated"),
            cell(days(now.fixed.map(|s| s.p90)), "remediated"),
            percent(now.deadlines.share()).map_or_else(
                || Cell::unknown("no deadline fell into this period"),
                |text| Cell::link(text, list("due")),
            ),
            Cell::link(now.flow.found.to_string(), list("found")),
            Cell::link(now.flow.fixed.to_string(), list("fixed")),
            Cell::link(now.noise.interruptions.to_string(), list("interruptions")),
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
            Column::right("Interruptions"),
        ],
        rows: is.groups.iter().map(row).collect(),
        empty: Empty {
            why: format!("No {} is described yet, or none that you may see.", is.by),
            next: None,
        },
        csv: format!("/metrics.csv?chart=groups&{}", query(is)).into(),
        ..Table::default()
    }
}
