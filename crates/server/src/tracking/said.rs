//! What people said in a tracker comes back: their points price the change, and what they will not do is asked for as an
//! exception, once, which waits for its approver as every other one does.

use jiff::Timestamp;
use trimtab_engine::track::Said;
use trimtab_model::Role;
use trimtab_model::ticket::Seen;
use trimtab_store::{
    Decision, DecisionState, Finding, FindingFilter, FindingOrder, StoreError, TicketOf, Tracker,
};

use super::Told;
use crate::access::Who;
use crate::deciding::{self, Refused, Wanted};
use crate::facts::within;
use crate::jobs::replan;
use crate::problem::Problem;
use crate::state::App;

/// For how many days an exception is asked for, where the charter allows as many.
const DAYS: i64 = 90;
/// How an answer ends where people must ask themselves.
const BY_HAND: &str = "Request it by hand.";
/// The most points that are believed.
const POINTS: f64 = 1_000.0;

/// For people.
pub(super) fn words(said: &Said) -> String {
    match said {
        Said::Gone => "deleted or moved in the tracker".to_owned(),
        Said::Taken => {
            "the marker line of Trimtab was removed, so its text is no longer updated".to_owned()
        }
        Said::WontDo(None) => "will not be done".to_owned(),
        Said::WontDo(Some(why)) => {
            let line: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("will not be done: {}", line.chars().take(200).collect::<String>())
        }
        Said::Done => "marked as done".to_owned(),
        Said::Reopened => "reopened".to_owned(),
        Said::Due(None) => "has no due date".to_owned(),
        Said::Due(Some(day)) => format!("due {day}"),
        Said::Points(points) => format!("{points} points"),
        Said::Assigned(who) => format!("assigned to {who}"),
        Said::Sprint(name) => format!("in {name}"),
    }
}

/// Takes what people said. `false`: an exception could not be asked for just now.
///
/// # Errors
/// The store does not answer.
pub(super) async fn take(
    app: &App,
    tracker: &Tracker,
    row: &TicketOf,
    seen: Option<&Seen>,
    said: &[Said],
) -> Result<bool, StoreError> {
    let (org, team, now) = (tracker.org, tracker.is.team, app.now());
    let points = said.iter().find_map(|said| match said {
        Said::Points(points) => Some(*points),
        _ => None,
    });
    let points = points.filter(|p| p.is_finite() && (0.0..=POINTS).contains(p));
    // What is gone says nothing, and of a text that is theirs it is not known what was reckoned.
    if seen.is_some_and(|seen| seen.wrote.is_some()) && points != row.points {
        // The plan is priced with them.
        let then = replan::of_team(org, team, now);
        app.store.point_ticket(org, team, &row.change, points, now, Some(&then)).await?;
    }
    let refused = said.iter().find_map(|said| match said {
        Said::WontDo(why) => Some(why.as_deref().unwrap_or_default()),
        _ => None,
    });
    match (refused, row.asked) {
        (Some(why), None) if row.wanted => match except(app, tracker, row, seen, why, now).await? {
            Some(answer) => {
                app.store.answer_ticket(org, team, &row.change, Some(&answer), now).await?;
            }
            None => return Ok(false),
        },
        (Some(why), Some(at)) if row.wanted => {
            // What failed for want of a right may go when somebody else sets the tracker.
            let is_anew = tracker.changed > at && row.answer.ends_with(BY_HAND);
            let answer = match is_anew {
                true => except(app, tracker, row, seen, why, now).await?,
                false => answered(app, tracker, row).await?,
            };
            if let Some(answer) = answer.filter(|answer| *answer != row.answer) {
                app.store.answer_ticket(org, team, &row.change, Some(&answer), now).await?;
            }
        }
        (None, Some(_)) if seen.is_some() => {
            app.store.answer_ticket(org, team, &row.change, None, now).await?;
        }
        _ => {}
    }
    Ok(true)
}

/// What became of the exceptions that were asked for, where none of them stands any longer and what they were for is
/// still there: the tracker says that nobody will do it, and the plan that somebody must.
async fn answered(
    app: &App,
    tracker: &Tracker,
    row: &TicketOf,
) -> Result<Option<String>, StoreError> {
    let now = app.now();
    let (mut is_refused, mut is_over) = (false, false);
    for finding in theirs(app, tracker, row).await? {
        let aliases = app.store.aliases(tracker.org, finding.vulnerability.0).await?;
        for decision in app.store.decisions_about(tracker.org, &finding, &aliases).await? {
            match decision.state {
                DecisionState::Asked => return Ok(None),
                DecisionState::Approved if decision.is.expires.is_none_or(|at| at > now) => {
                    return Ok(None);
                }
                DecisionState::Approved | DecisionState::Ended => is_over = true,
                DecisionState::Refused => is_refused = true,
            }
        }
    }
    let became = match (is_refused, is_over) {
        (true, _) => "The exception was refused",
        (false, true) => "The exception is over",
        (false, false) => return Ok(None),
    };
    Ok(Some(format!(
        "{became}, and what it was for is still due: reopen the ticket, or request another exception."
    )))
}

/// Whether it is ours, and may be over in a moment.
fn passes(problem: &Problem) -> bool {
    problem.status >= 500
}

/// Asks for an exception, in the name of who set the tracker. Says what became of it. `None`: it is tried again later.
async fn except(
    app: &App,
    tracker: &Tracker,
    row: &TicketOf,
    seen: Option<&Seen>,
    why: &str,
    now: Timestamp,
) -> Result<Option<String>, StoreError> {
    let key = named(seen.map(|seen| &*seen.key));
    let by_hand = |why: &str| format!("No exception was requested: {why} {BY_HAND}");
    if why.is_empty() {
        return Ok(Some(by_hand(&format!("{key} gives no reason why it will not be done."))));
    }
    let who = match crate::access::who::of(app, tracker.org, tracker.is.person, None, None).await {
        Ok(who) => who,
        Err(problem) if problem.status == 401 => {
            return Ok(Some(by_hand(
                "the person who set up the tracker has no account any longer.",
            )));
        }
        Err(problem) if passes(&problem) => return Ok(None),
        Err(problem) => return Ok(Some(by_hand(&problem.detail))),
    };
    let mut findings = theirs(app, tracker, row).await?;
    // One that is asked for or decided already is not asked for again: a round may have ended just after it asked.
    let (mut left, mut known) = (Vec::new(), Vec::new());
    for finding in findings.drain(..) {
        match decided(app, tracker, &finding, now).await? {
            Some(decision) => known.push(decision),
            None => left.push(finding),
        }
    }
    known.dedup();
    if left.is_empty() {
        let of = known.iter().map(|id| format!("no. {id}")).collect::<Vec<_>>().join(", ");
        return Ok(Some(match known.as_slice() {
            [] => "None of its findings is open any longer.".to_owned(),
            _ => format!("An exception has already been requested: {of}."),
        }));
    }
    let reason = format!("From the tracker, {key}: {why}");
    let mut ids = Vec::new();
    for some in left.chunks(deciding::MOST) {
        match asked(app, &who, some, &reason, now).await {
            Ok(new) => ids.extend(new),
            // What was asked for is known then.
            Err(problem) if passes(&problem) => return Ok(None),
            Err(problem) if ids.is_empty() => return Ok(Some(by_hand(&problem.detail))),
            Err(problem) => {
                let (is, of) = (ids.len(), left.len());
                let why = &problem.detail;
                return Ok(Some(format!(
                    "An exception was requested for {is} of {of} findings. For the others: {why} {BY_HAND}"
                )));
            }
        }
    }
    let of = ids.iter().map(|id| format!("no. {id}")).collect::<Vec<_>>().join(", ");
    Ok(Some(format!("An exception was requested: {of}. Somebody else must answer it.")))
}

/// A ticket in a sentence: a bare number says nothing by itself.
fn named(key: Option<&str>) -> String {
    match key {
        None => "the ticket".to_owned(),
        Some(key) if key.chars().all(|c| c.is_ascii_digit()) => format!("ticket {key}"),
        Some(key) => key.to_owned(),
    }
}

/// The live findings of the team that a ticket is for.
async fn theirs(app: &App, tracker: &Tracker, row: &TicketOf) -> Result<Vec<Finding>, StoreError> {
    let told = Told::of(&row.told);
    let filter = FindingFilter {
        team: Some(tracker.is.team),
        asset: Some(row.change.asset),
        counts: Some(true),
        ..FindingFilter::default()
    };
    let all = within::findings(app, tracker.org, &filter, FindingOrder::Level, 2_000).await?.0;
    Ok(all.into_iter().filter(|f| told.findings.contains(&f.id)).collect())
}

/// The decision about a finding that is asked for or in force, wherever it runs.
async fn decided(
    app: &App,
    tracker: &Tracker,
    finding: &Finding,
    now: Timestamp,
) -> Result<Option<i64>, StoreError> {
    let aliases = app.store.aliases(tracker.org, finding.vulnerability.0).await?;
    let all = app.store.decisions_about(tracker.org, finding, &aliases).await?;
    let stands = |d: &&Decision| {
        matches!(d.state, DecisionState::Asked | DecisionState::Approved)
            && d.is.expires.is_none_or(|at| at > now)
            && d.is.environment.is_none()
    };
    Ok(all.iter().find(stands).map(|d| d.id))
}

/// Asks in the first role in which the charter lets them.
async fn asked(
    app: &App,
    who: &Who,
    findings: &[Finding],
    reason: &str,
    now: Timestamp,
) -> Result<Vec<i64>, Problem> {
    let agreed = app.agreed(who.org, now).await?;
    let most = findings.iter().map(|f| deciding::longest(&agreed, deciding::level(f))).min();
    let days = most.unwrap_or(DAYS).min(DAYS);
    let may_ask = &agreed.charter.exceptions.may_ask;
    let may = |role: &Role| may_ask.is_empty() || may_ask.contains(role);
    let mut refused = Vec::new();
    for role in who.roles().into_iter().filter(may) {
        let wanted = Wanted {
            kind: "exception".to_owned(),
            reason: reason.chars().take(4_000).collect(),
            role: role.as_str().to_owned(),
            days: Some(days),
            ..Wanted::default()
        };
        match deciding::ask_all(app, who, findings, &wanted).await {
            Ok(ids) => return Ok(ids),
            Err(stopped) => match stopped.why {
                Refused::Problem(problem) if passes(&problem) => return Err(problem),
                why => refused.push(why),
            },
        }
    }
    let nobody = || Problem::invalid("the person who set up the tracker may not request one.");
    Err(telling(refused).unwrap_or_else(nobody))
}

/// Of what each role of somebody was refused with, the first that says more than that the role may not ask; for people,
/// without the name of a member.
fn telling(refused: Vec<Refused>) -> Option<Problem> {
    let is_role = |why: &Refused| matches!(why, Refused::Member("role", _));
    let at = refused.iter().position(|why| !is_role(why)).unwrap_or(0);
    Some(match refused.into_iter().nth(at)? {
        Refused::Member(_, text) => Problem::invalid(text),
        Refused::Problem(problem) => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_number_is_called_a_ticket() {
        assert_eq!(named(Some("4")), "ticket 4");
        assert_eq!(named(Some("APP-7")), "APP-7");
        assert_eq!(named(None), "the ticket");
    }

    #[test]
    fn what_people_say_is_one_bounded_line() {
        let long = Said::WontDo(Some("no\nno ".repeat(400).into()));
        let told = words(&long);
        assert!(!told.contains('\n') && told.len() < 240, "{told}");
        assert_eq!(words(&Said::Points(3.0)), "3 points");
    }

    #[test]
    fn what_is_missing_is_told_and_not_that_another_role_may_not_ask() {
        let member = |name, text: &str| Refused::Member(name, text.to_owned());
        let role = || member("role", "admin may not ask.");
        let control = || member("control", "Say what protects it meanwhile.");
        let told = |all| telling(all).map(|problem| problem.detail);
        let expected = Some("Say what protects it meanwhile.".to_owned());
        assert_eq!(told(vec![role(), control()]), expected);
        assert_eq!(told(vec![control(), role()]), expected);
        assert_eq!(told(vec![role()]), Some("admin may not ask.".to_owned()));
        assert_eq!(told(Vec::new()), None);
    }
}
