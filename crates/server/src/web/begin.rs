//! The first steps of an organisation that has just begun, in their order, until each is done.

use trimtab_pages::part::{Cell, Column, Link, Row, Table};
use trimtab_store::System;

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// One step: what it is called, where it is done, what it is for, and whether it is done.
type Step = (&'static str, String, &'static str, bool);

/// The first steps, for who administers the organisation. Nothing once each that a finding needs is done:
/// a charter may come later, because the preset holds until then.
///
/// # Errors
/// The store does not answer.
pub(super) async fn steps(
    app: &App,
    who: &Who,
    systems: &[System],
) -> Result<Option<Table>, Problem> {
    if !who.may(Action::Administer, On::ALL) {
        return Ok(None);
    }
    let uploads = who.may_somewhere(Action::Upload);
    let people = app.store.people(who.org).await?.len();
    let has_index = app.index().is_some();
    let has_teams = !app.store.teams(who.org).await?.is_empty();
    let has_assets = !app.store.assets(who.org, None, None, "", 1).await?.is_empty();
    let own = format!("/administration/people/{}", who.person.id);
    let has_people = people > 1 || uploads;
    if has_index && has_people && has_teams && !systems.is_empty() && has_assets {
        return Ok(None);
    }
    let now = app.now();
    let has_charter =
        app.store.charters(who.org).await?.iter().any(|c| c.in_force.is_some_and(|at| at <= now));
    let (people_at, people_why) = if people > 1 {
        ("/administration".to_owned(), "Add the people who work with you, each with a role.")
    } else {
        (
            own.clone(),
            "An admin alone can send nothing: grant yourself the roles that you hold, and add the others.",
        )
    };
    let (send_at, send_why) = if uploads {
        (
            "/inventory/new".to_owned(),
            "Upload an SBOM or a lockfile here, or run `trimtab push` in CI.",
        )
    } else {
        (
            own,
            "It takes the role security, engineering or operations. In CI, `trimtab push` does it with a token.",
        )
    };
    let steps: [Step; 6] = [
        (
            "Fetch advisories",
            "/feeds".to_owned(),
            "Run `trimtab db update` on the server, or start it with `--feeds-every HOURS`.",
            has_index,
        ),
        ("Give roles", people_at, people_why, has_people),
        (
            "Add a team",
            "/teams/new".to_owned(),
            "A team owns systems. Its cadence and capacity make its plan.",
            has_teams,
        ),
        (
            "Describe a system",
            "/systems/new".to_owned(),
            "Its owner, tier and exposure decide how much a finding matters.",
            !systems.is_empty(),
        ),
        ("Send an inventory", send_at, send_why, has_assets),
        (
            "Agree on a charter",
            "/charter".to_owned(),
            "Until security, engineering, product and operations agree on one, a preset holds.",
            has_charter,
        ),
    ];
    let rows = steps.into_iter().map(|(name, at, why, is_done)| {
        Row::of(vec![
            Cell::Name(Link::to(name, at), String::new()),
            Cell::text(why),
            if is_done { Cell::Change("done".to_owned(), Some(true)) } else { Cell::text("to do") },
        ])
    });
    Ok(Some(Table {
        title: "First steps".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Step").kept(),
            Column::left("How").kept(),
            Column::left("State").kept(),
        ],
        rows: rows.collect(),
        ..Table::default()
    }))
}
