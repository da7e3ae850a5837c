//! Verdicts of the gate that the server keeps: what it answered to who waited, what `trimtab gate` and `check-new` said
//! and somebody sent, and a near miss that is opened out of a refusal.

mod near_miss;
mod reading;

use jiff::{SignedDuration, Timestamp};
use trimtab_model::charter::{Charter, Term};
use trimtab_store::{
    Asset, FindingFilter, FindingOrder, FindingState, Judgement, NewVerdict, Verdict,
    VerdictReason, VerdictSource,
};

pub(crate) use near_miss::{is_near_miss, near_miss, title};
pub(crate) use reading::read;

use crate::access::{Action, On, Who};
use crate::api::on;
use crate::problem::Problem;
use crate::state::App;

/// After so many days without anything a branch is left, where the charter has no deadline in days; at least, and at most.
const USUAL: i64 = 30;
/// See there.
const SHORTEST: i64 = 14;
/// See there.
const LONGEST: i64 = 90;
/// The longest name of a package that is read and looked for, in characters.
const NAME: usize = 1_000;
/// Of how many vulnerabilities the finding here is looked up.
const NAMED: usize = 100;

/// Where a verdict was said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) revision: Option<String>,
    pub(crate) branch: Option<String>,
    pub(crate) snapshot: Option<i64>,
}

/// Keeps verdicts of an asset, with the findings here that they are about. Returns the id of each, and whether it is new.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn keep(
    app: &App,
    who: &Who,
    all: &mut [NewVerdict],
    (made, now): (Timestamp, Timestamp),
) -> Result<Vec<(i64, bool)>, Problem> {
    let mut kept = Vec::with_capacity(all.len());
    for new in all {
        place(app, who, new).await?;
        let actor = who.actor();
        kept.push(app.store.add_verdict_made(who.org, new, &actor, (made, now)).await?);
    }
    Ok(kept)
}

/// How long nothing may come on a branch before it is left: as long as the longest deadline of the charter that is a number
/// of days, 14 days at least and 90 at most.
pub(crate) fn patience(charter: &Charter) -> SignedDuration {
    let sprint = charter.calendar.sprint.map_or(0, |(_, days)| i64::from(days));
    let days = |term: &Term| match term {
        Term::Hours(hours) => i64::from(hours.div_ceil(24)),
        Term::Days(days) => i64::from(*days),
        Term::WorkingDays(days) => i64::from(days.saturating_mul(7).div_ceil(5)),
        Term::Sprints(count) => i64::from(*count).saturating_mul(sprint),
        Term::Catalogue | Term::Opportunistic => 0,
    };
    let all = charter.deadlines.terms.iter().flat_map(|(_, terms)| terms.iter().map(days));
    let longest = all.max().filter(|days| *days > 0).unwrap_or(USUAL);
    SignedDuration::from_hours(24 * longest.clamp(SHORTEST, LONGEST))
}

/// Says which findings here the reasons are about, where it is one alone.
async fn place(app: &App, who: &Who, new: &mut NewVerdict) -> Result<(), Problem> {
    let asset = new.asset;
    let named = new.reasons.iter_mut().filter(|is| is.finding.is_none());
    for reason in named.take(NAMED) {
        let Some(name) = &reason.vulnerability else { continue };
        let Some((id, _)) = app.store.vulnerability_of(who.org, name).await? else { continue };
        let filter = FindingFilter {
            asset: Some(asset),
            vulnerability: Some(id),
            states: vec![FindingState::Open, FindingState::Merged],
            ..FindingFilter::default()
        };
        let page = app.store.findings(who.org, &filter, FindingOrder::Level, None, 2).await?;
        if let [one] = page.rows.as_slice() {
            reason.finding = Some(one.id);
            reason.package = Some(one.component.1.clone());
        }
    }
    Ok(())
}

/// Keeps what the server itself answered to who waited.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn answered(
    app: &App,
    who: &Who,
    asset: &Asset,
    change: &Change,
    (judgement, headline, reasons): (Judgement, String, Vec<VerdictReason>),
) -> Result<(), Problem> {
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let charter = &agreed.charter;
    let new = NewVerdict {
        asset: asset.id,
        source: VerdictSource::Push,
        judgement,
        revision: change.revision.clone(),
        branch: change.branch.clone(),
        snapshot: change.snapshot,
        headline,
        charter: format!("{} {}", charter.name, charter.version),
        reasons,
    };
    app.store.add_verdict(who.org, &new, &who.actor(), now).await?;
    Ok(())
}

/// A verdict that they may see, and where its asset is.
///
/// # Errors
/// There is none, or they may not see it: the answer is the same.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<(Verdict, On), Problem> {
    let missing = || Problem::not_found("verdict");
    if !who.may_somewhere(Action::View) {
        return Err(missing());
    }
    let is = app.store.verdict(who.org, id).await?.ok_or_else(missing)?;
    let place = on(&app.store, who.org, is.system).await?;
    if who.may(Action::View, place) { Ok((is, place)) } else { Err(missing()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_left_after_the_longest_deadline_of_the_charter() {
        let days = |charter: &Charter| patience(charter).as_hours() / 24;
        let mut charter = trimtab_charter::preset::default();
        let mut of = |terms: [Term; 4]| {
            charter.deadlines.terms = vec![(None, terms)];
            days(&charter)
        };
        let none = Term::Opportunistic;
        assert_eq!(of([none, none, none, Term::Hours(48)]), 14, "not at once");
        assert_eq!(of([Term::Days(60), none, none, Term::Days(3)]), 60);
        assert_eq!(of([Term::WorkingDays(20), none, none, none]), 28);
        assert_eq!(of([Term::Days(365), none, none, none]), 90);
        assert_eq!(of([none, Term::Catalogue, none, none]), 30);
    }
}
