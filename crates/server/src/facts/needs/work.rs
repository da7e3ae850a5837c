//! Changes of the windows that run, and systems that nobody described.

use trimtab_store::{Scheduled, System};

use super::{Asking, Change, MOST, Reach, Rows, Told};
use crate::problem::Problem;

/// What is scheduled at once or in a window that runs, by team.
///
/// # Errors
/// The store does not answer.
pub(super) async fn changes(
    asking: &Asking<'_>,
    reach: &Reach,
    show: usize,
) -> Result<Told, Problem> {
    let (store, org, now) = (&asking.app.store, asking.who.org, asking.now);
    let teams = store.teams(org).await?;
    // Of a role within a system, what is of its assets.
    let of = reach.teams.as_deref().zip(reach.systems.as_deref());
    let mut all = store.scheduled_now(org, of, now, MOST + 1).await?;
    let count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    // Those that are shown are told in full; the others are only counted.
    all.truncate(show);
    let assets: Vec<i64> = all.iter().map(|(_, is)| is.change.asset).collect();
    let names = store.asset_names(org, &assets).await?;
    let change = |(team, is): (i64, Scheduled)| Change {
        team: (
            team,
            teams.iter().find(|t| t.id == team).map_or("", |t| t.name.as_str()).to_owned(),
        ),
        asset: names.get(&is.change.asset).cloned().unwrap_or_default(),
        is,
    };
    let mut told = Told::first(all.into_iter().map(change).collect(), show, Rows::Changes);
    told.count = count;
    Ok(told.at_most())
}

/// Systems of which nobody said how much they matter, or with a word that the charter has not.
pub(super) fn tierless(asking: &Asking<'_>, reach: &Reach, show: usize) -> Told {
    let known = |s: &&System| {
        s.tier.as_deref().is_some_and(|tier| asking.agreed.charter.tier(tier).is_some())
    };
    let is = |s: &&System| reach.has_system(Some(s.id)) && !known(s);
    let all = asking.agreed.stored.iter().filter(is).cloned().collect();
    Told::first(all, show, Rows::Systems)
}

/// Systems that no team owns.
pub(super) fn ownerless(asking: &Asking<'_>, reach: &Reach, show: usize) -> Told {
    let is = |s: &&System| reach.has_system(Some(s.id)) && s.team.is_none();
    let all = asking.agreed.stored.iter().filter(is).cloned().collect();
    Told::first(all, show, Rows::Systems)
}
