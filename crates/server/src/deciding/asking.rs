//! Asking for decisions, by the rules of the charter.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_model::decision::Justification;
use trimtab_store::{DecisionKind, Finding, NewDecision};

use super::{LONGEST, MOST, Refused, level, longest, role, wrong};
use crate::access::{Action, Who};
use crate::api::on;
use crate::notices;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;

/// The longest text of a reason or control.
const TEXT: usize = 4000;

/// A decision to be asked for, about a finding.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
pub(crate) struct Wanted {
    /// `exception`, `not-affected`.
    #[serde(default)]
    pub(crate) kind: String,
    /// Why.
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
    let asked = ask_all(app, who, std::slice::from_ref(finding), &wanted).await;
    let ids = asked.map_err(|stopped| stopped.why)?;
    ids.first().copied().ok_or_else(|| Problem::not_found("finding").into())
}

/// Why nothing was asked for: at which of the findings it stops, and why.
pub(crate) struct Stopped {
    pub(crate) finding: i64,
    pub(crate) why: Refused,
}

/// Asks for a decision about each of some findings that they may see: about all or none.
///
/// # Errors
/// They may not, the charter does not let them, or something is missing, at one of them.
pub(crate) async fn ask_all(
    app: &App,
    who: &Who,
    findings: &[Finding],
    wanted: &Wanted,
) -> Result<Vec<i64>, Stopped> {
    let first = findings.first().map_or(0, |f| f.id);
    let stopped = |finding: i64| move |why: Refused| Stopped { finding, why };
    if findings.is_empty() || findings.len() > MOST {
        let detail = format!("Choose 1 to {MOST} findings at once.");
        return Err(stopped(first)(Problem::invalid(detail).into()));
    }
    let now = app.now();
    let agreed = app.agreed(who.org, now).await;
    let agreed = agreed.map_err(|e| stopped(first)(e.into()))?;
    let mut all = Vec::with_capacity(findings.len());
    for finding in findings {
        let new = checked(app, who, finding, wanted, &agreed, now).await;
        all.push(new.map_err(stopped(finding.id))?);
    }
    let asked = app.store.ask_all(who.org, &all, &who.actor(), now).await;
    let asked = asked.map_err(|e| stopped(first)(e.into()))?;
    // It is asked for, whatever becomes of this.
    if let Err(problem) = notices::own::begin(app, who.org, &asked).await {
        tracing::warn!(problem.detail, "who may answer has no digest of their own");
    }
    Ok(asked)
}

/// What is asked for about one finding, by the rules.
async fn checked(
    app: &App,
    who: &Who,
    finding: &Finding,
    wanted: &Wanted,
    agreed: &Agreed,
    now: Timestamp,
) -> Result<NewDecision, Refused> {
    let system = finding.system.as_ref().map(|s| s.0);
    let place = on(&app.store, who.org, system).await?;
    who.must(Action::Ask, place)?;
    let role = role(who, &wanted.role, place)?;
    let kind = match wanted.kind.as_str() {
        "" => DecisionKind::Exception,
        word => match DecisionKind::from_text(word) {
            Some(kind) => kind,
            None => return wrong("kind", "Must be `exception` or `not-affected`."),
        },
    };
    let reason = wanted.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > TEXT {
        return wrong("reason", "Say why, in 1 to 4000 characters.");
    }
    let control = wanted.control.as_ref().map(|c| c.trim().to_owned()).filter(|c| !c.is_empty());
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
            let most = longest(agreed, level);
            if most == 0 {
                return wrong("days", format!("The charter allows no exception for {level}."));
            }
            if !wanted.days.is_some_and(|days| (1..=most).contains(&days)) {
                return wrong(
                    "days",
                    format!("Must be 1 to {most}: the longest that {level} may be accepted."),
                );
            }
            if rules.control_from.is_some_and(|from| level >= from) && control.is_none() {
                let text =
                    format!("Accepting {level} needs a compensating control in the meantime.");
                return wrong("control", text);
            }
            None
        }
        DecisionKind::NotAffected => {
            if wanted.days.is_some_and(|days| !(1..=LONGEST).contains(&days)) {
                return wrong("days", format!("Must be 1 to {LONGEST}, or empty."));
            }
            let label = wanted.justification.as_deref().and_then(Justification::from_label);
            match label {
                Some(label) => Some(label.as_str().to_owned()),
                None => return wrong("justification", "Choose why it is not affected."),
            }
        }
    };
    Ok(NewDecision {
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
    })
}
