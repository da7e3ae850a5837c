//! Links to a board that are read without signing in: made by who may, read with what their maker may see at that
//! moment, of a scope that was fixed when they were made.

use jiff::SignedDuration;
use trimtab_model::Role;
use trimtab_store::{NewShare, ScopeOf, Share, Token};

use crate::access::secret::{Secret, digest};
use crate::access::{Action, On, Who, who};
use crate::problem::Problem;
use crate::state::App;

/// The longest life of a link, in days.
pub(crate) const LONGEST: i64 = 90;
/// What its secret begins with, so that a scanner of leaked secrets can know it.
const PREFIX: &str = "trimtab_share_";
/// The sides that have a board.
pub(crate) const SIDES: [Role; 5] =
    [Role::Engineering, Role::Security, Role::Product, Role::Operations, Role::Leadership];

/// A link that is wanted.
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) side: String,
    /// Of a team alone; `None`: of the organisation.
    pub(crate) team: Option<i64>,
    pub(crate) days: i64,
}

/// The side of a word that has a board.
///
/// # Errors
/// There is none.
pub(crate) fn side(word: &str) -> Result<Role, Problem> {
    Role::from_word(word)
        .filter(|role| SIDES.contains(role))
        .ok_or_else(|| Problem::not_found("board"))
}

/// Makes a link. Gives its id and address, which is told this once.
///
/// # Errors
/// They may not share what is asked for, or something is not right.
pub(crate) async fn make(app: &App, who: &Who, wanted: Wanted) -> Result<(i64, String), Problem> {
    // A link would outlive the token that made it: people make them.
    if who.session.is_none() {
        return Err(Problem::for_people("make a link"));
    }
    let named = |role: &&Role| role.as_str() == wanted.side;
    let side = SIDES.iter().find(named).ok_or_else(|| {
        let words: Vec<&str> = SIDES.iter().map(|side| side.as_str()).collect();
        Problem::invalid(format!("`side` must be one of {}.", words.join(", ")))
    })?;
    let on = match wanted.team {
        None => On::ALL,
        Some(id) => {
            let teams = app.store.teams(who.org).await?;
            let on = On { system: None, team: Some(id) };
            let is_there = teams.iter().any(|t| t.id == id) && who.may(Action::View, on);
            if !is_there {
                return Err(Problem::not_found("team"));
            }
            on
        }
    };
    who.must(Action::Share, on)?;
    who.must(Action::View, on)?;
    if wanted.name.trim().is_empty() || wanted.name.chars().count() > 200 {
        return Err(Problem::invalid("The name must be 1 to 200 characters."));
    }
    if !(1..=LONGEST).contains(&wanted.days) {
        return Err(Problem::invalid(format!("`days` must be 1 to {LONGEST}.")));
    }
    let secret = Secret::new(PREFIX).map_err(|e| Problem::no_random_bytes(&e))?;
    let now = app.now();
    let new = NewShare {
        name: wanted.name,
        person: who.person.id,
        side: side.as_str().to_owned(),
        scope: wanted.team.map_or(ScopeOf::Organisation, ScopeOf::Team),
        expires: now + SignedDuration::from_hours(24 * wanted.days),
    };
    let id = app.store.add_share(who.org, &new, &secret.digest(), &who.actor(), now).await?;
    Ok((id, format!("{}/shared/{}", app.settings.public, secret.shown())))
}

/// What a link reaches.
pub(crate) fn reach(scope: ScopeOf) -> On {
    match scope {
        ScopeOf::Organisation => On::ALL,
        ScopeOf::Team(id) => On { system: None, team: Some(id) },
        ScopeOf::System(id) => On { system: Some(id), team: None },
    }
}

/// Withdraws a link: one's own (by a token, only with the right to share there), or anybody's for an admin.
///
/// # Errors
/// There is none that they may withdraw.
pub(crate) async fn withdraw(app: &App, who: &Who, id: i64) -> Result<(), Problem> {
    let share = app.store.share_numbered(who.org, id).await?;
    let theirs = |share: &Share| {
        let may = || who.session.is_some() || who.may(Action::Share, reach(share.is.scope));
        (share.is.person == who.person.id && may()) || who.may(Action::Administer, On::ALL)
    };
    share.filter(theirs).ok_or_else(|| Problem::not_found("link"))?;
    app.store.withdraw_share(who.org, id, &who.actor(), app.now()).await?;
    Ok(())
}

/// Who reads by a link: its maker as they are now, who may look, and only within the scope of the link.
///
/// # Errors
/// There is no such link that holds, its maker may see nothing there any more, or it is read too often.
pub(crate) async fn reader(app: &App, secret: &str) -> Result<(Share, Who), Problem> {
    let missing = || Problem::not_found("board");
    let now = app.now();
    let share = app.store.share(&digest(secret), now).await?.ok_or_else(missing)?;
    // Beside the numbers of tokens.
    app.limits.token(share.org, share.id.saturating_neg())?;
    let narrowed = Token {
        id: 0,
        org: share.org,
        name: share.is.name.clone(),
        person: share.is.person,
        actions: vec![Action::View.as_str().to_owned()],
        scope: share.is.scope,
        created: share.created,
        expires: share.is.expires,
        revoked: None,
        used: None,
        hook: None,
    };
    let who = who::of(app, share.org, share.is.person, None, Some(narrowed)).await?;
    if !who.may(Action::View, reach(share.is.scope)) {
        return Err(missing());
    }
    app.store.note_share(&share, now).await?;
    Ok((share, who))
}
