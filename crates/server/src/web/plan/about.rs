//! What a plan comes to beside its windows: since when it is kept, what one more point would do, how sure it is.

use jiff::Timestamp;
use trimtab_engine::plan::tell;
use trimtab_pages::part::{Pairs, Value, When};
use trimtab_store::TeamPlan;

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
        Some(None) => Value::Unknown("it is kept soon".to_owned()),
        None => Value::Unknown("a trial is not kept".to_owned()),
    };
    Pairs(vec![
        ("Made".to_owned(), kept),
        ("One more point".to_owned(), more),
        ("If nothing is done".to_owned(), tell::nothing(plan).into()),
        (
            "How near to the best".to_owned(),
            format!("no plan is better by more than {:.1} %", plan.worth.gap * 100.0).into(),
        ),
        ("How sure".to_owned(), sure(planned).into()),
        ("Points".to_owned(), points(planned).into()),
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
    match planned.finished {
        0 => "the charter's, as a prior: no finished update of this team says what it took"
            .to_owned(),
        1 => {
            "estimated from the charter's as a prior and 1 finished update of this team".to_owned()
        }
        n => {
            format!("estimated from the charter's as a prior and {n} finished updates of this team")
        }
    }
}
