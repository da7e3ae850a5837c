//! Removing a team or a system: refused while something is still theirs, with what stands in the way and what to do about it.
//! What was recorded of them stays.

use trimtab_store::{FormerKind, Hindrance, Removed};

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;
use crate::web::{system, team};

/// The name of a team or system that they may remove.
///
/// # Errors
/// It is not there, or they may not.
pub(crate) async fn name(
    app: &App,
    who: &Who,
    (kind, id): (FormerKind, i64),
) -> Result<String, Problem> {
    match kind {
        FormerKind::Team => {
            let (team, _) = team::find(app, who, id).await?;
            who.must(Action::Administer, On::ALL)?;
            Ok(team.name)
        }
        FormerKind::System => {
            let (system, _) = system::find(app, who, id).await?;
            who.must(Action::Describe, On { system: Some(id), team: system.team })?;
            Ok(system.name)
        }
    }
}

/// What stands in the way of a removal, a sentence each.
///
/// # Errors
/// It is not there, or they may not.
pub(crate) async fn hindered(
    app: &App,
    who: &Who,
    of: (FormerKind, i64),
) -> Result<Vec<String>, Problem> {
    name(app, who, of).await?;
    let found = app.store.hindered(who.org, of, app.now()).await?;
    Ok(found.into_iter().map(words).collect())
}

/// Removes it; the pages do it the same way.
///
/// # Errors
/// It is not there, they may not, or something stands in the way.
pub(crate) async fn remove(app: &App, who: &Who, of: (FormerKind, i64)) -> Result<(), Problem> {
    let name = name(app, who, of).await?;
    match app.store.remove(who.org, of, &who.actor(), app.now()).await? {
        Removed::Done => Ok(()),
        Removed::Missing => Err(Problem::not_found(of.0.as_str())),
        Removed::Hindered(found) => {
            let found: Vec<String> = found.into_iter().map(words).collect();
            let what = of.0.as_str();
            let found = found.join(" ");
            Err(Problem::conflict(format!("The {what} `{name}` cannot be removed yet. {found}")))
        }
    }
}

/// What stands in the way, and what to do.
fn words((what, count): (Hindrance, i64)) -> String {
    let (one, many, act) = match what {
        Hindrance::Systems => {
            ("system is the team's", "systems are the team's", "give them another owner")
        }
        Hindrance::Assets => {
            ("asset is in it", "assets are in it", "push them with the name of another system")
        }
        Hindrance::NeededBy => ("system needs it", "systems need it", "describe those without it"),
        Hindrance::Tracker => (
            "tracker has its tickets",
            "trackers have its tickets",
            "let it close them, then end it on the team's page of tickets",
        ),
        Hindrance::Decisions => (
            "decision about it waits or is in force",
            "decisions about it wait or are in force",
            "answer or end them",
        ),
        Hindrance::Appeals => (
            "emergency or dispute waits for an answer",
            "emergencies and disputes wait for an answer",
            "answer them",
        ),
        Hindrance::Incidents => {
            ("open incident touches it", "open incidents touch it", "close them first")
        }
        Hindrance::Reviews => (
            "review of it is planned or open",
            "reviews of it are planned or open",
            "close them, or cancel what is planned",
        ),
        Hindrance::Goals => ("goal runs", "goals run", "drop them, or wait for their end"),
        Hindrance::Roles => (
            "role is held for it alone",
            "roles are held for it alone",
            "an admin takes them away under Administration",
        ),
        Hindrance::Tokens => {
            ("token reaches it alone", "tokens reach it alone", "revoke them, or let them expire")
        }
    };
    format!("{count} {}: {act}.", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_says_what_to_do() {
        let told = words((Hindrance::Systems, 2));
        assert_eq!(told, "2 systems are the team's: give them another owner.");
        let told = words((Hindrance::Assets, 1));
        assert_eq!(told, "1 asset is in it: push them with the name of another system.");
    }
}
