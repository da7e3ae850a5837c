//! People and their roles: the rules for both, for the API and the pages. Whoever calls has looked
//! whether they may administer.

mod held;

use std::collections::HashMap;

use jiff::SignedDuration;
use trimtab_model::Role;
use trimtab_store::{Grant, NewPerson, Org, Person, ScopeOf, StoreError};

use crate::access::Who;
use crate::access::secret::Secret;
use crate::deciding::Refused;
use crate::problem::Problem;
use crate::state::App;

pub(crate) use held::{Hold, held, words};

/// How long a sign-in link is good.
const LINK: SignedDuration = SignedDuration::from_hours(24);

/// What is done about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Its sessions end, its tokens are revoked, nobody signs in.
    Close,
    /// It may be used again.
    Open,
    /// One-time codes are turned off: the device is lost.
    CodesOff,
    /// Its sessions end, and links that were not used.
    EndSessions,
}

fn wrong<T>(name: &'static str, text: &str) -> Result<T, Refused> {
    Err(Refused::Member(name, text.to_owned()))
}

/// The names of people by id.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn names(app: &App, org: Org) -> Result<HashMap<i64, String>, Problem> {
    Ok(app.store.people(org).await?.into_iter().map(|p| (p.id, p.name)).collect())
}

/// The same of who is to do something: whose account is closed does nothing, and it is said.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn standing_names(app: &App, org: Org) -> Result<HashMap<i64, String>, Problem> {
    let named = |person: Person| match person.disabled {
        true => (person.id, format!("{} (account closed)", person.name)),
        false => (person.id, person.name),
    };
    Ok(app.store.people(org).await?.into_iter().map(named).collect())
}

/// The name of a person.
pub(crate) fn name(names: &HashMap<i64, String>, id: i64) -> String {
    names.get(&id).cloned().unwrap_or_else(|| format!("person {id}"))
}

/// Somebody of this organisation.
///
/// # Errors
/// There is nobody.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<Person, Problem> {
    app.store.person(who.org, id).await?.ok_or_else(|| Problem::not_found("person"))
}

/// How it stands with an account, in words.
pub(crate) fn standing(person: &Person) -> &'static str {
    match (person.disabled, person.password.is_some() || person.subject.is_some()) {
        (true, _) => "closed",
        (false, true) => "open",
        (false, false) => "has not signed in yet",
    }
}

/// A role where it holds, if both are known here.
///
/// # Errors
/// There is no such role, team or system.
pub(crate) async fn grant(
    app: &App,
    who: &Who,
    role: &str,
    scope: Option<ScopeOf>,
) -> Result<Grant, Refused> {
    let Some(role) = Role::from_word(role) else {
        let known: Vec<&str> = Role::ALL.iter().map(|r| r.as_str()).collect();
        return wrong("role", &format!("Choose a role: {}.", known.join(", ")));
    };
    let known = match scope {
        None => false,
        Some(ScopeOf::Organisation) => true,
        Some(ScopeOf::Team(id)) => app.store.teams(who.org).await?.iter().any(|t| t.id == id),
        Some(ScopeOf::System(id)) => app.store.systems(who.org).await?.iter().any(|s| s.id == id),
    };
    match scope.filter(|_| known) {
        Some(scope) => Ok(Grant { role, scope }),
        None => wrong(
            "scope",
            "Choose where it holds. It is the organisation, or a team or system of it.",
        ),
    }
}

/// Adds a person with roles. Returns them, and a link that signs them in once.
///
/// # Errors
/// Name or address are not right, or somebody has the address.
pub(crate) async fn add(
    app: &App,
    who: &Who,
    name: &str,
    email: &str,
    grants: &[Grant],
) -> Result<(i64, String), Refused> {
    let (name, email) = (name.trim().to_owned(), email.trim().to_lowercase());
    if name.is_empty() || name.chars().count() > 200 {
        return wrong("name", "The name must be 1 to 200 characters.");
    }
    if !is_address(&email) {
        return wrong("email", "Give an address such as ada@example.org.");
    }
    let new = NewPerson { email, name, subject: None };
    let added = app.store.add_person(who.org, &new, grants, &who.actor(), app.now()).await;
    let id = match added {
        Err(StoreError::Exists(_)) => return wrong("email", "Somebody here has this address."),
        added => added?,
    };
    Ok((id, link(app, who, id).await?))
}

/// Makes a link that signs a person in once.
///
/// # Errors
/// The account is closed, or the system has no random bytes.
pub(crate) async fn link(app: &App, who: &Who, id: i64) -> Result<String, Problem> {
    if find(app, who, id).await?.disabled {
        return Err(Problem::conflict("The account is closed: open it first."));
    }
    let secret = Secret::new("").map_err(|e| Problem::no_random_bytes(&e))?;
    app.store.add_link(who.org, id, &secret.digest(), app.now() + LINK).await?;
    Ok(format!("{}/welcome/{}", app.settings.public, secret.shown()))
}

/// Gives a role, or takes it away. Returns the roles that they hold then.
///
/// # Errors
/// Nobody would be left to administer the organisation.
pub(crate) async fn set(
    app: &App,
    who: &Who,
    id: i64,
    grant: Grant,
    give: bool,
) -> Result<Vec<Grant>, Refused> {
    find(app, who, id).await?;
    let before = app.store.grants(who.org, id).await?;
    let mut grants = before.clone();
    grants.retain(|g| *g != grant);
    if give {
        grants.push(grant);
    }
    if grants.len() == before.len() {
        // It is so already: nothing is changed, and the ledger says nothing.
        return Ok(before);
    }
    match app.store.set_grants(who.org, id, &grants, &who.actor(), app.now()).await {
        Err(StoreError::Refused(_)) => {
            let text = "Nobody would be left to administer it.".to_owned();
            Err(Refused::Problem(Problem::conflict(text)))
        }
        done => done.map(|()| grants).map_err(Into::into),
    }
}

/// Does something about an account.
///
/// # Errors
/// It is their own, and is to be closed.
pub(crate) async fn change(app: &App, who: &Who, id: i64, change: Change) -> Result<(), Problem> {
    find(app, who, id).await?;
    let (actor, now) = (who.actor(), app.now());
    match change {
        Change::Close if id == who.person.id => {
            return Err(Problem::conflict("Another admin must close your account."));
        }
        Change::Close => app.store.set_disabled(who.org, id, true, &actor, now).await?,
        Change::Open => app.store.set_disabled(who.org, id, false, &actor, now).await?,
        Change::CodesOff => app.store.set_totp(who.org, id, None, &actor, now).await?,
        Change::EndSessions => {
            app.store.end_sessions(who.org, id, &actor, now).await?;
        }
    }
    Ok(())
}

/// Whether a text can be an address for mail.
pub(crate) fn is_address(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
        && text.len() <= 254
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}
