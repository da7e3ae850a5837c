//! Asking for a decision and answering one: the rules for both, for the API and the pages. The charter
//! says who may what; what it says is judged where the command line judges it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_decisions::exceptions::{self, Standing};
use trimtab_decisions::not_affected::{self, Case};
use trimtab_model::charter::Charter;
use trimtab_model::decision::Justification;
use trimtab_model::{Level, Role};
use trimtab_store::{
    Decision, DecisionKind, DecisionState, Finding, FindingFilter, FindingOrder, FindingState,
    NewDecision, NewJob, Org, StoreError,
};

use crate::access::{Action, On, Who};
use crate::api::on;
use crate::jobs::settle_decided;
use crate::notices;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{self, Agreed};

/// The longest text of a reason or control.
const TEXT: usize = 4000;
/// The longest that anything is accepted, where the charter has no limit.
const LONGEST: i64 = 3650;

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

/// Of so many decisions at most it is looked whether what they were about is gone.
const GONE: usize = 500;

/// So long it stays away before a request about it ends: a roll-back may bring it back.
const AWAY: SignedDuration = SignedDuration::from_hours(24);

/// The most findings of one question, and decisions of one answer.
pub(crate) const MOST: usize = 100;

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
        return Err(needs_another().into());
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

/// Why they do not answer something: it is answered, or they asked for it themselves.
pub(crate) fn needs_another() -> Problem {
    let detail =
        "This was already answered, or you requested it yourself: somebody else must answer.";
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

/// Of some decisions, those that wait for an answer: without those of which everything that they were about is gone since.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn waiting(
    app: &App,
    org: Org,
    decisions: Vec<Decision>,
) -> Result<Vec<Decision>, Problem> {
    let ids: Vec<i64> = decisions.iter().map(|is| is.id).collect();
    let found = app.store.gravest_of(org, &ids).await?;
    let (mut all, mut looked) = (Vec::with_capacity(decisions.len()), 0);
    for is in decisions {
        // What nothing is known of may be about something that is to come.
        let is_gone = !found.contains_key(&is.id) && looked < GONE && {
            looked += 1;
            !in_states(
                app,
                org,
                &is.is,
                vec![FindingState::Fixed, FindingState::Retracted],
                None,
                1,
            )
            .await?
            .is_empty()
        };
        if !is_gone {
            all.push(is);
        }
    }
    Ok(all)
}

/// Ends requests of which everything that they were about went since they were asked for, and stayed away for a day: nobody
/// could agree to them. Returns how many.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn end_gone(app: &App, org: Org, now: Timestamp) -> Result<usize, Problem> {
    let asked = app.store.decisions(org, DecisionState::Asked, GONE).await?;
    let ids: Vec<i64> = asked.iter().map(|is| is.id).collect();
    let found = app.store.gravest_of(org, &ids).await?;
    let mut over = Vec::new();
    for is in asked.iter().filter(|is| !found.contains_key(&is.id)) {
        let states = vec![FindingState::Fixed, FindingState::Retracted];
        let gone = in_states(app, org, &is.is, states, None, MOST).await?;
        // What nothing is known of may be about something that is to come.
        let Some(last) = gone.iter().filter_map(|finding| finding.fixed).max() else { continue };
        if last >= is.asked && now.duration_since(last) >= AWAY {
            over.push(is.id);
        }
    }
    if over.is_empty() {
        return Ok(0);
    }
    Ok(app.store.end_gone(org, &over, now).await?)
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
