//! Findings that wait for a side.

use trimtab_model::Level;
use trimtab_store::{Cursor, FindingFilter, FindingOrder, FindingState, System, Waits};

use super::{Asking, List, Reach, Rows, Told};
use crate::api::cursor;
use crate::api::findings::WEEK;
use crate::problem::Problem;
use crate::weighing::Agreed;

/// Findings of a list.
///
/// # Errors
/// The store does not answer, or `after` was not given out.
pub(super) async fn findings(
    asking: &Asking<'_>,
    list: List,
    reach: &Reach,
    show: usize,
    after: Option<&str>,
) -> Result<Told, Problem> {
    let (store, org) = (&asking.app.store, asking.who.org);
    let of = FindingFilter { systems: reach.systems.clone(), ..FindingFilter::default() };
    let (filter, order) = match list {
        List::Unweighed => {
            (FindingFilter { waits: Some(Waits::Assessment), ..of }, FindingOrder::Newest)
        }
        List::Fresh => {
            let waits = Some(Waits::Above(lines(&asking.agreed)));
            let since = Some(asking.now - WEEK);
            (FindingFilter { counts: Some(true), since, waits, ..of }, FindingOrder::Newest)
        }
        _ => {
            let states = vec![FindingState::Open];
            let waits = Some(Waits::Choice);
            (FindingFilter { states, counts: Some(true), waits, ..of }, FindingOrder::Deadline)
        }
    };
    let total = store.count_findings(org, &filter).await?;
    let page = store.findings(org, &filter, order, cursor(after)?, show).await?;
    Ok(Told {
        count: total.number,
        is_least: total.is_least,
        rows: Rows::Findings(page.rows),
        next: page.next.map(Cursor::to_text),
    })
}

/// Up to which level the tiers of the charter accept findings, with their systems.
pub(crate) fn lines(agreed: &Agreed) -> Vec<(Level, Vec<i64>)> {
    let line = |system: &System| agreed.charter.tier(system.tier.as_deref()?)?.acceptable;
    let of = |level: Level| {
        let is = agreed.stored.iter().filter(|system| line(system) == Some(level));
        (level, is.map(|system| system.id).collect())
    };
    [Level::Low, Level::Medium, Level::High, Level::Critical].map(of).to_vec()
}
