//! What a batch is, as requests remember it: digests of its actions and of the findings that go with it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trimtab_connect::requests::life::Planned;
use trimtab_connect::requests::{Id, Marker};
use trimtab_engine::repository::ids;
use trimtab_model::Purl;
use trimtab_model::finding::Finding;
use trimtab_report::applied::json::Document;
use trimtab_report::plan::json as planned;

use super::plan::Plan;

/// The word of the window of what must be done at once.
const NOW: &str = "now";

/// The findings of a scan, under each of their ids.
pub(in crate::commands) fn findings(all: &[Finding]) -> BTreeSet<Id> {
    let under = |finding: &Finding| {
        let package = finding.purl.package().to_string();
        ids(finding).into_iter().map(move |id| Id::of_finding(&id, &package)).collect::<Vec<_>>()
    };
    all.iter().flat_map(under).collect()
}

/// The batches of a plan, in their order.
pub(in crate::commands) fn batches(plan: &Plan, now: Timestamp) -> Vec<Planned> {
    plan.0.batches.iter().map(|batch| one(plan, batch, now)).collect()
}

fn one(plan: &Plan, batch: &planned::Batch, now: Timestamp) -> Planned {
    let gone = plan.0.findings.iter().filter(|finding| batch.removes.contains(&finding.name));
    let under = |finding: &planned::Finding| {
        let package = package(&finding.package);
        let all = std::iter::once(&finding.vulnerability).chain(&finding.aliases);
        all.map(move |id| Id::of_finding(id, &package)).collect::<Vec<_>>()
    };
    // A window that the plan does not tell has begun: somebody named the batch.
    let window = plan.0.rhythm.windows.iter().find(|window| window.name == batch.window);
    let starts = window.map(|window| window.start.as_str());
    // A version may leave quarantine within its window.
    let all = [starts, Some(&*batch.from)].into_iter().flatten();
    let start = all.filter_map(|at| at.parse::<Timestamp>().ok()).max();
    Planned {
        batch: batch.name.clone(),
        place: Id::of(&[&batch.place]),
        actions: actions(plan, batch),
        removes: gone.flat_map(under).collect(),
        due: batch.window == NOW || start.is_none_or(|start| start <= now),
    }
}

fn actions(plan: &Plan, batch: &planned::Batch) -> BTreeSet<Id> {
    let of = plan.0.actions.iter().filter(|action| batch.actions.contains(&action.name));
    of.map(|action| {
        let or = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut parts = vec![action.place.clone()];
        for asked in std::iter::once(&action.proposal).chain(&action.proposal.with) {
            parts.extend([
                asked.way.clone(),
                asked.package.clone(),
                or(&asked.to),
                or(&asked.other),
            ]);
        }
        Id::of(&parts.iter().map(String::as_str).collect::<Vec<_>>())
    })
    .collect()
}

/// A package of a purl, without version.
fn package(purl: &str) -> String {
    purl.parse::<Purl>().map_or_else(|_| purl.to_owned(), |purl| purl.package().to_string())
}

/// What the text of a request says of a batch that was carried out.
pub(super) fn marker(plan: &Plan, batch: &planned::Batch, document: &Document) -> Marker {
    let gone = document.removes.iter();
    let gone = gone.map(|f| Id::of_finding(&f.vulnerability, &package(&f.package)));
    Marker {
        batch: Marker::name(&batch.name),
        place: Id::of(&[&batch.place]),
        base: document.base.clone(),
        tip: document.commits.last().map(|commit| commit.id.clone()).unwrap_or_default(),
        actions: Id::of_all(&actions(plan, batch)),
        gone: gone.collect(),
        whole: true,
        closed: None,
    }
}
