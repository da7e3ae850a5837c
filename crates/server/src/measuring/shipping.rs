//! What was deployed to production, and which updates came with it: read from the store, reckoned by the engine.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::measure::{Delivery, Ended, Landed, Shipped, Told, delivery, shipped};
use trimtab_store::{Org, Outcome, Production};

use super::question::Period;
use super::then::Times;
use crate::problem::Problem;
use crate::state::App;

/// How long before a period is looked at: an update may wait so long on the main line.
const WAITING: SignedDuration = SignedDuration::from_hours(24 * 180);
/// How many deployments, and how many updates, are looked at: the newest.
const LOOKED: usize = 20_000;

/// What was deployed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shipping {
    /// The changes, in the order of time.
    all: Vec<Shipped>,
    /// The deployments, by their ids.
    of: HashMap<i64, Production>,
    /// When it was first told that one ended other than well: before that nobody knows whether it would be told.
    told: Option<Timestamp>,
    /// Since when all of them are known. `None`: as far as was looked.
    whole_since: Option<Timestamp>,
    /// When what was production.
    times: Times,
}

/// The measures of deployments that carried updates, and of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Both {
    pub(crate) updates: Delivery,
    pub(crate) all: Delivery,
}

impl Shipping {
    /// What was deployed to production of some systems, as far as periods from a moment on need it. `None`: of all.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn of(
        app: &App,
        org: Org,
        systems: Option<&[i64]>,
        first: Timestamp,
    ) -> Result<Shipping, Problem> {
        let when = app.production_times(org).await?;
        let since = first - WAITING;
        let store = &app.store;
        let times = when.production.as_slice();
        let found = store.deployed_into(org, times, systems, since, LOOKED).await?;
        let merged = store.merged_updates(org, systems, since, LOOKED).await?;
        let told = store.first_failure(org, times, systems).await?;
        let cut = |many: usize| many >= LOOKED;
        let oldest = found.last().map(|is| is.at).filter(|_| cut(found.len()));
        let landed_since = merged.last().map(|is| is.at).filter(|_| cut(merged.len()));
        // What ran at the beginning: the first deployment of something else is a change, the same again is none.
        let begun = oldest.unwrap_or(since);
        let ran = store.ran_before(org, times, systems, begun, LOOKED).await?;
        let ran: Vec<Production> =
            ran.into_iter().map(|is| Production { outcome: Outcome::Ok, ..is }).collect();
        let one = |is: &Production| {
            let ended = match is.outcome {
                Outcome::Ok => Ended::Ok,
                Outcome::Failed => Ended::Failed,
                Outcome::RolledBack => Ended::Back,
                Outcome::Stopped => return None,
            };
            Some(Told {
                id: is.id,
                asset: is.asset.0,
                environment: is.environment.as_str().into(),
                snapshot: is.snapshot,
                received: is.received,
                main: is.main,
                at: is.at,
                ended,
            })
        };
        let all: Vec<Told> = ran.iter().chain(&found).filter_map(one).collect();
        let landed = merged.iter().filter_map(|is| {
            let (update, asset) = (is.update, is.asset);
            Some(Landed { update, asset, since: is.since?, until: is.reverted })
        });
        let landed: Vec<Landed> = landed.collect();
        let mut all = shipped(&all, &landed);
        let of: HashMap<i64, Production> = found.into_iter().map(|is| (is.id, is)).collect();
        // What was deployed while it was no production says what ran there, and counts as none.
        all.retain(|one| {
            of.get(&one.id).is_some_and(|is| when.is_production(&is.environment, is.at))
        });
        Ok(Shipping { all, of, told, whole_since: oldest.max(landed_since), times: when })
    }

    /// The measures of a period, up to now. `None`: not all of it is known.
    pub(crate) fn both(&self, period: Period, now: Timestamp) -> Option<Both> {
        let (from, to) = period.bounds();
        let span = (from, to.min(now).max(from));
        let is_cut = self.whole_since.is_some_and(|since| from < since);
        if is_cut || self.times.is_unknown(span) {
            return None;
        }
        let ours = self.all.iter().filter(|one| !one.updates.is_empty());
        let told = self.told.is_some_and(|first| first < span.1);
        Some(Both {
            updates: delivery(ours, span, told),
            all: delivery(self.all.iter(), span, told),
        })
    }

    /// From when on the changes of a period are known, where there were more than were looked at.
    pub(crate) fn begins(&self, period: Period) -> Option<Timestamp> {
        let (from, _) = period.bounds();
        self.whole_since.filter(|since| from < *since)
    }

    /// The changes of a period with their deployments, the last first: those with updates alone, those that failed alone.
    pub(crate) fn within(
        &self,
        period: Period,
        now: Timestamp,
        (ours, failed): (bool, bool),
    ) -> Vec<(Shipped, Production)> {
        let (from, to) = period.bounds();
        let to = to.min(now).max(from);
        let from = self.whole_since.map_or(from, |since| from.max(since));
        let wanted = |one: &&Shipped| {
            from <= one.at
                && one.at < to
                && (!ours || !one.updates.is_empty())
                && (!failed || one.failed)
        };
        let pair = |one: &Shipped| Some((one.clone(), self.of.get(&one.id)?.clone()));
        self.all.iter().rev().filter(wanted).filter_map(pair).collect()
    }
}
