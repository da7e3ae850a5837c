//! What a review is of, and who may see and hold it.

use trimtab_store::{FormerKind, Grant, Person, Review, ReviewOf, ReviewState, System};

use crate::access::table::allow;
use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

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
        // Who sees everything sees what was recorded of a system that was removed.
        let of = |s: &System| On { system: Some(s.id), team: s.team };
        let on = stored.iter().find(|s| s.id == *id).map_or(On::ALL, of);
        who.may(Action::View, on)
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

pub(super) async fn must_hold(app: &App, who: &Who, of: &ReviewOf) -> Result<(), Problem> {
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
    if let Some(team) = teams.into_iter().find(|t| t.id == *id) {
        return Ok(team.name);
    }
    let former = app.store.former(who.org, FormerKind::Team).await?;
    Ok(former.into_iter().find(|t| t.id == *id).map_or_else(|| format!("team {id}"), |t| t.name))
}

/// Somebody who may see what a review is of.
pub(super) async fn concerned(
    app: &App,
    who: &Who,
    scope: &Scope,
    id: i64,
) -> Result<Person, Problem> {
    let wrong = || Problem::invalid("`owner` must be a person who may see what the review is of.");
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
