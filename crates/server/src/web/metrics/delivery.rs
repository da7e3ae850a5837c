//! How deployments that carried dependency updates go, beside all of them: the four delivery measures, and the list
//! behind each.

use jiff::Timestamp;
use trimtab_engine::measure::{Delivery, Shipped, Spread};
use trimtab_pages::part::{Cell, Column, Empty, Link, Row, Table, When};
use trimtab_store::Production;

use super::{behind, days, percent, query, tenth};
use crate::facts::counted::List;
use crate::measuring::question::{Measured, Period};
use crate::measuring::shipping::Both;
use crate::web::count;

/// Why a share of failures is not known.
const UNTOLD: &str = "no failed or rolled-back deployment had been reported by then";
/// Why nothing is known of a period.
const TOO_MANY: &str = "there are more deployments than are looked at";

/// A measure: its name, what its list is called, what it is in words, and as a number.
struct Measure {
    name: &'static str,
    about: &'static str,
    failed: bool,
    words: fn(&Delivery) -> Option<String>,
    value: fn(&Delivery) -> Option<f64>,
    none: &'static str,
}

fn median(of: Option<Spread>) -> Option<f64> {
    of.map(|spread| spread.median)
}

const MEASURES: [Measure; 4] = [
    Measure {
        name: "Deployment frequency",
        about: "changes of what runs in production, a week",
        failed: false,
        words: |is| Some(format!("{} a week, {} in all", tenth(is.a_week), is.deployments)),
        value: |is| Some(is.a_week),
        none: "",
    },
    Measure {
        name: "Lead time",
        about: "from the main line to production, median",
        failed: false,
        words: |is| days(median(is.lead)),
        value: |is| median(is.lead),
        none: "nothing was deployed of which it is known when it was received",
    },
    Measure {
        name: "Change failure rate",
        about: "failed, or rolled back later",
        failed: true,
        words: |is| {
            let share = percent(is.failure())?;
            Some(format!("{share}, {} of {}", is.failed?, is.deployments))
        },
        value: Delivery::failure,
        none: UNTOLD,
    },
    Measure {
        name: "Time to restore",
        about: "from there to when it ran again, median",
        failed: true,
        words: |is| {
            let took = days(median(is.restore))?;
            let down = if is.down > 0 { format!(", {} not yet", is.down) } else { String::new() };
            Some(format!("{took}{down}"))
        },
        value: |is| median(is.restore),
        none: "nothing failed and ran again, or nobody told so",
    },
];

/// The four measures, of this period and the other.
pub(super) fn table(is: &Measured) -> Table {
    let cell = |measure: &Measure, both: Option<&Both>, period: Period, ours: bool| {
        let Some(both) = both else { return Cell::unknown(TOO_MANY) };
        let of = if ours { &both.updates } else { &both.all };
        let list = match (ours, measure.failed) {
            (true, false) => "updates-deployed",
            (true, true) => "updates-failed",
            (false, false) => "deployments",
            (false, true) => "deployments-failed",
        };
        if of.deployments == 0 && measure.failed {
            return Cell::unknown("nothing was deployed");
        }
        let few = if of.is_few() && measure.failed { " (few)" } else { "" };
        (measure.words)(of).map_or_else(
            || Cell::unknown(measure.none),
            |words| Cell::link(format!("{words}{few}"), behind(is, period, list)),
        )
    };
    let row = |measure: &Measure| {
        let (now, before) = (is.delivered.now.as_ref(), is.delivered.before.as_ref());
        Row::of(vec![
            Cell::Name(Link::words(measure.name), measure.about.to_owned()),
            cell(measure, now, is.period, true),
            cell(measure, now, is.period, false),
            cell(measure, before, is.other, true),
            cell(measure, before, is.other, false),
        ])
    };
    Table {
        title: "Delivery: with updates, and all".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Measure").kept(),
            Column::right("With updates").kept(),
            Column::right("All deployments").kept(),
            Column::right("With updates, the other period"),
            Column::right("All, the other period"),
        ],
        rows: MEASURES.iter().map(row).collect(),
        csv: format!("/metrics.csv?chart=delivery&{}", query(is)).into(),
        ..Table::default()
    }
}

/// The same for a program: unknown is empty.
pub(super) fn rows(is: &Measured) -> Vec<Vec<String>> {
    let head = ["measure", "with updates", "all", "with updates before", "all before"];
    let mut rows = vec![head.iter().map(ToString::to_string).collect::<Vec<_>>()];
    let (now, before) = (is.delivered.now.as_ref(), is.delivered.before.as_ref());
    let mut add = |name: &str, value: &dyn Fn(&Delivery) -> Option<f64>| {
        let of = |both: Option<&Both>, ours: bool| {
            let both = both?;
            value(if ours { &both.updates } else { &both.all })
        };
        let all = [of(now, true), of(now, false), of(before, true), of(before, false)];
        let mut row = vec![name.to_owned()];
        row.extend(all.map(super::csv::plain));
        rows.push(row);
    };
    add("deployments", &|of| Some(of.deployments as f64));
    for (name, measure) in ["a week", "lead days, median", "failed, share", "restored days, median"]
        .iter()
        .zip(&MEASURES)
    {
        add(name, &measure.value);
    }
    rows
}

/// How many there are, and from when on they are known where not all of them are: the number of the whole is unknown then.
fn since(number: &str, begins: Option<Timestamp>) -> String {
    begins.map_or_else(
        || format!("{number}."),
        |at| {
            let at = at.strftime("%Y-%m-%d %H:%M UTC");
            format!("{number} since {at}: what was before is more than is looked at, and unknown.")
        },
    )
}

/// Deployments one by one, with a headline.
pub(super) fn list(
    list: &List,
    all: &[(Shipped, Production)],
    begins: Option<Timestamp>,
) -> (Table, String) {
    let row = |(is, of): &(Shipped, Production)| {
        let system = of.system.and_then(|id| list.is.systems.iter().find(|s| s.id == id));
        let how = match (is.failed, is.restored) {
            (false, _) => "runs".to_owned(),
            (true, None) => "failed".to_owned(),
            (true, Some(at)) => {
                let took = at.duration_since(is.at).as_secs_f64() / 86_400.0;
                format!("failed, restored after {}", days(Some(took)).unwrap_or_default())
            }
        };
        let updates = match is.updates.as_slice() {
            [] => Cell::Nothing,
            [one] => Cell::link("1 update", format!("/updates/{one}")),
            [one, rest @ ..] => {
                Cell::link(format!("{} updates", rest.len() + 1), format!("/updates/{one}"))
            }
        };
        Row::of(vec![
            Cell::Name(
                Link::to(of.asset.1.clone(), format!("/assets/{}", of.asset.0)),
                of.environment.clone(),
            ),
            match system {
                Some(system) => Cell::link(system.name.clone(), format!("/systems/{}", system.id)),
                None => Cell::unknown("the asset is assigned to no system"),
            },
            Cell::text(how),
            is.lead.map_or_else(
                || Cell::unknown("when it was received is not known, or later"),
                |lead| Cell::text(tenth(lead)),
            ),
            updates,
            Cell::Value(When::of(is.at.min(list.now), list.now).into()),
        ])
    };
    let table = Table {
        title: "Deployments".to_owned(),
        columns: vec![
            Column::left("What").kept(),
            Column::left("System"),
            Column::left("How").kept(),
            Column::right("Lead days"),
            Column::right("Updates"),
            Column::right("When").kept(),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "Nothing was deployed.".to_owned(), next: None },
        ..Table::default()
    };
    let total = i64::try_from(list.total).unwrap_or(i64::MAX);
    let number = count(total, "deployment", "deployments");
    (table, since(&number, begins))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_list_that_is_cut_says_where_it_begins() {
        assert_eq!(super::since("3 deployments", None), "3 deployments.");
        let at = "2026-03-02T10:00:00Z".parse().unwrap();
        let told = super::since("20000 deployments", Some(at));
        assert!(told.starts_with("20000 deployments since 2026-03-02 10:00 UTC"), "{told}");
    }
}
