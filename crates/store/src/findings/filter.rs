//! Which findings: the filter of all lists of them, as a condition.

use jiff::Timestamp;
use trimtab_model::{Exposure, Level};

use super::FindingState;
use super::mentioned::Mentioned;
use super::waiting::Waits;
use crate::Org;
use crate::condition::{Condition, listed};
use crate::time::micros;

/// Which findings. What is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindingFilter {
    /// In these states; none: those that are live.
    pub states: Vec<FindingState>,
    /// Of this level.
    pub level: Option<Level>,
    /// Of a system; 0: of none.
    pub system: Option<i64>,
    /// Of systems, any of them: what a person may see. `None`: all.
    pub systems: Option<Vec<i64>>,
    /// Of a team; 0: of none.
    pub team: Option<i64>,
    /// In an asset.
    pub asset: Option<i64>,
    /// Of a vulnerability.
    pub vulnerability: Option<i64>,
    /// In a package (purl without version).
    pub package: Option<String>,
    /// With this fix.
    pub fix: Option<String>,
    /// Due at or after a moment.
    pub due_from: Option<Timestamp>,
    /// Due before a moment; what has no deadline never is, however late that is.
    pub due_before: Option<Timestamp>,
    /// Counting to the load, or not: in production (or not known), and not decided otherwise.
    pub counts: Option<bool>,
    /// With a fix that some source names, or without.
    pub fixable: Option<bool>,
    /// With a deadline, or without.
    pub dated: Option<bool>,
    /// Due before a moment that is each team's own.
    pub due_by_team: Option<DueByTeam>,
    /// In systems that can be reached from there.
    pub exposure: Option<ExposureIs>,
    /// With something of a text: [`Store::mentioned`](crate::Store::mentioned).
    pub text: Option<Mentioned>,
    /// With a decision that holds, or without.
    pub decided: Option<bool>,
    /// `true`: without those that were decided to be not affected.
    pub risks: bool,
    /// Detected at or after a moment.
    pub since: Option<Timestamp>,
    /// Detected, or come back to the main line, at or after a moment.
    pub came: Option<Timestamp>,
    /// Waiting for something.
    pub waits: Option<Waits>,
}

/// A moment for each team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueByTeam {
    /// The teams, each with its moment.
    pub teams: Vec<(i64, Timestamp)>,
    /// The moment for the rest, and for what belongs to no team.
    pub rest: Timestamp,
}

/// From where a system can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExposureIs {
    /// As somebody said.
    Known(Exposure),
    /// Nobody said, or it belongs to no system.
    Unknown,
}

/// What makes a finding count to the load, after other conditions. In these words: an index is made of them.
pub(super) const COUNTS: &str = " AND finding.decided IS NULL
    AND (finding.production OR (finding.production IS NULL AND finding.state = 'open'))";

/// How soon a finding is due: the soonest is the greatest.
pub(super) const DUE: &str = "(-COALESCE(finding.deadline, 9000000000000000))";
/// The number that stands for no deadline in [`DUE`].
pub(super) const NEVER: i64 = 9_000_000_000_000_000;
/// Findings that count to the load.
pub(crate) fn counting(org: Org) -> Condition {
    wanted(org, &FindingFilter { counts: Some(true), ..FindingFilter::default() })
}

/// The findings of a filter.
pub(super) fn wanted(org: Org, filter: &FindingFilter) -> Condition {
    let mut is = Condition::of("finding.org", org);
    let live = [FindingState::Open, FindingState::Merged];
    let states: &[FindingState] = if filter.states.is_empty() { &live } else { &filter.states };
    // The words are ours: no value of a person is in them.
    let words: Vec<String> = states.iter().map(|s| format!("'{}'", s.as_str())).collect();
    // SQLite makes `IN` of one word something that no partial index is known to cover.
    is.text += &match words.as_slice() {
        [one] => format!(" AND finding.state = {one}"),
        _ => format!(" AND finding.state IN ({})", words.join(", ")),
    };
    is.and("finding.level = ", filter.level.map(|l| l as i64));
    for (column, id) in [("system", filter.system), ("team", filter.team)] {
        match id {
            Some(0) => is.text += &format!(" AND finding.{column} IS NULL"),
            id => is.and(&format!("finding.{column} = "), id),
        }
    }
    is.and("finding.asset = ", filter.asset);
    is.and("finding.vulnerability = ", filter.vulnerability);
    is.and("finding.package = ", filter.package.clone());
    is.and("COALESCE(finding.fix, '') = ", filter.fix.clone());
    is.and(&format!("{DUE} <= "), filter.due_from.map(|at| -micros(at)));
    // A later moment than stands for no deadline would find what has none.
    is.and(&format!("{DUE} > "), filter.due_before.map(|at| -micros(at).min(NEVER)));
    is.and("finding.detected >= ", filter.since.map(micros));
    if let Some(at) = filter.came {
        // What left the main line and still ran, or was not gone for long, keeps its first day when it comes back.
        let at = is.value(micros(at));
        is.text += &format!(
            " AND (finding.detected >= {at} OR EXISTS (SELECT 1 FROM event
              WHERE event.org = finding.org AND event.finding = finding.id
                AND event.kind = 'regressed' AND event.at >= {at}))"
        );
    }
    if let Some(systems) = &filter.systems {
        is.text += &format!(" AND finding.system IN ({})", listed(systems));
    }
    is.text += match filter.counts {
        None => "",
        Some(true) => COUNTS,
        Some(false) => {
            " AND NOT (finding.decided IS NULL AND (COALESCE(finding.production, FALSE)
              OR (finding.production IS NULL AND finding.state = 'open')))"
        }
    };
    is.text += match filter.fixable {
        None => "",
        Some(true) => " AND finding.fix IS NOT NULL",
        Some(false) => " AND finding.fix IS NULL",
    };
    is.text += match filter.decided {
        None => "",
        Some(true) => " AND finding.decided IS NOT NULL",
        Some(false) => " AND finding.decided IS NULL",
    };
    if filter.risks {
        is.text += " AND (finding.decided IS NULL OR finding.decided <> 'not-affected')";
    }
    narrowed(&mut is, filter);
    if let Some(waits) = &filter.waits {
        // So that the index of what counts is known to cover it.
        if *waits == Waits::Choice {
            is.text += " AND finding.state IN ('open', 'merged')";
        }
        is.text += &waits.condition(&is.text);
    }
    is
}

/// What no kept sum tells apart and no index is in the order of.
fn narrowed(is: &mut Condition, filter: &FindingFilter) {
    is.text += match filter.dated {
        None => "",
        Some(true) => " AND finding.deadline IS NOT NULL",
        Some(false) => " AND finding.deadline IS NULL",
    };
    if let Some(due) = &filter.due_by_team {
        // Numbers of ours: no value of a person is in them.
        let of = |(team, at): &(i64, Timestamp)| format!(" WHEN {team} THEN {}", micros(*at));
        let rest = micros(due.rest);
        is.text += &match due.teams.as_slice() {
            [] => format!(" AND finding.deadline < {rest}"),
            teams => format!(
                " AND finding.deadline < CASE finding.team{} ELSE {rest} END",
                teams.iter().map(of).collect::<String>()
            ),
        };
    }
    match filter.exposure {
        None => {}
        Some(ExposureIs::Known(exposure)) => {
            let word = is.value(exposure.as_str());
            is.text += &format!(
                " AND finding.system IN (SELECT exposed.id FROM system AS exposed
                    WHERE exposed.org = $1 AND exposed.exposure = {word})"
            );
        }
        Some(ExposureIs::Unknown) => {
            is.text += " AND (finding.system IS NULL OR finding.system IN
                (SELECT exposed.id FROM system AS exposed
                    WHERE exposed.org = $1 AND exposed.exposure IS NULL))";
        }
    }
    if let Some(text) = &filter.text {
        text.narrow(is);
    }
}
