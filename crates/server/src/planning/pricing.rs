//! What the changes of a team remove and cost, as candidates of a plan.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use trimtab_engine::plan::learn::Finished;
use trimtab_engine::repository::ids;
use trimtab_model::charter::Charter;
use trimtab_model::plan;
use trimtab_store::{Finding, Placement, PlannedChange, Scheduled};

use super::changes::{Priced, Tries};
use super::{Change, also};
use crate::opened::Opened;

/// What changes are priced by.
pub(super) struct Pricing<'a> {
    pub(super) findings: &'a [Finding],
    pub(super) tries: &'a Tries,
    pub(super) charter: &'a Charter,
    /// What the team finished.
    pub(super) finished: &'a [Finished],
    /// The points that people gave in tickets.
    pub(super) pointed: HashMap<&'a PlannedChange, f64>,
    pub(super) index: Option<Arc<Opened>>,
}

impl Pricing<'_> {
    /// A change as it may be planned. `None`: no version is known, or a package manager found no way.
    pub(super) fn priced(&self, of: &PlannedChange, removes: Vec<usize>) -> Option<Priced> {
        let Pricing { findings, tries, charter, finished, .. } = *self;
        let mut priced = tries.priced(of, removes, findings, charter, finished)?;
        // A package manager that was asked has said all that an action of its removes.
        if priced.action.is_none() {
            let says = |purl: &str| {
                let found = self.index.as_ref()?.findings(purl)?;
                Some(found.iter().flat_map(ids).collect::<HashSet<Box<str>>>())
            };
            let also = also::removed(findings, of, &priced.to, &says);
            let goes = |f: &usize| findings.get(*f).is_none_or(|f| !tries.stays(f));
            priced.removes.extend(also.into_iter().filter(goes));
        }
        // Who does it says what it costs.
        if let Some(points) = self.pointed.get(of) {
            (priced.least, priced.most) = (*points, *points);
        }
        Some(priced)
    }
}

/// A change with its candidate. `first`: one of the findings that it removes. With where people put it, and how it is
/// scheduled.
pub(super) fn planned(
    of: PlannedChange,
    first: &Finding,
    priced: Priced,
    (placed, kept): (Option<Placement>, Option<Scheduled>),
) -> (Change, plan::Candidate) {
    // One action stands for every package that it moves.
    let choice = priced.action.map(|number| format!("{}: confirmed {number}", first.asset.1));
    let change = Change {
        kept,
        placed,
        of,
        asset: first.asset.1.clone(),
        purl: first.component.1.clone(),
        to: priced.to,
        sure: priced.sure,
        source: priced.source,
    };
    let candidate = plan::Candidate {
        id: format!("{} to {} in {}", change.purl, change.to, change.asset).into(),
        team: 0,
        place: change.asset.as_str().into(),
        least: priced.least,
        most: priced.most,
        confidence: priced.confidence,
        removes: priced.removes,
        needs: Vec::new(),
        choice: choice.map(Into::into),
        quarantine: priced.quarantine,
    };
    (change, candidate)
}
