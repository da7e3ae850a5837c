//! What the updates of a person removed, beside their own time before; and the wall, on which teams and people stand in the
//! order of their names, each beside their own past. Nobody is on it, or on a card that others open, who does not want it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use trimtab_engine::measure::flow;
use trimtab_engine::review::{Reach, milestones};
use trimtab_report::minutes::{Document, Section, Table};
use trimtab_store::Applied;

use super::{Number, Removed, came, removed_numbers, sum, unreported};
use crate::access::Who;
use crate::measuring::question::{Asked, Period, question, told};
use crate::measuring::{BySystem, Chosen};
use crate::problem::Problem;
use crate::reviewing::sees;
use crate::state::App;
use crate::updating::{self, Update};

/// How many updates the wall looks at: the newest.
const LOOKED: usize = 500;

/// A person's card.
pub(crate) struct PersonCard {
    pub(crate) name: String,
    pub(crate) period: Period,
    pub(crate) other: Period,
    pub(crate) now: Removed,
    pub(crate) before: Removed,
    /// The updates of the time, the newest first.
    pub(crate) updates: Vec<Update>,
    /// Those that the person merged in the time, the newest first; and how many in the time before. `None`: unknown.
    pub(crate) merged: Vec<Update>,
    /// See there.
    pub(crate) merges: (Option<usize>, Option<usize>),
    pub(crate) milestones: Vec<String>,
    /// Whether there are more updates than were looked at: of the time before not all is known.
    pub(crate) more: bool,
    /// Whether even of the time itself not all is known.
    pub(crate) cut: bool,
    /// Whether the person wants that nobody else sees it.
    pub(crate) hidden: bool,
    /// Whether it is one's own.
    pub(crate) own: bool,
}

/// Who carried out an update, by who pushed its evidence: a person, or whoever made the token. `None`: nobody knows.
fn whose(is: &Applied, tokens: &BTreeMap<i64, i64>) -> Option<i64> {
    match is.actor.split_once(':')? {
        ("person", id) => id.parse().ok(),
        ("token", id) => tokens.get(&id.parse().ok()?).copied(),
        _ => None,
    }
}

/// Who made the tokens with which some updates were pushed.
async fn makers(app: &App, who: &Who, updates: &[Update]) -> Result<BTreeMap<i64, i64>, Problem> {
    let token = |update: &Update| update.is.actor.strip_prefix("token:")?.parse().ok();
    let ids: BTreeSet<i64> = updates.iter().filter_map(token).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    Ok(app.store.token_makers(who.org, &ids).await?.into_iter().collect())
}

/// One whose evidence is damaged says so on its page, and holds nobody up.
fn reads(is: &Applied) -> bool {
    serde_json::from_value::<super::Evidence>(is.is.told.clone()).is_ok()
}

/// A person's card: one's own, or one that the person shows, of what the asker may see.
///
/// # Errors
/// There is nobody of whom anything may be seen, or the time is not understood.
pub(crate) async fn card_of(
    app: &App,
    who: &Who,
    id: i64,
    days: &str,
) -> Result<PersonCard, Problem> {
    let missing = || Problem::not_found("card");
    let asked = Asked { days: days.to_owned(), ..Asked::default() };
    let is = question(app, who, &asked).await?;
    let own = who.person.id == id;
    let hidden = app.store.unshown(who.org).await?.contains(&id);
    if hidden && !own {
        return Err(missing());
    }
    let person = app.store.person(who.org, id).await?.ok_or_else(missing)?;
    // Who has left can refuse no longer.
    if person.disabled && !own {
        return Err(missing());
    }
    let visible = is.visible.as_deref();
    let all = app.store.applied_by(who.org, id, visible, super::LOOKED + 1).await?;
    let merges = app.store.merged_by(who.org, id, visible, super::LOOKED + 1).await?;
    if all.is_empty() && merges.is_empty() && !own {
        return Err(missing());
    }
    let more = all.len() > super::LOOKED;
    let rows: Vec<Applied> = all.into_iter().take(super::LOOKED).collect();
    let oldest = rows.last().map(|is| is.is.at);
    let rows = rows.into_iter().filter(reads).collect();
    let mut updates = updating::of_all(app, who.org, rows).await?;
    let (from, to) = is.period.bounds();
    let to = to.min(app.now());
    let (now, before) = (sum(updates.iter(), (from, to)), sum(updates.iter(), is.other.bounds()));
    let until = |at: Timestamp| sum(updates.iter(), (Timestamp::MIN, at));
    let (began, ended) = (until(from), until(to));
    // What was not looked at may be the first, or the hundredth; so may what others may not see.
    let reached = match more || (!own && is.visible.is_some()) {
        true => Vec::new(),
        false => milestones(&Reach {
            updates: (began.updates, ended.updates),
            load: (began.load, ended.load),
            due: (now.due, now.kept),
            days: is.period.days(),
        }),
    };
    updates.retain(|u| came(u).is_some_and(|at| from <= at && at < to));
    let (merged, merges) = merged_in(app, who, merges, ((from, to), is.other.bounds())).await?;
    Ok(PersonCard {
        name: person.name,
        period: is.period,
        other: is.other,
        now,
        before,
        updates,
        merged,
        merges,
        milestones: reached.into_iter().map(trimtab_engine::review::Milestone::words).collect(),
        more,
        cut: more && oldest.is_some_and(|at| at >= from),
        hidden,
        own,
    })
}

/// When an update was gone from the main line, as it was seen first.
pub(crate) fn merged_at(update: &Update) -> Option<Timestamp> {
    update.is.merged.or(update.merged)
}

/// The updates that somebody merged in a time, and how many in it and in the time before. `None`: there are more than were
/// looked at.
async fn merged_in(
    app: &App,
    who: &Who,
    mut all: Vec<(Applied, Option<Timestamp>)>,
    (now, before): ((Timestamp, Timestamp), (Timestamp, Timestamp)),
) -> Result<(Vec<Update>, (Option<usize>, Option<usize>)), Problem> {
    let more = all.len() > super::LOOKED;
    all.truncate(super::LOOKED);
    let oldest = all.last().map(|(is, _)| is.is.at);
    // Of one that removes no finding, or not everywhere yet, what is told of the merge is all that is known.
    let told: HashMap<i64, Timestamp> =
        all.iter().filter_map(|(is, at)| Some((is.id, (*at)?))).collect();
    let rows = all.into_iter().map(|(is, _)| is).filter(reads).collect();
    let mut updates = updating::of_all(app, who.org, rows).await?;
    for update in &mut updates {
        update.merged = update.merged.or_else(|| told.get(&update.is.id).copied());
    }
    let within = |update: &Update, (from, to): (Timestamp, Timestamp)| {
        merged_at(update).is_some_and(|at| from <= at && at < to)
    };
    let earlier = updates.iter().filter(|update| within(update, before)).count();
    updates.retain(|update| within(update, now));
    let cut = more && oldest.is_some_and(|at| at >= now.0);
    let merges = ((!cut).then_some(updates.len()), (!more).then_some(earlier));
    Ok((updates, merges))
}

/// The numbers of a card: what its updates removed, and what the person merged.
pub(crate) fn card_numbers(is: &PersonCard) -> Vec<Number> {
    let mut all = removed_numbers((&is.now, &is.before), (is.cut, is.more));
    let number = |count: Option<usize>| count.map(|count| count as f64);
    all.push(("updates merged", number(is.merges.0), number(is.merges.1)));
    all
}

/// The card as a document, for the retrospective.
pub(crate) fn document(is: &PersonCard) -> Document {
    let mut lines = vec![format!(
        "{} to {}, beside {} to {}, and beside nobody else.",
        told(is.period.first),
        told(is.period.last),
        told(is.other.first),
        told(is.other.last)
    )];
    if is.more {
        lines.push(super::LEFT_OUT.to_owned());
    }
    let of = |value: Option<f64>| {
        value.map_or_else(|| "unknown".to_owned(), trimtab_pages::part::number)
    };
    let rows = |updates: &[Update], at: fn(&Update) -> Option<Timestamp>| {
        let row = |update: &Update| {
            vec![
                updating::title(&update.told),
                update.is.asset_name.clone(),
                update.told.removes.len().to_string(),
                at(update).map_or_else(String::new, |at| at.strftime("%Y-%m-%d").to_string()),
            ]
        };
        updates.iter().map(row).collect::<Vec<_>>()
    };
    let list = |title: &str, last: &str, rows: Vec<Vec<String>>| Section {
        title: title.to_owned(),
        text: if rows.is_empty() { vec!["None.".to_owned()] } else { Vec::new() },
        table: match rows.is_empty() {
            true => Table::default(),
            false => Table::of(&["Update", "In", "Removes", last], rows),
        },
        ..Section::default()
    };
    let numbers = card_numbers(is).into_iter();
    let numbers = numbers.map(|(name, now, before)| vec![name.to_owned(), of(now), of(before)]);
    Document {
        title: format!("What the updates of {} removed", is.name),
        lines,
        sections: vec![
            Section {
                title: "Numbers".to_owned(),
                text: is.milestones.clone(),
                table: Table::of(&["What", "This time", "The time before"], numbers.collect()),
                ..Section::default()
            },
            list("Updates that came into production", "In production", rows(&is.updates, came)),
            list("Updates merged", "Merged", rows(&is.merged, merged_at)),
        ],
    }
}

/// Says whether one's own card is shown to others.
///
/// # Errors
/// A token asks, or the store does not answer.
pub(crate) async fn show(app: &App, who: &Who, hidden: bool) -> Result<(), Problem> {
    // Nobody says it for a person: not their token either.
    if who.token.is_some() {
        return Err(Problem::for_people("say whether their card is shown"));
    }
    let now = app.now();
    app.store.set_unshown(who.org, who.person.id, hidden, &who.actor(), now).await?;
    Ok(())
}

/// A team or a person on the wall.
pub(crate) struct Place {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) now: Removed,
    pub(crate) before: Removed,
    /// Of a team: how many findings were fixed in all, now and before.
    pub(crate) fixed: Option<(usize, usize)>,
    /// Whether only oneself sees it.
    pub(crate) hidden: bool,
}

impl Place {
    /// Its numbers on a wall of which not all is known.
    pub(crate) fn numbers(&self, (cut, more): (bool, bool)) -> Vec<Number> {
        let mut all = removed_numbers((&self.now, &self.before), (cut, more));
        let fixed = self.fixed;
        all.extend(fixed.map(|all| unreported(all, (&self.now, &self.before), (cut, more))));
        all
    }
}

/// The wall.
pub(crate) struct Wall {
    pub(crate) period: Period,
    pub(crate) other: Period,
    /// In the order of their names.
    pub(crate) teams: Vec<Place>,
    /// See there: those with an update in one of the two times.
    pub(crate) people: Vec<Place>,
    /// Whether there are more updates than were looked at.
    pub(crate) more: bool,
    /// Whether even of the time itself not all is known.
    pub(crate) cut: bool,
}

/// The wall, as far as they may see: teams of which they see all, and people who show it.
///
/// # Errors
/// They may see nothing, or the time is not understood.
pub(crate) async fn wall(app: &App, who: &Who, days: &str) -> Result<Wall, Problem> {
    let asked = Asked { days: days.to_owned(), ..Asked::default() };
    let is = question(app, who, &asked).await?;
    let visible = is.visible.as_deref();
    let page = app.store.all_applied(who.org, (None, None), visible, None, LOOKED).await?;
    let oldest = page.rows.last().map(|is| is.is.at);
    let more = page.next.is_some();
    let rows = page.rows.into_iter().filter(reads).collect();
    let updates = updating::of_all(app, who.org, rows).await?;
    let (from, to) = is.period.bounds();
    let (span, past) = ((from, to.min(app.now())), is.other.bounds());
    let stored = app.store.systems(who.org).await?;
    let mut owned: HashMap<i64, Vec<i64>> = HashMap::new();
    let mut by_team: HashMap<i64, Vec<&Update>> = HashMap::new();
    let mut owner: HashMap<i64, i64> = HashMap::new();
    for (id, team) in stored.iter().filter_map(|system| Some((system.id, system.team?))) {
        owned.entry(team).or_default().push(id);
        owner.insert(id, team);
    }
    for update in &updates {
        if let Some(team) = update.is.system.and_then(|id| owner.get(&id)) {
            by_team.entry(*team).or_default().push(update);
        }
    }
    let by_system = BySystem::of(&is.lives);
    let fixed = |team: i64, (from, to): (Timestamp, Timestamp)| {
        let lives = by_system.lives(&Chosen::of(&stored, visible, Some(team), None));
        flow(lives.iter().copied(), from, to).fixed
    };
    let mut teams = Vec::new();
    for team in &is.teams {
        let systems = owned.get(&team.id).map_or(&[][..], Vec::as_slice);
        if !sees(who, systems, &stored) {
            continue;
        }
        let own = || by_team.get(&team.id).into_iter().flatten().copied();
        teams.push(Place {
            id: team.id,
            name: team.name.clone(),
            now: sum(own(), span),
            before: sum(own(), past),
            fixed: Some((fixed(team.id, span), fixed(team.id, past))),
            hidden: false,
        });
    }
    let unshown = app.store.unshown(who.org).await?;
    let tokens = makers(app, who, &updates).await?;
    // Who has left can refuse no longer.
    let there = app.store.people(who.org).await?.into_iter().filter(|person| !person.disabled);
    let names: HashMap<i64, String> = there.map(|person| (person.id, person.name)).collect();
    let mut of: BTreeMap<i64, Vec<&Update>> = BTreeMap::new();
    for update in &updates {
        if let Some(id) = whose(&update.is, &tokens) {
            of.entry(id).or_default().push(update);
        }
    }
    let mut people = Vec::new();
    for (id, own) in of {
        let hidden = unshown.contains(&id);
        let Some(name) = names.get(&id).filter(|_| !hidden || id == who.person.id) else {
            continue;
        };
        let own = || own.iter().copied();
        let (now, before) = (sum(own(), span), sum(own(), past));
        if now.updates + before.updates > 0 {
            people.push(Place { id, name: name.clone(), now, before, fixed: None, hidden });
        }
    }
    let by_name = |a: &Place, b: &Place| (&a.name, a.id).cmp(&(&b.name, b.id));
    teams.sort_by(by_name);
    people.sort_by(by_name);
    let cut = more && oldest.is_some_and(|at| at >= from);
    Ok(Wall { period: is.period, other: is.other, teams, people, more, cut })
}
