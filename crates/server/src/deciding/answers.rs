//! Answering decisions: who may, by the charter, and what follows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::{SignedDuration, Timestamp};
use trimtab_decisions::exceptions::{self, Standing};
use trimtab_decisions::not_affected::{self, Case};
use trimtab_model::{Level, Role};
use trimtab_store::{Decision, DecisionKind, DecisionState, NewJob, Org, StoreError};

use super::{MOST, Refused, covered, find, level, role, wrong};
use crate::access::{Action, On, Who};
use crate::api::on;
use crate::jobs::settle_decided;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{self, Agreed};

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
            return Err(needs_another().into());
        }
        may_approve(app, who, decision, role, now).await?;
    }
    let by = (who.person.id, role.as_str());
    if !app.store.answer(who.org, decision.id, state, by, &who.actor(), now).await? {
        return Err(no_longer_asked().into());
    }
    let settle = settle_decided(&decision.is, who.org, now);
    app.store.add_job(&settle, now).await?;
    // On the day on which it ends, what it excused counts again.
    if let Some(end) = decision.is.expires.filter(|_| state == DecisionState::Approved) {
        let name = format!("decision {} ends", decision.id);
        let run_at = end + SignedDuration::from_secs(1);
        app.store.add_job(&NewJob { name, run_at, ..settle }, now).await?;
    }
    app.work.notify_one();
    Ok(())
}

/// Answers several decisions in the same way, each judged by itself: one that cannot be answered so holds up no
/// other. Returns what became of each, in their order, each once.
///
/// # Errors
/// There are none or too many, or they may answer nothing at all.
pub(crate) async fn answer_all(
    app: &App,
    who: &Who,
    ids: &[i64],
    state: DecisionState,
    as_role: &str,
) -> Result<Vec<(i64, Result<(), Refused>)>, Problem> {
    let mut each: Vec<i64> = ids.to_vec();
    each.sort_unstable();
    each.dedup();
    if each.is_empty() || each.len() > MOST {
        return Err(Problem::invalid(format!("Choose 1 to {MOST} decisions at once.")));
    }
    if !who.may_somewhere(Action::Answer) {
        return Err(Problem::forbidden(Action::Answer));
    }
    let mut answered = Vec::with_capacity(each.len());
    for id in each {
        let became = match find(app, who, id).await {
            Ok(decision) => answer(app, who, &decision, state, as_role).await,
            Err(missing) => Err(missing.into()),
        };
        answered.push((id, became));
    }
    Ok(answered)
}

/// Why they do not answer something: they asked for it themselves.
pub(crate) fn needs_another() -> Problem {
    Problem::conflict("You requested this yourself: somebody else must answer.")
}

/// Why nobody answers something: somebody did, or it was taken back.
pub(crate) fn no_longer_asked() -> Problem {
    Problem::conflict("This no longer waits for an answer: its page says what became of it.")
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
        return Err(Problem::conflict("Its end date has passed. Request it again.").into());
    }
    let agreed = app.agreed(who.org, now).await?;
    let found = covered(app, who.org, &decision.is, None, 1).await?;
    let level = found.first().map_or(Level::Critical, level);
    let standing = signed(decision, (who.person.id, role), level, &agreed, now);
    let Some(standing) = standing else {
        return wrong("justification", "A justification is missing.");
    };
    if standing.is_held() {
        return Ok(());
    }
    // How grave it is was taken for granted: what is gone is not.
    if found.is_empty() {
        let text = "Nothing that it is about is open any longer, so there is nothing to accept: refuse it.";
        return Err(Problem::conflict(text).into());
    }
    let why: Vec<&str> = standing.diagnostics().iter().map(|d| &*d.message).collect();
    wrong("role", format!("The charter does not allow this for {level}: {}.", why.join("; ")))
}

/// The gravest level of what a decision is about; what is not known may be critical.
async fn gravest(app: &App, org: Org, decision: &Decision) -> Result<Level, Problem> {
    let found = covered(app, org, &decision.is, None, 1).await?;
    Ok(found.first().map_or(Level::Critical, level))
}

/// How it would stand with a decision that somebody agreed to now. `None`: it does not say why.
fn signed(
    decision: &Decision,
    (person, role): (i64, Role),
    level: Level,
    agreed: &Agreed,
    now: Timestamp,
) -> Option<Standing> {
    let zone = &agreed.charter.calendar.time_zone;
    let today = now.to_zoned(zone.clone()).date();
    let rules = &agreed.charter.exceptions;
    let mut signed = decision.clone();
    signed.approver = Some((person, role.as_str().to_owned()));
    signed.answered = Some(now);
    match decision.is.kind {
        DecisionKind::Exception => {
            Some(exceptions::holds(&weighing::exception(&signed, agreed), level, rules, today))
        }
        DecisionKind::NotAffected => {
            let model = weighing::not_affected(&signed, agreed)?;
            let case = Case { level, rules, today, zone, changed: None, said: &[] };
            Some(not_affected::holds(&model, &case))
        }
    }
}

/// The sides of which somebody may agree to a decision, by the charter; none: any other person.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn approvers(
    app: &App,
    org: Org,
    decision: &Decision,
    agreed: &Agreed,
) -> Result<Vec<Role>, Problem> {
    let level = gravest(app, org, decision).await?;
    Ok(sides(decision.is.kind, level, agreed))
}

/// The sides that agree to what is of a level, by the charter.
fn sides(kind: DecisionKind, level: Level, agreed: &Agreed) -> Vec<Role> {
    let may = agreed.charter.exceptions.may_approve.get(level as usize);
    let mut roles: Vec<Role> = may.into_iter().flatten().copied().collect();
    // Security may always say that something does not matter.
    if kind == DecisionKind::NotAffected && !roles.contains(&Role::Security) {
        roles.insert(0, Role::Security);
    }
    roles
}

/// Learns the sides that answer many decisions, asked for together.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn learn(
    app: &App,
    org: Org,
    decisions: &[Decision],
    agreed: &Agreed,
    known: &mut Sides,
) -> Result<(), StoreError> {
    let new: Vec<&Decision> = decisions.iter().filter(|is| !known.contains_key(&is.id)).collect();
    let ids: Vec<i64> = new.iter().map(|is| is.id).collect();
    let gravest = app.store.gravest_of(org, &ids).await?;
    for is in new {
        // Of what nothing is found it is not known how grave it is.
        let level = gravest.get(&is.id).and_then(|n| Level::ALL.get(usize::try_from(*n).ok()?));
        let level = level.copied().unwrap_or(Level::Critical);
        known.insert(is.id, sides(is.is.kind, level, agreed));
    }
    Ok(())
}

/// The sides that answer decisions of an organisation, by the decision: they are the same for everybody, and asked for once.
pub(crate) type Sides = HashMap<i64, Vec<Role>>;

/// Whether a decision waits for somebody: another asked, and by the charter one of their sides there answers what is of its
/// level. How long it is asked for is no matter: who may agree to less may refuse it.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn may_answer(
    app: &App,
    who: &Who,
    decision: &Decision,
    agreed: &Agreed,
    known: &mut Sides,
) -> Result<bool, Problem> {
    if decision.is.author == who.person.id || decision.state != DecisionState::Asked {
        return Ok(false);
    }
    let system = agreed.stored.iter().find(|system| Some(system.id) == decision.is.system);
    let place = On { system: decision.is.system, team: system.and_then(|system| system.team) };
    if !who.may(Action::Answer, place) || !who.may(Action::View, place) {
        return Ok(false);
    }
    let sides = match known.entry(decision.id) {
        Entry::Occupied(sides) => sides.into_mut(),
        Entry::Vacant(new) => new.insert(approvers(app, who.org, decision, agreed).await?),
    };
    Ok(sides.is_empty() || sides.iter().any(|side| who.holds(*side, place)))
}

/// In which of their roles somebody could agree to a decision now: none to what they asked for themselves.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn answering(
    app: &App,
    who: &Who,
    decision: &Decision,
    agreed: &Agreed,
    now: Timestamp,
) -> Result<Vec<Role>, Problem> {
    if decision.is.author == who.person.id || decision.is.expires.is_some_and(|end| end <= now) {
        return Ok(Vec::new());
    }
    let place = on(&app.store, who.org, decision.is.system).await?;
    if !who.may(Action::Answer, place) {
        return Ok(Vec::new());
    }
    let mut roles = who.roles();
    roles.retain(|role| who.holds(*role, place));
    let level = gravest(app, who.org, decision).await?;
    roles.retain(|role| {
        let standing = signed(decision, (who.person.id, *role), level, agreed, now);
        standing.is_some_and(|standing| standing.is_held())
    });
    Ok(roles)
}
