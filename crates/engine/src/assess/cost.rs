//! What removing a finding costs, in points: a range, with its reasons. Before there is a plan, only
//! the nearest fixed version is known; the planner makes the range narrower.

use trimtab_model::Relation;
use trimtab_model::assessment::{Cost, CostReason};
use trimtab_model::charter::CostModel;
use trimtab_model::finding::Finding;

pub use trimtab_model::distance::{Distance, distance};

use super::Situation;

/// What removing a finding costs.
pub fn cost(finding: &Finding, situation: &Situation, model: &CostModel) -> Cost {
    let Some(fix) = finding.nearest_fix.as_deref() else {
        return Cost::Unknown { because: "no source names a fixed version".into() };
    };
    let installed = finding.version();
    let mut reasons = Vec::with_capacity(3);
    let mut add = |what: String, (least, most): (f64, f64)| {
        reasons.push(CostReason { what: what.into(), least, most });
    };
    match distance(installed, fix) {
        Some(step) => {
            let points = match step {
                Distance::Patch => model.patch,
                Distance::Minor => model.minor,
                Distance::Major => model.major,
            };
            add(format!("{} release, {installed} to {fix}", step.as_str()), points);
        }
        None => {
            let points = (model.patch.0, model.major.1);
            add(format!("distance from {installed} to {fix} unknown"), points);
        }
    }
    match situation.relation {
        Relation::Own | Relation::Direct => {}
        Relation::Transitive => add("something else brings it in".to_owned(), model.transitive),
        Relation::Unknown => add("who brings it in is unknown".to_owned(), model.transitive),
    }
    let further = situation.files.saturating_sub(1);
    if further > 0 {
        // More than a hundred files are one change by a script.
        let n = further.min(100) as f64;
        add(
            format!("{} files list it", situation.files),
            (model.per_file.0 * n, model.per_file.1 * n),
        );
    }
    let sum = |part: fn(&CostReason) -> f64| reasons.iter().map(part).sum();
    Cost::Range { least: sum(|r| r.least), most: sum(|r| r.most), reasons }
}
