//! Decisions and charters that wait for somebody's word.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Role;
use trimtab_pages::part::{Cell, Column, Link, Row, When};
use trimtab_store::{CharterState, Decision, StoredCharter};

use super::{Asking, MOST, Reach, Told};
use crate::access::{Action, On, Who};
use crate::agreeing::mine;
use crate::deciding;
use crate::deciding::kind;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;
use crate::web::exceptions::what;
use crate::weighing::Agreed;

/// How long before its end an exception is told.
const SOON: SignedDuration = SignedDuration::from_hours(24 * 14);

/// The most decisions that are read for what somebody may answer.
const READ: usize = 1000;

/// Decisions that they may answer, the oldest first, each with the roles in which they may.
#[derive(Default)]
pub(super) struct Answerable {
    pub(super) all: Vec<(Decision, Vec<Role>)>,
    /// Whether there may be more than were looked at.
    pub(super) is_least: bool,
}

/// Looks at most at `most` decisions that stand where they may answer: at each by the gravest of what it is about.
pub(super) async fn answerable(
    app: &App,
    who: &Who,
    agreed: &Agreed,
    now: Timestamp,
    most: usize,
) -> Result<Answerable, Problem> {
    if !who.may_somewhere(Action::Answer) {
        return Ok(Answerable::default());
    }
    let asked = app.store.asked_by_others(who.org, who.person.id, now, READ).await?;
    let is_read_to_the_end = asked.len() < READ;
    let here = |decision: &Decision| {
        let system = decision.is.system;
        let team = system.and_then(|id| agreed.stored.iter().find(|s| s.id == id)?.team);
        let place = On { system, team };
        who.may(Action::View, place) && who.may(Action::Answer, place)
    };
    let here: Vec<Decision> = asked.into_iter().filter(here).collect();
    let is_least = here.len() > most || !is_read_to_the_end;
    let mut all = Vec::new();
    for decision in here.into_iter().take(most) {
        let roles = deciding::answering(app, who, &decision, agreed, now).await?;
        if !roles.is_empty() {
            all.push((decision, roles));
        }
    }
    Ok(Answerable { all, is_least })
}

/// Decisions that they may answer: in one role, or in any.
pub(super) async fn asked(
    asking: &Asking<'_>,
    side: Option<Role>,
    show: usize,
) -> Result<Told, Problem> {
    let names = names(asking.app, asking.who.org).await?;
    let system = |is: &Decision| {
        let id = is.is.system?;
        asking.agreed.stored.iter().find(|s| s.id == id).map(|s| (s.id, s.name.clone()))
    };
    let row = |(is, _): &(Decision, Vec<Role>)| {
        Row::of(vec![
            Cell::Name(
                Link::to(what(is), format!("/exceptions/{}", is.id)),
                kind(is.is.kind).to_owned(),
            ),
            match system(is) {
                Some((id, name)) => Cell::link(name, format!("/systems/{id}")),
                None => Cell::text("all systems"),
            },
            Cell::text(is.is.reason.chars().take(120).collect::<String>()),
            Cell::text(format!("{} for {}", name(&names, is.is.author), is.is.author_role)),
            Cell::Value(When::of(is.asked, asking.now).into()),
        ])
    };
    let is = |(_, roles): &&(Decision, Vec<Role>)| side.is_none_or(|side| roles.contains(&side));
    let columns = vec![
        Column::left("What").kept(),
        Column::left("System"),
        Column::left("Reason"),
        Column::left("Asked by"),
        Column::right("Asked").kept(),
    ];
    let mut told =
        Told::first(columns, asking.answers.all.iter().filter(is).map(row).collect(), show);
    told.is_least = asking.answers.is_least;
    Ok(told)
}

/// Proposed charters to which their side has not agreed.
pub(super) async fn charters(
    asking: &Asking<'_>,
    side: Role,
    show: usize,
) -> Result<Told, Problem> {
    let names = names(asking.app, asking.who.org).await?;
    let mut all = asking.app.store.charters(asking.who.org).await?;
    let speaks = mine(asking.who).contains(&side);
    all.retain(|charter| {
        speaks
            && charter.state == CharterState::Proposed
            && charter.agreed.iter().all(|(agreed, ..)| *agreed != side)
    });
    let row = |is: &StoredCharter| {
        let agreed: Vec<&str> = is.agreed.iter().map(|(side, ..)| side.as_str()).collect();
        let agreed = if agreed.is_empty() { "nobody".to_owned() } else { agreed.join(", ") };
        Row::of(vec![
            Cell::name(format!("Proposal {}", is.id), format!("/charter/proposals/{}", is.id)),
            Cell::text(name(&names, is.author)),
            Cell::text(agreed),
            Cell::Value(When::of(is.proposed, asking.now).into()),
        ])
    };
    let columns = vec![
        Column::left("Charter").kept(),
        Column::left("Proposed by"),
        Column::left("Agreed so far"),
        Column::right("Proposed").kept(),
    ];
    Ok(Told::first(columns, all.iter().map(row).collect(), show))
}

/// Exceptions in force that end soon, the soonest first.
pub(super) async fn ending(
    asking: &Asking<'_>,
    reach: &Reach,
    show: usize,
) -> Result<Told, Problem> {
    let now = asking.now;
    let names = names(asking.app, asking.who.org).await?;
    let systems = reach.systems.as_deref();
    let store = &asking.app.store;
    let all = store.ending_decisions(asking.who.org, systems, now, now + SOON, MOST + 1).await?;
    let all: Vec<(Timestamp, Decision)> =
        all.into_iter().filter_map(|is| Some((is.is.expires?, is))).collect();
    let row = |(end, is): &(Timestamp, Decision)| {
        Row::of(vec![
            Cell::Name(
                Link::to(what(is), format!("/exceptions/{}", is.id)),
                kind(is.is.kind).to_owned(),
            ),
            Cell::text(is.is.reason.chars().take(120).collect::<String>()),
            Cell::text(name(&names, is.is.author)),
            Cell::Due(When::of(*end, now), false),
        ])
    };
    let columns = vec![
        Column::left("What").kept(),
        Column::left("Reason"),
        Column::left("Asked by"),
        Column::right("Ends").kept(),
    ];
    Ok(Told::first(columns, all.iter().map(row).collect(), show).at_most())
}
