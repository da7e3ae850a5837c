//! Asking for a decision and answering one: the rules for both, for the API and the pages. The charter
//! says who may what; what it says is judged where the command line judges it.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_decisions::exceptions;
use trimtab_decisions::not_affected::{self, Case};
use trimtab_model::decision::Justification;
use trimtab_model::{Level, Role};
use trimtab_store::{
    Decision, DecisionKind, DecisionState, Finding, FindingFilter, FindingOrder, FindingState,
    NewDecision, Org, StoreError,
};

use crate::access::table::reaches;
use crate::access::{Action, On, Who};
use crate::api::on;
use crate::jobs::rematch_all;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{self, Agreed};

/// The longest text of a reason or control.
const TEXT: usize = 4000;
/// The longest that anything is accepted, where the charter has no limit.
const LONGEST: i64 = 3650;

/// A decision to be asked for, about a finding.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Wanted {
    /// `exception`, `not-affected`.
    #[serde(default)]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) reason: String,
    /// Why not affected: one of the five labels.
    #[serde(default)]
    pub(crate) justification: Option<String>,
    /// What lowers the risk meanwhile.
    #[serde(default)]
    pub(crate) control: Option<String>,
    /// The side that they speak for.
    #[serde(default)]
    pub(crate) role: String,
    /// How many days it is to hold. A decision *not affected* may go without.
    #[serde(default)]
    pub(crate) days: Option<i64>,
}

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

/// The level that counts for decisions about a finding: what could not be weighed may be critical.
pub(crate) fn level(finding: &Finding) -> Level {
    finding.weighed.as_ref().map_or(Level::Critical, |w| w.level)
}

/// The most days for which the charter lets a level be accepted.
pub(crate) fn longest(agreed: &Agreed, level: Level) -> i64 {
    let days = agreed.charter.exceptions.longest_days.get(level as usize).copied().flatten();
    days.map_or(LONGEST, |days| i64::from(days).min(LONGEST))
}

/// Asks for a decision about a finding that they may see.
///
/// # Errors
/// They may not, the charter does not let them, or something is missing.
pub(crate) async fn ask(
    app: &App,
    who: &Who,
    finding: &Finding,
    wanted: Wanted,
) -> Result<i64, Refused> {
    let system = finding.system.as_ref().map(|s| s.0);
    let place = on(&app.store, who.org, system).await?;
    who.must(Action::Ask, place)?;
    let role = role(who, &wanted.role, place)?;
    let now = app.now();
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    let kind = match wanted.kind.as_str() {
        "" => DecisionKind::Exception,
        word => match DecisionKind::from_text(word) {
            Some(kind) => kind,
            None => return wrong("kind", "It is `exception` or `not-affected`."),
        },
    };
    let reason = wanted.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > TEXT {
        return wrong("reason", "Say why, in 1 to 4000 characters.");
    }
    let control = wanted.control.map(|c| c.trim().to_owned()).filter(|c| !c.is_empty());
    if control.as_ref().is_some_and(|c| c.chars().count() > TEXT) {
        return wrong("control", "Use at most 4000 characters.");
    }
    let level = level(finding);
    let justification = match kind {
        DecisionKind::Exception => {
            let rules = &agreed.charter.exceptions;
            if !rules.may_ask.is_empty() && !rules.may_ask.contains(&role) {
                return wrong(
                    "role",
                    format!("By the charter, {role} may not ask for exceptions."),
                );
            }
            let most = longest(&agreed, level);
            if most == 0 {
                return wrong("days", format!("The charter allows no exception for {level}."));
            }
            if !wanted.days.is_some_and(|days| (1..=most).contains(&days)) {
                return wrong(
                    "days",
                    format!("It is 1 to {most}: what is {level} may be accepted so long."),
                );
            }
            if rules.control_from.is_some_and(|from| level >= from) && control.is_none() {
                let text =
                    format!("What is {level} needs something that lowers the risk meanwhile.");
                return wrong("control", text);
            }
            None
        }
        DecisionKind::NotAffected => {
            if wanted.days.is_some_and(|days| !(1..=LONGEST).contains(&days)) {
                return wrong("days", format!("It is 1 to {LONGEST}, or nothing."));
            }
            let label = wanted.justification.as_deref().and_then(Justification::from_label);
            match label {
                Some(label) => Some(label.as_str().to_owned()),
                None => return wrong("justification", "Choose why it is not affected."),
            }
        }
    };
    let new = NewDecision {
        kind,
        vulnerability: Some(finding.vulnerability.1.clone()),
        package: Some(finding.package.clone()),
        asset: Some(finding.asset.0),
        system,
        environment: None,
        reason,
        justification,
        control,
        author: who.person.id,
        author_role: role.as_str().to_owned(),
        expires: wanted.days.map(|days| now + SignedDuration::from_hours(24 * days)),
    };
    Ok(app.store.ask(who.org, &new, &who.actor(), now).await?)
}

/// Answers a decision that they may see.
///
/// # Errors
/// They may not, the charter does not let them, or it does not stand so that it could be answered.
pub(crate) async fn answer(
    app: &App,
    who: &Who,
    decision: &Decision,
    state: DecisionState,
    as_role: &str,
) -> Result<(), Refused> {
    let place = on(&app.store, who.org, decision.is.system).await?;
    who.must(Action::Answer, place)?;
    let role = role(who, as_role, place)?;
    let now = app.now();
    if state == DecisionState::Approved {
        if decision.is.author == who.person.id {
            return Err(own().into());
        }
        may_approve(app, who, decision, role, now).await?;
    }
    let by = (who.person.id, role.as_str());
    if !app.store.answer(who.org, decision.id, state, by, &who.actor(), now).await? {
        return Err(own().into());
    }
    app.store.add_job(&rematch_all(who.org, now), now).await?;
    app.work.notify_one();
    Ok(())
}

fn own() -> Problem {
    let detail =
        "It was answered already, or you asked for it yourself: somebody else must answer.";
    Problem::conflict(detail)
}

/// By the charter, at the level that the finding has now: would it hold if they agreed to it today?
async fn may_approve(
    app: &App,
    who: &Who,
    decision: &Decision,
    role: Role,
    now: Timestamp,
) -> Result<(), Refused> {
    if decision.is.expires.is_some_and(|end| end <= now) {
        return Err(Problem::conflict("Its end has passed: it would never hold. Ask anew.").into());
    }
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    let level = match covered(app, who.org, &decision.is, None, 1).await?.first() {
        Some(finding) => level(finding),
        None => Level::Critical,
    };
    let zone = &agreed.charter.calendar.time_zone;
    let today = now.to_zoned(zone.clone()).date();
    let rules = &agreed.charter.exceptions;
    let mut signed = decision.clone();
    signed.approver = Some((who.person.id, role.as_str().to_owned()));
    signed.answered = Some(now);
    let standing = match decision.is.kind {
        DecisionKind::Exception => {
            exceptions::holds(&weighing::exception(&signed, &agreed), level, rules, today)
        }
        DecisionKind::NotAffected => {
            let Some(model) = weighing::not_affected(&signed, &agreed) else {
                return wrong("justification", "It does not say why it is not affected.");
            };
            let case = Case { level, rules, today, zone, changed: None, said: &[] };
            not_affected::holds(&model, &case)
        }
    };
    if standing.is_held() {
        return Ok(());
    }
    let why: Vec<&str> = standing.diagnostics().iter().map(|d| &*d.message).collect();
    wrong(
        "role",
        format!("By the charter it would not hold for what is {level}: {}.", why.join("; ")),
    )
}

/// The findings that a decision is about, the gravest first.
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
    let vulnerability = match &is.vulnerability {
        None => None,
        // Of a name that is not known here there is no finding.
        Some(name) => Some(app.store.vulnerability_of(org, name).await?.map_or(0, |v| v.0)),
    };
    let filter = FindingFilter {
        states: vec![FindingState::Open, FindingState::Merged],
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

/// Decisions of a state that they may see.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn list(
    app: &App,
    who: &Who,
    state: DecisionState,
) -> Result<Vec<Decision>, Problem> {
    let systems = app.store.systems(who.org).await?;
    let may = |decision: &Decision| {
        let system = decision.is.system;
        let team = system.and_then(|id| systems.iter().find(|s| s.id == id)).and_then(|s| s.team);
        who.may(Action::View, On { system, team })
    };
    let all = app.store.decisions(who.org, state, 1000).await?;
    Ok(all.into_iter().filter(may).collect())
}

/// A side that they may speak for there: a role of another team or system is not enough.
fn role(who: &Who, word: &str, place: On) -> Result<Role, Refused> {
    let held = |role: &Role| {
        who.grants.iter().any(|grant| grant.role == *role && reaches(grant.scope, place))
    };
    match Role::from_word(word).filter(held) {
        Some(role) => Ok(role),
        None => wrong("role", "It is one of your own roles here."),
    }
}
