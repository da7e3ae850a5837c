//! What the year left of maturity, merges and branches: stages by week, a threshold of their own, who merged what, a branch
//! that nobody went on with.

use jiff::{SignedDuration, Timestamp};
use trimtab_store::{Judgement, Merger, NewVerdict, Org, StageDay, VerdictReason, VerdictSource};

use super::people::People;
use crate::facts::maturity;
use crate::state::App;

/// For so many weeks stages are there.
const WEEKS: i64 = 26;
/// So many updates were merged by somebody who is known.
const MERGED: usize = 12;

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Fills it in.
pub(super) async fn fill(
    app: &App,
    org: Org,
    people: &People,
    now: Timestamp,
) -> Result<(), String> {
    let (store, admin) = (&app.store, format!("person:{}", people.security));
    let why = "What is bought for a season sends no inventory.";
    let threshold = ("inventory-whole", Some(90), why);
    store.set_threshold(org, threshold, (&admin, now)).await.map_err(told)?;
    let (today, _) = maturity::of_day(app, org).await.map_err(|problem| problem.detail)?;
    let mut all: Vec<StageDay> = Vec::new();
    for is in &today {
        // It grew over the half year, and a week is missing, in which the server was moved.
        for week in (0..=WEEKS).filter(|week| *week != 9) {
            let less = week / 10;
            let (lost, stage) = (is.met.min(less * 2), (is.stage - less).max(1));
            let day = is.day - week * 7;
            all.push(StageDay { day, stage, met: is.met - lost, unmet: is.unmet + lost, ..*is });
        }
    }
    store.keep_stages(org, &all).await.map_err(told)?;
    let updates = store.all_applied(org, (None, None), None, None, 100).await.map_err(told)?;
    let merged = updates.rows.iter().filter(|is| is.merged.is_some()).take(MERGED);
    for (at, is) in merged.enumerate() {
        let person = if at.is_multiple_of(3) { people.operations } else { people.engineering };
        let merger = Merger { update: is.id, person, how: "git".to_owned(), at: is.merged };
        store
            .set_merger(org, (is.is.asset, &merger), None, ("token:1", now))
            .await
            .map_err(told)?;
    }
    store
        .leave_verdicts(org, now - SignedDuration::from_hours(24 * 40), now)
        .await
        .map_err(told)?;
    Ok(())
}

/// A change that the gate refuses, on a branch that nobody goes on with.
pub(super) async fn refuse(
    app: &App,
    org: Org,
    people: &People,
    at: Timestamp,
) -> Result<(), String> {
    let (store, admin) = (&app.store, format!("person:{}", people.security));
    let Some(asset) = store.assets(org, None, None, "", 1).await.map_err(told)?.pop() else {
        return Ok(());
    };
    let refused = NewVerdict {
        asset: asset.id,
        source: VerdictSource::Gate,
        judgement: Judgement::Refused,
        revision: None,
        branch: Some("try-another-parser".to_owned()),
        snapshot: None,
        headline: "Fails: a licence of it is denied.".to_owned(),
        charter: String::new(),
        reasons: vec![VerdictReason {
            rule: "trimtab.selection/licence".to_owned(),
            refuses: true,
            text: "the licence AGPL-3.0-only of a package is denied".to_owned(),
            next: "Choose another package.".to_owned(),
            brought: Some(true),
            ..VerdictReason::default()
        }],
    };
    store.add_verdict(org, &refused, &admin, at).await.map_err(told)?;
    Ok(())
}
