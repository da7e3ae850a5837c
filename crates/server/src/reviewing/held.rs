//! Holding a review: preparing and opening it, what is decided in it, and closing it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use trimtab_engine::review::Kind;
use trimtab_store::{NewResolve, NewReview, ResolveState, ReviewOf};

use super::earlier::before;
use super::prepared::pack;
use super::seen::{concerned, find, must_hold, scope};
use super::{agenda, kind_of, line};
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// The shortest and the longest, in minutes.
const LENGTHS: std::ops::RangeInclusive<u32> = 10..=180;
/// How far away one may be, and what it decides may be due.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);

/// A review that somebody wants to hold.
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    pub(crate) of: ReviewOf,
    pub(crate) at: Timestamp,
    pub(crate) minutes: u32,
    /// What the group of systems is called; `None`: as before.
    pub(crate) name: Option<String>,
}

/// Prepares a review.
///
/// # Errors
/// They may not, something of it is not right, or it is planned already.
pub(crate) async fn prepare(app: &App, who: &Who, wanted: Wanted) -> Result<i64, Problem> {
    let now = app.now();
    if let ReviewOf::Systems(ids) = &wanted.of
        && (ids.is_empty() || ids.len() > 100)
    {
        return Err(Problem::invalid("A review must be of 1 to 100 systems."));
    }
    if let ReviewOf::Team(id) = &wanted.of {
        let stored = app.store.systems(who.org).await?;
        let on = On { system: None, team: Some(*id) };
        if who.may(Action::View, on) && !stored.iter().any(|s| s.team == Some(*id)) {
            let teams = app.store.teams(who.org).await?;
            if teams.iter().any(|t| t.id == *id) {
                return Err(Problem::invalid(
                    "The team owns no system: there is nothing to review.",
                ));
            }
        }
    }
    let scope = match scope(app, who, &wanted.of).await {
        // Who may see nothing at all may not, and need not know what is there.
        Err(_) if !who.may_somewhere(Action::Review) => {
            return Err(Problem::forbidden(Action::Review));
        }
        scope => scope?,
    };
    must_hold(app, who, &wanted.of).await?;
    if !LENGTHS.contains(&wanted.minutes) {
        return Err(Problem::invalid("`minutes` must be 10 to 180."));
    }
    let name = match &wanted.name {
        None => None,
        Some(text) => {
            let name = line(text, 100);
            let name = name.ok_or_else(|| {
                Problem::invalid("`name` must be at most 100 characters, on one line.")
            })?;
            if !matches!(&wanted.of, ReviewOf::Systems(ids) if ids.len() > 1) {
                return Err(Problem::invalid("`name` belongs to a group of several systems."));
            }
            Some(name)
        }
    };
    if wanted.at < now - YEAR || wanted.at > now + YEAR {
        return Err(Problem::invalid("`at` must be within a year from now."));
    }
    let new = NewReview {
        kind: wanted.kind.as_str().to_owned(),
        of: wanted.of,
        systems: scope.systems.unwrap_or_default(),
        at: wanted.at,
        minutes: wanted.minutes,
    };
    let named = (&new, name.as_deref());
    match app.store.plan_review(who.org, named, &who.actor(), now).await? {
        (id, true) => Ok(id),
        (id, false) => {
            let text = format!("This review is planned for that time already: /reviews/{id}.");
            Err(Problem::conflict(text))
        }
    }
}

/// Opens a review: what it shows stays from then on. Whoever opens it is there.
///
/// # Errors
/// They may not, or it was opened before.
pub(crate) async fn open(app: &App, who: &Who, id: i64) -> Result<(), Problem> {
    let (review, scope) = find(app, who, id).await?;
    must_hold(app, who, &review.is.of).await?;
    let now = app.now();
    let systems = scope.systems.as_deref();
    let kind = kind_of(&review);
    let before = before(app, who.org, (kind, &review.is.of, systems), now).await?;
    let agreed = app.agreed(who.org, now).await?;
    let of = (kind, review.is.minutes);
    let (pack, stock) = agenda::pack(app, who.org, &scope, of, &before, (&agreed, now)).await?;
    let pack = serde_json::to_value(&pack).map_err(|e| Problem::conflict(e.to_string()))?;
    let systems = scope.systems.unwrap_or_default();
    let by = (id, Some(who.person.id));
    let (shown, actor) = ((systems.as_slice(), &pack), who.actor());
    let opened =
        app.store.open_with_stock(who.org, by, shown, stock.as_deref(), (&actor, now)).await?;
    if opened { Ok(()) } else { Err(Problem::conflict("The review was already opened.")) }
}

/// Notes that somebody is there: they themselves, or another person who may see the review.
///
/// # Errors
/// They may not, or the review is not open.
pub(crate) async fn attend(
    app: &App,
    who: &Who,
    id: i64,
    person: Option<i64>,
) -> Result<(), Problem> {
    let (review, scope) = find(app, who, id).await?;
    let person = person.unwrap_or(who.person.id);
    must_hold(app, who, &review.is.of).await?;
    if person != who.person.id {
        concerned(app, who, &scope, person).await?;
    }
    let done = app.store.attend_review(who.org, id, person, &who.actor(), app.now()).await?;
    if done { Ok(()) } else { Err(Problem::conflict("The review is not open.")) }
}

/// A decision as it was sent.
pub(crate) struct Sent {
    pub(crate) topic: String,
    pub(crate) what: String,
    pub(crate) owner: i64,
    /// The last day.
    pub(crate) due: String,
}

/// Writes down what a review decided. Returns its id.
///
/// # Errors
/// They may not, the review is not open, or something of it is not right.
pub(crate) async fn decide(app: &App, who: &Who, id: i64, sent: &Sent) -> Result<i64, Problem> {
    let (review, scope) = find(app, who, id).await?;
    must_hold(app, who, &review.is.of).await?;
    let now = app.now();
    let what = line(&sent.what, 500).filter(|what| !what.is_empty());
    let what =
        what.ok_or_else(|| Problem::invalid("`what` must be 1 to 500 characters, on one line."))?;
    let due = due(&sent.due, now)?;
    concerned(app, who, &scope, sent.owner).await?;
    let topic = match (sent.topic.as_str(), &review.pack) {
        ("", _) => (String::new(), String::new()),
        (_, None) => return Err(Problem::conflict("The review is not open.")),
        (key, Some(_)) => {
            let pack = pack(app, who, (&review, &scope), &[]).await?;
            let title = pack.title_of(key);
            let missing =
                || Problem::invalid("`topic` must be a key of the review's agenda, or empty.");
            (key.to_owned(), title.ok_or_else(missing)?)
        }
    };
    let new = NewResolve { review: id, topic, what, owner: sent.owner, due };
    let kept = app.store.resolve(who.org, &new, &who.actor(), now).await?;
    let kept = kept.ok_or_else(|| Problem::conflict("The review is not open."))?;
    // Who records what is decided is there. It is recorded, whatever becomes of this.
    if who.session.is_some() {
        let (me, actor) = (who.person.id, who.actor());
        if let Err(error) = app.store.attend_review(who.org, id, me, &actor, now).await {
            tracing::warn!(%error, "that somebody is there cannot be noted");
        }
    }
    Ok(kept)
}

/// The end of a day that was sent, or of the day (UTC) of a time.
pub(super) fn due(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let wrong = || {
        Problem::invalid("`due` must be a day from today to a year from now, such as 2026-12-24.")
    };
    let text = text.trim();
    let day = match text.parse::<Timestamp>() {
        Ok(at) => at.to_zoned(TimeZone::UTC).date(),
        Err(_) => text.parse::<Date>().map_err(|_| wrong())?,
    };
    let next = day.checked_add(1.day()).map_err(|_| wrong())?;
    let due = next.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp();
    if due <= now || due > now + YEAR { Err(wrong()) } else { Ok(due) }
}

/// Says what became of something that a review decided: whoever may hold the review, or does it. Whoever may hold the
/// review says as well that somebody else does it, as where the account of who did is closed.
///
/// # Errors
/// They may not, or there is no such decision.
pub(crate) async fn follow_up(
    app: &App,
    who: &Who,
    (review, decision): (i64, i64),
    (state, word, owner): (ResolveState, &str, Option<i64>),
) -> Result<(), Problem> {
    let (is, scope) = find(app, who, review).await?;
    let all = app.store.resolved(who.org, &[review]).await?;
    let found = all.iter().find(|one| one.id == decision);
    let found = found.ok_or_else(|| Problem::not_found("decision of the review"))?;
    let owner = owner.filter(|owner| *owner != found.is.owner);
    if found.is.owner != who.person.id || who.token.is_some() || owner.is_some() {
        must_hold(app, who, &is.is.of).await?;
    }
    if let Some(owner) = owner {
        if state != ResolveState::Open {
            let text = "`owner` must be left out unless the decision is still open.";
            return Err(Problem::invalid(text));
        }
        concerned(app, who, &scope, owner).await?;
    }
    let word = line(word, 500);
    let word = word
        .ok_or_else(|| Problem::invalid("`word` must be at most 500 characters, on one line."))?;
    let told = (state, word.as_str(), owner);
    app.store.follow_up(who.org, (review, decision), told, &who.actor(), app.now()).await?;
    Ok(())
}

/// Closes a review.
///
/// # Errors
/// They may not, or it is not open.
pub(crate) async fn close(app: &App, who: &Who, id: i64, note: &str) -> Result<(), Problem> {
    let (review, _) = find(app, who, id).await?;
    must_hold(app, who, &review.is.of).await?;
    let note = note.replace("\r\n", "\n");
    let note = note.trim();
    let odd = |c: char| c.is_control() && c != '\n';
    if note.chars().count() > 5000 || note.chars().any(odd) {
        return Err(Problem::invalid("`note` must be at most 5000 characters."));
    }
    let done = app.store.close_review(who.org, id, note, &who.actor(), app.now()).await?;
    if done { Ok(()) } else { Err(Problem::conflict("The review is not open.")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_is_due_at_the_end_of_a_day_or_of_the_day_of_a_time() {
        let now: Timestamp = "2026-12-01T10:00:00Z".parse().unwrap();
        let due = |text: &str| due(text, now).ok().map(|at| at.to_string());
        for text in ["2026-12-24", "2026-12-24T09:00:00Z", "2026-12-25T00:30:00+01:00"] {
            assert_eq!(due(text).as_deref(), Some("2026-12-25T00:00:00Z"), "{text}");
        }
        for wrong in ["", "2026-11-30", "2026-11-30T09:00:00Z", "2028-12-24", "soon"] {
            assert_eq!(due(wrong), None, "{wrong}");
        }
    }
}
