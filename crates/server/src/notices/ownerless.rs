//! What nobody owns: findings in systems without a team, and in what belongs to no system. No team is told of them. The
//! people whom the system names for selection or assessment are, else anybody whom it names, else the admins.

use std::collections::{BTreeMap, HashSet};

use serde_json::json;
use trimtab_engine::action::is_now;
use trimtab_model::{Level, Role};
use trimtab_store::{FindingFilter, NewPending, Org, StoreError};

use super::things::Told;
use crate::state::App;
use crate::weighing::Agreed;

/// The most systems without an owner that are looked at, by number.
const MOST: usize = 100;
/// For which parts a system's people are asked first.
const FIRST: [&str; 2] = ["selection", "assessment"];

/// What nobody owns, and who is told of it in the place of an owner.
pub(crate) struct Ownerless {
    /// Who is told.
    pub(crate) people: Vec<i64>,
    /// What they are told. It is urgent where the charter calls something of it *now*.
    pub(crate) thing: NewPending,
}

/// All of it that has findings that count.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn all(
    app: &App,
    org: Org,
    agreed: &Agreed,
) -> Result<Vec<Ownerless>, StoreError> {
    let named = app.store.system_people(org).await?;
    let open: HashSet<i64> =
        app.store.people(org).await?.iter().filter(|p| !p.disabled).map(|p| p.id).collect();
    let admins = app.store.people_holding(org, Role::Admin, (None, None)).await?;
    let systems = agreed.stored.iter().filter(|system| system.team.is_none()).take(MOST);
    let mut places: Vec<Option<(i64, &str)>> =
        systems.map(|system| Some((system.id, system.name.as_str()))).collect();
    places.push(None);
    let mut all = Vec::new();
    for place in places {
        let Some(thing) = thing(app, org, agreed, place).await? else { continue };
        let mut people = place.map_or_else(Vec::new, |(id, _)| of_system(&named, id));
        people.retain(|person| open.contains(person));
        if people.is_empty() {
            people.clone_from(&admins);
        }
        if let Some(thing) = late(app, org, agreed, place).await? {
            all.push(Ownerless { people: people.clone(), thing });
        }
        all.push(Ownerless { people, thing });
    }
    Ok(all)
}

/// Whom a system names: for the first parts, else for any.
fn of_system(named: &BTreeMap<(i64, String), i64>, system: i64) -> Vec<i64> {
    let own = || named.iter().filter(|((of, _), _)| *of == system);
    let first = own().filter(|((_, part), _)| FIRST.contains(&part.as_str()));
    let mut people: Vec<i64> = first.map(|(_, person)| *person).collect();
    if people.is_empty() {
        people = own().map(|(_, person)| *person).collect();
    }
    people.sort_unstable();
    people.dedup();
    people
}

/// What of a place the charter requires *now* and is past its deadline. `None`: nothing.
async fn late(
    app: &App,
    org: Org,
    agreed: &Agreed,
    place: Option<(i64, &str)>,
) -> Result<Option<NewPending>, StoreError> {
    let (system, now) = (place.map_or(0, |(id, _)| id), app.now());
    let mut count = 0;
    for level in Level::ALL.iter().copied().filter(|is| is_now(*is, &agreed.charter.cadences)) {
        let filter = FindingFilter {
            system: Some(system),
            counts: Some(true),
            level: Some(level),
            due_before: Some(now),
            ..FindingFilter::default()
        };
        count += app.store.count_findings(org, &filter).await?.number;
    }
    if count == 0 {
        return Ok(None);
    }
    let name = place.map_or("assets without a system", |(_, name)| name);
    let title = match count {
        1 => format!("Missed: 1 finding in {name} that the charter requires now, and nobody owns"),
        more => {
            format!(
                "Missed: {more} findings in {name} that the charter requires now, and nobody owns"
            )
        }
    };
    let told = Told {
        title,
        detail: "The deadline passed while no team had it in a plan.".to_owned(),
        act: "Give it an owner team, and say who fixes it now.".to_owned(),
        link: format!("/findings?counts=true&system={system}&due=passed"),
        system: place.map(|(id, _)| id),
        findings: usize::try_from(count).unwrap_or(usize::MAX),
        first: true,
        ..Told::default()
    };
    Ok(Some(NewPending {
        item: format!("owner-late:{system}"),
        // A number: it is told at once again when it is more.
        mark: count.to_string(),
        told: json!(told),
        urgent: true,
        urgent_of: Vec::new(),
    }))
}

/// What is told of a place. `None`: nothing there counts.
async fn thing(
    app: &App,
    org: Org,
    agreed: &Agreed,
    place: Option<(i64, &str)>,
) -> Result<Option<NewPending>, StoreError> {
    // 0: of no system.
    let system = place.map_or(0, |(id, _)| id);
    let filter =
        FindingFilter { system: Some(system), counts: Some(true), ..FindingFilter::default() };
    let all = app.store.count_findings(org, &filter).await?;
    if all.number == 0 {
        return Ok(None);
    }
    let (mut now, mut gravest) = (0, None);
    for level in Level::ALL.iter().copied().filter(|is| is_now(*is, &agreed.charter.cadences)) {
        let filter = FindingFilter { level: Some(level), ..filter.clone() };
        let count = app.store.count_findings(org, &filter).await?.number;
        if count > 0 {
            gravest = gravest.max(Some(level));
        }
        now += count;
    }
    let least = if all.is_least { "at least " } else { "" };
    let findings = match all.number {
        1 => "1 finding".to_owned(),
        more => format!("{least}{more} findings"),
    };
    let urgent = if now > 0 { format!(", {now} of them now") } else { String::new() };
    let (title, act, link) = match place {
        Some((id, name)) => (
            format!("{name} has no owner: {findings}{urgent}"),
            "Give the system an owner team on its page.",
            format!("/systems/{id}"),
        ),
        None => (
            format!("Assets without a system have no owner: {findings}{urgent}"),
            "Put each asset into a system: on its page, or with `trimtab push --system`.",
            "/findings?counts=true&system=0".to_owned(),
        ),
    };
    let told = Told {
        title,
        detail: "No team has it in a plan, a digest or an alarm until it has an owner.".to_owned(),
        act: act.to_owned(),
        link,
        system: place.map(|(id, _)| id),
        answer: None,
        findings: usize::try_from(all.number).unwrap_or(usize::MAX),
        level: gravest.map(|level| level as u8),
        due: None,
        first: false,
    };
    Ok(Some(NewPending {
        item: format!("owner:{system}"),
        // A number: it is told at once again when more of it is *now*.
        mark: now.to_string(),
        told: json!(told),
        urgent: now > 0,
        urgent_of: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_answered_for_by_whom_it_names_first() {
        let named = |all: &[(i64, &str, i64)]| -> BTreeMap<(i64, String), i64> {
            all.iter().map(|(of, part, who)| ((*of, (*part).to_owned()), *who)).collect()
        };
        let all = named(&[(1, "deployment", 5), (1, "selection", 7), (2, "deployment", 9)]);
        assert_eq!(of_system(&all, 1), [7]);
        assert_eq!(of_system(&all, 2), [9]);
        assert_eq!(of_system(&all, 3), [0_i64; 0]);
        let all = named(&[(1, "selection", 7), (1, "assessment", 7)]);
        assert_eq!(of_system(&all, 1), [7], "once");
    }
}
