//! Goals that are shared, with how far each is; and the pulse. The API and the pages do it the same way.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;
use trimtab_engine::goal::{Goal, Measure, Progress};
use trimtab_engine::pulse::{Means, OfRole, Told, told};
use trimtab_model::Role;
use trimtab_store::{NewGoal, Org, PulseAnswer, ReviewOf, SharedGoal, StoreError};

use crate::access::{Action, On, Who};
use crate::measuring::question::{Asked, LONGEST, measure};
use crate::problem::Problem;
use crate::reviewing::{last_day, line, may_hold, scope};
use crate::state::App;

/// Over how many days the number is reckoned at which a goal begins.
pub(crate) const DAYS: i64 = 84;
/// How many goals a page shows.
pub(crate) const SHOWN: usize = 50;
/// A day, in seconds.
const DAY: i64 = 86_400;
/// The farthest end of a goal.
const FARTHEST: SignedDuration = SignedDuration::from_hours(24 * 731);
/// How many rounds of the pulse are told.
pub(crate) const ROUNDS: usize = 24;

/// A goal with how far it is.
pub(crate) struct Shared {
    pub(crate) is: SharedGoal,
    pub(crate) measure: Measure,
    /// For people: the team's name, or the organisation.
    pub(crate) of: String,
    /// The number now; of a goal that is over, that of its last day. `None`: unknown.
    pub(crate) value: Option<f64>,
    pub(crate) progress: Progress,
}

fn of(team: Option<i64>) -> ReviewOf {
    team.map_or(ReviewOf::All, ReviewOf::Team)
}

/// The days of a goal's own time so far: from the day on which it began to today, or to its last.
pub(crate) fn days(begins: Timestamp, ends: Timestamp, now: Timestamp) -> i64 {
    let day = |at: Timestamp| at.as_second().div_euclid(DAY);
    let last = day(now.min(ends - SignedDuration::from_secs(1)));
    (last - day(begins) + 1).clamp(1, LONGEST)
}

/// The number that a goal of a measure has over so many days up to a day; empty: today.
async fn value(
    app: &App,
    who: &Who,
    team: Option<i64>,
    measured: Measure,
    (day, days): (String, i64),
) -> Result<Option<f64>, Problem> {
    let asked = Asked {
        to: day,
        days: days.to_string(),
        team: team.map(|id| id.to_string()).unwrap_or_default(),
        ..Asked::default()
    };
    let now = &measure(app, who, &asked).await?.now;
    Ok(match measured {
        Measure::Load => now.load,
        Measure::Remediation => now.fixed.map(|spread| spread.median),
        Measure::Deadlines => now.deadlines.share().map(|share| share * 100.0),
    })
}

/// The goals that hold and of which they may see all, as they were set: nothing of them is reckoned.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn set(app: &App, who: &Who) -> Result<Vec<SharedGoal>, Problem> {
    crate::api::findings::seen(who)?;
    let mut goals = Vec::new();
    for goal in app.store.goals(who.org).await? {
        if goal.dropped.is_none() && scope(app, who, &of(goal.is.team)).await.is_ok() {
            goals.push(goal);
        }
    }
    Ok(goals)
}

/// Those of them that are not over, at most so many: no others are reckoned.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn running(app: &App, who: &Who, most: usize) -> Result<Vec<Shared>, Problem> {
    let now = app.now();
    let mut goals = app.store.goals(who.org).await?;
    goals.retain(|goal| goal.dropped.is_none() && goal.is.ends > now);
    goals.truncate(most);
    measured(app, who, goals).await
}

/// How far goals are.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn measured(
    app: &App,
    who: &Who,
    goals: Vec<SharedGoal>,
) -> Result<Vec<Shared>, Problem> {
    crate::api::findings::seen(who)?;
    let now = app.now();
    let mut shared = Vec::new();
    for is in goals {
        let Ok(scope) = scope(app, who, &of(is.is.team)).await else { continue };
        let Some(measure) = Measure::from_text(&is.is.measure) else { continue };
        // What came after its last day changes nothing of it.
        let day = if now >= is.is.ends { last_day(is.is.ends) } else { String::new() };
        let NewGoal { from, to, begins, ends, .. } = is.is;
        let over = (day, days(begins, ends, now));
        let value = value(app, who, is.is.team, measure, over).await?;
        let progress = Goal { measure, from, to, begins, ends }.progress(value, now);
        shared.push(Shared { is, measure, of: scope.name, value, progress });
    }
    Ok(shared)
}

/// A goal as it was sent.
#[derive(Default)]
pub(crate) struct Wanted {
    pub(crate) team: Option<i64>,
    pub(crate) name: String,
    pub(crate) measure: String,
    /// If absent: the number of now.
    pub(crate) from: Option<f64>,
    pub(crate) to: f64,
    /// The last day.
    pub(crate) ends: String,
}

/// Whether they may share a goal of some subject, and end one: who may hold its reviews; and leadership of all of it, as
/// themselves, for no action of tokens says so.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn may_share(app: &App, who: &Who, of: &ReviewOf) -> Result<bool, Problem> {
    let leads = match of {
        ReviewOf::All => who.holds(Role::Leadership, On::ALL),
        ReviewOf::Team(id) => who.holds(Role::Leadership, On { system: None, team: Some(*id) }),
        ReviewOf::Systems(_) => false,
    };
    Ok((leads && who.session.is_some()) || may_hold(app, who, of).await?)
}

/// Keeps a goal. Returns its id.
///
/// # Errors
/// They may not, or something of it is not right.
pub(crate) async fn add(app: &App, who: &Who, wanted: &Wanted) -> Result<i64, Problem> {
    let now = app.now();
    let on = of(wanted.team);
    if scope(app, who, &on).await.is_err() {
        return Err(match who.may_somewhere(Action::Review) {
            true => Problem::not_found("team"),
            false => Problem::forbidden(Action::Review),
        });
    }
    if !may_share(app, who, &on).await? {
        return Err(Problem::forbidden(Action::Review));
    }
    let name = line(&wanted.name, 200).filter(|name| !name.is_empty());
    let name =
        name.ok_or_else(|| Problem::invalid("`name` must be 1 to 200 characters, on one line."))?;
    let measure = Measure::from_text(&wanted.measure);
    let measure = measure.ok_or_else(|| {
        Problem::invalid("`measure` must be one of load, remediation, deadlines.")
    })?;
    let from = match wanted.from {
        Some(from) => Some(from),
        None => value(app, who, wanted.team, measure, (String::new(), DAYS)).await?,
    };
    let from = from.ok_or_else(|| {
        Problem::invalid("The current number is unknown: set `from` to the starting value.")
    })?;
    let most = if measure == Measure::Deadlines { 100.0 } else { 1e9 };
    let right = |value: f64| value.is_finite() && (0.0..=most).contains(&value);
    if !right(from) || !right(wanted.to) {
        return Err(Problem::invalid(
            "`from` and `to` must be 0 to 100 for deadlines, and 0 to 1e9 otherwise.",
        ));
    }
    if measure.falls() && wanted.to >= from || !measure.falls() && wanted.to <= from {
        let way = if measure.falls() { "below" } else { "above" };
        return Err(Problem::invalid(format!(
            "`to` must be {way} the starting value, which is {}.",
            trimtab_pages::part::number(from)
        )));
    }
    let ends = day_after(&wanted.ends).filter(|ends| *ends > now && *ends <= now + FARTHEST);
    let ends =
        ends.ok_or_else(|| Problem::invalid("`ends` must be a day within the next two years."))?;
    let new = NewGoal {
        team: wanted.team,
        name,
        measure: measure.as_str().to_owned(),
        from,
        to: wanted.to,
        begins: now,
        ends,
    };
    Ok(app.store.add_goal(who.org, &new, &who.actor(), now).await?)
}

fn day_after(text: &str) -> Option<Timestamp> {
    let day: Date = text.trim().parse().ok()?;
    Some(day.checked_add(1.day()).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Gives a goal up.
///
/// # Errors
/// They may not, or there is none.
pub(crate) async fn drop_goal(app: &App, who: &Who, id: i64) -> Result<(), Problem> {
    let missing = || Problem::not_found("goal");
    let goals = app.store.goals(who.org).await?;
    let goal = goals.into_iter().find(|goal| goal.id == id).ok_or_else(missing)?;
    let on = of(goal.is.team);
    scope(app, who, &on).await.map_err(|_| missing())?;
    if !may_share(app, who, &on).await? {
        return Err(Problem::forbidden(Action::Review));
    }
    let done = app.store.drop_goal(who.org, id, &who.actor(), app.now()).await?;
    if done { Ok(()) } else { Err(missing()) }
}

/// The round of the pulse that a moment is in: its month.
pub(crate) fn round(at: Timestamp) -> String {
    at.strftime("%Y-%m").to_string()
}

/// The rounds that are over, the newest first. Of the one that runs nothing is told: what grows answer by answer tells
/// of each.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn rounds(app: &App, who: &Who) -> Result<Vec<(String, Told)>, Problem> {
    crate::api::findings::seen(who)?;
    let all = app.store.pulses(who.org, &round(app.now()), ROUNDS).await?;
    let of = |is: &trimtab_store::PulseOf| OfRole { role: is.role, count: is.count, sums: is.sums };
    Ok(all
        .into_iter()
        .map(|(round, roles)| (round, told(&roles.iter().map(of).collect::<Vec<_>>())))
        .collect())
}

/// Tells the ledger the sums of rounds that are over, each once, as far as they are told anywhere: nothing of fewer than
/// five, and nothing from which fewer could be reckoned. Returns how many.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn tell_rounds(app: &App, org: Org) -> Result<usize, StoreError> {
    let now = app.now();
    let mut done = 0;
    for (number, _) in app.store.pulses(org, &round(now), ROUNDS).await? {
        done += usize::from(app.store.tell_pulse(org, &number, sums, now).await?);
    }
    Ok(done)
}

/// What may be told of a round, as the ledger has it.
fn sums(is: &[trimtab_store::PulseOf]) -> serde_json::Value {
    let of = |is: &trimtab_store::PulseOf| OfRole { role: is.role, count: is.count, sums: is.sums };
    let told = told(&is.iter().map(of).collect::<Vec<_>>());
    let sums = |is: Means| json!({ "answers": is.count, "sums": is.sums });
    let of_roles: serde_json::Map<String, serde_json::Value> = told
        .roles
        .iter()
        .map(|(role, is)| (role.as_str().to_owned(), json!(is.map(sums))))
        .collect();
    json!({ "all": told.all.map(sums), "roles": of_roles })
}

/// Counts somebody's answers for one of their roles.
///
/// # Errors
/// They hold no such role, answered before in this round, it is over, or an answer is none.
pub(crate) async fn answer(
    app: &App,
    who: &Who,
    role: &str,
    answers: [u8; 3],
) -> Result<(), Problem> {
    crate::api::findings::seen(who)?;
    // Nobody answers for a person: not their token either.
    if who.token.is_some() {
        return Err(Problem::for_people("answer the pulse"));
    }
    let role = Role::from_word(role).filter(|role| who.roles().contains(role));
    let role = role.ok_or_else(|| Problem::invalid("`role` must be one of your roles."))?;
    if !answers.iter().all(|answer| (1..=5).contains(answer)) {
        return Err(Problem::invalid("Each answer must be 1 to 5."));
    }
    let now = app.now();
    let of = (who.person.id, role);
    match app.store.answer_pulse(who.org, &round(now), of, answers, now).await? {
        PulseAnswer::Counted => Ok(()),
        PulseAnswer::Again => Err(Problem::conflict("You have already answered this month.")),
        PulseAnswer::Over => Err(Problem::conflict("The month is over: answer in the next one.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_goal_is_that_of_its_own_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (begins, ends) = (at("2026-03-02T10:00:00Z"), at("2026-04-01T00:00:00Z"));
        assert_eq!(days(begins, ends, begins), 1, "its first day");
        assert_eq!(days(begins, ends, at("2026-03-03T00:00:00Z")), 2);
        assert_eq!(days(begins, ends, at("2026-03-31T23:59:59Z")), 30);
        assert_eq!(days(begins, ends, at("2027-01-01T00:00:00Z")), 30, "and not after its last");
    }
}
