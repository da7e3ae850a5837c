//! Whether what was uploaded keeps to the agreement: for a CI that waits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_model::Level;
use trimtab_store::{Asset, Finding, FindingFilter, FindingOrder, FindingState};
use utoipa::ToSchema;

use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;

/// The most findings that are looked at, new ones and late ones each.
const MOST: usize = 2_000;

/// Whether an asset's main line keeps to the agreement after a document of it was read.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// `fails`: a new finding is above the level that the tier accepts, or one is past its deadline. `passes`: none is.
    /// `unknown`: none is known to be, but the asset has no system with a tier of the charter, or a new finding was
    /// not weighed, or there are more than are looked at.
    verdict: &'static str,
    /// The level up to which the tier of the asset's system accepts findings; `none`. Left out: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    acceptable: Option<String>,
    /// New findings that nobody decided on, by level; `unknown`: not weighed.
    new: BTreeMap<&'static str, usize>,
    /// How many of them are above what is accepted. Left out: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    above: Option<usize>,
    /// Findings, new or not, that nobody decided on and whose deadline is over.
    late: usize,
}

/// The verdict on an asset, where findings since a moment are new.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(
    app: &App,
    who: &Who,
    asset: &Asset,
    since: Timestamp,
) -> Result<Verdict, Problem> {
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let system = asset.system.and_then(|id| agreed.systems.get(&id));
    let tier = system.and_then(|system| agreed.charter.tier(system.tier.as_deref()?));
    let own = FindingFilter { asset: Some(asset.id), ..FindingFilter::default() };
    let new = FindingFilter { since: Some(since), ..own.clone() };
    let due = FindingFilter { due_before: Some(now), ..own };
    let (new, more) = all(app, who, &new).await?;
    let (late, more_late) = all(app, who, &due).await?;
    Ok(judged(&new, late.len(), tier.map(|tier| tier.acceptable), more || more_late))
}

/// The undecided findings of the main line, and whether there are more than are looked at.
async fn all(
    app: &App,
    who: &Who,
    filter: &FindingFilter,
) -> Result<(Vec<Option<Level>>, bool), Problem> {
    let (mut levels, mut after, mut looked) = (Vec::new(), None, 0);
    loop {
        let page = app.store.findings(who.org, filter, FindingOrder::Level, after, 500).await?;
        looked += page.rows.len();
        let open = |is: &&Finding| {
            let decided = is.weighed.as_ref().is_some_and(|w| w.decision.is_some());
            is.state == FindingState::Open && !decided
        };
        levels.extend(page.rows.iter().filter(open).map(|is| is.weighed.as_ref().map(|w| w.level)));
        match page.next {
            Some(next) if looked < MOST => after = Some(next),
            next => return Ok((levels, next.is_some())),
        }
    }
}

fn judged(
    new: &[Option<Level>],
    late: usize,
    acceptable: Option<Option<Level>>,
    more: bool,
) -> Verdict {
    let mut by: BTreeMap<&'static str, usize> = BTreeMap::new();
    for level in new {
        *by.entry(level.map_or("unknown", Level::as_str)).or_default() += 1;
    }
    let above =
        acceptable.map(|most| new.iter().flatten().filter(|level| Some(**level) > most).count());
    let verdict = match above {
        _ if late > 0 => "fails",
        Some(above) if above > 0 => "fails",
        Some(_) if !more && new.iter().all(Option::is_some) => "passes",
        None if !more && new.is_empty() => "passes",
        _ => "unknown",
    };
    let acceptable = acceptable.map(|most| most.map_or("none", Level::as_str).to_owned());
    Verdict { verdict, acceptable, new: by, above, late }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_does_not_pass() {
        let (low, high) = (Some(Level::Low), Some(Level::High));
        let verdict = |new: &[Option<Level>], late, acceptable, more| {
            let is = judged(new, late, acceptable, more);
            format!("{} {:?}", is.verdict, is.above)
        };
        assert_eq!(verdict(&[], 0, Some(low), false), "passes Some(0)");
        assert_eq!(verdict(&[low], 0, Some(low), false), "passes Some(0)");
        assert_eq!(verdict(&[low, high, high], 0, Some(low), false), "fails Some(2)");
        // A tier that accepts nothing.
        assert_eq!(verdict(&[low], 0, Some(None), false), "fails Some(1)");
        assert_eq!(verdict(&[], 0, Some(None), false), "passes Some(0)");
        assert_eq!(verdict(&[low, None], 0, Some(low), false), "unknown Some(0)");
        assert_eq!(verdict(&[low], 0, Some(low), true), "unknown Some(0)");
        assert_eq!(verdict(&[low], 0, None, false), "unknown None");
        assert_eq!(verdict(&[], 0, None, false), "passes None");
        for acceptable in [None, Some(None), Some(high)] {
            assert!(verdict(&[], 1, acceptable, true).starts_with("fails"));
        }
        let by = judged(&[low, None, high, high], 0, None, false).new;
        assert_eq!(by, BTreeMap::from([("high", 2), ("low", 1), ("unknown", 1)]));
    }
}
