//! Whether what was uploaded keeps to the agreement: for a CI that waits.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use trimtab_model::Level;
use trimtab_store::{
    Asset, Finding, FindingFilter, FindingOrder, FindingState, Judgement, VerdictReason,
};
use utoipa::ToSchema;

use crate::access::Who;
use crate::judging::{self, Change};
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::short;

/// The most findings that are looked at, new ones and late ones each.
const MOST: usize = 2_000;

/// Whether an asset's main line keeps to the agreement after a document of it was read.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// `fails`: a new finding is above the level that the tier accepts, or one is past its deadline. `passes`: none is.
    /// `unknown`: none is known to be, but the asset has no system with a tier of the charter, or a new finding was
    /// not weighed, or there are more than are looked at.
    verdict: &'static str,
    /// The level up to which the tier of the asset's system accepts findings; `none`. If absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    acceptable: Option<String>,
    /// New findings that nobody decided on, by level; `unknown`: not weighed.
    new: BTreeMap<&'static str, usize>,
    /// How many of them are above what is accepted. If absent: not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    above: Option<usize>,
    /// Findings, new or not, that nobody decided on and whose deadline is over.
    late: usize,
}

/// The verdict on an asset, where findings since a moment are new. It is kept, with why.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(
    app: &App,
    who: &Who,
    asset: &Asset,
    change: &Change,
    since: Timestamp,
) -> Result<Verdict, Problem> {
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let system = asset.system.and_then(|id| agreed.systems.get(&id));
    let tier = system.and_then(|system| agreed.charter.tier(system.tier.as_deref()?));
    let own = FindingFilter { asset: Some(asset.id), ..FindingFilter::default() };
    // What this document brings back to the main line is brought by it as well.
    let new = FindingFilter { came: Some(since), ..own.clone() };
    let due = FindingFilter { due_before: Some(now), ..own };
    let (new, more) = all(app, who, &new).await?;
    let (late, more_late) = all(app, who, &due).await?;
    let acceptable = tier.map(|tier| tier.acceptable);
    let levels: Vec<Option<Level>> = new.iter().map(level).collect();
    let verdict = judged(&levels, late.len(), acceptable, more || more_late);
    let told = (verdict.judgement(), verdict.headline(), reasons(&new, &late, acceptable));
    judging::answered(app, who, asset, change, told).await?;
    Ok(verdict)
}

fn level(is: &Finding) -> Option<Level> {
    is.weighed.as_ref().map(|weighed| weighed.level)
}

/// Why: what is late, what is new and above what is accepted, and what is new and was not weighed.
fn reasons(
    new: &[Finding],
    late: &[Finding],
    acceptable: Option<Option<Level>>,
) -> Vec<VerdictReason> {
    let is_new = |is: &Finding| new.iter().any(|one| one.id == is.id);
    let reason = |is: &Finding, rule: &str, refuses, what: String| {
        let (package, version) = short(&is.component.1);
        VerdictReason {
            rule: rule.to_owned(),
            refuses,
            text: format!("{} in {package} {version} {what}", is.vulnerability.1),
            next: is.fix.as_ref().map(|fix| format!("Raise it to {fix}.")).unwrap_or_default(),
            vulnerability: Some(is.vulnerability.1.clone()),
            package: Some(is.component.1.clone()),
            level: level(is).map(|level| level.as_str().to_owned()),
            finding: Some(is.id),
            brought: Some(is_new(is)),
        }
    };
    let mut all: Vec<VerdictReason> = late
        .iter()
        .map(|is| reason(is, "past-deadline", true, "is past its deadline".to_owned()))
        .collect();
    let is_late = |is: &&Finding| late.iter().any(|one| one.id == is.id);
    for is in new.iter().filter(|is| !is_late(is)) {
        match (level(is), acceptable) {
            (Some(level), Some(most)) if Some(level) > most => {
                let most = most.map_or("none", Level::as_str);
                let what = format!("is {}; its tier accepts {most}", level.as_str());
                all.push(reason(is, "above-accepted", true, what));
            }
            (None, _) => {
                all.push(reason(is, "not-weighed", false, "was not weighed".to_owned()));
            }
            _ => {}
        }
    }
    if acceptable.is_none() && !new.is_empty() {
        all.push(VerdictReason {
            rule: "no-tier".to_owned(),
            text: "What is accepted is not known: it has no system with a tier of the charter"
                .to_owned(),
            next: "Give the asset's system a tier.".to_owned(),
            ..VerdictReason::default()
        });
    }
    all.sort_by_key(|reason| !reason.refuses);
    all
}

impl Verdict {
    /// What is kept of it.
    fn judgement(&self) -> Judgement {
        match self.verdict {
            "passes" => Judgement::Passed,
            "fails" => Judgement::Refused,
            _ => Judgement::Unknown,
        }
    }

    /// In a sentence.
    fn headline(&self) -> String {
        let above = match self.above {
            Some(above) => format!("new findings above what is accepted: {above}"),
            None => "what is accepted is not known".to_owned(),
        };
        let first = match self.judgement() {
            Judgement::Passed => "Passes",
            Judgement::Refused => "Fails",
            Judgement::Unknown => "Not known",
        };
        format!("{first}: {above}; past their deadline: {}.", self.late)
    }
}

/// The undecided findings of the main line that are looked at, and whether there are more than are looked at.
async fn all(
    app: &App,
    who: &Who,
    filter: &FindingFilter,
) -> Result<(Vec<Finding>, bool), Problem> {
    let (mut all, mut after, mut looked) = (Vec::new(), None, 0);
    loop {
        let page = app.store.findings(who.org, filter, FindingOrder::Level, after, 500).await?;
        looked += page.rows.len();
        let open = |is: &Finding| {
            let decided = is.weighed.as_ref().is_some_and(|w| w.decision.is_some());
            is.state == FindingState::Open && !decided
        };
        all.extend(page.rows.into_iter().filter(open));
        match page.next {
            Some(next) if looked < MOST => after = Some(next),
            next => return Ok((all, next.is_some())),
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
