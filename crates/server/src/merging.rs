//! Who merged updates, for the card of a person. Git tells it to whoever pushes, by the author of a merge: where that is
//! the verified address of a person of ours, it was theirs, else nobody's. A person says it of themselves on a page.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use trimtab_store::{Applied, Asset, Merger, Org};
use utoipa::ToSchema;

use crate::access::table::allow;
use crate::access::{Action, On, Who};
use crate::api::on;
use crate::api::updates::find;
use crate::problem::Problem;
use crate::state::App;

/// How many updates one push is asked about, and how many may be told at once.
pub(crate) const ASKED: usize = 20;
/// How long ago an update may have been carried out.
const SINCE: SignedDuration = SignedDuration::from_hours(24 * 180);
/// So long is not asked again about one of which nobody told.
const AGAIN: SignedDuration = SignedDuration::from_hours(6);

/// An update of which is asked who merged it, by the last commit of its branch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Unmerged {
    pub(crate) update: i64,
    pub(crate) commit: String,
}

/// Updates of an asset of which nobody knows who merged them, each named at most every few hours.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn wanted(app: &App, org: Org, asset: i64) -> Result<Vec<Unmerged>, Problem> {
    let now = app.now();
    let all = app.store.without_merger(org, asset, (now - SINCE, now - AGAIN), ASKED).await?;
    // Those that no commit names are asked about never, and stand in nobody's way.
    let ids: Vec<i64> = all.iter().map(|is| is.id).collect();
    app.store.note_merger_asked(org, &ids, now).await?;
    let commit = |is: &Applied| {
        let last = is.is.told["commits"].as_array()?.last()?["id"].as_str()?.to_owned();
        let whole = matches!(last.len(), 40 | 64) && last.bytes().all(|b| b.is_ascii_hexdigit());
        whole.then_some(Unmerged { update: is.id, commit: last })
    };
    Ok(all.iter().filter_map(commit).collect())
}

/// What git tells of an update.
pub(crate) struct Told {
    pub(crate) update: i64,
    /// The merge.
    pub(crate) commit: String,
    /// When it was.
    pub(crate) at: Option<Timestamp>,
    /// The address of its author. It is kept nowhere.
    pub(crate) address: String,
}

/// Whether anything of an update can be merged.
fn is_something(is: &Applied) -> bool {
    !matches!(is.is.told["outcome"].as_str(), Some("nothing" | "refused"))
}

/// Keeps who merged updates of an asset, as git tells it: of people who may see the asset. Returns how many were looked at,
/// and not whom an address is of.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn take(
    app: &App,
    who: &Who,
    asset: &Asset,
    all: &[Told],
) -> Result<usize, Problem> {
    let (now, actor) = (app.now(), who.actor());
    let on = on(&app.store, who.org, asset.system).await?;
    let mut looked_at = 0;
    for told in all {
        let Some(is) = app.store.applied(who.org, told.update).await? else { continue };
        if is.is.asset != asset.id || !is_something(&is) {
            continue;
        }
        looked_at += 1;
        let Some(person) = app.store.person_of_verified(who.org, &told.address).await? else {
            continue;
        };
        // Of others than those who work with it nothing is said.
        if !allow(&app.store.grants(who.org, person).await?, Action::View, on) {
            continue;
        }
        let at = told.at.map(|at| at.min(now));
        let merger = Merger { update: told.update, person, how: "git".to_owned(), at };
        let (of, by) = ((asset.id, &merger), (actor.as_str(), now));
        app.store.set_merger(who.org, of, Some(&told.commit), by).await?;
    }
    Ok(looked_at)
}

/// Whether somebody may say that they merged an update: they work where it is, and say it themselves.
pub(crate) fn may_say(who: &Who, on: On) -> bool {
    who.token.is_none() && who.may(Action::Upload, on)
}

/// A person says that they merged an update, or no longer.
///
/// # Errors
/// They may not; it is another's, or nothing of it can be merged.
pub(crate) async fn mine(app: &App, who: &Who, id: i64, mine: bool) -> Result<(), Problem> {
    let (is, on) = find(app, who, id).await?;
    let (org, person, by) = (who.org, who.person.id, &*who.actor());
    let asset = is.is.asset;
    let known = app.store.merger(org, id).await?;
    // Whom git named says that it is wrong, whatever else they may do.
    let denies =
        !mine && who.token.is_none() && known.as_ref().is_some_and(|known| known.person == person);
    if !denies && !may_say(who, on) {
        return Err(Problem::forbidden(Action::Upload));
    }
    if !mine {
        if known.as_ref().is_some_and(|known| known.person == person) {
            app.store.end_merger(org, (asset, id, person), (by, app.now())).await?;
        }
        return Ok(());
    }
    if !is_something(&is) {
        return Err(Problem::conflict("It has nothing that can be merged."));
    }
    let now = app.now();
    let merger = Merger { update: id, person, how: "said".to_owned(), at: Some(now) };
    let done = app.store.set_merger(org, (asset, &merger), None, (by, now)).await?;
    let own = |known: &Merger| known.person == person;
    if !done && !known.as_ref().is_some_and(own) {
        return Err(Problem::conflict("Somebody else is already recorded as having merged it."));
    }
    Ok(())
}
