//! Changes of the windows that run, and systems that nobody described.

use trimtab_pages::part::{Cell, Column, Link, Row, number};
use trimtab_store::{Scheduled, System};

use super::{Asking, MOST, Reach, Told};
use crate::access::{Action, On};
use crate::problem::Problem;
use crate::web::findings::encode;
use crate::web::today::short;

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
    let all = store.scheduled_now(org, of, now, MOST + 1).await?;
    let shown: Vec<i64> = all.iter().take(show).map(|(_, is)| is.change.asset).collect();
    let names = store.asset_names(org, &shown).await?;
    let row = |(team, is): &(i64, Scheduled)| {
        // In a plan whose window the person sees as a whole. No list of findings has those of one change alone.
        let anchor = is.window.as_ref().map_or_else(
            || "now".to_owned(),
            |window| format!("window-{}", window.starts.as_second()),
        );
        let sees = asking.who.may(Action::View, On { system: None, team: Some(*team) });
        let plan = sees.then(|| format!("/teams/{team}/plan#{anchor}"));
        let within = |text: String| match &plan {
            Some(plan) => Cell::link(text, plan.clone()),
            None => Cell::text(text),
        };
        let to = plan.clone().unwrap_or_else(|| {
            let package = encode(&is.change.package);
            format!("/findings?team={team}&package={package}&asset={}", is.change.asset)
        });
        let asset = names.get(&is.change.asset).cloned().unwrap_or_default();
        let (name, _) = short(&is.change.package);
        let window = is.window.as_ref().map_or("now", |window| window.name.as_str());
        let owner = teams.iter().find(|t| t.id == *team).map_or("", |t| t.name.as_str());
        Row::of(vec![
            Cell::Name(Link::to(format!("{name} to {}", is.version), to), asset),
            Cell::text(owner),
            Cell::text(window),
            within(is.findings.len().to_string()),
            within(number(is.load)),
            Cell::text(number(is.points)),
        ])
    };
    let columns = vec![
        Column::left("Change").kept(),
        Column::left("Team"),
        Column::left("Window").kept(),
        Column::right("Removes"),
        Column::right("Load removed"),
        Column::right("Points"),
    ];
    // Those with a row that is shown are told in full; the others are only counted.
    let shown = all.iter().take(show).map(row).collect();
    let mut told = Told::first(columns, shown, show);
    told.count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    Ok(told.at_most())
}

/// Systems of which nobody said how much they matter, or with a word that the charter has not.
pub(super) fn tierless(asking: &Asking<'_>, reach: &Reach, show: usize) -> Told {
    let known = |s: &&System| {
        s.tier.as_deref().is_some_and(|tier| asking.agreed.charter.tier(tier).is_some())
    };
    let row = |is: &System| {
        let may = asking.who.may(Action::Describe, On { system: Some(is.id), team: is.team });
        let to = if may { "/edit" } else { "" };
        let owner = is.product_owner.clone();
        Row::of(vec![
            Cell::name(is.name.clone(), format!("/systems/{}{to}", is.id)),
            owner.map_or_else(|| Cell::unknown("nobody is named"), Cell::text),
            match &is.tier {
                Some(tier) => Cell::text(format!("the charter has no tier `{tier}`")),
                None => Cell::unknown("nobody said how much it matters"),
            },
        ])
    };
    let is = |s: &&System| reach.has_system(Some(s.id)) && !known(s);
    let columns = vec![
        Column::left("System").kept(),
        Column::left("Product owner"),
        Column::left("Tier").kept(),
    ];
    Told::first(columns, asking.agreed.stored.iter().filter(is).map(row).collect(), show)
}
