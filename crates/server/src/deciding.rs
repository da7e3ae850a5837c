//! Asking for a decision and answering one: the rules for both, for the API and the pages. The charter
//! says who may what; what it says is judged where the command line judges it.

mod answers;
mod asking;
mod gone;

use trimtab_model::charter::Charter;
use trimtab_model::{Level, Role};
use trimtab_store::{
    Decision, DecisionKind, Finding, FindingFilter, FindingOrder, FindingState, NewDecision, Org,
    StoreError,
};

pub(crate) use answers::{
    Sides, answer, answer_all, answering, approvers, learn, may_answer, needs_another,
    no_longer_asked,
};
pub(crate) use asking::{Wanted, ask, ask_all};
pub(crate) use gone::{end_gone, waiting};

use crate::access::{Action, On, Who};
use crate::api::on;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;

/// The longest that anything is accepted, where the charter has no limit.
const LONGEST: i64 = 3650;
/// The most findings of one question, and decisions of one answer.
pub(crate) const MOST: usize = 100;

/// Why something is not done: what was sent and is not right, or a problem of another kind.
pub(crate) enum Refused {
    /// A member, and how to mend it.
    Member(&'static str, String),
    /// Anything else.
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused::Problem(problem)
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Refused {
        Refused::Problem(error.into())
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        match refused {
            Refused::Member(name, text) => Problem::invalid(format!("`{name}`: {text}")),
            Refused::Problem(problem) => problem,
        }
    }
}

fn wrong<T>(name: &'static str, text: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Member(name, text.into()))
}

/// What kind of decision it is, in words.
pub(crate) fn kind(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Exception => "accept until a date",
        DecisionKind::NotAffected => "not affected",
    }
}

/// The level that counts for decisions about a finding: what could not be weighed may be critical.
pub(crate) fn level(finding: &Finding) -> Level {
    finding.weighed.as_ref().map_or(Level::Critical, |w| w.level)
}

/// The most days for which the charter lets a level be accepted.
pub(crate) fn longest(agreed: &Agreed, level: Level) -> i64 {
    longest_by(&agreed.charter, level)
}

/// The same by any charter.
pub(crate) fn longest_by(charter: &Charter, level: Level) -> i64 {
    let days = charter.exceptions.longest_days.get(level as usize).copied().flatten();
    days.map_or(LONGEST, |days| i64::from(days).min(LONGEST))
}

/// The live findings that a decision is about, the gravest first.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn covered(
    app: &App,
    org: Org,
    is: &NewDecision,
    visible: Option<Vec<i64>>,
    limit: usize,
) -> Result<Vec<Finding>, Problem> {
    let live = vec![FindingState::Open, FindingState::Merged];
    in_states(app, org, is, live, visible, limit).await
}

async fn in_states(
    app: &App,
    org: Org,
    is: &NewDecision,
    states: Vec<FindingState>,
    visible: Option<Vec<i64>>,
    limit: usize,
) -> Result<Vec<Finding>, Problem> {
    let vulnerability = match &is.vulnerability {
        None => None,
        // Of a name that is not known here there is no finding.
        Some(name) => Some(app.store.vulnerability_of(org, name).await?.map_or(0, |v| v.0)),
    };
    let filter = FindingFilter {
        states,
        vulnerability,
        package: is.package.clone(),
        asset: is.asset,
        system: is.system,
        systems: visible,
        ..FindingFilter::default()
    };
    Ok(app.store.findings(org, &filter, FindingOrder::Level, None, limit).await?.rows)
}

/// A decision that they may see.
///
/// # Errors
/// There is none, or they may not see it: the answer is the same.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<Decision, Problem> {
    let missing = || Problem::not_found("decision");
    let decision = app.store.decision(who.org, id).await?.ok_or_else(missing)?;
    let on = on(&app.store, who.org, decision.is.system).await?;
    if who.may(Action::View, on) { Ok(decision) } else { Err(missing()) }
}

/// A side that they may speak for there: a role of another team or system is not enough.
fn role(who: &Who, word: &str, place: On) -> Result<Role, Refused> {
    match Role::from_word(word).filter(|role| who.holds(*role, place)) {
        Some(role) => Ok(role),
        None => wrong("role", "Must be one of your own roles here."),
    }
}
