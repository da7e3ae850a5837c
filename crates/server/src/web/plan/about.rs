//! What a plan comes to beside its windows: since when it is kept, what one more point would do, how sure it is.

use jiff::Timestamp;
use trimtab_engine::plan::learn::{Source, Taught};
use trimtab_engine::plan::tell;
use trimtab_pages::part::{Cell, Column, Link, Pairs, Row, Table, Value, When, number};
use trimtab_store::TeamPlan;

use super::range;
use crate::planning::{Planned, Sure};

/// `kept` is the plan that is kept, if one is; for a trial it is not asked.
pub(super) fn about(planned: &Planned, kept: Option<Option<&TeamPlan>>, now: Timestamp) -> Pairs {
    let plan = &planned.plan;
    let more = plan.margins.iter().max_by(|a, b| a.saves.total_cmp(&b.saves));
    let more = more.map_or_else(
        || "would change nothing in these windows".into(),
        |margin| Value::Text(tell::margin(&planned.question, margin)),
    );
    let kept = match kept {
        Some(Some(kept)) => When::of(kept.made, now).into(),
        Some(None) => Value::Unknown("it is being saved".to_owned()),
        None => Value::Unknown("a trial is not kept".to_owned()),
    };
    Pairs(vec![
        ("Made".to_owned(), kept),
        ("One more point".to_owned(), more),
        ("Without the plan".to_owned(), tell::nothing(plan).into()),
        (
            "Optimality gap".to_owned(),
            format!("no plan is better by more than {:.1} %", plan.worth.gap * 100.0).into(),
        ),
        ("How sure".to_owned(), sure(planned).into()),
        ("Costs are based on".to_owned(), points(planned).into()),
    ])
}

/// How many changes a package manager confirmed, and how many wait for it.
fn sure(planned: &Planned) -> String {
    let of = |is: fn(&Sure) -> bool| planned.changes.iter().filter(|c| is(&c.sure)).count();
    let confirmed = of(|s| matches!(s, Sure::Confirmed(_)));
    let old = of(|s| matches!(s, Sure::Old(_)));
    let mut text =
        format!("{confirmed} of {} confirmed by a package manager", planned.changes.len());
    if old > 0 {
        text += &format!(", {old} for an older snapshot");
    }
    text + "; the other versions are those that advisories name. `trimtab push --plan` after `trimtab plan` confirms them"
}

/// What points rest on.
fn points(planned: &Planned) -> String {
    match planned.learnt.updates {
        0 => "the charter and published priors: no update of this team has finished yet".to_owned(),
        1 => "the charter as a prior, and 1 finished update of this team".to_owned(),
        n => format!("the charter as a prior, and {n} finished updates of this team"),
    }
}

/// What updates that are over taught. `None`: there are none.
pub(super) fn taught(planned: &Planned, id: i64) -> Option<Table> {
    let row = |of: &Taught| {
        let (finished, reverted) = match of.is.source {
            Source::Prior => (0, 0),
            Source::Team { finished, reverted } => (finished, reverted),
        };
        let mut said = vec![match of.sort.distance {
            Some(step) => format!("{} step", step.as_str()),
            None => "distance unknown".to_owned(),
        }];
        if of.sort.transitive {
            said.push("something else brings it in".to_owned());
        }
        let share = |share: f64| format!("{:.0} %", (share * 100.0).round());
        let (is, prior) = (&of.is, &of.prior);
        Row::of(vec![
            Cell::Name(
                Link::to(of.sort.kind.as_str(), format!("/updates?team={id}")),
                said.join(", "),
            ),
            Cell::text(finished.to_string()),
            Cell::text(reverted.to_string()),
            Cell::text(format!(
                "{}, was {}",
                range(is.least, is.most),
                range(prior.least, prior.most)
            )),
            Cell::text(format!("{}, was {}", share(is.confidence), share(prior.confidence))),
            of.days.map_or_else(
                || Cell::unknown("of none is known when it was merged"),
                |days| Cell::text(number(days)),
            ),
        ])
    };
    let rows: Vec<Row> = planned.learnt.taught.iter().map(row).collect();
    (!rows.is_empty()).then(|| Table {
        title: "Learnt from finished changes".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Change").kept(),
            Column::right("Finished"),
            Column::right("Taken back"),
            Column::right("Points").kept(),
            Column::right("Holds"),
            Column::right("Working days to merge"),
        ],
        rows,
        ..Table::default()
    })
}
