//! Decisions and charters that wait for somebody's word.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Role;
use trimtab_store::{CharterState, Decision};

use super::{Asking, MOST, Reach, Rows, Told};
use crate::access::{Action, Who};
use crate::agreeing::mine;
use crate::api::{visible, where_may};
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;
use crate::{appealing, deciding};

/// How long before its end an exception is told.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 14);

/// Decisions that they may answer, the oldest first, each with the roles in which they may.
#[derive(Default)]
pub(super) struct Answerable {
    pub(super) all: Vec<(Decision, Vec<Role>)>,
    /// Whether there may be more than were looked at.
    pub(super) is_least: bool,
}

/// Looks at most at `most` decisions that stand where they may answer: at each by the gravest of what it is about.
pub(super) async fn answerable(
    app: &App,
    who: &Who,
    agreed: &Agreed,
    now: Timestamp,
    most: usize,
) -> Result<Answerable, Problem> {
    if !who.may_somewhere(Action::Answer) {
        return Ok(Answerable::default());
    }
    let may_answer = where_may(who, Action::Answer, &agreed.stored);
    let here = match (visible(who, &agreed.stored), may_answer) {
        (None, systems) | (systems, None) => systems,
        (Some(seen), Some(mut systems)) => {
            systems.retain(|id| seen.contains(id));
            Some(systems)
        }
    };
    let (org, me) = (who.org, who.person.id);
    let asked = app.store.asked_by_others(org, me, here.as_deref(), now, most + 1).await?;
    let is_least = asked.len() > most;
    let mut all = Vec::new();
    for decision in asked.into_iter().take(most) {
        let roles = deciding::answering(app, who, &decision, agreed, now).await?;
        if !roles.is_empty() {
            all.push((decision, roles));
        }
    }
    Ok(Answerable { all, is_least })
}

/// Decisions that they may answer: in one role, or in any.
pub(super) fn asked(asking: &Asking<'_>, side: Option<Role>, show: usize) -> Told {
    let is = |(_, roles): &&(Decision, Vec<Role>)| side.is_none_or(|side| roles.contains(&side));
    let all = asking.answers.all.iter().filter(is).cloned().collect();
    let mut told = Told::first(all, show, Rows::Answers);
    told.is_least = asking.answers.is_least;
    told
}

/// Emergencies and disputes that they may answer for a side, what is to be answered first above.
pub(super) async fn appeals(asking: &Asking<'_>, side: Role, show: usize) -> Result<Told, Problem> {
    let stored = &asking.agreed.stored;
    let (all, more) = appealing::waiting(asking.app, asking.who, stored, MOST).await?;
    let of_side = all.into_iter().filter(|(_, sides)| sides.contains(&side));
    let mut told = Told::first(of_side.map(|(is, _)| is).collect(), show, Rows::Appeals);
    told.is_least = more;
    Ok(told)
}

/// Proposed charters to which their side has not agreed.
pub(super) async fn charters(
    asking: &Asking<'_>,
    side: Role,
    show: usize,
) -> Result<Told, Problem> {
    let mut all = asking.app.store.charters(asking.who.org).await?;
    let speaks = mine(asking.who).contains(&side);
    all.retain(|charter| {
        speaks
            && charter.state == CharterState::Proposed
            && charter.agreed.iter().all(|(agreed, ..)| *agreed != side)
    });
    Ok(Told::first(all, show, Rows::Charters))
}

/// Exceptions in force that end soon, the soonest first.
pub(super) async fn ending(
    asking: &Asking<'_>,
    reach: &Reach,
    show: usize,
) -> Result<Told, Problem> {
    let now = asking.now;
    let systems = reach.systems.as_deref();
    let store = &asking.app.store;
    let all = store.ending_decisions(asking.who.org, systems, now, now + SOON, MOST + 1).await?;
    Ok(Told::first(all, show, Rows::Ending).at_most())
}
