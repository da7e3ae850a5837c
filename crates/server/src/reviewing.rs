//! Reviews: what one is of, who may see and hold it, and what is written down in it. The API and the pages do it the
//! same way.

pub(crate) mod agenda;
mod briefing;
mod health;
pub(crate) mod minutes;
pub(crate) mod packing;
mod prepared;
mod supported;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use trimtab_engine::review::{Closed, Decided, Follow, Held, Kind, Quality, quality};
use trimtab_store::{
    Grant, NewResolve, NewReview, Org, Person, Resolve, ResolveState, Review, ReviewFilter,
    ReviewOf, ReviewState, System,
};

use crate::access::table::allow;
use crate::access::{Action, On, Who};
use crate::people;
use crate::problem::Problem;
use crate::state::App;
use agenda::Pack;
pub(crate) use prepared::pack;

/// How many reviews before one are looked at.
pub(crate) const BEFORE: usize = 12;
/// How many reviews with decisions that are to be done.
const OLDER: usize = 200;
/// The shortest and the longest, in minutes.
pub(crate) const LENGTHS: std::ops::RangeInclusive<u32> = 10..=180;
/// Sorts of topics that stand in every review until they are done, or by their nature.
const STAYS: [&str; 8] = [
    "decision:",
    "window:",
    "relied-on:",
    "concentration:",
    "supplier:",
    "team:",
    "attacks:",
    "malicious:",
];
/// How far away one may be, and what it decides may be due.
const YEAR: SignedDuration = SignedDuration::from_hours(24 * 366);
/// The most people who are offered as owners.
const PEOPLE: usize = 300;

/// What a review is of, as it is now.
pub(crate) struct Scope {
    pub(crate) of: ReviewOf,
    /// For people: `Team Payments`.
    pub(crate) name: String,
    /// Its systems. `None`: all, and what belongs to none.
    pub(crate) systems: Option<Vec<i64>>,
}

/// What a review is of, if they may see all of it.
///
/// # Errors
/// It is not there, or they may see a part of it at most.
pub(crate) async fn scope(app: &App, who: &Who, of: &ReviewOf) -> Result<Scope, Problem> {
    let missing = || Problem::not_found("review");
    let stored = app.store.systems(who.org).await?;
    let (name, systems) = match of {
        ReviewOf::All => {
            if !who.may(Action::View, On::ALL) {
                return Err(missing());
            }
            return Ok(Scope {
                of: of.clone(),
                name: "the organisation".to_owned(),
                systems: None,
            });
        }
        ReviewOf::Team(id) => {
            let teams = app.store.teams(who.org).await?;
            let team = teams.into_iter().find(|t| t.id == *id).ok_or_else(missing)?;
            let own = stored.iter().filter(|s| s.team == Some(*id)).map(|s| s.id).collect();
            (team.name, own)
        }
        ReviewOf::Systems(ids) => {
            let names: Vec<&str> =
                stored.iter().filter(|s| ids.contains(&s.id)).map(|s| s.name.as_str()).collect();
            let group = group(app, who, of).await?;
            (group.unwrap_or_else(|| names.join(", ")), ids.clone())
        }
    };
    if !sees(who, &systems, &stored) {
        return Err(missing());
    }
    Ok(Scope { of: of.clone(), name, systems: Some(systems) })
}

/// What a group of systems is called. `None`: it has no name of its own.
async fn group(app: &App, who: &Who, of: &ReviewOf) -> Result<Option<String>, Problem> {
    let groups = app.store.named_groups(who.org).await?;
    let word = of.word();
    Ok(groups.into_iter().find(|(of, _)| of.word() == word).map(|(_, name)| name))
}

/// Whether they see all of some systems, of which there are any.
pub(crate) fn sees(who: &Who, systems: &[i64], stored: &[System]) -> bool {
    let may = |id: &i64| {
        let system = stored.iter().find(|s| s.id == *id);
        system.is_some_and(|s| who.may(Action::View, On { system: Some(s.id), team: s.team }))
    };
    !systems.is_empty() && systems.iter().all(may)
}

/// Whether they may hold a review of something: all of it is theirs.
pub(crate) async fn may_hold(app: &App, who: &Who, of: &ReviewOf) -> Result<bool, Problem> {
    Ok(match of {
        ReviewOf::All => who.may(Action::Review, On::ALL),
        ReviewOf::Team(id) => who.may(Action::Review, On { system: None, team: Some(*id) }),
        ReviewOf::Systems(ids) => {
            let stored = app.store.systems(who.org).await?;
            ids.iter().all(|id| {
                let on = stored.iter().find(|s| s.id == *id);
                on.is_some_and(|s| who.may(Action::Review, On { system: Some(*id), team: s.team }))
            })
        }
    })
}

async fn must_hold(app: &App, who: &Who, of: &ReviewOf) -> Result<(), Problem> {
    if may_hold(app, who, of).await? { Ok(()) } else { Err(Problem::forbidden(Action::Review)) }
}

/// A review that they may see: they see every system that it tells of.
///
/// # Errors
/// There is none.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<(Review, Scope), Problem> {
    let missing = || Problem::not_found("review");
    let review = app.store.review(who.org, id).await?.ok_or_else(missing)?;
    // One of the organisation tells of everything, whatever became of it.
    if review.is.of == ReviewOf::All && !who.may(Action::View, On::ALL) {
        return Err(missing());
    }
    // What was shown may be of systems that are another team's by now. A prepared one showed nothing yet.
    if review.state != ReviewState::Prepared
        && review.is.of != ReviewOf::All
        && !sees(who, &review.is.systems, &app.store.systems(who.org).await?)
    {
        return Err(missing());
    }
    match scope(app, who, &review.is.of).await {
        Ok(scope) if review.state == ReviewState::Prepared || review.is.of == ReviewOf::All => {
            Ok((review, scope))
        }
        // Of an opened one, the systems are those that it told of.
        Ok(scope) => {
            let systems = Some(review.is.systems.clone());
            Ok((review, Scope { systems, ..scope }))
        }
        // A team that owns nothing any longer: what was shown can be read on.
        Err(_) if review.state != ReviewState::Prepared && review.is.of != ReviewOf::All => {
            let scope = Scope {
                of: review.is.of.clone(),
                name: name_of(app, who, &review.is.of).await?,
                systems: Some(review.is.systems.clone()),
            };
            Ok((review, scope))
        }
        Err(problem) => Err(problem),
    }
}

async fn name_of(app: &App, who: &Who, of: &ReviewOf) -> Result<String, Problem> {
    let ReviewOf::Team(id) = of else { return Ok("systems".to_owned()) };
    let teams = app.store.teams(who.org).await?;
    Ok(teams.into_iter().find(|t| t.id == *id).map_or_else(|| format!("team {id}"), |t| t.name))
}

/// The kind of a review; one that this build does not know is shown as a weekly one.
pub(crate) fn kind_of(review: &Review) -> Kind {
    Kind::from_text(&review.is.kind).unwrap_or(Kind::Weekly)
}

/// The reviews of the same before one, or before now where it was not opened.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn before_it(
    app: &App,
    who: &Who,
    (review, scope): (&Review, &Scope),
) -> Result<Vec<Before>, Problem> {
    let systems = match (&review.opened, &scope.systems) {
        (_, None) => None,
        (Some(_), Some(_)) => Some(review.is.systems.as_slice()),
        (None, Some(systems)) => Some(systems.as_slice()),
    };
    let until = review.opened.unwrap_or(app.now());
    before(app, who.org, (kind_of(review), &review.is.of, systems), until).await
}

/// A review that was held before another one of the same.
pub(crate) struct Before {
    pub(crate) review: Review,
    pub(crate) pack: Option<Pack>,
    pub(crate) decisions: Vec<Resolve>,
}

impl Before {
    /// As quality counts it.
    fn held(&self) -> Held {
        let topics = self.pack.iter().flat_map(Pack::topics);
        // What stands in every review does not come again.
        let stays = |key: &str| STAYS.iter().any(|sort| key.starts_with(sort));
        let keys = topics.filter(|key| !stays(key)).map(ToOwned::to_owned);
        let minutes = |(from, to): (Timestamp, Timestamp)| {
            u32::try_from(to.duration_since(from).as_secs().div_euclid(60)).unwrap_or(u32::MAX)
        };
        Held {
            keys: keys.collect(),
            decisions: self.decisions.iter().map(decided).collect(),
            planned: self.review.is.minutes,
            took: self.review.opened.zip(self.review.closed).map(minutes),
        }
    }
}

/// The last review before one that it is compared with: of a pack of a month or a quarter, one of the same systems.
pub(crate) fn last_of<'b>(before: &'b [Before], kind: Kind, scope: &Scope) -> Option<&'b Before> {
    let same = |one: &&Before| match (kind, &scope.systems) {
        (Kind::Weekly, _) | (_, None) => true,
        (_, Some(systems)) => {
            let is: HashSet<&i64> = systems.iter().collect();
            is == one.review.is.systems.iter().collect::<HashSet<&i64>>()
        }
    };
    before.iter().filter(same).find(|one| one.pack.is_some())
}

/// The reviews of the same that were opened before a moment, the newest first: those that tell of nothing else than this
/// one does. What a team owned and owns no longer is not told to those who see this one.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn before(
    app: &App,
    org: Org,
    (kind, of, systems): (Kind, &ReviewOf, Option<&[i64]>),
    until: Timestamp,
) -> Result<Vec<Before>, Problem> {
    let filter = ReviewFilter {
        kind: Some(kind.as_str().to_owned()),
        scope: Some(of.word()),
        opened: true,
        before: Some(until),
        systems: systems.map(<[i64]>::to_vec),
        ..ReviewFilter::default()
    };
    let mut reviews = app.store.reviews(org, &filter, None, BEFORE).await?.rows;
    if reviews.len() == BEFORE {
        // Of older ones, those that decided what is still to be done.
        let known: HashSet<i64> = reviews.iter().map(|review| review.id).collect();
        let undone = ReviewFilter { undone: true, ..filter };
        let older = app.store.reviews(org, &undone, None, OLDER).await?.rows;
        let older = older.into_iter().filter(|review| !known.contains(&review.id));
        reviews.extend(older.map(|review| Review { pack: None, ..review }));
    }
    reviews.sort_by_key(|review| std::cmp::Reverse(review.opened));
    let ids: Vec<i64> = reviews.iter().map(|review| review.id).collect();
    let mut of: HashMap<i64, Vec<Resolve>> = HashMap::new();
    for one in app.store.resolved(org, &ids).await? {
        of.entry(one.is.review).or_default().push(one);
    }
    let read = |review: Review| Before {
        pack: review.pack.clone().and_then(|pack| serde_json::from_value(pack).ok()),
        decisions: of.remove(&review.id).unwrap_or_default(),
        review,
    };
    Ok(reviews.into_iter().map(read).collect())
}

/// How good the last twelve reviews were: those before one, and itself if it was opened.
pub(crate) fn how_good(before: &[Before], this: Option<&Before>, now: Timestamp) -> Quality {
    let last = before.iter().take(BEFORE - usize::from(this.is_some()));
    let all: Vec<Held> = last.rev().chain(this).map(Before::held).collect();
    quality(&all, now)
}

/// What was decided, in the engine's words.
pub(crate) fn decided(is: &Resolve) -> Decided {
    let closed = match is.state {
        ResolveState::Open => None,
        ResolveState::Done => Some(Closed::Done),
        ResolveState::Dropped => Some(Closed::Dropped),
    };
    Decided { made: is.made, due: Some(is.is.due), closed: is.ended.zip(closed) }
}

/// How it stands with what was decided.
pub(crate) fn follow(is: &Resolve, now: Timestamp) -> Follow {
    decided(is).at(now)
}

/// The last day of what is due before a moment.
pub(crate) fn last_day(due: Timestamp) -> String {
    let last = due - SignedDuration::from_secs(1);
    last.to_zoned(TimeZone::UTC).date().to_string()
}

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
/// They may not, or something of it is not right.
pub(crate) async fn prepare(app: &App, who: &Who, wanted: Wanted) -> Result<i64, Problem> {
    let now = app.now();
    if let ReviewOf::Systems(ids) = &wanted.of
        && (ids.is_empty() || ids.len() > 100)
    {
        return Err(Problem::invalid("A review is of 1 to 100 systems."));
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
        return Err(Problem::invalid("`minutes` is 10 to 180."));
    }
    let name = match &wanted.name {
        None => None,
        Some(text) => {
            let name = line(text, 100);
            let name = name
                .ok_or_else(|| Problem::invalid("`name` is up to 100 characters on one line."))?;
            if !matches!(&wanted.of, ReviewOf::Systems(ids) if ids.len() > 1) {
                return Err(Problem::invalid("`name` is for a group of several systems."));
            }
            Some(name)
        }
    };
    if wanted.at < now - YEAR || wanted.at > now + YEAR {
        return Err(Problem::invalid("`at` is within a year from now."));
    }
    let new = NewReview {
        kind: wanted.kind.as_str().to_owned(),
        of: wanted.of,
        systems: scope.systems.unwrap_or_default(),
        at: wanted.at,
        minutes: wanted.minutes,
    };
    let named = (&new, name.as_deref());
    Ok(app.store.add_named_review(who.org, named, &who.actor(), now).await?)
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
    if opened { Ok(()) } else { Err(Problem::conflict("The review was opened before.")) }
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

/// Somebody who may see what a review is of.
async fn concerned(app: &App, who: &Who, scope: &Scope, id: i64) -> Result<Person, Problem> {
    let wrong = || Problem::invalid("`owner` is a person who may see what the review is of.");
    let person = app.store.person(who.org, id).await?.filter(|p| !p.disabled).ok_or_else(wrong)?;
    if sees_too(app, who, scope, id).await? { Ok(person) } else { Err(wrong()) }
}

async fn sees_too(app: &App, who: &Who, scope: &Scope, person: i64) -> Result<bool, Problem> {
    let grants = app.store.grants(who.org, person).await?;
    Ok(grants_see(&grants, scope, &app.store.systems(who.org).await?))
}

/// Whether roles reach all that a review is of.
fn grants_see(grants: &[Grant], scope: &Scope, stored: &[System]) -> bool {
    let Some(ids) = &scope.systems else { return allow(grants, Action::View, On::ALL) };
    let may = |id: &i64| {
        let team = stored.iter().find(|s| s.id == *id).and_then(|s| s.team);
        allow(grants, Action::View, On { system: Some(*id), team })
    };
    !ids.is_empty() && ids.iter().all(may)
}

/// Those who may see what a review is of, by name: who can be there, and own what is decided.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn people_of(
    app: &App,
    who: &Who,
    scope: &Scope,
) -> Result<Vec<(i64, String)>, Problem> {
    let mut people = app.store.people(who.org).await?;
    // Whoever asks is among them, however many there are.
    people.sort_by_key(|person| person.id != who.person.id);
    let (grants, stored) =
        (app.store.all_grants(who.org).await?, app.store.systems(who.org).await?);
    let sees = |person: &Person| {
        let own = grants.get(&person.id).map_or(&[][..], Vec::as_slice);
        !person.disabled && grants_see(own, scope, &stored)
    };
    let found = people.into_iter().filter(sees).take(PEOPLE);
    Ok(found.map(|person| (person.id, person.name)).collect())
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
        what.ok_or_else(|| Problem::invalid("`what` is 1 to 500 characters on one line."))?;
    let due = due(&sent.due, now)?;
    concerned(app, who, &scope, sent.owner).await?;
    let topic = match (sent.topic.as_str(), &review.pack) {
        ("", _) => (String::new(), String::new()),
        (_, None) => return Err(Problem::conflict("The review is not open.")),
        (key, Some(_)) => {
            let pack = pack(app, who, (&review, &scope), &[]).await?;
            let title = pack.title_of(key);
            let missing = || Problem::invalid("`topic` is a key of the review's agenda, or empty.");
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

/// The end of a day that was sent.
fn due(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let wrong =
        || Problem::invalid("`due` is a day from today to a year from now, such as 2026-12-24.");
    let day: Date = text.trim().parse().map_err(|_| wrong())?;
    let next = day.checked_add(1.day()).map_err(|_| wrong())?;
    let due = next.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp();
    if due <= now || due > now + YEAR { Err(wrong()) } else { Ok(due) }
}

/// A text on one line, of at most so many characters.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Says what became of something that a review decided: whoever may hold the review, or does it.
///
/// # Errors
/// They may not, or there is no such decision.
pub(crate) async fn follow_up(
    app: &App,
    who: &Who,
    (review, decision): (i64, i64),
    (state, word): (ResolveState, &str),
) -> Result<(), Problem> {
    let (is, _) = find(app, who, review).await?;
    let all = app.store.resolved(who.org, &[review]).await?;
    let found = all.iter().find(|one| one.id == decision);
    let found = found.ok_or_else(|| Problem::not_found("decision of the review"))?;
    if found.is.owner != who.person.id || who.token.is_some() {
        must_hold(app, who, &is.is.of).await?;
    }
    let word = line(word, 500);
    let word =
        word.ok_or_else(|| Problem::invalid("`word` is up to 500 characters on one line."))?;
    let told = (state, word.as_str());
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
        return Err(Problem::invalid("`note` is up to 5000 characters."));
    }
    let done = app.store.close_review(who.org, id, note, &who.actor(), app.now()).await?;
    if done { Ok(()) } else { Err(Problem::conflict("The review is not open.")) }
}

/// Names of people, for what is shown of a review.
pub(crate) async fn names(app: &App, who: &Who) -> Result<HashMap<i64, String>, Problem> {
    people::names(app, who.org).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_due_until_it_is_over() {
        let now: Timestamp = "2026-11-27T09:30:00Z".parse().unwrap();
        let today = due("2026-11-27", now).unwrap();
        assert_eq!(today.to_string(), "2026-11-28T00:00:00Z");
        assert_eq!(last_day(today), "2026-11-27");
        for wrong in ["2026-11-26", "2028-01-01", "x", "", "9999-12-31"] {
            assert!(due(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_is_one() {
        assert_eq!(line("  a b ", 3).as_deref(), Some("a b"));
        assert_eq!((line("a\nb", 9), line("abcd", 3)), (None, None));
    }
}
