//! Reports as text, for snapshots.

use std::fmt::Write;

use trimtab_attributions::{Attributed, Report};
use trimtab_model::Diagnostic;

/// One line about a report.
pub(crate) fn line(name: &str, report: Result<Report, Diagnostic>) -> String {
    match report {
        Err(fault) => format!("{name:<70} refused: {}: {}\n", fault.code, fault.message),
        Ok(report) => {
            let all = &report.attributions;
            let count = |of: fn(&Attributed) -> bool| all.iter().filter(|one| of(one)).count();
            let left: usize = report.left_out.values().sum();
            format!(
                "{name:<70} {:<22} {:>3} attributions, {:>3} components, {:>3} with ids, {:>2} dismissed, {left:>3} left out\n",
                report.format.id,
                all.len(),
                count(|one| one.component.is_some()),
                count(|one| !one.ids.is_empty()),
                count(|one| one.dismissed.is_some()),
            )
        }
    }
}
