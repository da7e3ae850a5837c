//! Proposing a charter and agreeing to one: the rules for both, for the API and the pages.

use serde_json::{Map, Value, json};
use trimtab_model::charter::Charter;
use trimtab_model::{Diagnostic, Level, Role};
use trimtab_store::{CharterState, StoreError, StoredCharter};

use crate::access::{Action, On, Who};
use crate::jobs::rematch_all;
use crate::problem::Problem;
use crate::state::App;

/// The sides of a charter.
pub(crate) const SIDES: [Role; 4] =
    [Role::Security, Role::Engineering, Role::Product, Role::Operations];
/// The largest text.
pub(crate) const LARGEST: usize = 512 * 1024;

/// The name that messages give the text.
const FILE: &str = "charter.toml";

/// Why a text is not proposed.
pub(crate) enum Refused {
    /// What is wrong with it, each with its line.
    Text(Vec<Diagnostic>),
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

/// What is wrong with a text, a line each: where, what, what to do.
pub(crate) fn told(wrong: &[Diagnostic]) -> String {
    let line = |d: &Diagnostic| {
        let place = d.line.map(|line| format!("Line {line}: ")).unwrap_or_default();
        let help = d.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
        format!("{place}{}{help}.", d.message)
    };
    let more = wrong.len().saturating_sub(20);
    let mut text = wrong.iter().take(20).map(line).collect::<Vec<_>>().join(" ");
    if more > 0 {
        text.push_str(&format!(" And {more} more."));
    }
    text
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Problem {
        match refused {
            Refused::Text(wrong) => Problem::invalid(told(&wrong)),
            Refused::Problem(problem) => problem,
        }
    }
}

/// Reads a text.
///
/// # Errors
/// It is no charter.
pub(crate) fn read(text: &str) -> Result<Charter, Vec<Diagnostic>> {
    trimtab_charter::read(FILE, text).map(|(charter, _)| charter)
}

/// What numbers need of a charter, as the ledger tells it once it is in force.
pub(crate) fn terms(charter: &Charter) -> Value {
    let production = charter.environments.iter().filter(|e| e.production);
    let production: Vec<&str> = production.map(|e| &*e.name).collect();
    let accepts = charter.tiers.iter().map(|tier| {
        let level = tier.acceptable.map(Level::as_str);
        (tier.name.to_string(), json!(level))
    });
    let accepts: Map<String, Value> = accepts.collect();
    let longest = Level::ALL.iter().map(|level| {
        (level.as_str().to_owned(), json!(crate::deciding::longest_by(charter, *level)))
    });
    let longest: Map<String, Value> = longest.collect();
    json!({ "name": charter.name, "version": charter.version, "production": production,
        "accepts": accepts, "longest": longest })
}

/// Proposes a charter.
///
/// # Errors
/// They may not, or the text is no charter.
pub(crate) async fn propose(app: &App, who: &Who, text: &str) -> Result<i64, Refused> {
    who.must(Action::Propose, On::ALL)?;
    if text.len() > LARGEST {
        return Err(Problem::invalid("A charter must be at most 512 KiB.").into());
    }
    read(text).map_err(Refused::Text)?;
    Ok(app.store.propose_charter(who.org, text, who.person.id, &who.actor(), app.now()).await?)
}

/// A charter of the organisation, and all of them.
///
/// # Errors
/// There is none.
pub(crate) async fn find(
    app: &App,
    who: &Who,
    id: i64,
) -> Result<(StoredCharter, Vec<StoredCharter>), Problem> {
    let all = app.store.charters(who.org).await?;
    let one = all.iter().find(|c| c.id == id).cloned();
    Ok((one.ok_or_else(|| Problem::not_found("charter"))?, all))
}

/// Agrees for a side. What is in force afterwards weighs every finding anew.
///
/// # Errors
/// They may not speak for it, or the charter is not proposed.
pub(crate) async fn agree(
    app: &App,
    who: &Who,
    charter: &StoredCharter,
    side: &str,
) -> Result<CharterState, Problem> {
    who.must(Action::Agree, On::ALL)?;
    let side = mine(who).into_iter().find(|role| role.as_str() == side);
    let side = side.ok_or_else(|| {
        Problem::invalid(
            "`side` must be one of your own: security, engineering, product, operations.",
        )
    })?;
    let now = app.now();
    // What cannot be read comes into force for nobody: an older build may have taken it.
    let is = read(&charter.text)
        .map_err(|_| Problem::conflict("This version of Trimtab cannot read it."))?;
    let said = terms(&is);
    let (by, actor) = ((side, who.person.id), who.actor());
    let done = app.store.agree(who.org, charter.id, by, &said, &actor, now).await;
    let state = match done {
        Err(StoreError::Refused(_)) => {
            return Err(Problem::conflict("This charter is no longer proposed."));
        }
        done => done?,
    };
    if state == CharterState::InForce {
        app.store.add_job(&rematch_all(who.org, now), now).await?;
        app.work.notify_one();
    }
    Ok(state)
}

/// Takes a proposal back: who made it, or an admin.
///
/// # Errors
/// They may not, or it is not proposed.
pub(crate) async fn withdraw(app: &App, who: &Who, charter: &StoredCharter) -> Result<(), Problem> {
    if !may_withdraw(who, charter) {
        return Err(Problem::forbidden(Action::Propose));
    }
    if app.store.withdraw_charter(who.org, charter.id, &who.actor(), app.now()).await? {
        Ok(())
    } else {
        Err(Problem::conflict("This charter is no longer proposed."))
    }
}

/// Whether they may take a proposal back.
pub(crate) fn may_withdraw(who: &Who, charter: &StoredCharter) -> bool {
    let own = charter.author == who.person.id && who.may(Action::Propose, On::ALL);
    own || who.may(Action::Administer, On::ALL)
}

/// The sides for which they may agree: a role within a team or system is not enough.
pub(crate) fn mine(who: &Who) -> Vec<Role> {
    if who.may(Action::Agree, On::ALL) {
        SIDES.iter().copied().filter(|side| who.holds(*side, On::ALL)).collect()
    } else {
        Vec::new()
    }
}
